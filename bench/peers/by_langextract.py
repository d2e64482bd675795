"""langextract at a server of OpenAI's kind, as its README has it."""

from __future__ import annotations

import job
import langextract as lx
from langextract.factory import ModelConfig

work = job.read()
examples = [
    lx.data.ExampleData(
        text=example.text,
        extractions=[
            lx.data.Extraction(extraction_class=kind, extraction_text=text) for text, kind in example.mentions
        ],
    )
    for example in work.examples
]
config = ModelConfig(
    model_id="model",
    provider="openai",
    provider_kwargs={
        "api_key": "none",
        "base_url": work.url + "/v1",
        "max_workers": work.slots,
        "temperature": 0.0,
        "seed": work.seed,
        "max_output_tokens": work.most_tokens,
    },
)
found = lx.extract(
    [lx.data.Document(text=text, document_id=name) for name, text in work.texts.items()],
    prompt_description=f"Extract named entities of these types, in order of appearance: {work.described}. "
    "Use exact text for extractions. Do not paraphrase or overlap entities.",
    examples=examples,
    config=config,
    batch_length=len(work.texts),
    max_workers=work.slots,
    show_progress=False,
    # Its check of the examples fails at one that has nothing to extract.
    prompt_validation_level=lx.prompt_validation.PromptValidationLevel.OFF,
)
job.write(
    work,
    (
        (
            document.document_id,
            [
                {
                    "start": e.char_interval.start_pos if e.char_interval else None,
                    "end": e.char_interval.end_pos if e.char_interval else None,
                    "text": e.extraction_text,
                    "type": e.extraction_class,
                }
                for e in document.extractions
            ],
        )
        for document in found
    ),
)

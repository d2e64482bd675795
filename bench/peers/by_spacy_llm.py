"""spacy-llm at a server of OpenAI's kind: its newest task for entities, with its own cache of answers."""

from __future__ import annotations

import os

import job
import spacy
from spacy_llm.models.rest.openai.model import OpenAI

work = job.read()
os.environ["OPENAI_API_KEY"] = "none"
OpenAI._verify_auth = lambda self: None  # it would ask api.openai.com, whatever the endpoint is


def spans(example: job.Example) -> list[dict[str, object]]:
    """As the task wants them: with a reason, and one that is none where there are none."""
    if not example.mentions:
        word = max(example.text.split(), key=len)
        return [{"text": word, "is_entity": False, "label": "==NONE==", "reason": "is no name"}]
    return [{"text": text, "is_entity": True, "label": k, "reason": f"is a {k}"} for text, k in example.mentions]


nlp = spacy.blank("en")
nlp.add_pipe(
    "llm",
    config={
        "task": {
            "@llm_tasks": "spacy.NER.v3",
            "labels": list(work.types),
            "label_definitions": {name: more for name, more in work.types.items() if more} or None,
            "examples": [{"text": example.text, "spans": spans(example)} for example in work.examples],
        },
        "model": {
            "@llm_models": "spacy.GPT-4.v3",
            "name": "model",
            "endpoint": work.url + "/v1/chat/completions",
            "config": {"temperature": 0.0, "seed": work.seed, "max_tokens": work.most_tokens},
            "max_request_time": 600.0,
            "context_length": 4096,
        },
        "cache": {
            "@llm_misc": "spacy.BatchCache.v1",
            "path": work.folder + "/cache",
            "batch_size": 1,
            "max_batches_in_mem": 4,
        },
    },
)
found = nlp.pipe(((text, name) for name, text in work.texts.items()), as_tuples=True, batch_size=1)
job.write(
    work,
    (
        (
            name,
            [{"start": e.start_char, "end": e.end_char, "text": e.text, "type": e.label_} for e in doc.ents],
        )
        for doc, name in found
    ),
)

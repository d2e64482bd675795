"""With the libraries that hold many texts."""

from __future__ import annotations

import pytest

import el4ner
from conftest import Config

TEXTS = [f"Anna{i} Berg met Carlo{i % 7}." for i in range(40)]


def test_pandas(config: Config) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"id": range(40), "body": TEXTS}).set_index("id")
    with el4ner.Tagger(config) as tagger:
        frame["entities"] = [[ent.to_dict() for ent in doc.ents] for doc in tagger.pipe(frame["body"])]
        rows = frame.explode("entities").dropna(subset="entities")
        table = pandas.json_normalize(rows["entities"]).set_index(rows.index)
        assert table.loc[3, "text"].tolist() == [ent.text for ent in tagger(TEXTS[3]).ents]


def test_datasets(config: Config) -> None:
    datasets = pytest.importorskip("datasets")
    tagger = el4ner.Tagger(config, lazy=True)

    def tag(batch: dict[str, list[str]]) -> dict[str, list[object]]:
        docs = tagger.pipe(batch["text"])
        return {"entities": [[{"text": e.text, "label": e.label, "start": e.start} for e in doc.ents] for doc in docs]}

    rows = datasets.Dataset.from_dict({"text": TEXTS})
    one = rows.map(tag, batched=True, batch_size=20, load_from_cache_file=False)
    two = rows.map(tag, batched=True, batch_size=20, num_proc=2, load_from_cache_file=False)
    assert one["entities"][:] == two["entities"][:] and one[3]["text"] == TEXTS[3]
    assert [e["text"] for e in one[3]["entities"]] == [ent.text for ent in tagger(TEXTS[3]).ents]

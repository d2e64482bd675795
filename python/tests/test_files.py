"""Files, sets, pools and tuning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import el4ner
from conftest import Config

GOLD: list[dict[str, Any]] = [
    {
        "id": "1",
        "text": "Zoë Berg lives in Eden.",
        "entities": [{"start": 0, "end": 8, "type": "person"}, {"start": 18, "end": 22, "type": "location"}],
    },
    {"id": "2", "text": "It rains.", "entities": []},
]


def gold_docs() -> list[el4ner.Doc]:
    return [
        el4ner.Doc("Zoë Berg lives in Eden.", [el4ner.Entity("Zoë Berg", 0, 8, "person")], id="1"),
        el4ner.Doc("It rains.", id="2"),
    ]


def test_read_and_write(tmp_path: Path) -> None:
    for name in ("out.jsonl", "out.conll", "out.csv", "out.jsonl.gz"):
        el4ner.write(GOLD, tmp_path / name)
        docs = list(el4ner.read(tmp_path / name))
        assert [ent.text for ent in docs[0].ents] == ["Zoë Berg", "Eden"], name
        assert [ent.label for ent in docs[0].ents] == ["person", "location"]
        assert docs[0].ents[0].score is None
    assert list(el4ner.read(tmp_path / "out.jsonl"))[1].text == "It rains."


def test_what_goes_wrong(tmp_path: Path) -> None:
    with pytest.raises(el4ner.FileError, match="none"):
        next(el4ner.read(tmp_path / "none"))
    with pytest.raises(el4ner.ConfigError, match="no option colour"):
        next(el4ner.read(tmp_path, colour="red"))
    with pytest.raises(el4ner.FormatError, match="document 1"):
        el4ner.write([{"text": "Anna", "entities": [{"start": 2, "end": 9, "type": "x"}]}], tmp_path / "x.jsonl")
    assert not (tmp_path / "x.jsonl").exists()
    (tmp_path / "broken.jsonl").write_text('{"text": "Anna."}\n{"text": \n', encoding="utf-8")
    docs = el4ner.read(tmp_path / "broken.jsonl")
    assert next(docs).text == "Anna."
    with pytest.raises(el4ner.FormatError, match=r"broken\.jsonl:2"):
        next(docs)


def test_score(tmp_path: Path) -> None:
    el4ner.write(GOLD, tmp_path / "gold.jsonl")
    for gold in (GOLD, tmp_path / "gold.jsonl"):
        scores = el4ner.score(gold, gold_docs(), samples=100)
        assert (scores.micro.precision, scores.micro.recall) == (1.0, 0.5)
        assert scores.by_type["location"].gold == 1 and scores.by_type["location"].correct == 0
        assert scores.micro.f1_low is not None and scores.by_length["2 words"].correct == 1
    assert scores.accuracy is None
    el4ner.write(GOLD, tmp_path / "gold.conll")
    assert el4ner.score(tmp_path / "gold.conll", tmp_path / "gold.conll").accuracy == 1.0
    all_right = el4ner.score(GOLD, GOLD)
    assert all_right.micro.f1 == 1.0 and all_right.micro.f1_low is None
    better = all_right.compare(scores)
    assert better.difference == pytest.approx(1 - 2 / 3) and 0 <= better.p <= 1
    with pytest.raises(el4ner.Error):
        el4ner.score(GOLD, GOLD[:1])
    with pytest.raises(el4ner.ConfigError, match="match"):
        el4ner.score(GOLD, GOLD, match="lax")


def test_combine() -> None:
    docs = el4ner.combine({"x": GOLD, "y": gold_docs(), "z": GOLD}, keep="pair:3")
    assert [ent.text for ent in docs[0].ents] == ["Zoë Berg"]
    assert el4ner.combine({"x": GOLD, "y": gold_docs()}, keep="pair:1")[0].ents[1].text == "Eden"
    with pytest.raises(el4ner.ConfigError, match="weights"):
        el4ner.combine({"x": GOLD}, weights=[1, 2])


def test_pool(config: Config, tmp_path: Path) -> None:
    pool = el4ner.Pool.build(GOLD, tmp_path / "pool.el4")
    el4ner.write([{"id": "3", "text": "Carlo Dias swam.", "entities": []}], tmp_path / "more.jsonl")
    pool = el4ner.Pool.build(tmp_path / "more.jsonl", tmp_path / "pool.el4", extend=pool)
    with el4ner.Tagger(config, pool=pool) as tagger:
        hits = pool.search("Zoë Berg swam.", tagger, spans=["Zoë Berg"], most=3)
        assert hits[0].id == "1" and len(hits) == 3
        assert hits[0].similarity >= hits[1].similarity
        assert tagger("Zoë Berg swam.").ents


def test_tune(config: Config, tmp_path: Path) -> None:
    labelled = [
        {
            "text": f"{name} met {other} in town.",
            "entities": [{"start": 0, "end": len(name), "type": "person"}],
        }
        for name in ("Anna", "Berta", "Carlo", "Dora", "Emil", "Frida", "Gustav", "Hedwig")
        for other in ("Ida", "Jan", "Karl", "Lena", "Max", "Nora")
    ]
    pool = el4ner.Pool.build(labelled, tmp_path / "pool.el4")
    with el4ner.Tagger(config, pool=pool) as tagger:
        seen: list[tuple[int, int]] = []
        tuning = el4ner.tune(tagger, sentences=30, progress=lambda done, of: seen.append((done, of)))
        assert seen[-1][0] == seen[-1][1] and tuning.sentences == 30 and tuning.candidates > 0
        assert tuning.f1_before is not None and 0 <= tuning.f1_before <= 1 and 0 <= tuning.pool_f1 <= 1
        assert abs(tuning.gain - (tuning.f1 - tuning.f1_untuned)) < 1e-9
        assert tuning.gain_interval[0] <= tuning.gain <= tuning.gain_interval[1]
        quick = el4ner.tune(tagger, sentences=30, quick=True)
        assert quick.f1_before is None and quick.sentences == 30
        tuning.save(tmp_path / "tuned.yaml")
        assert (tmp_path / "tuned.yaml").read_text(encoding="utf-8") == tuning.config
        with pytest.raises(el4ner.CancelledError):
            el4ner.tune(tagger, sentences=30, progress=lambda done, of: False)

        def fails(done: int, of: int) -> None:
            raise LookupError("mine")

        with pytest.raises(LookupError, match="mine"):
            el4ner.tune(tagger, sentences=30, progress=fails)
        assert tagger("Anna met Ida.").ents is not None

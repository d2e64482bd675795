"""The component for spaCy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import el4ner
from conftest import Config, members

spacy = pytest.importorskip("spacy")

TEXT = "Zoë Berg 🎉 met Carlo Dias in Eden. Then Dora Ek came."


def pipeline(config: Config, **settings: Any) -> Any:
    nlp = spacy.blank("en")
    nlp.add_pipe("el4ner", config={"config": config, **settings})
    return nlp


def texts(n: int) -> list[str]:
    return [f"Anna{i} Berg met Carlo{i % 7}." for i in range(n)]


def found(doc: Any) -> list[tuple[int, int, str]]:
    return [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]


def test_entities(config: Config) -> None:
    nlp, tagger = pipeline(config), el4ner.Tagger(config)
    doc = nlp(TEXT)
    assert found(doc) == [(ent.start, ent.end, ent.label) for ent in tagger(TEXT).ents]
    assert doc.ents[0]._.el4ner["extracted_by"] == ["a", "b"]
    assert doc.ents[0]._.el4ner["score"] > 0
    assert spacy.tokens.Doc(nlp.vocab).from_bytes(doc.to_bytes()).ents[0]._.el4ner == doc.ents[0]._.el4ner


def test_many(config: Config) -> None:
    nlp = pipeline(config, types=["person", "place"])
    docs = list(nlp.pipe(texts(300), batch_size=50))
    assert [doc.text for doc in docs] == texts(300)
    assert [found(doc) for doc in docs[:20]] == [found(nlp(text)) for text in texts(20)]
    assert {ent.label_ for doc in docs for ent in doc.ents} == {"person", "place"}
    assert nlp.get_pipe("el4ner").labels == ("person", "place")
    pairs = list(nlp.pipe([(text, i) for i, text in enumerate(texts(10))], as_tuples=True))
    assert [i for _, i in pairs] == list(range(10))


def test_many_processes(config: Config) -> None:
    nlp = pipeline(config)
    expected = [found(doc) for doc in nlp.pipe(texts(20))]
    assert [found(doc) for doc in nlp.pipe(texts(20), n_process=2, batch_size=5)] == expected


def test_words_that_tokens_do_not_end_with(config: Config) -> None:
    doc = pipeline(config)("The Anna-Berg-like thing of XBerg's.")
    assert all(ent.text in doc.text for ent in doc.ents) and doc.ents


def test_nested(config: Config) -> None:
    nlp = pipeline(config, nested=True, spans_key="names")
    doc = nlp(TEXT)
    assert not doc.ents and len(doc.spans["names"]) > 2
    assert doc.spans["names"].attrs["scores"][0] > 0
    example = spacy.training.Example(nlp(TEXT), doc)
    assert nlp.get_pipe("el4ner").score([example])["spans_names_f"] == 1.0


def test_saved(config: Config, tmp_path: Path) -> None:
    pool = [{"text": "Karl Benz drove.", "entities": [{"start": 0, "end": 9, "type": "STAR"}]}]
    el4ner.write(pool, tmp_path / "mine.jsonl")
    types = {"star": {"description": "a hot thing", "aliases": ["STAR"]}}
    nlp = pipeline(config, types=types, pool=str(tmp_path / "mine.jsonl"))
    doc = nlp(TEXT)
    nlp.to_disk(tmp_path / "saved")
    (tmp_path / "mine.jsonl").unlink()
    loaded = spacy.load(tmp_path / "saved")
    assert found(loaded(TEXT)) == found(doc) and {ent.label_ for ent in doc.ents} == {"star"}
    assert loaded.get_pipe("el4ner").tagger.search("Karl Benz walked.")[0].text == "Karl Benz drove."
    copy = spacy.blank("en")
    copy.add_pipe("el4ner")
    copy.from_bytes(pipeline(config, types=types).to_bytes())
    assert {ent.label_ for ent in copy(TEXT).ents} == {"star"}


def test_scored(config: Config) -> None:
    nlp = pipeline(config)
    gold = found(nlp(TEXT))
    examples = [spacy.training.Example.from_dict(nlp.make_doc(TEXT), {"entities": gold[1:]})]
    scores = nlp.evaluate(examples)
    assert scores["ents_r"] == 1.0 and scores["ents_p"] == pytest.approx((len(gold) - 1) / len(gold))
    assert set(scores["ents_per_type"]) == {label for *_, label in gold}


def test_shown(config: Config) -> None:
    doc, nested = pipeline(config)(TEXT), pipeline(config, nested=True)(TEXT)
    assert doc.ents[0].label_ in spacy.displacy.render(doc, style="ent", jupyter=False)
    options = {"spans_key": "el4ner"}
    assert "Berg" in spacy.displacy.render(nested, style="span", options=options, jupyter=False)


def test_errors(config: Config, tmp_path: Path) -> None:
    nlp = pipeline(config)
    with pytest.raises(el4ner.FormatError, match="NUL"):
        nlp("\0")
    with pytest.raises(el4ner.FormatError, match="NUL"):
        list(nlp.pipe(["Anna.", "\0"]))
    failed = []
    nlp.set_error_handler(lambda name, component, docs, error: failed.append((docs[0].text, str(error))))
    docs = list(nlp.pipe(["Anna.", "\0", "Carlo."]))
    assert [doc.text for doc in docs] == ["Anna.", "Carlo."] and failed[0][0] == "\0"
    with pytest.raises(el4ner.UnreachableError):
        pipeline(members(1))("Anna.")

"""el4ner as a component of spaCy.

    nlp = spacy.blank("en")
    nlp.add_pipe("el4ner", config={"types": ["person", "location"]})
    doc = nlp("Angela Merkel visited Paris.")

It fills `doc.ents`; with `nested`, it fills `doc.spans["el4ner"]`. Entities that do not begin and end with spaCy's
tokens are widened to them. `span._.el4ner` is the entity as `el4ner tag` writes it, with its score, votes and offsets.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spacy.language import Language
from spacy.pipeline import Pipe
from spacy.scorer import Scorer, get_ner_prf
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import filter_spans

from ._doc import Doc as Tagged
from ._tagger import Tagger

_CONFIGURATION = "el4ner.yaml"


class El4ner(Pipe):
    """The component. Its tagger opens on first use: `nlp` can be put together, saved and loaded without the models."""

    def __init__(
        self,
        nlp: Language,
        name: str,
        settings: Mapping[str, Any],
        *,
        nested: bool,
        spans_key: str,
        in_flight: int | None,
    ) -> None:
        self.name = name
        self.nested = nested
        self.spans_key = spans_key
        self.in_flight = in_flight
        self.settings = dict(settings)
        self.tagger = self._tagger()
        if not Span.has_extension("el4ner"):
            Span.set_extension("el4ner", default=None)

    def _tagger(self) -> Tagger:
        return Tagger(**self.settings, nested=self.nested, lazy=True)

    def __call__(self, doc: Doc) -> Doc:
        """Tag one document."""
        try:
            self._fill(doc, self.tagger(doc.text))
        except Exception as error:
            self.get_error_handler()(self.name, self, [doc], error)
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 128) -> Iterator[Doc]:
        """Tag a stream of documents, many at once, in their order. `in_flight` says how many, not `batch_size`."""
        pairs = ((doc.text, doc) for doc in stream)
        tagged = self.tagger.pipe(pairs, as_tuples=True, errors="keep", in_flight=self.in_flight)
        for found, doc in tagged:
            if found.error is None:
                self._fill(doc, found)
                yield doc
            else:
                self.get_error_handler()(self.name, self, [doc], found.error)

    def _fill(self, doc: Doc, tagged: Tagged) -> None:
        spans, scores = [], []
        for ent in tagged.ents:
            span = doc.char_span(ent.start, ent.end, label=ent.label, alignment_mode="expand")
            if span is not None:
                span._.el4ner = ent.to_dict()
                spans.append(span)
                scores.append(ent.score)
        if self.nested:
            doc.spans[self.spans_key] = spans
            doc.spans[self.spans_key].attrs["scores"] = scores
        else:
            doc.set_ents(filter_spans(spans))

    @property
    def labels(self) -> tuple[str, ...]:
        """The types that it was told to look for, if it was told."""
        types = self.settings["types"]
        if types is None:
            return ()
        return tuple(types.split(",")) if isinstance(types, str) else tuple(types)

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Precision, recall and F1 of entities, or of spans where they are nested, as fractions of 1."""
        if not self.nested:
            scores: dict[str, Any] = get_ner_prf(examples)
            return scores
        key = self.spans_key
        return Scorer.score_spans(
            examples,
            f"spans_{key}",
            getter=lambda doc, _: doc.spans.get(key, []),
            has_annotation=lambda doc: key in doc.spans,
            allow_overlap=True,
        )

    # ---- saving ----

    def to_bytes(self, *, exclude: Sequence[str] = ()) -> bytes:
        """The configuration in force, as YAML."""
        return self.tagger.config().encode()

    def from_bytes(self, data: bytes, *, exclude: Sequence[str] = ()) -> El4ner:
        """Take such a configuration."""
        self._take(data.decode(), self.settings["pool"])
        return self

    def to_disk(self, path: str | Path, *, exclude: Sequence[str] = ()) -> None:
        """Write the configuration in force, and the pool if the component was given one.

        Keys are not written: they are in the environment or in files of their own. What the configuration names by
        path must be there where it is loaded.
        """
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _CONFIGURATION).write_text(self.tagger.config(), encoding="utf-8")
        if self.settings["pool"] is not None:
            pool = Path(self.settings["pool"])
            shutil.copyfile(pool, folder / ("pool" + "".join(pool.suffixes)))

    def from_disk(self, path: str | Path, *, exclude: Sequence[str] = ()) -> El4ner:
        """Take what `to_disk()` wrote."""
        pools = sorted(Path(path).glob("pool*"))
        text = (Path(path) / _CONFIGURATION).read_text(encoding="utf-8")
        self._take(text, str(pools[0]) if pools else None)
        return self

    def _take(self, text: str, pool: str | None) -> None:
        self.tagger.close()
        kept = {name: self.settings[name] for name in ("store", "seconds")}
        self.settings = dict.fromkeys(self.settings) | kept | {"yaml": text, "pool": pool}
        self.tagger = self._tagger()


@Language.factory(
    "el4ner",
    assigns=["doc.ents"],
    default_config={
        "config": None,
        "ensemble": None,
        "types": None,
        "pool": None,
        "profile": None,
        "lang": None,
        "store": None,
        "nested": False,
        "spans_key": "el4ner",
        "seconds": None,
        "in_flight": None,
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0},
)
def create(
    nlp: Language,
    name: str,
    config: Any,
    ensemble: str | None,
    types: Any,
    pool: str | None,
    profile: str | None,
    lang: str | None,
    store: str | None,
    nested: bool,
    spans_key: str,
    seconds: float | None,
    in_flight: int | None,
) -> El4ner:
    """Make the component. The settings are those of `el4ner.Tagger`; `in_flight` is that of its `pipe()`."""
    settings = {
        "config": config,
        "ensemble": ensemble,
        "types": types,
        "pool": pool,
        "profile": profile,
        "lang": lang,
        "store": store,
        "seconds": seconds,
    }
    return El4ner(nlp, name, settings, nested=nested, spans_key=spans_key, in_flight=in_flight)

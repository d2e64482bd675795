"""Documents in files and memory, in every format of the program; sets of them scored and combined."""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from . import _abi
from ._abi import encoded
from ._doc import Doc, Result, number_of
from ._engine import log_callback
from ._errors import ConfigError, FormatError
from ._options import Path, path_bytes

# Documents: a file, or what is in memory.
Documents = Path | Iterable[Doc | Mapping[str, Any]]


def read_options(words: Mapping[str, Any]) -> _abi.CReadOptions:
    """The struct of the library from the words of `read()`."""
    options = _abi.CReadOptions(size=ctypes.sizeof(_abi.CReadOptions))
    names = {name for name, *_ in _abi.CReadOptions._fields_} - {"size", "log", "log_context"}
    for name, value in words.items():
        if name not in names:
            raise ConfigError(f"there is no option {name} of reading; there are {', '.join(sorted(names))}")
        setattr(options, name, encoded(value) if isinstance(value, str) else value)
    options.log = log_callback()
    return options


def read(path: Path, **options: Any) -> Iterator[Doc]:
    """The documents of a file or folder, in any format of `el4ner convert`, with the labels they have.

    options: format, offsets, scheme, text_field, id_field, ends, pieces, labels, token_column, tag_column, annotator,
        replace_invalid, most_bytes: as the program's options of these names, see el4ner(1).

    A document that is broken raises its error, after which there are no more.
    """
    library, error = _abi.library(), _abi.CError()
    reader = _abi.check(library.reader_open(path_bytes(path), read_options(options), error), error)
    try:
        while handle := library.read(reader, error):
            yield Result(library, handle).doc()
        if error.code != _abi.OK:
            raise error.raised()
    finally:
        library.reader_close(reader)


def _line(doc: Doc | Mapping[str, Any], number: int) -> str:
    row = doc.to_dict() if isinstance(doc, Doc) else dict(doc)
    row.setdefault("id", str(number))
    row.setdefault("entities", [])
    return json.dumps(row, ensure_ascii=False)


def _results(docs: Iterable[Doc | Mapping[str, Any]]) -> Iterator[Result]:
    """Documents of Python as those of the library."""
    library, error = _abi.library(), _abi.CError()
    options = read_options({"format": "jsonl"})
    for number, doc in enumerate(docs, 1):
        try:
            data = _line(doc, number).encode()
        except UnicodeEncodeError:
            raise FormatError(f"document {number} is not valid Unicode") from None
        reader = _abi.check(
            library.reader_open_bytes(data, len(data), b"document %d" % number, options, error),
            error,
        )
        try:
            yield Result(library, _abi.check(library.read(reader, error), error))
        finally:
            library.reader_close(reader)


def write(
    docs: Iterable[Doc | Mapping[str, Any]],
    path: Path,
    *,
    format: str | None = None,
    offsets: str | None = None,
    ends: str | None = None,
    flat: bool = False,
) -> None:
    """Write documents in any format of `el4ner convert`. The file appears when it is complete.

    docs: documents, or mappings with text and entities as `Doc.to_dict()` has them.
    format: None to tell by the ending of the path.
    offsets: of JSON lines: "codepoint", "byte" or "utf16"; None for code points.
    ends: of nested JSON: "exclusive" or "inclusive".
    flat: columns leave out overlapping entities instead of failing.
    """
    library, error = _abi.library(), _abi.CError()
    options = _abi.CWriteOptions(
        ctypes.sizeof(_abi.CWriteOptions), encoded(format), encoded(offsets), encoded(ends), flat
    )
    options.log = log_callback()
    writer = _abi.check(library.writer_open(path_bytes(path), options, error), error)
    try:
        for result in _results(docs):
            _abi.check(library.write(writer, result.handle, error), error)
        _abi.check(library.writer_finish(writer, error), error)
    finally:
        library.writer_close(writer)


class Set:
    """A set of labelled documents of the library."""

    def __init__(self, library: _abi.Library, handle: int) -> None:
        self._library = library
        self.handle = handle

    def __del__(self) -> None:
        self._library.set_free(self.handle)

    @classmethod
    def of(cls, documents: Documents, name: str, options: Mapping[str, Any]) -> Set:
        """The documents of a file or of memory."""
        library, error = _abi.library(), _abi.CError()
        if isinstance(documents, (str, os.PathLike)):
            row = read_options(options)
            handle = library.set_read(path_bytes(documents), row, error)
            return cls(library, _abi.check(handle, error))
        made = cls(library, _abi.check(library.set_new(encoded(name), error), error))
        for result in _results(documents):
            _abi.check(library.set_add(made.handle, result.handle, error), error)
        return made

    def docs(self) -> list[Doc]:
        """Its documents."""
        error = _abi.CError()
        return [
            Result(
                self._library,
                _abi.check(self._library.set_get(self.handle, i, error), error),
            ).doc()
            for i in range(self._library.set_count(self.handle))
        ]


@dataclass(slots=True)
class Score:
    """A row of scores, as fractions of 1."""

    precision: float
    recall: float
    f1: float
    f1_low: float | None
    """The 95 % interval of `f1`; None if none was taken."""
    f1_high: float | None
    gold: int
    """Mentions."""
    predicted: int
    correct: int


@dataclass(slots=True)
class Scores:
    """How well predictions match."""

    micro: Score
    macro: Score
    by_type: dict[str, Score]
    by_length: dict[str, Score]
    """By the length of mentions in words."""
    accuracy: float | None
    """The share of tokens with the right tag; None if the gold documents have no tokens."""
    _owner: _Owner = field(repr=False)

    def compare(self, other: Scores, *, samples: int = 1000, seed: int = 1) -> Comparison:
        """Is this better than the other, both scored against the same documents?"""
        library, error = _abi.library(), _abi.CError()
        difference = ctypes.c_double()
        p = library.compare(self._owner.handle, other._owner.handle, samples, seed, difference, error)
        if p < 0:
            raise error.raised()
        return Comparison(difference.value, p)


@dataclass(slots=True)
class Comparison:
    """Two systems on the same documents."""

    difference: float
    """Of micro-F1, as a fraction of 1."""
    p: float
    """Two-sided, of a paired bootstrap over documents."""


class _Owner:
    """Scores of the library."""

    def __init__(self, library: _abi.Library, handle: int) -> None:
        self._library = library
        self.handle = handle

    def __del__(self) -> None:
        self._library.scores_free(self.handle)

    def rows(self, kind: int) -> dict[str, Score]:
        found: dict[str, Score] = {}
        i = 0
        while address := self._library.get_score(self.handle, kind, i):
            row = address.contents
            found[row.name.decode()] = Score(
                row.precision,
                row.recall,
                row.f1,
                number_of(row.f1_low),
                number_of(row.f1_high),
                row.gold,
                row.predicted,
                row.correct,
            )
            i += 1
        return found


def score(
    gold: Documents,
    predicted: Documents,
    *,
    match: str | None = None,
    scheme: str | None = None,
    samples: int = 0,
    seed: int = 1,
    common: bool = False,
    **options: Any,
) -> Scores:
    """Score predictions as `el4ner score` does.

    gold, predicted: files, or documents in memory.
    match: "strict" (the default), "exact", "partial" and others, see el4ner(1).
    scheme: for match "seqeval-strict".
    samples: of the bootstrap, for intervals; 0 for none.
    common: score the documents that both have, instead of failing.
    options: how files are read, as for `read()`.
    """
    gold_set, predicted_set = Set.of(gold, "gold", options), Set.of(predicted, "predicted", options)
    library, error = _abi.library(), _abi.CError()
    how = _abi.CScoreOptions(ctypes.sizeof(_abi.CScoreOptions), encoded(match), encoded(scheme), samples, seed, common)
    handle = library.score_sets(gold_set.handle, predicted_set.handle, how, error)
    owner = _Owner(library, _abi.check(handle, error))
    overall = owner.rows(_abi.OVERALL)
    return Scores(
        overall["micro"],
        overall["macro"],
        owner.rows(_abi.BY_TYPE),
        owner.rows(_abi.BY_LENGTH),
        number_of(library.accuracy(owner.handle)),
        owner,
    )


def combine(
    predictions: Mapping[str, Documents],
    *,
    keep: str | None = None,
    weights: Sequence[float] | None = None,
    flat: bool = False,
    complete_only: bool = False,
    **options: Any,
) -> list[Doc]:
    """Vote over predictions of any systems, as `el4ner combine` does.

    predictions: files or documents by the name of their system, in the order that decides ties.
    keep: "span:2", "pair:2", "majority"; None for pairs of half of them.
    weights: one for each system; None for 1.
    flat: leave out overlapping entities.
    complete_only: leave out documents that not every system has.
    options: how files are read, as for `read()`.
    """
    if weights is not None and len(weights) != len(predictions):
        raise ConfigError(f"there are {len(weights)} weights for {len(predictions)} systems")
    sets = [Set.of(documents, name, options) for name, documents in predictions.items()]
    library, error, n = _abi.library(), _abi.CError(), len(sets)
    names = [name.encode() for name in predictions]
    how = _abi.CCombineOptions(size=ctypes.sizeof(_abi.CCombineOptions), keep=encoded(keep))
    how.flat, how.complete_only = flat, complete_only
    if weights is not None:
        how.weights = (ctypes.c_double * n)(*weights)
    handles = (ctypes.c_void_p * n)(*(one.handle for one in sets))
    handle = library.combine(handles, (ctypes.c_char_p * n)(*names), n, how, error)
    return Set(library, _abi.check(handle, error)).docs()

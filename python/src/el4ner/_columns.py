"""Columns of texts tagged, for engines that hold tables in pieces on many machines."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from typing import Any

from ._doc import Doc
from ._errors import ConfigError
from ._tagger import Tagger

# One tagger for each process and settings: tasks of one process follow each other.
_taggers: dict[str, Tagger] = {}
_lock = threading.Lock()


def tagger_of(settings: dict[str, Any]) -> Tagger:
    """The tagger of this process for these settings."""
    key = repr(sorted(settings.items()))
    with _lock:
        if key not in _taggers:
            _taggers[key] = Tagger(**settings, evidence=False, lazy=True)
        return _taggers[key]


def check_names(names: Iterable[str], column: str, output: str) -> None:
    """The column of the texts is there, and those that are added are not."""
    names = list(names)
    if column not in names:
        raise ConfigError(f"there is no column {column}; there are {', '.join(names)}")
    for added in (output, output + "_error"):
        if added in names:
            raise ConfigError(f"there is a column {added} already; give another output")


def cells(
    tagger: Tagger, texts: Iterable[tuple[str | None, Any]], in_flight: int | None
) -> Iterator[tuple[list[dict[str, Any]] | None, str | None, Any]]:
    """For each text its entities and, where it failed, why; and what came with it.

    A cell without a text gives None and no error. An error of the whole, such as that no member can be reached, is
    raised: the engine tries the piece again, or gives up.
    """
    pairs = ((text or "", (text is None, context)) for text, context in texts)
    for doc, (missing, context) in tagger.pipe(pairs, as_tuples=True, errors="keep", in_flight=in_flight):
        error = None if doc.error is None else str(doc.error)
        yield (None if missing or error is not None else _rows(doc)), error, context


def _rows(doc: Doc) -> list[dict[str, Any]]:
    return [
        {"start": ent.start, "end": ent.end, "text": ent.text, "type": ent.label, "score": ent.score}
        for ent in doc.ents
    ]

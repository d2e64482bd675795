"""What comes of a text: the document, its entities, and what speaks for them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from ctypes import byref, c_size_t
from dataclasses import dataclass, field
from typing import Any

from . import _abi, _html
from ._abi import Library
from ._errors import Error


@dataclass(slots=True)
class Vote:
    """The type that a member chose for a span."""

    member: str
    label: str
    probability: float | None
    """What the member told for this type, 0 to 1; None if it told nothing."""


@dataclass(slots=True)
class Check:
    """What a member said when it was asked to verify an entity."""

    member: str
    answer: str | None
    """"yes" or "no"; None if there was no answer that can be read."""
    yes: float | None
    """Its probability of "yes", 0 to 1; None if it was not told."""


@dataclass(slots=True)
class Demonstration:
    """A labelled sentence of the pool that members were shown."""

    index: int
    """Its place in the pool, from 0."""
    id: str
    text: str
    lang: str | None
    similarity: float
    """To the sentence in question, by the configured measure."""


@dataclass(slots=True)
class Evidence:
    """What speaks for an entity. Members are in the order in which they are configured."""

    sentence: tuple[int, int]
    """Start and end of its sentence, in code points of the text, end exclusive."""
    extracted_by: list[str]
    """Members that listed the span."""
    votes: list[Vote]
    checks: list[Check]
    demonstrations: list[Demonstration]
    """Nearest first."""


@dataclass(slots=True)
class Entity:
    """A named entity. `text` is `doc.text[start:end]`."""

    text: str
    start: int
    """Code points of the document's text, as Python counts them."""
    end: int
    """Code points, exclusive."""
    label: str
    """The name of its type."""
    score: float | None = None
    """0 to 1; None if there is none, as for entities of a labelled file."""
    verified: bool | str | None = None
    """True, None where no member was asked, "unreadable" where the answer could not be read."""
    evidence: Evidence | None = field(default=None, repr=False)
    """None if it was not asked for."""

    def to_dict(self) -> dict[str, Any]:
        """As `el4ner tag` writes it, with scores of four digits; extractors and votes come from the evidence."""
        row: dict[str, Any] = {
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "type": self.label,
        }
        if self.score is not None:
            row["score"] = round(self.score, 4)
        if self.evidence is not None:
            votes: dict[str, list[str]] = {}
            for vote in self.evidence.votes:
                votes.setdefault(vote.label, []).append(vote.member)
            row["extracted_by"] = list(self.evidence.extracted_by)
            row["votes"] = votes
        if self.score is not None:
            row["verified"] = self.verified
        return row


@dataclass(slots=True)
class Abstention:
    """A call to a member that brought no usable answer."""

    member: str
    stage: str
    """"retrieve", "extract", "classify" or "verify"."""
    cause: str
    """A word, as in the program's report: "timeout", "unreadable" and others."""
    detail: str
    """What the server said of a failed call; else empty."""
    sentence: tuple[int, int]
    """Start and end of the sentence, in code points of the text."""


@dataclass(slots=True)
class Usage:
    """What calls to members have cost."""

    calls: int = 0
    """All of them, those that failed as well."""
    from_store: int = 0
    """Of these: answered by the store, or by the same call under way."""
    failed: int = 0
    """Of these: without an answer after all tries."""
    prompt_tokens: int = 0
    answer_tokens: int = 0
    cached_tokens: int = 0
    """Of the prompt tokens: those that the server knew already."""
    seconds: float = 0.0
    """Summed over the calls."""


@dataclass(slots=True)
class Doc:
    """A text and its entities. It is plain data: it can be pickled, and outlives its tagger."""

    text: str
    ents: list[Entity] = field(default_factory=list)
    """In the order of their start, longer ones first."""
    id: str = "text"
    lang: str | None = None
    """None if it is not known."""
    status: str = "done"
    """"done"; "cut short" by the time limit; "failed"; "cancelled"."""
    error: Error | None = None
    """Why it is not done."""
    abstained: int = 0
    """Calls that brought no usable answer."""
    abstentions: list[Abstention] = field(default_factory=list)
    """Each of them, if evidence was asked for."""
    usage: Usage = field(default_factory=Usage, compare=False)
    trace: list[dict[str, Any]] | None = field(default=None, repr=False)
    """What happened to each sentence, prompts and replies too, if it was asked for."""

    def to_dict(self) -> dict[str, Any]:
        """As `el4ner tag` writes it in JSON lines: offsets in code points, ends exclusive."""
        row: dict[str, Any] = {
            "id": self.id,
            "text": self.text,
            "offset_unit": "codepoint",
            "entities": [entity.to_dict() for entity in self.ents],
            "abstained": self.abstained,
        }
        if self.lang is not None:
            row["lang"] = self.lang
        return row

    def _repr_html_(self) -> str:
        return _html.page(self.text, self.ents)


def number_of(value: float) -> float | None:
    return None if math.isnan(value) else value


def _string(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


class Result:
    """A result of the library, freed when nothing refers to it any more."""

    __slots__ = ("handle", "library")

    def __init__(self, library: Library, handle: int) -> None:
        self.library = library
        self.handle = handle

    def __del__(self) -> None:
        self.library.result_free(self.handle)

    def doc(self, text: str | None = None) -> Doc:
        """The document; `text` is its text, if it is at hand."""
        library, handle = self.library, self.handle
        length = c_size_t()
        address = library.result_text(handle, byref(length))
        if text is None:
            text = _abi.text_at(address, length.value)
        counted = _code_points(library, address, length.value, text)
        n = library.count(handle)
        rows = [_abi.CEntity.from_address(library.get(handle, i)) for i in range(n)]
        evidence = [_abi.CEvidence.from_address(row.evidence) if row.evidence else None for row in rows]
        abstained = library.abstained(handle)
        missing = _abstentions(library, handle) if abstained else []
        bytes_ = [offset for row in rows for offset in (row.start, row.end)]
        for one in (*evidence, *missing):
            if one is not None:
                bytes_ += (one.sentence_start, one.sentence_end)
        at = counted(bytes_)
        shown: dict[tuple[int, int], Demonstration] = {}
        ents = []
        for row, why in zip(rows, evidence, strict=True):
            start, end = at[row.start], at[row.end]
            ents.append(
                Entity(
                    text[start:end],
                    start,
                    end,
                    row.type.decode(),
                    number_of(row.score),
                    _abi.VERDICTS[row.verdict],
                    None if why is None else _evidence(why, at, shown),
                )
            )
        doc = Doc(text, ents, library.result_id(handle).decode(), _string(library.result_lang(handle)))
        doc.usage = usage_of(_abi.CUsage.from_address(library.result_usage(handle)))
        if abstained:
            doc.abstained = abstained
            doc.abstentions = [_abstention(one, at) for one in missing]
        status = library.result_status(handle)
        if status != _abi.DONE:
            doc.status = _abi.STATUSES[status] if status < len(_abi.STATUSES) else "failed"
            doc.error = library.result_error(handle).contents.raised()
            doc.error.doc = doc
        trace = library.result_trace(handle)
        if trace is not None:
            doc.trace = [json.loads(line) for line in trace.decode().splitlines()]
        return doc


class _Same(dict[int, int]):
    """In ASCII text each byte is a code point."""

    def __missing__(self, key: int) -> int:
        return key


def _code_points(library: Library, address: int, length: int, text: str) -> Callable[[list[int]], dict[int, int]]:
    """What turns byte offsets of the text into code points."""

    def convert(offsets: list[int]) -> dict[int, int]:
        if length == len(text):
            return _Same()
        array, error = (c_size_t * len(offsets))(*offsets), _abi.CError()
        fine = library.convert_offsets(address, length, _abi.BYTES, _abi.CODE_POINTS, array, len(offsets), byref(error))
        _abi.check(fine, error)
        return dict(zip(offsets, array, strict=True))

    return convert


def demonstration(row: _abi.CDemonstration) -> Demonstration:
    """A demonstration as Python has it."""
    return Demonstration(row.index, row.id.decode(), row.text.decode(), _string(row.lang), row.similarity)


def _evidence(why: _abi.CEvidence, at: dict[int, int], shown: dict[tuple[int, int], Demonstration]) -> Evidence:
    votes, checks, demonstrations = [], [], []
    for address in why.votes[: why.n_votes]:
        vote = _abi.CVote.from_address(address)
        votes.append(Vote(vote.member.decode(), vote.type.decode(), number_of(vote.probability)))
    for address in why.checks[: why.n_checks]:
        check = _abi.CCheck.from_address(address)
        checks.append(Check(check.member.decode(), _abi.ANSWERS[check.answer], number_of(check.yes)))
    for address in why.demonstrations[: why.n_demonstrations]:
        row = _abi.CDemonstration.from_address(address)
        key = (why.sentence_start, row.index)
        if key not in shown:
            shown[key] = demonstration(row)
        demonstrations.append(shown[key])
    members = [name.decode() for name in why.extracted_by[: why.n_extracted_by]]
    return Evidence((at[why.sentence_start], at[why.sentence_end]), members, votes, checks, demonstrations)


def _abstentions(library: Library, handle: int) -> list[_abi.CAbstention]:
    rows: list[_abi.CAbstention] = []
    while address := library.get_abstention(handle, len(rows)):
        rows.append(_abi.CAbstention.from_address(address))
    return rows


def _abstention(row: _abi.CAbstention, at: dict[int, int]) -> Abstention:
    return Abstention(
        row.member.decode(),
        _abi.STAGES[row.stage],
        row.cause.decode(),
        row.detail.decode(),
        (at[row.sentence_start], at[row.sentence_end]),
    )


def usage_of(row: _abi.CUsage) -> Usage:
    return Usage(
        row.calls,
        row.from_store,
        row.failed,
        row.prompt_tokens,
        row.answer_tokens,
        row.cached_tokens,
        row.seconds,
    )

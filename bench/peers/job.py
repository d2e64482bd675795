"""What every contestant is given, and how its entities come back."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass
class Example:
    """A demonstration: a labelled sentence."""

    text: str
    mentions: list[tuple[str, str]]  # a string of the text, and its type, in order


@dataclass
class Job:
    """Read from the file that the first argument names; results go to the second."""

    url: str  # of the server, without /v1
    types: dict[str, str]  # what a type is called, and a description, or ""
    examples: list[Example]
    texts: dict[str, str]  # by id
    slots: int  # so many calls the server takes at once
    most_tokens: int  # of an answer
    seed: int
    folder: str  # for what a tool keeps between runs
    output: str

    @property
    def described(self) -> str:
        """The types, for a prompt."""
        return ", ".join(f"{name} ({more})" if more else name for name, more in self.types.items())


def read() -> Job:
    """Of the command line."""
    with open(sys.argv[1], encoding="utf-8") as file:
        told: dict[str, Any] = json.load(file)
    told["examples"] = [Example(e["text"], [(m[0], m[1]) for m in e["mentions"]]) for e in told["examples"]]
    return Job(**told, output=sys.argv[2])


def write(job: Job, found: Iterable[tuple[str, list[dict[str, Any]]]]) -> None:
    """A line for each text: its entities have start, end, text and type; start is None where none is told."""
    with open(job.output, "w", encoding="utf-8") as file:
        for name, entities in found:
            file.write(json.dumps({"id": name, "entities": entities}, ensure_ascii=False) + "\n")
            file.flush()

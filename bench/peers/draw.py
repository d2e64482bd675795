"""Sentences, demonstrations and types of a labelled set, drawn by a seed."""

from __future__ import annotations

import json
import os
import random
from typing import Any

Line = dict[str, Any]  # of a file: text, tokens, entities by token


def lines_of(path: str) -> list[Line]:
    """All of a file of JSON lines."""
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def sentences(path: str, count: int, seed: int) -> list[Line]:
    """So many of a file, in its order, with ids that are unique."""
    lines = lines_of(path)
    taken = sorted(random.Random(seed).sample(range(len(lines)), min(count, len(lines))))
    return [{**lines[i], "id": str(i)} for i in taken]


def mentions(line: Line) -> list[tuple[str, str]]:
    """The string and the label of each entity, in order of appearance."""
    at, spans = 0, []
    for token in line["tokens"]:
        start = line["text"].index(token, at)
        at = start + len(token)
        spans.append((start, at))
    found = sorted(line["entities"], key=lambda e: (e["start"], e["end"]))
    return [(line["text"][spans[e["start"]][0] : spans[e["end"] - 1][1]], e["type"]) for e in found]


def wordings(folder: str, name: str, train: list[Line]) -> dict[str, tuple[str, str]]:
    """For each label of a set, what it is called and what that means, by types.json beside the sets where it is."""
    path, known = os.path.join(folder, "types.json"), {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            known = json.load(file).get(name, {})
    labels = dict.fromkeys(e["type"] for line in train for e in line["entities"])
    told = {}
    for label in known or sorted(labels):
        word, _, more = known.get(label, label.replace("-", " ").replace("_", " ").lower()).partition(" (")
        told[label] = (word, more.rstrip(")"))
    return told


def demonstrations(train: list[Line], count: int, seed: int) -> list[Line]:
    """So many sentences that show as many types as can be, and of these the last one without an entity."""
    shuffled = random.Random(seed).sample(train, min(len(train), 500))
    shuffled = [line for line in shuffled if 6 <= len(line["tokens"]) <= 40]
    taken: list[Line] = []
    shown: set[str] = set()
    while len(taken) < count - 1:
        rest = [line for line in shuffled if line["entities"] and line not in taken]
        if not rest:
            break
        # The first of those that show the most types anew.
        best = max(rest, key=lambda line: len({e["type"] for e in line["entities"]} - shown))
        shown |= {e["type"] for e in best["entities"]}
        taken.append(best)
    return taken + [line for line in shuffled if not line["entities"]][:1]

"""Entities in their text as HTML, for notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._doc import Entity


def _colour(label: str) -> str:
    hue = sum((i + 1) * ord(letter) * 47 for i, letter in enumerate(label)) % 360
    return f"hsla({hue}, 70%, 60%, .35)"


def _title(entity: Entity) -> str:
    """What is shown when the mouse rests on it."""
    parts = [entity.label]
    if entity.score is not None:
        parts.append(f"score {entity.score:.2f}")
    if entity.evidence is not None:
        parts += [f"{vote.member}: {vote.label}" for vote in entity.evidence.votes]
    return escape("\n".join(parts), quote=True)


def _opening(entity: Entity) -> str:
    return (
        f'<mark title="{_title(entity)}" style="background: {_colour(entity.label)}; color: inherit; '
        'padding: .15em .3em; border-radius: .3em">'
    )


def _closing(entity: Entity) -> str:
    label = escape(entity.label)
    return f' <span style="font-size: .7em; font-weight: bold; opacity: .8">{label}</span></mark>'


def page(text: str, ents: Sequence[Entity]) -> str:
    """The text with its entities marked, one within another where they nest.

    Entities that overlap without nesting cannot be marked both; the later ones are listed below.
    """
    parts: list[str] = []
    open_: list[Entity] = []
    crossing: list[Entity] = []
    at = 0

    def move(to: int) -> None:
        nonlocal at
        parts.append(escape(text[at:to]))
        at = to

    for entity in ents:
        while open_ and open_[-1].end <= entity.start:
            move(open_[-1].end)
            parts.append(_closing(open_.pop()))
        if open_ and open_[-1].end < entity.end:
            crossing.append(entity)
            continue
        move(entity.start)
        parts.append(_opening(entity))
        open_.append(entity)
    while open_:
        move(open_[-1].end)
        parts.append(_closing(open_.pop()))
    move(len(text))
    body = "".join(parts)
    also = "".join(f"<div>{_opening(entity)}{escape(entity.text)}{_closing(entity)}</div>" for entity in crossing)
    style = "white-space: pre-wrap; line-height: 2; font-family: sans-serif"
    return f'<div style="{style}">{body}</div>{also}'

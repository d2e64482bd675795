"""The results as tables of Markdown."""

from __future__ import annotations

from typing import Any

COST = (
    "set",
    "",
    "F1 (95 %)",
    "entities without offsets, with other text",
    "calls",
    "at once",
    "prompt tokens",
    "of these computed",
    "answer tokens",
    "seconds",
    "of processor",
    "sentences with a failed answer",
)
TROUBLE = (
    "set",
    "",
    "sentences changed by half an answer",
    "by half a reply",
    "calls made again after a kill",
    "lines to set up",
    "megabytes installed",
)


def table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    """One of them."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def cost(result: dict[str, Any]) -> list[str]:
    """Quality, and what it takes."""
    scored = result["score"]
    low, high = scored["intervals"]["f1"]
    return [
        result["set"],
        result["contestant"],
        f"{100 * scored['micro']['f1']:.1f} ({100 * low:.1f} to {100 * high:.1f})",
        f"{result['without_offsets']}, {result['other_text']}",
        f"{result['calls']:,}",
        str(result["most_at_once"]),
        f"{result['prompt_tokens']:,}",
        f"{result['computed_tokens']:,}",
        f"{result['answer_tokens']:,}",
        f"{result['seconds']:.0f}",
        f"{result['processor']:.0f}",
        str(result["told"] + result["sentences"] - len(result["found"])),
    ]


def broken(one: dict[str, Any]) -> str:
    """What a broken reply cost, in words."""
    if one["status"]:
        return f"the run ends: {one['without_output']} without a result"
    lost = one["changed"]
    return f"{lost}, {'told' if one['told'] else 'not told'}" if lost else "none"


def trouble(result: dict[str, Any]) -> list[str]:
    """What goes wrong, and what it takes to set up."""
    killed = result["killed"]
    return [
        result["set"],
        result["contestant"],
        broken(result["broken"]["text"]),
        broken(result["broken"]["body"]),
        f"{killed['made_again']} of {killed['answered_before']}",
        str(result["lines"]),
        f"{result['megabytes']:.0f}",
    ]


def of(results: list[dict[str, Any]]) -> str:
    """All of it."""
    return table(COST, [cost(r) for r in results]) + "\n" + table(TROUBLE, [trouble(r) for r in results])

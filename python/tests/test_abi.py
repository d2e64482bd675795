"""Structs, enums and functions as Python knows them, beside the list of the C library's interface."""

from __future__ import annotations

import ctypes
import re

from conftest import ROOT
from el4ner import __version__, _abi, _errors

LIST = (ROOT / "tests/abi.txt").read_text(encoding="utf-8").splitlines()
# What Python does otherwise: its texts all go through el4ner_submit().
UNUSED = {"tag", "tag_with", "fd", "submit_document", "result_number", "evidence", "result_labelled"}


def test_structs() -> None:
    known = []
    for name, struct in _abi.STRUCTS.items():
        known.append(f"struct el4ner_{name} size {ctypes.sizeof(struct)}")
        for field, *_ in struct._fields_:
            at = getattr(struct, field)
            known.append(f"struct el4ner_{name} {field} at {at.offset}, {at.size} bytes")
    assert known == [line for line in LIST if line.startswith("struct ")]


def test_functions() -> None:
    declared = {re.search(r"el4ner_(\w+)\(", line)[1] for line in LIST if line.startswith("function ")}  # type: ignore[index]
    assert declared == set(_abi.QUICK) | set(_abi.SLOW) | UNUSED


def test_numbers_of_arguments() -> None:
    for line in LIST:
        match = re.match(r"function .*?el4ner_(\w+)\((.*)\)$", line)
        if match and match[1] not in UNUSED:
            arguments = ({} | _abi.QUICK | _abi.SLOW)[match[1]][1]
            assert len(arguments) == (0 if match[2] == "void" else match[2].count(",") + 1), line


def test_enums() -> None:
    values = {words[2]: int(words[3]) for line in LIST if (words := line.split())[0] == "enum"}
    assert {code: name for name, code in values.items() if name.startswith("EL4NER_ERROR")}.keys() == set(
        _errors._CLASSES
    )
    assert values["EL4NER_ERROR_FULL"] == _abi.FULL == _errors.FullError.code
    assert values["EL4NER_ERROR_TIME"] == _errors.TimeLimitError.code
    assert values["EL4NER_ERROR_CANCELLED"] == _errors.CancelledError.code
    assert [values[f"EL4NER_{s.upper().replace(' ', '_')}"] for s in _abi.STATUSES] == [0, 1, 2, 3]
    assert [values[f"EL4NER_{s.upper()}"] for s in _abi.STAGES] == [0, 1, 2, 3]
    assert [values[f"EL4NER_SAID_{s}"] for s in ("YES", "NO", "NOTHING")] == [0, 1, 2]
    assert [values[f"EL4NER_{s}"] for s in ("OVERALL", "BY_TYPE", "BY_LENGTH")] == [0, 1, 2]
    assert [values[f"EL4NER_{s}"] for s in ("NOT_VERIFIED", "VERIFIED", "UNREADABLE")] == [0, 1, 2]
    assert (values["EL4NER_AS_READY"], values["EL4NER_CODE_POINTS"]) == (_abi.AS_READY, _abi.CODE_POINTS)
    assert [values[f"EL4NER_{s}"] for s in ("AS_CONFIGURED", "YES", "NO")] == [0, 1, 2]


def test_version() -> None:
    assert _abi.library().version_text == __version__

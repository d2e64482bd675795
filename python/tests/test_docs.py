"""The document shows what happens. With the models that ship, so it needs a llama-server."""

from __future__ import annotations

import doctest
import os
import shutil
from pathlib import Path

import pytest

from conftest import ROOT


def test_the_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("spacy")
    data = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local/share"))
    if not (shutil.which("llama-server") or (data / "el4ner/bin/llama-server").exists()):
        pytest.skip("there is no llama-server: el4ner setup")
    monkeypatch.chdir(tmp_path)
    found = doctest.testfile(str(ROOT / "docs/python.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert found.attempted > 10 and found.failed == 0

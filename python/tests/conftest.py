"""A scripted model server, whose answers are a rule: it extracts every capitalised word."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
os.environ.setdefault("EL4NER_LIBRARY", str(BUILD / "libel4ner.so.0"))
os.environ["EL4NER_ENSEMBLE"] = "nano"

Config = dict[str, Any]


def members(*ports: int, **settings: Any) -> Config:
    """A configuration with a member for each port."""
    return {
        "profile": "votes",  # what the scripted members say, and nothing of the pool
        "members": [
            {"name": "abc"[i], "url": f"http://127.0.0.1:{port}", "prompts": "compact", **settings}
            for i, port in enumerate(ports)
        ],
    }


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[..., int]]:
    """Start a scripted server with these arguments; its port."""
    program = BUILD / "tests" / "scripted_server"
    if not program.exists():
        pytest.skip("the scripted server is not built: make programs")
    running = []

    def start(*arguments: str) -> int:
        process = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, text=True)
        running.append(process)
        assert process.stdout is not None
        return int(process.stdout.readline().split()[-1])

    yield start
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def config(serve: Callable[..., int]) -> Config:
    """Two members at an instant server."""
    port = serve("--slots", "16")
    return members(port, port)


@pytest.fixture(scope="session")
def hanging(serve: Callable[..., int]) -> Config:
    """A member that never answers."""
    return members(serve("--fault", "hang"))


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's is read or written."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

"""Who is compared, and what it takes to have and to set up each of them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("BUILD", os.path.join(ROOT, "build")))
EL4NER = os.path.join(BUILD, "el4ner")
DEMONSTRATIONS = 5  # that all are given


def size_of(*paths: str) -> float:
    """Megabytes of files and folders."""
    files = [os.path.join(at, name) for path in paths for at, _, names in os.walk(path) for name in names]
    files += [path for path in paths if os.path.isfile(path)]
    return sum(os.lstat(file).st_size for file in files) / 1e6


@dataclass
class Contestant:
    """A script, with packages of pip's index; or el4ner, with settings beside its member, types and pool."""

    name: str
    packages: tuple[str, ...] = ()
    script: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    few: bool = False  # its pool are the demonstrations that the others have, not the train split

    def install(self, out: str) -> str:
        """Its packages into a virtual environment of its own: its Python."""
        if not self.packages:
            return sys.executable
        folder = os.path.join(out, "venv", self.name)
        if not os.path.exists(self.note(out)):
            print(f"peers: fetches {' '.join(self.packages)} from pip's index into {folder}", file=sys.stderr)
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            before = size_of(folder)
            pip = [f"{folder}/bin/pip", "install", "-q", "--disable-pip-version-check", "--no-compile"]
            subprocess.run([*pip, *self.packages], check=True)
            with open(self.note(out), "w", encoding="ascii") as file:
                file.write(f"{size_of(folder) - before:.1f}")
        return f"{folder}/bin/python"

    def note(self, out: str) -> str:
        """The file that says how much was installed."""
        return os.path.join(out, "venv", self.name, "megabytes")

    def megabytes(self, out: str) -> float:
        """What is installed for it: packages with all that they need; or program, library and data."""
        if not self.script:
            data = [os.path.join(ROOT, folder) for folder in ("models", "pools", "prompts")]
            return size_of(EL4NER, os.path.join(BUILD, "libel4ner.so.0"), *data)
        if not self.packages:
            return 0.0
        with open(self.note(out), encoding="ascii") as file:
            return float(file.read())

    def lines(self) -> int:
        """Of its script, without blank lines and comments; or of el4ner's configuration, and its command."""
        if not self.script:
            return len(("members", "types", *self.settings)) + 1
        with open(os.path.join(HERE, self.script), encoding="utf-8") as file:
            return sum(1 for line in file if line.strip() and not line.lstrip().startswith(("#", '"""')))


CONTESTANTS = (
    Contestant("langextract", ("langextract[openai]==1.7.1", "openai==3.57.0"), "by_langextract.py"),
    Contestant("spacy-llm", ("spacy-llm==0.7.4", "spacy==3.8.18"), "by_spacy_llm.py"),
    Contestant("plain", script="by_plain.py"),
    Contestant("el4ner"),
    Contestant("el4ner-few", settings={"retrieve": {"k": DEMONSTRATIONS}}, few=True),
)

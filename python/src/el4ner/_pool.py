"""Pools of demonstrations."""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from . import _abi, _files
from ._doc import Demonstration, Doc
from ._options import Path, path_bytes

if TYPE_CHECKING:
    from ._tagger import Tagger


class Pool:
    """Labelled sentences in a file, from which models are shown those that are most like the one in question.

    path: an .el4 file, or a labelled file in any format. It is read when a tagger is opened with the pool.
    """

    def __init__(self, path: Path) -> None:
        self.path = os.fspath(path)

    def __fspath__(self) -> str:
        return self.path

    def __repr__(self) -> str:
        return f"Pool({self.path!r})"

    @classmethod
    def build(
        cls,
        inputs: Path | Sequence[Path] | Iterable[Doc | Mapping[str, Any]],
        output: Path,
        *,
        extend: Path | None = None,
        **options: Any,
    ) -> Pool:
        """Index labelled files or documents as the file `output`, which appears when it is complete.

        inputs: a file, several files, or documents with their entities.
        extend: a pool whose sentences come first; it may be `output` itself.
        options: how files are read, as for `read()`.
        """
        if isinstance(inputs, (str, os.PathLike)):
            inputs = [inputs]
        listed = list(inputs)
        with tempfile.TemporaryDirectory() as folder:
            files = [one for one in listed if isinstance(one, (str, os.PathLike))]
            docs = [one for one in listed if not isinstance(one, (str, os.PathLike))]
            if docs:
                files.append(os.path.join(folder, "documents.jsonl"))
                _files.write(docs, files[-1])
            _build(files, output, extend, options)
        return cls(output)

    def search(
        self, text: str, tagger: Tagger, *, spans: Sequence[str] | None = None, most: int = 0
    ) -> list[Demonstration]:
        """What the models of a tagger that was opened with this pool would be shown; see `Tagger.search()`."""
        return tagger.search(text, spans=spans, most=most)


def _build(files: Sequence[Path], output: Path, extend: Path | None, options: Mapping[str, Any]) -> None:
    library, error, n = _abi.library(), _abi.CError(), len(files)
    how = _abi.CPoolOptions(size=ctypes.sizeof(_abi.CPoolOptions), extend=path_bytes(extend))
    how.read = ctypes.pointer(_files.read_options(options))
    names = (ctypes.c_char_p * n)(*(path_bytes(file) for file in files))
    _abi.check(library.pool_build(names, n, path_bytes(output), how, error), error)

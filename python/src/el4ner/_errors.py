"""Errors of the library as exceptions: one class a code, with the library's own message."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._doc import Doc


class Error(Exception):
    """Whatever the library says went wrong. Its text is the library's message.

    `doc` is the document it happened to, with what was found until then, where there is one.
    """

    code = -1
    doc: Doc | None = None


class OutOfMemoryError(Error, MemoryError):
    """Memory is out."""

    code = 1


class FileError(Error, OSError):
    """A file or socket could not be read or written."""

    code = 2


class FormatError(Error, ValueError):
    """A text is not valid Unicode or holds a NUL character, or a file is not what it should be."""

    code = 3


class ConfigError(Error, ValueError):
    """The configuration, an option or an argument is wrong."""

    code = 4


class UnreachableError(Error, ConnectionError):
    """No member can be reached."""

    code = 5


class IncompleteError(Error):
    """No member gave a usable answer for a part of the text."""

    code = 6


class FullError(Error):
    """As many texts are in work as the engine takes."""

    code = 7


class TimeLimitError(Error, TimeoutError):
    """The time limit of the text was up. `doc` has the entities of its first sentences."""

    code = 8


class CancelledError(Error):
    """The text was given up, or the tagger was closed."""

    code = 9


_CLASSES: dict[int, type[Error]] = {
    kind.code: kind
    for kind in (
        OutOfMemoryError,
        FileError,
        FormatError,
        ConfigError,
        UnreachableError,
        IncompleteError,
        FullError,
        TimeLimitError,
        CancelledError,
    )
}


def error_of(code: int, message: str) -> Error:
    """The exception for a code of the library; those of newer libraries are plain Errors."""
    error = _CLASSES.get(code, Error)(message)
    error.code = code
    return error

"""The C library as Python sees it: its structs and functions, as include/el4ner.h declares them.

Struct sizes and offsets are compared with tests/abi.txt by the tests. Functions that return at once keep the
interpreter lock; those that may wait or work for long release it.
"""

from __future__ import annotations

import ctypes
import functools
import os
from ctypes import POINTER, c_bool, c_char_p, c_double, c_int, c_size_t, c_uint, c_uint64, c_void_p
from pathlib import Path
from typing import Any

from ._errors import Error, error_of

SONAME = "libel4ner.so.0"


class CError(ctypes.Structure):
    _fields_ = [("code", c_int), ("message", ctypes.c_char * 1024)]

    def raised(self) -> Error:
        """The exception for this error."""
        return error_of(self.code, self.message.decode("utf-8", "replace"))


class CType(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p),
        ("wording", c_char_p),
        ("description", c_char_p),
        ("aliases", POINTER(c_char_p)),
        ("n_aliases", c_size_t),
    ]


LOG = ctypes.CFUNCTYPE(None, c_void_p, c_int, c_char_p)


class COptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("types", c_char_p),
        ("pool", c_char_p),
        ("profile", c_char_p),
        ("lang", c_char_p),
        ("store", c_char_p),
        ("log", LOG),
        ("log_context", c_void_p),
        ("type_list", POINTER(CType)),
        ("n_types", c_size_t),
        ("ensemble", c_char_p),
        ("order", c_int),
        ("most_texts", c_size_t),
    ]


class CRequest(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("types", POINTER(CType)),
        ("n_types", c_size_t),
        ("nested", c_int),
        ("evidence", c_bool),
        ("trace", c_bool),
        ("lang", c_char_p),
        ("id", c_char_p),
        ("seconds", c_double),
    ]


class CProgress(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("texts", c_uint64),
        ("finished", c_uint64),
        ("sentences", c_uint64),
        ("sentences_due", c_size_t),
        ("calls_in_flight", c_size_t),
        ("window", c_size_t),
    ]


class CEntity(ctypes.Structure):
    _fields_ = [
        ("start", c_size_t),
        ("end", c_size_t),
        ("text", c_char_p),
        ("type", c_char_p),
        ("score", c_double),
        ("verdict", c_int),
        ("evidence", c_void_p),
    ]


class CVote(ctypes.Structure):
    _fields_ = [("member", c_char_p), ("type", c_char_p), ("probability", c_double)]


class CCheck(ctypes.Structure):
    _fields_ = [("member", c_char_p), ("answer", c_int), ("yes", c_double)]


class CDemonstration(ctypes.Structure):
    _fields_ = [
        ("index", c_size_t),
        ("id", c_char_p),
        ("text", c_char_p),
        ("lang", c_char_p),
        ("similarity", c_double),
    ]


class CEvidence(ctypes.Structure):
    _fields_ = [
        ("sentence_start", c_size_t),
        ("sentence_end", c_size_t),
        ("extracted_by", POINTER(c_char_p)),
        ("n_extracted_by", c_size_t),
        ("votes", POINTER(c_void_p)),
        ("n_votes", c_size_t),
        ("checks", POINTER(c_void_p)),
        ("n_checks", c_size_t),
        ("demonstrations", POINTER(c_void_p)),
        ("n_demonstrations", c_size_t),
    ]


class CAbstention(ctypes.Structure):
    _fields_ = [
        ("member", c_char_p),
        ("stage", c_int),
        ("cause", c_char_p),
        ("detail", c_char_p),
        ("sentence_start", c_size_t),
        ("sentence_end", c_size_t),
    ]


class CUsage(ctypes.Structure):
    _fields_ = [
        ("calls", c_uint64),
        ("from_store", c_uint64),
        ("failed", c_uint64),
        ("prompt_tokens", c_uint64),
        ("answer_tokens", c_uint64),
        ("cached_tokens", c_uint64),
        ("seconds", c_double),
    ]


class CMember(ctypes.Structure):
    _fields_ = [("name", c_char_p), ("model", c_char_p), ("problem", c_char_p)]


class CReadOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("format", c_char_p),
        ("offsets", c_char_p),
        ("scheme", c_char_p),
        ("text_field", c_char_p),
        ("id_field", c_char_p),
        ("ends", c_char_p),
        ("pieces", c_char_p),
        ("labels", c_char_p),
        ("token_column", c_uint),
        ("tag_column", c_uint),
        ("annotator", c_uint),
        ("replace_invalid", c_bool),
        ("most_bytes", c_size_t),
        ("log", LOG),
        ("log_context", c_void_p),
    ]


class CWriteOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("format", c_char_p),
        ("offsets", c_char_p),
        ("ends", c_char_p),
        ("flat", c_bool),
        ("log", LOG),
        ("log_context", c_void_p),
    ]


class CScoreOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("match", c_char_p),
        ("scheme", c_char_p),
        ("samples", c_size_t),
        ("seed", c_uint64),
        ("common", c_bool),
    ]


class CScore(ctypes.Structure):
    _fields_ = [
        ("name", c_char_p),
        ("precision", c_double),
        ("recall", c_double),
        ("f1", c_double),
        ("f1_low", c_double),
        ("f1_high", c_double),
        ("gold", c_size_t),
        ("predicted", c_size_t),
        ("correct", c_size_t),
    ]


class CCombineOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("keep", c_char_p),
        ("weights", POINTER(c_double)),
        ("flat", c_bool),
        ("complete_only", c_bool),
    ]


class CPoolOptions(ctypes.Structure):
    _fields_ = [("size", c_size_t), ("extend", c_char_p), ("read", POINTER(CReadOptions))]


PROGRESS = ctypes.CFUNCTYPE(c_bool, c_void_p, c_size_t, c_size_t)


class CTuneOptions(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("sentences", c_size_t),
        ("seed", c_uint64),
        ("beta", c_double),
        ("progress", PROGRESS),
        ("context", c_void_p),
        ("quick", c_bool),
    ]


class CTuning(ctypes.Structure):
    _fields_ = [
        ("size", c_size_t),
        ("sentences", c_size_t),
        ("mentions", c_size_t),
        ("candidates", c_size_t),
        ("right", c_size_t),
        ("precision_before", c_double),
        ("recall_before", c_double),
        ("f1_before", c_double),
        ("precision", c_double),
        ("recall", c_double),
        ("f1", c_double),
        ("fitted", c_bool),
        ("pool_f1", c_double),
        ("f1_untuned", c_double),
        ("gain", c_double),
        ("gain_low", c_double),
        ("gain_high", c_double),
    ]


# Structs by the names that the header has for them.
STRUCTS: dict[str, type[ctypes.Structure]] = {
    "error": CError,
    "type": CType,
    "options": COptions,
    "request": CRequest,
    "progress": CProgress,
    "entity": CEntity,
    "vote": CVote,
    "check": CCheck,
    "demonstration": CDemonstration,
    "evidence": CEvidence,
    "abstention": CAbstention,
    "usage": CUsage,
    "member": CMember,
    "read_options": CReadOptions,
    "write_options": CWriteOptions,
    "score_options": CScoreOptions,
    "score": CScore,
    "combine_options": CCombineOptions,
    "pool_options": CPoolOptions,
    "tune_options": CTuneOptions,
    "tuning": CTuning,
}

# What the header's enums say.
OK, FULL = 0, 7
AS_READY = 1
DONE, CUT_SHORT, FAILED, CANCELLED = range(4)
STATUSES = ("done", "cut short", "failed", "cancelled")
STAGES = ("retrieve", "extract", "classify", "verify")
ANSWERS = ("yes", "no", None)
VERDICTS: tuple[bool | str | None, ...] = (None, True, "unreadable")
OVERALL, BY_TYPE, BY_LENGTH = range(3)
BYTES, CODE_POINTS = 0, 1

_error = POINTER(CError)
_handle = c_void_p
_options = POINTER(COptions)
_strings = POINTER(c_char_p)

# Name without el4ner_: result, arguments. Those that keep the interpreter lock:
QUICK: dict[str, tuple[Any, list[Any]]] = {
    "version": (c_char_p, []),
    "cancel": (None, [_handle, c_uint64]),
    "wake": (None, [_handle]),
    "get_progress": (None, [_handle, POINTER(CProgress)]),
    "result_status": (c_int, [_handle]),
    "result_error": (_error, [_handle]),
    "result_user": (c_void_p, [_handle]),
    "result_text": (c_void_p, [_handle, POINTER(c_size_t)]),
    "result_free": (None, [_handle]),
    "result_id": (c_char_p, [_handle]),
    "result_lang": (c_char_p, [_handle]),
    "result_labelled": (c_bool, [_handle]),
    "result_trace": (c_char_p, [_handle]),
    "result_usage": (c_void_p, [_handle]),
    "count": (c_size_t, [_handle]),
    "get": (c_void_p, [_handle, c_size_t]),
    "evidence": (c_char_p, [_handle, c_size_t, c_int, c_size_t]),
    "abstained": (c_size_t, [_handle]),
    "get_abstention": (c_void_p, [_handle, c_size_t]),
    "get_member": (POINTER(CMember), [_handle, c_size_t]),
    "get_usage": (c_bool, [_handle, c_size_t, c_int, POINTER(CUsage)]),
    "convert_offsets": (
        c_bool,
        [c_void_p, c_size_t, c_int, c_int, POINTER(c_size_t), c_size_t, _error],
    ),
    "get_score": (POINTER(CScore), [_handle, c_int, c_size_t]),
    "accuracy": (c_double, [_handle]),
    "scores_free": (None, [_handle]),
    "set_count": (c_size_t, [_handle]),
    "get_demonstration": (c_void_p, [_handle, c_size_t]),
    "demonstrations_free": (None, [_handle]),
    "text_free": (None, [c_void_p]),
    "writer_bytes": (c_void_p, [_handle, POINTER(c_size_t)]),
}

# Those that release it:
SLOW: dict[str, tuple[Any, list[Any]]] = {
    "open": (_handle, [c_char_p, _options, _error]),
    "open_yaml": (_handle, [c_char_p, c_size_t, _options, _error]),
    "close": (None, [_handle]),
    "submit": (c_uint64, [_handle, c_char_p, c_size_t, c_void_p, POINTER(CRequest), _error]),
    "next": (_handle, [_handle, c_int, _error]),
    "reader_open": (_handle, [c_char_p, POINTER(CReadOptions), _error]),
    "reader_open_bytes": (_handle, [c_char_p, c_size_t, c_char_p, POINTER(CReadOptions), _error]),
    "read": (_handle, [_handle, _error]),
    "reader_close": (None, [_handle]),
    "writer_open": (_handle, [c_char_p, POINTER(CWriteOptions), _error]),
    "write": (c_bool, [_handle, _handle, _error]),
    "writer_finish": (c_bool, [_handle, _error]),
    "writer_close": (None, [_handle]),
    "set_read": (_handle, [c_char_p, POINTER(CReadOptions), _error]),
    "set_new": (_handle, [c_char_p, _error]),
    "set_add": (c_bool, [_handle, _handle, _error]),
    "set_get": (_handle, [_handle, c_size_t, _error]),
    "set_free": (None, [_handle]),
    "score_sets": (_handle, [_handle, _handle, POINTER(CScoreOptions), _error]),
    "compare": (c_double, [_handle, _handle, c_size_t, c_uint64, POINTER(c_double), _error]),
    "combine": (
        _handle,
        [POINTER(c_void_p), _strings, c_size_t, POINTER(CCombineOptions), _error],
    ),
    "pool_build": (c_bool, [_strings, c_size_t, c_char_p, POINTER(CPoolOptions), _error]),
    "search": (_handle, [_handle, c_char_p, c_size_t, _strings, c_size_t, c_size_t, _error]),
    "tune": (c_bool, [_handle, POINTER(CTuneOptions), POINTER(CTuning), _error]),
    "config": (c_void_p, [_handle, c_bool, _error]),
}


class Library:
    """The functions of the header, without the prefix el4ner_."""

    def __init__(self, path: str) -> None:
        self.path = path
        keeping, releasing = ctypes.PyDLL(path), ctypes.CDLL(path)
        for functions, loaded in ((QUICK, keeping), (SLOW, releasing)):
            for name, signature in functions.items():
                self._bind(loaded, name, name, signature)
        # Of a text that is copied in no time, the lock is kept too.
        self._bind(keeping, "submit", "submit_small", SLOW["submit"])
        self.version_text: str = self.version().decode()

    def _bind(self, loaded: ctypes.CDLL, name: str, attribute: str, signature: tuple[Any, list[Any]]) -> None:
        try:
            function = getattr(loaded, "el4ner_" + name)
        except AttributeError:
            raise ImportError(
                f"{self.path} is older than this package: it has no el4ner_{name}; install a newer "
                "libel4ner, or a wheel of el4ner that has its own"
            ) from None
        function.restype, function.argtypes = signature
        setattr(self, attribute, function)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


def _candidates() -> list[str]:
    named = os.environ.get("EL4NER_LIBRARY")
    if named:
        return [named]
    own = Path(__file__).parent / "lib" / SONAME
    return [str(own)] if own.exists() else [SONAME]


@functools.cache
def library() -> Library:
    """The library: that of EL4NER_LIBRARY, else the wheel's own, else the system's."""
    troubles = []
    for path in _candidates():
        try:
            return Library(path)
        except OSError as trouble:
            troubles.append(str(trouble))
    raise ImportError(
        f"el4ner's library cannot be loaded: {'; '.join(troubles)}; install a wheel that has it, or "
        f"el4ner itself (make install), or name it by EL4NER_LIBRARY"
    )


def text_at(address: int, length: int = -1) -> str:
    """The text at an address, of so many bytes or up to its NUL."""
    return ctypes.string_at(address, length).decode()


def encoded(text: str | None) -> bytes | None:
    """For arguments of the library; None stays None."""
    return None if text is None else text.encode("utf-8", "surrogateescape")


def check(handle: Any, error: CError) -> Any:
    """What the library returned, or its error as an exception."""
    if not handle:
        raise error.raised()
    return handle

"""What a tagger is opened with and what is wanted of a text, in the form that the library takes."""

from __future__ import annotations

import ctypes
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from ctypes import c_char_p
from dataclasses import dataclass, field
from typing import Any

from . import _abi
from ._abi import encoded
from ._errors import ConfigError

Path = str | os.PathLike[str]


@dataclass(slots=True)
class Type:
    """An entity type. What is not set is taken from the configuration's type of this name."""

    name: str
    """What the results say."""
    wording: str | None = None
    """What the models read: "creative work"."""
    description: str | None = None
    """For the models too: "titles of books, films, songs"."""
    aliases: Sequence[str] = field(default_factory=tuple)
    """Labels of the pool that mean this type."""


Types = str | Iterable[str | Type] | Mapping[str, str | Mapping[str, Any] | None]


def types_of(types: Types) -> list[Type]:
    """Types from "person,location", a list of names and types, or names with descriptions."""
    if isinstance(types, str):
        return [Type(name.strip()) for name in types.split(",")]
    if isinstance(types, Mapping):
        return [_described(name, about) for name, about in types.items()]
    return [one if isinstance(one, Type) else Type(one) for one in types]


def _described(name: str, about: str | Mapping[str, Any] | None) -> Type:
    if about is None or isinstance(about, str):
        return Type(name, description=about)
    unknown = set(about) - {"wording", "description", "aliases"}
    if unknown:
        raise ConfigError(
            f"the type {name} has {', '.join(sorted(unknown))}; a type may have wording, description and aliases"
        )
    return Type(name, **about)


def c_types(types: Types) -> tuple[Any, int]:
    """An array of structs, which keeps what it points to, and its length."""
    listed = types_of(types)
    array = (_abi.CType * len(listed))()
    for row, one in zip(array, listed, strict=True):
        aliases = [alias.encode() for alias in one.aliases]
        row.name = encoded(one.name)
        row.wording = encoded(one.wording)
        row.description = encoded(one.description)
        row.aliases = (c_char_p * len(aliases))(*aliases)
        row.n_aliases = len(aliases)
    return array, len(listed)


def path_bytes(path: Path | None) -> bytes | None:
    """A path as the library takes it."""
    return None if path is None else os.fsencode(path)


@dataclass(slots=True)
class Settings:
    """What a tagger is opened with. It can be pickled, and opened again elsewhere."""

    config: Path | Mapping[str, Any] | None = None
    ensemble: str | None = None
    types: Types | None = None
    pool: Path | None = None
    profile: str | None = None
    lang: str | None = None
    store: Path | None = None
    yaml: str | None = None

    def options(self, log: Any) -> _abi.COptions:
        """The struct of the library. ctypes keeps what it points to."""
        options = _abi.COptions(size=ctypes.sizeof(_abi.COptions))
        options.log = log
        options.ensemble = encoded(self.ensemble)
        options.pool = path_bytes(self.pool)
        options.profile = encoded(self.profile)
        options.lang = encoded(self.lang)
        options.store = path_bytes(self.store)
        options.order = _abi.AS_READY
        options.most_texts = 1 << 40  # each caller bounds what it has in work
        if self.types is not None:
            options.type_list, options.n_types = c_types(self.types)
        return options

    def open(self, library: _abi.Library, log: Any) -> int:
        """Open an engine."""
        error, options = _abi.CError(), self.options(log)
        if self.config is not None and self.yaml is not None:
            raise ConfigError("config and yaml are both given")
        if isinstance(self.config, Mapping) or self.yaml is not None:
            text = (self.yaml or json.dumps(self.config, ensure_ascii=False)).encode()
            handle = library.open_yaml(text, len(text), ctypes.byref(options), ctypes.byref(error))
        else:
            handle = library.open(path_bytes(self.config), ctypes.byref(options), ctypes.byref(error))
        opened: int = _abi.check(handle, error)
        return opened


@dataclass(slots=True)
class Wanted:
    """What is wanted of texts; None is what the tagger was opened for."""

    types: Types | None = None
    nested: bool | None = None
    evidence: bool = True
    trace: bool = False
    lang: str | None = None
    seconds: float | None = None

    def request(self, id: str | None = None) -> _abi.CRequest:
        """The struct of the library."""
        request = _abi.CRequest(size=ctypes.sizeof(_abi.CRequest))
        request.nested = 0 if self.nested is None else 1 if self.nested else 2
        request.evidence = self.evidence
        request.trace = self.trace
        request.lang = encoded(self.lang)
        request.id = encoded(id)
        request.seconds = self.seconds or 0.0
        if self.types is not None:
            request.types, request.n_types = c_types(self.types)
        return request

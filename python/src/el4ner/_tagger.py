"""The tagger: one text, many, or within an event loop."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping, Sequence
from ctypes import c_char_p
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Literal, overload

from . import _abi
from ._doc import Demonstration, Doc, Result, Usage, demonstration, usage_of
from ._engine import Engine
from ._errors import Error, FormatError
from ._options import Path, Settings, Types, Wanted

OnError = Literal["raise", "keep"]
_SECONDS_TO_CLOSE = 10.0  # that the end of Python waits for llama-servers to end


@dataclass(slots=True)
class Member:
    """A model of the ensemble."""

    name: str
    model: str
    """As its server calls it; empty if it is not known."""
    problem: str | None
    """Why it cannot be reached; None if it can."""


@dataclass(slots=True)
class Progress:
    """How far a tagger is with all texts that it was given."""

    texts: int
    """Handed over since it was opened."""
    finished: int
    sentences: int
    """Finished."""
    sentences_due: int
    """Of the texts in work, not finished yet."""
    calls_in_flight: int


class Tagger:
    """An ensemble of models, ready to tag.

    Opening starts or reaches the models and takes seconds: keep the tagger. Any number of threads may use it at once.
    It is closed by `close()`, at the end of a `with` block, when nothing refers to it any more, or when Python ends.

    config: a file, a mapping with the keys of el4ner.yaml, or None for the configuration that the program would read.
    yaml: the text of a configuration instead; relative paths in it begin at the current folder.
    ensemble: members of the ensemble of this name in place of the configuration's.
    types: what to look for: "person,location", a list of names and `Type`s, or a mapping of names to descriptions.
    pool: demonstrations, an .el4 or labelled file; a `Pool`.
    profile: "default", "votes" or "paper".
    lang: language of the texts, such as "de".
    store: a file of stored replies, which is made if it is missing; None for none.
    nested: keep entities that overlap others; None for what is configured.
    evidence: fill `Entity.evidence` and `Doc.abstentions`.
    trace: keep prompts and replies in `Doc.trace`.
    seconds: time limit of each text; None for none.
    lazy: open on first use, instead of now.

    Models do not come along to another process: in a forked one, and where it was unpickled, a tagger opens again on
    its first use, with the same settings and models of its own.
    """

    def __init__(
        self,
        config: Path | Mapping[str, Any] | None = None,
        *,
        yaml: str | None = None,
        ensemble: str | None = None,
        types: Types | None = None,
        pool: Path | None = None,
        profile: str | None = None,
        lang: str | None = None,
        store: Path | None = None,
        nested: bool | None = None,
        evidence: bool = True,
        trace: bool = False,
        seconds: float | None = None,
        lazy: bool = False,
    ) -> None:
        types = types if types is None or isinstance(types, (str, Mapping)) else list(types)
        self._begin(
            Settings(config, ensemble, types, pool, profile, lang, store, yaml),
            Wanted(None, nested, evidence, trace, None, seconds),
        )
        if not lazy:
            self._engine()

    def _begin(self, settings: Settings, wanted: Wanted) -> None:
        self._settings = settings
        self._wanted = wanted
        self._opened: Engine | None = None
        self._opening = threading.Lock()
        self._plain = wanted.request()

    def _engine(self) -> Engine:
        if self._opened is not None and not self._opened.is_here():
            self._opened, self._opening = None, threading.Lock()
        if self._opened is None:
            with self._opening:
                if self._opened is None:
                    engine = Engine(self._settings)
                    weakref.finalize(self, Engine.close, engine, _SECONDS_TO_CLOSE)
                    engine.wait()
                    self._opened = engine
        return self._opened

    @staticmethod
    def _unpickled(settings: Settings, wanted: Wanted) -> Tagger:
        tagger = Tagger.__new__(Tagger)
        tagger._begin(settings, wanted)
        return tagger

    def __reduce__(self) -> tuple[Any, ...]:
        return Tagger._unpickled, (self._settings, self._wanted)

    # ---- one text ----

    def __call__(
        self,
        text: str,
        *,
        id: str | None = None,
        types: Types | None = None,
        nested: bool | None = None,
        lang: str | None = None,
        seconds: float | None = None,
    ) -> Doc:
        """Find the entities of a text of any length.

        What is not given is as the tagger was made. `seconds` is a time limit: when it is up, `TimeLimitError` is
        raised, and its `doc` has what was found until then. Ctrl-C stops the text.
        """
        queue: SimpleQueue[tuple[int, Result | Error]] = SimpleQueue()
        engine, request = self._engine(), self._request(id, types, nested, lang, seconds)
        key, number = engine.submit(_text(text), request, queue.put)
        try:
            _, result = queue.get()
        except BaseException:
            engine.forget(key, number)
            raise
        return _whole(_doc(result, text))

    async def acall(
        self,
        text: str,
        *,
        id: str | None = None,
        types: Types | None = None,
        nested: bool | None = None,
        lang: str | None = None,
        seconds: float | None = None,
    ) -> Doc:
        """The same within an event loop. Cancelling the task stops the text."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result | Error] = loop.create_future()

        def arrived(pair: tuple[int, Result | Error]) -> None:
            loop.call_soon_threadsafe(_settle, future, pair[1])

        engine = await self._engine_async()
        request = self._request(id, types, nested, lang, seconds)
        key, number = engine.submit(_text(text), request, arrived)
        try:
            result = await future
        except BaseException:
            engine.forget(key, number)
            raise
        return _whole(_doc(result, text))

    # ---- many texts ----

    @overload
    def pipe(
        self,
        texts: Iterable[str],
        *,
        ordered: bool = ...,
        as_tuples: Literal[False] = ...,
        in_flight: int | None = ...,
        errors: OnError = ...,
        types: Types | None = ...,
        nested: bool | None = ...,
        lang: str | None = ...,
        seconds: float | None = ...,
    ) -> Iterator[Doc]: ...

    @overload
    def pipe(
        self,
        texts: Iterable[tuple[str, Any]],
        *,
        ordered: bool = ...,
        as_tuples: Literal[True],
        in_flight: int | None = ...,
        errors: OnError = ...,
        types: Types | None = ...,
        nested: bool | None = ...,
        lang: str | None = ...,
        seconds: float | None = ...,
    ) -> Iterator[tuple[Doc, Any]]: ...

    def pipe(
        self,
        texts: Iterable[Any],
        *,
        ordered: bool = True,
        as_tuples: bool = False,
        in_flight: int | None = None,
        errors: OnError = "raise",
        types: Types | None = None,
        nested: bool | None = None,
        lang: str | None = None,
        seconds: float | None = None,
    ) -> Iterator[Any]:
        """Tag many texts at once, and hand documents over as they come.

        texts: any iterable, also one without an end: a text is taken from it when there is room.
        ordered: in the order of the texts; else as they are ready.
        as_tuples: `texts` are pairs of a text and anything, and so are the results.
        in_flight: texts that are taken and not handed over yet, at most; None for four for each sentence that the
            models work on at once, at least 64. Memory is bounded by it.
        errors: "raise" raises what goes wrong with a text, in its turn; with "keep" its document has `error`, and the
            others go on.

        Leaving the loop early stops what is in work.
        """
        _check_many(texts)
        queue: SimpleQueue[tuple[int, Result | Error]] = SimpleQueue()
        engine = self._engine()
        request = self._request(None, types, nested, lang, seconds)
        flight = _Flight(engine, request, queue.put, ordered, as_tuples, in_flight, errors)
        return _piped(self, flight, texts, queue)

    async def apipe(
        self,
        texts: Iterable[Any] | AsyncIterable[Any],
        *,
        ordered: bool = True,
        as_tuples: bool = False,
        in_flight: int | None = None,
        errors: OnError = "raise",
        types: Types | None = None,
        nested: bool | None = None,
        lang: str | None = None,
        seconds: float | None = None,
    ) -> AsyncIterator[Any]:
        """`pipe()` within an event loop. `texts` may be asynchronous as well: results do not wait for the next text."""
        _check_many(texts)
        engine = await self._engine_async()
        loop, news = asyncio.get_running_loop(), asyncio.Event()
        arrived: deque[tuple[int, Result | Error]] = deque()

        def sink(pair: tuple[int, Result | Error]) -> None:
            arrived.append(pair)
            if len(arrived) == 1:
                loop.call_soon_threadsafe(news.set)

        request = self._request(None, types, nested, lang, seconds)
        flight = _Flight(engine, request, sink, ordered, as_tuples, in_flight, errors)
        source = None if isinstance(texts, AsyncIterable) else iter(texts)
        later = aiter(texts) if isinstance(texts, AsyncIterable) else None
        pull: asyncio.Future[Any] | None = None
        signal: asyncio.Future[Any] | None = None
        ended = False
        try:
            while not (ended and flight.is_empty()):
                news.clear()
                while arrived:
                    flight.arrived(*arrived.popleft())
                for doc in flight.ready():
                    yield doc
                while source is not None and not arrived and not ended and flight.has_room():
                    item = next(source, _END)
                    ended = item is _END
                    if not ended:
                        flight.submit(item)
                if later is not None and pull is None and not ended and flight.has_room():
                    pull = asyncio.ensure_future(_one_of(later))
                if arrived or flight.has_ready() or (ended and flight.is_empty()):
                    await asyncio.sleep(0)
                    continue
                signal = asyncio.ensure_future(news.wait())
                await asyncio.wait(
                    {signal} if pull is None else {signal, pull},
                    return_when=asyncio.FIRST_COMPLETED,
                )
                signal.cancel()
                if pull is not None and pull.done():
                    item, pull = pull.result(), None
                    ended = item is _END
                    if not ended:
                        flight.submit(item)
        finally:
            flight.close()
            for task in (pull, signal):
                if task is not None:
                    task.cancel()

    # ---- the ensemble ----

    @property
    def members(self) -> list[Member]:
        """The models, in the order in which they are configured."""
        engine = self._engine()

        def rows(handle: int) -> list[Member]:
            found: list[Member] = []
            while row := engine.library.get_member(handle, len(found)):
                problem = row.contents.problem
                found.append(
                    Member(
                        row.contents.name.decode(),
                        row.contents.model.decode(),
                        None if problem is None else problem.decode(),
                    )
                )
            return found

        return engine.call(rows)

    def usage(self) -> dict[str, dict[str, Usage]]:
        """What calls have cost since the tagger was opened, by member and stage."""
        names, engine = [member.name for member in self.members], self._engine()

        def rows(handle: int) -> dict[str, dict[str, Usage]]:
            row = _abi.CUsage()
            return {
                name: {
                    stage: usage_of(row)
                    for s, stage in enumerate(_abi.STAGES)
                    if engine.library.get_usage(handle, m, s, row)
                }
                for m, name in enumerate(names)
            }

        return engine.call(rows)

    def progress(self) -> Progress:
        """How far it is. It does not wait."""
        row = self._engine().progress()
        return Progress(row.texts, row.finished, row.sentences, row.sentences_due, row.calls_in_flight)

    def config(self, *, tuned: bool = False) -> str:
        """The configuration in force as YAML; with `tuned` only what tuning decides, on top of the one opened."""
        engine = self._engine()

        def read(handle: int) -> str:
            error = _abi.CError()
            address = _abi.check(engine.library.config(handle, tuned, error), error)
            text = _abi.text_at(address)
            engine.library.text_free(address)
            return text

        return engine.call(read)

    def search(self, text: str, *, spans: Sequence[str] | None = None, most: int = 0) -> list[Demonstration]:
        """The demonstrations that the models would be shown for a sentence, nearest first.

        spans: strings of the sentence to compare by; None for its runs of nouns.
        most: how many at most; 0 for as many as are configured.
        """
        engine, data = self._engine(), text.encode()
        given = [span.encode() for span in spans or ()]
        array = None if spans is None else (c_char_p * len(given))(*given)

        def find(handle: int) -> list[Demonstration]:
            error = _abi.CError()
            hits = _abi.check(engine.library.search(handle, data, len(data), array, len(given), most, error), error)
            found: list[Demonstration] = []
            while address := engine.library.get_demonstration(hits, len(found)):
                found.append(demonstration(_abi.CDemonstration.from_address(address)))
            engine.library.demonstrations_free(hits)
            return found

        return engine.call(find)

    def close(self) -> None:
        """Stop what is in work, and end the models that were started."""
        if self._opened is not None:
            self._opened.close()

    def __enter__(self) -> Tagger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # ---- within ----

    def _request(
        self,
        id: str | None,
        types: Types | None,
        nested: bool | None,
        lang: str | None,
        seconds: float | None,
    ) -> _abi.CRequest:
        if id is None and types is None and nested is None and lang is None and seconds is None:
            return self._plain
        wanted = replace(self._wanted, types=types, lang=lang)
        if nested is not None:
            wanted.nested = nested
        if seconds is not None:
            wanted.seconds = seconds
        return wanted.request(id)

    async def _engine_async(self) -> Engine:
        if self._opened is not None and self._opened.is_here():
            return self._opened
        return await asyncio.to_thread(self._engine)


_END: Any = object()


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(f"a text must be a str, not {type(text).__name__}")
    return text


def _check_many(texts: object) -> None:
    if isinstance(texts, str):
        raise TypeError("one str is not many texts: write [text], or tagger(text)")


def _settle(future: asyncio.Future[Result | Error], result: Result | Error) -> None:
    if not future.done():
        future.set_result(result)


def _doc(result: Result | Error, text: str) -> Doc:
    if isinstance(result, Result):
        return result.doc(text)
    return Doc(text, status="cancelled", error=result)


def _whole(doc: Doc) -> Doc:
    if doc.error is not None:
        raise doc.error
    return doc


async def _one_of(texts: AsyncIterator[Any]) -> Any:
    return await anext(texts, _END)


@dataclass(slots=True)
class _Place:
    """A text that was taken and not handed over yet."""

    text: str
    context: Any
    number: int = 0
    doc: Doc | None = None


class _Flight:
    """The texts of one pipe that are in work."""

    def __init__(
        self,
        engine: Engine,
        request: _abi.CRequest,
        sink: Any,
        ordered: bool,
        as_tuples: bool,
        in_flight: int | None,
        errors: OnError,
    ) -> None:
        if errors not in ("raise", "keep"):
            raise ValueError(f'errors must be "raise" or "keep", not {errors!r}')
        if in_flight is not None and in_flight < 1:
            raise ValueError(f"in_flight must be 1 or more, not {in_flight}")
        self._engine = engine
        self._request = request
        self._sink = sink
        self._ordered = ordered
        self._as_tuples = as_tuples
        self._most = in_flight or max(64, 4 * engine.window)
        self._keep = errors == "keep"
        self._places: dict[int, _Place] = {}  # by key, in the order of the texts
        self._done: deque[_Place] = deque()  # where the order does not matter
        self._refused = 0  # keys of texts that the library did not take count down

    def has_room(self) -> bool:
        return len(self._places) + len(self._done) < self._most

    def is_empty(self) -> bool:
        return not self._places and not self._done

    def submit(self, item: Any) -> None:
        text, context = item if self._as_tuples else (item, None)
        place = _Place(_text(text), context)
        try:
            key, place.number = self._engine.submit(text, self._request, self._sink)
        except FormatError as trouble:
            self._refused -= 1
            key = self._refused
            place.doc = Doc(text, status="failed", error=trouble)
            trouble.doc = place.doc
        self._places[key] = place
        if place.doc is not None and not self._ordered:
            self._done.append(self._places.pop(key))

    def arrived(self, key: int, result: Result | Error) -> None:
        place = self._places[key]
        place.doc = _doc(result, place.text)
        if not self._ordered:
            self._done.append(self._places.pop(key))

    def has_ready(self) -> bool:
        first = next(iter(self._places.values()), None)
        return bool(self._done) or (first is not None and first.doc is not None)

    def ready(self) -> Iterator[Any]:
        """What can be handed over now."""
        while True:
            if self._ordered:
                key = next(iter(self._places), None)
                if key is None or self._places[key].doc is None:
                    return
                place = self._places.pop(key)
            elif self._done:
                place = self._done.popleft()
            else:
                return
            doc = place.doc
            assert doc is not None
            if doc.error is not None and not self._keep:
                raise doc.error
            yield (doc, place.context) if self._as_tuples else doc

    def close(self) -> None:
        for key, place in self._places.items():
            if place.doc is None:
                self._engine.forget(key, place.number)
        self._places.clear()


def _piped(
    _open: Tagger, flight: _Flight, texts: Iterable[Any], queue: SimpleQueue[tuple[int, Result | Error]]
) -> Iterator[Any]:
    """What `pipe()` gives. It refers to the tagger, which would be closed if nothing did."""
    try:
        for item in texts:
            while not flight.has_room():
                flight.arrived(*queue.get())
                yield from flight.ready()
            flight.submit(item)
            try:
                while True:
                    flight.arrived(*queue.get_nowait())
            except Empty:
                pass
            yield from flight.ready()
        while not flight.is_empty():
            yield from flight.ready()
            if not flight.is_empty():
                flight.arrived(*queue.get())
    finally:
        flight.close()

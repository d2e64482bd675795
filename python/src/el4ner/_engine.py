"""An engine of the library and the one thread that opens it, moves it on and closes it.

llama-server children end with the thread that started them, so that thread lives as long as the engine. It holds the
interpreter lock only to hand a result over. Texts are handed in by the threads of the callers.
"""

from __future__ import annotations

import ctypes
import itertools
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from . import _abi
from ._doc import Result
from ._errors import CancelledError, Error, FormatError
from ._options import Settings

T = TypeVar("T")
# Takes the key of a text and its result, in the engine's thread; an error if there will be none.
Sink = Callable[[tuple[int, "Result | Error"]], object]

_log = logging.getLogger("el4ner")
_LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING)
_SMALL = 1 << 16  # bytes that are copied in no time


def _write_log(_context: int | None, level: int, message: bytes) -> None:
    _log.log(_LEVELS[min(level, 2)], "%s", message.decode("utf-8", "replace"))


_callback = _abi.LOG(_write_log)


def log_callback() -> Any:
    """What hands the library's messages to the logger el4ner."""
    return _callback


class Engine:
    """Opens at once, in its own thread; `wait()` tells when it has, or how that failed."""

    def __init__(self, settings: Settings) -> None:
        self.library = _abi.library()
        self.process = os.getpid()
        self.window = 0  # sentences in work at once
        self._settings = settings
        self._handle: int | None = None
        self._trouble: BaseException | None = None
        self._opened = threading.Event()
        self._closing = False
        self._lock = threading.Lock()  # of the handle against its closing
        self._keys = itertools.count(1)
        self._sinks: dict[int, Sink] = {}
        self._jobs: deque[Callable[[], None]] = deque()
        self._thread = threading.Thread(target=self._run, name="el4ner", daemon=True)
        self._thread.start()

    # ---- from any thread ----

    def wait(self) -> None:
        """Wait until it is open."""
        try:
            self._opened.wait()
        except BaseException:
            self._closing = True
            raise
        if self._trouble is not None:
            raise self._trouble

    def is_here(self) -> bool:
        """An engine does not come along into a forked process."""
        return os.getpid() == self.process

    def submit(self, text: str, request: _abi.CRequest | None, sink: Sink) -> tuple[int, int]:
        """Hand over a text. Its key, and its number for `cancel()`."""
        try:
            data = text.encode()
        except UnicodeEncodeError as trouble:
            raise FormatError(
                f"the text is not valid Unicode: half of a surrogate pair at character {trouble.start}"
            ) from None
        error, key = _abi.CError(), next(self._keys)
        wanted = None if request is None else ctypes.byref(request)
        submit = self.library.submit_small if len(data) < _SMALL else self.library.submit
        with self._lock:
            handle = self._open_handle()
            self._sinks[key] = sink
            number = submit(handle, data, len(data), key, wanted, ctypes.byref(error))
        if number == 0:
            self._sinks.pop(key, None)
            raise error.raised()
        return key, number

    def forget(self, key: int, number: int) -> None:
        """Give up a text; its result goes nowhere."""
        if self._sinks.pop(key, None) is not None:
            with self._lock:
                if self._handle is not None:
                    self.library.cancel(self._handle, number)

    def progress(self) -> _abi.CProgress:
        """How far it is."""
        progress = _abi.CProgress(size=ctypes.sizeof(_abi.CProgress))
        with self._lock:
            self.library.get_progress(self._open_handle(), ctypes.byref(progress))
        return progress

    def call(self, function: Callable[[int], T]) -> T:
        """Call a function with the engine in its own thread, and wait for what it returns."""
        future: Future[T] = Future()

        def job() -> None:
            try:
                future.set_result(function(self._open_handle()))
            except BaseException as trouble:  # it is raised where the result is waited for
                future.set_exception(trouble)

        with self._lock:
            handle = self._open_handle()
            self._jobs.append(job)
            self.library.wake(handle)
        return future.result()

    def close(self, wait: float | None = None) -> None:
        """Stop what is in work and close it; wait for that so long, in seconds. One that is opening closes later."""
        if not self.is_here():
            return
        with self._lock:
            self._closing = True
            if self._handle is not None:
                self.library.wake(self._handle)
        if self._opened.is_set() and threading.current_thread() is not self._thread:
            self._thread.join(wait)

    def _open_handle(self) -> int:
        if self._handle is None:
            raise CancelledError("the tagger is closed")
        return self._handle

    # ---- the thread ----

    def _run(self) -> None:
        try:
            handle = self._settings.open(self.library, log_callback())
        except BaseException as trouble:  # it is raised in wait()
            self._trouble = trouble
            self._opened.set()
            return
        self._handle = handle
        self.window = self.progress().window
        self._opened.set()
        last: Error = CancelledError("the tagger was closed")
        try:
            self._move(handle)
        except Error as trouble:
            last = trouble
        finally:
            with self._lock:
                self._handle = None
            self.library.close(handle)
            while self._jobs:
                self._jobs.popleft()()
            for key in list(self._sinks):
                self._hand_over(key, last)

    def _move(self, handle: int) -> None:
        """Until it is closed, or always fails."""
        error, troubles = _abi.CError(), 0
        next_result, user, library = self.library.next, self.library.result_user, self.library
        while not self._closing:
            while self._jobs:
                self._jobs.popleft()()
            result = next_result(handle, 3_600_000, ctypes.byref(error))
            if result:
                troubles = 0
                self._hand_over(user(result), Result(library, result))
            elif error.code != _abi.OK:
                troubles += 1
                _log.warning("%s", error.raised())
                if troubles == 10:
                    raise error.raised()
                time.sleep(0.1)

    def _hand_over(self, key: int, result: Result | Error) -> None:
        sink = self._sinks.pop(key, None)
        if sink is not None:
            try:
                sink((key, result))
            except RuntimeError:  # the event loop of the receiver is closed
                _log.debug("nobody waits for a result any more")

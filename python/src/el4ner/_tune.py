"""Fitting an ensemble to its own models and pool."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field

from . import _abi
from ._options import Path
from ._tagger import Tagger


@dataclass(slots=True)
class Tuning:
    """What tuning has found. Figures are of its sample, fractions of 1; those after it are cross-validated."""

    sentences: int
    mentions: int
    candidates: int
    right: int
    """Of the candidates."""
    precision_before: float | None
    """None if it was quick."""
    recall_before: float | None
    f1_before: float | None
    precision: float
    recall: float
    f1: float
    fitted: bool
    """False: there were too few right or wrong candidates, and nothing has changed."""
    pool_f1: float
    """Of the pool's labels alone, without any member."""
    f1_untuned: float
    """By the judgement that nobody has tuned, of the same candidates."""
    gain: float
    """F1 less `f1_untuned`; at or below 0 the configuration is better left as it is."""
    gain_interval: tuple[float, float]
    """Of 95 %, by bootstrap over the sample's sentences."""
    config: str = field(repr=False)
    """What was decided, as YAML, on top of the configuration that the tagger was opened with."""

    def save(self, path: Path) -> None:
        """Write `config` to a file, for `Tagger(path)` and `el4ner -c`."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.config)


def tune(
    tagger: Tagger,
    *,
    sentences: int = 200,
    seed: int = 1,
    beta: float = 1.0,
    quick: bool = False,
    progress: Callable[[int, int], object] | None = None,
) -> Tuning:
    """Fit a tagger to its pool, as `el4ner tune` does. It tags by it from now on.

    Nothing may be in work. Nothing is trained: what the members say of a sample of the pool is set against its labels.

    sentences: of the pool, at most.
    beta: the threshold gives the best F-beta.
    quick: a third of the calls: no figures of before, which are None then, and nobody is to verify.
    progress: called after each sentence with how many are done, of how many; if it returns False, or raises, tuning
        ends with `CancelledError`, or with what it raised. Ctrl-C ends it after the sentence in work.
    """
    engine = tagger._engine()
    raised: list[BaseException] = []
    stop = False

    def step(_context: int | None, done: int, of: int) -> bool:
        if stop or progress is None:
            return not stop
        try:
            return progress(done, of) is not False
        except BaseException as trouble:
            raised.append(trouble)
            return False

    options = _abi.CTuneOptions(ctypes.sizeof(_abi.CTuneOptions), sentences, seed, beta)
    options.quick = quick
    options.progress = _abi.PROGRESS(step)

    def fit(handle: int) -> Tuning:
        error, row = _abi.CError(), _abi.CTuning(size=ctypes.sizeof(_abi.CTuning))
        fine = engine.library.tune(handle, options, row, error)
        if raised:
            raise raised[0]
        _abi.check(fine, error)
        address = _abi.check(engine.library.config(handle, True, error), error)
        text = _abi.text_at(address)
        engine.library.text_free(address)
        return Tuning(
            row.sentences,
            row.mentions,
            row.candidates,
            row.right,
            None if quick else row.precision_before,
            None if quick else row.recall_before,
            None if quick else row.f1_before,
            row.precision,
            row.recall,
            row.f1,
            row.fitted,
            row.pool_f1,
            row.f1_untuned,
            row.gain,
            (row.gain_low, row.gain_high),
            text,
        )

    try:
        return engine.call(fit)
    except KeyboardInterrupt:
        stop = True
        raise

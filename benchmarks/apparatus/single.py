"""One callable timed alone: seconds a call, for figures in absolute terms.

Contract: samples are stretches of calls as in :mod:`benchmarks.apparatus.pairs`, so that the price of the loop is the
same, and as small. Nothing here knows about chains, modes or asv.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

from .pairs import Call, Clock, Samples, calibrate, quiet, stretch

SECONDS = 5.0
"""A measurement ends after this time, if it has FEWEST samples by then."""
FEWEST = 7


def seconds(call: Call, count: int, *, clock: Clock = time.perf_counter_ns) -> list[float]:
    """``count`` samples of the time of a call, in seconds; fewer of a call that takes long."""
    with quiet():
        loops = calibrate(call, clock=clock)
        return _until(lambda: stretch(call, loops, clock) / loops * 1e-9, count, clock)


def setup_seconds(build: Callable[[], Call], count: int, *, clock: Clock = time.perf_counter_ns) -> list[float]:
    """What it takes to build a callable and call it once, beyond what its calls take from then on.

    Whatever ``build`` returns is new each time, so that tracing and compiling are done anew. What is once a
    process, such as the start of a runtime, must have happened before. Noise may make it negative.
    """

    def sample() -> float:
        start = clock()
        call = build()
        call()
        first = clock() - start
        return (first - statistics.median(stretch(call, 1, clock) for _ in range(5))) * 1e-9

    with quiet():
        return _until(sample, count, clock)


def copy_seconds(
    make: Call, copy: Callable[[Any], object], count: int, *, clock: Clock = time.perf_counter_ns
) -> list[float]:
    """The time of ``copy`` of what ``make`` returned, which is new each time: a library may keep the copy it has
    made."""

    def sample() -> float:
        made = make()
        start = clock()
        copy(made)
        return (clock() - start) * 1e-9

    with quiet():
        sample()  # the first copy makes room
        return _until(sample, count, clock)


def stored(samples: list[float]) -> Samples:
    """In the form in which asv stores every sample of a ``track_`` benchmark, to a picosecond."""
    return {"samples": [round(sample, 12) for sample in samples], "number": 1}


def _until(sample: Callable[[], float], count: int, clock: Clock) -> list[float]:
    start = clock()
    samples: list[float] = []
    while len(samples) < count and (len(samples) < FEWEST or clock() - start < SECONDS * 1e9):
        samples.append(sample())
    return samples

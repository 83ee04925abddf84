"""Interleaved pairs: two callables timed in turn, A B B A, inside one process.

Contract: ``pairs(a, b, count)`` returns ``count`` natural logarithms of the ratio of a's time to b's, one a
quartet. A drift of the machine that is linear over a quartet cancels in it, and the ratio's noise is that
of the machine over one quartet, not over the whole run. Nothing here knows about chains, modes or asv.
"""

import gc
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import repeat
from typing import Any

from threadpoolctl import threadpool_info, threadpool_limits

from .cores import threads

Samples = dict[str, list[float] | int]
Call = Callable[[], Any]
Clock = Callable[[], int]

STRETCH_NS = 1_000_000
"""Shortest timed stretch, in nanoseconds. On two shared cores 0.25 ms gave pairs with up to three times the spread;
4 ms gave half of it, for four times the time."""

FEWEST, SECONDS = 3, 0.2
"""Pairs that a process takes of a ratio at least, and how long it goes on for more of them: of what takes long, further
processes tell more in that time (T. Kalibera and R. Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013)."""


def pairs(
    a: Call,
    b: Call,
    count: int,
    *,
    seconds: float = math.inf,
    clock: Clock = time.perf_counter_ns,
    stretch_ns: int = STRETCH_NS,
    collecting: bool = False,
) -> list[float]:
    """Time ``a`` against ``b`` in ``count`` quartets A B B A; one log((a1 + a2) / (b1 + b2)) a quartet.

    Quartets that have lasted ``seconds`` together are enough, once there are FEWEST of them. Each of the four
    stretches calls its side equally often, chosen such that the faster side's stretch lasts at least
    ``stretch_ns``. Both sides are warmed up first; the garbage collector is off (or as it was, where
    ``collecting``) and BLAS is held to its threads (`cores.threads`) while the clock runs. ``clock`` returns
    nanoseconds. Raises ValueError for a count below 1.
    """
    if count < 1:
        raise ValueError(f"pairs: expected a count of at least 1, got {count}; ask for one pair or more")
    with quiet(collecting):
        loops = calibrate(a, b, clock=clock, stretch_ns=stretch_ns)
        start = clock()
        found: list[float] = []
        while len(found) < count and (len(found) < FEWEST or (clock() - start) * 1e-9 < seconds):
            found.append(_quartet(a, b, loops, clock))
        return found


def samples(a: Call, b: Call, count: int, *, collecting: bool = False) -> Samples:
    """:func:`pairs` of a ratio as :func:`rounded` stores them, fewer than ``count`` of what takes long."""
    return rounded(pairs(a, b, count, seconds=SECONDS, collecting=collecting))


def rounded(ratios: list[float]) -> Samples:
    """The form in which asv stores every sample of a ``track_`` benchmark, and their median as its value.

    Rounded to 1e-6, a thousandth of what such a measurement resolves, so that asv's tables stay readable.
    """
    return {"samples": [round(sample, 6) for sample in ratios], "number": 1}


def calibrate(*calls: Call, clock: Clock = time.perf_counter_ns, stretch_ns: int = STRETCH_NS) -> int:
    """How many calls make the fastest side's stretch last ``stretch_ns``; warms up every side on the way."""
    for call in calls:
        call()
    loops = 1
    while (shorter := min(stretch(call, loops, clock) for call in calls)) < stretch_ns:
        # At most tenfold a step: the first stretches of a cold cache, or of a coarse clock, mislead.
        loops = min(10 * loops, max(loops + 1, math.ceil(loops * stretch_ns / max(shorter, 1))))
    return loops


@contextmanager
def quiet(collecting: bool = False) -> Iterator[None]:
    """Collected garbage, no collector (or as it was, where `collecting`), BLAS on its threads; afterwards as before."""
    enabled = gc.isenabled()
    gc.collect()
    if not collecting:
        gc.disable()
    try:
        with threadpool_limits(threads()):
            yield
    finally:
        if enabled:
            gc.enable()


def blas_threads() -> int:
    """The number of BLAS threads in force; 0 where threadpoolctl cannot see NumPy's BLAS (Apple's
    Accelerate)."""
    return max((pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"), default=0)


def _quartet(a: Call, b: Call, loops: int, clock: Clock) -> float:
    a1 = stretch(a, loops, clock)
    b1 = stretch(b, loops, clock)
    b2 = stretch(b, loops, clock)
    a2 = stretch(a, loops, clock)
    return math.log((a1 + a2) / (b1 + b2))


def stretch(call: Call, loops: int, clock: Clock = time.perf_counter_ns) -> int:
    """Nanoseconds that ``loops`` calls take together."""
    start = clock()
    for _ in repeat(None, loops):
        call()
    return clock() - start

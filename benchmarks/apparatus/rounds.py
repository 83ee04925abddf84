"""Several callables timed in turn, there and back (A B C C B A), inside one process: all of them against each other.

Contract: as :mod:`benchmarks.apparatus.pairs`, whose quartet A B B A is a round of two. A drift of the machine that is
linear over a round cancels in the ratio of any two of them. Each round begins with the next callable, since whoever
comes last is called twice in a row; and a stretch of several calls begins with one that no clock sees, which brings
back what the others have driven out of the caches (both together: a control of six ways came to 0.945 without them).
Nothing here knows about chains, modes or asv.
"""

import time
from collections.abc import Sequence

from .pairs import STRETCH_NS, Call, Clock, calibrate, quiet, stretch


def rounds(
    calls: Sequence[Call],
    most: int,
    seconds: float,
    *,
    clock: Clock = time.perf_counter_ns,
    stretch_ns: int = STRETCH_NS,
) -> list[list[float]]:
    """Seconds a call of each callable, one number a round; `most` rounds, fewer where they would last longer than
    `seconds`, one at least.

    Each stretch calls its callable as often as makes it last `stretch_ns`. All are warmed up first, the collector is
    off and BLAS is held to its threads while the clock runs. Raises ValueError where there is nothing to time.
    """
    if most < 1 or not calls:
        raise ValueError(f"rounds: expected a callable and a round at least, got {len(calls)} and {most}")
    with quiet():
        loops = [calibrate(call, clock=clock, stretch_ns=stretch_ns) for call in calls]
        found: list[list[float]] = [[] for _ in calls]
        start = clock()
        for done in range(most):
            order = [(done + i) % len(calls) for i in range(len(calls))]
            took = [0] * len(calls)
            for i in (*order, *reversed(order)):
                if loops[i] > 1:
                    calls[i]()
                took[i] += stretch(calls[i], loops[i], clock)
            for times, count, both in zip(found, loops, took, strict=True):
                times.append(both / (2 * count) * 1e-9)
            elapsed = (clock() - start) * 1e-9
            if elapsed + elapsed / (done + 1) > seconds:
                break
        return found

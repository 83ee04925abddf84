"""Is a time steady? Found by changepoints, before anything is timed and once more in what was timed.

Contract: :func:`settle` calls until the times of its calls have stopped changing, or raises :class:`UnsteadyError`;
:func:`expect_level` raises it where samples that were taken change their level on the way. Nothing here knows about
chains, modes or asv.

A device changes its clock with load and heat, and a compiler may come back to its program: what is discarded as warm-up
is not to be assumed (E. Barrett, C. F. Bolz-Tereick, R. Killick, S. Mount and L. Tratt, Virtual Machine Warmup Blows
Hot and Cold, 2017, https://arxiv.org/abs/1602.00602, who find that many programs never become steady). As there,
changes of level are found by an exact segmentation of the times, and those that end in one level are steady from there
on. What is too slow to be seen over the samples cancels in the quartets of :mod:`benchmarks.apparatus.pairs`.
"""

import math
import time
from collections.abc import Sequence
from itertools import repeat
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .pairs import Call, Clock, calibrate, quiet, stretch

Floats = NDArray[np.float64]

SHORTEST = 5
"""Samples in a segment, at least."""
PENALTY = 4.0
"""What a further segment has to gain, times log(samples): fewer than 0.1 % of series without a change are cut at that
price (none of 4200 of 24 to 200 samples), and a change by three times the spread after 20 of 40 always was."""
MARGIN = 0.01
"""Levels that are no further apart, in their logarithm, are one: clocks move in steps, and a pair resolves no less."""
FIRST, FURTHER, MOST = 24, 8, 200
"""Samples before the first look, between two, and at most."""
LEVEL = 16
"""Samples that a level has to last to be the steady one."""
SECONDS = 60.0
"""A call that takes long gets no more samples after this time."""


class UnsteadyError(ArithmeticError):
    """The times of a call go on changing."""


class Settled(NamedTuple):
    """When the times of a call had stopped changing: after so many calls, and so many seconds, from the first on."""

    calls: int
    seconds: float


def settle(call: Call, clock: Clock = time.perf_counter_ns) -> Settled:
    """Call until the last LEVEL samples or more are of one level. UnsteadyError after MOST samples, or SECONDS."""
    began = clock()
    with quiet():
        loops = calibrate(call, call, clock)
        times: list[float] = []
        starts: list[int] = []
        for _ in repeat(None, MOST):
            starts.append(clock() - began)
            times.append(max(stretch(call, loops, clock), 1) / loops)
            if len(times) < FIRST or (len(times) - FIRST) % FURTHER:
                continue
            steady = steady_from(np.log(times))
            if len(times) - steady >= LEVEL:
                return Settled(steady * loops, starts[steady] * 1e-9)
            if clock() - began > SECONDS * 1e9:
                break
    raise UnsteadyError(
        f"expected the time of a call to become steady; after {len(times)} samples in {(clock() - began) * 1e-9:.0f} s "
        f"it still changes: {_levels(np.log(times))}; let the machine do nothing else, let the device cool, or hold "
        "its clock (nvidia-smi --lock-gpu-clocks)"
    )


def expect_level(what: str, samples: Sequence[float]) -> None:
    """UnsteadyError where samples, logarithms of times or of their ratios, do not keep to one level."""
    values = np.asarray(samples, dtype=float)
    if steady_from(values) > 0:
        raise UnsteadyError(
            f"expected {what} to keep to one level over {len(values)} samples, got {_levels(values)}; measure it anew, "
            "with the machine doing nothing else and the device's clock held (nvidia-smi --lock-gpu-clocks)"
        )


def steady_from(values: Floats) -> int:
    """The index from which on all values (k,) are of one level: 0 where there is none but one."""
    cuts = segments(values)
    medians = [float(np.median(part)) for part in np.split(values, cuts)]
    starts = [0, *cuts]
    steady = len(starts) - 1
    while steady and abs(medians[steady - 1] - medians[-1]) <= MARGIN:
        steady -= 1
    return starts[steady]


def segments(values: Floats) -> list[int]:
    """Where the level of values (k,) changes: the indices at which new segments begin.

    The cheapest cut into segments of SHORTEST or more: the squares of the normal scores' distances from their segment's
    mean, and PENALTY log k a segment more. Scores are of the ranks, so that a disturbance of a single call, however
    long, is no change of level, and a series without a change is cut as rarely whatever its distribution. Exact, by
    dynamic programming (B. Jackson et al., An Algorithm for Optimal Partitioning of Data on an Interval, 2005,
    https://arxiv.org/abs/math/0309285): O(k^2) time, some milliseconds for k = 200.
    """
    k = len(values)
    if k < 2 * SHORTEST or np.ptp(values) == 0:
        return []
    scores = normal_scores(values)
    sums, squares = (np.concatenate([[0.0], np.cumsum(part)]) for part in (scores, scores**2))
    best, last = np.full(k + 1, math.inf), np.zeros(k + 1, dtype=int)
    best[0] = 0.0
    for end in range(SHORTEST, k + 1):
        starts = np.arange(0, end - SHORTEST + 1)
        distance = squares[end] - squares[starts] - (sums[end] - sums[starts]) ** 2 / (end - starts)
        price = best[starts] + distance + np.where(starts > 0, PENALTY * math.log(k), 0.0)
        last[end] = starts[int(np.argmin(price))]
        best[end] = price.min()
    cuts, end = [], k
    while (end := int(last[end])) > 0:
        cuts.append(end)
    return cuts[::-1]


def normal_scores(values: Floats) -> Floats:
    """The quantiles of a normal distribution at the values' ranks (k,), equal ones at their mean rank; variance 1."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[place]
    normal = NormalDist()
    scores = np.array([normal.inv_cdf(float(rank)) for rank in ranks / (len(values) + 1)])
    return scores / np.std(scores)


def _levels(values: Floats) -> str:
    """The levels in words: the change of each against the first, in percent."""
    cuts = segments(values)
    medians = [float(np.median(part)) for part in np.split(values, cuts)]
    told = [
        f"{100 * math.expm1(median - medians[0]):+.1f} % from sample {cut + 1} on"
        for cut, median in zip(cuts, medians[1:], strict=True)
    ]
    return ", ".join(told) or "no level that lasts"

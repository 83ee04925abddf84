"""Is a time steady? Found by changepoints, before anything is timed and once more in what was timed.

Contract: :func:`settle` calls until the times of its calls have stopped changing, or raises :class:`UnsteadyError`;
:func:`expect_level` raises it where samples that were taken change their level on the way. Nothing here knows about
chains, modes or asv.

A device changes its clock with load and heat, and a compiler may come back to its program: what is discarded as warm-up
is not to be assumed (E. Barrett, C. F. Bolz-Tereick, R. Killick, S. Mount and L. Tratt, Virtual Machine Warmup Blows Hot
and Cold, 2017, https://arxiv.org/abs/1602.00602, who find that many programs never become steady). As there, changes of
level and spread are found by an exact segmentation of the times, and those that end in one level are steady from there
on. What is too slow to be seen over the samples cancels in the quartets of :mod:`benchmarks.apparatus.pairs`.
"""

import math
import time
from collections.abc import Sequence
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .pairs import Call, Clock, calibrate, quiet, stretch

Floats = NDArray[np.float64]

SHORTEST = 5
"""Samples in a segment, at least: fewer have no spread to speak of."""
PENALTY = 12.0
"""What a further segment has to gain, in units of log(samples): of 10 000 series of 24 to 200 samples without a change,
normal and with outliers, 0.1 % or fewer are cut at that price (tests/test_steady.py counts them anew)."""
MARGIN = 0.01
"""Levels that are no further apart, in their logarithm, are one: clocks move in steps, and a pair resolves no less."""
FAR = 3.0
"""Interquartile ranges from the quartiles beyond which a sample is an outlier, and is moved to there."""
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
        f"expected the time of a call to become steady; after {len(times)} samples in {(clock() - began) * 1e-9:.0f} s it "
        f"still changes: {_levels(np.log(times))}; let the machine do nothing else, let the device cool, or hold its clock "
        "(nvidia-smi --lock-gpu-clocks)"
    )


def expect_level(what: str, samples: Sequence[float]) -> None:
    """UnsteadyError where samples, logarithms of times or of their ratios, do not keep to one level."""
    values = np.asarray(samples, dtype=float)
    if steady_from(values) > 0:
        raise UnsteadyError(
            f"expected {what} to keep to one level over {len(values)} samples, got {_levels(values)}; measure it anew, with "
            "the machine doing nothing else and the device's clock held (nvidia-smi --lock-gpu-clocks)"
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


def segments(values: Floats, penalty: float = PENALTY) -> list[int]:
    """Where the level or the spread of values (k,) changes: the indices at which new segments begin.

    The cheapest cut into segments of SHORTEST or more, each normal with a mean and a spread of its own, a segment more
    costing ``penalty`` log k. Exact, by dynamic programming (B. Jackson et al., An Algorithm for Optimal Partitioning of
    Data on an Interval, 2005, https://arxiv.org/abs/math/0309285): O(k^2) time, which is 10 ms for k = 200.
    """
    k = len(values)
    if k < 2 * SHORTEST:
        return []
    values = clipped(values)
    values = values - np.mean(values)
    sums, squares = (np.concatenate([[0.0], np.cumsum(part)]) for part in (values, values**2))
    # Equal values have no spread: the smallest that a timer and six digits of a logarithm leave.
    least = max(1e-12, 1e-4 * float(np.var(values)))
    best, last = np.full(k + 1, math.inf), np.zeros(k + 1, dtype=int)
    best[0] = 0.0
    for end in range(SHORTEST, k + 1):
        starts = np.arange(0, end - SHORTEST + 1)
        count = end - starts
        mean = (sums[end] - sums[starts]) / count
        variance = np.maximum((squares[end] - squares[starts]) / count - mean**2, least)
        price = best[starts] + count * np.log(variance) + np.where(starts > 0, penalty * math.log(k), 0.0)
        last[end] = starts[int(np.argmin(price))]
        best[end] = price.min()
    cuts, end = [], k
    while (end := int(last[end])) > 0:
        cuts.append(end)
    return cuts[::-1]


def clipped(values: Floats) -> Floats:
    """The values with outliers moved to FAR interquartile ranges from the quartiles of the samples around them.

    A disturbance of a single call is no change of level. Around: as many as LEVEL, so that a level is not taken for
    outliers of another.
    """
    kept = values.copy()
    for i in range(len(values)):
        start = min(max(0, i - LEVEL // 2), max(0, len(values) - LEVEL))
        low, high = np.quantile(values[start : start + LEVEL], (0.25, 0.75))
        kept[i] = np.clip(values[i], low - FAR * (high - low), high + FAR * (high - low))
    return kept


def _levels(values: Floats) -> str:
    """The levels in words: the change of each against the first, in percent."""
    cuts = segments(values)
    medians = [float(np.median(part)) for part in np.split(values, cuts)]
    told = [f"{100 * math.expm1(median - medians[0]):+.1f} % from sample {cut + 1}" for cut, median in zip(cuts, medians[1:], strict=True)]
    return ", ".join(told) or "no level that lasts"

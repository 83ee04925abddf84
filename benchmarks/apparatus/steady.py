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
PENALTY = 6.0
"""What a further segment has to gain, times log(samples): of 630 series of 24 and 41 samples without a change (normal,
Student's t, exponential, with outliers) two were cut, and a change of three times the noise after 20 of 40 always
was."""
FAR = 3.0
"""Standard deviations of the noise beyond which a sample is as far as another."""
MARGIN = 0.01
"""Levels that are no further apart, in their logarithm, are one: clocks move in steps, and a pair resolves no less."""
STRETCH_NS = 50_000_000
"""Shortest sample while settling, in nanoseconds: FIRST of them last longer than a second, as clocks need some tenths
of one to follow the load."""
FIRST, FURTHER, MOST = 24, 8, 200
"""Samples before the first look, between two, and at most."""
LEVEL = 16
"""Samples that a level has to last to be the steady one."""
SECONDS = 60.0
"""A call that takes long gets no more samples after this time."""


class UnsteadyError(ArithmeticError):
    """The times of a call go on changing."""


class Settled(NamedTuple):
    """When the times of a call had stopped changing: after so many calls of those sampled, and so many seconds.

    0 where that was before the first sample, while it was found out how many calls make one.
    """

    calls: int
    seconds: float


def settle(call: Call, clock: Clock = time.perf_counter_ns) -> Settled:
    """Call until the last LEVEL samples or more are of one level. UnsteadyError after MOST samples, or SECONDS."""
    with quiet():
        loops = calibrate(call, call, clock=clock, stretch_ns=STRETCH_NS)  # a longer warm-up than one of each
        began = clock()
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

    The cheapest cut into segments of SHORTEST or more: the squared distance of each value from its segment's median, in
    units of the noise and no more than FAR of them, and PENALTY log k a segment more. The bound makes a disturbance of
    a single call no change of level (P. Fearnhead and G. Rigaill, Changepoint Detection in the Presence of Outliers,
    2019, https://arxiv.org/abs/1609.07363). Exact, by dynamic programming (B. Jackson et al., An Algorithm for Optimal
    Partitioning of Data on an Interval, 2005, https://arxiv.org/abs/math/0309285): O(k^3) time, some tenths of a second
    for k = 200.
    """
    k = len(values)
    if k < 2 * SHORTEST or np.ptp(values) == 0:
        return []
    scaled = values / noise(values)
    best, last = [0.0] + [math.inf] * k, [0] * (k + 1)
    for end in range(SHORTEST, k + 1):
        for start in (0, *range(SHORTEST, end - SHORTEST + 1)):
            if best[start] >= best[end]:  # no segment is cheaper than nothing
                continue
            part = scaled[start:end]
            median = np.partition(part, len(part) // 2)[len(part) // 2]
            price = best[start] + float(np.minimum((part - median) ** 2, FAR**2).sum())
            price += PENALTY * math.log(k) if start else 0.0
            if price < best[end]:
                best[end], last[end] = price, start
    cuts, end = [], k
    while (end := last[end]) > 0:
        cuts.append(end)
    return cuts[::-1]


def noise(values: Floats) -> float:
    """The standard deviation of the noise in values (k,), k > 1, around whatever levels: the median distance of
    neighbours, as that of normal noise; not less than six digits of a logarithm leave."""
    return max(float(np.median(np.abs(np.diff(values)))) / (math.sqrt(2) * NormalDist().inv_cdf(0.75)), 1e-6)


def _levels(values: Floats) -> str:
    """The levels in words: the change of each against the first, in percent."""
    cuts = segments(values)
    medians = [float(np.median(part)) for part in np.split(values, cuts)]
    told = [
        f"{100 * math.expm1(median - medians[0]):+.1f} % from sample {cut + 1} on"
        for cut, median in zip(cuts, medians[1:], strict=True)
    ]
    return ", ".join(told) or "no level that lasts"

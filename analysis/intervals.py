"""Medians, means and shares of samples: how sure they are, and where a curve of medians crosses zero.

Pure functions on arrays. Every random draw is seeded, so that the same samples give the same numbers.

**Over processes.** A ratio is measured in several fresh processes, and each gives one number, the median of its pairs.
What pairs of one process share, such as where memory lies, differs from process to process, so that the interval comes
from the processes' numbers (T. Kalibera and R. Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013,
https://doi.org/10.1145/2464157.2464160): `over_processes`, their mean and Student's t; from TRIMMED on, without the
least and the greatest. It was chosen on made-up processes (noise of pairs in the median of 7; between processes normal,
heavy-tailed, or one in twenty disturbed, off by 5 to 30 %; spreads that differ from cell to cell), by what 95 %
intervals cover and by what two runs say of each other, difference over standard error (tests/test_intervals.py):

    processes                      3            4            5            8            12
    covered, %                     95 to 96     95 to 96     95 to 96     94 to 95     95
    two runs' intervals overlap    99.5 %       99.5 %       99.5 %       99.4 %       99.5 %
    difference: median             0.7 to 0.85  0.7 to 0.85  0.7 to 0.85  0.7          0.7
    difference: 95 % point         2.5 to 2.9   2.2 to 2.4   2.1 to 2.3   2.2 to 2.3   2.0 to 2.1

What was not taken: the median with t covers 97 %, 25 % wider, and with its own spread (MAD) 79 to 90 % of few
processes; trimming of fewer than eight, or of more, 91 to 93 % of some noises; the mean without trimming is 60 % wider
at 12 where processes are disturbed, and a bootstrap of three numbers has no tail. A moderated t (G. Smyth, Linear
Models and Empirical Bayes Methods, 2004), each spread drawn towards that of the run's other cells, is 40 % narrower at
three processes and covers 95 % of all cells, but 83 to 88 % of the tenth that is noisiest: the cells whose intervals
were too short before. It plans how many processes to take (`analysis.tables.allocation`), and judges nothing.

**Over samples of one process** the bootstrap is scipy's (percentile method; B. Efron and R. Tibshirani, An Introduction
to the Bootstrap, 1993, chapter 13; https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.bootstrap.html). It
takes the samples for independent: drift that both members of a pair share cancels in their ratio, drift that lasts
over many pairs of one mode alone does not.
"""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

LEVEL = 0.95
FEWEST = 6
"""Samples below which no interval is given: five that agree in sign happen by chance once in 16 times."""
FEWEST_PROCESSES = 3
"""Processes below which no interval is given: Student's t of two reaches 12.7 standard errors, and says nothing."""
TRIMMED = 8
"""The mean of processes leaves out one in so many at each end: none below so many processes."""
RESAMPLES = 999
SEED = 0

Floats = NDArray[np.float64]


def median_interval(samples: Sequence[float]) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the median; (nan, nan) for fewer than FEWEST samples."""
    if len(samples) < FEWEST:
        return np.nan, np.nan
    return _bootstrap([np.asarray(samples, dtype=float)], lambda sample, axis: np.median(sample, axis=axis))


def mean_interval(samples: ArrayLike) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean; (nan, nan) for fewer than FEWEST samples."""
    values = np.sort(np.asarray(samples, dtype=float))  # so that their order does not matter
    return _bootstrap([values], np.mean) if values.size >= FEWEST else (np.nan, np.nan)


def t_interval(values: ArrayLike) -> tuple[float, float, float]:
    """The mean of independent values and its 95 % interval by Student's t; (nan, nan) of fewer than three.

    What repetitions of the highest level are judged by: processes, runs (T. Kalibera and R. Jones, Rigorous
    Benchmarking in Reasonable Time, ISMM 2013, https://doi.org/10.1145/2464157.2464160).
    """
    found = np.asarray(values, dtype=float)
    if found.size < 3:
        return float(found.mean()), np.nan, np.nan
    margin = float(stats.sem(found) * stats.t.ppf((1 + LEVEL) / 2, found.size - 1))
    return float(found.mean()), float(found.mean() - margin), float(found.mean() + margin)


class Centre(NamedTuple):
    """Where processes lie: their (trimmed) mean, its standard error, and the degrees of freedom of that."""

    value: float
    error: float
    dof: int

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval; (nan, nan) of fewer than FEWEST_PROCESSES."""
        margin = self.error * quantile(self.dof) if self.dof + 1 >= FEWEST_PROCESSES else math.nan
        return self.value - margin, self.value + margin

    @property
    def chance(self) -> float:
        """The two-sided p-value of "the truth is 0"; 1 of fewer than FEWEST_PROCESSES."""
        if self.dof + 1 < FEWEST_PROCESSES or self.value == 0:
            return 1.0
        return float(2 * stats.t.sf(abs(self.value) / self.error, self.dof)) if self.error else 0.0


def over_processes(processes: ArrayLike) -> Centre:
    """Where the truth lies by one number a process, as the docstring at the top says; its error is nan of one alone.

    The mean without the count // TRIMMED least and as many greatest, and its standard error by the winsorised variance
    (J. Tukey and D. McLaughlin, Less Vulnerable Confidence and Significance Procedures for Location, 1963).
    """
    found = np.sort(np.asarray(processes, dtype=float))
    count = found.size
    if count < 2:
        return Centre(float(found.mean()) if count else math.nan, math.nan, 0)
    cut = count // TRIMMED
    kept = found[cut : count - cut]
    winsorised = np.clip(found, kept[0], kept[-1])
    error = float(winsorised.std(ddof=1)) * math.sqrt(count) / kept.size
    return Centre(float(kept.mean()), error, kept.size - 1)


@cache
def quantile(dof: int, level: float = LEVEL) -> float:
    """How many standard errors Student's t with so many degrees of freedom reaches on either side."""
    return float(stats.t.ppf((1 + level) / 2, dof))


def share_interval(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (C. Clopper and E. Pearson, The Use of Confidence or Fiducial Limits, 1934).

    Exact, where a bootstrap of no hits at all would be sure that there never is one. (nan, nan) for fewer than FEWEST.
    """
    if count < FEWEST:
        return np.nan, np.nan
    found = stats.binomtest(hits, count).proportion_ci(LEVEL, method="exact")
    return float(found.low), float(found.high)


def sign_test(samples: Sequence[float]) -> float:
    """The two-sided p-value of "the median is 0", by the number of positive samples; those equal to 0 are dropped.

    Exact for independent samples of any distribution, which the far tail of a bootstrap of 15 pairs is not.
    """
    differences = np.asarray(samples, dtype=float)
    positive, negative = int(np.sum(differences > 0)), int(np.sum(differences < 0))
    if positive + negative == 0:
        return 1.0
    return float(stats.binomtest(positive, positive + negative).pvalue)


def zero(x: ArrayLike, r: ArrayLike) -> Any:
    """Where the increasing curve through the points (x, r) crosses 0; -inf or inf: left or right of them all.

    x: (k,), increasing, k >= 2; r: (..., k). The curve is the isotonic (least squares, not decreasing) fit of r,
    linear between neighbouring points. For values that increase it goes through the points; where noise makes
    the signs change several times, neighbours are pooled, and there is one crossing. It never moves right
    when a value grows. Cost O(k) a curve, vectorised over the leading axes.

    By the partial sums S_j = r_1 + ... + r_j: the fit is negative up to the first smallest S_j and not after
    it; next to it the fit is the largest mean of the values that end there, and the smallest mean of those
    that start there (the min-max formula: R. Barlow, D. Bartholomew, J. Bremner, H. Brunk, Statistical
    Inference under Order Restrictions, 1972, chapter 1).
    """
    x, r = np.asarray(x, dtype=float), np.asarray(r, dtype=float)
    count = x.size
    sums = np.concatenate([np.zeros((*r.shape[:-1], 1)), np.cumsum(r, axis=-1)], axis=-1)
    split = sums.argmin(axis=-1)
    inside = np.clip(split, 1, count - 1)[..., None]
    steps = np.arange(count + 1) - inside
    with np.errstate(divide="ignore", invalid="ignore"):
        means = (sums - np.take_along_axis(sums, inside, axis=-1)) / steps
        below = np.where(steps < 0, means, -np.inf).max(axis=-1)
        above = np.where(steps > 0, means, np.inf).min(axis=-1)
        left, right = x[inside[..., 0] - 1], x[inside[..., 0]]
        crossing = left + (right - left) * below / (below - above)
    return np.where(split == 0, -np.inf, np.where(split == count, np.inf, crossing))


def zero_interval(
    x: Floats, low: Floats, high: Floats, samples: Sequence[Sequence[float]] | None
) -> tuple[float, float]:
    """The 95 % interval of `zero`, for medians with the intervals [low, high] (each (k,)).

    An infinite end lies beyond the points. It is where the band between low and high contains 0: the points' intervals
    decide, whatever they rest on. Over processes it covered the truth in 96 to 99 of 100 simulated tables.

    Where `samples` of one process are given (each point's), the result spans the percentile interval of the crossing
    over bootstrap resamples of them as well. Cost: RESAMPLES medians a point then, two of `zero` else.
    """
    first, last = float(zero(x, high)), float(zero(x, low))
    if samples is None:
        return first, last
    arrays = [np.asarray(sample, dtype=float) for sample in samples]

    def crossing(*resampled: Floats, axis: int) -> Floats:
        medians = np.stack([np.median(sample, axis=axis) for sample in resampled], axis=-1)
        # A percentile between a number and infinity is no number: one step beyond the points stands for it.
        return np.clip(zero(x, medians), x[0] - 1, x[-1] + 1)

    lower, upper = _bootstrap(arrays, crossing)
    return min(first, lower if lower >= x[0] else -np.inf), max(last, upper if upper <= x[-1] else np.inf)


def _bootstrap(arrays: list[Floats], statistic: Any) -> tuple[float, float]:
    found = stats.bootstrap(
        arrays,
        statistic,
        vectorized=True,
        paired=False,
        axis=-1,
        n_resamples=RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        random_state=np.random.default_rng(SEED),
    ).confidence_interval
    return float(found.low), float(found.high)

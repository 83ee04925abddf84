"""A random-effects mean: what runs that each know their own error say together, and how much their truths differ.

Tau squared is that of R. Paule and J. Mandel, Consensus values and weighting factors, Journal of Research of the
National Bureau of Standards 87, 1982, https://doi.org/10.6028/jres.087.022: under it Cochran's Q is what chance alone
would make it. It is reached from below, by the iteration of R. DerSimonian and R. Kacker, Random-effects model for
meta-analysis of clinical trials: an update, Contemporary Clinical Trials 28, 2007,
https://doi.org/10.1016/j.cct.2006.04.004. The closed form of R. DerSimonian and N. Laird (Meta-analysis in clinical
trials, Controlled Clinical Trials 7, 1986) weighs runs by their own errors alone, so that of four runs, of which two
are exact, it says how far these two are apart: 9 % where all four lie within a factor of two.

I squared is that of J. Higgins and S. Thompson, Quantifying heterogeneity in a meta-analysis, Statistics in Medicine
21, 2002, https://doi.org/10.1002/sim.1186; where a further run is expected, that of J. Higgins, S. Thompson and
D. Spiegelhalter, A re-evaluation of random-effects meta-analysis, JRSS A 172, 2009,
https://doi.org/10.1111/j.1467-985X.2008.00552.x. Of few runs tau squared is known vaguely, whatever the estimator.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from analysis.intervals import LEVEL, Floats

STEPS = 100
"""Newton's steps at most; some ten are enough."""


class Pooled(NamedTuple):
    """The common mean of k runs with its interval, and how far apart they are; missing parts are nan.

    `tau2` is the variance between the runs' truths, `i2` the share of what is seen that it makes up, `q` Cochran's Q,
    which is chi squared with k - 1 degrees of freedom where all truths are one, and `p` its upper tail; `further_low`
    and `further_high` are where the truth of one more such run is expected (95 %), of three runs or more.
    """

    mean: float
    low: float
    high: float
    tau2: float
    i2: float
    q: float
    p: float
    further_low: float
    further_high: float


NOTHING = Pooled(*[math.nan] * len(Pooled._fields))


def pooled(values: ArrayLike, errors: ArrayLike) -> Pooled:
    """The random-effects mean of `values` (k,) with standard errors `errors` (k,), all positive; nothing of k < 2."""
    # In one order whatever the order given: the sums are then the same to the last digit.
    y, s = np.array(sorted(zip(np.ravel(values), np.ravel(errors), strict=True)), dtype=float).reshape(-1, 2).T
    count = y.size
    if count < 2:
        return NOTHING
    y, centre = y - y[0], float(y[0])  # equal values then differ from their mean by nothing, and not by the last digit
    q = _spread(y, s, 0.0)[0]
    tau2 = paule_mandel(y, s)
    weight = 1 / (s**2 + tau2)
    mean, error = centre + float(np.average(y, weights=weight)), float(weight.sum() ** -0.5)
    margin = error * float(stats.norm.ppf((1 + LEVEL) / 2))
    beyond = math.nan
    if count > 2:
        beyond = math.hypot(error, math.sqrt(tau2)) * float(stats.t.ppf((1 + LEVEL) / 2, count - 2))
    i2 = max(0.0, 1 - (count - 1) / q) if q > 0 else 0.0
    p = float(stats.chi2.sf(q, count - 1))
    return Pooled(mean, mean - margin, mean + margin, tau2, i2, q, p, mean - beyond, mean + beyond)


def paule_mandel(y: Floats, s: Floats) -> float:
    """Tau squared at which the weighted squares of `y` (k,) about their mean sum to k - 1; 0 where they do already.

    Newton's method from 0: the sum falls with tau squared and is convex, so that no step goes too far.
    """
    tau2 = 0.0
    for _ in range(STEPS):
        squares, slope = _spread(y, s, tau2)
        step = (squares - (y.size - 1)) / slope if slope > 0 else 0.0
        if step <= 1e-12 * tau2:
            break
        tau2 += step
    return tau2


def _spread(y: Floats, s: Floats, tau2: float) -> tuple[float, float]:
    """The weighted squares about the weighted mean, summed, and by how much less they are for a little more tau2."""
    weight = 1 / (s**2 + tau2)
    squares = (y - np.average(y, weights=weight)) ** 2
    return float(weight @ squares), float(weight**2 @ squares)

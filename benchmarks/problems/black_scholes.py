"""A European option's call, put, delta, gamma and vega, by price, strike, time, rate and volatility: n = m = 5 each.

F. Black and M. Scholes, The pricing of options and corporate liabilities, 1973 (https://doi.org/10.1086/260062). The
normal distribution is that of M. Abramowitz and I. Stegun, Handbook of mathematical functions, 26.2.17, as code
without an error function has it: right to 7.5e-8. The known values are the examples in J. Hull, Options, futures and
other derivatives, chapters 15 and 19 (9th edition).
"""

import math
from typing import Any

import numpy as np

from .problem import Known, Problem, drawn

TAIL = (0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429)
COSTS = np.array([42.0, 40.0, 0.5, 0.1, 0.2])
GREEKS = np.array([49.0, 50.0, 0.3846, 0.05, 0.2])


def density(z: Any, xp: Any) -> Any:
    return xp.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)


def distribution(z: Any, xp: Any) -> Any:
    """The share below z of a normal distribution."""
    t = 1.0 / (1.0 + 0.2316419 * xp.abs(z))
    series = 0.0
    for coefficient in reversed(TAIL):
        series = t * (coefficient + series)
    tail = density(z, xp) * series
    return xp.where(z > 0.0, 1.0 - tail, tail)


def f(x: Any, xp: Any) -> Any:
    """x: five rows of as many options, one after the other; so is the result."""
    price, strike, time, rate, volatility = x.reshape(5, -1)
    root = volatility * xp.sqrt(time)
    d1 = (xp.log(price / strike) + (rate + 0.5 * volatility**2) * time) / root
    later = strike * xp.exp(-rate * time)
    call = price * distribution(d1, xp) - later * distribution(d1 - root, xp)
    put = call - price + later
    gamma = density(d1, xp) / (price * root)
    vega = price * density(d1, xp) * xp.sqrt(time)
    return xp.concatenate([call, put, distribution(d1, xp), gamma, vega])


def problem(size: int) -> Problem:
    """`size` options."""
    x = COSTS[:, None] * (1.0 + 0.1 * drawn(1, 5, size))
    known = (
        Known("Hull, example 15.6: call, put", COSTS, (4.76, 0.81), 1.1e-3, lambda y: y[:2]),
        Known("Hull, chapter 19: delta, gamma", GREEKS, (0.522, 0.066), 1e-3, lambda y: y[2:4]),
        Known("Hull, chapter 19: vega", GREEKS, 12.1, 4e-3, lambda y: y[4]),
    )
    return Problem(x.ravel(), f, known=known)

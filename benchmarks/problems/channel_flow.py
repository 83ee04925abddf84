"""A fluid pressed through a channel whose walls let it in: a boundary value problem, by collocation. n = m = 8 a part.

B. Averick, R. Carter, J. Moré and G. Xue, The MINPACK-2 test problem collection, ANL/MCS-P153-0692, 1992
(https://ftp.mcs.anl.gov/pub/MINPACK-2/): u'''' = R (u' u'' - u u''') on [0, 1], u(0) = u'(0) = u'(1) = 0, u(1) = 1.

In each part u is a polynomial of degree 7: four unknowns are its derivatives at the part's left end, four more go
on; the equation holds at the four points of Gauss. At the standard starting point u = t^2 (3 - 2 t), which solves it
for R = 0.
"""

import math
from typing import Any

import numpy as np

from .problem import Array, Known, Problem

REYNOLDS = 10.0
GAUSS = 0.5 + 0.5 * np.polynomial.legendre.leggauss(4)[0]


def basis(at: Array, width: float, derivative: int) -> Array:
    """What a part's unknowns (8,) contribute to a derivative of u at points (k,) of [0, 1] in it: (k, 8)."""
    columns = np.zeros((len(at), 8))
    for j in range(8):
        power = j - derivative
        if power >= 0:
            scale = width**power if j < 4 else width ** (4 - derivative)
            columns[:, j] = at**power * scale / math.factorial(power)
    return columns


def start(parts: int) -> Array:
    """MINPACK-2's standard starting point."""
    t = np.arange(parts) / parts
    u = [t**2 * (3.0 - 2.0 * t), 6.0 * t * (1.0 - t), 6.0 * (1.0 - 2.0 * t), np.full(parts, -12.0)]
    return np.stack([*u, *np.zeros((4, parts))], axis=1).ravel()


def problem(size: int) -> Problem:
    """`size` parts."""
    inside = [basis(GAUSS, 1.0 / size, derivative).T for derivative in range(5)]
    end = np.concatenate([basis(np.ones(1), 1.0 / size, derivative) for derivative in range(4)])

    def f(x: Any, xp: Any) -> Any:
        unknowns = x.reshape(size, 8)
        u, first, second, third, fourth = (unknowns @ columns for columns in inside)
        equation = fourth - REYNOLDS * (first * second - u * third)
        ends = unknowns @ end.T
        joints = unknowns[1:, :4] - ends[:-1]
        between = xp.concatenate([equation[:-1], joints], axis=1).reshape(-1)
        walls = ends[-1, :2] - np.array([1.0, 0.0])
        return xp.concatenate([x[:2], between, equation[-1], walls])

    x = start(size)
    t = (np.arange(size)[:, None] + GAUSS) / size
    u, first, second = t**2 * (3 - 2 * t), 6 * t * (1 - t), 6 - 12 * t
    expected = np.zeros((size, 8))
    expected[:, :4] = -REYNOLDS * (first * second + 12.0 * u)
    flat = np.concatenate([np.zeros(2), expected.ravel()[:-4], np.zeros(2)])
    return Problem(x, f, known=(Known("closed form: what u = t^2 (3 - 2 t) leaves", x, flat, 1e-12),))

"""The human heart as two dipoles: their moments and places, by the sums that electrodes measure. n = m = 8.

B. Averick, R. Carter, J. Moré and G. Xue, The MINPACK-2 test problem collection, ANL/MCS-P153-0692, 1992
(https://ftp.mcs.anl.gov/pub/MINPACK-2/); J. Dennis, D. Gay and P. Vu, A new nonlinear equations test problem, 1983. The
data are those of experiment 791226.

Of moments p = a + i c and q = b + i d at places z = t + i v and s = u + i w the equations are the real and the
imaginary parts of p z^k + q s^k for k = 0 to 3: that is the hand-written derivative and the value known beside it.
"""

from typing import Any

import numpy as np

from .problem import Array, Known, Problem

SUMS = np.array([-0.69, -0.044, -1.57, -1.31, -2.65, 2.0, -12.6, 9.48])
START = np.array([-0.3, -0.39, 0.3, -0.344, -1.2, 2.69, 1.59, -1.5])
"""MINPACK-2's standard starting point."""


def f(x: Any, xp: Any) -> Any:
    a, b, c, d, t, u, v, w = x
    return (
        xp.stack(
            [
                a + b,
                c + d,
                t * a + u * b - v * c - w * d,
                v * a + w * b + t * c + u * d,
                a * (t**2 - v**2) - 2 * c * t * v + b * (u**2 - w**2) - 2 * d * u * w,
                c * (t**2 - v**2) + 2 * a * t * v + d * (u**2 - w**2) + 2 * b * u * w,
                a * t * (t**2 - 3 * v**2)
                + c * v * (v**2 - 3 * t**2)
                + b * u * (u**2 - 3 * w**2)
                + d * w * (w**2 - 3 * u**2),
                c * t * (t**2 - 3 * v**2)
                - a * v * (v**2 - 3 * t**2)
                + d * u * (u**2 - 3 * w**2)
                - b * w * (w**2 - 3 * u**2),
            ]
        )
        - SUMS
    )


def jacobian(x: Array) -> Array:
    """Of complex moments and places, each derivative g a block ((Re g, -Im g), (Im g, Re g))."""
    a, b, c, d, t, u, v, w = x
    J = np.empty((8, 8))
    for k in range(4):
        columns = {(0, 2): (t + 1j * v) ** k, (1, 3): (u + 1j * w) ** k}
        columns[4, 6] = k * (a + 1j * c) * (t + 1j * v) ** max(k - 1, 0)
        columns[5, 7] = k * (b + 1j * d) * (u + 1j * w) ** max(k - 1, 0)
        for (real, imaginary), g in columns.items():
            J[2 * k : 2 * k + 2, [real, imaginary]] = [[g.real, -g.imag], [g.imag, g.real]]
    return J


def problem(size: int) -> Problem:
    """`size` is 1."""
    a, b, c, d, t, u, v, w = START
    powers = [(a + 1j * c) * (t + 1j * v) ** k + (b + 1j * d) * (u + 1j * w) ** k for k in range(4)]
    moments = np.array([part for power in powers for part in (power.real, power.imag)])
    return Problem(START, f, jacobian, (Known("closed form: complex moments", START, moments - SUMS, 1e-14),))

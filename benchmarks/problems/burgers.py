"""Burgers' equation on a ring, five explicit steps: a stencil, whose Jacobian has few entries off its diagonal. n = m.

J. Burgers, A mathematical model illustrating the theory of turbulence, 1948; u_t + (u^2 / 2)_x = u_xx / 100, by central
differences. What is carried is conserved: the sum of u stays.
"""

from typing import Any

import numpy as np

from .problem import Array, Known, Problem, drawn

VISCOSITY, STEPS = 0.01, 5


def problem(size: int) -> Problem:
    """`size` points."""
    width = 1.0 / size
    step = 0.2 * min(width, width**2 / VISCOSITY)

    def f(x: Any, xp: Any) -> Any:
        for _ in range(STEPS):
            right, left = xp.roll(x, -1), xp.roll(x, 1)
            carried = (right**2 - left**2) / (4.0 * width)
            x = x + step * (VISCOSITY * (right - 2.0 * x + left) / width**2 - carried)
        return x

    def jacobian(x: Array) -> Array:
        unit = np.eye(size)
        right, left = np.roll(unit, -1, axis=0), np.roll(unit, 1, axis=0)
        diffusion = VISCOSITY * (right - 2.0 * unit + left) / width**2
        J = unit
        for _ in range(STEPS):
            carried = (np.roll(x, -1)[:, None] * right - np.roll(x, 1)[:, None] * left) / (2.0 * width)
            J = (unit + step * (diffusion - carried)) @ J
            x = f_step(x)
        return J

    def f_step(x: Array) -> Array:
        right, left = np.roll(x, -1), np.roll(x, 1)
        moved: Array = VISCOSITY * (right - 2 * x + left) / width**2 - (right**2 - left**2) / (4 * width)
        return x + step * moved

    x = np.sin(2 * np.pi * width * np.arange(size)) + 0.1 * drawn(1, size)
    return Problem(x, f, jacobian, (Known("closed form: conservation", x, x.sum(), 1e-12, np.sum),))

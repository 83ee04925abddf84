"""Where a charged particle crosses the axis, by the place of one of the two charges that push it: a loop whose length
hangs on values.

From the definition in GradBench's eval particle (https://github.com/gradbench/gradbench/tree/main/evals/particle); B.
Pearlmutter and J. Siskind, Using programming language theory to make automatic differentiation sound and efficient,
2008 (https://doi.org/10.1007/978-3-540-68942-3_8). There the force is a gradient taken inside what is differentiated;
here it is an argument.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .problem import Array, Known, Problem

STEP = 0.1
BEST = 0.2071918746486116
"""The control that GradBench expects, with which the particle crosses the axis at the origin."""


def potential(x: Any, w: Any) -> Any:
    """Of the charges at (10, 10 - w) and (10, 0), at x."""
    across = (x[0] - 10.0) ** 2
    return 1.0 / np.sqrt(across + (x[1] - (10.0 - w)) ** 2) + 1.0 / np.sqrt(across + x[1] ** 2)


def force(x: Any, w: Any) -> Any:
    """Minus the potential's gradient, by hand."""
    first, second = x - np.array([10.0, 10.0]) + w * np.array([0.0, 1.0]), x - np.array([10.0, 0.0])
    return first / np.sum(first**2) ** 1.5 + second / np.sum(second**2) ** 1.5


def landing(w: Any, force: Callable[[Any, Any], Any]) -> Any:
    """The square of where the axis is crossed, by naive steps of Euler's and a line through the last."""
    x, velocity = np.array([0.0, 8.0]), np.array([0.75, 0.0])
    while True:
        pushed = force(x, w)
        x = x + STEP * velocity
        if x[1] <= 0.0:
            crossing = x - x[1] / velocity[1] * velocity
            return crossing[0] ** 2
        velocity = velocity + STEP * pushed


def problem(size: int) -> Problem:
    """n = m = 1, and so is `size`."""

    def f(x: Any, xp: Any) -> Any:
        return landing(x[0], force)

    best: Array = np.array([BEST])
    return Problem(np.zeros(1), f, known=(Known("GradBench's expected argmin: the origin", best, 0.0, 1e-8),))

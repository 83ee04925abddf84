"""Half the sum of squares of a polynomial's distance from a step: the objective of a linear least squares problem.

From the definition in GradBench's eval llsq (https://github.com/gradbench/gradbench/tree/main/evals/llsq), after
B. Bell's cmpad (https://cmpad.readthedocs.io/llsq_obj.html).
"""

from typing import Any

import numpy as np

from .problem import Array, Known, Problem, drawn

POINTS = 512


def objective(x: Any, points: int, xp: Any = np) -> Any:
    """x are the coefficients, the constant's first."""
    t = np.linspace(-1.0, 1.0, points)
    residual = np.sign(t) - np.vander(t, len(x), increasing=True) @ x
    return 0.5 * xp.sum(residual**2)


def problem(size: int) -> Problem:
    """`size` coefficients at 512 points."""

    def f(x: Any, xp: Any) -> Any:
        return objective(x, POINTS, xp)

    def jacobian(x: Array) -> Array:
        t = np.linspace(-1.0, 1.0, POINTS)
        powers = np.vander(t, size, increasing=True)  # anew, as f does
        return (powers @ x - np.sign(t)) @ powers

    zero = Known("the definition: half of 512 squares of 1", np.zeros(size), 0.5 * POINTS, 1e-15)
    return Problem(drawn(1, size), f, jacobian, (zero,))

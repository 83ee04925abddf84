"""The greatest value of a function of two points by the second of them, found by descent, as a function of the first.

From the definition in GradBench's eval saddle (https://github.com/gradbench/gradbench/tree/main/evals/saddle); B.
Pearlmutter and J. Siskind, Using programming language theory to make automatic differentiation sound and efficient,
2008 (https://doi.org/10.1007/978-3-540-68942-3_8). There the descent's gradient is taken inside what is
differentiated; here it is an argument.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .descent import argmax
from .problem import Known, Problem

START = np.ones(2)


def objective(x: Any, y: Any) -> Any:
    """The saddle, of two points in the plane."""
    return np.sum(x**2) - np.sum(y**2)


def highest(x: Any, gradient: Callable[[Any, Any], Any], start: Any) -> Any:
    """The greatest value by y; `gradient(x, y)` is the objective's by y."""
    y = argmax(lambda y: objective(x, y), lambda y: gradient(x, y), start)
    return objective(x, y)


def by_hand(x: Any, y: Any) -> Any:
    return -2.0 * y


def problem(size: int) -> Problem:
    """n = 2, m = 1; `size` is 1."""

    def f(x: Any, xp: Any) -> Any:
        return highest(x, by_hand, START)

    x = np.array([1.0, -0.5])
    # y is found to 1e-5 in each of two components, and the objective is flat there.
    return Problem(x, f, lambda x: 2.0 * x, (Known("closed form: x . x", x, 1.25, 1e-9),))

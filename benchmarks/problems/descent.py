"""Descent along the gradient with a step that doubles and halves: what particle and saddle minimise by.

From the method that GradBench prescribes for both (https://github.com/gradbench/gradbench, cpp/gradbench/gd.hpp), after
B. Pearlmutter and J. Siskind, Using programming language theory to make automatic differentiation sound and efficient,
2008 (https://doi.org/10.1007/978-3-540-68942-3_8). It branches on values: what it does is differentiated, and cannot be
recorded once for all.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

SMALL = 1e-5
"""Norm of a gradient, or of a step, at which it ends."""


def argmin(f: Callable[[Any], Any], gradient: Callable[[Any], Any], start: Any) -> Any:
    """Where f is least near `start`."""
    x, value, slope = start, f(start), gradient(start)
    step, gained = 1e-5, 0
    while not short(slope):
        if gained == 10:
            step, gained = 2.0 * step, 0
            continue
        moved = x - step * slope
        if short(x - moved):
            break
        lower = f(moved)
        if lower < value:
            x, value, slope, gained = moved, lower, gradient(moved), gained + 1
        else:
            step, gained = 0.5 * step, 0
    return x


def argmax(f: Callable[[Any], Any], gradient: Callable[[Any], Any], start: Any) -> Any:
    """Where f is greatest near `start`."""
    return argmin(lambda x: -f(x), lambda x: -gradient(x), start)


def short(v: Any) -> bool:
    return bool(np.sum(v * v) <= SMALL * SMALL)

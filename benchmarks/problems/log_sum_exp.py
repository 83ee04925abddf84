"""The logarithm of a sum of exponentials, with the largest of them taken out.

From the definition in GradBench's eval lse (https://github.com/gradbench/gradbench/tree/main/evals/lse). The gradient
is softmax.
"""

from typing import Any

import numpy as np

from .problem import Array, Known, Problem, drawn


def log_sum_exp(x: Any, xp: Any = np) -> Any:
    top = xp.max(x)
    return top + xp.log(xp.sum(xp.exp(x - top)))


def problem(size: int) -> Problem:
    """A vector of `size` numbers."""

    def jacobian(x: Array) -> Array:
        weights = np.exp(x - x.max())
        return weights / weights.sum()

    equal = Known("closed form: c + log n", np.full(size, 800.0), 800.0 + np.log(size), 1e-14)
    return Problem(10.0 * drawn(1, size), log_sum_exp, jacobian, (equal,))

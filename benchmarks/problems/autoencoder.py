"""An encoder to a narrow code and a decoder from it: what comes out, by what goes in. n = m.

G. Hinton and R. Salakhutdinov, Reducing the dimensionality of data with neural networks, 2006
(https://doi.org/10.1126/science.1127647): here with two layers a side, tanh, and no offsets. Between many
inputs and as many outputs there are few numbers: neither mode is good.
"""

from itertools import pairwise
from typing import Any

import numpy as np

from .problem import Array, Known, Problem, drawn


def layers(sizes: list[int]) -> list[Array]:
    """Drawn matrices; what they make of numbers of the order of 1 is of that order."""
    return [
        drawn(i, rows, columns) * (3.0 / columns) ** 0.5 for i, (columns, rows) in enumerate(pairwise(sizes), start=1)
    ]


def problem(size: int) -> Problem:
    """`size` inputs, half as many beside them, an eighth in the middle."""
    parameters = layers([size, size // 2, size // 8, size // 2, size])

    def f(x: Any, xp: Any) -> Any:
        for W in parameters:
            x = xp.tanh(W @ x)
        return x

    def jacobian(x: Array) -> Array:
        """Each half by the mode that is shorter there, and their product."""
        slopes = []
        for W in parameters:
            x = np.tanh(W @ x)
            slopes.append((1.0 - x**2)[:, None] * W)
        first, second, third, fourth = slopes
        return (fourth @ third) @ (second @ first)

    x = drawn(9, size)
    odd = Known("closed form: without offsets f is odd", x, np.zeros(size), 1e-15, lambda y: y + f(-x, np))
    return Problem(x, f, jacobian, (odd,))

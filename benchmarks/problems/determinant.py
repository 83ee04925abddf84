"""A determinant by expansion along its first row: many operations on single numbers.

From the definition in GradBench's eval det (https://github.com/gradbench/gradbench/tree/main/evals/det), after
B. Bell's cmpad (https://cmpad.readthedocs.io/det_by_minor.html). The gradient is the matrix of cofactors.
"""

from typing import Any

import numpy as np

from .problem import Array, Known, Problem, drawn


def determinant(A: Any) -> Any:
    """By expansion by minors: of the order of the factorial of A's size in products."""
    if len(A) == 1:
        return A[0, 0]
    columns = np.arange(len(A))
    total = 0.0
    for j in columns:
        minor = determinant(A[1:, columns != j])
        total = total - A[0, j] * minor if j % 2 else total + A[0, j] * minor
    return total


def problem(size: int) -> Problem:
    """A matrix of `size` rows."""

    def f(x: Any, xp: Any) -> Any:
        return determinant(x.reshape(size, size))

    def jacobian(x: Array) -> Array:
        A = x.reshape(size, size)
        cofactors: Array = np.linalg.det(A) * np.linalg.inv(A).T
        return cofactors.ravel()

    x = drawn(1, size * size)
    lu = float(np.linalg.det(x.reshape(size, size)))
    return Problem(x, f, jacobian, (Known("by LU factors (LAPACK, numpy.linalg.det)", x, lu, 1e-12),))

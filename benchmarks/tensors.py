"""What does it cost to form the Jacobian of a matrix product with respect to a matrix, which one need not do?

For Y = X A and a loss E with the gradient dE/dY, dE/dA is dE/dY contracted with the l x m x n x m tensor dY/dA (M15,
M16), and it is X^T dE/dY (M17), which is what reverse mode computes. X is l x n, l being the parameter `width`.

The unit is the natural logarithm of the ratio, one number a pair (:mod:`benchmarks.apparatus.pairs`): the tensor formed
by the engine in reverse mode and contracted, over one vector-Jacobian product.
"""

from typing import Any

import numpy as np

import modes

from .apparatus.benchmark import Benchmark
from .apparatus.checks import TOLERANCE, expect_close, expect_shape
from .apparatus.grids import Grid, nested
from .apparatus.pairs import Call, Samples, samples
from .apparatus.settings import pair_count
from .catalogue.metrics import UNITS


class Tensors(Benchmark):
    grid = Grid(
        activation=["identity"],
        n=[16],
        m=nested([4, 8, 16, 32], [64], [128]),
        width=[16],
        depth=[1],
        mode=["tensor/vjp"],
    )
    unit = UNITS["log_tensor_over_vjp"]
    version = "1"

    def track_log_tensor_over_vjp(self, *case: object) -> Samples:
        ((W, _),) = self.chain.parameters
        A = np.ascontiguousarray(W.T)
        rng = np.random.default_rng(0)
        X = rng.standard_normal((self.case.width, self.case.n)).astype(A.dtype)
        Y_bar = rng.standard_normal((self.case.width, self.case.m)).astype(A.dtype)
        return samples(checked(by_tensor, X, A, Y_bar), checked(by_vjp, X, A, Y_bar), pair_count())


def by_tensor(X: Any, A: Any, Y_bar: Any) -> Any:
    """dE/dA with dY/dA formed: l m n m numbers."""
    return np.tensordot(Y_bar, modes.jacrev(lambda A: X @ A)(A), 2)


def by_vjp(X: Any, A: Any, Y_bar: Any) -> Any:
    """dE/dA by one matrix product behind that of Y."""
    return modes.vjp(lambda A: X @ A, A)[1](Y_bar)[0]


def checked(derivative: Any, X: Any, A: Any, Y_bar: Any) -> Call:
    """The call to be timed; it has been compared with X^T dE/dY."""
    answer = derivative(X, A, Y_bar)
    expect_shape("dE/dA", answer, A.shape)
    expect_close("dE/dA", "X^T dE/dY", answer, X.T @ Y_bar, TOLERANCE[str(A.dtype)])
    return lambda: derivative(X, A, Y_bar)

"""The log posterior of a Gaussian mixture with a Wishart prior, by its parameters.

From the definition in GradBench's eval gmm (https://github.com/gradbench/gradbench/tree/main/evals/gmm), which
corrects that of F. Srajer, Z. Kukelova and A. Fitzgibbon, A benchmark of selected algorithmic differentiation tools on
some problems in computer vision and machine learning, 2018 (https://arxiv.org/abs/1807.10129).

A precision matrix is Q^T Q, Q lower triangular with exp(q) on its diagonal and l below it, column by column.
"""

import math
from typing import Any

import numpy as np

from .problem import Array, Known, Problem, drawn, split

COMPONENTS, POINTS = 5, 100
GAMMA, FREEDOM = 1.0, 0


def log_posterior(
    alpha: Any, mu: Any, q: Any, lower: Any, points: Array, gamma: float, freedom: int, xp: Any = np
) -> Any:
    """alpha (K,), mu and q (K, D), lower (K, D (D - 1) / 2), points (N, D); gamma and freedom are the prior's."""
    components, dimension = mu.shape
    count = len(points)
    Q = factors(q, lower, xp)
    centred = points - mu[:, None, :]  # (K, N, D)
    turned = centred @ xp.swapaxes(Q, 1, 2)
    beta = (alpha + xp.sum(q, axis=1))[:, None] - 0.5 * xp.sum(turned**2, axis=2)
    likelihood = xp.sum(log_sum_exp(beta, xp)) - count * (
        0.5 * dimension * math.log(2 * math.pi) + log_sum_exp(alpha, xp)
    )
    n = dimension + freedom + 1
    constant = n * dimension * math.log(gamma / math.sqrt(2)) - log_gamma(0.5 * n, dimension)
    prior = components * constant - 0.5 * gamma**2 * xp.sum(Q**2) + freedom * xp.sum(q)
    return likelihood + prior


def factors(q: Any, lower: Any, xp: Any = np) -> Any:
    """The matrices Q, (K, D, D): each entry below the diagonal is taken from its place in `lower`, each other is 0."""
    components, dimension = q.shape
    columns, rows = np.triu_indices(dimension, 1)  # below the diagonal, column by column
    place = np.full((dimension, dimension), lower.shape[1])
    place[rows, columns] = np.arange(lower.shape[1])
    padded = xp.concatenate([lower, np.zeros((components, 1))], axis=1)
    return padded[:, place] + xp.exp(q)[:, :, None] * np.eye(dimension)


def log_sum_exp(v: Any, xp: Any) -> Any:
    """Over the first axis."""
    top = xp.max(v, axis=0)
    return top + xp.log(xp.sum(xp.exp(v - top), axis=0))


def log_gamma(a: float, p: int) -> float:
    """The logarithm of the multivariate gamma function."""
    return 0.25 * p * (p - 1) * math.log(math.pi) + sum(math.lgamma(a - 0.5 * j) for j in range(p))


def problem(size: int) -> Problem:
    """`size` is the dimension of the points."""
    K, D = COMPONENTS, size
    points = 2 * drawn(1, POINTS, D)
    sizes = (K, K * D, K * D, K * D * (D - 1) // 2)

    def f(x: Any, xp: Any) -> Any:
        alpha, mu, q, lower = split(x, *sizes)
        mu, q, lower = (part.reshape(K, -1) for part in (mu, q, lower))
        return log_posterior(alpha, mu, q, lower, points, GAMMA, FREEDOM, xp)

    x = drawn(2, sum(sizes))
    known = (Known("GradBench's C++ (tools/manual), commit f26651a", x, GOLDEN[size], 1e-12),) if size in GOLDEN else ()
    return Problem(x, f, known=known)


GOLDEN = {2: -345.2963790252919, 10: -2871.2340203728486, 20: -9347.945571023884}

"""The cost of k-means: the squared distances of points from the nearest centroid, by the centroids.

From the definition in GradBench's eval kmeans (https://github.com/gradbench/gradbench/tree/main/evals/kmeans); L.
Bottou and Y. Bengio, Convergence properties of the k-means algorithms, NIPS 1994.
"""

from typing import Any

import numpy as np

from .problem import Array, Known, Problem, drawn

DIMENSION, A_CENTROID = 4, 20


def cost(points: Array, centroids: Any, xp: Any = np) -> Any:
    """points (n, d), centroids (k, d)."""
    return xp.sum(xp.min(xp.sum((points[:, None, :] - centroids) ** 2, axis=2), axis=1))


def problem(size: int) -> Problem:
    """`size` centroids in 4 dimensions, 20 points to each; the centroids are some of the points, a little moved."""
    points = drawn(1, A_CENTROID * size, DIMENSION)
    x = (points[-size:] + 0.01 * drawn(2, size, DIMENSION)).ravel()

    def f(x: Any, xp: Any) -> Any:
        return cost(points, x.reshape(size, DIMENSION), xp)

    def jacobian(x: Array) -> Array:
        centroids = x.reshape(size, DIMENSION)
        nearest = np.argmin(np.sum((points[:, None] - centroids) ** 2, axis=2), axis=1)
        away = np.zeros_like(centroids)
        np.add.at(away, nearest, centroids[nearest] - points)
        return 2.0 * away.ravel()

    known = (Known("GradBench's C++ (tools/manual), commit f26651a", x, GOLDEN[size], 1e-12),) if size in GOLDEN else ()
    return Problem(x, f, jacobian, known)


GOLDEN = {16: 194.9555040417687, 64: 318.75498851797346}

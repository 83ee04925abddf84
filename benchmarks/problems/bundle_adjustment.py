"""Bundle adjustment: how far points, seen by cameras, are from where they were observed.

From the definition in GradBench's eval ba (https://github.com/gradbench/gradbench/tree/main/evals/ba), which is that
of F. Srajer, Z. Kukelova and A. Fitzgibbon, A benchmark of selected algorithmic differentiation tools on some problems
in computer vision and machine learning, 2018 (https://arxiv.org/abs/1807.10129).

A camera is (r1 r2 r3, C1 C2 C3, f, u0 v0, k1 k2): rotation as axis times angle, centre, focal length, principal point,
radial distortion. Each observation has two weighted errors of reprojection and 1 - w^2.
"""

from typing import Any

import numpy as np

from .problem import Array, Known, Problem, drawn, split

CAMERA = 11
CAMERAS = 2


def reprojection(camera: Any, point: Any, weight: Any, feature: Array, xp: Any = np) -> Any:
    """camera (..., 11), point (..., 3), weight (...), feature (..., 2) -> errors (..., 2)."""
    seen = rotate(camera[..., 0:3], point - camera[..., 3:6], xp)
    image = seen[..., :2] / seen[..., 2:]
    square = xp.sum(image**2, axis=-1, keepdims=True)
    distorted = image * (1.0 + camera[..., 9:10] * square + camera[..., 10:11] * square**2)
    return weight[..., None] * (distorted * camera[..., 6:7] + camera[..., 7:9] - feature)


def rotate(rotation: Any, v: Any, xp: Any) -> Any:
    """v turned about an axis by the axis' length, by O. Rodrigues' formula; the angle is not 0."""
    angle = xp.sqrt(xp.sum(rotation**2, axis=-1, keepdims=True))
    axis = rotation / angle
    along = xp.sum(axis * v, axis=-1, keepdims=True) * (1.0 - xp.cos(angle))
    return v * xp.cos(angle) + xp.cross(axis, v) * xp.sin(angle) + axis * along


def residuals(cameras: Any, points: Any, weights: Any, seen: Array, features: Array, xp: Any = np) -> Any:
    """All observations: the errors of reprojection (2 p,), then 1 - w^2 (p,). `seen` (p, 2) has camera and point."""
    errors = reprojection(cameras[seen[:, 0]], points[seen[:, 1]], weights, features, xp)
    return xp.concatenate([errors.reshape(-1), 1.0 - weights**2])


def scene(cameras: int, points: int) -> tuple[Array, Array, Array]:
    """Cameras on the side z < 0 of points around the origin, and weights of 1 or less: one a camera and point."""
    turned = 0.2 * drawn(1, cameras, 3)
    centre = np.array([0.0, 0.0, -5.0]) + 0.3 * drawn(2, cameras, 3)
    lens = np.array([400.0, 10.0, -5.0, -0.1, 0.02]) * (1.0 + 0.1 * drawn(3, cameras, 5))
    return np.hstack([turned, centre, lens]), drawn(4, points, 3), 0.8 + 0.2 * drawn(5, cameras * points)


def problem(size: int) -> Problem:
    """Every one of CAMERAS cameras sees every one of `size` points."""
    cameras, points, weights = scene(CAMERAS, size)
    seen = np.array([(camera, point) for point in range(size) for camera in range(CAMERAS)])
    features = 100.0 * drawn(6, len(seen), 2)

    def f(x: Any, xp: Any) -> Any:
        camera, point, weight = split(x, cameras.size, points.size, weights.size)
        return residuals(camera.reshape(-1, CAMERA), point.reshape(-1, 3), weight, seen, features, xp)

    return Problem(np.concatenate([cameras.ravel(), points.ravel(), weights]), f)


def observation(size: int) -> Problem:
    """One observation: n = 15, m = 3. `size` is 1."""
    feature = np.array([[-3.326500e02, 2.620900e02]])

    def f(x: Any, xp: Any) -> Any:
        camera, point, weight = split(x, CAMERA, 3, 1)
        return residuals(camera[None], point[None], weight, np.zeros((1, 2), dtype=int), feature, xp)

    cameras, points, weights = scene(1, 1)
    x = np.concatenate([cameras[0], points[0], weights])
    return Problem(x, f, known=(Known("GradBench's C++ (tools/manual), commit f26651a", x, GOLDEN, 1e-12),))


GOLDEN = (440.090073185115, -252.81382059390964, 0.14991384344403974)

"""A hand of bones and skin, bent by its joints: how far its vertices are from points that were measured.

From the definition in GradBench's eval ht (https://github.com/gradbench/gradbench/tree/main/evals/ht), which is that of
F. Srajer, Z. Kukelova and A. Fitzgibbon, A benchmark of selected algorithmic differentiation tools on some problems in
computer vision and machine learning, 2018 (https://arxiv.org/abs/1807.10129), after J. Taylor et al., User-specific
hand modeling from monocular depth sequences, 2014. ADBench's model of a hand is large; the one here is drawn, of the
same number of bones.

theta is global rotation (3) and translation (3), then for each finger four angles: two of its first joint, one of each
of the next two.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .problem import Array, Known, Problem, drawn, split

ANGLES = 26
FINGERS = 5
BONES = 22


@dataclass(frozen=True)
class Hand:
    """b bones, v vertices: parents (b,), -1 for a root and else an earlier bone; transforms (b, 4, 4);
    positions (v, 4), homogeneous; weights (v, b); triangles (t, 3)."""

    parents: list[int]
    relatives: Array
    inverse_absolutes: Array
    positions: Array
    weights: Array
    triangles: Any
    mirrored: bool = False


def places(bones: int) -> Any:
    """Which of theta's angles each bone turns by, (b, 3): about x, about z, about y; ANGLES where by none."""
    found = np.full((bones, 3), ANGLES)
    angle = 6
    for finger in range(FINGERS):
        for joint in range(3):
            bone = 2 + 4 * finger + joint
            found[bone, 0] = angle
            angle += 1
            if joint == 0:
                found[bone, 1] = angle
                angle += 1
    return found


def rotations(angles: Any, xp: Any) -> Any:
    """Rz Ry Rx of angles (b, 3) about x, z and y: (b, 3, 3)."""
    cosine, sine = xp.cos(angles)[:, :, None, None], xp.sin(angles)[:, :, None, None]
    about_x, about_z, about_y = (
        cosine[:, i] * (np.eye(3) - np.diag(axis)) + sine[:, i] * turn + np.diag(axis)
        for i, (axis, turn) in enumerate(TURNS)
    )
    return about_z @ about_y @ about_x


# About x, z, y: the axis, and what its sine is multiplied with.
TURNS = [
    (np.array([1.0, 0.0, 0.0]), np.array([[0.0, 0, 0], [0, 0, -1], [0, 1, 0]])),
    (np.array([0.0, 0.0, 1.0]), np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 0]])),
    (np.array([0.0, 1.0, 0.0]), np.array([[0.0, 0, 1], [0, 0, 0], [-1, 0, 0]])),
]
CROSS = np.stack([TURNS[0][1], TURNS[2][1], TURNS[1][1]])
"""CROSS[i] v is the cross product of the i-th axis with v."""


def whole_turn(rotation: Any, xp: Any) -> Any:
    """The matrix of a rotation about an axis by its length, (3, 3), by O. Rodrigues' formula; the angle is not 0."""
    angle = xp.sqrt(xp.sum(rotation**2))
    axis = rotation / angle
    cross = xp.tensordot(axis, CROSS, axes=1)
    return np.eye(3) + xp.sin(angle) * cross + (1.0 - xp.cos(angle)) * (cross @ cross)


def vertices(theta: Any, hand: Hand, xp: Any = np) -> Any:
    """Where the skin is, (v, 3)."""
    bones = len(hand.parents)
    angles = xp.concatenate([theta, np.zeros(1)])[places(bones)]
    turned = xp.concatenate([rotations(angles, xp), np.zeros((bones, 3, 1))], axis=2)
    posed = xp.concatenate([turned, np.broadcast_to([[[0.0, 0, 0, 1]]], (bones, 1, 4))], axis=1)
    relatives = hand.relatives @ posed
    absolutes: list[Any] = []
    for bone, parent in enumerate(hand.parents):
        absolutes.append(relatives[bone] if parent < 0 else absolutes[parent] @ relatives[bone])
    transforms = xp.stack(absolutes) @ hand.inverse_absolutes
    skinned = xp.einsum("vb,bij,vj->vi", hand.weights, transforms[:, :3], hand.positions)
    if hand.mirrored:
        skinned = skinned * np.array([-1.0, 1.0, 1.0])
    return skinned @ whole_turn(theta[:3], xp).T + theta[3:6]


def distances(theta: Any, us: Any, hand: Hand, correspondences: Any, points: Array, xp: Any = np) -> Any:
    """points - hand, (3 p,): the vertices that correspond to the points; with us (p, 2), points in triangles."""
    skin = vertices(theta, hand, xp)
    if us is None:
        return (points - skin[correspondences]).reshape(-1)
    return in_triangles(us, skin[hand.triangles[correspondences]], points).reshape(-1)


def in_triangles(us: Any, corners: Any, points: Array) -> Any:
    """points - hand, (p, 3), of places us (p, 2) in triangles with these corners (p, 3, 3)."""
    first, second = us[:, :1], us[:, 1:]
    return points - (first * corners[:, 0] + second * corners[:, 1] + (1.0 - first - second) * corners[:, 2])


def drawn_hand(count: int) -> Hand:
    """A hand of 22 bones, wrist, forearm and four a finger, and of `count` vertices."""
    parents = [-1 if bone == 0 else 0 if bone == 1 or (bone - 2) % 4 == 0 else bone - 1 for bone in range(BONES)]
    relatives = np.tile(np.eye(4), (BONES, 1, 1))
    relatives[:, :3, :3] = rotations(0.3 * drawn(1, BONES, 3), np)
    relatives[:, :3, 3] = 0.2 * drawn(2, BONES, 3)
    absolutes: list[Array] = []
    for bone, parent in enumerate(parents):
        absolutes.append(relatives[bone] if parent < 0 else absolutes[parent] @ relatives[bone])
    weights = np.where(np.argsort(drawn(3, count, BONES), axis=1) < 4, drawn(4, count, BONES) + 1.1, 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    positions = np.concatenate([drawn(5, count, 3), np.ones((count, 1))], axis=1)
    triangles = np.argsort(drawn(6, count, count), axis=1)[:, :3]
    return Hand(parents, relatives, np.linalg.inv(np.stack(absolutes)), positions, weights, triangles)


def problem(size: int) -> Problem:
    """`size` points, each of which corresponds to a vertex: n = 26."""
    hand, points, theta = drawn_hand(size), drawn(7, size, 3), 0.5 * drawn(8, ANGLES)

    def f(x: Any, xp: Any) -> Any:
        return distances(x, None, hand, np.arange(size), points, xp)

    known = (Known("GradBench's C++ (tools/manual), commit f26651a", theta, SIMPLE, 1e-12, first),)
    return Problem(theta, f, known=known if size == AT else ())


def surface(size: int) -> Problem:
    """`size` points, each somewhere in a triangle, where is sought as well: n = 26 + 2 `size`."""
    hand, points, theta = drawn_hand(size), drawn(7, size, 3), 0.5 * drawn(8, ANGLES)
    us = 0.25 * (drawn(9, 2 * size) + 1.0)

    def f(x: Any, xp: Any) -> Any:
        angles, inside = split(x, ANGLES, 2 * size)
        return distances(angles, inside.reshape(size, 2), hand, np.arange(size), points, xp)

    x = np.concatenate([theta, us])
    known = (Known("GradBench's C++ (tools/manual), commit f26651a", x, COMPLICATED, 1e-12, first),)
    return Problem(x, f, known=known if size == AT else ())


def first(y: Array) -> Array:
    """The distance of the first point."""
    return y[:3]


AT = 8
SIMPLE = (-0.6705053323547017, 0.06538331422049459, 1.0917685179344838)
COMPLICATED = (0.593568718437947, 0.8568870142550495, 1.0479585184664462)

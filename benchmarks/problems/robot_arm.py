"""Where a six-joint arm's hand is, and how it is turned, by its joints' angles: n = 6, m = 12.

The PUMA 560 by J. Denavit's and R. Hartenberg's parameters, as P. Corke and B. Armstrong-Hélouvry give them, A search
for consensus among model parameters reported for the PUMA 560 robot, 1994, and the Robotics Toolbox has them
(https://github.com/petercorke/robotics-toolbox-python), whose printed pose is the known one.
"""

from typing import Any

import numpy as np

from .problem import Array, Known, Problem

OFFSET = np.array([26.45 * 0.0254, 0.0, 0.15005, 0.4318, 0.0, 0.0])
LENGTH = np.array([0.0, 0.4318, 0.0203, 0.0, 0.0, 0.0])
TWIST = np.array([np.pi / 2, 0.0, -np.pi / 2, np.pi / 2, -np.pi / 2, 0.0])
NOMINAL = np.array([0.0, np.pi / 4, np.pi, 0.0, np.pi / 4, 0.0])
"""The arm in a dextrous pose."""


def link_matrices() -> tuple[Array, Array, Array]:
    """C, S and K, (6, 4, 4): a link's transform is C cos + S sin + K."""
    C, S, K = (np.zeros((6, 4, 4)) for _ in range(3))
    C[:, 0, 0], C[:, 0, 3] = 1.0, LENGTH
    C[:, 1, 1], C[:, 1, 2] = np.cos(TWIST), -np.sin(TWIST)
    S[:, 0, 1], S[:, 0, 2] = -np.cos(TWIST), np.sin(TWIST)
    S[:, 1, 0], S[:, 1, 3] = 1.0, LENGTH
    K[:, 2, 1], K[:, 2, 2], K[:, 2, 3], K[:, 3, 3] = np.sin(TWIST), np.cos(TWIST), OFFSET, 1.0
    return C, S, K


C, S, K = link_matrices()


def f(x: Any, xp: Any) -> Any:
    """The upper three rows of the hand's transform, row by row."""
    links = xp.cos(x)[:, None, None] * C + xp.sin(x)[:, None, None] * S + K
    pose = links[0]
    for joint in range(1, 6):
        pose = pose @ links[joint]
    return pose[:3].reshape(-1)


def jacobian(x: Array) -> Array:
    """The geometric one: a joint turns what comes after it about its axis."""
    links = np.cos(x)[:, None, None] * C + np.sin(x)[:, None, None] * S + K
    before = [np.eye(4)]
    for link in links:
        before.append(before[-1] @ link)
    hand = before[-1]
    columns = []
    for pose in before[:-1]:
        axis = pose[:3, 2]
        turned = np.cross(axis, hand[:3, :3].T).T
        moved = np.cross(axis, hand[:3, 3] - pose[:3, 3])
        columns.append(np.column_stack([turned, moved]).ravel())
    return np.column_stack(columns)


def problem(size: int) -> Problem:
    """`size` is 1."""
    pose = [0.0, 0, 1, 0.5963, 0, 1, 0, -0.15005, -1, 0, 0, 0.65748]
    known = Known("P. Corke's Robotics Toolbox, docs/notebooks/kinematics.ipynb: fkine(qn)", NOMINAL, pose, 5e-5)
    return Problem(NOMINAL + 0.1, f, jacobian, (known,))

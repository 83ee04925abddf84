"""The flux of a gas between two cells, by P. Roe's approximate Riemann solver, in one and in three dimensions.

P. Roe, Approximate Riemann solvers, parameter vectors, and difference schemes, 1981
(https://doi.org/10.1016/0021-9991(81)90128-5); E. Toro, Riemann solvers and numerical methods for fluid dynamics,
chapter 11. A state is density, momentum along each axis, and energy, per volume; the cells' common face is across the
first axis. Where both states are one, the flux is that of the gas itself.
"""

from typing import Any

import numpy as np

from .problem import Array, Known, Problem, drawn

GAMMA = 1.4


def primitive(state: Any, xp: Any) -> tuple[Any, Any, Any, Any]:
    """Density (k,), velocity (d, k), pressure (k,), enthalpy (k,) of a state (d + 2, k)."""
    density, momentum, energy = state[0], state[1:-1], state[-1]
    velocity = momentum / density
    pressure = (GAMMA - 1.0) * (energy - 0.5 * xp.sum(momentum * velocity, axis=0))
    return density, velocity, pressure, (energy + pressure) / density


def flux(state: Any, velocity: Any, pressure: Any, xp: Any) -> Any:
    """Of the gas itself across the first axis."""
    across = np.eye(len(velocity))[0][:, None]
    mass = state[:1] * velocity[:1]
    return xp.concatenate([mass, mass * velocity + pressure * across, velocity[:1] * (state[-1:] + pressure)])


def roe(left: Any, right: Any, xp: Any = np) -> Any:
    """Between states (d + 2, k) on the left and on the right of k faces."""
    rho_l, v_l, p_l, h_l = primitive(left, xp)
    rho_r, v_r, p_r, h_r = primitive(right, xp)
    root_l, root_r = xp.sqrt(rho_l), xp.sqrt(rho_r)
    share = root_r / (root_l + root_r)
    rho, v, h = root_l * root_r, v_l + share * (v_r - v_l), h_l + share * (h_r - h_l)
    square = xp.sum(v**2, axis=0)
    a = xp.sqrt((GAMMA - 1.0) * (h - 0.5 * square))
    u, across, one = v[0], np.eye(len(v))[0][:, None], np.ones((1, left.shape[1]))
    dp, dv = p_r - p_l, v_r - v_l
    slower, faster = ((dp - rho * a * dv[0]) / (2 * a**2), (dp + rho * a * dv[0]) / (2 * a**2))
    sideways = dv * (1.0 - across)
    waves = (
        xp.abs(u - a) * slower * xp.concatenate([one, v - a * across, (h - u * a)[None]])
        + xp.abs(u + a) * faster * xp.concatenate([one, v + a * across, (h + u * a)[None]])
        + xp.abs(u) * (rho_r - rho_l - dp / a**2) * xp.concatenate([one, v, 0.5 * square[None]])
        + xp.abs(u) * rho * xp.concatenate([0.0 * one, sideways, xp.sum(v * sideways, axis=0)[None]])
    )
    return 0.5 * (flux(left, v_l, p_l, xp) + flux(right, v_r, p_r, xp) - waves)


def states(axes: int, faces: int, seed: int) -> Array:
    """Drawn states (axes + 2, faces), about as fast as half of sound."""
    density, velocity, pressure = 1.0 + 0.3 * drawn(seed, 1, faces), 0.6 + 0.3 * drawn(seed + 1, axes, faces), 1.0
    energy = pressure / (GAMMA - 1.0) + 0.5 * density * np.sum(velocity**2, axis=0)
    return np.concatenate([density, density * velocity, energy])


def interfaces(axes: int, faces: int) -> Problem:
    def f(x: Any, xp: Any) -> Any:
        left, right = x.reshape(2, axes + 2, faces)
        return roe(left, right, xp).reshape(-1)

    left = states(axes, faces, 1)
    density, velocity, pressure, _ = primitive(left, np)
    same = np.concatenate(
        [
            (density * velocity[0])[None],
            density * velocity[0] * velocity + pressure * np.eye(axes)[0][:, None],
            (velocity[0] * (left[-1] + pressure))[None],
        ]
    )
    known = Known("closed form: of equal states, the gas' own", np.stack([left, left]).ravel(), same.ravel(), 1e-14)
    return Problem(np.stack([left, states(axes, faces, 3)]).ravel(), f, known=(known,))


def problem(size: int) -> Problem:
    """`size` faces in one dimension: n = 6 `size`, m = 3 `size`."""
    return interfaces(1, size)


def solid(size: int) -> Problem:
    """`size` faces in three dimensions: n = 10 `size`, m = 5 `size`."""
    return interfaces(3, size)

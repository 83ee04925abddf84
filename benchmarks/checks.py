"""Is an engine's answer the derivative of the chain? Asked before anything is timed.

Contract: each ``check_*`` returns nothing and raises :class:`WrongDerivativeError`, which says what was
expected and what came. There are two references, neither of which shares code with an engine: differences
of the chain itself (any layer) and the hand-written Jacobian (dense chains).
"""

import numpy as np
from numpy.typing import NDArray

from modes.chains import Chain

from . import peers

Array = NDArray[np.floating]

TOLERANCE = {"float64": 1e-12, "float32": 1e-4}
"""Largest distance from the hand-written Jacobian, relative in the Frobenius norm, that counts as
rounding."""

DIFFERENCE_TOLERANCE = {"float64": 1e-6, "float32": 1e-3}
"""The same for differences of the chain, whose own error is in it."""

STEP = 2.0**-10
STENCIL = (672, -168, 32, -3)
"""Central differences of eighth order: 840 times the weight of f(x + k STEP v) - f(x - k STEP v), k = 1, 2,
..."""


class WrongDerivativeError(ArithmeticError):
    """An engine's answer is not the derivative of the chain."""


def difference(chain: Chain, v: Array) -> Array:
    """J v at ``chain.x`` by eight values of the chain in extended precision.

    The formula's error is of the order STEP^8 = 1e-24, that of rounding 1e-16 where a long double has 64
    bits of fraction, and 1e-13 where it is no more than a double.
    """
    parameters = [tuple(array.astype(np.longdouble) for array in layer) for layer in chain.parameters]
    x, v = chain.x.astype(np.longdouble), v.astype(np.longdouble) * STEP
    terms = (
        weight * (chain.apply(parameters, x + k * v) - chain.apply(parameters, x - k * v))
        for k, weight in enumerate(STENCIL, start=1)
    )
    return sum(terms) / (840 * STEP)


def direction(chain: Chain) -> Array:
    """The seeded tangent that answers are checked along, of the shape and dtype of ``chain.x``."""
    return np.random.default_rng(0).standard_normal(chain.x.shape).astype(chain.x.dtype)


def covector(chain: Chain) -> Array:
    """The seeded cotangent that answers are checked along, of the shape and dtype of ``chain(chain.x)``."""
    y = chain(chain.x)
    return np.asarray(np.random.default_rng(1).standard_normal(y.shape), dtype=y.dtype)


def check_jacobian(chain: Chain, jacobian: Array) -> None:
    """Shape, finiteness, distance from the hand-written Jacobian of a dense chain, J v from differences."""
    expect_shape("the Jacobian", jacobian, (*np.shape(chain(chain.x)), *chain.x.shape))
    if chain.layer == "dense":
        mode = "forward" if chain.n < chain.m else "reverse"
        expected = peers.load("floor").jacobian(chain, mode, None)(chain.x)
        expect_close("the Jacobian", "by hand", jacobian, expected, TOLERANCE[chain.dtype])
    v = direction(chain)
    tolerance = DIFFERENCE_TOLERANCE[chain.dtype]
    expect_close("J v", "differences", jacobian @ v, difference(chain, v), tolerance)


def check_jvp(chain: Chain, y_dot: Array) -> None:
    """``y_dot`` is what the engine made of :func:`direction`."""
    expect_shape("the JVP", y_dot, np.shape(chain(chain.x)))
    expected = difference(chain, direction(chain))
    expect_close("the JVP", "differences", y_dot, expected, DIFFERENCE_TOLERANCE[chain.dtype])


def check_vjp(chain: Chain, y_bar: Array, x_bar: Array) -> None:
    """``x_bar`` is what the engine made of ``y_bar``: <J^T y_bar, v> has to be <y_bar, J v>."""
    expect_shape("the VJP", x_bar, chain.x.shape)
    v = direction(chain)
    y_dot = difference(chain, v)
    scale = np.linalg.norm(y_bar) * np.linalg.norm(y_dot)
    error = abs(np.vdot(x_bar, v) - np.vdot(y_bar, y_dot)) / scale
    if not error <= DIFFERENCE_TOLERANCE[chain.dtype]:
        raise WrongDerivativeError(
            f"the VJP does not fit differences: <J^T y_bar, v> and <y_bar, J v> are {error:.1e} "
            f"|y_bar| |J v| apart; allowed are {DIFFERENCE_TOLERANCE[chain.dtype]:.0e}"
        )


def expect_shape(what: str, answer: Array, shape: tuple[int, ...]) -> None:
    if np.shape(answer) != shape:
        raise WrongDerivativeError(f"{what} has shape {np.shape(answer)}, expected {shape}")


def expect_close(what: str, reference: str, answer: Array, expected: Array, tolerance: float) -> None:
    error = np.linalg.norm(answer - expected) / np.linalg.norm(expected)
    if not error <= tolerance:  # a NaN is not
        raise WrongDerivativeError(
            f"{what} is {error:.1e} away from {reference}, relative; allowed are {tolerance:.0e}"
        )

"""Is an engine's answer the derivative of the chain? Asked before anything is timed.

Contract: each ``check_*`` returns nothing and raises :class:`WrongDerivativeError`, which says what was
expected and what came. There are two references, neither of which shares code with an engine: differences
of the chain itself (any layer) and the hand-written Jacobian (dense chains); of second derivatives, differences of the
hand-written gradient.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modes.chains import Chain

from .. import peers
from ..problems import Problem

Array = NDArray[np.floating]

TOLERANCE = {"float64": 1e-12, "float32": 1e-4}
"""Largest distance from the hand-written Jacobian, relative in the Frobenius norm, that counts as
rounding."""

DIFFERENCE_TOLERANCE = {"float64": 1e-6, "float32": 1e-3}
"""The same for differences of the chain, whose own error is in it."""

PROBLEM_TOLERANCE = 1e-10
"""Distance from a hand-written Jacobian: a problem is not scaled as a chain is, and may lose a few digits."""
PROBLEM_STEP = 1e-6
WHOLE = 1e11
"""Multiply-adds up to which a Jacobian is compared whole: a few seconds on one core of 2024."""

STEP = 2.0**-10
STENCIL = (672, -168, 32, -3)
"""Central differences of eighth order: 840 times the weight of f(x + k STEP v) - f(x - k STEP v), k = 1, 2,
..."""


class WrongDerivativeError(ArithmeticError):
    """An engine's answer is not the derivative of the chain."""


def difference(chain: Chain, v: Array, precision: type[np.floating] = np.longdouble) -> Array:
    """J v at ``chain.x``, by :func:`central`."""
    parameters = [tuple(array.astype(precision, copy=False) for array in layer) for layer in chain.parameters]
    return central(lambda x: chain.apply(parameters, x), chain.x, v, precision)


def central(f: Callable[[Array], Any], x: Array, v: Array, precision: type[np.floating] = np.longdouble) -> Array:
    """f'(x) v by eight values of f, in extended precision where nothing else is asked for.

    The formula's error is of the order STEP^8 = 1e-24, that of rounding 1e-16 where a long double has 64
    bits of fraction, and 1e-13 where it is no more than a double.
    """
    x, v = x.astype(precision), v.astype(precision) * STEP
    terms = (weight * (f(x + k * v) - f(x - k * v)) for k, weight in enumerate(STENCIL, start=1))
    return sum(terms) / (840 * STEP)


def direction(chain: Chain) -> Array:
    """The seeded tangent that answers are checked along, of the shape and dtype of ``chain.x``."""
    return np.random.default_rng(0).standard_normal(chain.x.shape).astype(chain.x.dtype)


def covector(chain: Chain) -> Array:
    """The seeded cotangent that answers are checked along, of the shape and dtype of ``chain(chain.x)``."""
    y = chain(chain.x)
    return np.asarray(np.random.default_rng(1).standard_normal(y.shape), dtype=y.dtype)


def check_jacobian(chain: Chain, jacobian: Array, tolerance: Mapping[str, float] | None = None) -> None:
    """Type, shape, finiteness, distance from the hand-written Jacobian of a dense chain, J v from
    differences.

    ``tolerance`` is that of an engine which only approximates; TOLERANCE where None. Of a dense chain whose Jacobian
    takes more than WHOLE multiply-adds, J is compared along a direction of each side alone, in double precision: the
    whole of it by hand would take minutes.
    """
    expect_array("the Jacobian", jacobian, chain.dtype)
    expect_shape("the Jacobian", jacobian, (*np.shape(chain(chain.x)), *chain.x.shape))
    if chain.layer == "dense" and _fma(chain) > WHOLE:
        _check_along(chain, jacobian, (tolerance or TOLERANCE)[chain.dtype])
        return
    if chain.layer == "dense":
        mode = "forward" if chain.n < chain.m else "reverse"
        expected = peers.load("floor").jacobian(chain, mode, None)(chain.x)
        expect_close("the Jacobian", "by hand", jacobian, expected, (tolerance or TOLERANCE)[chain.dtype])
    v = direction(chain)
    allowed = max((tolerance or TOLERANCE)[chain.dtype], DIFFERENCE_TOLERANCE[chain.dtype])
    expect_close("J v", "differences", jacobian @ v, difference(chain, v), allowed)


def _check_along(chain: Chain, jacobian: Array, allowed: float) -> None:
    """J v and w J by hand, J v by differences: a wrong entry shows in each with all but certainty."""
    floor, v, w = peers.load("floor"), direction(chain), covector(chain)
    expect_close("J v", "by hand", jacobian @ v, floor.jvp(chain)(chain.x, v)[1], allowed)
    expect_close("w J", "by hand", w @ jacobian, floor.vjp(chain)(chain.x, w)[1], allowed)
    allowed = max(allowed, DIFFERENCE_TOLERANCE[chain.dtype])
    expect_close("J v", "differences", jacobian @ v, difference(chain, v, np.float64), allowed)


def _fma(chain: Chain) -> int:
    """Multiply-adds of the cheaper way to the Jacobian of a dense chain."""
    return min(chain.n, chain.m) * sum(W.size for W, _ in chain.parameters)


def check_value(chain: Chain, y: Array) -> None:
    """``y`` is what the engine made of the chain itself, without a derivative."""
    expect_shape("the value", y, np.shape(chain(chain.x)))
    expect_close("the value", "the chain's", y, chain(chain.x), TOLERANCE[chain.dtype])


def largest_error(chain: Chain, jacobian: Array) -> float:
    """The largest error of an entry over the largest entry, against differences in extended precision."""
    columns = [difference(chain, column) for column in np.eye(chain.n, dtype=chain.x.dtype)]
    expected = np.stack(columns, axis=-1)
    return float(np.max(np.abs(jacobian - expected)) / np.max(np.abs(expected)))


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


def check_gradient(chain: Chain, gradient: Sequence[Sequence[Array]]) -> None:
    """`gradient` is dL/dp for every array p of ``chain.parameters``, of a chain with a scalar value L.

    Shapes, and <dL/dp, v> against differences of L along one seeded direction v of all parameters at once.
    """
    rng = np.random.default_rng(0)
    v = [tuple(rng.standard_normal(p.shape).astype(p.dtype) for p in layer) for layer in chain.parameters]
    arrays = [p for layer in chain.parameters for p in layer]
    blocks, moves = ([p for layer in tree for p in layer] for tree in (gradient, v))
    if len(blocks) != len(arrays):
        raise WrongDerivativeError(f"the gradient has {len(blocks)} blocks, expected {len(arrays)}, one an array")
    for number, (block, p) in enumerate(zip(blocks, arrays, strict=True)):
        expect_shape(f"block {number} of the gradient", block, p.shape)

    def along(t: Array) -> Array:
        moved = [
            tuple(p + t * d for p, d in zip(*layers, strict=True)) for layers in zip(chain.parameters, v, strict=True)
        ]
        return chain.apply(moved, chain.x.astype(np.longdouble))

    # As far as one step along a unit vector: a step that is small in each parameter is large in all of them together.
    size = _norm(moves)
    expected = central(along, np.zeros(()), np.asarray(1 / size)) * size
    answer = sum(np.vdot(block, d) for block, d in zip(blocks, moves, strict=True))
    error = abs(answer - expected) / _norm(blocks)
    if not error <= DIFFERENCE_TOLERANCE[chain.dtype]:
        raise WrongDerivativeError(
            f"the gradient does not fit differences: <dL/dp, v> is {error:.1e} |dL/dp| away from them; "
            f"allowed are {DIFFERENCE_TOLERANCE[chain.dtype]:.0e}"
        )


def _norm(arrays: Sequence[Array]) -> float:
    return float(np.sqrt(sum(np.vdot(array, array) for array in arrays)))


def check_hessian(chain: Chain, hessian: Array) -> None:
    """Shape, symmetry, and H v against differences of the hand-written gradient; for a chain of layer "loss"."""
    expect_shape("the Hessian", hessian, (chain.n, chain.n))
    expect_close("the Hessian", "its transpose", hessian, hessian.T, TOLERANCE[chain.dtype])
    v = direction(chain)
    expected = central(peers.load("floor").gradient(chain), chain.x, v)
    expect_close("H v", "differences of the gradient", hessian @ v, expected, DIFFERENCE_TOLERANCE[chain.dtype])


def check_problem(problem: Problem, jacobian: Array) -> None:
    """Type, shape, distance from the hand-written Jacobian where there is one, J v from differences.

    The differences are those of two values: some problems are least at a bend, or branch on values, near by.
    """
    y = np.asarray(problem(problem.x))
    expect_array("the Jacobian", jacobian, "float64")
    expect_shape("the Jacobian", jacobian, (*y.shape, *problem.x.shape))
    if problem.jacobian is not None:
        expect_close("the Jacobian", "by hand", jacobian, problem.jacobian(problem.x), PROBLEM_TOLERANCE)
    v = np.random.default_rng(0).standard_normal(problem.x.shape) * np.maximum(1.0, np.abs(problem.x))
    change = np.asarray(problem(problem.x + PROBLEM_STEP * v)) - np.asarray(problem(problem.x - PROBLEM_STEP * v))
    expect_close("J v", "differences", jacobian @ v, change / (2 * PROBLEM_STEP), DIFFERENCE_TOLERANCE["float64"])


def expect_array(what: str, answer: Array, dtype: str) -> None:
    """A NumPy array of the chain's dtype: computed, brought home, and of the precision that was asked for."""
    if not isinstance(answer, np.ndarray) or answer.dtype != dtype:
        came = answer.dtype if isinstance(answer, np.ndarray) else type(answer).__name__
        raise WrongDerivativeError(f"{what} came as {came}, expected a NumPy array of {dtype}")


def expect_shape(what: str, answer: Array, shape: tuple[int, ...]) -> None:
    if np.shape(answer) != shape:
        raise WrongDerivativeError(f"{what} has shape {np.shape(answer)}, expected {shape}")


def expect_close(what: str, reference: str, answer: Array, expected: Array, tolerance: float) -> None:
    error = np.linalg.norm(answer - expected) / np.linalg.norm(expected)
    if not error <= tolerance:  # a NaN is not
        raise WrongDerivativeError(
            f"{what} is {error:.1e} away from {reference}, relative; allowed are {tolerance:.0e}"
        )

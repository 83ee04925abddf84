"""Does a function's derivative hold? Both modes against each other, and against differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .call import Call
from .forward import jvp
from .reverse import vjp
from .trees import flatten

__all__ = ["DerivativeError", "check_derivatives"]


class DerivativeError(AssertionError):
    """The two modes disagree with each other or with differences."""


def check_derivatives(
    f: Callable[..., Any], *args: Any, seed: int = 0, directions: int = 3, rtol: float | None = None
) -> None:
    """Check f's derivatives at args, by random projections; silent where they hold.

    For random directions v and w it compares <w, J v> of forward mode with <J^T w, v> of reverse mode, to rounding, and
    J v with central differences of f along v, to what differences can give. The shapes have to be those of f's value
    and of its arguments.

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns one array or scalar, or a tree of them.
    args : the point, each argument an array, a scalar, or a tree of them; f must be smooth around it.
    seed : of the random directions.
    directions : how many; each costs one JVP, one VJP and four to twelve evaluations of f.
    rtol : relative tolerance of the differences; default eps**(2/3) of the dtype times 1000 (4e-8 for float64).

    Raises DerivativeError, with both numbers, where they do not hold.
    """
    call = Call(f, args, tuple(range(len(args))))
    rng = np.random.default_rng(seed)

    def joined(*args: Any) -> Any:
        """The entries of all results in one array."""
        return call.evaluate(args)

    y, pullback = vjp(joined, *args)
    eps = float(np.finfo(y.dtype).eps)
    rtol = 1000 * eps ** (2 / 3) if rtol is None else rtol
    for _ in range(directions):
        v = [rng.standard_normal(x.shape).astype(x.dtype) for x in call.primals]
        w = rng.standard_normal(y.shape).astype(y.dtype)
        tangents = call.rebuild(v)
        y_forward, y_dot = jvp(joined, args, tangents)
        x_bar = flatten(pullback(w))
        _same(y, y_forward, 0.0, "the value of f, reverse against forward")
        # Compared first: NumPy would broadcast one that was not summed, or not repeated, and the numbers would agree.
        _same_shape(y, y_dot, "J v, by forward mode", "a rule's push has to repeat the tangent along the axes")
        for x, cotangent in zip(call.primals, x_bar, strict=True):
            _same_shape(x, cotangent, "J^T w, by reverse mode", "a rule's pull has to sum the cotangent over the axes")
        left = float(np.sum(w * y_dot))
        terms = [a * b for a, b in zip(x_bar, v, strict=True)]
        right = float(sum(np.sum(t) for t in terms))
        # Rounding is relative to what was added up, not to what is left of it.
        size = float(np.sum(np.abs(w * y_dot)) + sum(np.sum(np.abs(t)) for t in terms))
        if not abs(left - right) <= 100 * eps * max(size, np.finfo(y.dtype).tiny):
            raise DerivativeError(
                f"the two modes disagree: <w, J v> = {left!r} by forward mode, <J^T w, v> = {right!r} by reverse mode; "
                f"a rule's push and pull are not each other's transpose"
            )
        _differences(call, v, y_dot, eps, rtol)


def _differences(call: Call, v: list[Any], y_dot: Any, eps: float, rtol: float) -> None:
    """Compare y_dot with central differences of f along v.

    Extrapolated once (Richardson), so the truncation error falls with the step's fourth power. The best step depends on
    f's fifth derivative, which nobody knows: three are tried, and a right derivative agrees with one of them.
    """
    scale = max([float(np.max(np.abs(x), initial=1.0)) for x in call.primals], default=1.0)
    largest = max([float(np.max(np.abs(d), initial=0.0)) for d in v], default=1.0) or 1.0

    def central(step: float) -> Any:
        plus, minus = (
            call([x + x.dtype.type(sign * step) * d for x, d in zip(call.primals, v, strict=True)]) for sign in (1, -1)
        )
        return (plus - minus) / (2 * step)

    for shrink in (1, 8, 64):
        h = scale * eps**0.2 / (largest * shrink)
        try:
            _same((4 * central(h / 2) - central(h)) / 3, y_dot, rtol, "J v, differences against forward mode")
        except DerivativeError:
            if shrink == 64:
                raise
        else:
            return


def _same_shape(primal: Any, derivative: Any, what: str, remedy: str) -> None:
    if np.shape(derivative) != primal.shape:
        raise DerivativeError(
            f"{what}: expected shape {primal.shape}, the shape of its primal, got shape {np.shape(derivative)}; "
            f"{remedy} along which its operand was broadcast (modes.partials.elementwise_partial does both)"
        )


def _same(expected: Any, came: Any, rtol: float, what: str) -> None:
    expected, came = np.asarray(expected), np.asarray(came)
    size = max(float(np.max(np.abs(expected), initial=0.0)), float(np.max(np.abs(came), initial=0.0)))
    error = float(np.max(np.abs(expected - came), initial=0.0))
    if not error <= rtol * size:  # not: a NaN fails as well
        raise DerivativeError(
            f"{what}: largest difference {error:.3g} of values up to {size:.3g}, tolerance {rtol * size:.3g}; "
            f"expected\n{expected}\ngot\n{came}"
        )

"""Element-wise functions, by their derivative with respect to each operand: (y, *operands) -> d.

The output y is used where that is cheaper or safer: d tanh = 1 - y^2 cannot overflow, 1 / cosh^2 can.

Conventions at kinks and edges, for all rules of the table, the same in both modes:

- abs, fabs and copysign have derivative 0 at 0; sign, floor, ceil, rint, trunc, floor_divide and heaviside have
  derivative 0 everywhere.
- maximum and minimum, fmax and fmin at a tie: against a Python number the derivative is 0 (so that max(0, z) has the
  derivative 0 at z = 0, M12); between two arrays, or NumPy scalars, each operand gets one half. clip is made of the
  two. The reductions max, min, nanmax, nanmin and ptp share the derivative evenly among the entries that tie.
- sort, partition, median and quantile at ties: the order is that of a stable sort.
- sqrt, cbrt and a power below 1 at 0, log at 0, arcsin at 1 and the like: an infinite derivative, with NumPy's own
  warning, not an error.
- 0 times an infinite or NaN derivative is 0: a masked branch, np.where(x > 0, np.sqrt(x), 0), contributes nothing,
  whatever its derivative would be, and 1 / (1 + np.exp(-x)) has the derivative 0 at x = -1000. So has
  np.sqrt(x) ** 2 at 0, whose one-sided derivative is 1: write x. The rows below that are not `singular` (tanh, sin,
  logaddexp, mod, ...) have finite derivatives at finite numbers; there a NaN that is masked later still spoils the
  cotangent, and the operand has to be masked as well.
- where infinite derivatives meet in a Jacobian, as those of np.sqrt(x - x), an entry is NaN only if it is so by both
  modes (modes.agreement); all modes give the same.
- power: with exponent 0 the derivative is 0, at every base, and with exponent 1 it is 1; with respect to the exponent
  it is 0 at base 0, and NaN at a negative base.
- hypot and arctan2 at (0, 0): 0 with respect to both operands. std at 0: 0.
- logaddexp of two equal operands, both -inf or both inf among them: one half each.
- mod and fmod at their jumps: of the piece that NumPy's value belongs to. interp at a knot: of the piece to its right,
  at the last one of the piece to its left, beyond the ends 0.
- prod and cumprod are right with any number of zeros, in derivatives of any order.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..blocks import precise
from .singular import finite, singular
from .table import RULES, composite, constant, elementwise, only_defaults, primitive

# --- arithmetic (M8) ------------------------------------------------------------------------------------------
elementwise(np.positive, 1)
elementwise(np.negative, -1)
elementwise(np.conjugate, 1)
elementwise(np.add, 1, 1)
elementwise(np.subtract, 1, -1)
singular(np.multiply, lambda y, a, b: b, lambda y, a, b: a)
singular(np.reciprocal, lambda y, x: -y * y)
singular(np.square, lambda y, x: 2 * x)
singular(np.sqrt, lambda y, x: 0.5 / y)
singular(np.cbrt, lambda y, x: 1.0 / (3 * y * y))
singular(np.absolute, lambda y, x: np.sign(x))
singular(np.fabs, lambda y, x: np.sign(x))
elementwise(np.copysign, lambda y, a, b: np.sign(a) * np.sign(y), None)


def _inverse(y: Any, a: Any, b: Any) -> Any:
    if isinstance(b, int | float) and b == 0:  # Python's 1 / 0 is an error
        return y.dtype.type(math.copysign(math.inf, b))
    return 1.0 / precise(b, y.dtype)


def _quotient(y: Any, a: Any, b: Any) -> Any:
    """How many times b was taken off a, a whole number, negated: the derivative of a remainder by b."""
    return np.rint((y - a) / b)


singular(np.divide, _inverse, lambda y, a, b: -y / b)
elementwise(np.remainder, 1, _quotient)
elementwise(np.fmod, 1, _quotient)
composite(np.divmod, lambda a, b: (np.floor_divide(a, b), np.remainder(a, b)))


def _power_base(y: Any, a: Any, b: Any) -> Any:
    if isinstance(b, int | float):  # by far the commonest: x**2, x**3, x**0.5
        return np.zeros_like(a) if b == 0 else b * a ** (b - 1.0)
    b = precise(b, y.dtype)
    return b * a ** np.where(b == 0, 1.0, b - 1.0)  # b = 0: 0 * a, so that a = 0 gives no 0 * inf


def _power_exponent(y: Any, a: Any, b: Any) -> Any:
    if isinstance(a, int | float) and a > 0:
        return y * math.log(a)
    a = precise(a, y.dtype)
    return np.where(a == 0, 0.0, y) * np.log(np.where(a == 0, 1.0, a))


singular(np.power, _power_base, _power_exponent)
singular(np.float_power, _power_base, _power_exponent)


# The parts of a number: the whole part and the power of two are piecewise constant, so the rest moves with it.
@primitive
def exponent(x: Any) -> Any:
    """The power of two in x = m 2**e, 1/2 <= |m| < 1."""
    return np.frexp(x)[1]


constant(exponent)
elementwise(np.ldexp, lambda y, x, e: np.ldexp(np.ones_like(x), e), None)
composite(np.frexp, lambda x: (np.ldexp(x, -exponent(x)), exponent(x)))
composite(np.modf, lambda x: (x - np.trunc(x), np.trunc(x)))

# --- exponentials and logarithms ------------------------------------------------------------------------------
singular(np.exp, lambda y, x: y)
singular(np.exp2, lambda y, x: y * math.log(2))
singular(np.expm1, lambda y, x: np.exp(x))  # y + 1 would be 0 far below 0
singular(np.log, lambda y, x: 1.0 / x)
singular(np.log2, lambda y, x: (1 / math.log(2)) / x)
singular(np.log10, lambda y, x: (1 / math.log(10)) / x)
singular(np.log1p, lambda y, x: 1.0 / (1.0 + x))


def _share(exp: Any, y: Any, a: Any, b: Any) -> Any:
    """exp(a) / (exp(a) + exp(b)) from y = log(exp(a) + exp(b)): between 0 and 1, so it cannot overflow."""
    if finite(y):
        return exp(a - y)
    largest = float(np.finfo(y.dtype).max)  # as good as infinite, and its difference from infinity is not NaN
    return np.where(a == b, 0.5, exp(np.minimum(a - np.clip(y, -largest, largest), 0.0)))


elementwise(np.logaddexp, lambda y, a, b: _share(np.exp, y, a, b), lambda y, a, b: _share(np.exp, y, b, a))
elementwise(np.logaddexp2, lambda y, a, b: _share(np.exp2, y, a, b), lambda y, a, b: _share(np.exp2, y, b, a))

# --- trigonometric and hyperbolic -----------------------------------------------------------------------------
elementwise(np.sin, lambda y, x: np.cos(x))
singular(np.cos, lambda y, x: -np.sin(x))
singular(np.tan, lambda y, x: 1.0 + y * y)
singular(np.arcsin, lambda y, x: 1.0 / np.sqrt((1.0 - x) * (1.0 + x)))
singular(np.arccos, lambda y, x: -1.0 / np.sqrt((1.0 - x) * (1.0 + x)))
singular(np.arctan, lambda y, x: 1.0 / (1.0 + x * x))
singular(np.sinh, lambda y, x: np.cosh(x))
singular(np.cosh, lambda y, x: np.sinh(x))
elementwise(np.tanh, lambda y, x: 1.0 - y * y)
singular(np.arcsinh, lambda y, x: 1.0 / np.hypot(x, 1.0))
singular(np.arccosh, lambda y, x: 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0)))
singular(np.arctanh, lambda y, x: 1.0 / ((1.0 - x) * (1.0 + x)))
elementwise(np.deg2rad, (np.pi / 180))
elementwise(np.radians, (np.pi / 180))
elementwise(np.rad2deg, (180 / np.pi))
elementwise(np.degrees, (180 / np.pi))


def _over(x: Any, radius: Any) -> Any:
    return x / np.where(radius == 0, 1.0, radius)


def _over_square(x: Any, a: Any, b: Any) -> Any:
    radius = np.hypot(a, b)  # dividing twice by it does not overflow, once by its square might
    return _over(_over(x, radius), radius)


singular(np.hypot, lambda y, a, b: _over(a, y), lambda y, a, b: _over(b, y))
singular(np.arctan2, lambda y, a, b: _over_square(b, a, b), lambda y, a, b: -_over_square(a, a, b))


def _sinc(y: Any, x: Any) -> Any:
    """(cos(pi x) - sinc(x)) / x, by its series where the difference would cancel (Taylor, to 1e-17 below 1/2)."""
    u = np.pi * x
    near = np.abs(u) < 0.5
    v, w = np.where(near, u, 0.0) ** 2, np.where(near, 1.0, x)
    series = 0.0
    for k in range(7, 0, -1):  # the sum of (-1)^k 2k u^(2k-1) / (2k+1)!
        series = series * v + (-1) ** k * 2 * k / math.factorial(2 * k + 1)
    return np.where(near, np.pi * u * series, (np.cos(np.pi * w) - np.sinc(w)) / w)


singular(np.sinc, _sinc)


# --- the larger and the smaller of two ------------------------------------------------------------------------
def _extremum(func: Any, first: Any, second: Any) -> None:
    """A row whose derivatives are masks that say which operand is taken; a tie between two arrays is halved.

    The convention depends on what the operands are, not on which of them are traced, so that differentiating for one
    argument at a time and for all at once agree.
    """

    def halved(taken: Any, y: Any, a: Any, b: Any) -> Any:
        if type(a) in (int, float) or type(b) in (int, float):  # exactly: NumPy's float64 is a float as well
            return taken
        return np.where(a == b, y.dtype.type(0.5), taken)

    elementwise(func, lambda y, a, b: halved(first(a, b), y, a, b), lambda y, a, b: halved(second(a, b), y, a, b))


_extremum(np.maximum, lambda a, b: a > b, lambda a, b: b > a)
_extremum(np.minimum, lambda a, b: a < b, lambda a, b: b < a)
_extremum(np.fmax, lambda a, b: (a > b) | np.isnan(b), lambda a, b: (b > a) | np.isnan(a))
_extremum(np.fmin, lambda a, b: (a < b) | np.isnan(b), lambda a, b: (b < a) | np.isnan(a))


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None) -> Any:
    only_defaults(np.clip, out=out)
    for low in (a_min, min):
        a = a if low is None else np.maximum(a, low)
    for high in (a_max, max):
        a = a if high is None else np.minimum(a, high)
    return a


def _nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """Chosen, not multiplied: what is replaced contributes nothing."""
    only_defaults(np.nan_to_num, copy=None if copy else copy)
    largest = float(np.finfo(x.dtype).max)
    x = np.where(np.isnan(x), nan, x)
    x = np.where(np.isposinf(x), largest if posinf is None else posinf, x)
    return np.where(np.isneginf(x), -largest if neginf is None else neginf, x)


composite(np.clip, _clip)
composite(np.nan_to_num, _nan_to_num)

# Derivatives that are arrays of their own, never an operand as it is.
for _func in (
    np.divide, np.remainder, np.fmod, np.power, np.float_power, np.logaddexp, np.logaddexp2, np.hypot, np.arctan2,
    np.maximum, np.minimum, np.fmax, np.fmin,
):  # fmt: skip
    RULES[_func].keeps = False

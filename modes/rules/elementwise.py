"""Element-wise functions, by their derivative with respect to each operand: (y, *operands) -> d.

The output y is used where that is cheaper or safer: d tanh = 1 - y^2 cannot overflow, 1 / cosh^2 can.

Conventions, the same in both modes:
- abs and sign have derivative 0 at 0.
- maximum and minimum, fmax and fmin at a tie: against a Python number the derivative is 0 (so that max(0, z) has the
  derivative 0 at z = 0, M12); between two arrays each operand gets one half.
- sqrt and cbrt at 0, log at 0 and the like follow NumPy's own division: an infinite derivative, not an error.
- power: with exponent 0 the derivative is 0, at every base; with respect to the exponent it is 0 at base 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import elementwise

# --- arithmetic (M8) ------------------------------------------------------------------------------------------
elementwise(np.positive, 1)
elementwise(np.negative, -1)
elementwise(np.add, 1, 1)
elementwise(np.subtract, 1, -1)
elementwise(np.multiply, lambda y, a, b: b, lambda y, a, b: a)
elementwise(np.divide, lambda y, a, b: 1.0 / b, lambda y, a, b: -y / b)
elementwise(np.reciprocal, lambda y, x: -y * y)
elementwise(np.square, lambda y, x: 2 * x)
elementwise(np.sqrt, lambda y, x: 0.5 / y)
elementwise(np.cbrt, lambda y, x: 1.0 / (3 * y * y))
elementwise(np.absolute, lambda y, x: np.sign(x))
elementwise(np.fabs, lambda y, x: np.sign(x))


def _power_base(y: Any, a: Any, b: Any) -> Any:
    if isinstance(b, int | float):  # by far the commonest: x**2, x**3, x**0.5
        return 0.0 * a if b == 0 else b * a ** (b - 1.0)
    return b * a ** np.where(b == 0, 1.0, b - 1.0)  # b = 0: 0 * a, so that a = 0 gives no 0 * inf


def _power_exponent(y: Any, a: Any, b: Any) -> Any:
    return y * np.log(np.where(a == 0, 1.0, a))


elementwise(np.power, _power_base, _power_exponent)
elementwise(np.float_power, _power_base, _power_exponent)

# --- exponentials and logarithms ------------------------------------------------------------------------------
elementwise(np.exp, lambda y, x: y)
elementwise(np.exp2, lambda y, x: y * np.log(2.0).item())
elementwise(np.expm1, lambda y, x: y + 1.0)
elementwise(np.log, lambda y, x: 1.0 / x)
elementwise(np.log2, lambda y, x: (1.0 / np.log(2.0)).item() / x)
elementwise(np.log10, lambda y, x: (1.0 / np.log(10.0)).item() / x)
elementwise(np.log1p, lambda y, x: 1.0 / (1.0 + x))
# exp(a - y) is between 0 and 1: it cannot overflow, whatever the operands.
elementwise(np.logaddexp, lambda y, a, b: np.exp(a - y), lambda y, a, b: np.exp(b - y))
elementwise(np.logaddexp2, lambda y, a, b: np.exp2(a - y), lambda y, a, b: np.exp2(b - y))

# --- trigonometric and hyperbolic -----------------------------------------------------------------------------
elementwise(np.sin, lambda y, x: np.cos(x))
elementwise(np.cos, lambda y, x: -np.sin(x))
elementwise(np.tan, lambda y, x: 1.0 + y * y)
elementwise(np.arcsin, lambda y, x: 1.0 / np.sqrt((1.0 - x) * (1.0 + x)))
elementwise(np.arccos, lambda y, x: -1.0 / np.sqrt((1.0 - x) * (1.0 + x)))
elementwise(np.arctan, lambda y, x: 1.0 / (1.0 + x * x))
elementwise(np.sinh, lambda y, x: np.cosh(x))
elementwise(np.cosh, lambda y, x: np.sinh(x))
elementwise(np.tanh, lambda y, x: 1.0 - y * y)
elementwise(np.arcsinh, lambda y, x: 1.0 / np.hypot(x, 1.0))
elementwise(np.arccosh, lambda y, x: 1.0 / np.sqrt((x - 1.0) * (x + 1.0)))
elementwise(np.arctanh, lambda y, x: 1.0 / ((1.0 - x) * (1.0 + x)))
elementwise(np.hypot, lambda y, a, b: a / y, lambda y, a, b: b / y)
elementwise(np.arctan2, lambda y, a, b: b / (a * a + b * b), lambda y, a, b: -a / (a * a + b * b))
elementwise(np.deg2rad, (np.pi / 180))
elementwise(np.radians, (np.pi / 180))
elementwise(np.rad2deg, (180 / np.pi))
elementwise(np.degrees, (180 / np.pi))


# --- the larger and the smaller of two ------------------------------------------------------------------------
def _extremum(func: Any, first: Any, second: Any) -> None:
    """A row whose derivatives are masks that say which operand is taken; a tie between two arrays is halved.

    The convention depends on what the operands are, not on which of them are traced, so that differentiating for one
    argument at a time and for all at once agree.
    """

    def halved(taken: Any, y: Any, a: Any, b: Any) -> Any:
        if isinstance(a, int | float) or isinstance(b, int | float):
            return taken
        return np.where(a == b, y.dtype.type(0.5), taken)

    elementwise(func, lambda y, a, b: halved(first(a, b), y, a, b), lambda y, a, b: halved(second(a, b), y, a, b))


_extremum(np.maximum, lambda a, b: a > b, lambda a, b: b > a)
_extremum(np.minimum, lambda a, b: a < b, lambda a, b: b < a)
_extremum(np.fmax, lambda a, b: (a > b) | np.isnan(b), lambda a, b: (b > a) | np.isnan(a))
_extremum(np.fmin, lambda a, b: (a < b) | np.isnan(b), lambda a, b: (b < a) | np.isnan(a))

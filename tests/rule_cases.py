"""A case or more for every row of the rule table: a function of arrays that uses the row, and a smooth point for it.

`CASES` maps the table's key to a list of (function, arguments). tests/test_rules.py runs every case in both modes,
nested once, in every structure of seeds, and fails for a row without a case: a new row is tested the day it is written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Cases = list[tuple[Callable[..., Any], tuple[Any, ...]]]

_rng = np.random.default_rng(20240229)


def real(*size: int) -> np.ndarray:
    """Entries of either sign, well apart from each other and from 0, 1 and -1, where functions have kinks."""
    count = int(np.prod(size))
    values = (np.arange(count) + 0.5) / max(count, 1) * 3.0 + 0.11
    return np.reshape(_rng.permutation(values) * _rng.choice([-1.0, 1.0], count), size)


def positive(*size: int) -> np.ndarray:
    return np.abs(real(*size))


def inside(*size: int) -> np.ndarray:
    """Entries in (-1, 1)."""
    return real(*size) / 3.5


def unary(func: Callable[..., Any], draw: Callable[..., np.ndarray] = real) -> Cases:
    """An element-wise function of one operand: on a scalar, a vector, a matrix and a 3-d array."""
    return [(func, (draw(*size),)) for size in ((), (3,), (2, 3), (2, 1, 3))]


def binary(func: Callable[..., Any], first: Any = real, second: Any = real) -> Cases:
    """One of two operands: the same shape, and broadcasting on either side and on both."""
    shapes: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
        ((), ()),
        ((3,), (3,)),
        ((3,), ()),
        ((), (3,)),
        ((2, 3), (3,)),
        ((1, 3), (2, 1)),
        ((3,), (2, 2, 3)),
        ((2, 1, 3), (4, 1)),
    ]
    both: Cases = [(func, (first(*a), second(*b))) for a, b in shapes]
    # and against a constant on either side, where the other operand's rule is not asked for
    x, z, a, b = first(2, 3), second(2, 3), first(2, 3), second(3)
    return [*both, (lambda x: func(x, b), (x,)), (lambda z: func(a, z), (z,))]


def matrices(func: Callable[..., Any], *pairs: tuple[tuple[int, ...], tuple[int, ...]]) -> Cases:
    return [(func, (real(*a), real(*b))) for a, b in pairs]


def parts(results: Any) -> Any:
    """Several results as one, each with a weight of its own."""
    return np.concatenate([np.ravel(part) * (i + 1.0) for i, part in enumerate(results)])


CASES: dict[Callable[..., Any], Cases] = {}

# --- element-wise -------------------------------------------------------------------------------------------------
_func: Any
for _func in (
    np.positive, np.negative, np.square, np.absolute, np.fabs, np.exp, np.exp2, np.expm1, np.sin, np.cos, np.tan,
    np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh, np.reciprocal, np.cbrt, np.deg2rad, np.radians, np.rad2deg,
    np.degrees, np.conjugate, np.sinc,
):  # fmt: skip
    CASES[_func] = unary(_func)
for _func in (np.sqrt, np.log, np.log2, np.log10, np.log1p):
    CASES[_func] = unary(_func, positive)
for _func in (np.arcsin, np.arccos, np.arctanh):
    CASES[_func] = unary(_func, inside)
CASES[np.arccosh] = unary(np.arccosh, lambda *size: 1.1 + positive(*size))
for _func in (
    np.add, np.subtract, np.multiply, np.divide, np.hypot, np.arctan2, np.logaddexp, np.logaddexp2,
):  # fmt: skip
    CASES[_func] = binary(_func)
for _func in (
    np.maximum,
    np.minimum,
    np.fmax,
    np.fmin,
):  # no ties: the second operand is never the first's value
    CASES[_func] = binary(_func, real, lambda *size: 0.97 * real(*size))
CASES[np.power] = [
    *binary(np.power, positive),
    (lambda x: x**3, (real(3),)),
    (lambda x: x**2, (real(2, 3),)),
    (lambda x: x**0, (real(3),)),
    (lambda x: 2.0**x, (real(3),)),
    (lambda x: x**-1.5, (positive(3),)),
    (lambda x: x ** np.array([0.0, 1.0, 2.0]), (real(3),)),
]
CASES[np.float_power] = binary(np.float_power, positive)
CASES[np.sinc] += [
    (np.sinc, (np.array([0.0, 1e-9, 1e-3, 0.1, 0.159, 0.16, 0.3, 1.0, 5.0]),))
]  # either side of the series
CASES[np.copysign] = [(lambda x: np.copysign(x, np.array([1.0, -1.0, -2.0])), (real(2, 3),))]
CASES[np.remainder] = [
    *binary(np.remainder, inside, lambda *size: 1.3 + positive(*size)),
    (lambda a: a % 0.7, (real(2, 3),)),
    (lambda b: 5.0 % b, (1.3 + inside(3),)),
]
# quotients between 2 and 3
CASES[np.fmod] = binary(np.fmod, lambda *size: 6.5 + 0.3 * inside(*size), lambda *size: -2.6 + 0.3 * inside(*size))
CASES[np.divmod] = [
    (lambda a, b: np.divmod(a, b)[0] * b + np.divmod(a, b)[1], (real(3), positive(3))),
    (lambda a: divmod(a, 2.0)[1] * divmod(7.0, a)[1], (1.3 + inside(3),)),
]
CASES[np.ldexp] = [(lambda x: np.ldexp(x, np.array([[2], [-1]])), (real(3),)), (lambda x: np.ldexp(x, 3), (real(3),))]
CASES[np.frexp] = [(lambda x: np.frexp(x)[0] * np.frexp(x)[1], (real(5),))]
CASES[np.modf] = [(lambda x: np.modf(x)[0] * np.modf(x)[1], (real(5),))]
CASES[np.clip] = [
    (lambda x: np.clip(x, -1.05, 1.05), (real(2, 3),)),
    (lambda x, low, high: np.clip(x, low, high), (real(2, 5), -positive(5) - 0.03, positive(5) + 0.03)),
    (lambda x: np.clip(x, None, 0.04), (real(3),)),
    (lambda x: x.clip(min=0.04), (real(3),)),
    (lambda x: x.clip(-0.5), (real(3),)),
    (lambda x: x.clip(max=1.3) * x.clip(-1.0, 2.0), (real(5),)),
]
CASES[np.nan_to_num] = [(lambda x: np.nan_to_num(x, nan=2.0, posinf=1.0) * x, (real(2, 3),))]

# --- products -----------------------------------------------------------------------------------------------------
CASES[np.matmul] = matrices(
    np.matmul,
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((5, 2, 3), (3,)), ((5, 2, 3), (3, 4)),
    ((3,), (5, 3, 2)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)), ((5, 1, 2, 3), (4, 3, 2)), ((1, 2, 3), (5, 3, 2)),
)  # fmt: skip
CASES[np.dot] = matrices(
    np.dot,
    ((), (2,)),
    ((2, 3), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (3, 2)),
    ((2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
)
CASES[np.inner] = matrices(np.inner, ((), ()), ((3,), (3,)), ((2, 3), (3,)), ((2, 3), (4, 3)))
CASES[np.vdot] = matrices(np.vdot, ((3,), (3,)), ((2, 3), (2, 3)))
CASES[np.outer] = matrices(np.outer, ((2,), (3,)), ((2, 2), (3,)))
CASES[np.tensordot] = [
    *matrices(np.tensordot, ((2, 3), (2, 3)), ((2, 3, 4), (3, 4, 2))),
    *matrices(lambda a, b: np.tensordot(a, b, axes=1), ((2, 3), (3, 4))),
    *matrices(lambda a, b: np.tensordot(a, b, axes=0), ((2,), (3, 2))),
    *matrices(lambda a, b: np.tensordot(a, b, axes=([0, -1], [1, 0])), ((2, 3, 4), (4, 2, 3))),
]

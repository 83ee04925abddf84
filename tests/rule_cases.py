"""A case or more for every row of the rule table: a function of arrays that uses the row, and a smooth point for it.

`CASES` maps the table's key to a list of (function, arguments). tests/test_rules.py runs every case in both modes,
nested once, in every structure of seeds, and fails for a row without a case: a new row is tested the day it is written.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from modes.rules import selection, shape

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


CASES: dict[Callable[..., Any], Cases] = {}

# --- element-wise -------------------------------------------------------------------------------------------------
for _func in (
    np.positive, np.negative, np.square, np.absolute, np.fabs, np.exp, np.exp2, np.expm1, np.sin, np.cos, np.tan,
    np.arctan, np.sinh, np.cosh, np.tanh, np.arcsinh, np.reciprocal, np.cbrt, np.deg2rad, np.radians, np.rad2deg,
    np.degrees,
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

# --- reductions ---------------------------------------------------------------------------------------------------
for _func in (np.sum, np.mean, np.max, np.min):
    CASES[_func] = [
        (_func, (real(3),)),
        (_func, (real(2, 3, 2),)),
        (lambda x, f=_func: f(x, axis=1), (real(2, 3, 2),)),
        (lambda x, f=_func: f(x, axis=(0, -1)), (real(2, 3, 2),)),
        (lambda x, f=_func: f(x, axis=-2, keepdims=True), (real(2, 3, 2),)),
        (lambda x, f=_func: f(x, keepdims=True), (real(4),)),
        (lambda x, f=_func: f(x, 0), (real(2, 3),)),
    ]

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

# --- shape --------------------------------------------------------------------------------------------------------
CASES[shape.cast] = [(lambda x: x.astype(np.float64) * x, (real(3),))]
CASES[np.reshape] = [
    (lambda x: np.reshape(x, (3, 2)), (real(2, 3),)),
    (lambda x: x.reshape(-1), (real(2, 3),)),
    (lambda x: np.sin(x).reshape(3, -1), (real(2, 3),)),
]
CASES[np.ravel] = [(np.ravel, (real(2, 3),)), (lambda x: x.flatten(), (real(3),))]
CASES[np.expand_dims] = [(lambda x: np.expand_dims(x, (0, -1)), (real(2, 3),))]
CASES[np.squeeze] = [
    (np.squeeze, (real(2, 1, 3, 1),)),
    (lambda x: np.squeeze(x, axis=1), (real(2, 1, 3, 1),)),
]
CASES[np.transpose] = [
    (np.transpose, (real(2, 3, 4),)),
    (lambda x: np.transpose(x, (2, 0, -2)), (real(2, 3, 4),)),
    (lambda x: x.T @ x, (real(2, 3),)),
]
CASES[np.swapaxes] = [(lambda x: np.swapaxes(x, 0, -1), (real(2, 3, 4),))]
CASES[np.moveaxis] = [
    (lambda x: np.moveaxis(x, 0, -1), (real(2, 3, 4),)),
    (lambda x: np.moveaxis(x, (0, 1), (2, 0)), (real(2, 3, 4),)),
]
CASES[np.broadcast_to] = [
    (lambda x: np.broadcast_to(x, (2, 4, 3)), (real(4, 1),)),
    (lambda x: np.broadcast_to(x, (2, 3)), (real(),)),
]
CASES[np.concatenate] = [
    (lambda a, b: np.concatenate([a, b]), (real(2), real(3))),
    (lambda a, b: np.concatenate((a, np.ones((2, 1)), b, a), axis=-1), (real(2, 2), real(2, 1))),
    (lambda a, b: np.concatenate([a, b], axis=None), (real(2, 2), real(3))),
]
CASES[np.stack] = [
    (lambda a, b, axis=axis: np.stack([a, b, a], axis=axis), (real(2, 3), real(2, 3))) for axis in (0, 1, -1)
]
CASES[np.vstack] = [(lambda a, b: np.vstack([a, b]), (real(3), real(2, 3)))]
CASES[np.hstack] = [
    (lambda a, b: np.hstack([a, b]), (real(3), real(2))),
    (lambda a, b: np.hstack([a, b]), (real(2, 1), real(2, 3))),
]

# --- selection ----------------------------------------------------------------------------------------------------
_index = np.array([[0, 2], [2, 1]])
CASES[operator.getitem] = [
    (lambda x: x[1], (real(3),)),
    (lambda x: x[1:, None, ::-2], (real(3, 4),)),
    (lambda x: x[..., 0], (real(2, 3, 2),)),
    (lambda x: x[_index], (real(3, 2),)),
    (lambda x: x[_index, :, _index], (real(3, 2, 3),)),
    (lambda x: x[0, :, _index], (real(3, 2, 3),)),
    (lambda x: x[x > 0], (real(2, 5),)),
    (lambda x: x[[0, 0, 1]], (real(2, 2),)),
    (lambda x: np.stack([row * row[0] for row in x]), (real(2, 3),)),
]
CASES[selection.gather] = [(lambda x: selection.gather(x, _index), (real(2, 3),))]
CASES[selection.scatter] = [(lambda x: selection.scatter(x, _index, 4), (real(2, 2, 2),))]
CASES[selection.assign] = [(lambda x: selection.assign(x, (slice(1, None),), (4,)), (real(2, 3),))]
CASES[np.where] = [
    (lambda x, z: np.where(x > 0, x * z, z), (real(2, 3), real(3))),
    (lambda x: np.where(x > 0, x, 0.0), (real(4),)),
    (lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1.0)), x), (real(4),)),
]

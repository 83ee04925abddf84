"""Norms of vectors and matrices, of every order that has a derivative, and the condition number.

Conventions, the same in both modes: the p-norm of a zero vector has the derivative 0 (p = 2, the default, included);
its second derivative is not defined there. The 1-norm and the largest and smallest absolute value follow abs, max and
min (0 at 0, ties shared evenly). The "norm" of order 0 counts, so it is constant. The matrix norms of orders 2, -2 and
'nuc' follow the singular values.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..partials import Linear, Partial
from .table import composite, primitive, written


@primitive
def p_norm(x: Any, p: float, axis: tuple[int, ...], keepdims: bool) -> Any:
    """(sum |x|^p)^(1/p) over the axes, which count from the end (so that they mean the same in a block)."""
    if p == 2:
        return np.sqrt(np.sum(x * x, axis=axis, keepdims=keepdims))
    return np.sum(np.abs(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p)


def _p_norm(y: Any, x: Any, p: float, axis: tuple[int, ...], keepdims: bool) -> Partial:
    """dy/dx = sign(x) (|x| / y)^(p-1), which cannot overflow; 0 where y = 0."""

    def spread(c: Any) -> Any:
        return c if keepdims else np.expand_dims(c, axis)

    size = spread(y)
    size = np.where(size == 0, 1, size)
    d = x / size if p == 2 else np.sign(x) * (np.abs(x) / size) ** (p - 1)
    return Linear(lambda t: np.sum(t * d, axis=axis, keepdims=keepdims), lambda c: spread(c) * d)


written(p_norm, _p_norm)


def _vector(x: Any, p: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """The vector norm of order p over the axes, which count from the end."""
    if isinstance(p, str):
        raise ValueError(f"expected a number as the order of a vector norm, got {p!r}")
    if p == math.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    if p == -math.inf:
        return np.min(np.abs(x), axis=axis, keepdims=keepdims)
    if p == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    if p == 0:
        return np.sum(x != 0, axis=axis, keepdims=keepdims).astype(x.dtype)
    return p_norm(x, p, axis, keepdims)


# The norms that are the largest or smallest of the sums of rows or columns, and those of the singular values.
_SUMS: dict[Any, tuple[Callable[..., Any], int, int]] = {
    1: (np.max, -2, -1),
    -1: (np.min, -2, -1),
    math.inf: (np.max, -1, -2),
    -math.inf: (np.min, -1, -2),
}
_SINGULAR: dict[Any, Callable[[Any], Any]] = {
    2: lambda s: s[..., 0] if s.shape[-1] else np.sum(s, axis=-1),  # 0 for a matrix without entries, as NumPy has it
    -2: lambda s: s[..., -1],
    "nuc": lambda s: np.sum(s, axis=-1),
}


def _matrix(x: Any, order: Any, keepdims: bool) -> Any:
    """The matrix norm of the last two axes."""
    if order in ("fro", "f"):
        return p_norm(x, 2, (-2, -1), keepdims)
    if order in _SUMS:
        extremum, summed, chosen = _SUMS[order]
        y = extremum(np.sum(np.abs(x), axis=summed, keepdims=True), axis=chosen, keepdims=True)
        return y if keepdims else np.squeeze(y, (-2, -1))
    if order in _SINGULAR:
        y = _SINGULAR[order](np.linalg.svdvals(x))
        return np.expand_dims(y, (-2, -1)) if keepdims else y
    raise ValueError(
        f"expected the order of a matrix norm to be 'fro', 'nuc', 1, -1, 2, -2, inf or -inf, got {order!r}"
    )


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    ndim = np.ndim(x)
    if axis is None:
        if ord is not None and ndim not in (1, 2):
            raise ValueError(f"expected an array of 1 or 2 axes for a norm of order {ord!r}, got {ndim}; name the axis")
        axes = tuple(range(-ndim, 0))
    else:
        axes = _from_end(axis, ndim)
    if ord is None:
        return p_norm(x, 2, axes, keepdims)
    if len(axes) == 1:
        return _vector(x, ord, axes, keepdims)
    if len(axes) != 2 or axes[0] == axes[1]:
        raise ValueError(f"expected one axis or two different ones, got {axis!r}")
    y = _matrix(np.moveaxis(x, axes, (-2, -1)), ord, keepdims)
    return np.moveaxis(y, (-2, -1), axes) if keepdims else y


def _from_end(axis: Any, ndim: int) -> tuple[int, ...]:
    axes = axis if isinstance(axis, tuple) else (axis,)
    return tuple(int(i) % ndim - ndim for i in axes)


def _vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    ndim = np.ndim(x)
    axes = tuple(range(-ndim, 0)) if axis is None else _from_end(axis, ndim)
    return _vector(x, ord, axes, keepdims)


def _matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return _matrix(x, ord, keepdims)


def _cond(x: Any, p: Any = None) -> Any:
    if p in (None, 2, -2):
        s = np.linalg.svdvals(x)
        return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    return _matrix(x, p, False) * _matrix(np.linalg.inv(x), p, False)


composite(np.linalg.norm, _norm)
composite(np.linalg.vector_norm, _vector_norm)
composite(np.linalg.matrix_norm, _matrix_norm)
composite(np.linalg.cond, _cond)

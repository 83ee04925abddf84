"""Reductions. Axes count in the operand; the seed axis in front shifts them by one in a block."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..partials import Dot, Linear, Partial
from .table import written

Axis = int | tuple[int, ...] | None


def block_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes of a block (k, *S) that an axis argument means in an array of shape S (ndim axes)."""
    axes = range(ndim) if axis is None else (axis,) if isinstance(axis, int | np.integer) else axis
    return tuple(int(a) % ndim + 1 for a in axes)


def _sum(y: Any, a: Any, axis: Axis = None, *, keepdims: bool = False) -> Partial:
    """J = 1^T (M11): tangents are summed, cotangents repeated."""
    if a.ndim == 1 and not keepdims:
        return Dot(np.ones(a.shape, a.dtype))
    return _linear_sum(a.shape, axis, keepdims, 1)


def _mean(y: Any, a: Any, axis: Axis = None, *, keepdims: bool = False) -> Partial:
    count = math.prod(a.shape[i - 1] for i in block_axes(axis, a.ndim))
    return _linear_sum(a.shape, axis, keepdims, count)


def _linear_sum(shape: tuple[int, ...], axis: Axis, keepdims: bool, divisor: int) -> Partial:
    axes = block_axes(axis, len(shape))

    def push(t: Any) -> Any:
        total = np.sum(t, axis=axes, keepdims=keepdims)
        return total if divisor == 1 else total / divisor

    def pull(c: Any) -> Any:
        if divisor != 1:
            c = c / divisor
        kept = tuple(1 if i in axes else size for i, size in enumerate(shape, 1))
        return np.broadcast_to(np.reshape(c, (c.shape[0], *kept)), (c.shape[0], *shape))

    return Linear(push, pull)


def _extremum(y: Any, a: Any, axis: Axis = None, *, keepdims: bool = False) -> Partial:
    """max and min: the derivative is shared evenly among the entries that tie."""
    axes = tuple(i - 1 for i in block_axes(axis, a.ndim))
    kept = y if keepdims else np.expand_dims(y, axes)
    chosen = a == kept
    share = chosen / np.sum(chosen, axis=axes, keepdims=True)
    weight = share if a.dtype == np.float64 else share.astype(a.dtype)
    reduce = _linear_sum(a.shape, axis, keepdims, 1)
    return Linear(lambda t: reduce.push(t * weight), lambda c: reduce.pull(c) * weight)


written(np.sum, _sum)
written(np.mean, _mean)
written(np.max, _extremum)
written(np.min, _extremum)

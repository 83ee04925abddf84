"""Reductions. Axes count in the operand; the seed axis in front shifts them by one in a block."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..blocks import precise
from ..partials import Dot, Linear, Partial
from .table import composite, only_defaults, primitive, written

Axis = int | tuple[int, ...] | None


def block_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes of a block (k, *S) that an axis argument means in an array of shape S (ndim axes)."""
    return tuple(i + 1 for i in operand_axes(axis, ndim))


def operand_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes, counted from 0, that an axis argument means in an array of ndim axes."""
    if ndim == 0:
        return ()
    axes = range(ndim) if axis is None else (axis,) if isinstance(axis, int | np.integer) else axis
    return tuple(int(a) % ndim for a in axes)


def _plain(func: Callable[..., Any], a: Any, dtype: Any, out: Any) -> None:
    """Refuse a result array, and a dtype other than the operand's own."""
    if out is not None or dtype is not None:
        only_defaults(func, out=out, dtype=None if dtype is None or np.dtype(dtype) == a.dtype else dtype)


# --- sums -------------------------------------------------------------------------------------------------------
def _sum(y: Any, a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Partial:
    """J = 1^T (M11): tangents are summed, cotangents repeated."""
    _plain(np.sum, a, dtype, out)
    if a.ndim == 1 and not keepdims and axis != ():
        return Dot(np.ones(a.shape, a.dtype))
    return _linear_sum(a.shape, axis, keepdims, 1)


def _mean(y: Any, a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Partial:
    _plain(np.mean, a, dtype, out)
    if a.ndim == 1 and not keepdims and axis != ():
        return Dot(np.full(a.shape, 1 / a.size if a.size else math.nan, a.dtype))
    return _linear_sum(a.shape, axis, keepdims, _count(a, axis))


def _count(a: Any, axis: Axis) -> int:
    return math.prod(a.shape[i] for i in operand_axes(axis, a.ndim))


def _linear_sum(shape: tuple[int, ...], axis: Axis, keepdims: bool, divisor: int) -> Linear:
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


def _weighted(weight: Any, axis: Axis, keepdims: bool) -> Partial:
    """A sum of the operand's entries, each with its weight: J is one row of weights for every entry of the result."""
    total = _linear_sum(weight.shape, axis, keepdims, 1)
    return Linear(lambda t: total.push(t * weight), lambda c: total.pull(c) * weight)


def _average(a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    only_defaults(np.average, returned=returned or None)
    if weights is None:
        return np.mean(a, axis=axis, keepdims=keepdims)
    if np.shape(weights) != np.shape(a):  # weights along the axes that are averaged over
        axes = operand_axes(axis, np.ndim(a))
        expected = tuple(np.shape(a)[i] for i in axes)
        if axis is None or np.shape(weights) != expected:
            raise ValueError(
                f"expected weights of the operand's shape {np.shape(a)}, or of the shape {expected} of the axes given, "
                f"got shape {np.shape(weights)}"
            )
        weights = np.transpose(weights, tuple(int(i) for i in np.argsort(axes)))
        weights = np.reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(np.shape(a))))
    weights = np.broadcast_to(precise(weights, a.dtype) if hasattr(weights, "dtype") else weights, np.shape(a))
    return np.sum(a * weights, axis=axis, keepdims=keepdims) / np.sum(weights, axis=axis, keepdims=keepdims)


def _trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    _plain(np.trace, a, dtype, out)
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1)


written(np.sum, _sum)
written(np.mean, _mean)
composite(np.average, _average)
composite(np.trace, _trace)


# --- extrema ----------------------------------------------------------------------------------------------------
def _extremum(
    func: Callable[..., Any], y: Any, a: Any, axis: Axis = None, out: Any = None, keepdims: bool = False
) -> Partial:
    """max and min: the derivative is shared evenly among the entries that tie."""
    only_defaults(func, out=out)
    axes = operand_axes(axis, a.ndim)
    chosen = a == (y if keepdims else np.expand_dims(y, axes))
    share = chosen / np.sum(chosen, axis=axes, keepdims=True)
    weight = share if a.dtype == np.float64 else share.astype(a.dtype)
    total = _linear_sum(a.shape, axis, keepdims, 1)
    # Chosen, then weighted: what is not taken may move infinitely fast.
    return Linear(lambda t: total.push(np.where(chosen, t, 0) * weight), lambda c: total.pull(c) * weight)


def _ptp(a: Any, axis: Axis = None, out: Any = None, keepdims: bool = False) -> Any:
    only_defaults(np.ptp, out=out)
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


for _func in (np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin):
    written(_func, functools.partial(_extremum, _func))
composite(np.ptp, _ptp)


# --- log(sum(exp)) ----------------------------------------------------------------------------------------------
@primitive
def log_of_sum(a: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    """log(sum(exp(a))) over axes, without overflow: np.logaddexp.reduce."""
    reduce: Any = np.logaddexp.reduce  # which takes several axes
    return reduce(a, axis=axis, keepdims=keepdims)


def _log_of_sum(y: Any, a: Any, axis: tuple[int, ...], keepdims: bool) -> Partial:
    """Each entry's weight is its share of the sum, as in np.logaddexp: even among those that are infinitely large, or
    all minus infinity."""
    kept = y if keepdims else np.expand_dims(y, axis)
    if np.all(np.isfinite(kept)):
        share = np.exp(a - kept)
    else:
        largest = float(np.finfo(y.dtype).max)
        share = np.exp(np.minimum(a - np.clip(kept, -largest, largest), 0.0))
        share = np.where(np.isfinite(kept), share, (a == kept).astype(y.dtype))
    # 1 but for the rounding of a large y; 0 where an entry is NaN
    total = np.sum(share, axis=axis, keepdims=True)
    return _weighted(share / np.where(total == 0, 1.0, total), axis, keepdims)


written(log_of_sum, _log_of_sum)


# --- variance ---------------------------------------------------------------------------------------------------
def _deviation(a: Any, axis: Axis, ddof: float) -> Any:
    """(a - mean) / (count - ddof); an array, so that a count of 0 gives NumPy's NaN, not an error."""
    return (a - np.mean(a, axis=axis, keepdims=True)) / np.asarray(_count(a, axis) - ddof, a.dtype)


def _var(
    y: Any, a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: bool = False,
    *, correction: Any = None,
) -> Partial:  # fmt: skip
    """The mean moves too, but deviations from it add up to 0, so its part vanishes."""
    _plain(np.var, a, dtype, out)
    return _weighted(2 * _deviation(a, axis, ddof if correction is None else correction), axis, keepdims)


def _std(
    y: Any, a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: bool = False,
    *, correction: Any = None,
) -> Partial:  # fmt: skip
    """(a - mean) / (count - ddof) / std; 0 where std is 0."""
    _plain(np.std, a, dtype, out)
    kept = y if keepdims else np.expand_dims(y, operand_axes(axis, a.ndim))
    deviation = _deviation(a, axis, ddof if correction is None else correction)
    return _weighted(deviation / np.where(kept == 0, 1.0, kept), axis, keepdims)


written(np.var, _var)
written(np.std, _std)


# --- products and running sums ----------------------------------------------------------------------------------
def _prod(y: Any, a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Partial:
    """Each entry's weight is the product of all others: y / a, unless there are zeros or y is out of range."""
    _plain(np.prod, a, dtype, out)
    axes = operand_axes(axis, a.ndim)
    kept = y if keepdims else np.expand_dims(y, axes)
    if np.all(np.isfinite(kept) & (kept != 0)):
        return _weighted(kept / a, axis, keepdims)
    order = (*(i for i in range(a.ndim) if i not in axes), *axes)
    moved = np.transpose(a, order)
    flat = np.reshape(moved, (*moved.shape[: a.ndim - len(axes)], _count(a, axis)))
    back = tuple(int(i) for i in np.argsort(order))
    return _weighted(np.transpose(np.reshape(_others(flat), moved.shape), back), axis, keepdims)


def _others(a: Any) -> Any:
    """For each entry the product of all others along the last axis, without dividing: pairs, then pairs of pairs."""
    n = a.shape[-1]
    if n <= 1:
        return np.ones_like(a)
    if n % 2:
        a = np.concatenate([a, np.ones_like(a[..., :1])], axis=-1)
    left, right = a[..., ::2], a[..., 1::2]
    rest = _others(left * right)
    return np.reshape(np.stack([rest * right, rest * left], axis=-1), a.shape)[..., :n]


def _cumsum(y: Any, a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Partial:
    """Tangents are added up from the front, cotangents from the back."""
    _plain(np.cumsum, a, dtype, out)
    inner = (_count(a, None),) if axis is None or a.ndim == 0 else a.shape
    along = 1 if len(inner) == 1 else int(axis or 0) % a.ndim + 1
    back = (slice(None),) * along + (slice(None, None, -1),)
    return Linear(
        lambda t: np.cumsum(np.reshape(t, (t.shape[0], *inner)), axis=along),
        lambda c: np.reshape(np.cumsum(c[back], axis=along)[back], (c.shape[0], *a.shape)),
    )


def _cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """By doubling: entry i times the product of the 1, 2, 4, ... before it. Exact at zeros, where y / a is not."""
    _plain(np.cumprod, a, dtype, out)
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis % a.ndim)
    step, ahead = 1, (slice(None),) * axis
    while step < a.shape[axis]:
        head, tail, before = (a[(*ahead, slice(*stretch))] for stretch in ((step,), (step, None), (-step,)))
        a = np.concatenate([head, tail * before], axis=axis)
        step *= 2
    return a


def _cumulative(func: Callable[..., Any], start: float) -> Callable[..., Any]:
    """NumPy 2.1's cumulative_sum and cumulative_prod, by the older function of the kind."""

    def cumulative(
        x: Any, /, *, axis: int | None = None, dtype: Any = None, out: Any = None, include_initial: bool = False
    ) -> Any:
        y = func(x, axis=0 if axis is None and x.ndim == 1 else axis, dtype=dtype, out=out)
        if not include_initial:
            return y
        first = y[(slice(None),) * ((axis or 0) % y.ndim) + (slice(0, 1),)]
        return np.concatenate([np.full_like(np.zeros_like(first), start), y], axis=axis or 0)

    return cumulative


written(np.prod, _prod)
written(np.cumsum, _cumsum)
composite(np.cumprod, _cumprod)
if hasattr(np, "cumulative_sum"):
    composite(np.cumulative_sum, _cumulative(np.cumsum, 0.0))
    composite(np.cumulative_prod, _cumulative(np.cumprod, 1.0))

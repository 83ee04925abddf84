"""Functions that put entries in order, turn them round or mask them; median and quantiles, which rest on the order.

Each entry of a sorted array is one entry of the operand: the order is that of a stable sort, at ties as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..partials import Partial
from .reductions import Axis, operand_axes
from .selection import numbers, picked
from .table import composite, only_defaults, written


# --- sorting ------------------------------------------------------------------------------------------------------
def _ordered(y: Any, a: Any, axis: int | None) -> Partial:
    """y holds the entries of a in some order along an axis: whichever that is, equal entries keep theirs."""
    shape = a.shape
    positions = numbers(shape)
    if axis is None:
        a, positions, axis = np.ravel(a), np.ravel(positions), 0
    rank = np.argsort(np.argsort(y, axis, kind="stable"), axis, kind="stable")  # of each entry of y
    source = np.take_along_axis(np.argsort(a, axis, kind="stable"), rank, axis)
    return picked(np.take_along_axis(positions, source, axis), shape)


def _sort(y: Any, a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Partial:
    return _ordered(y, a, axis)


def _partition(
    y: Any, a: Any, kth: Any, axis: int | None = -1, kind: str = "introselect", order: Any = None
) -> Partial:
    return _ordered(y, a, axis)


written(np.sort, _sort)
written(np.partition, _partition)


# --- median and quantiles ---------------------------------------------------------------------------------------------
def _sorted_last(a: Any, axis: Axis) -> Any:
    """The operand with the axes joined to one, the last, and sorted along it."""
    axes = operand_axes(axis, a.ndim)
    rest = tuple(i for i in range(a.ndim) if i not in axes)
    size = int(np.prod([a.shape[i] for i in axes]))
    return np.sort(np.reshape(np.transpose(a, (*rest, *axes)), (*(a.shape[i] for i in rest), size)), axis=-1)


def _spoilt(y: Any, ordered: Any) -> Any:
    """y, but NaN where there is one among the sorted entries: sorting puts it last."""
    if not ordered.shape[-1]:
        return y
    last = ordered[..., -1]
    return np.where(np.isnan(last), last, y)


def _median(a: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False) -> Any:
    only_defaults(np.median, out=out)
    ordered = _sorted_last(a, axis)
    n = ordered.shape[-1]
    y = _spoilt(np.mean(ordered[..., (n - 1) // 2 : n // 2 + 1], axis=-1), ordered)
    return np.expand_dims(y, operand_axes(axis, a.ndim)) if keepdims else y


def _quantile(func: Callable[..., Any], whole: float) -> Callable[..., Any]:
    """By linear interpolation between the two neighbours, NumPy's default."""

    def quantile(
        a: Any, q: Any, axis: Axis = None, out: Any = None, overwrite_input: bool = False, method: str = "linear",
        keepdims: bool = False,
    ) -> Any:  # fmt: skip
        only_defaults(func, out=out, method=None if method == "linear" else method)
        q = np.asarray(q, a.dtype if isinstance(q, int | float) else None) / whole
        if not np.all((q >= 0) & (q <= 1)):
            raise ValueError(f"expected q between 0 and {whole:g}, got {q * whole}")
        ordered = _sorted_last(a, axis)
        place = q * (ordered.shape[-1] - 1)
        below = np.floor(place).astype(int)
        low, high = ordered[..., below], ordered[..., np.ceil(place).astype(int)]
        y = low + (high - low) * (place - below).astype(place.dtype)
        y = np.moveaxis(y, range(y.ndim - q.ndim, y.ndim), range(q.ndim))  # the axes of q come first
        y = _spoilt(y, ordered)
        return np.expand_dims(y, tuple(i + q.ndim for i in operand_axes(axis, a.ndim))) if keepdims else y

    return quantile


composite(np.median, _median)
composite(np.quantile, _quantile(np.quantile, 1.0))
composite(np.percentile, _quantile(np.percentile, 100.0))


# --- turning round, masking -----------------------------------------------------------------------------------------
def _flip(m: Any, axis: Axis = None) -> Any:
    axes = operand_axes(axis, m.ndim)
    return m[tuple(slice(None, None, -1 if i in axes else 1) for i in range(m.ndim))]


def _rot90(m: Any, k: int = 1, axes: tuple[int, int] = (0, 1)) -> Any:
    first, second = axes
    if k % 4 == 0:
        return m
    if k % 4 == 2:
        return np.flip(m, (first, second))
    if k % 4 == 1:
        return np.swapaxes(np.flip(m, second), first, second)
    return np.flip(np.swapaxes(m, first, second), second)


def _below(m: Any, k: int) -> Any:
    """Where an entry is on or below the k-th diagonal."""
    rows, columns = m.shape[-2:] if m.ndim > 1 else (m.shape[0], m.shape[0])
    return np.tri(rows, columns, k, bool)


composite(np.flip, _flip)
composite(np.flipud, lambda m: np.flip(m, 0))
composite(np.fliplr, lambda m: np.flip(m, 1))
composite(np.rot90, _rot90)
composite(np.tril, lambda m, k=0: np.where(_below(m, k), m, 0))
composite(np.triu, lambda m, k=0: np.where(_below(m, k - 1), 0, m))

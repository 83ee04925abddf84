"""Functions that move entries about: linear, each with its transpose. Structure passes through a plain reshape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..blocks import filled
from ..operands import as_array
from ..partials import SAME, Linear, Partial, Reshape, sum_to
from .singular import broadcast
from .table import composite, constant, primitive, written


@primitive
def cast(x: Any, dtype: Any) -> Any:
    """x in another float dtype; tangents and cotangents are converted likewise, there and back."""
    return x.astype(dtype)


@primitive
def whole(x: Any, dtype: Any) -> Any:
    """x as integers, or as booleans: piecewise constant."""
    return x.astype(dtype)


constant(whole)
written(cast, lambda y, x, dtype: Linear(lambda t: cast(t, y.dtype), lambda c: cast(c, x.dtype)))


def _filled(values: Any, start: int, size: int) -> Any:
    """A diagonal block made dense, of entries that an outer trace follows: by functions that have rules."""
    return np.eye(len(values), size, start, dtype=values.dtype) * np.reshape(values, (len(values), 1))


composite(filled, _filled)


def converted(x: Any, dtype: Any) -> Any:
    """x in a dtype, whether it is traced, plain, or a list."""
    return (x if hasattr(x, "astype") else as_array(x)).astype(dtype)


def _reshaped(y: Any, a: Any, axis: Any = None) -> Partial:
    return SAME if a.shape == y.shape else Reshape(a.shape, y.shape)


def _reshape(y: Any, a: Any, shape: Any = None, order: str = "C") -> Partial:
    if order == "C" or a.ndim == len(y.shape) == 1:
        return _reshaped(y, a)
    if order != "F":
        raise ValueError(
            f"expected order 'C' or 'F' on a traced array, got {order!r}: how an array lies in memory is no part of it"
        )
    inner, outer = a.shape, y.shape
    return Linear(lambda t: _fortran(t, outer), lambda c: _fortran(c, inner))


def _fortran(block: Any, shape: tuple[int, ...]) -> Any:
    """Reshape every seed with the first axis running fastest: the last one of the transpose."""
    reverse = np.transpose(block, (0, *range(block.ndim - 1, 0, -1)))
    return np.transpose(np.reshape(reverse, (block.shape[0], *shape[::-1])), (0, *range(len(shape), 0, -1)))


def _permutation(axes: Sequence[int]) -> Partial:
    """A transposition: the operand's axis axes[i] becomes axis i; the seed axis stays in front."""
    if list(axes) == list(range(len(axes))):
        return SAME
    there = (0, *(i + 1 for i in axes))
    back = tuple(int(i) for i in np.argsort(there))
    return Linear(lambda t: np.transpose(t, there), lambda c: np.transpose(c, back))


def _transpose(y: Any, a: Any, axes: Any = None) -> Partial:
    order = range(a.ndim)[::-1] if axes is None else [int(i) % a.ndim for i in axes]
    return _permutation(list(order))


def _swapaxes(y: Any, a: Any, axis1: int, axis2: int) -> Partial:
    order = list(range(a.ndim))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return _permutation(order)


def _moveaxis(y: Any, a: Any, source: Any, destination: Any) -> Partial:
    # NumPy moves the axes of a model for us, whose axes are told apart by their lengths; it takes up no memory.
    model = np.moveaxis(np.broadcast_to(0, tuple(range(2, 2 + a.ndim))), source, destination)
    return _permutation([size - 2 for size in model.shape])


def _broadcast_to(y: Any, array: Any, shape: Any, subok: bool = False) -> Partial:
    inner, outer = array.shape, y.shape

    def push(t: Any) -> Any:
        k = t.shape[0]
        return np.broadcast_to(np.reshape(t, (k, *(1,) * (len(outer) - len(inner)), *inner)), (k, *outer))

    return Linear(push, lambda c: sum_to(c, inner))


def _roll(y: Any, a: Any, shift: Any, axis: Any = None) -> Partial:
    """Back by the opposite shift. Without an axis, along the flattened operand."""
    inner = (a.size,) if axis is None else a.shape
    along = 1 if axis is None else tuple(int(i) % a.ndim + 1 for i in np.ravel(axis))
    back = tuple(-int(i) for i in np.ravel(shift)) if np.ndim(shift) else -shift

    def rolled(block: Any, by: Any) -> Any:
        return np.reshape(np.roll(np.reshape(block, (block.shape[0], *inner)), by, along), block.shape)

    return Linear(lambda t: rolled(t, shift), lambda c: rolled(c, back))


def _full_like(y: Any, a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True,
               shape: Any = None) -> Partial:  # fmt: skip
    return broadcast(fill_value.shape, y.shape)


def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    axis, start = axis % a.ndim, start + a.ndim if start < 0 else start
    return np.moveaxis(a, axis, start - 1 if axis < start else start)


written(np.reshape, _reshape)
written(np.ravel, lambda y, a, order="C": _reshape(y, a, order=order))
written(np.expand_dims, _reshaped)
written(np.squeeze, _reshaped)
written(np.transpose, _transpose)
written(np.swapaxes, _swapaxes)
written(np.moveaxis, _moveaxis)
written(np.broadcast_to, _broadcast_to)
written(np.roll, _roll)
written(np.full_like, None, _full_like)
composite(np.rollaxis, _rollaxis)
composite(np.matrix_transpose, lambda x: np.swapaxes(x, -1, -2))
# what makes no difference to a real array that is never modified
composite(np.copy, lambda a, order="K", subok=False: a)
composite(np.real, lambda val: val)
composite(np.real_if_close, lambda a, tol=100: a)
if hasattr(np, "astype"):
    composite(np.astype, lambda x, dtype, copy=True, device=None: x.astype(dtype))


# --- axes of length 1 in front or behind ------------------------------------------------------------------------------
def _atleast(ndim: int) -> Callable[..., Any]:
    def one(a: Any) -> Any:
        shape = np.shape(a)
        if len(shape) >= ndim:
            return a
        new = {0: (1,) * ndim, 1: (1, *shape, 1)[:ndim] if ndim > 1 else shape, 2: (*shape, 1)}[len(shape)]
        return np.reshape(a, new)

    return lambda *arys: one(arys[0]) if len(arys) == 1 else tuple(map(one, arys))


composite(np.atleast_1d, _atleast(1))
composite(np.atleast_2d, _atleast(2))
composite(np.atleast_3d, _atleast(3))

"""Functions that move entries about: linear, each with its transpose. Structure passes through a plain reshape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..partials import SAME, Linear, Partial, Reshape, sum_to
from .table import composite, primitive, sequence, written


@primitive
def cast(x: Any, dtype: Any) -> Any:
    """x in another float dtype; tangents and cotangents are converted likewise, there and back."""
    return x.astype(dtype)


written(cast, lambda y, x, dtype: Linear(lambda t: cast(t, y.dtype), lambda c: cast(c, x.dtype)))


def _reshaped(y: Any, a: Any, *_: Any, axis: Any = None, order: str = "C") -> Partial:
    if order != "C":
        raise ValueError(f"expected order='C' on a traced array, got {order!r}; transpose before and after instead")
    return SAME if a.shape == y.shape else Reshape(a.shape, y.shape)


def _reshape(y: Any, a: Any, shape: Any = None, order: str = "C") -> Partial:
    return _reshaped(y, a, order=order)


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
    # NumPy moves the axes of an array of axis numbers' shape for us: label each axis by its length in a tiny model.
    model = np.moveaxis(np.empty(tuple(range(2, 2 + a.ndim))), source, destination)
    return _permutation([size - 2 for size in model.shape])


def _broadcast_to(y: Any, array: Any, shape: Any) -> Partial:
    inner, outer = array.shape, y.shape

    def push(t: Any) -> Any:
        k = t.shape[0]
        return np.broadcast_to(np.reshape(t, (k, *(1,) * (len(outer) - len(inner)), *inner)), (k, *outer))

    return Linear(push, lambda c: sum_to(c, inner))


def _concatenate(i: int, y: Any, arrays: Sequence[Any], axis: int | None = 0) -> Partial:
    """Operand i fills one stretch of the result along an axis; the rest of the result does not depend on it."""
    shapes = [np.shape(a) for a in arrays]
    if axis is None:  # the operands are flattened first
        sizes, axis, inner = [math.prod(shape) for shape in shapes], 0, (math.prod(shapes[i]),)
    else:
        axis %= len(y.shape)
        sizes, inner = [shape[axis] for shape in shapes], shapes[i]
    before, after = sum(sizes[:i]), sum(sizes[i + 1 :])
    stretch = (slice(None),) * (axis + 1) + (slice(before, before + sizes[i]),)
    own = shapes[i]

    def push(t: Any) -> Any:
        k = t.shape[0]
        t = np.reshape(t, (k, *inner))
        fill = [np.zeros((k, *inner[:axis], size, *inner[axis + 1 :]), y.dtype) for size in (before, after)]
        return np.concatenate([fill[0], t, fill[1]], axis=axis + 1)

    return Linear(push, lambda c: np.reshape(c[stretch], (c.shape[0], *own)))


def _stack(arrays: Sequence[Any], axis: int = 0) -> Any:
    return np.concatenate([np.expand_dims(a, axis) for a in arrays], axis=axis)


written(np.reshape, _reshape)
written(np.ravel, _reshaped)
written(np.expand_dims, _reshaped)
written(np.squeeze, _reshaped)
written(np.transpose, _transpose)
written(np.swapaxes, _swapaxes)
written(np.moveaxis, _moveaxis)
written(np.broadcast_to, _broadcast_to)
sequence(np.concatenate, _concatenate)
composite(np.stack, _stack)
composite(np.vstack, lambda tup: np.concatenate([_row(a) for a in tup], axis=0))
composite(np.hstack, lambda tup: np.concatenate(tup, axis=0 if np.ndim(tup[0]) <= 1 else 1))


def _row(a: Any) -> Any:
    return np.reshape(a, (1, -1)) if np.ndim(a) < 2 else a

"""Functions that join arrays, take them apart, or put them side by side: concatenate, and the others in terms of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..operands import as_array
from ..partials import Linear, Partial
from .shape import converted
from .table import RULES, composite, only_defaults, sequence


def _plain(func: Callable[..., Any], out: Any, dtype: Any, casting: str) -> None:
    only_defaults(func, out=out, dtype=dtype, casting=None if casting == "same_kind" else casting)


def _concatenate(
    i: int, y: Any, arrays: Sequence[Any], axis: int | None = 0, out: Any = None, *, dtype: Any = None,
    casting: str = "same_kind",
) -> Partial:  # fmt: skip
    """Operand i fills one stretch of the result along an axis; the rest of the result does not depend on it."""
    _plain(np.concatenate, out, dtype, casting)
    shapes = [np.shape(a) for a in arrays]
    if axis is None:  # the operands are flattened first
        sizes, axis, inner = [math.prod(shape) for shape in shapes], 0, (math.prod(shapes[i]),)
    else:
        axis %= len(y.shape)
        sizes, inner = [shape[axis] for shape in shapes], shapes[i]
    before, after = sum(sizes[:i]), sum(sizes[i + 1 :])
    stretch = (slice(None),) * (axis + 1) + (slice(before, before + sizes[i]),)
    own, dtype = shapes[i], y.dtype

    def push(t: Any) -> Any:
        k = t.shape[0]
        t = np.reshape(t, (k, *inner))
        fill = [np.zeros((k, *inner[:axis], size, *inner[axis + 1 :]), dtype) for size in (before, after)]
        return np.concatenate([fill[0], t, fill[1]], axis=axis + 1)

    return Linear(push, lambda c: np.reshape(c[stretch], (c.shape[0], *own)))


def joined(arrays: Sequence[Any], axis: int) -> Any:
    """np.concatenate, of many arrays group by group: an operation of n operands takes time that grows with n * n, a
    tangent of each being as long as the result."""
    arrays = list(arrays)
    while len(arrays) > TOGETHER:
        groups = [arrays[i : i + TOGETHER] for i in range(0, len(arrays), TOGETHER)]
        arrays = [np.concatenate(group, axis=axis) if len(group) > 1 else group[0] for group in groups]
    return np.concatenate(arrays, axis=axis)


TOGETHER = 16  # of 8, 16 and 32 the least time for 500 and for 2000 numbers in a list


def _stack(
    arrays: Sequence[Any], axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    _plain(np.stack, out, dtype, casting)
    return joined([np.expand_dims(as_array(a), axis) for a in arrays], axis)


def _vstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    _plain(np.vstack, None, dtype, casting)
    return joined([np.atleast_2d(as_array(a)) for a in tup], 0)


def _hstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    _plain(np.hstack, None, dtype, casting)
    arrays = [np.atleast_1d(as_array(a)) for a in tup]
    return joined(arrays, 0 if np.ndim(arrays[0]) == 1 else 1)


def _column_stack(tup: Sequence[Any]) -> Any:
    arrays = [as_array(a) for a in tup]
    return joined([np.reshape(a, (-1, 1)) if np.ndim(a) < 2 else a for a in arrays], 1)


def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return np.concatenate([arr, values], axis=axis)


def _block(arrays: Any) -> Any:
    """Lists within lists: the innermost are joined along the last axis, the next ones along the one before."""

    def depth(tree: Any) -> int:
        return 1 + depth(tree[0]) if isinstance(tree, list) else 0

    def leaves(tree: Any) -> list[Any]:
        return [x for branch in tree for x in leaves(branch)] if isinstance(tree, list) else [tree]

    levels = depth(arrays)
    ndim = max(levels, *(np.ndim(x) for x in leaves(arrays)))

    def join(tree: Any, level: int) -> Any:
        if not isinstance(tree, list):
            return np.reshape(tree, (1,) * (ndim - np.ndim(tree)) + np.shape(tree))
        return np.concatenate([join(branch, level + 1) for branch in tree], axis=level - levels)

    return join(arrays, 0)


sequence(np.concatenate, _concatenate)
RULES[np.concatenate].keeps = False
composite(np.stack, _stack)
composite(np.vstack, _vstack)
composite(np.hstack, _hstack)
composite(np.dstack, lambda tup: np.concatenate([np.atleast_3d(as_array(a)) for a in tup], axis=2))
composite(np.column_stack, _column_stack)
composite(np.append, _append)
composite(np.block, _block)


# --- taking apart -----------------------------------------------------------------------------------------------
def _splitting(func: Callable[..., Any], fixed: int | None = None) -> Callable[..., Any]:
    """NumPy's own function on the numbers along the axis says where each part begins and ends."""

    def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
        ndim = np.ndim(ary)
        if fixed is not None:
            axis = 0 if func is np.hsplit and ndim == 1 else fixed
        if not -ndim <= axis < ndim or (func is np.vsplit and ndim < 2):
            raise ValueError(f"expected more axes to split than an array of shape {np.shape(ary)} has")
        ahead = (slice(None),) * (axis % ndim)
        cut = func if fixed is None else np.split
        parts = cut(np.arange(np.shape(ary)[axis]), indices_or_sections)
        return [ary[(*ahead, slice(part[0], part[-1] + 1) if part.size else slice(0, 0))] for part in parts]

    return split


def _unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    return tuple(np.moveaxis(x, axis, 0))


composite(np.split, _splitting(np.split))
composite(np.array_split, _splitting(np.array_split))
for _func, _axis in ((np.vsplit, 0), (np.hsplit, 1), (np.dsplit, 2)):
    composite(_func, _splitting(_func, _axis))
if hasattr(np, "unstack"):
    composite(np.unstack, _unstack)


# --- side by side -----------------------------------------------------------------------------------------------
def _broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple(np.broadcast_to(a, shape) for a in args)


def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    if indexing not in ("xy", "ij"):
        raise ValueError(f"expected indexing to be 'xy' or 'ij', got {indexing!r}")
    count = len(xi)
    places = [1, 0, *range(2, count)] if indexing == "xy" and count > 1 else list(range(count))
    grids = [
        np.reshape(x, tuple(-1 if i == place else 1 for i in range(count))) for x, place in zip(xi, places, strict=True)
    ]
    return tuple(grids) if sparse else np.broadcast_arrays(*grids)


composite(np.broadcast_arrays, _broadcast_arrays)
composite(np.meshgrid, _meshgrid)


# --- more or fewer along an axis --------------------------------------------------------------------------------
def _insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """The operand and the values joined, then put in order; NumPy's own function on numbers says in which."""
    arr, axis = (np.ravel(arr), 0) if axis is None else (arr, axis % arr.ndim)
    n, shape = arr.shape[axis], list(arr.shape)
    places = np.arange(n)[obj] if isinstance(obj, slice) else np.asarray(obj)
    if places.ndim == 0:  # values as they are, with the axis in front
        values = np.moveaxis(np.reshape(values, (1,) * (arr.ndim - np.ndim(values)) + np.shape(values)), 0, axis)
    count = np.shape(values)[axis] if places.ndim == 0 else np.insert(np.arange(n), places, -1).size - n
    shape[axis] = count
    values = np.broadcast_to(converted(values, arr.dtype), tuple(shape))
    order = np.insert(np.arange(n), obj, n + np.arange(count))
    return np.take(np.concatenate([arr, values], axis=axis), order, axis=axis)


def _tile(A: Any, reps: Any) -> Any:
    """Each axis becomes two, repetitions and entries, and the two are joined again."""
    reps = tuple(int(r) for r in np.ravel(reps))
    shape = np.shape(A)
    ndim = max(len(reps), len(shape))
    reps, shape = (1,) * (ndim - len(reps)) + reps, (1,) * (ndim - len(shape)) + shape
    split = np.reshape(A, tuple(n for size in shape for n in (1, size)))
    pairs = list(zip(reps, shape, strict=True))
    return np.reshape(np.broadcast_to(split, tuple(n for pair in pairs for n in pair)), tuple(r * n for r, n in pairs))


def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    a = a if np.ndim(a) else np.reshape(a, (1,))  # as NumPy has it
    a, axis = (np.ravel(a), 0) if axis is None else (a, axis % a.ndim)
    n = a.shape[axis]
    if np.ndim(repeats):
        return np.take(a, np.repeat(np.arange(n), repeats), axis=axis)
    shape = (*a.shape[: axis + 1], int(repeats), *a.shape[axis + 1 :])
    spread = np.broadcast_to(np.expand_dims(a, axis + 1), shape)
    return np.reshape(spread, (*a.shape[:axis], n * int(repeats), *a.shape[axis + 1 :]))


def _pad(
    array: Any, pad_width: Any, mode: Any = "constant", *, constant_values: Any = 0, reflect_type: str = "even"
) -> Any:
    """Axis by axis: constants joined on, or entries of the operand taken once more."""
    ndim = np.ndim(array)
    if isinstance(pad_width, dict):
        pad_width = [pad_width.get(i, pad_width.get(i - ndim, (0, 0))) for i in range(ndim)]
        pad_width = [(w, w) if np.ndim(w) == 0 else w for w in pad_width]
    widths = np.broadcast_to(pad_width, (ndim, 2)).tolist()
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap") or reflect_type != "even":
        raise ValueError(
            f"expected mode 'constant', 'edge', 'reflect', 'symmetric' or 'wrap', with reflect_type 'even', to pad a "
            f"traced array, got {mode!r} and {reflect_type!r}; join the parts with np.concatenate"
        )
    for axis, width in enumerate(widths):
        if mode == "constant":
            ends = np.broadcast_to(constant_values, (ndim, 2))[axis]
            shapes = [(*array.shape[:axis], w, *array.shape[axis + 1 :]) for w in width]
            before, after = (np.full(shape, end, array.dtype) for shape, end in zip(shapes, ends, strict=True))
            array = np.concatenate([before, array, after], axis=axis)
        else:
            array = np.take(array, np.pad(np.arange(array.shape[axis]), width, mode=mode), axis=axis)
    return array


composite(np.insert, _insert)
composite(np.tile, _tile)
composite(np.repeat, _repeat)
composite(np.pad, _pad)

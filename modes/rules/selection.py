"""Selection: indexing and choosing. Pulling an index back adds up the cotangents of entries taken twice (M22).

Functions that pick entries by number, whatever their arguments, are one line each: NumPy's own function, applied to the
numbers of the operand's entries, says which entry goes where (`picked`).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..blocks import Array, Block, dense, through
from ..operands import as_array
from ..partials import Linear, Partial
from .shape import converted
from .singular import broadcast
from .table import RULES, composite, only_defaults, primitive, written


# A gather and a scatter by flat position, each the other's transpose. They are primitives with rules of their own,
# so that a derivative of a derivative goes through them as well.
@primitive
def gather(block: Any, positions: Any) -> Any:
    """(k, size) -> (k, *positions.shape): entry positions[i] of each row."""
    return block[:, positions]


@primitive
def scatter(block: Any, positions: Any, size: int) -> Any:
    """(k, *positions.shape) -> (k, size): each entry added to its position; the transpose of gather."""
    k = block.shape[0]
    out = np.zeros(k * size, block.dtype)
    # One flat index: np.add.at takes five times as long with an index a row.
    np.add.at(out, (np.reshape(np.arange(k) * size, (k, 1)) + np.ravel(positions)).ravel(), block.ravel())
    return out.reshape(k, size)


@primitive
def assign(block: Any, index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """(k, *S_out) -> (k, *shape): zeros with the block at a basic index, which takes no entry twice."""
    out = np.zeros((block.shape[0], *shape), block.dtype)
    out[(slice(None), *index)] = block
    return out


class Slice(Partial):
    """y = x[index] for a basic index (slices, integers, None, an ellipsis), which takes no entry twice."""

    __slots__ = ("index", "inside", "shape")

    fresh = True
    pulling = 0.4  # zeros to write into; as measured over whole functions

    def __init__(self, index: tuple[Any, ...], shape: tuple[int, ...]) -> None:
        self.index = index
        self.inside = (slice(None), *index)  # of a block
        self.shape = shape

    def push(self, t: Block) -> Block:
        return t[self.inside] if type(t) is np.ndarray else through(lambda t: t[self.inside], t)

    def pull(self, c: Block) -> Block:
        return through(lambda c: assign(c, self.index, self.shape), c)

    def pull_onto(self, total: Array, c: Array) -> Array:
        """Without the zeros: slices of one array are as many passes over what they take, not over all of it."""
        if c.dtype != total.dtype:
            return total + self.pull(c)
        total[self.inside] += c
        return total


BASIC = frozenset((slice, int, type(None), type(Ellipsis), np.int64))


def is_basic(index: Any) -> bool:
    """Is an index, or a part of one, no array? By its type first, which is quicker; True and False are arrays."""
    return type(index) in BASIC or isinstance(index, np.integer)


def _getitem(y: Any, a: Any, index: Any) -> Partial:
    shape = a.shape
    index = index if isinstance(index, tuple) else (index,)
    if all(map(is_basic, index)):
        return Slice(index, shape)
    # Index arrays: by flat position, because NumPy may put their axes in front of the seed axis.
    return picked(numbers(shape)[index], shape)


def numbers(shape: tuple[int, ...]) -> Any:
    """An array of a shape whose entries are numbered in order."""
    return np.reshape(np.arange(math.prod(shape)), shape)


def picked(positions: Any, shape: tuple[int, ...]) -> Linear:
    """The partial of y = a.flat[positions] for an operand a of a shape."""
    size = math.prod(shape)
    return Linear(
        lambda t: gather(np.reshape(t, (t.shape[0], size)), positions),
        lambda c: np.reshape(scatter(c, positions, size), (c.shape[0], *shape)),
    )


written(operator.getitem, _getitem)
RULES[operator.getitem].keeps = False  # positions are numbers of its own


# The rules of the three themselves. Their operand is a block (k, ...); a block of seeds of it is (s, k, ...).
def each(func: Any, block: Any, *args: Any) -> Any:
    """The function on all of a block's blocks at once."""
    y = func(np.reshape(block, (block.shape[0] * block.shape[1], *block.shape[2:])), *args)
    return np.reshape(y, (*block.shape[:2], *y.shape[1:]))


def _gather(y: Any, block: Any, positions: Any) -> Partial:
    size = block.shape[1]
    return Linear(lambda t: each(gather, t, positions), lambda c: each(scatter, c, positions, size))


def _scatter(y: Any, block: Any, positions: Any, size: int) -> Partial:
    return Linear(lambda t: each(scatter, t, positions, size), lambda c: each(gather, c, positions))


def _assign(y: Any, block: Any, index: tuple[Any, ...], shape: tuple[int, ...]) -> Partial:
    inside = (slice(None), slice(None), *index)
    return Linear(lambda t: each(assign, t, index, shape), lambda c: c[inside])


written(gather, _gather)
written(scatter, _scatter)
written(assign, _assign)


# --- by number --------------------------------------------------------------------------------------------------
def _take(y: Any, a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Partial:
    only_defaults(np.take, out=out)
    return picked(np.take(numbers(a.shape), indices, axis=axis, mode=mode), a.shape)  # type: ignore[call-overload]


def _take_along_axis(y: Any, arr: Any, indices: Any, axis: int | None = -1) -> Partial:
    return picked(np.take_along_axis(numbers(arr.shape), indices, axis), arr.shape)


def _compress(y: Any, condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Partial:
    only_defaults(np.compress, out=out)
    return picked(np.compress(condition, numbers(a.shape), axis=axis), a.shape)


def _diagonal(y: Any, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Partial:
    return picked(np.diagonal(numbers(a.shape), offset, axis1, axis2), a.shape)


def _diag(y: Any, v: Any, k: int = 0) -> Partial:
    if v.ndim == 2:
        return picked(np.diag(numbers(v.shape), k), v.shape)
    taking = picked(np.diag(numbers(y.shape), k), y.shape)  # a matrix made of its diagonal: the transpose
    return Linear(taking.pull, taking.push)


written(np.take, _take)
written(np.take_along_axis, _take_along_axis)
written(np.compress, None, _compress)
written(np.extract, None, lambda y, condition, arr: picked(np.extract(condition, numbers(arr.shape)), arr.shape))
written(np.resize, lambda y, a, new_shape: picked(np.resize(numbers(a.shape), new_shape), a.shape))
written(np.delete, lambda y, arr, obj, axis=None: picked(np.delete(numbers(arr.shape), obj, axis), arr.shape))
written(np.diagonal, _diagonal)
written(np.diag, _diag)
composite(np.diagflat, lambda v, k=0: np.diag(np.ravel(v), k))


def _bincount(y: Any, x: Any, weights: Any = None, minlength: int = 0) -> Partial:
    """The weights added up by number; in float64, as NumPy does it."""
    size = y.shape[0]
    return Linear(lambda t: scatter(converted(t, y.dtype), x, size), lambda c: gather(c, x))


written(np.bincount, None, _bincount)


# --- choosing ---------------------------------------------------------------------------------------------------
def _where(y: Any, inner: tuple[int, ...], mask: Any) -> Partial:
    # Choosing, not multiplying by the mask: what is not chosen may be infinite, and 0 * inf is not 0.
    spread = broadcast(inner, y.shape)
    return Linear(lambda t: np.where(mask, dense(spread.push(t)), 0), lambda c: spread.pull(np.where(mask, c, 0)))


def _select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    if len(condlist) != len(choicelist):
        raise ValueError(f"expected as many conditions as choices, got {len(condlist)} and {len(choicelist)}")
    for condition, choice in reversed(list(zip(condlist, choicelist, strict=True))):  # the first that holds counts
        default = np.where(condition, as_array(choice), default)
    return default


def _choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    only_defaults(np.choose, out=out)
    number = np.choose(a, np.arange(len(choices)), mode=mode)  # type: ignore[call-overload]
    return np.select([number == i for i in range(len(choices))], list(choices))


def _piecewise(x: Any, condlist: Any, funclist: Sequence[Any]) -> Any:
    """Each function on the entries that it is for, put in order again; the last condition that holds counts."""
    conditions = [condlist] if np.ndim(condlist) == np.ndim(x) else list(condlist)
    if len(funclist) not in (len(conditions), len(conditions) + 1):
        raise ValueError(
            f"expected a function for each of {len(conditions)} conditions, and perhaps one more for the rest, got "
            f"{len(funclist)}"
        )
    functions = [*funclist, 0.0] if len(funclist) == len(conditions) else list(funclist)
    which = np.full(np.shape(x), len(conditions))
    for i, condition in enumerate(conditions):
        which = np.where(condition, i, which)
    flat, which = np.ravel(x), np.ravel(which)
    parts, places = [], []
    for i, function in enumerate(functions):
        places.append(np.flatnonzero(which == i))
        entries = flat[places[-1]]
        value = function(entries) if callable(function) else function
        parts.append(np.broadcast_to(converted(value, x.dtype), np.shape(entries)))
    return np.reshape(np.concatenate(parts)[np.argsort(np.concatenate(places))], np.shape(x))


written(
    np.where,
    None,
    lambda y, condition, x, z: _where(y, x.shape, condition),
    lambda y, condition, x, z: _where(y, z.shape, np.logical_not(condition)),
)
composite(np.select, _select)
composite(np.choose, _choose)
composite(np.piecewise, _piecewise)

"""Selection: indexing and choosing. Pulling an index back adds up the cotangents of entries taken twice (M22)."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from ..partials import Linear, Partial, elementwise_partial
from .table import primitive, written


# A gather and a scatter by flat position, each the other's transpose. They are primitives with rules of their own,
# so that a derivative of a derivative goes through them as well.
@primitive
def gather(block: Any, positions: Any) -> Any:
    """(k, size) -> (k, *positions.shape): entry positions[i] of each row."""
    return block[:, positions]


@primitive
def scatter(block: Any, positions: Any, size: int) -> Any:
    """(k, *positions.shape) -> (k, size): each entry added to its position; the transpose of gather."""
    out = np.zeros((block.shape[0], size), block.dtype)
    index: Any = (slice(None), positions)
    np.add.at(out, index, block)
    return out


@primitive
def assign(block: Any, index: tuple[Any, ...], shape: tuple[int, ...]) -> Any:
    """(k, *S_out) -> (k, *shape): zeros with the block at a basic index, which takes no entry twice."""
    out = np.zeros((block.shape[0], *shape), block.dtype)
    out[(slice(None), *index)] = block
    return out


def _is_basic(index: Any) -> bool:
    return index is None or index is Ellipsis or isinstance(index, int | np.integer | slice)


def _getitem(y: Any, a: Any, index: Any) -> Partial:
    shape = a.shape
    index = index if isinstance(index, tuple) else (index,)
    if all(map(_is_basic, index)):
        inside = (slice(None), *index)
        return Linear(lambda t: t[inside], lambda c: assign(c, index, shape))
    # Index arrays: by flat position, because NumPy may put their axes in front of the seed axis.
    size = math.prod(shape)
    positions = np.reshape(np.arange(size), shape)[index]
    return Linear(
        lambda t: gather(np.reshape(t, (t.shape[0], size)), positions),
        lambda c: np.reshape(scatter(c, positions, size), (c.shape[0], *shape)),
    )


written(operator.getitem, _getitem)


# The rules of the three themselves. Their operand is a block (k, ...); a block of seeds of it is (s, k, ...).
def _fold(block: Any) -> Any:
    return np.reshape(block, (block.shape[0] * block.shape[1], *block.shape[2:]))


def _unfold(block: Any, k: int) -> Any:
    return np.reshape(block, (block.shape[0] // k, k, *block.shape[1:]))


def _gather(y: Any, block: Any, positions: Any) -> Partial:
    k, size = block.shape
    return Linear(
        lambda t: _unfold(gather(_fold(t), positions), k),
        lambda c: _unfold(scatter(_fold(c), positions, size), k),
    )


def _scatter(y: Any, block: Any, positions: Any, size: int) -> Partial:
    k = block.shape[0]
    return Linear(
        lambda t: _unfold(scatter(_fold(t), positions, size), k),
        lambda c: _unfold(gather(_fold(c), positions), k),
    )


def _assign(y: Any, block: Any, index: tuple[Any, ...], shape: tuple[int, ...]) -> Partial:
    k = block.shape[0]
    return Linear(
        lambda t: _unfold(assign(_fold(t), index, shape), k),
        lambda c: c[(slice(None), slice(None), *index)],
    )


written(gather, _gather)
written(scatter, _scatter)
written(assign, _assign)


# --- choosing ---------------------------------------------------------------------------------------------------
def _where(y: Any, inner: tuple[int, ...], mask: Any) -> Partial:
    # Choosing, not multiplying by the mask: what is not chosen may be infinite, and 0 * inf is not 0.
    spread = elementwise_partial(1, inner, y.shape)
    return Linear(lambda t: np.where(mask, spread.push(t), 0), lambda c: spread.pull(np.where(mask, c, 0)))


written(
    np.where,
    None,
    lambda y, condition, x, z: _where(y, x.shape, condition),
    lambda y, condition, x, z: _where(y, z.shape, np.logical_not(condition)),
)

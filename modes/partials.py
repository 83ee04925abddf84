"""The local Jacobian of one operation with respect to one operand, as a linear map in both directions.

A partial has two methods, one a mode, each the other's transpose:

- `push(tangent)`: block (k, *S_in) -> block (k, *S_out), the JVP of every seed;
- `pull(cotangent)`: block (k, *S_out) -> block (k, *S_in), the VJP of every seed.

It holds no more of the operation than these two need (its residuals). Blocks come in any structure that
modes.blocks knows; what cannot use the structure makes the block dense first. No partial modifies a block
or a residual.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import overload

import numpy as np

from .blocks import (
    LARGE,
    Array,
    Block,
    Diagonal,
    Guarded,
    Identity,
    borrowed,
    dense,
    multiplied,
    one_seed,
    precise,
    through,
)

__all__ = ["SAME", "Dot", "Linear", "Matrix", "Partial", "Reshape", "Scale", "elementwise_partial", "sum_to"]


ROWS = (Diagonal, Identity)


class Partial:
    """The interface: `push` and `pull`, transposes of each other."""

    __slots__ = ()

    fma: int = 0
    """Fused multiply-adds for each seed, where there is more to count than the numbers of the blocks."""
    pulling: float = 0.0
    """What a pull takes more than a push beyond that, in operations: further calls of NumPy."""

    fresh: bool = False
    """Is what `pull` gives an array of its own, which nobody else has? Then others may be added to it in place."""

    def push(self, t: Block) -> Block:
        raise NotImplementedError

    def pull(self, c: Block) -> Block:
        raise NotImplementedError

    def pull_onto(self, total: Array, c: Array) -> Array:
        """total + pull(c), both dense, in the memory of total, which is nobody else's."""
        pulled = dense(self.pull(c))
        if type(pulled) is np.ndarray and pulled.dtype == total.dtype:  # not of an outer trace, whose residuals it has
            return np.add(total, pulled, out=total)
        return total + pulled


class _Same(Partial):
    """The identity: y = x + constant."""

    __slots__ = ()

    def push(self, t: Block) -> Block:
        return t

    def pull(self, c: Block) -> Block:
        return c


SAME = _Same()


class Scale(Partial):
    """diag(d): an element-wise function of an operand that has the shape of the result. Holds d."""

    __slots__ = ("d",)

    def __init__(self, d: Array | float) -> None:
        self.d = d

    def push(self, t: Block) -> Block:
        d = self.d
        if type(d) is np.ndarray and (type(t) is not np.ndarray or t.size >= LARGE):
            d = d.copy()  # the block holds it from now on, and the function may write into it
        return multiplied(t, d)

    def pull(self, c: Block) -> Block:
        return multiplied(c, self.d)


class _Broadcast(Partial):
    """diag(d) after a broadcast: an element-wise function of an operand smaller than the result (M10).

    The tangent is repeated along the broadcast axes, the cotangent summed over them. Holds d and two shapes.
    """

    __slots__ = ("d", "inner", "outer")

    def __init__(self, d: Array | float, inner: tuple[int, ...], outer: tuple[int, ...]) -> None:
        self.d = d
        self.inner = inner
        self.outer = outer

    def push(self, t: Block) -> Block:
        if isinstance(t, Guarded):  # first the broadcast, then the factor
            return through(elementwise_partial(1, self.inner, self.outer).push, t) * self.d
        t = dense(t)
        k = t.shape[0]
        missing = len(self.outer) - len(self.inner)
        t = np.reshape(t, (k, *(1,) * missing, *self.inner)) * self.d
        return t if t.shape[1:] == self.outer else np.broadcast_to(t, (k, *self.outer))

    def pull(self, c: Block) -> Block:
        return sum_to(c * self.d, self.inner)


@overload
def sum_to(c: Array, shape: tuple[int, ...]) -> Array: ...
@overload
def sum_to(c: Block, shape: tuple[int, ...]) -> Block: ...
def sum_to(c: Block, shape: tuple[int, ...]) -> Block:
    """Sum a block (k, *outer) over the axes along which `shape` was broadcast: a block (k, *shape)."""
    if isinstance(c, ROWS) and math.prod(shape) == 1:
        # Each row has one entry, so the sum over everything is that entry: k numbers, not k times the size.
        return np.reshape(borrowed(c.entries()), (len(c), *shape))
    if isinstance(c, Guarded):
        return through(lambda c: sum_to(c, shape), c)
    total = dense(c)
    extra = total.ndim - 1 - len(shape)
    if extra:
        total = np.sum(total, axis=tuple(range(1, 1 + extra)))
    stretched = tuple(i for i, size in enumerate(shape, 1) if size == 1 and total.shape[i] != 1)
    return np.sum(total, axis=stretched, keepdims=True) if stretched else total


def elementwise_partial(d: Array | float, inner: tuple[int, ...], outer: tuple[int, ...]) -> Partial:
    """The partial of an element-wise function with derivative d, from an operand's shape to the result's."""
    return Scale(d) if inner == outer else _Broadcast(d, inner, outer)


class Matrix(Partial):
    """A matrix J of shape (q, p), from vectors (p,) to vectors (q,). Holds J, shared with whoever owns it."""

    __slots__ = ("J",)

    def __init__(self, J: Array) -> None:
        self.J = J

    def push(self, t: Block) -> Block:
        J = self.J
        return t.dot(J.T) if type(t) is np.ndarray and type(J) is np.ndarray else t @ J.T

    def pull(self, c: Block) -> Block:
        J = self.J
        return c.dot(J) if type(c) is np.ndarray and type(J) is np.ndarray else c @ J


class Dot(Partial):
    """A row w of shape (p,), from vectors (p,) to scalars (M11). Holds w, shared with whoever owns it."""

    __slots__ = ("w",)

    def __init__(self, w: Array) -> None:
        self.w = w

    def push(self, t: Block) -> Block:
        return t @ self.w

    def pull(self, c: Block) -> Block:
        if isinstance(c, Identity) and type(self.w) is np.ndarray:  # the seed of a scalar function
            return one_seed(precise(self.w, c.dtype))
        c = np.reshape(c, (-1, 1)) if type(c) is np.ndarray else through(lambda c: np.reshape(c, (-1, 1)), c)
        return c * self.w


class Reshape(Partial):
    """A change of shape that keeps the order of the entries: structure passes through it."""

    __slots__ = ("inner", "outer")

    def __init__(self, inner: tuple[int, ...], outer: tuple[int, ...]) -> None:
        self.inner = inner
        self.outer = outer

    def push(self, t: Block) -> Block:
        return _reshape(t, self.outer)

    def pull(self, c: Block) -> Block:
        return _reshape(c, self.inner)


def _reshape(block: Block, shape: tuple[int, ...]) -> Block:
    if isinstance(block, ROWS):
        return block.reshape(shape)
    if isinstance(block, Guarded):
        return through(lambda b: _reshape(b, shape), block)
    block = dense(block)
    # A copy where the order of the axes in memory demands one, else a view: never to be written to.
    return np.reshape(borrowed(block), (block.shape[0], *shape))


class Linear(Partial):
    """Any other linear map, as two functions of a dense block: (k, *S_in) -> (k, *S_out) and back."""

    __slots__ = ("_pull", "_push", "fma")

    def __init__(self, push: Callable[[Array], Block], pull: Callable[[Array], Block], fma: int = 0) -> None:
        self._push = push
        self._pull = pull
        self.fma = fma

    def push(self, t: Block) -> Block:
        return through(self._push, t)

    def pull(self, c: Block) -> Block:
        return through(self._pull, c)

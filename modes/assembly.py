"""A full Jacobian put together: the seeds of an identity through a sweep, and the blocks that come out as its columns,
or its rows.

All modes make their Jacobians here, and differ in nothing but their sweeps; of the parts that mixed accumulation makes,
the dense blocks. How many seeds go at once is decided in modes.chunking, for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .blocks import Array, Block, Identity, dense
from .chunking import MANY, TooWide, check_fits, decided, stretches
from .ownership import apart, owned

__all__ = ["columns", "rows", "stacked"]

Push = Callable[[Identity], tuple[Array, Block | None]]
"""From a block of tangents to the output, and the block of its tangents (None: it is zero)."""
Pull = Callable[[Identity, bool], Sequence[Block | None]]
"""From a block of cotangents of the output, the last or not, to a block for each leaf (None: it is zero)."""


# -- by columns: the tangents of one leaf ------------------------------------------------------------------------------
def columns(
    x: Array,
    push: Push,
    chunk_size: int | None,
    insist: bool,
    y: Array | None = None,
    widest: Callable[[], int] = int,
) -> Array:
    """The Jacobian with respect to x, of shape (*out, *in), by pushing the identity on x.

    `y`, the output, and `widest`, which gives the size of the widest value on the way, are what a tape knows. A push
    without one raises TooWide where chunk_size is None and a value is too wide for the seeds; then it is given fewer.
    """
    if chunk_size is None and x.size < MANY:
        y, block = push(Identity.of(x))
        return _by_columns(np.zeros((x.size, *y.shape), y.dtype) if block is None else dense(block), x, y)
    if y is not None:
        shapes = [(*y.shape, *x.shape)]
        chunk_size = decided("jacfwd", shapes, x.size, widest(), y.dtype.itemsize, chunk_size, insist)
    while True:
        try:
            return _stretch_by_stretch(x, push, chunk_size, insist or y is not None)
        except TooWide as wide:
            chunk_size = wide.chunk_size


def _stretch_by_stretch(x: Array, push: Push, chunk_size: int | None, checked: bool) -> Array:
    assembly = None
    for start, stop in stretches(x.size, chunk_size):
        y, block = push(Identity.of(x, start, stop))
        if assembly is None:
            whole = stop == x.size  # then the block is the result, if it is dense
            if not checked and not (whole and isinstance(block, np.ndarray)):
                width = 0 if whole else y.size
                check_fits("jacfwd", [(*y.shape, *x.shape)], x.size, stop, width, y.dtype.itemsize)
            assembly = _Assembly(x.size, y.shape, y.dtype)
        assembly.add(start, stop, block)
        del block  # so that no more than one chunk is kept beside the result
    assert assembly is not None  # there is one stretch at least
    return _by_columns(assembly.block(), x, y)


def _by_columns(J: Array, x: Array, y: Array) -> Array:
    """(n, *out) -> (*out, *in): views alone."""
    if x.ndim == y.ndim == 1:
        return owned(J.T, y.dtype)
    J = np.reshape(J, (*x.shape, *y.shape))
    return owned(np.transpose(J, (*range(x.ndim, J.ndim), *range(x.ndim))), y.dtype)


# -- by rows: the cotangents of the output -----------------------------------------------------------------------------
def rows(
    primals: Sequence[Array], y: Array, pull: Pull, chunk_size: int | None, insist: bool, widest: Callable[[], int]
) -> list[Array]:
    """The Jacobian with respect to every leaf, arrays of shape (*out, *in), by pulling the identity on y back.

    `widest` gives the size of the widest value on the way.
    """
    if chunk_size is None and y.size < MANY:
        blocks = pull(Identity.of(y), True)
        return apart(
            [
                _by_rows(np.zeros((y.size, *x.shape), y.dtype) if block is None else dense(block), x, y)
                for x, block in zip(primals, blocks, strict=True)
            ]
        )
    shapes = [(*y.shape, *x.shape) for x in primals]
    chunk_size = decided("jacrev", shapes, y.size, widest(), y.dtype.itemsize, chunk_size, insist)

    def carry(start: int, stop: int) -> Sequence[Block | None]:
        return pull(Identity.of(y, start, stop), stop == y.size)

    blocks = stacked(y.size, [x.shape for x in primals], y.dtype, chunk_size, carry)
    return apart([_by_rows(block, x, y) for x, block in zip(primals, blocks, strict=True)])


def _by_rows(J: Array, x: Array, y: Array) -> Array:
    """(m, *in) -> (*out, *in): views alone."""
    if y.ndim == 1:
        return owned(J, y.dtype)
    return owned(np.reshape(J, (*y.shape, *x.shape)), y.dtype)


# -- chunk by chunk ----------------------------------------------------------------------------------------------------
def stacked(
    total: int,
    shapes: Sequence[tuple[int, ...]],
    dtype: np.dtype[Any],
    chunk_size: int | None,
    carry: Callable[[int, int], Sequence[Block | None]],
) -> list[Array]:
    """Dense blocks of `total` rows, one for each shape of a row, from those that `carry` gives for rows start..stop
    (None: they are zero), `chunk_size` of them at a time."""
    if chunk_size is None:
        return [
            np.zeros((total, *shape), dtype) if block is None else dense(block)
            for block, shape in zip(carry(0, total), shapes, strict=True)
        ]
    assemblies = [_Assembly(total, shape, dtype) for shape in shapes]
    for start, stop in stretches(total, chunk_size):
        blocks = carry(start, stop)
        for assembly, block in zip(assemblies, blocks, strict=True):
            assembly.add(start, stop, block)
        del blocks, block  # so that no more than one chunk is kept beside the result
    return [assembly.block() for assembly in assemblies]


class _Assembly:
    """Blocks of rows start..stop, as they come, put together to one dense block of `total` rows.

    The rows of several chunks are copied into one array at once, so that no more than one chunk is kept beside it.
    """

    __slots__ = ("dtype", "parts", "shape", "total", "whole")

    def __init__(self, total: int, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        self.total = total
        self.shape = shape  # of one seed, without the seed axis
        self.dtype = dtype
        self.whole: Array | None = None
        self.parts: list[Array] = []  # of an outer trace: they cannot be written into an array

    def add(self, start: int, stop: int, block: Block | None) -> None:
        """Add rows start..stop; None stands for zeros."""
        array = np.zeros((stop - start, *self.shape), self.dtype) if block is None else dense(block)
        if stop - start == self.total:
            self.whole = array
        elif self.parts or type(array) is not np.ndarray:
            self.parts.append(array)
        else:
            if self.whole is None:
                self.whole = np.empty((self.total, *self.shape), self.dtype)
            self.whole[start:stop] = array

    def block(self) -> Array:
        """All the rows: an array of shape (total, *shape)."""
        whole = np.concatenate(self.parts) if self.parts else self.whole
        assert whole is not None  # some rows were added
        return whole

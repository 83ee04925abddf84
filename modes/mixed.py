"""Mixed accumulation: a Jacobian put together of sweeps that begin at narrow values in the middle.

Pulled back to a waist and pushed on from it, few seeds do the work of many. modes.planning says which sweeps to make
along a recorded function's tape, whose partials go both ways, and this module makes them: those of forward or of
reverse mode, too, where that is the plan.

Contract: as forward and reverse mode. Values in between are known by their entries on the tape and their shapes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import prod

import numpy as np

from .assembly import columns, rows, stacked
from .blocks import Array, Block, Guarded, Identity
from .call import Call
from .chunking import MANY, check_fits, decided
from .ownership import apart, owned
from .planning import MULTIPLY, PULL, PUSH, PUSH_ON, Order
from .sized import SizedTape

__all__ = ["SingularParts", "parts", "whole"]

NAME = 'jacobian(mode="mixed")'


def whole(
    call: Call, tape: SizedTape, y: Array, index: int | None, kind: str, chunk_size: int | None, insist: bool
) -> list[Array]:
    """The Jacobian with respect to every leaf by a sweep along the whole tape."""
    if kind == PULL:

        def pull(seed: Identity, last: bool) -> list[Block | None]:
            return tape.pull(index, seed, last)

        return rows(call.primals, y, pull, chunk_size, insist, tape.widest)

    def push(leaf: int, seed: Identity) -> tuple[Array, Block | None]:
        return y, tape.push(leaf, seed, index)

    return [columns(x, partial(push, leaf), chunk_size, insist, y, tape.widest) for leaf, x in enumerate(call.primals)]


class SingularParts(Exception):
    """A derivative is infinite or NaN, and a product of matrices would lose what blocks know of that: 0 * inf = 0."""


def parts(
    call: Call, tape: SizedTape, y: Array, nodes: Sequence[int], order: Order, chunk_size: int | None, insist: bool
) -> list[Array]:
    """The Jacobian with respect to every leaf, put together as the order says; the tape is left as it is.

    Raises SingularParts where only a sweep along the whole tape will do.
    """
    return _Parts(call, tape, y, nodes, chunk_size, insist).jacobians(order)


class _Parts:
    """The Jacobians of the parts of a recording, as matrices of shape (size of node j, size of node i): a list with one
    for each leaf where i is 0, and with one alone otherwise."""

    def __init__(
        self, call: Call, tape: SizedTape, y: Array, nodes: Sequence[int], chunk_size: int | None, insist: bool
    ) -> None:
        self.primals = call.primals
        self.tape = tape
        self.y = y
        self.nodes = nodes
        self.chunk_size = chunk_size
        self.insist = insist

    def jacobians(self, order: Order) -> list[Array]:
        """The whole Jacobian: for each leaf of shape (*in) an array of shape (*out, *in)."""
        y, shapes = self.y, [(*self.y.shape, *x.shape) for x in self.primals]
        if y.size >= MANY and not self.insist:
            check_fits(NAME, shapes, 1, 1, 0, y.dtype.itemsize)
        matrices = self.made(order)
        return apart(
            [
                owned(J if J.shape == shape else np.reshape(J, shape), y.dtype)
                for J, shape in zip(matrices, shapes, strict=True)
            ]
        )

    def made(self, order: Order) -> list[Array]:
        """The matrices of an order: of its parts first, then of its last step."""
        if order.kind == PUSH:
            return self.pushed(order.i, order.j)
        if order.kind == PULL:
            return self.pulled(order.i, order.j)
        if order.kind == MULTIPLY:
            assert order.lower is not None
            assert order.upper is not None
            (upper,), lower = self.made(order.upper), self.made(order.lower)
            return [_product(upper, matrix) for matrix in lower]
        if order.kind == PUSH_ON:
            assert order.lower is not None
            k = order.lower.j
            return [self.pushed_on(matrix, k, order.j) for matrix in self.made(order.lower)]
        assert order.upper is not None
        (upper,) = self.made(order.upper)
        return self.pulled_back(upper, order.upper.i, order.i)

    # -- sweeps --------------------------------------------------------------------------------------------------------
    def pushed(self, i: int, j: int) -> list[Array]:
        """The identity on node i pushed to node j."""
        sources: Sequence[int] = [self.nodes[i]] if i else range(self.tape.leaves)
        return [
            self._columns(source, j, prod(shape), partial(self._identity, shape))
            for source, shape in zip(sources, self._shapes(i), strict=True)
        ]

    def pushed_on(self, matrix: Array, k: int, j: int) -> Array:
        """The columns of a Jacobian of node k pushed on to node j."""
        (shape,) = self._shapes(k)
        return self._columns(self.nodes[k], j, matrix.shape[1], partial(_rows, np.transpose(matrix), shape))

    def pulled(self, i: int, j: int) -> list[Array]:
        """The identity on node j pulled back to node i."""
        (shape,) = self._shapes(j)
        return self._rows(j, i, prod(shape), partial(self._identity, shape))

    def pulled_back(self, matrix: Array, k: int, i: int) -> list[Array]:
        """The rows of a Jacobian by node k pulled back to node i."""
        (shape,) = self._shapes(k)
        return self._rows(k, i, matrix.shape[0], partial(_rows, matrix, shape))

    def _columns(self, source: int, j: int, seeds: int, seed: Callable[[int, int], Block]) -> Array:
        def carry(start: int, stop: int) -> list[Block | None]:
            return _regular([self.tape.push(source, seed(start, stop), self.nodes[j])])

        (block,) = self._carried(seeds, self._shapes(j), carry)
        return _flat(block).T

    def _rows(self, j: int, i: int, seeds: int, seed: Callable[[int, int], Block]) -> list[Array]:
        stop_at = self.nodes[i] if i else None

        def carry(start: int, stop: int) -> list[Block | None]:
            return _regular(self.tape.pull(self.nodes[j], seed(start, stop), False, stop_at))

        return [_flat(block) for block in self._carried(seeds, self._shapes(i), carry)]

    def _carried(
        self,
        seeds: int,
        shapes: Sequence[tuple[int, ...]],
        carry: Callable[[int, int], Sequence[Block | None]],
    ) -> list[Array]:
        """Dense blocks of so many seeds, of values of these shapes, in chunks where asked for or needed."""
        dtype, chunk_size = self.y.dtype, self.chunk_size
        if chunk_size is not None or seeds >= MANY:
            several = [(seeds, *shape) for shape in shapes]
            widest = self.tape.widest()
            chunk_size = decided(NAME, several, seeds, widest, dtype.itemsize, chunk_size, self.insist)
        return stacked(seeds, shapes, dtype, chunk_size, carry)

    # -- nodes ---------------------------------------------------------------------------------------------------------
    def _shapes(self, i: int) -> list[tuple[int, ...]]:
        return [self.tape.shapes[self.nodes[i]]] if i else self.tape.shapes[: self.tape.leaves]

    def _identity(self, shape: tuple[int, ...], start: int, stop: int) -> Identity:
        return Identity(shape, start, stop, self.y.dtype)  # as reverse mode's, wherever it begins


def _regular(blocks: list[Block | None]) -> list[Block | None]:
    """The blocks as they came; SingularParts where one remembers more than its numbers."""
    if Guarded in map(type, blocks):
        raise SingularParts
    return blocks


def _rows(matrix: Array, shape: tuple[int, ...], start: int, stop: int) -> Array:
    """Rows start..stop of a matrix as a block of seeds of that shape."""
    block = matrix if stop - start == matrix.shape[0] else matrix[start:stop]
    return block if len(shape) == 1 else np.reshape(block, (stop - start, *shape))


def _flat(block: Array) -> Array:
    """A block (k, *S) as a matrix."""
    return block if block.ndim == 2 else np.reshape(block, (block.shape[0], prod(block.shape[1:])))


def _product(upper: Array, lower: Array) -> Array:
    return upper.dot(lower) if type(upper) is type(lower) is np.ndarray else upper @ lower

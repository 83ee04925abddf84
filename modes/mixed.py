"""Mixed accumulation: a Jacobian put together of sweeps that begin at narrow values in the middle.

Pulled back to a waist and pushed on from it, few seeds do the work of many. The function is recorded once, on a tape,
whose partials go both ways; modes.planning says which sweeps to make, and this module makes them. Where cutting gains
nothing they are those of forward or of reverse mode.

Contract: as forward and reverse mode. Values in between are known by their entries on the tape and their shapes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from math import prod
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from .assembly import columns, rows, stacked
from .blocks import Array, Block, Guarded, Identity
from .call import ArgNums, Call
from .chunking import MANY, check_fits, decided
from .forward import jacfwd
from .ownership import apart, owned
from .planning import MULTIPLY, PULL, PUSH, PUSH_ON, Order, route
from .sized import SizedTape

__all__ = ["jacauto", "jacmixed"]

NAME = 'jacobian(mode="mixed")'


def jacmixed(
    f: Callable[..., Any],
    argnums: ArgNums = 0,
    chunk_size: int | None = None,
    *,
    insist: bool = False,
    replayed: bool = False,
) -> Callable[..., Any]:
    """The Jacobian of f by mixed accumulation: cut at its narrow values wherever that takes less arithmetic.

    Parameters, value and errors are those of modes.jacfwd; `replayed` says that modes.prepare records what is done.
    `chunk_size` holds for each sweep: so many seeds of the identity on a value, or so many rows or columns of a
    Jacobian, are carried on at once.

    Cost: one evaluation of f on a tape, the plan (modes.planning), and the sweeps. Memory: the tape, the Jacobians of
    the parts, two blocks of chunk_size seeds, and the result. Not done: to record less than the whole tape where memory
    is short, and to plan for that.
    """
    return _planned(f, argnums, chunk_size, insist, replayed, "mixed")


def jacauto(
    f: Callable[..., Any],
    argnums: ArgNums = 0,
    chunk_size: int | None = None,
    *,
    insist: bool = False,
    replayed: bool = False,
) -> Callable[..., Any]:
    """The Jacobian of f by the mode, of the three, that its recorded operations say takes the least time; otherwise as
    modes.jacfwd and `jacmixed`.

    Cost: one evaluation of f on a tape, the plan (modes.planning), and the sweeps that it says are cheapest.
    """
    return _planned(f, argnums, chunk_size, insist, replayed, "auto")


def _planned(
    f: Callable[..., Any], argnums: ArgNums, chunk_size: int | None, insist: bool, replayed: bool, mode: str
) -> Callable[..., Any]:
    def jacobian(*args: Any) -> Any:
        call = Call(f, args, argnums)
        untaped = chunk_size is None and not replayed
        if untaped and _forward_again(call, mode):
            return jacfwd(f, argnums, insist=insist)(*args)
        tape = SizedTape()
        y, index = tape.run(call)
        if index is None:
            return call.rebuild(_whole(call, tape, y, index, PULL, chunk_size, insist))
        there = route(tape, index, replayed)
        order = there.orders[there.mode if mode == "auto" else mode]
        if order.kind == PUSH and untaped:
            _remember(call, mode)
        if order.kind in (PUSH, PULL):
            return call.rebuild(_whole(call, tape, y, index, order.kind, chunk_size, insist))
        try:
            return call.rebuild(_Parts(call, tape, y, there.nodes, chunk_size, insist).jacobians(order))
        except _Singular:
            kind = there.orders[there.pure].kind
        return call.rebuild(_whole(call, tape, y, index, kind, chunk_size, insist))

    return jacobian


# For each function, by mode, arguments and their shapes: for how many calls the choice of forward mode stands.
_again: WeakKeyDictionary[Any, dict[Any, int]] = WeakKeyDictionary()
AGAIN = 15
"""How many calls of a function go by forward mode, without the tape that the choice takes, before the next choice."""


def _key(call: Call, mode: str) -> tuple[Any, ...]:
    return mode, call.argnums, *[x.shape for x in call.primals]


def _forward_again(call: Call, mode: str) -> bool:
    """Whether forward mode was chosen for this function, with arguments of these shapes, a few calls ago."""
    try:
        chosen = _again.get(call.f)
    except TypeError:  # it cannot be referred to weakly, or is not hashable
        return False
    if chosen is None or not (left := chosen.get(key := _key(call, mode))):
        return False
    chosen[key] = left - 1
    return True


def _remember(call: Call, mode: str) -> None:
    """Forward mode has been chosen."""
    with suppress(TypeError):
        _again.setdefault(call.f, {})[_key(call, mode)] = AGAIN


def _whole(
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


class _Singular(Exception):
    """A derivative is infinite or NaN, and a product of matrices would lose what blocks know of that: 0 * inf = 0."""


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
        return [
            self._columns(source, j, prod(shape), partial(self._identity, shape))
            for source, shape in zip(self._sources(i), self._shapes(i), strict=True)
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
            return [self.tape.push(source, seed(start, stop), self.nodes[j])]

        (block,) = self._carried(seeds, self._shapes(j), carry)
        return np.transpose(_flat(block))

    def _rows(self, j: int, i: int, seeds: int, seed: Callable[[int, int], Block]) -> list[Array]:
        stop_at = self.nodes[i] if i else None

        def carry(start: int, stop: int) -> list[Block | None]:
            return self.tape.pull(self.nodes[j], seed(start, stop), False, stop_at)

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

        def checked(start: int, stop: int) -> Sequence[Block | None]:
            blocks = carry(start, stop)
            if Guarded in map(type, blocks):
                raise _Singular
            return blocks

        return stacked(seeds, shapes, dtype, chunk_size, checked)

    # -- nodes ---------------------------------------------------------------------------------------------------------
    def _sources(self, i: int) -> Sequence[int]:
        return [self.nodes[i]] if i else range(self.tape.leaves)

    def _shapes(self, i: int) -> list[tuple[int, ...]]:
        return [self.tape.shapes[self.nodes[i]]] if i else self.tape.shapes[: self.tape.leaves]

    def _identity(self, shape: tuple[int, ...], start: int, stop: int) -> Identity:
        return Identity(shape, start, stop, self.y.dtype)  # as reverse mode's, wherever it begins


def _rows(matrix: Array, shape: tuple[int, ...], start: int, stop: int) -> Array:
    """Rows start..stop of a matrix as a block of seeds of that shape."""
    block = matrix if stop - start == matrix.shape[0] else matrix[start:stop]
    return block if len(shape) == 1 else np.reshape(block, (stop - start, *shape))


def _flat(block: Array) -> Array:
    """A block (k, *S) as a matrix."""
    return block if block.ndim == 2 else np.reshape(block, (block.shape[0], -1))


def _product(upper: Array, lower: Array) -> Array:
    return upper.dot(lower) if type(upper) is type(lower) is np.ndarray else upper @ lower

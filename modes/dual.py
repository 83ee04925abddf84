"""Dual numbers: a primal with a block of tangents, pushed through every operation as it happens.

Nothing is kept of an operation once it is done, so memory does not grow with the depth of the function (C5). Twin of
modes.tape: the traced array, and the trace that it belongs to.

Contract: the seed axis comes first (a block of k tangents of an array of shape S has shape (k, *S)); blocks may be
structured (modes.blocks); no block is written to.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np

from .array import Trace, TracedArray, escaped
from .blocks import Array, Block, Identity, multiplied
from .call import Call, output
from .chunking import KEEPING, free_size, refuse_wide
from .partials import Partial
from .residuals import changed, content, detached

__all__ = ["BoundedForward", "Dual", "Forward"]


class Dual(TracedArray):
    """A dual number: a primal, and the block of its tangents."""

    __slots__ = ("tangent",)

    owner: Forward

    def __init__(self, trace: Forward, primal: Array, tangent: Block) -> None:
        self.owner = trace
        self.primal = primal
        self.tangent = tangent

    def extend(self, y: Array, partial: Partial) -> Dual:
        trace = self.owner
        if not trace.open:
            escaped(self)
        return Dual(trace, y, partial.push(self.tangent))

    def shifted(self, y: Array) -> Dual:
        trace = self.owner
        if not trace.open:
            escaped(self)
        return Dual(trace, y, self.tangent)

    def scaled(self, y: Array, d: Array) -> Dual:
        trace = self.owner
        if not trace.open:
            escaped(self)
        return Dual(trace, y, multiplied(self.tangent, d))

    def mapped(self, y: Array, J: Array) -> Dual:
        trace, t = self.owner, self.tangent
        if not trace.open:
            escaped(self)
        return Dual(trace, y, t.dot(J.T) if type(t) is np.ndarray else t @ J.T)


class Forward(Trace):
    """A forward trace: each result's tangents are pushed from its operands' at once; they add up at a fan-in (M22)."""

    __slots__ = ()

    dual = Dual
    free: float = inf  # values of this size need no look (BoundedForward)

    def join(self, y: Array, operands: Sequence[Any], partials: Sequence[Partial | None]) -> Any:
        if not self.open:
            escaped(operands[0])
        if y.size > self.free and not KEEPING.issuperset(map(type, partials)):
            self.refuse_wide(y)
        tangent: Any = None
        for operand, partial in zip(operands, partials, strict=True):
            if partial is not None:
                pushed = partial.push(operand.tangent)
                tangent = pushed if tangent is None else tangent + pushed
        return y if tangent is None else self.dual(self, y, tangent)

    def refuse_wide(self, y: Array) -> None:
        """Raise TooWide where blocks of this trace's seeds of y are not to be had."""

    def run(self, call: Call, seeds: Sequence[Block | None]) -> tuple[Array, Block | None]:
        """Evaluate with a block of tangents for each leaf (None: it is constant): the primal output and its block
        (None: it depends on no leaf)."""
        dual = self.dual
        primals, scattered = detached(call.primals)
        values = [x if s is None else dual(self, x, s) for x, s in zip(primals, seeds, strict=True)]
        try:
            y = call(values)
        finally:
            self.open = False
        for x, then in scattered:
            if content(x) != then:
                raise changed(x, "its beginning")
        if isinstance(y, Dual) and y.owner is self:
            return output(y.primal, call.f), y.tangent
        return output(y, call.f), None


class Bounded(Dual):
    """A dual number of a pass with many seeds: no block is made that the memory budget does not allow."""

    __slots__ = ()

    def extend(self, y: Array, partial: Partial) -> Bounded:
        trace = self.owner
        if not trace.open:
            escaped(self)
        if y.size > trace.free and type(partial) not in KEEPING:
            trace.refuse_wide(y)
        return Bounded(trace, y, partial.push(self.tangent))

    # Each as its partial says, so that `extend` sees them all.
    shifted: Any = TracedArray.shifted
    scaled: Any = TracedArray.scaled
    mapped: Any = TracedArray.mapped


class BoundedForward(Forward):
    """The forward trace of such a pass.

    Raises TooWide (modes.chunking), with the chunk size to take instead, before it makes a block that is not to be had:
    there is no tape to say beforehand how wide the values are.
    """

    __slots__ = ("free", "seeds")

    dual = Bounded

    def __init__(self, seeds: Identity) -> None:
        super().__init__()
        self.seeds = len(seeds)
        self.free = free_size(self.seeds, seeds.dtype.itemsize)

    def refuse_wide(self, y: Array) -> None:
        refuse_wide(self.seeds, y)

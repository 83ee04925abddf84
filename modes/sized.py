"""A tape that knows the shape of each entry's value: what counting along it, and cutting it, need to know.

Twice as written as modes.tape has it, with one more list: a tape that only goes backwards does not pay for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .array import escaped
from .blocks import Array
from .call import Call
from .partials import SAME, Matrix, Partial, Scale
from .tape import Node, Tape

__all__ = ["Signature", "SizedTape"]


class SizedNode(Node):
    """A value on a tape that keeps the shapes of its entries."""

    __slots__ = ()

    owner: SizedTape

    def extend(self, y: Array, partial: Partial) -> SizedNode:
        trace = self.owner
        if not trace.open:
            escaped(self)
        if partial is SAME:
            return SizedNode(trace, y, self.index)
        trace.shapes.append(y.shape)
        trace.kinds.append((type(partial), partial.fma, partial.pulling))
        return SizedNode(trace, y, trace.add(self.index, partial))

    def shifted(self, y: Array) -> SizedNode:
        trace = self.owner
        if not trace.open:
            escaped(self)
        return SizedNode(trace, y, self.index)

    def scaled(self, y: Array, d: Array) -> SizedNode:
        trace = self.owner
        if not trace.open:
            escaped(self)
        trace.shapes.append(y.shape)
        return SizedNode(trace, y, trace.add(self.index, d if type(d) is np.ndarray else Scale(d)))

    def mapped(self, y: Array, J: Array) -> SizedNode:
        trace = self.owner
        if not trace.open:
            escaped(self)
        trace.shapes.append(y.shape)
        return SizedNode(trace, y, trace.add(self.index, Matrix(trace.keep(J))))


class Signature(NamedTuple):
    """What a recording has in common with all others that take the same work; without its numbers."""

    output: int
    itemsize: int
    leaves: int
    kinds: tuple[type, ...]
    others: tuple[tuple[type[Partial], int, float], ...]
    parents: tuple[Any, ...]
    shapes: tuple[tuple[int, ...], ...]


class SizedTape(Tape):
    """A tape that knows the shape of each entry's value."""

    __slots__ = ("itemsize", "kinds", "shapes")

    itemsize: int  # of the output's dtype, which is that of the seeds
    shapes: list[tuple[int, ...]]
    kinds: list[tuple[type[Partial], int, float]]  # of the less common partials, with what they count for

    @property
    def sizes(self) -> list[int]:
        """The sizes of the entries' values."""
        return [prod(shape) for shape in self.shapes]

    def signature(self, index: int) -> Signature:
        """Equal for recordings in which every sweep from entry `index`, or to it, takes the same work."""
        kinds = tuple(map(type, self.partials))
        return Signature(
            index, self.itemsize, self.leaves, kinds, tuple(self.kinds), tuple(self.parents), tuple(self.shapes)
        )

    def run(self, call: Call, node: type[Node] = SizedNode, lasting: bool = False) -> tuple[Array, int | None]:
        self.shapes = [x.shape for x in call.primals]
        self.kinds = []
        y, index = super().run(call, node, lasting)
        self.itemsize = y.dtype.itemsize
        return y, index

    def join(self, y: Array, operands: Sequence[Any], partials: Sequence[Partial | None]) -> Any:
        joined = super().join(y, operands, partials)
        if len(self.partials) == len(self.shapes):
            return joined
        self.shapes.append(y.shape)
        self.kinds += [(type(partial), partial.fma, partial.pulling) for partial in partials if partial is not None]
        return SizedNode(self, y, joined.index)

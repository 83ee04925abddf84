"""The tape: partials written as the function runs, blocks of seeds carried along it afterwards, either way.

It holds what carrying needs and no more (the residuals; C5: it grows with the depth of the function); pulled back for
the last time, it is freed on the way. Twin of modes.dual: the traced array, and the trace that it belongs to.

Contract: the seed axis comes first (a block of k cotangents of an array of shape S has shape (k, *S)); blocks may be
structured (modes.blocks); no block and no residual is written to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .array import Trace, TracedArray, escaped
from .blocks import Array, Block, multiplied
from .call import Call, output
from .chunking import width
from .collector import LONG, Patience
from .partials import SAME, Matrix, Partial, Scale
from .residuals import SHORT, Kept, holds, is_small
from .rules.table import SEQUENCE, Rule

__all__ = ["Node", "Tape"]


class Node(TracedArray):
    """A value on the tape: a primal, and the number of its entry."""

    __slots__ = ("index",)

    owner: Tape

    def __init__(self, trace: Tape, primal: Array, index: int) -> None:
        self.owner = trace
        self.primal = primal
        self.index = index

    def extend(self, y: Array, partial: Partial) -> Node:
        trace = self.owner
        if not trace.open:
            escaped(self)
        if partial is SAME:  # y = x + constant: the same cotangent, so the same entry
            return Node(trace, y, self.index)
        return Node(trace, y, trace.add(self.index, partial))

    def shifted(self, y: Array) -> Node:
        trace = self.owner
        if not trace.open:
            escaped(self)
        return Node(trace, y, self.index)

    def scaled(self, y: Array, d: Array) -> Node:
        trace = self.owner
        if not trace.open:
            escaped(self)
        return Node(trace, y, trace.add(self.index, d if type(d) is np.ndarray else Scale(d)))

    def mapped(self, y: Array, J: Array) -> Node:
        trace = self.owner
        if not trace.open:
            escaped(self)
        flags = J.flags  # a read-only array of its own is taken at its word; a short one copied, here for speed
        if flags.writeable or not flags.owndata:
            J = J.copy() if J.nbytes <= SHORT else trace.keep(J)
        return Node(trace, y, trace.add(self.index, Matrix(J)))


class Tape(Trace):
    """A reverse trace: each result's partials are kept, by the entries of the operands that they lead back to.

    An entry is its parent's number and a partial, or two tuples of them where operands meet. A plain array d among the
    partials stands for Scale(d), the commonest. Neither pairs nor that object are made: together they would take as
    much memory as the residuals of a layer of 16.
    """

    __slots__ = ("kept", "leaves", "parents", "partials", "patience")

    kept: Kept | None  # of the arrays that are not the tape's own
    patience: Patience | None  # while it is long and grows
    leaves: int  # how many: the first entries
    parents: list[Any]
    partials: list[Any]

    def keep(self, a: Array) -> Array:
        """An array of the caller's as a partial may hold it (modes.residuals)."""
        if a.nbytes <= SHORT:
            return a.copy()
        if self.kept is None:
            self.kept = Kept()
        return self.kept.keep(a, self.partials)

    def primal(self, x: Array) -> Array:
        """An argument of the function's, which partials may hold (as modes.residuals.detached has it)."""
        if type(x) is not np.ndarray:
            return x
        if x.flags.forc:
            if x.nbytes > SHORT:
                return self.keep(x)
            return x.copy() if x.ndim == 1 else x.copy("K")
        if self.kept is None:
            self.kept = Kept()
        self.kept.watch(x, self.partials)
        return x

    def make(
        self, rule: Rule, places: Sequence[int], y: Array, values: Sequence[Any], kwargs: dict[str, Any]
    ) -> list[Partial | None]:
        """The partials of an operation, which hold no array of the caller's but those that are watched."""
        if not rule.keeps or (len(values) == 1 and not kwargs and rule.kind is not SEQUENCE):
            return rule.partials(places, y, values, kwargs)
        own = {id(x) for i, x in enumerate(values[0] if rule.kind is SEQUENCE else values) if i in places}
        large: list[Array] = []

        def kept(x: Any) -> Any:
            if type(x) is np.ndarray and id(x) not in own:
                if is_small(x):
                    return self.keep(x)
                large.append(x)
            if type(x) in (tuple, list):
                return type(x)(map(kept, x))
            return x

        partials = super().make(rule, places, y, kept(tuple(values)), {name: kept(x) for name, x in kwargs.items()})
        for a in large:
            if holds(partials, a):
                self.keep(a)
        return partials

    def check(self) -> None:
        """Raise TracedValueError where an array that a partial holds is not what it was when it was used."""
        if self.kept is not None:
            self.kept.check(self.partials)

    def add(self, parent: Any, partial: Any) -> int:
        """Write an entry; its number."""
        self.parents.append(parent)
        self.partials.append(partial)
        number = len(self.partials) - 1
        if number == LONG:
            self.patience = Patience()
        return number

    def edges(self, i: int) -> Iterator[tuple[int, Partial]]:
        """The entries that entry i leads back to, each with its partial."""
        parent, partial = self.parents[i], self.partials[i]
        pairs = zip(parent, partial, strict=True) if type(partial) is tuple else ((parent, partial),)
        return ((p, Scale(d) if type(d) is np.ndarray else d) for p, d in pairs)

    def join(self, y: Array, operands: Sequence[Any], partials: Sequence[Partial | None]) -> Any:
        if not self.open:
            escaped(operands[0])
        if len(operands) == 2 and None not in partials:  # by far the commonest: two thirds of the price
            first, second = operands
            return Node(self, y, self.add((first.index, second.index), tuple(partials)))
        parents = tuple([x.index for x, partial in zip(operands, partials, strict=True) if partial is not None])
        if not parents:
            return y
        if len(parents) < len(partials):
            operands = [x for x, partial in zip(operands, partials, strict=True) if partial is not None]
            partials = [partial for partial in partials if partial is not None]
        if len(parents) == 1:
            return operands[0].extend(y, partials[0])
        return Node(self, y, self.add(parents, tuple(partials)))

    def run(self, call: Call, node: type[Node] = Node, lasting: bool = False) -> tuple[Array, int | None]:
        """Evaluate, with every leaf on the tape: the primal output and its entry (None: it depends on no leaf).

        `lasting`: others may change arrays before blocks are carried along; who does it calls `check` each time.
        """
        self.kept = None
        self.patience = None
        self.leaves = len(call.primals)
        self.parents = [()] * self.leaves
        self.partials = [()] * self.leaves
        values = [node(self, self.primal(x), i) for i, x in enumerate(call.primals)]
        try:
            y = call(values)
        finally:
            self.open = False
            if self.patience is not None:
                self.patience.end()
        if self.kept is not None and not lasting:
            self.check()
        if isinstance(y, Node) and y.owner is self:
            return output(y.primal, call.f), y.index
        return output(y, call.f), None

    def widest(self) -> int:
        """The largest number of entries of one seed on its way, as far as the partials tell."""
        return max((width(partial) for i in range(len(self.partials)) for _, partial in self.edges(i)), default=0)

    # -- carrying blocks along it, the whole way or between two entries that nothing leads past ---------------------
    def push(self, start: int, seed: Block, index: int | None) -> Block | None:
        """Push a block of tangents on from an entry, a leaf or not, to another (None: it is zero there).

        Tangents add up at a fan-in (M22). Blocks are dropped after their last use, as forward mode drops them.
        """
        if index is None:
            return None
        parents, partials = self.parents, self.partials
        first = max(start + 1, self.leaves)
        blocks: list[Any] = [None] * (max(index, start) + 1)
        blocks[start] = seed
        last = self.last_uses(first, index)
        del seed  # so that nothing here refers to a block any longer than it is needed
        for i in range(first, index + 1):
            parent, partial = parents[i], partials[i]
            if i not in last and i != index:
                continue  # nothing is made of it
            if type(partial) is tuple:
                pushed = None
                for p, each in zip(parent, partial, strict=True):
                    if (block := blocks[p]) is not None:
                        one = each.push(block)
                        pushed = one if pushed is None else pushed + one
                for p in parent:
                    if last[p] == i:
                        blocks[p] = None
                block = one = None
            elif (block := blocks[parent]) is not None:
                if last[parent] == i:
                    blocks[parent] = None
                pushed = multiplied(block, partial) if type(partial) is np.ndarray else partial.push(block)
            else:
                continue
            blocks[i] = pushed
            del pushed
        return blocks[index]

    def last_uses(self, first: int, index: int) -> dict[int, int]:
        """The last of the entries first..index that each entry is a parent of."""
        last: dict[int, int] = {}
        parents = self.parents
        for i in range(first, index + 1):
            parent = parents[i]
            if type(parent) is tuple:
                for p in parent:
                    last[p] = i
            else:
                last[parent] = i
        return last

    def pull(self, index: int | None, seed: Block, last: bool, stop: int | None = None) -> list[Block | None]:
        """Pull a block of cotangents back from an entry to the leaves, a block each (None: it is zero there); or to
        the entry `stop` alone.

        Cotangents add up at a fan-out (M22). An entry is complete when its number is reached, because all that
        depends on it has higher numbers. `last` frees the tape on the way.
        """
        if index is None:
            return [None] * self.leaves
        parents, partials, leaves = self.parents, self.partials, self.leaves
        blocks: list[Any] = [None] * max(index + 1, leaves)
        blocks[index] = seed
        fresh: set[int] = set()  # the entries whose block is nobody else's so far
        del seed  # so that nothing here refers to a block any longer than it is needed
        for i in range(index, leaves - 1 if stop is None else stop, -1):
            block, parent, partial = blocks.pop(), parents[i], partials[i]
            if last:
                partials[i] = None
            if block is None:
                continue
            if type(partial) is tuple:
                for p, each in zip(parent, partial, strict=True):
                    if (there := blocks[p]) is None:
                        blocks[p] = each.pull(block)
                        if each.fresh:
                            fresh.add(p)
                    else:
                        blocks[p] = added(there, p, each, block, fresh)
            elif (there := blocks[parent]) is not None:
                each = Scale(partial) if type(partial) is np.ndarray else partial
                blocks[parent] = added(there, parent, each, block, fresh)
            elif type(partial) is np.ndarray:
                blocks[parent] = multiplied(block, partial)
            else:
                blocks[parent] = partial.pull(block)
                if partial.fresh:
                    fresh.add(parent)
            del there
        return blocks if stop is None else blocks[stop:]


def added(total: Block, p: int, partial: Partial, c: Block, fresh: set[int]) -> Block:
    """total, the block of entry p so far, plus what a partial pulls back to it: in place where nobody else has it."""
    if type(total) is type(c) is np.ndarray and p in fresh:
        return partial.pull_onto(total, c)
    total = total + partial.pull(c)
    if type(total) is np.ndarray:
        fresh.add(p)
    return total

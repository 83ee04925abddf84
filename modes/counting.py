"""What carrying blocks of seeds along a tape takes, added up operation by operation before anything is carried.

The structure of the blocks is counted as it is: an identity through a matrix costs nothing, a diagonal through an
element-wise function n numbers, not n^2.

Contract: pure arithmetic on what the tape holds. Counts are exact ints; seconds follow from them by the rates of
modes.rates, in a model of time that is linear in operations, fused multiply-adds and numbers read and written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .partials import Matrix, Partial, Reshape, Scale
from .rates import Rates
from .sized import SizedTape

__all__ = ["DENSE", "DIAGONAL", "IDENTITY", "NOTHING", "Work", "backward", "carried", "onward"]


class Work(NamedTuple):
    """What carrying blocks of seeds along a tape takes."""

    operations: int
    fma: int
    numbers: int

    def seconds(self, rates: Rates) -> float:
        return self.operations * rates.operation + self.fma * rates.fma + self.numbers * rates.number

    def plus(self, other: Work, times: int = 1) -> Work:
        """The sum of both, the other one counted so many times."""
        return Work(*(mine + times * theirs for mine, theirs in zip(self, other, strict=True)))


NOTHING = Work(0, 0, 0)
IDENTITY, DIAGONAL, DENSE = 0, 1, 2


def _step(partial: Partial, state: int, k: int, before: int, after: int) -> tuple[int, int, int]:
    """A block of k seeds through one partial: its structure afterwards, multiplications, numbers read and written."""
    kind = type(partial)
    if kind is Scale:
        return (DENSE, 0, 2 * k * after) if state == DENSE else (DIAGONAL, 0, 2 * k)
    if kind is Reshape:
        return state, 0, 0
    if kind is Matrix:
        size = before * after
        if state == IDENTITY:
            return DENSE, 0, 0
        return (DENSE, 0, 2 * size) if state == DIAGONAL else (DENSE, k * size, size + k * (before + after))
    made_dense = 0 if state == DENSE else k * before
    return DENSE, k * partial.fma, made_dense + k * (before + after)


Edge = tuple[int, int, Partial]  # from an entry of the tape to an entry, through a partial


def onward(tape: SizedTape, entries: range) -> Iterator[Edge]:
    """The partials of the entries in the order in which tangents go through them."""
    return ((parent, i, p) for i in entries for parent, p in tape.edges(i))


def backward(tape: SizedTape, entries: range) -> Iterator[Edge]:
    """The partials of the entries in the order in which cotangents go through them."""
    return ((i, parent, p) for i in reversed(entries) for parent, p in tape.edges(i))


def carried(edges: Iterable[Edge], k: int, states: dict[int, int], sizes: list[int]) -> Work:
    """What carrying blocks of k seeds along the edges takes.

    `states` are the structures of the blocks there are at first, by entry; those of the entries on the way are added.
    Blocks that meet in an entry are added up.
    """
    operations = fma = numbers = 0
    for here, there, partial in edges:
        if here in states:
            state, multiplied, moved = _step(partial, states[here], k, sizes[here], sizes[there])
            operations, fma, numbers = operations + 1, fma + multiplied, numbers + moved
            if there in states:
                state = max(state, states[there], DIAGONAL)
                operations, numbers = operations + 1, numbers + 3 * k * (sizes[there] if state == DENSE else 1)
            states[there] = state
    return Work(operations, fma, numbers)

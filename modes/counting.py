"""What carrying blocks of seeds along a tape takes, added up operation by operation before anything is carried.

The structure of the blocks is counted as it is: an identity through a matrix costs nothing, a diagonal through an
element-wise function n numbers, not n^2.

Contract: pure arithmetic on what the tape holds. Counts are exact ints; beside them stand the seconds that each step
takes by the prices given (modes.rates, modes.shapes), of its shape where these were measured by shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .partials import SAME, Matrix, Reshape, Scale
from .shapes import Prices
from .sized import SizedTape

__all__ = ["DENSE", "DIAGONAL", "IDENTITY", "NOTHING", "TURNED", "Work", "carried", "held", "surplus", "written"]


class Work(NamedTuple):
    """What carrying blocks of seeds along a tape takes: counts, and the seconds of steps as such and of what grows
    with their sizes."""

    operations: int
    fma: int
    numbers: int
    fixed: float
    growing: float

    @property
    def seconds(self) -> float:
        return self.fixed + self.growing

    def plus(self, other: Work) -> Work:
        """The sum of both."""
        operations, fma, numbers, fixed, growing = other
        return Work(
            self.operations + operations,
            self.fma + fma,
            self.numbers + numbers,
            self.fixed + fixed,
            self.growing + growing,
        )


NOTHING = Work(0, 0, 0, 0.0, 0.0)
IDENTITY, DIAGONAL, TURNED, DENSE = 0, 1, 2, 3
"""What a block is; TURNED: dense, its seeds in columns, as the rows of a transposed matrix are."""


def carried(
    tape: SizedTape, entries: range, up: bool, k: int, states: dict[int, int], sizes: list[int], prices: Prices
) -> Work:
    """What carrying blocks of k seeds along the entries takes: `up`, tangents onward, else cotangents back.

    `states` are the structures of the blocks there are at first, by entry; those of the entries on the way are added.
    Blocks that meet in an entry are added up. Cost: a microsecond an entry, so all is written out in one loop.
    """
    operations = fma = numbers = 0
    fixed = growing = 0.0
    parents, partials = tape.parents, tape.partials
    matrix, scale, other = prices.push if up else prices.pull
    for i in entries if up else reversed(entries):
        if not up and i not in states:
            continue
        parent, partial = parents[i], partials[i]
        for p, each in zip(parent, partial, strict=True) if type(partial) is tuple else ((parent, partial),):
            here, there = (p, i) if up else (i, p)
            state = states.get(here)
            if state is None:
                continue
            operations += 1
            kind = type(each)
            if kind is np.ndarray or kind is Scale:
                fixed += scale
                if state >= TURNED:
                    numbers += 2 * k * sizes[there]
                    growing += prices.scaled(state == TURNED, k, sizes[there])
                else:
                    state = DIAGONAL
                    numbers += 2 * k
                    growing += prices.moved(2 * k)
            elif kind is Matrix:
                fixed += matrix
                before, after = sizes[here], sizes[there]
                if state >= TURNED:
                    fma += k * before * after
                    numbers += before * after + k * (before + after)
                    growing += prices.through(up, state == TURNED, k, before, after)
                    state = DENSE
                else:
                    if state == DIAGONAL:
                        numbers += 2 * before * after
                        growing += prices.spread(up, before, after)
                    state = TURNED if up else DENSE
            else:
                fixed += other
                if kind is not Reshape:
                    before = sizes[here]
                    moved = k * (before + sizes[there]) + (0 if state >= TURNED else k * before)
                    numbers += moved
                    if each is SAME:
                        growing += prices.handed(moved)
                    else:
                        fma += k * each.fma
                        growing += prices.computed(k * each.fma, moved)
                    state = DENSE
            if there in states:
                state = max(state, states[there], DIAGONAL)
                operations += 1
                numbers += 3 * k * (sizes[there] if state >= TURNED else 1)
                fixed += other
                growing += prices.added(k, sizes[there]) if state >= TURNED else prices.moved(3 * k)
            states[there] = state
    return Work(operations, fma, numbers, fixed, growing)


def held(tape: SizedTape, sizes: list[int]) -> int:
    """How many numbers the matrices on the tape have."""
    return sum([sizes[p] * sizes[i] for i, (p, d) in _plain(tape) if type(d) is Matrix])


def written(tape: SizedTape, prices: Prices) -> float:
    """Seconds that the tape's entries take to be written."""
    matrix, scale, other = prices.record
    kinds = list(map(type, tape.partials))
    matrices, slopes = kinds.count(Matrix), kinds.count(np.ndarray) + kinds.count(Scale)
    return matrices * matrix + slopes * scale + (len(kinds) - tape.leaves - matrices - slopes) * other


def _plain(tape: SizedTape) -> Iterator[tuple[int, tuple[int, Any]]]:
    """The entries with one parent, each with that and its partial."""
    pairs = enumerate(zip(tape.parents, tape.partials, strict=True))
    return ((i, pair) for i, pair in pairs if type(pair[0]) is int)


def surplus(tape: SizedTape) -> float:
    """What pulling back along the tape takes more than pushing on, in operations."""
    return sum([pulling for _, _, pulling in tape.kinds])

"""What carrying blocks of seeds along a tape takes, added up operation by operation before anything is carried.

The structure of the blocks is counted as it is: an identity through a matrix costs nothing, a diagonal through an
element-wise function n numbers, not n^2.

Contract: pure arithmetic on what the tape holds. Counts are exact ints; seconds follow from them by the rates of
modes.rates, in a model of time that is linear in operations, fused multiply-adds and numbers read and written.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .partials import Matrix, Reshape, Scale
from .rates import Rates
from .sized import SizedTape

__all__ = ["DENSE", "DIAGONAL", "IDENTITY", "NOTHING", "Work", "carried", "surplus"]


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


def carried(tape: SizedTape, entries: range, up: bool, k: int, states: dict[int, int], sizes: list[int]) -> Work:
    """What carrying blocks of k seeds along the entries takes: `up`, tangents onward, else cotangents back.

    `states` are the structures of the blocks there are at first, by entry; those of the entries on the way are added.
    Blocks that meet in an entry are added up. Cost: a microsecond an entry, so all is written out in one loop.
    """
    operations = fma = numbers = 0
    parents, partials = tape.parents, tape.partials
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
                if state == DENSE:
                    numbers += 2 * k * sizes[there]
                else:
                    state = DIAGONAL
                    numbers += 2 * k
            elif kind is Matrix:
                size = sizes[here] * sizes[there]
                if state == DENSE:
                    fma += k * size
                    numbers += size + k * (sizes[here] + sizes[there])
                elif state == DIAGONAL:
                    numbers += 2 * size
                state = DENSE
            elif kind is not Reshape:
                before = sizes[here]
                fma += k * each.fma
                numbers += k * (before + sizes[there]) + (0 if state == DENSE else k * before)
                state = DENSE
            if there in states:
                state = max(state, states[there], DIAGONAL)
                operations += 1
                numbers += 3 * k * (sizes[there] if state == DENSE else 1)
            states[there] = state
    return Work(operations, fma, numbers)


def surplus(tape: SizedTape) -> float:
    """What pulling back along the tape takes more than pushing on, in operations."""
    return sum([pulling for _, _, pulling in tape.kinds])

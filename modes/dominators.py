"""Where a recorded function can be cut in two: the values that every path from arguments to output goes through.

In the graph of the tape they are the dominators of the output. A residual network's sums are such values; what is
inside of a block, with a path past it, is not.

Contract: pure functions of a tape's parents and of sizes; an entry is known by its number.
"""

from __future__ import annotations

from collections.abc import Sequence

from .tape import Tape

__all__ = ["MOST", "dominators", "narrow"]

MOST = 8
"""How many values a function is cut at, at most: the search for the best order takes the cube of it."""


def dominators(tape: Tape, index: int) -> list[int]:
    """The entries before `index`, and after the leaves, that every path from a leaf to entry `index` goes through.

    In one pass: an entry is one if what comes after it, and is needed, reaches back to it and no farther.
    """
    parents, found = tape.parents, []
    needed = bytearray(index + 1)
    needed[index] = 1
    reach = index  # the first entry that those seen so far lead back to
    for i in range(index, tape.leaves - 1, -1):
        if i == reach:
            found.append(i)
        elif not needed[i]:
            continue
        parent = parents[i]
        if type(parent) is tuple:
            for p in parent:
                needed[p] = 1
            reach = min(reach, *parent)
        else:
            needed[parent] = 1
            reach = min(reach, parent)
    return found[:0:-1]  # without `index` itself


def narrow(sizes: Sequence[int]) -> list[int]:
    """Which of a chain's values are worth a cut: their places among the sizes (the input's first, the output's last).

    Those that are narrower than both neighbours, and those on either side of a value that is wider than both: what is
    accumulated between these two is smaller than what has to be carried through otherwise. Of a run of equal sizes it
    is the last: behind an activation, whose slopes then scale rows, not columns. On a slope, only carrying from its
    narrow end gains. Of more than MOST the narrowest are left.
    """
    steps = [i for i, size in enumerate(sizes) if i == len(sizes) - 1 or size != sizes[i + 1]]
    if len(steps) < 3:
        return []
    heights = [sizes[i] for i in steps]
    chosen = set()
    for i in range(1, len(steps) - 1):
        before, here, after = heights[i - 1 : i + 2]
        if before > here < after:
            chosen.add(i)
        elif before < here > after:
            chosen.update((i - 1, i + 1))
    inner = sorted(chosen - {0, len(steps) - 1}, key=lambda i: heights[i])[:MOST]
    return [steps[i] for i in sorted(inner)]

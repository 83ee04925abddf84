"""How many seeds travel at once where nobody says so, and whether a Jacobian fits into memory at all.

All seeds at once is fastest wherever it was measured: one matrix product instead of many, f evaluated once. Only memory
speaks against it, so that is the rule: all at once, unless the two largest blocks together would take more than the
budget; then as many as fit. The time of a dense chain of depth 4 with n = m = width, over that of all seeds at once, on
one core (minima of interleaved runs; float32 in brackets where it differs by more than 0.1):

    size   mode      chunks of 8     16            32            64     128    256    512
      64   forward   4.1 (5.1)       2.3 (2.8)     1.4 (1.6)
      64   reverse   2.2 (2.5)       1.5 (1.7)     1.2
     256   forward   2.7 (3.2)       1.9 (2.1)     1.4 (1.5)     1.2    1.1
     256   reverse   3.1 (2.4)       2.1 (1.7)     1.5 (1.3)     1.2    1.1
    1024   forward   3.7 (2.7)       2.4 (1.9)     1.7 (1.5)     1.4    1.2    1.1    1.0
    1024   reverse   3.4 (1.8)       2.2 (1.4)     1.6 (1.3)     1.3    1.1    1.0    1.0

An element-wise chain (n = 4096, depth 8) takes 1.8 to 3 times as long in chunks of any size: a diagonal costs nothing
until it is made dense. Chunks that a cache would hold are never better: NumPy's products do their own blocking.

Contract: pure arithmetic, but for `available`, which asks the system. It is decided here for every mode: what a tape is
pushed or pulled with is known before (`fitting`), and forward mode, which has no tape to ask, is told on its way
(`refuse_wide`). Fewer than `MANY` seeds always go at once, and results below `SMALL` bytes are never checked, so that
small Jacobians pay nothing.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence

import numpy as np

from .blocks import Array
from .partials import SAME, Dot, Matrix, Partial, Reshape, Scale

__all__ = [
    "KEEPING",
    "MANY",
    "SMALL",
    "TooWide",
    "available",
    "budget",
    "check_fits",
    "decided",
    "fitting",
    "free_size",
    "refuse_wide",
    "set_budget",
    "stretches",
    "width",
]

# Partials through which a block keeps its structure and size.
KEEPING = frozenset({type(SAME), Scale, Reshape})

MANY = 128
SMALL = 64 * 2**20
_GIB = 2**30

_budget = _GIB


def budget() -> int:
    """Bytes that the two largest blocks of seeds may take together where chunk_size is None; 1 GiB at first."""
    return _budget


def set_budget(nbytes: int) -> None:
    """Set that number of bytes, for the whole process.

    Raises TypeError or ValueError for anything but a positive int.
    """
    global _budget
    if isinstance(nbytes, bool) or not isinstance(nbytes, int):
        raise TypeError(f"expected a budget in bytes as an int, got {nbytes!r}")
    if nbytes < 1:
        raise ValueError(f"expected a budget of 1 byte or more, got {nbytes}")
    _budget = nbytes


def fitting(seeds: int, size: int, itemsize: int) -> int:
    """How many of the seeds may go at once where values have up to `size` entries: one at least, all at most.

    Two blocks of them take no more than the budget, and no more than half of the memory available.
    """
    pair = max(2 * size * itemsize, 1)
    if seeds * pair < SMALL:
        return seeds
    there = available()
    room = _budget if there is None else min(_budget, there // 2)  # the other half is for the result
    return max(1, min(seeds, room // pair))


def decided(
    name: str,
    shapes: Sequence[tuple[int, ...]],
    seeds: int,
    size: int,
    itemsize: int,
    chunk_size: int | None,
    insist: bool,
) -> int | None:
    """The chunk size asked for, or the one that is chosen (None: all at once), where the widest value is known.

    Raises MemoryError as `check_fits` does, whose arguments these are, unless `insist`.
    """
    if chunk_size is None and (chosen := fitting(seeds, size, itemsize)) < seeds:
        chunk_size = chosen
    if not insist:
        check_fits(name, shapes, seeds, min(chunk_size or seeds, seeds), size, itemsize)
    return chunk_size


class TooWide(Exception):
    """A pass of all seeds was given up before it made a block that is not to be had; `chunk_size` is to be."""

    def __init__(self, chunk_size: int) -> None:
        super().__init__(chunk_size)
        self.chunk_size = chunk_size


def free_size(seeds: int, itemsize: int) -> int:
    """How many entries a value may have that so many seeds need no look for."""
    return SMALL // (2 * seeds * itemsize)


def refuse_wide(seeds: int, y: Array) -> None:
    """Raise TooWide where blocks of so many seeds of y do not fit."""
    chunk_size = fitting(seeds, y.size, y.dtype.itemsize)
    if chunk_size < seeds:
        raise TooWide(chunk_size)


def width(partial: Partial) -> int:
    """The largest number of entries of one seed at either end of a partial, as far as it tells.

    Those that leave the structure of a block as it is do not count: a diagonal takes next to nothing.
    """
    return max(partial.J.shape) if isinstance(partial, Matrix) else partial.w.size if isinstance(partial, Dot) else 0


def stretches(total: int, chunk_size: int | None) -> list[tuple[int, int]]:
    """The stretches (start, stop) in which `total` seeds are pushed or pulled, chunk_size at a time; None: all at once.

    Raises TypeError or ValueError for a chunk size that is not a positive int.
    """
    if chunk_size is None:
        return [(0, total)]
    if isinstance(chunk_size, bool) or not isinstance(chunk_size, int | np.integer):
        raise TypeError(f"expected chunk_size to be an int or None, got {chunk_size!r}")
    if chunk_size < 1:
        raise ValueError(f"expected chunk_size of 1 or more, or None for all seeds at once, got {chunk_size}")
    return [(i, min(i + chunk_size, total)) for i in range(0, max(total, 1), chunk_size)]


# -- does it fit? ------------------------------------------------------------------------------------------------------
def available() -> int | None:
    """Bytes of memory that could be had without swapping, as the system says; None where it does not."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def check_fits(name: str, shapes: Sequence[tuple[int, ...]], seeds: int, chunk: int, size: int, itemsize: int) -> None:
    """Refuse a Jacobian that the memory available does not hold.

    Parameters
    ----------
    name : the mode's public name, "jacfwd" or "jacrev".
    shapes : of the arrays that make it up.
    seeds, chunk : how many there are, and how many travel at once.
    size : the largest number of entries of one of them on its way; two blocks of those are counted.

    Raises MemoryError, with the sizes and the remedy.
    """
    result = itemsize * sum(map(math.prod, shapes))
    pair = 2 * itemsize * size
    # All seeds at once: the last block is the result itself.
    need = result + chunk * pair if chunk < seeds else max(result, chunk * pair)
    if need < SMALL:
        return
    there = available()
    if there is None or need <= there:
        return
    if result + pair <= there:
        other = "jacrev" if name == "jacfwd" else "jacfwd"
        remedy = f"choose chunk_size={(there - result) // max(pair, 1)} or less, or the other mode, modes.{other}"
    else:
        remedy = (
            "the result alone is too large, in either mode and any chunk_size; products with it need no such memory "
            "(modes.jvp, modes.vjp)"
        )
    raise MemoryError(
        f"the Jacobian of shape {' and '.join(map(str, shapes))} takes {result / _GIB:.3g} GiB, modes.{name} with "
        f"{chunk} of {seeds} seeds at once {need / _GIB:.3g} GiB, and {there / _GIB:.3g} GiB are available; {remedy}; "
        f"or pass insist=True to try all the same"
    )

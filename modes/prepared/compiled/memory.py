"""Where each value lies in one block of memory: in what is free when it is made, its own from then to its last use.

Contract: `place` says nothing about what a value is; it is asked in the order in which operations are done.
"""

from __future__ import annotations

__all__ = ["Memory"]

ALIGNMENT = 64  # a line of the cache, and the widest vector register


class Memory:
    """Stretches of a block that grows: `take` and `give_back` with numbers of bytes, `size` in the end."""

    def __init__(self) -> None:
        self.size = 0
        self._free: list[tuple[int, int]] = []  # (offset, bytes), by offset; no two touch

    def take(self, count: int) -> int:
        """The offset of that many bytes that nobody has: the tightest gap, else at the end of the block."""
        count = _rounded(count)
        fits = [(size, i) for i, (_, size) in enumerate(self._free) if size >= count]
        if fits:
            size, i = min(fits)
            offset = self._free[i][0]
            self._free[i : i + 1] = [(offset + count, size - count)] if size > count else []
            return offset
        offset = self.size
        if self._free and sum(self._free[-1]) == self.size:  # the last gap grows
            offset, _ = self._free.pop()
        self.size = offset + count
        return offset

    def give_back(self, offset: int, count: int) -> None:
        """What was taken is free again, and joined with what is free beside it."""
        stop = offset + _rounded(count)
        kept = []
        for other, size in self._free:
            if other + size == offset:
                offset = other
            elif other == stop:
                stop = other + size
            else:
                kept.append((other, size))
        self._free = sorted([*kept, (offset, stop - offset)])


def _rounded(count: int) -> int:
    return -(-max(count, 1) // ALIGNMENT) * ALIGNMENT

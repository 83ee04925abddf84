"""Arrays of the caller's that a tape keeps: copied where they are small, compared before they are read where large.

A residual is read when cotangents are pulled back, after the function has run on. If it is an array that the function,
or its caller, writes into in the meantime, the derivative would be that of another function than was evaluated. So of
every array that is not the engine's own:

- up to `SMALL` bytes (64 x 64 numbers of float64) the tape keeps a copy: 0.2 microseconds for a short vector, 1 for 32
  KiB. What becomes of the array afterwards makes no difference. There is one copy of an array that is used again
  unchanged. An array that does not lie in memory in one piece is copied at any size (but for the function's own
  arguments, of which one that lies so is compared);
- above, the array itself is kept with a checksum: one pass over it when it is used, one before it is read, each about
  as long as a product of the matrix with one vector, or three times that while it fits into a cache. That is little
  beside a Jacobian of many seeds; a gradient with a large writeable matrix takes 2 to 3 times as long as with a
  read-only one. Where the array has changed, and something on the tape would read it, TracedValueError says where it
  was used;
- a read-only array that owns its memory (`array.setflags(write=False)`), or a view of one, is taken at its word.

The checksum adds up, modulo 2**64, the 8-byte words whose places differ by a multiple of a prime (1021; 1019 where an
axis has that stride). No change of one number goes unseen, nor of a stretch of them, nor an exchange of numbers, but
over a distance that is a multiple of the prime.

Contract: nothing here knows what a trace is; no array is written to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from .errors import TracedValueError, place
from .operands import is_foreign
from .references import references

__all__ = ["SHORT", "SMALL", "Kept", "changed", "content", "detached", "holds", "is_fixed", "is_small"]

SHORT = 2**10  # below, a copy takes less time than a look whether there is one
SMALL = 32 * 2**10
PRIMES = 1021, 1019


class Kept:
    """The arrays that are not a tape's own, as it keeps them."""

    __slots__ = ("copies", "watched")

    def __init__(self) -> None:
        # By identity, a copy each. The array itself may be gone, and another in its place; what counts is its content.
        self.copies: dict[int, Any] = {}
        self.watched: dict[int, tuple[Any, bytes, str]] = {}  # by identity: array, checksum, where it was used

    def keep(self, a: Any, partials: Any) -> Any:
        """An array for a partial to hold: a copy of a, or a itself. `partials`: those that may hold it so far."""
        if is_fixed(a):
            return a
        if is_small(a):
            copy = self.copies.get(id(a))
            if copy is None or not alike(copy, a):
                copy = self.copies[id(a)] = a.copy("K")
            return copy
        self.watch(a, partials)
        return a

    def watch(self, a: Any, partials: Any) -> None:
        """Have an array compared."""
        known = self.watched.get(id(a))
        now = content(a)
        if known is None or now != known[1]:
            if known is not None and holds(partials, a):
                raise changed(a, known[2])
            self.watched[id(a)] = a, now, place()

    def check(self, partials: Any) -> None:
        """Raise TracedValueError where an array has changed since it was used, and one of the partials holds it."""
        for a, then, where in self.watched.values():
            if content(a) != then and holds(partials, a):
                raise changed(a, where)


def changed(a: Any, where: str) -> TracedValueError:
    return TracedValueError(
        f"expected an array of shape {a.shape} as it was when the differentiated function used it, at {where}, but it "
        f"was written to since, and its derivative has still to be read from it; make a new array (w = w / 2 instead "
        f"of w /= 2), give the function a copy, or pull back before changing it"
    )


def detached(primals: Sequence[Any]) -> tuple[list[Any], list[tuple[Any, bytes]]]:
    """The arguments of a function that may write into them: copies, and those that are no copies with their content.

    A copy of an array that does not lie in one piece would lie otherwise in memory, and NumPy's results then differ in
    the last bit from those of a plain call.
    """
    if len(primals) == 1 and type(x := primals[0]) is np.ndarray and x.ndim == 1 and x.flags.forc:
        return [x.copy()], []  # by far the commonest: half a microsecond less
    scattered = []
    copies = []
    for x in primals:
        if type(x) is np.ndarray:
            if x.flags.forc:
                x = x.copy("K")
            else:
                scattered.append((x, x.tobytes()))
        copies.append(x)
    return copies, scattered


def is_small(a: Any) -> bool:
    """Is an array copied, rather than watched?"""
    return a.nbytes <= SMALL or a.dtype.hasobject or not a.flags.forc


def alike(copy: Any, a: Any) -> bool:
    """Is a copy, made with its array's layout, what it was made of, to the bit?"""
    if copy.shape != a.shape or copy.strides != a.strides or copy.dtype != a.dtype or a.dtype.hasobject:
        return False
    return bool((octets(copy) == octets(a)).all())


def content(a: Any) -> bytes:
    """Equal for an array at two times if it has not changed in between; its checksum, where it is large."""
    return a.tobytes() if a.dtype.hasobject or not a.flags.forc else checksum(a)


def is_fixed(a: Any) -> bool:
    """Is it an array that says of itself that nobody writes into it? Or a read-only view of one?"""
    if a.flags.writeable:
        return False
    base = a.base
    return base is None or (type(base) is np.ndarray and base.base is None and not base.flags.writeable)


def octets(a: Any) -> Any:
    """The bytes of an array in one piece: of whole words where they are no others."""
    flat = a.reshape(-1, order="A").view(np.uint8)
    return flat if flat.size % 8 else flat.view(np.uint64)


def checksum(a: Any) -> bytes:
    """The checksum of an array in one piece, as the module's docstring has it."""
    flat = a.reshape(-1, order="A").view(np.uint8)
    whole = flat.size // 8 * 8
    words, tail = flat[:whole].view(np.uint64), flat[whole:]
    first, second = PRIMES
    prime = second if any(stride // 8 % first == 0 for stride in a.strides if stride >= 8) else first
    end = words.size // prime * prime
    sums = np.add.reduce(words[:end].reshape(-1, prime), axis=0)
    return sums.tobytes() + words[end:].tobytes() + tail.tobytes()


# -- what partials hold on to ------------------------------------------------------------------------------------------
def holds(partials: Any, a: Any) -> bool:
    """May any of these partials read the memory of an array?"""
    return any(np.may_share_memory(x, a) for x in arrays_in(partials, set()))


def arrays_in(x: Any, seen: set[int]) -> Iterator[Any]:
    """The arrays that an object refers to: in containers, slots and attributes, closures, defaults, bound arguments."""
    if id(x) in seen or isinstance(x, int | float | complex | str | bytes | type | ModuleType | None):
        return
    seen.add(id(x))
    if isinstance(x, np.ndarray):
        yield x
    for item in [] if is_foreign(x) else references(x):  # a traced array of an outer trace looks after its own
        yield from arrays_in(item, seen)

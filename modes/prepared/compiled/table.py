"""The table: operations on arrays written down as the interpreter's instructions.

`Table` knows memory and nothing of functions: its methods take plain arrays, whose addresses, sizes and strides become
words, and write what does the operation on whatever these arrays hold at the time. Axes are put into the order of the
result's memory and joined where they lie in one piece, so that most operations are one row of numbers.

Contract: an array that was written down is kept alive by the table. Arrays are aligned, of this machine's byte order,
and of the dtypes float64, float32 or bool (`plain`). A result may be an operand, whole; it overlaps none otherwise.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .loops import Loop, copying
from .opcodes import ARITHMETIC, CASTS, DOTS, GUARD, LOOP, OUTER, PRODUCT, SELECTS, UNARY

__all__ = ["MOST_AXES", "Table", "plain"]

MOST_AXES = OUTER + 1
"""The most axes of an element-wise operation."""

Words = Sequence[int]


def plain(array: Any) -> bool:
    """Whether the interpreter can read an array where it is."""
    return array.dtype.char in "df?" and array.flags.aligned and array.dtype.isnative


class Table:
    """Instructions, one after the other. `words()` gives them as an array, from which they are run."""

    def __init__(self) -> None:
        self._words: list[int] = []
        self._kept: dict[int, Any] = {}  # by id: arrays that words are addresses of, and their addresses
        self.starts: list[tuple[int, Any]] = []  # where each operation's instructions begin, and what it is of

    def __len__(self) -> int:
        return len(self._words)

    def words(self) -> Any:
        """All words, in memory that stays where it is."""
        return np.array(self._words, np.int64)

    def forget(self, array: Any) -> None:
        """Keep an array no longer: its address will have been replaced by another."""
        start = self.address(array)
        inside = range(start, start + max(array.nbytes, 1))
        self._kept = {key: kept for key, kept in self._kept.items() if kept[1] not in inside}

    def kept(self) -> list[Any]:
        """The arrays that the words refer to."""
        return [array for array, _ in self._kept.values()]

    def mark(self, operation: Any) -> None:
        """What follows is done for this operation (a function, for messages)."""
        self.starts.append((len(self._words), operation))

    def address(self, array: Any) -> int:
        """Where an array is; it is kept there."""
        known = self._kept.get(id(array))
        if known is None:
            known = self._kept[id(array)] = array, array.__array_interface__["data"][0]
        address: int = known[1]
        return address

    def scratch(self, shape: tuple[int, ...], dtype: Any) -> Any:
        """A new array, kept as long as the table."""
        array = np.empty(shape, dtype)
        self.address(array)
        return array

    # -- element-wise --------------------------------------------------------------------------------------------------
    def ufunc(self, func: np.ufunc, loop: Loop, operands: Sequence[Any], out: Any) -> None:
        """out = func(*operands), by the loop for them; what is of another dtype than the loop's is converted first."""
        if not out.size:
            return
        operands = [
            x if x.dtype.char == char else self.converted(x, np.dtype(char))
            for x, char in zip(operands, loop.types, strict=False)
        ]
        arrays = [out, *operands]
        sizes, steps = _walk(out.shape, [_spread(x, out.shape) for x in arrays])
        if len(set(loop.types) - set("->")) != 1 or not self._pass(func, operands, out, sizes, steps):
            self._loop(loop, [*operands, out], sizes, [*steps[1:], steps[0]])

    def copy(self, x: Any, out: Any) -> None:
        """out = x, broadcast."""
        if out.size:
            if x.dtype != out.dtype:
                x = self.converted(x, out.dtype)
            sizes, steps = _walk(out.shape, [_spread(out, out.shape), _spread(x, out.shape)])
            if out.dtype.char == "?" or not self._pass(np.positive, [x], out, sizes, steps):
                self._loop(copying(out.dtype), [x, out], sizes, [steps[1], steps[0]])

    def converted(self, x: Any, dtype: Any) -> Any:
        """x in another dtype, in new memory (float64, float32; from bool as well)."""
        x, out = self.contiguous(x), self.scratch(x.shape, dtype)
        if x.size:
            self._words += CASTS[x.dtype.char, dtype.char], 1, x.size, self.address(x), 0, 0, 0, self.address(out), 0
        return out

    def contiguous(self, x: Any) -> Any:
        """x where it lies in one piece, else a copy that does."""
        if x.flags.c_contiguous:
            return x
        out = self.scratch(x.shape, x.dtype)
        self.copy(x, out)
        return out

    def select(self, mask: Any, a: Any, b: Any, out: Any) -> None:
        """out = np.where(mask, a, b); a and b of out's dtype, mask a bool."""
        if not out.size:
            return
        arrays = [out, mask, a, b]
        sizes, steps = _walk(out.shape, [_spread(x, out.shape) for x in arrays])
        inner = [step[-1] if step else 0 for step in steps]
        n = sizes[-1] if sizes else 1
        units = [x.itemsize for x in arrays]
        fits = n == 1 or (
            inner[:2] == units[:2] and all(step in (0, unit) for step, unit in zip(inner, units, strict=True))
        )
        if len(sizes) > 2 or not fits:
            whole = [self.scratch(out.shape, x.dtype) for x in arrays[1:]]
            for x, copied in zip(arrays[1:], whole, strict=True):
                self.copy(x, copied)
            if not out.flags.c_contiguous:
                made = self.scratch(out.shape, out.dtype)
                self.select(whole[0], whole[1], whole[2], made)
                self.copy(made, out)
            else:
                self.select(whole[0], whole[1], whole[2], out)
            return
        pattern = "".join("s" if n > 1 and step == 0 else "v" for step in inner[2:])
        rows, by_row = (sizes[0], [step[0] for step in steps]) if len(sizes) == 2 else (1, [0] * 4)
        self._words += SELECTS[pattern, out.dtype.char], rows, n
        for x, step in zip([*arrays[1:], out], [*by_row[1:], by_row[0]], strict=True):
            self._words += self.address(x), step

    def reduce(self, loop: Loop, x: Any, axes: Sequence[int], out: Any) -> None:
        """out = func(out, x) entry by entry along the axes of x; out has the axes that are left."""
        if not x.size:
            return
        strides = iter(out.strides)
        spread = tuple(0 if i in axes else next(strides) for i in range(x.ndim))
        sizes, steps = _walk(x.shape, [x.strides, spread])
        self._loop(loop, [out, x, out], sizes, [steps[1], steps[0], steps[1]])

    def _pass(self, func: Any, operands: Sequence[Any], out: Any, sizes: Words, steps: Sequence[Words]) -> bool:
        """Write a pass of our own, if there is one for it."""
        n, unit = (sizes[-1] if sizes else 1), out.itemsize
        inner = [step[-1] if step else 0 for step in steps]
        if len(sizes) > 2 or (n > 1 and (inner[0] != unit or any(step not in (0, unit) for step in inner[1:]))):
            return False
        pattern = "".join("s" if n > 1 and step == 0 else "v" for step in inner[1:])
        known = (ARITHMETIC if len(operands) == 2 else UNARY).get((func.__name__, pattern, out.dtype.char))
        if known is None:
            return False
        rows, by_row = (sizes[0], [step[0] for step in steps]) if len(sizes) == 2 else (1, [0] * 3)
        a, b = self.address(operands[0]), self.address(operands[-1])
        self._words += known, rows, n, a, by_row[1], b, by_row[-1], self.address(out), by_row[0]
        return True

    def _loop(self, loop: Loop, arrays: Sequence[Any], sizes: Words, steps: Sequence[Words]) -> None:
        """Write a call of NumPy's inner loop, for each entry of the outer axes."""
        count, outer = len(arrays), len(sizes) - 1
        words = [loop.function, loop.data, count, max(outer, 0), sizes[-1] if sizes else 1]
        words += [step[-1] if step else 0 for step in steps]
        words += [self.address(x) for x in arrays]
        if outer > 0:
            words += [1, *[0] * count] * (OUTER - outer)
            for i in range(outer):
                words += [sizes[i], *[step[i] for step in steps]]
            words += [0] * count
        self._words += LOOP, 8 * (len(words) + 2), *words

    # -- products ------------------------------------------------------------------------------------------------------
    def product(self, a: Any, b: Any, out: Any) -> None:
        """out = a @ b for arrays of two axes or more, the first ones broadcast; all of one dtype."""
        if not out.size:
            return
        (M, K), N = a.shape[-2:], b.shape[-1]
        unit = a.itemsize
        if M == 1 and N > 1:
            self.product(b.swapaxes(-1, -2), a.swapaxes(-1, -2), out.swapaxes(-1, -2))
        elif N == 1:
            self._matrix_vector(a, b, out, M, K, unit)
        elif out.strides[-1] == unit and b.strides[-1] == unit:
            self._tiles(a, b, out)
        elif out.strides[-2] == a.strides[-2] == unit:
            self._tiles(b.swapaxes(-1, -2), a.swapaxes(-1, -2), out.swapaxes(-1, -2))
        elif out.strides[-1] == unit:
            self._tiles(a, self.contiguous(b), out)
        elif out.strides[-2] == unit:
            self._tiles(b.swapaxes(-1, -2), self.contiguous(a.swapaxes(-1, -2)), out.swapaxes(-1, -2))
        else:
            made = self.scratch(out.shape, out.dtype)
            self.product(a, b, made)
            self.copy(made, out)

    def _matrix_vector(self, a: Any, x: Any, y: Any, M: int, K: int, unit: int) -> None:
        if M > 1 and K > 1 and a.strides[-1] != unit:
            if a.strides[-2] == y.strides[-2] == unit:
                self._tiles(x.swapaxes(-1, -2), a.swapaxes(-1, -2), y.swapaxes(-1, -2))
                return
            a = self.contiguous(a)
        elif M == 1 and K > 1 and a.strides[-1] != unit:
            a = self.contiguous(a)
        if K > 1 and x.strides[-2] != unit:
            x = self.contiguous(x)
        for (pa, px, py), count, (sa, sx, sy) in self._stacked(a, x, y):
            self._words += DOTS[a.dtype.char], count, M, K, pa, a.strides[-2], px, py, y.strides[-2], sa, sx, sy

    def _tiles(self, a: Any, b: Any, out: Any) -> None:
        (M, K), N = a.shape[-2:], b.shape[-1]
        for (pa, pb, pc), count, (sa, sb, sc) in self._stacked(a, b, out):
            self._words += PRODUCT[a.dtype.char], count, M, N, K
            self._words += pa, a.strides[-2], a.strides[-1], pb, b.strides[-2], pc, out.strides[-2], sa, sb, sc

    def _stacked(self, a: Any, b: Any, out: Any) -> Any:
        """For products of stacks of matrices: addresses, how many lie at equal distances, and these distances."""
        shape = out.shape[:-2]
        strides = [_spread(x, (*shape, 1, 1))[:-2] for x in (a, b, out)]
        sizes, steps = _walk(shape, strides)
        addresses = [self.address(x) for x in (a, b, out)]
        if not sizes:
            return [(addresses, 1, (0, 0, 0))]
        last = [step[-1] for step in steps]
        found = []
        for index in np.ndindex(*sizes[:-1]):
            moved = [sum(map(operator.mul, index, step)) for step in steps]
            found.append(([p + by for p, by in zip(addresses, moved, strict=True)], sizes[-1], last))
        return found

    # -- decisions -----------------------------------------------------------------------------------------------------
    def guard(self, x: Any, decision: bool) -> None:
        """Stop where a bool is not what it was."""
        self._words += GUARD, self.address(x), int(decision)


def _spread(x: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of x broadcast to a shape."""
    strides: tuple[int, ...] = x.strides
    if x.shape == shape:
        return strides
    missing = len(shape) - x.ndim
    own = (0 if size == 1 else stride for size, stride in zip(x.shape, strides, strict=True))
    return (*(0,) * missing, *own)


def _walk(shape: Sequence[int], every: Sequence[Words]) -> tuple[list[int], list[list[int]]]:
    """Sizes and strides of as few axes as the same entries can be reached by, in the order of the first's memory."""
    sizes: list[int] = []
    steps: list[list[int]] = [[] for _ in every]
    axes = [i for i, size in enumerate(shape) if size != 1]
    if len(axes) > 1:
        axes.sort(key=lambda i: -abs(every[0][i]))
    for i in axes:
        if sizes and all(own[-1] == strides[i] * shape[i] for own, strides in zip(steps, every, strict=True)):
            sizes[-1] *= shape[i]
            for own, strides in zip(steps, every, strict=True):
                own[-1] = strides[i]
        else:
            sizes.append(shape[i])
            for own, strides in zip(steps, every, strict=True):
                own.append(strides[i])
    return sizes, steps

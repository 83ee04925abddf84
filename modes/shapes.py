"""Rates by shape: what the steps of a sweep take on one machine, in tables of measured times and between their entries.

How fast a product of few rows is depends on its rows, its sizes, its orientation and the BLAS kernel: one price of a
multiply-add for all shapes puts a crossover at 9 that is measured at 4.5. So the times of products, and of passes over
blocks, are tables (modes.measuring fills them), between whose entries log time is linear in the logs of the sizes.

Contract: pure arithmetic on plain numbers. At an entry of a table the time is the entry's; between two it lies between
theirs; beyond the largest it grows as the sizes do, below the smallest it stays, since there it is a call's price.
What is asked for once is remembered: a lookup then takes a tenth of a microsecond, else four.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import product
from math import exp, inf, log, prod
from typing import Any, NamedTuple, Protocol

from .blocks import LARGE

__all__ = [
    "BY_ROWS",
    "BY_SIZE",
    "FETCHED",
    "KINDS",
    "PASSES",
    "ROWS",
    "SIZES",
    "Prices",
    "ShapedRates",
    "Steps",
    "Table",
]

ROWS = (1, 2, 3, 4, 5, 6, 7, 8, 16, 24, 32, 48, 64, 96, 128, 192, 256)
SIZES = (2, 8, 16, 32, 64, 128, 256, 512)
"""The seeds, and the sizes of the values before and after, at which products are measured."""
KINDS = ("push", "turned", "pull")
"""Products of a block of k seeds with a matrix J of shape (q, p): t @ J.T, forward mode's; the same of a block whose
seeds lie in columns, as rows read off J.T do; c @ J, reverse mode's."""
PASSES = ("rows", "columns")
"""Blocks times the slopes of an element-wise function: seeds in rows, and in columns."""
BLOCK = 8
EDGES = ("seeds", "columns")
"""Kernels go through rows and columns by blocks of 4 to 16, and what is left over takes longer: 7 rows of 256 twice as
long as 8 on one kernel. What a remainder by 8 takes beyond the table is a price for each number of the other side."""
FETCHED = tuple(1 << exponent for exponent in range(17, 26))
"""Bytes of all matrices at which it is measured what one takes to come from memory again: 128 KiB to 32 MiB."""
ITEMS = {"float64": 8, "float32": 4}
MOST = 4096
"""How many times are remembered."""


class Steps(NamedTuple):
    """Seconds that a step takes beyond NumPy's own work on the block, by what is done: a matrix, slopes, a sum's
    parts."""

    matrix: float
    scale: float
    other: float


class Prices(Protocol):
    """The prices of one sweep, in one dtype, in seconds: what modes.counting adds up."""

    push: Steps
    record: Steps
    pull: Steps
    start: float  # what reverse mode takes more, whatever is done
    many: tuple[float, float]  # what forward and reverse mode take more where seeds are many (modes.chunking.MANY)
    operation: float

    def through(self, up: bool, turned: bool, k: int, p: int, q: int) -> float:
        """A dense block of k seeds of size p through a matrix, to size q; `turned`: its seeds lie in columns."""

    def scaled(self, turned: bool, k: int, size: int) -> float:
        """A dense block of k seeds times slopes."""

    def added(self, k: int, size: int) -> float:
        """The sum of two dense blocks."""

    def spread(self, up: bool, p: int, q: int) -> float:
        """A diagonal of p entries through a matrix, to size q."""

    def handed(self, numbers: int) -> float:
        """A block handed on as it is, so many numbers of it twice."""

    def moved(self, numbers: int) -> float:
        """Numbers read or written otherwise."""

    def computed(self, fma: int, numbers: int) -> float:
        """Multiply-adds of what is no product with a matrix, and the numbers that they take."""


class Axis:
    """The sizes along one side of a grid, and where between them a size lies."""

    __slots__ = ("seen", "sizes")

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = tuple(sizes)
        self.seen: dict[float, tuple[int, float, float]] = {}

    def place(self, size: float) -> tuple[int, float, float]:
        """Which entry it comes after, which share of the way to the next one in the logarithm, and by which factor it
        lies beyond the last."""
        found = self.seen.get(size)
        if found is None:
            if len(self.seen) >= MOST:
                self.seen.clear()
            sizes = self.sizes
            inside = min(max(size, sizes[0]), sizes[-1])
            i = min(bisect_right(sizes, inside) - 1, len(sizes) - 2)
            share = log(inside / sizes[i]) / log(sizes[i + 1] / sizes[i])
            found = self.seen[size] = i, share, max(1.0, size / sizes[-1])
        return found


class Table:
    """Positive times at the points of a grid, and between and beyond them."""

    __slots__ = ("axes", "logs", "steps", "times")

    def __init__(self, axes: Sequence[Axis], times: Sequence[float]) -> None:
        """Raises ValueError where there is not one positive, finite time a point."""
        self.axes = tuple(axes)
        self.times = tuple(map(float, times))
        lengths = [len(axis.sizes) for axis in self.axes]
        if len(self.times) != prod(lengths) or not all(0 < time < inf for time in self.times):
            raise ValueError(f"expected {prod(lengths)} positive times, got {len(self.times)} numbers")
        self.logs = tuple(map(log, self.times))
        self.steps = [prod(lengths[place + 1 :]) for place in range(len(lengths))]

    def at(self, *sizes: float) -> float:
        """The time at these sizes."""
        corners, growth = [(0, 1.0)], 1.0
        for axis, step, size in zip(self.axes, self.steps, sizes, strict=True):
            i, share, factor = axis.place(size)
            growth *= factor
            here = i * step
            if share == 0.0:
                corners = [(offset + here, weight) for offset, weight in corners]
            else:
                low, there = 1.0 - share, here + step
                corners = [(offset + here, weight * low) for offset, weight in corners] + [
                    (offset + there, weight * share) for offset, weight in corners
                ]
        logs = self.logs
        return growth * exp(sum([weight * logs[place] for place, weight in corners]))


BY_ROWS, BY_SIZE = Axis(ROWS), Axis(SIZES)


class ShapedRates:
    """What the steps of a sweep take on one machine, measured by shape.

    `products` and `passes` are tables of seconds by dtype and kind (KINDS, PASSES), `edges` what remainders of 1 to 7
    take beyond those of products, in seconds a number of the matrix and of the block (EDGES), `spread` that of a
    diagonal through a matrix by dtype, `fetch` seconds a byte by how many bytes all matrices have. `push`, `record` and
    `pull` are Steps of forward mode, of writing the tape, and of reverse mode along it; `start` is what reverse mode
    takes more, whatever is done, `late` what a large block takes more that waits for its slopes, `many` what forward
    and reverse mode take to see whether many seeds fit into memory. `operation` and `number` are those of
    modes.rates.Rates, for what has no table.
    """

    __slots__ = (
        *("edges", "fetch", "late", "many", "number", "operation", "passes"),
        *("products", "pull", "push", "record", "seen", "spread", "start"),
    )

    def __init__(
        self,
        products: Mapping[str, Mapping[str, Sequence[float]]],
        edges: Mapping[str, Mapping[str, Mapping[str, Sequence[float]]]],
        passes: Mapping[str, Mapping[str, Sequence[float]]],
        spread: Mapping[str, Sequence[float]],
        fetch: Sequence[float],
        push: Sequence[float],
        record: Sequence[float],
        pull: Sequence[float],
        start: float,
        late: float,
        many: Sequence[float],
        operation: float,
        number: float,
    ) -> None:
        self.products = {d: {k: Table((BY_ROWS, BY_SIZE, BY_SIZE), products[d][k]) for k in KINDS} for d in ITEMS}
        self.edges = {d: {k: [(0.0, *map(float, edges[d][k][e])) for e in EDGES] for k in KINDS} for d in ITEMS}
        self.passes = {d: {k: Table((BY_ROWS, BY_SIZE), passes[d][k]) for k in PASSES} for d in ITEMS}
        self.spread = {d: Table((BY_SIZE, BY_SIZE), spread[d]) for d in ITEMS}
        self.fetch = tuple(map(float, fetch))
        self.push, self.record, self.pull = (Steps(*map(float, each)) for each in (push, record, pull))
        self.start, self.late = float(start), float(late)
        self.operation, self.number = float(operation), float(number)
        forward, reverse = map(float, many)
        self.many = forward, reverse
        steps = (*self.push, *self.record, *self.pull, self.start, self.late, *self.many)
        if len(self.fetch) != len(FETCHED) or not all(0 <= x < inf for x in (*self.fetch, *steps)):
            raise ValueError("expected prices of 0 or more")
        if not (0 < self.operation < inf and 0 < self.number < inf):
            raise ValueError("expected a positive price of an operation and of a number")
        self.seen: dict[Any, float] = {}

    def as_plain(self) -> dict[str, Any]:
        """What makes the same rates again, ShapedRates(**plain), as numbers, lists and dicts of them."""
        return {
            "products": {d: {k: _short(t.times) for k, t in tables.items()} for d, tables in self.products.items()},
            "edges": {
                d: {k: dict(zip(EDGES, [_short(each[1:]) for each in of[k]], strict=True)) for k in of}
                for d, of in self.edges.items()
            },
            "passes": {d: {k: _short(t.times) for k, t in tables.items()} for d, tables in self.passes.items()},
            "spread": {d: _short(table.times) for d, table in self.spread.items()},
            **{name: _short(getattr(self, name)) for name in ("fetch", "push", "record", "pull", "many")},
            **{name: float(f"{getattr(self, name):.4g}") for name in ("start", "late", "operation", "number")},
        }

    def bound(self, itemsize: int, held: int, replayed: bool) -> Prices:
        """The prices of a sweep whose matrices hold `held` numbers of `itemsize` bytes."""
        return Bound(self, itemsize, held * itemsize, replayed)

    def refetched(self, held: int) -> float:
        """Seconds a byte of a matrix that comes again after all others, where all have so many bytes."""
        if held <= FETCHED[0]:
            return 0.0
        i = min(bisect_right(FETCHED, held) - 1, len(FETCHED) - 2)
        share = min(1.0, log(held / FETCHED[i]) / log(FETCHED[i + 1] / FETCHED[i]))
        return (1 - share) * self.fetch[i] + share * self.fetch[i + 1]


class Bound:
    """Prices by shape."""

    __slots__ = ("dtype", "itemsize", "many", "operation", "pull", "push", "rates", "record", "refetched", "start")

    def __init__(self, rates: ShapedRates, itemsize: int, held: int, replayed: bool) -> None:
        self.rates = rates
        self.itemsize = itemsize
        self.operation = rates.operation
        self.dtype = "float32" if itemsize <= ITEMS["float32"] else "float64"
        self.refetched = rates.refetched(held)
        nothing = Steps(0.0, 0.0, 0.0)
        bare = Steps(*[rates.operation] * 3)  # replayed, an operation is NumPy's call alone, in either mode
        self.push, self.pull = (bare, bare) if replayed else (rates.push, rates.pull)
        self.record = nothing if replayed else rates.record
        self.start = 0.0 if replayed else rates.start
        self.many = (0.0, 0.0) if replayed else rates.many

    def through(self, up: bool, turned: bool, k: int, p: int, q: int) -> float:
        kind = ("turned" if turned else "push") if up else "pull"
        fetched = 0.0 if up else self.refetched * p * q * self.itemsize  # forward mode has read it for the value
        time = self.remembered(kind, self.rates.products[self.dtype][kind], k, p, q) + fetched
        if (k % BLOCK and k > BLOCK) or (q % BLOCK and q > BLOCK):
            seeds, columns = self.rates.edges[self.dtype][kind]
            left_over = (seeds[k % BLOCK] * q if k > BLOCK else 0.0) + (columns[q % BLOCK] * k if q > BLOCK else 0.0)
            time = max(time + p * left_over, 0.5 * time)
        return time

    def scaled(self, turned: bool, k: int, size: int) -> float:
        kind = "columns" if turned else "rows"
        time = self.remembered(kind, self.rates.passes[self.dtype][kind], k, size)
        return time + self.rates.late if k * size >= LARGE else time

    def added(self, k: int, size: int) -> float:
        return self.remembered(
            "rows", self.rates.passes[self.dtype]["rows"], k, size
        )  # which reads one block less, and its slopes

    def spread(self, up: bool, p: int, q: int) -> float:
        fetched = 0.0 if up else self.refetched * p * q * self.itemsize
        return self.remembered("spread", self.rates.spread[self.dtype], p, q) + fetched

    def handed(self, numbers: int) -> float:
        return 0.0

    def moved(self, numbers: int) -> float:
        return numbers * self.rates.number * self.itemsize / ITEMS["float64"]

    def computed(self, fma: int, numbers: int) -> float:
        return max(self.moved(numbers), 0.5 * fma * self.rates.number)

    def remembered(self, kind: str, table: Table, *sizes: int) -> float:
        seen, key = self.rates.seen, (kind, self.itemsize, *sizes)
        time = seen.get(key)
        if time is None:
            if len(seen) >= MOST:
                seen.clear()
            time = seen[key] = table.at(*sizes)
        return time


def _short(times: Sequence[float]) -> list[float]:
    return [float(f"{time:.4g}") for time in times]


def points(*axes: Sequence[int]) -> list[tuple[int, ...]]:
    """The points of a grid, in the order of a table's times."""
    return list(product(*axes))

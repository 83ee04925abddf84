"""Measuring the rates by shape of this machine: what `python -m modes.calibrate` does for some ten seconds.

Products and passes are NumPy's calls, as the engines make them, on blocks of every shape of the grids of modes.shapes.
The price of a step beyond them is that of the engines' own steps on values of size 8: chains of one kind of operation,
long less short, less the function's own time and less the table's. No Jacobian of a size that a crossover is asked for
is timed.

Contract: nothing is kept or put in force. Times are the least of several rounds that go through everything in turn, so
that what else runs for a while does not fall on one of them alone; how many there are is what fits into the seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import repeat
from math import isqrt, prod
from typing import Any

import numpy as np

from .blocks import LARGE, dense, multiplied
from .call import Call
from .chunking import MANY
from .forward import jacfwd
from .rates import Rates, measure_rates
from .reverse import jacrev
from .shapes import (
    BLOCK,
    BY_ROWS,
    BY_SIZE,
    EDGES,
    FETCHED,
    ITEMS,
    KINDS,
    PASSES,
    ROWS,
    SIZES,
    ShapedRates,
    Table,
    points,
)
from .tape import Tape

__all__ = ["SECONDS", "measure"]

SECONDS = 10.0
SHORTEST = 25e-6
"""Seconds that a timing lasts at least: a clock's call is a thousandth of it."""
AROUND = ((24, 64), (56, 64), (24, 128), (24, 256), (56, 256))
"""Whole blocks, and the size of both other sides, after which remainders are measured."""
AGAIN = 40
"""How often a step is timed in each round: its price is a small difference."""
TINY = 8
SHORT, LONG = 4, 16
"""The size and the numbers of steps of the chains by which a step is priced."""

Timed = tuple[Any, Callable[[], Any]]


def measure(seconds: float = SECONDS, shown: Callable[[float, str], None] = lambda share, doing: None) -> ShapedRates:
    """The rates of this machine, with the BLAS threads and kernel in force, after about so many seconds.

    `shown` is told the share that is behind and what is being done. Cost: beyond `seconds` at most one round, 0.7 s.
    """
    ends = time.perf_counter() + seconds
    linear = measure_rates(repeats=4)
    cases = [*_products(), *_passes(), *_spreads(), *_fetches(), *_steps()]
    best: dict[Any, float] = {}
    loops: dict[Any, int] = {}
    for name, call in cases:
        once = min(_timed(call, 1), _timed(call, 1))
        loops[name] = max(1, round(SHORTEST / max(once, 1e-7)))
    began, rounds = time.perf_counter(), 0
    while True:
        for place, (name, call) in enumerate(cases):
            if place % 256 == 0:
                done = (time.perf_counter() - began) / max(ends - began, 1e-9)
                shown(done, f"products, passes and steps, round {rounds + 1}")
            for _ in range(AGAIN if name[0] == "step" else 1):
                best[name] = min(_timed(call, loops[name]), best.get(name, np.inf))
        rounds += 1
        now = time.perf_counter()
        if now + (now - began) / rounds > ends and rounds >= 2:
            return _assembled(best, linear)


def _assembled(best: dict[Any, float], linear: Rates) -> ShapedRates:
    products = {d: {k: _of(best, (d, k), ROWS, SIZES, SIZES) for k in KINDS} for d in ITEMS}
    passes = {d: {k: _of(best, (d, k), ROWS, SIZES) for k in PASSES} for d in ITEMS}
    edges = {d: {k: {e: _left_over(best, d, k, e) for e in EDGES} for k in KINDS} for d in ITEMS}
    spread = {d: _of(best, (d, "spread"), SIZES, SIZES) for d in ITEMS}
    fetch = _increasing([best["fetch", held] / held for held in FETCHED])
    least = fetch[0]
    raw = {
        "matrix": Table((BY_ROWS, BY_SIZE, BY_SIZE), products["float64"]["pull"]).at(TINY, TINY, TINY),
        "scale": Table((BY_ROWS, BY_SIZE), passes["float64"]["rows"]).at(TINY, TINY),
        "other": 0.0,
    }

    def slope(what: str, kind: str) -> float:
        return (best["step", what, kind, LONG] - best["step", what, kind, SHORT]) / (LONG - SHORT)

    def steps(what: str, less: str, own: bool) -> list[float]:
        found: list[float] = []
        for kind in CHAINS:
            price = slope(what, kind) - slope(less, kind) - (raw[kind] if own else 0.0)
            if kind == "other":  # a product, and two ways into a sum and the sum: four operations, of which three count
                price = (price - found[0] - (raw["matrix"] if own else 0.0)) / 3
            found.append(max(price, 0.0))
        return found

    push, record, pull = steps("forward", "value", True), steps("tape", "value", False), steps("reverse", "tape", True)
    begun = {
        what: best["step", what, "matrix", SHORT] - SHORT * slope(what, "matrix") for what in ("forward", "reverse")
    }
    start = max(begun["reverse"] - begun["forward"], 0.0)
    late = max(best["step", "late"] - best["step", "at once"], 0.0)
    many = [max(best["step", what, "many"] - best["step", what, "fewer"], 0.0) for what in ("forward", "reverse")]
    fetched = [max(each - least, 0.0) for each in fetch]
    return ShapedRates(
        products, edges, passes, spread, fetched, push, record, pull, start, late, many, linear.operation, linear.number
    )


def _left_over(best: dict[Any, float], dtype: str, kind: str, edge: str) -> list[float]:
    """What remainders take beyond the line between the whole blocks on their sides."""
    found = []
    for rest in range(1, BLOCK):
        excess = []
        for side, other in AROUND:
            times = [best[dtype, kind, *_edge(edge, side + more, other)] for more in (0, rest, BLOCK)]
            line = times[0] + (times[2] - times[0]) * rest / BLOCK
            excess.append((times[1] - line) / other**2)
        found.append(float(np.median(excess)))
    return found


def _edge(edge: str, size: int, other: int) -> tuple[int, int, int]:
    return (size, other, other) if edge == "seeds" else (other, other, size)


def _of(best: dict[Any, float], name: tuple[str, ...], *axes: tuple[int, ...]) -> list[float]:
    return [best[*name, *point] for point in points(*axes)]


def _increasing(values: Iterable[float]) -> list[float]:
    return [float(value) for value in np.maximum.accumulate(list(values))]


# -- what is timed: a name, and a call ---------------------------------------------------------------------------------
def _shaped(dtype: str) -> Callable[..., Any]:
    """Makes arrays of ones of any shape in one and the same memory: all cases' own would be read from afar."""
    memory = np.ones(max(ROWS[-1], SIZES[-1]) * SIZES[-1], dtype)
    return lambda *shape: memory[: prod(shape)].reshape(shape)


def _products() -> Iterator[Timed]:
    for dtype in ITEMS:
        block, matrix = _shaped(dtype), _shaped(dtype)
        around = [_edge(e, side + more, other) for e in EDGES for side, other in AROUND for more in range(BLOCK + 1)]
        for k, p, q in dict.fromkeys([*points(ROWS, SIZES, SIZES), *around]):
            transposed = matrix(q, p).T
            yield (dtype, "push", k, p, q), partial(block(k, p).dot, transposed)
            yield (dtype, "turned", k, p, q), partial(block(p, k).T.dot, transposed)
            yield (dtype, "pull", k, p, q), partial(block(k, p).dot, matrix(p, q))


def _passes() -> Iterator[Timed]:
    for dtype in ITEMS:
        block, slopes = _shaped(dtype), _shaped(dtype)
        for k, size in points(ROWS, SIZES):
            yield (dtype, "rows", k, size), partial(_scale, block(k, size), slopes(size))
            yield (dtype, "columns", k, size), partial(np.multiply, block(size, k).T, slopes(size))


def _scale(block: Any, d: Any) -> Any:
    return np.multiply(block, d, out=block) if block.size >= LARGE else block * d  # as modes.blocks does


def _spreads() -> Iterator[Timed]:
    for dtype in ITEMS:
        values, matrix = _shaped(dtype), _shaped(dtype)
        for p, q in points(SIZES, SIZES):
            yield (dtype, "spread", p, q), partial(np.multiply, values(p)[:, None], matrix(p, q))


def _fetches() -> Iterator[Timed]:
    """Seconds a byte of matrices that are read one after the other, by how many bytes they have together."""
    side = 128
    each = side * side * 8
    block = np.ones((8, side))
    matrices = [np.ones((side, side)) for _ in range(FETCHED[-1] // each)]
    for held in FETCHED:
        yield ("fetch", held), partial(_one_after_the_other, block.dot, matrices[: held // each])


def _one_after_the_other(dot: Callable[[Any], Any], matrices: list[Any]) -> None:
    for J in matrices:
        dot(J)


def _matrices(J: Any, count: int) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        for _ in range(count):
            x = J @ x
        return x

    return f


def _slopes(J: Any, count: int) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        x = J @ x
        for _ in range(count):
            x = np.tanh(x)
        return J @ x  # a matrix at either end, so that blocks are dense in between

    return f


def _sums(J: Any, count: int) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        x = J @ x
        for _ in range(count):
            x = x + J @ x
        return x

    return f


# The values alone, as the engines compute them, with the slopes that they need.
def _plain_matrices(J: Any, count: int, x: Any) -> None:
    for _ in range(count):
        x = J.dot(x)


def _plain_slopes(J: Any, count: int, x: Any) -> None:
    for _ in range(count):
        x = np.tanh(x)
        1.0 - x * x


def _plain_sums(J: Any, count: int, x: Any) -> None:
    for _ in range(count):
        x = x + J.dot(x)


CHAINS = {"matrix": (_matrices, _plain_matrices), "scale": (_slopes, _plain_slopes), "other": (_sums, _plain_sums)}


def _steps() -> Iterator[Timed]:
    side = isqrt(LARGE)
    large = np.ones((side, side)), np.ones(side), np.ones((side, TINY))
    yield ("step", "late"), partial(_late, *large)
    yield ("step", "at once"), partial(_at_once, *large)
    for kind, seeds in (("fewer", MANY - 1), ("many", MANY)):
        wide, tall = np.ones((2, seeds)), np.ones((seeds, 2))
        yield ("step", "forward", kind), partial(jacfwd(partial(np.matmul, wide)), np.ones(seeds))
        yield ("step", "reverse", kind), partial(jacrev(partial(np.matmul, tall)), np.ones(2))
    J, x = np.eye(TINY) / 2, np.ones(TINY)
    J.setflags(write=False)
    for kind, (chain, plain) in CHAINS.items():
        for count in (SHORT, LONG):
            f = chain(J, count)
            yield ("step", "value", kind, count), partial(plain, J, count, x)
            for what, call in (("forward", jacfwd(f)), ("tape", _written(f)), ("reverse", jacrev(f))):
                yield ("step", what, kind, count), partial(call, x)


def _late(block: Any, d: Any, J: Any) -> Any:
    return dense(multiplied(block, d)).dot(J)


def _at_once(block: Any, d: Any, J: Any) -> Any:
    return (block * d).dot(J)


def _written(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: Tape().run(Call(f, (x,), 0))


def _timed(call: Callable[[], Any], loops: int) -> float:
    """Seconds a call, of so many, after one more."""
    clock = time.perf_counter
    call()
    start = clock()
    for _ in repeat(None, loops):
        call()
    return (clock() - start) / loops

"""Sizes of chains: from those where Python's price a call is all there is, to those where the products are.

Contract: a :class:`Shape` is four of a case's parameters; :func:`every` makes cases of shapes and of lists of the
others. SHAPES is a few dozen out of the product of SIZES cubed and DEPTHS: each size with itself, each depth at three
sizes, and chains that are tall or wide, or narrower or broader inside than at their ends.
"""

from collections.abc import Iterable, Sequence
from itertools import product as combinations
from typing import Any, NamedTuple

from modes.chains import layer_widths
from modes.cost import total_fma

from ..catalogue.case import Case

SIZES = (1, 8, 32, 64, 128, 256, 512, 1024)
DEPTHS = (1, 4, 16, 64)
STANDARD_FMA = 500_000_000
"""Multiply-adds of the largest Jacobian in preset standard: about 25 ms in float64 on one core of 2024."""


class Shape(NamedTuple):
    """The sizes of a dense chain from R^n to R^m."""

    n: int
    m: int
    width: int
    depth: int = 4


def squares(*sizes: int, depth: int = 4) -> list[Shape]:
    """One shape a size, with n == m == width."""
    return [Shape(size, size, size, depth) for size in sizes]


TALL = [Shape(1, 64, 64), Shape(8, 256, 64), Shape(32, 512, 128), Shape(8, 1024, 256)]
WIDE = [Shape(shape.m, shape.n, shape.width) for shape in TALL]
NARROW = [Shape(64, 64, 8), Shape(256, 256, 1), Shape(256, 256, 8), Shape(512, 512, 32)]
BROAD = [Shape(1, 1, 256), Shape(8, 8, 64), Shape(8, 8, 512), Shape(32, 32, 256), Shape(64, 64, 1024)]
DEEP = [shape for depth in DEPTHS if depth != 4 for shape in squares(8, 64, 256, depth=depth)]
SHAPES = [*squares(*SIZES), *DEEP, *TALL, *WIDE, *NARROW, *BROAD]


def every(shapes: Iterable[Shape], mode: Sequence[str] = ("forward", "reverse"), **axes: Sequence[Any]) -> list[Case]:
    """Each shape with every combination of the other parameters' values, the mode fastest."""
    combined = list(combinations(*axes.values(), mode))
    return [
        Case(**shape._asdict(), **dict(zip((*axes, "mode"), values, strict=True)))
        for shape in shapes
        for values in combined
    ]


def work(case: Case) -> int:
    """Multiply-adds of the Jacobian of the case's chain, if it is dense."""
    return total_fma(layer_widths(case.n, case.m, case.depth, case.width, case.profile), case.mode, case.chunk_size)


def affordable(cases: Iterable[Case]) -> list[Case]:
    """Those of the cases whose Jacobian preset standard can afford."""
    return [case for case in cases if work(case) <= STANDARD_FMA]

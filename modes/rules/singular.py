"""Element-wise functions whose derivative can be infinite or NaN: 0 times such a derivative is 0.

A masked branch, an entry that nobody picked and the zeros of a block of seeds are zeros whatever they are multiplied
by, so `np.where(x > 0, np.sqrt(x), 0)` has a finite derivative at x = 0 in both modes. IEEE's 0 * inf = NaN would
spoil it. The price is one sum of squares a call; where all derivatives are finite the partial is the ordinary one.

The convention is kept through the functions that follow, in either mode: the block remembers that it may hold infinite
numbers (modes.blocks's `Guarded`).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..blocks import Guarded, times
from ..partials import SAME, Partial, Scale, elementwise_partial
from .table import written

__all__ = ["Singular", "broadcast", "finite", "singular"]


def finite(d: Any) -> bool:
    """Is every entry finite? For plain arrays a quick test that may say no where it is yes, never the reverse."""
    if type(d) is np.ndarray:
        # A sum of squares is finite only if every entry is: a quarter of a microsecond for a short vector, a quarter of
        # what np.isfinite(d).all() takes. Where it overflows the guard is raised for nothing; the product is the same.
        return math.isfinite(d.dot(d) if d.ndim == 1 else np.vdot(d, d))
    return math.isfinite(d) if isinstance(d, int | float | np.floating) else bool(np.all(np.isfinite(d)))


class Singular(Partial):
    """diag(d) after a broadcast, where some of d are infinite or NaN. Holds d, and the partial of the broadcast."""

    __slots__ = ("d", "spread")

    def __init__(self, d: Any, spread: Partial) -> None:
        self.d = d
        self.spread = spread

    def push(self, t: Any) -> Any:
        return Guarded(times(self.spread.push(t), self.d))

    def pull(self, c: Any) -> Any:
        return self.spread.pull(Guarded(times(c, self.d)))


def broadcast(inner: tuple[int, ...], outer: tuple[int, ...]) -> Partial:
    """The partial of a broadcast from one shape to another."""
    return SAME if inner == outer else elementwise_partial(1, inner, outer)


def singular(func: Callable[..., Any], *derivatives: Callable[..., Any]) -> None:
    """Add a function of one or two operands, as modes.rules.elementwise does, with derivatives infinite or NaN."""
    if len(derivatives) == 1:
        written(func, _of_one(derivatives[0]))
    else:
        written(func, *(_of_two(derivative, i) for i, derivative in enumerate(derivatives)))


def _of_one(derivative: Callable[..., Any]) -> Callable[..., Partial]:
    def make(y: Any, x: Any) -> Partial:
        d = derivative(y, x)
        return Scale(d) if finite(d) else Singular(d, SAME)

    return make


def _of_two(derivative: Callable[..., Any], i: int) -> Callable[..., Partial]:
    def make(y: Any, a: Any, b: Any) -> Partial:
        d = derivative(y, a, b)
        inner, outer = (b if i else a).shape, y.shape
        if finite(d):
            return Scale(d) if inner == outer else elementwise_partial(d, inner, outer)
        return Singular(d, broadcast(inner, outer))

    return make

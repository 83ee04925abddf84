"""Arrays with some entries replaced, or added to: what modes.at is made of.

Each takes the array, the values, and the items of an index one by one, so that NumPy's dispatch sees those that are
followed (a mask in a recording).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..partials import SAME, Linear, Partial, sum_to
from .selection import assign, each, gather, is_basic, numbers, scatter
from .table import primitive, written

__all__ = ["added", "replaced"]


@primitive
def replaced(x: Any, values: Any, *index: Any) -> Any:
    """x with values at an index; where that takes an entry more than once, the last value, as x[index] = values."""
    y = np.array(x)
    if all(map(is_basic, index)):
        y[index] = values
        return y
    positions = numbers(y.shape)[index]
    last = _last(positions, y.size)
    y.reshape(-1)[positions[last]] = np.broadcast_to(_fitting(values, positions.shape), positions.shape)[last]
    return y


@primitive
def added(x: Any, values: Any, *index: Any) -> Any:
    """x with values added at an index, all of them where that takes an entry more than once: np.add.at."""
    y = np.array(x)
    if all(map(is_basic, index)):
        y[index] += values
    else:
        np.add.at(y, index, _fitting(values, numbers(y.shape)[index].shape))
    return y


@primitive
def cleared(block: Any, *index: Any) -> Any:
    """(k, *shape) -> (k, *shape): 0 at an index of every row."""
    y = np.array(block)
    y[(slice(None), *index)] = 0
    return y


def _last(positions: Any, size: int) -> Any:
    """Of each position the last place where it stands: a mask."""
    count = np.reshape(np.arange(positions.size), positions.shape)
    owner = np.zeros(size, np.intp)
    owner[np.ravel(positions)] = np.ravel(count)
    return owner[positions] == count


def _fitting(values: Any, shape: tuple[int, ...]) -> Any:
    """Values without axes of length 1 in front that the place has not: an assignment ignores them."""
    extra = np.ndim(values) - len(shape)
    return (
        np.reshape(values, np.shape(values)[extra:])
        if extra > 0 and np.shape(values)[:extra] == (1,) * extra
        else values
    )


def _values(y: Any, values: Any, index: tuple[Any, ...], once: bool) -> Partial:
    """By the values: put where they go, and taken from there."""
    own, shape = np.shape(values), y.shape
    if all(map(is_basic, index)):
        place = np.broadcast_to(0, shape)[index].shape
        inside = (slice(None), *index)

        def put(t: Any) -> Any:
            return assign(t, index, shape)

        def take(c: Any) -> Any:
            return c[inside]

    else:
        positions, size = numbers(shape)[index], math.prod(shape)
        place = positions.shape
        last = _last(positions, size) if once else np.True_

        def put(t: Any) -> Any:
            return np.reshape(scatter(np.where(last, t, 0) if once else t, positions, size), (t.shape[0], *shape))

        def take(c: Any) -> Any:
            taken = gather(np.reshape(c, (c.shape[0], size)), positions)
            return np.where(last, taken, 0) if once else taken

    inner = own[max(len(own) - len(place), 0) :]  # see _fitting

    def push(t: Any) -> Any:
        k = t.shape[0]
        spread = np.reshape(t, (k, *(1,) * (len(place) - len(inner)), *inner))
        return put(np.broadcast_to(spread, (k, *place)))

    return Linear(push, lambda c: np.reshape(sum_to(take(c), inner), (c.shape[0], *own)))


def _rest(y: Any, x: Any, values: Any, *index: Any) -> Partial:
    """By the array: what is not replaced."""
    return Linear(lambda t: cleared(t, *index), lambda c: cleared(c, *index))


def _cleared(y: Any, block: Any, *index: Any) -> Partial:
    return Linear(lambda t: each(cleared, t, *index), lambda c: each(cleared, c, *index))


written(replaced, _rest, lambda y, x, values, *index: _values(y, values, index, True))
written(added, lambda y, x, values, *index: SAME, lambda y, x, values, *index: _values(y, values, index, False))
written(cleared, _cleared)

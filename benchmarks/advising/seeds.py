"""What a Jacobian takes that would take too long: a few of its seeds carried, and the rest extrapolated.

In either mode a Jacobian costs a + b k for k seeds that travel together. As many seeds as time allows are carried, by
differentiating the function by some of its inputs alone, or some of its outputs alone; from the last two numbers of
seeds follows the time of all. Where there was time for one seed alone, b is what the counts say.

Contract: public names of `modes` alone; what cannot be done so raises what `modes` raises.
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import modes

from ..catalogue.advice import FORWARD
from .subject import Subject, chosen, leaves, replaced

STEP = 4
"""How many times as many seeds as before are carried next."""


class Carried(NamedTuple):
    """Seconds of a whole Jacobian, by a pass of `seeds` of its seeds."""

    seconds: float
    seeds: int


def carried(subject: Subject, mode: str, total: int, seconds: float, each: float) -> Carried:
    """The time of all `total` seeds in one mode, by as many passes as `seconds` allows; one pass at least.

    `each` is what a further seed takes by the counts, in seconds.
    """
    few = _inputs if mode == FORWARD else _outputs
    seeds, before = 1, (0, 0.0)
    start = time.perf_counter()
    while True:
        call = few(subject, seeds)
        began = time.perf_counter()
        call()
        took = time.perf_counter() - began
        slope = max((took - before[1]) / (seeds - before[0]), 0.0) if before[0] else each
        following = min(STEP * seeds, total)
        expected = took + slope * (following - seeds)
        if seeds >= total or time.perf_counter() - start + expected > seconds:
            return Carried(took + slope * (total - seeds), seeds)
        seeds, before = following, (seeds, took)


def _inputs(subject: Subject, seeds: int) -> Callable[[], Any]:
    """Forward mode by the first inputs of the largest array alone, all others constant."""
    f, args, argnums, _ = subject
    trees = chosen(subject)
    arrays = [leaf for tree in trees for leaf in leaves(tree)]
    place = max(range(len(arrays)), key=lambda i: np.size(arrays[i]))
    largest = np.asarray(arrays[place])
    seeds = min(seeds, largest.size)
    rest = largest.reshape(-1)[seeds:]

    def of(some: Any) -> Any:
        whole = np.reshape(np.concatenate([some, rest]) if rest.size else some, largest.shape)
        given = iter([*arrays[:place], whole, *arrays[place + 1 :]])
        moved = list(args)
        for number in (argnums,) if isinstance(argnums, int) else argnums:
            moved[number] = replaced(args[number], given)
        return f(*moved)

    first = np.ascontiguousarray(largest.reshape(-1)[:seeds])
    return lambda: modes.jacobian(of, mode="forward")(first)


def _outputs(subject: Subject, seeds: int) -> Callable[[], Any]:
    """Reverse mode of the first outputs alone."""
    f, args, argnums, _ = subject
    return lambda: modes.jacobian(lambda *args: np.reshape(f(*args), (-1,))[:seeds], argnums, mode="reverse")(*args)

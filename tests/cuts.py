"""Mixed accumulation in any order, whether it gains or not: what tests of its orders draw."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from modes import choice
from modes.counting import NOTHING
from modes.dominators import dominators
from modes.planning import MULTIPLY, PULL, PULL_BACK, PUSH, PUSH_ON, Order, Route, route
from modes.sized import SizedTape


def random_order(i: int, j: int, rng: np.random.Generator) -> Order:
    """Any of the ways to make the Jacobian from node i to node j."""
    kinds = [PUSH, PULL, *((MULTIPLY, PUSH_ON, PULL_BACK) if j - i > 1 else ())]
    kind = kinds[rng.integers(len(kinds))] if j - i < 2 else kinds[rng.integers(2, len(kinds))]
    if kind in (PUSH, PULL):
        return Order(kind, i, j, NOTHING)
    k = int(rng.integers(i + 1, j))
    lower = None if kind == PULL_BACK else random_order(i, k, rng)
    upper = None if kind == PUSH_ON else random_order(k, j, rng)
    return Order(kind, i, j, NOTHING, lower, upper)


@contextmanager
def cut_at_random(seed: int) -> Iterator[list[Order]]:
    """mode="mixed" cuts at some of the values that it can be cut at, in any order, whether that gains or not."""
    rng = np.random.default_rng(seed)
    taken: list[Order] = []

    def anyhow(tape: SizedTape, index: int, replayed: bool = False) -> Route:
        inner = [i for i in dominators(tape, index) if rng.random() < 0.7]
        order = random_order(0, len(inner) + 1, rng)
        taken.append(order)
        found = route(tape, index, replayed)
        return (
            found._replace(nodes=(-1, *inner, index), orders=found.orders | {"mixed": order, "anyhow": order})
            if (order.kind not in (PUSH, PULL))
            else found
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(choice, "route", anyhow)
        yield taken

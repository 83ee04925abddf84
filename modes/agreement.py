"""Jacobians that are the same in all modes where numbers are not finite.

0 times an infinite or NaN derivative is 0 (modes.rules.singular). But the modes do not multiply in the same order:
forward mode multiplies a derivative by the sum of what leads to it, reverse mode by the sum of what it leads to. At 0
the derivative of np.sqrt(x - x) is inf * (1 - 1) = 0 by the one and inf * 1 - inf * 1 = NaN by the other; that of
np.sqrt(x) - np.sqrt(x) would be the other way round; and a product of matrices with NaN in it spreads it to different
entries. So where a Jacobian has NaN in it, the other mode is asked as well, and an entry is NaN only if it is in both.

What that costs: one look at the result, and where there is NaN, a Jacobian by the other mode. It is left out where that
would take more than `MANY` seeds and more than 8 times those of the mode asked for (the gradient of a million numbers);
then, and in products (jvp, vjp, grad), NaN stays as the mode's own sweep leaves it.

Contract: results are replaced, not written to; those that an outer trace follows are left as they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .assembly import columns, rows
from .blocks import Array, Block, Identity
from .call import Call
from .chunking import MANY
from .dual import Forward
from .still import forward_pass
from .tape import Tape

__all__ = ["by_columns", "by_rows", "has_nan"]


def has_nan(results: Sequence[Any]) -> bool:
    """Is there NaN in one of these arrays? Half a microsecond for a small one without."""
    for J in results:
        if type(J) is np.ndarray and J.size:
            numbers = J.ravel("K")  # in whatever order they lie: no copy
            if math.isnan(numbers.item(numbers.argmax())):  # the place of the first NaN, if there is one
                return True
    return False


def by_columns(call: Call, results: Sequence[Array]) -> list[Array]:
    """Jacobians made by rows that have NaN in them, with what forward mode has to say in its place."""
    if not affordable(sum(x.size for x in call.primals), results, call):
        return list(results)

    def one(leaf: int) -> Array:
        seeds: list[Block | None] = [None] * len(call.primals)

        def push(seed: Identity) -> tuple[Array, Block | None]:
            seeds[leaf] = seed
            return forward_pass(Forward(), call, seeds)

        return columns(call.primals[leaf], push, MANY, True)

    return [merged(J, one(leaf)) if has_nan([J]) else J for leaf, J in enumerate(results)]


def by_rows(call: Call, results: Sequence[Array]) -> list[Array]:
    """Jacobians made by columns that have NaN in them, with what reverse mode has to say in its place."""
    if not affordable(outputs(results, call), results, call):
        return list(results)
    tape = Tape()
    y, index = tape.run(call)

    def pull(seed: Identity, last: bool) -> Sequence[Block | None]:
        return tape.pull(index, seed, last)

    return [merged(*pair) for pair in zip(results, rows(call.primals, y, pull, MANY, True, tape.widest), strict=True)]


def outputs(results: Sequence[Array], call: Call) -> int:
    """How many numbers the function gives."""
    return math.prod(results[0].shape[: results[0].ndim - call.primals[0].ndim])


def affordable(seeds: int, results: Sequence[Array], call: Call) -> bool:
    """Is the other mode's Jacobian, of so many seeds, worth its time?"""
    both = outputs(results, call) + sum(x.size for x in call.primals)
    return seeds <= max(MANY, 8 * (both - seeds))


def merged(J: Array, other: Array) -> Array:
    return np.where(np.isnan(J), other, J)

"""What a Jacobian of a chain takes, counted: NumPy calls, multiply-adds, numbers moved, records on the tape.

Contract: pure functions of widths, for dense and residual chains taken in one pass. By widths and depth (w_0 = n, ...,
w_d = m), with k = n columns in forward mode and k = m rows in reverse mode:

- operations: NumPy calls. Of f, two a layer (product, bias) and those of the activation; of the sweep, one a layer for
  the product and one for each slope of the activation; in a residual layer one more of f (the sum) and three of the
  sweep (both ways into the sum, and the sum of the blocks);
- multiply-adds: of the blocks alone, with the seed exploited (C2, `modes.cost`);
- numbers: read and written. Of f, each matrix once: a product with a vector is as fast as memory. Of the sweep, the
  matrix and both blocks of each product, and a block read and written for each slope. The seed costs nothing through
  a matrix, and is a diagonal of k numbers after slopes;
- records: what reverse mode writes on its tape, one a layer for the product, one for each slope, one for each sum.
  It is what forward mode does without, and why small sizes cross beyond n = m.

The sweep's part is what mode="auto" counts along its tape; a test holds the two equal.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.intervals import Floats
from modes.chains import layer_widths
from modes.cost import forward_fma, reverse_fma
from modes.rates import DEFAULT, RECORD

MODES = ("forward", "reverse")
SLOPES = {"tanh": 1, "relu": 1, "sigmoid": 3, "softplus": 1, "sin": 1, "identity": 0}
"""Element-wise calls of an activation, each with a slope of its own; to add a constant takes none."""
LAYERS = ("dense", "residual")
PARTS = ("operations", "tape", "numbers", "multiply_adds")
"""What a time is made of: the fixed prices of operations and of records, data moved, arithmetic."""


class Prices(NamedTuple):
    """Seconds an operation, a fused multiply-add, a number read or written, a record on the tape."""

    operation: float
    fma: float
    number: float
    record: float


SHIPPED = Prices(*DEFAULT, record=RECORD * DEFAULT.operation)
"""What mode="auto" chooses by unless it is told otherwise."""


class Counts(NamedTuple):
    """What a Jacobian takes, in the units of `Prices`."""

    operations: int
    fma: int
    numbers: int
    records: int

    def seconds(self, prices: Sequence[float]) -> float:
        """The time by `prices`."""
        return float(sum(count * price for count, price in zip(self, prices, strict=True)))

    def parts(self, prices: Prices) -> Floats:
        """The seconds of each of PARTS by `prices`: shape (4,)."""
        operation, fma, number, record = (count * price for count, price in zip(self, prices, strict=True))
        return np.array([operation, record, number, fma])


def sweep(layer: str, activation: str, widths: Sequence[int], mode: str) -> Counts:
    """What carrying the seed along the chain takes. Raises KeyError for a layer or activation that is not modelled."""
    slopes, depth = SLOPES[activation], len(widths) - 1
    sums = {"dense": 0, "residual": max(0, depth - 2)}[layer]
    k = widths[0] if mode == "forward" else widths[-1]
    numbers = 0
    for level, (before, after) in enumerate(pairwise(widths), start=1):
        product = before * after + k * (before + after)
        if mode == "forward":
            numbers += (product if level > 1 else 0) + slopes * 2 * k * after
        elif level < depth:
            numbers += product + slopes * 2 * k * after
        else:
            numbers += (2 * before * after if slopes else 0) + slopes * 2 * k
    numbers += sums * 7 * k * widths[1]  # two blocks go into a sum unchanged, and are added: 2 + 2 + 3
    fma = forward_fma(widths) if mode == "forward" else reverse_fma(widths)
    records = depth * (1 + slopes) + sums if mode == "reverse" else 0
    return Counts(depth * (1 + slopes) + 3 * sums, fma, numbers, records)


def jacobian_work(layer: str, activation: str, widths: Sequence[int], mode: str) -> Counts:
    """What one Jacobian takes: f itself and the sweep."""
    f, derivative = _value(layer, activation, widths), sweep(layer, activation, widths, mode)
    return Counts(*map(sum, zip(f, derivative, strict=True)))


def _value(layer: str, activation: str, widths: Sequence[int]) -> Counts:
    """What f itself takes."""
    depth = len(widths) - 1
    calls = depth * (2 + SLOPES[activation]) + {"dense": 0, "residual": max(0, depth - 2)}[layer]
    return Counts(calls, 0, sum(before * after for before, after in pairwise(widths)), 0)


def cut_work(layer: str, activation: str, widths: Sequence[int], after: int) -> Counts:
    """What one Jacobian takes by a cut after so many layers: f itself, the lower part swept in reverse mode, the upper
    one in forward mode, and the product of the two."""
    n, inner, m = widths[0], widths[after], widths[-1]
    lower, upper = widths[: after + 1], widths[after:]
    f = _value(layer, activation, widths)
    product = Counts(1, m * inner * n, m * inner + inner * n + m * n, 0)
    parts = (f, sweep(layer, activation, lower, "reverse"), sweep(layer, activation, upper, "forward"), product)
    return Counts(*map(sum, zip(*parts, strict=True)))


def modelled(row: Mapping[Any, Any]) -> bool:
    """Whether the counts speak of this row: dense or residual, a known activation, one pass."""
    return row["layer"] in LAYERS and row["activation"] in SLOPES and pd.isna(row["chunk_size"])


def chain_work(row: Mapping[Any, Any], mode: str) -> Counts:
    """What the Jacobian of a row's cell takes."""
    n, m, depth, width = (int(row[name]) for name in ("n", "m", "depth", "width"))
    return jacobian_work(row["layer"], row["activation"], layer_widths(n, m, depth, width, row["profile"]), mode)

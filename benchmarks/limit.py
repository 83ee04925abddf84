"""How near does a Jacobian come to the arithmetic limit: its fused multiply-adds in matrix products, and nothing else?

The limit is the products that :mod:`modes.cost` counts with the seed exploited (C2), one after the other, each into an
array allocated beforehand: blocks of n tangents in forward mode, of m cotangents in reverse mode. No value of f, no
slopes, no new array.

It is not a single product with as many multiply-adds, because the speed of a product hangs on its shape: 8 rows
through a 256 x 256 matrix run at a third to two thirds of the rate of 256 rows (float64, OpenBLAS), and no way to that
Jacobian would reach the rate of a large square product. Nor does the limit choose a matrix's layout: it reads W as the
chain holds it, in forward mode transposed. That is not always the faster order: for those 8 rows W transposed is twice
as fast as W. From 256 rows on the two are within 5 %.

A chain of depth 1 takes no product and has no such limit. The unit is the natural logarithm of engine over limit, one
number a pair (:mod:`benchmarks.apparatus.pairs`).
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from modes.chains import Chain

from .apparatus.benchmark import Benchmark
from .apparatus.calls import jacobian
from .apparatus.grids import Listed
from .apparatus.pairs import Call, Samples, samples
from .apparatus.settings import pair_count
from .apparatus.shapes import SHAPES, affordable, every, squares
from .catalogue.engines import BY_HAND, OWN
from .catalogue.metrics import UNITS

Array = NDArray[np.floating]
Operands = tuple[Array, Array, Array]  # (a, b, out)

LARGE = [shape for shape in SHAPES if shape.depth > 1 and min(shape[:3]) >= 32]
"""Where the products are what costs; below that, the ratio says how many calls of NumPy a product comes with."""


class Limit(Benchmark):
    grid = Listed(
        quick=every(squares(64, 256), engine=["modes", BY_HAND]),
        standard=[
            *affordable(every([*squares(8), *LARGE], engine=OWN)),
            *every(squares(256, 512), engine=OWN, dtype=["float32"]),
        ],
        full=every([*squares(8), *LARGE], dtype=["float64", "float32"], engine=OWN),
    )
    unit = UNITS["log_over_limit"]
    version = "1"

    def track_log_over_limit(self, *case: object) -> Samples:
        call = jacobian(self.case, self.chain, self.case.mode)
        return samples(call, limit(self.chain, self.case.mode), pair_count())


def limit(chain: Chain, mode: str) -> Call:
    """The multiply-adds of the chain's Jacobian, in products of its shapes and dtype."""
    return partial(multiply, products(chain, mode))


def multiply(products: Sequence[Operands]) -> None:
    for a, b, out in products:
        np.dot(a, b, out=out)


def products(chain: Chain, mode: str) -> list[Operands]:
    """The operands of each product, in the order of the mode; the `out` of one is the `a` of the next.

    The blocks have n rows in forward mode, m in reverse mode. The numbers are drawn, and scaled so that they stay near
    1 through any depth: the chain's own would grow without its slopes.
    """
    rng = np.random.default_rng(0)

    def drawn(*shape: int) -> Array:
        return rng.standard_normal(shape).astype(chain.dtype)

    path = chain.widths if mode == "forward" else chain.widths[::-1]
    rows = path[0]
    a, operands = drawn(rows, path[1]), []
    for inner, columns in pairwise(path[1:]):
        W = drawn(columns, inner).T if mode == "forward" else drawn(inner, columns)
        W /= W.dtype.type(inner**0.5)
        out = np.empty((rows, columns), chain.dtype)
        operands.append((a, W, out))
        a = out
    return operands

"""What does the Jacobian of an element-wise chain cost, which is diagonal? n, m and width are one.

The n x n result is filled in the end, so that a quadratic share remains whatever the engine does. How large the rest
is says the second benchmark: the Jacobian over filling the result once. Filling is ``np.full``: a new array, and every
number of it written by the program. Engines return new arrays, too. An engine may come below it: from some size on the
system hands out memory that holds zeros already, and a diagonal is written to a small part of that.
"""

from functools import partial

import numpy as np

from .apparatus.benchmark import Benchmark, Timed
from .apparatus.calls import jacobian
from .apparatus.grids import Listed
from .apparatus.pairs import Samples, samples
from .apparatus.settings import pair_count
from .apparatus.shapes import every, squares
from .catalogue.engines import PLAIN, TWINS
from .catalogue.metrics import UNITS

SIZES = (32, 128, 512, 2000)
DEPTHS = [*squares(*SIZES, depth=8), *squares(*SIZES, depth=64)]
LAYERS = ["elementwise", "scalar"]


class Elementwise(Timed):
    grid = Listed(
        quick=every(squares(*SIZES, depth=8), layer=["elementwise"]),
        standard=every(DEPTHS, layer=LAYERS),
        full=every(DEPTHS, layer=LAYERS, activation=["tanh", "relu"]),
    )
    version = "1"

    def time_jacobian(self, *case: object) -> None:
        self.call()


class Fill(Benchmark):
    """In interleaved pairs; the unit is the natural logarithm of the ratio."""

    grid = Listed(
        quick=every(squares(1024, depth=16), layer=["elementwise"], engine=PLAIN),
        standard=every(squares(256, 4096, depth=16), layer=["elementwise"], engine=TWINS),
        full=every(squares(64, 256, 1024, 4096, depth=64), layer=["elementwise"], engine=TWINS),
    )
    unit = UNITS["log_over_fill"]
    version = "1"

    def track_log_over_fill(self, *case: object) -> Samples:
        J = jacobian(self.case, self.chain, self.case.mode)
        return samples(J, fill(self.case.m, self.case.n, self.case.dtype), pair_count())


def fill(m: int, n: int, dtype: str) -> partial[np.ndarray]:
    """Filling an m x n array once."""
    return partial(np.full, (m, n), 0.0, dtype)

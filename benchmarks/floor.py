"""How far is the engine above the floor: in the time of one Jacobian, one product, one gradient?

The floor is the derivative written by hand (`peers/floor.py`). The unit is the natural logarithm of engine over floor,
one number a pair (:mod:`benchmarks.apparatus.pairs`). The sizes are those of
:mod:`benchmarks.apparatus.shapes`; a product is a JVP in forward mode and a VJP in reverse mode.
"""

from collections.abc import Callable

from modes.chains import Chain

from .apparatus.benchmark import Benchmark
from .apparatus.calls import gradient, jacobian, product
from .apparatus.grids import Listed
from .apparatus.pairs import Call, Samples, samples
from .apparatus.settings import pair_count
from .apparatus.shapes import SHAPES, SIZES, Shape, affordable, every, squares
from .catalogue.case import Case
from .catalogue.engines import BY_HAND, PLAIN, TWINS
from .catalogue.metrics import UNITS

FLOATS = ["float64", "float32"]
LOSSES = [Shape(size, 1, size, depth) for depth in (4, 16, 64) for size in (SIZES if depth == 4 else (8, 64, 256))]


class _OverFloor(Benchmark):
    unit = UNITS["log_over_floor"]
    version = "1"

    def over_floor(self, timed: Callable[[Case, Chain], Call]) -> Samples:
        by_hand = self.case._replace(engine=BY_HAND)
        above, below = (timed(side, self.chain) for side in (self.case, by_hand))
        return samples(above, below, pair_count())


class Jacobian(_OverFloor):
    grid = Listed(
        quick=every(squares(8, 64, 256, 512), engine=PLAIN),
        standard=[
            *affordable(every(SHAPES, engine=PLAIN)),
            *every(squares(8, 64, 256, 512), engine=PLAIN, dtype=["float32"]),
            *every(squares(8, 64), engine=TWINS[2:]),
        ],
        full=[
            *every(SHAPES, dtype=FLOATS, engine=TWINS),
            *every(squares(8, 64, 256, 512), engine=TWINS, activation=["relu"]),
        ],
    )

    def track_log_over_floor(self, *case: object) -> Samples:
        return self.over_floor(lambda side, chain: jacobian(side, chain, side.mode))


class Product(_OverFloor):
    grid = Listed(
        quick=every(squares(64), engine=PLAIN),
        standard=[*every(squares(*SIZES), engine=PLAIN), *every(squares(64), engine=TWINS[2:])],
        full=every(SHAPES, dtype=FLOATS, engine=TWINS),
    )

    def track_log_product_over_floor(self, *case: object) -> Samples:
        return self.over_floor(lambda side, chain: product(side, chain, side.mode))


class Gradient(_OverFloor):
    grid = Listed(
        quick=every([Shape(64, 1, 64)], layer=["loss"], engine=PLAIN, mode=["reverse"]),
        standard=[
            *every([shape for shape in LOSSES if shape.depth == 4], layer=["loss"], engine=PLAIN, mode=["reverse"]),
            *every([Shape(64, 1, 64)], layer=["loss"], engine=TWINS[2:], mode=["reverse"]),
        ],
        full=every(LOSSES, layer=["loss"], dtype=FLOATS, engine=TWINS, mode=["reverse"]),
    )

    def track_log_gradient_over_floor(self, *case: object) -> Samples:
        return self.over_floor(gradient)

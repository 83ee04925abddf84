"""How far is the engine above the floor: in the time of one Jacobian, one product, one gradient?

The floor is the derivative written by hand (`peers/floor.py`). The unit is the natural logarithm of engine over floor,
one number a pair (:mod:`benchmarks.apparatus.pairs`). The sizes are those of
:mod:`benchmarks.apparatus.shapes`; a product is a JVP in forward mode and a VJP in reverse mode.
"""

from collections.abc import Callable

from modes.chains import Chain

from .apparatus.cases import Call, Case, Listed, Prepared, active_profile, gradient, jacobian, pair_count, product
from .apparatus.pairs import Samples, samples
from .apparatus.shapes import SHAPES, SIZES, Shape, affordable, every, squares

ENGINES = ["modes", "modes-prepared"]
FLOATS = ["float64", "float32"]
LOSSES = [Shape(size, 1, size, depth) for depth in (4, 16, 64) for size in (SIZES if depth == 4 else (8, 64, 256))]


class _OverFloor(Prepared):
    unit = "ln(engine / by hand)"
    version = "1"

    def over_floor(self, timed: Callable[[Case, Chain], Call]) -> Samples:
        by_hand = self.case._replace(engine="floor")
        above, below = (timed(side, self.chain) for side in (self.case, by_hand))
        return samples(above, below, pair_count())


class Jacobian(_OverFloor):
    grid = Listed(
        quick=every(squares(8, 64, 256, 512), engine=ENGINES),
        standard=[
            *affordable(every(SHAPES, engine=ENGINES)),
            *every(squares(8, 64, 256, 512), engine=ENGINES, dtype=["float32"]),
        ],
        full=[
            *every(SHAPES, dtype=FLOATS, engine=ENGINES),
            *every(squares(8, 64, 256, 512), engine=ENGINES, activation=["relu"]),
        ],
    )
    param_names = grid.names
    params = grid.lists(active_profile())

    def track_log_over_floor(self, *case: object) -> Samples:
        return self.over_floor(lambda side, chain: jacobian(side, chain, side.mode))


class Product(_OverFloor):
    grid = Listed(
        quick=every(squares(64), engine=ENGINES),
        standard=every(squares(*SIZES), engine=ENGINES),
        full=every(SHAPES, dtype=FLOATS, engine=ENGINES),
    )
    param_names = grid.names
    params = grid.lists(active_profile())

    def track_log_product_over_floor(self, *case: object) -> Samples:
        return self.over_floor(lambda side, chain: product(side, chain, side.mode))


class Gradient(_OverFloor):
    grid = Listed(
        quick=every([Shape(64, 1, 64)], layer=["loss"], engine=ENGINES, mode=["reverse"]),
        standard=every(
            [shape for shape in LOSSES if shape.depth == 4], layer=["loss"], engine=ENGINES, mode=["reverse"]
        ),
        full=every(LOSSES, layer=["loss"], dtype=FLOATS, engine=ENGINES, mode=["reverse"]),
    )
    param_names = grid.names
    params = grid.lists(active_profile())

    def track_log_gradient_over_floor(self, *case: object) -> Samples:
        return self.over_floor(gradient)

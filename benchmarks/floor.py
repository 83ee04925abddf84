"""How far is the engine above the floor, in the time of one Jacobian? One class a size: n, m and width are
one.

The floor is the derivative written by hand (`peers/floor.py`). The unit is the natural logarithm of engine
over floor, one number a pair (:mod:`benchmarks.pairs`).
"""

from .cases import Grid, Prepared, active_profile, jacobian, nested, pair_count
from .pairs import Samples, samples


def square(size: int) -> Grid:
    return Grid(
        activation=nested(["tanh"], full=["relu"]),
        n=[size],
        m=[size],
        width=[size],
        dtype=nested(["float64"], ["float32"]),
    )


class _Overhead(Prepared):
    unit = "ln(engine / by hand)"
    version = "1"

    def track_log_over_floor(self, *case: object) -> Samples:
        by_hand = self.case._replace(engine="floor")
        above, below = (jacobian(side, self.chain, self.case.mode) for side in (self.case, by_hand))
        return samples(above, below, pair_count())


class Overhead8(_Overhead):
    grid = square(8)
    params = grid.lists(active_profile())


class Overhead64(_Overhead):
    grid = square(64)
    params = grid.lists(active_profile())


class Overhead256(_Overhead):
    grid = square(256)
    params = grid.lists(active_profile())


class Overhead512(_Overhead):
    grid = square(512)
    params = grid.lists(active_profile())

"""Do published comparisons of the two modes hold here? Each engine on the cases of a tutorial that its readers
know.

PyTorch's "Jacobians, Hessians, hvp, vhp, and more: composing function transforms"
(https://pytorch.org/functorch/stable/notebooks/jacobians_hessians.html) times both modes on the tanh of one
linear layer: with n = 32 inputs and m = 2048 outputs forward mode took 1.32 ms and reverse mode 12.46 ms; with
n = 2048 and m = 32 they took 7.99 ms and 1.09 ms. The machine and its number of threads are not named there.
"""

import math

from .apparatus.cases import Grid, Prepared, active_profile
from .apparatus.pairs import Samples
from .crossover import UNIT, log_ratio
from .engines import TWO_MODES

PUBLISHED = {"Tall": math.log(1.32 / 12.46), "Wide": math.log(7.99 / 1.09)}
"""ln(forward / reverse) by the published times: reverse mode 9.4 times as slow, forward mode 7.3 times as
slow."""


class _Published(Prepared):
    unit = UNIT
    version = "1"

    def track_log_ratio(self, *case: object) -> Samples:
        return log_ratio(self)


class Tall(_Published):
    grid = Grid(engine=TWO_MODES, n=[32], m=[2048], depth=[1], mode=["forward/reverse"])
    params = grid.lists(active_profile())


class Wide(_Published):
    grid = Grid(engine=TWO_MODES, n=[2048], m=[32], depth=[1], mode=["forward/reverse"])
    params = grid.lists(active_profile())

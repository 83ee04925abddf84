"""What does the Hessian of a scalar function cost as n grows, by each of the four combinations of the two modes?

`mode` says the outer mode over the inner: forward-over-reverse differentiates, in forward mode, a gradient by reverse
mode. The metric is "hessian_seconds", apart from the Jacobians'.
"""

import modes

from .apparatus.benchmark import Timed
from .apparatus.checks import check_hessian
from .apparatus.grids import Grid, nested
from .apparatus.pairs import Call

COMBINATIONS = [f"{outer}-over-{inner}" for outer in ("forward", "reverse") for inner in ("forward", "reverse")]


class Hessian(Timed):
    grid = Grid(
        layer=["loss"],
        n=nested([8, 64, 256], [16, 32, 128], [512]),
        m=[1],
        mode=COMBINATIONS,
    )
    version = "1"

    def prepare(self) -> Call:
        outer, inner = self.case.mode.split("-over-")
        hessian, x = modes.hessian(self.chain, outer=outer, inner=inner), self.chain.x
        check_hessian(self.chain, hessian(x))
        return lambda: hessian(x)

    def time_hessian(self, *case: object) -> None:
        self.call()

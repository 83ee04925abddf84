"""What does a Jacobian cost as the chain gets deeper?"""

from .apparatus.benchmark import Timed
from .apparatus.grids import Grid, nested


class Depth(Timed):
    grid = Grid(
        depth=nested([1, 4, 16, 64], [2, 8, 32]),
        layer=nested(["dense"], ["residual"]),
        width=nested([64], full=[256]),
    )
    version = "1"

    def time_jacobian(self, *case: object) -> None:
        self.call()

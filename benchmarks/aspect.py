"""What does a Jacobian cost as n grows against m?"""

from .apparatus.benchmark import Timed
from .apparatus.grids import Grid, nested


class Aspect(Timed):
    grid = Grid(
        n=nested([8, 16, 32, 64, 128, 256, 512], full=[4, 1024]),
        m=nested([16, 64, 256], [8, 128], [512]),
        activation=nested(["tanh"], full=["relu"]),
        dtype=nested(["float64"], ["float32"]),
    )
    version = "1"

    def time_jacobian(self, *case: object) -> None:
        self.call()

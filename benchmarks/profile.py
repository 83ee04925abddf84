"""What does a Jacobian cost where the widths inside the chain differ from those at its ends?"""

from .apparatus.benchmark import Timed
from .apparatus.grids import Grid, nested


class Profile(Timed):
    grid = Grid(
        profile=["uniform", "funnel", "hourglass", "bulge"],
        n=nested([64], [256]),
        m=nested([64], [256]),
        width=nested([64], [256], [16]),
        depth=nested([4], [16], [64]),
    )
    version = "1"

    def time_jacobian(self, *case: object) -> None:
        self.call()

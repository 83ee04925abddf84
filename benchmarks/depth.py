"""What does a Jacobian cost as the chain gets deeper?"""

from .apparatus.cases import Grid, Timed, active_profile, nested


class Depth(Timed):
    grid = Grid(
        depth=nested([1, 4, 16, 64], [2, 8, 32]),
        layer=nested(["dense"], ["residual"]),
        width=nested([64], full=[256]),
    )
    params = grid.lists(active_profile())
    version = "1"

    def time_jacobian(self, *case: object) -> None:
        self.call()

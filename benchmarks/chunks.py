"""What does it cost to split the seeds of a Jacobian into chunks?"""

from .cases import Grid, Timed, active_profile, nested


class Chunks(Timed):
    grid = Grid(
        chunk_size=nested([1, 4, 16, 64, None], [2, 8, 32], [128, 256]),
        n=nested([64], [256]),
        m=nested([64], [256]),
        dtype=nested(["float64"], full=["float32"]),
    )
    params = grid.lists(active_profile())
    version = "1"

    def time_jacobian(self, *case: object) -> None:
        self.call()

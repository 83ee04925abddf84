"""What was in force while the rest was measured?"""

from .apparatus.cases import Grid, Prepared, active_profile
from .apparatus.pairs import blas_threads


class Environment(Prepared):
    grid = Grid(mode=["forward/reverse"])
    params = grid.lists(active_profile())
    unit = "threads"
    version = "1"

    def track_blas_threads(self, *case: object) -> int:
        return blas_threads()

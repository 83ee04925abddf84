"""What was in force while the rest was measured?"""

from .apparatus.benchmark import Benchmark
from .apparatus.grids import Grid
from .apparatus.pairs import blas_threads
from .catalogue.metrics import UNITS


class Environment(Benchmark):
    grid = Grid(mode=["forward/reverse"], first={})
    unit = UNITS["blas_threads"]
    version = "1"

    def track_blas_threads(self, *case: object) -> int:
        return blas_threads()

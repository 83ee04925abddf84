"""How much memory does a Jacobian need at its peak? Traced in a pass of its own, never while a clock runs."""

from .apparatus.benchmark import Benchmark
from .apparatus.calls import jacobian
from .apparatus.grids import Grid, nested
from .apparatus.memory import peak_bytes
from .catalogue.metrics import UNITS


class Memory(Benchmark):
    grid = Grid(
        n=nested([64], [16, 256], [1024]),
        width=nested([64], full=[256]),
        depth=nested([4, 16, 64], [2, 8, 32]),
    )
    unit = UNITS["peak_bytes"]
    version = "1"

    def track_peak_bytes(self, *case: object) -> int:
        return peak_bytes(jacobian(self.case, self.chain, self.case.mode))

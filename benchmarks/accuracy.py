"""How far are the engine's Jacobians from the true ones?"""

from .apparatus.benchmark import Benchmark
from .apparatus.calls import jacobian
from .apparatus.checks import largest_error
from .apparatus.grids import Grid, nested
from .catalogue.metrics import UNITS


class Accuracy(Benchmark):
    grid = Grid(
        layer=["dense", "elementwise", "scalar", "residual"],
        activation=["tanh", "relu", "sigmoid", "softplus", "sin", "identity"],
        n=[16],
        m=[16],
        width=[16],
        depth=nested([4], [64]),
        dtype=nested(["float64"], ["float32"]),
    )
    unit = UNITS["max_error"]
    version = "1"

    def track_max_error(self, *case: object) -> float:
        """Against differences of the chain in extended precision, column by column."""
        answer = jacobian(self.case, self.chain, self.case.mode)()
        return float(f"{largest_error(self.chain, answer):.2e}")  # more digits of it say nothing

"""How far are the engine's Jacobians from the true ones?"""

from .apparatus.cases import Grid, Prepared, active_profile, jacobian, nested
from .apparatus.checks import largest_error


class Accuracy(Prepared):
    grid = Grid(
        layer=["dense", "elementwise", "scalar", "residual"],
        activation=["tanh", "relu", "sigmoid", "softplus", "sin", "identity"],
        n=[16],
        m=[16],
        width=[16],
        depth=nested([4], [64]),
        dtype=nested(["float64"], ["float32"]),
    )
    params = grid.lists(active_profile())
    unit = "largest error of an entry over the largest entry"
    version = "1"

    def track_max_error(self, *case: object) -> float:
        """Against differences of the chain in extended precision, column by column."""
        answer = jacobian(self.case, self.chain, self.case.mode)()
        return float(f"{largest_error(self.chain, answer):.2e}")  # more digits of it say nothing

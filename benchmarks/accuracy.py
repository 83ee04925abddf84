"""How far are the engine's Jacobians from the true ones?"""

import numpy as np

from .cases import Grid, Prepared, active_profile, jacobian, nested
from .checks import difference


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
        columns = [difference(self.chain, column) for column in np.eye(self.chain.n, dtype=self.chain.dtype)]
        expected = np.stack(columns, axis=-1)
        error = np.max(np.abs(answer - expected)) / np.max(np.abs(expected))
        return float(f"{error:.2e}")  # more digits of it say nothing

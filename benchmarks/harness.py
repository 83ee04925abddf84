"""What share of a measured time is the harness's own? An engine that does nothing, timed as the others are."""

from functools import partial

from .apparatus.benchmark import Benchmark
from .apparatus.calls import jacobian
from .apparatus.comparisons import ALL, TIMEOUT, sizes
from .apparatus.grids import nested
from .apparatus.single import FEWEST, seconds
from .catalogue.metrics import UNITS
from .peers import Array


def nothing(x: Array) -> Array:
    """The Jacobian of an engine that does nothing."""
    return x


class Overhead(Benchmark):
    grid = sizes(ALL, size=nested([8], [64, 256], [1024]), depth=nested([4], full=[16]))
    unit = UNITS["harness_share"]
    timeout = TIMEOUT
    version = "1"

    def track_harness_share(self, *case: object) -> float:
        busy, idle = jacobian(self.case, self.chain, self.case.mode), partial(nothing, self.chain.x)
        shortest = [min(seconds(call, FEWEST)) for call in (idle, busy)]
        return float(f"{shortest[0] / shortest[1]:.3g}")

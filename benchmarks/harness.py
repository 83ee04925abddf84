"""What share of a measured time is the harness's own? An engine that does nothing, timed as the others are."""

import statistics
from functools import partial

from .cases import Prepared, active_profile, jacobian, nested, pair_count
from .engines import ALL, sizes
from .peers import Array
from .single import seconds


def nothing(x: Array) -> Array:
    """The Jacobian of an engine that does nothing."""
    return x


class Overhead(Prepared):
    grid = sizes(ALL, size=nested([8], [64], [256, 1024]))
    params = grid.lists(active_profile())
    unit = "time of a call that does nothing over that of a Jacobian"
    timeout = 900.0
    version = "1"

    def track_harness_share(self, *case: object) -> float:
        idle = seconds(partial(nothing, self.chain.x), pair_count())
        busy = seconds(jacobian(self.case, self.chain, self.case.mode), pair_count())
        return float(f"{statistics.median(idle) / statistics.median(busy):.3g}")

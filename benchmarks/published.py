"""Do published comparisons of the two modes hold here? Each engine on the cases of a tutorial that its readers
know (:mod:`benchmarks.catalogue.published`).
"""

from .apparatus.benchmark import Benchmark
from .apparatus.comparisons import TWO_MODES
from .apparatus.grids import Grid
from .apparatus.pairs import Samples
from .apparatus.ratio import RATIO, log_ratio
from .catalogue.metrics import UNITS
from .catalogue.published import PUBLISHED, Published


def compared(times: Published) -> Grid:
    """One published case, by every engine that has both modes."""
    return Grid(engine=TWO_MODES, n=[times.n], m=[times.m], depth=[1], mode=RATIO)


class _Published(Benchmark):
    unit = UNITS["log_ratio"]
    version = "1"

    def track_log_ratio(self, *case: object) -> Samples:
        return log_ratio(self)


class Tall(_Published):
    grid = compared(PUBLISHED["tall"])


class Wide(_Published):
    grid = compared(PUBLISHED["wide"])

"""How do the engines compare, and where does each one's cheaper mode change?

All engines run the same chains at the same point (peers/). Which of them take part is said in
:mod:`benchmarks.apparatus.comparisons`. Set-up (tracing, compiling), memory and time are separate figures.
"""

import time
from collections.abc import Sequence
from copy import copy
from functools import partial

from . import peers
from .apparatus import fitting
from .apparatus.benchmark import Benchmark
from .apparatus.calls import checked, jacobian, primal
from .apparatus.checks import largest_error
from .apparatus.comparisons import ALL, TIMEOUT, TWO_MODES, sizes
from .apparatus.grids import Grid, Listed, nested
from .apparatus.memory import peak_bytes
from .apparatus.pairs import Call, Samples
from .apparatus.ratio import RATIO, log_ratio
from .apparatus.relative import over
from .apparatus.settings import pair_count
from .apparatus.single import seconds, setup_seconds, stored
from .catalogue.case import Case
from .catalogue.engines import ENGINES
from .catalogue.metrics import UNITS

SAMPLES = 15
"""Samples of a time that is given in absolute terms: enough for a median and its interval."""
SETUPS = 7


class _Compared(Benchmark):
    """Base of the comparisons."""

    timeout = TIMEOUT
    version = "1"


# --- each engine's own crossover, in interleaved pairs of its two modes ---

N = nested([16, 64, 256], full=[4, 8, 32, 128, 512, 1024])


class _Crossover(_Compared):
    unit = UNITS["log_ratio"]

    def track_log_ratio(self, *case: object) -> Samples:
        return log_ratio(self)


def around(*outputs: int, factors: Sequence[float] = (0.25, 0.5, 1, 2, 4)) -> list[Case]:
    """n around each m: a crossover lies near its diagonal."""
    return [
        Case(engine, n=int(m * factor), m=m, mode=RATIO[0])
        for engine in TWO_MODES
        for m in outputs
        for factor in factors
    ]


class Crossover(_Crossover):
    """Over m."""

    grid = Listed(
        quick=around(64, factors=[0.25, 1, 4]),
        standard=[*around(16, 64), *around(256, factors=[0.5, 1, 2])],
        full=around(8, 16, 32, 64, 128, 256, factors=[0.125, 0.25, 0.5, 1, 2, 4, 8]),
    )


class CrossoverWidth(_Crossover):
    """Over the width; that of 64 is in Crossover."""

    grid = Grid(engine=TWO_MODES, n=N, width=nested([256], full=[16, 1024]), mode=RATIO)


class CrossoverDepth(_Crossover):
    """Over the depth; that of 4 is in Crossover."""

    grid = Grid(engine=TWO_MODES, n=N, depth=nested([16], full=[2, 64]), mode=RATIO)


# --- one engine beside the others ---


class Cost(_Compared):
    """The time of one Jacobian; n, m and width against each other in preset full."""

    grid = sizes(ALL, square=("quick", "standard"))
    unit = UNITS["seconds"]

    def track_seconds(self, *case: object) -> Samples:
        return stored(seconds(jacobian(self.case, self.chain, self.case.mode), SAMPLES))


class CostOverInputs(Cost):
    """The same over n, at m and width 64; that of n = 64 is in Cost."""

    grid = Grid(engine=ALL, n=nested([16], [128, 512], [32, 256]))


class CostFloat32(Cost):
    """The same in single precision."""

    grid = sizes(ALL, size=nested([64], [256], [8, 1024]), depth=nested([4], full=[16]), dtype=["float32"])


class Primal(_Compared):
    """The time of f itself, as the engine's users evaluate it."""

    grid = sizes(ALL, mode=["primal"])
    unit = UNITS["f_seconds"]

    def track_f_seconds(self, *case: object) -> Samples:
        return stored(seconds(primal(self.case, self.chain), SAMPLES))


class OverModes(_Compared):
    """One Jacobian of the engine over one of this project's, in interleaved pairs: 0 is as fast, above is
    slower."""

    grid = sizes([name for name in ALL if name != "modes"], square=("quick", "standard"))
    unit = UNITS["log_over_modes"]

    def track_log_over_modes(self, *case: object) -> Samples:
        own = self.case._replace(engine="modes")
        above, below = (jacobian(side, self.chain, self.case.mode) for side in (self.case, own))
        return over(above, below, pair_count())


class Preparation(_Compared):
    """What comes before the second call: writing, tracing and compiling a Jacobian of a chain not seen
    before."""

    grid = sizes(ALL, size=nested([64], full=[8, 256, 1024]))
    unit = UNITS["setup_seconds"]

    def track_setup_seconds(self, *case: object) -> Samples:
        checked(self.case, self.chain, self.case.mode)  # the runtime has started, and the answer is right
        engine, x = peers.load(self.case.engine), peers.load(self.case.engine).array(self.chain.x)

        def build() -> Call:
            chain = copy(self.chain)  # another function, of the same parameters
            return partial(engine.jacobian(chain, self.case.mode, self.case.chunk_size), x)

        return stored(setup_seconds(build, SETUPS))


class Accuracy(_Compared):
    grid = Grid(
        engine=ALL,
        layer=nested(["dense"], full=["residual", "elementwise", "scalar"]),
        activation=nested(["tanh"], full=["relu", "sigmoid", "softplus", "sin", "identity"]),
        n=[16],
        m=[16],
        width=[16],
        dtype=nested(["float64"], ["float32"]),
    )
    unit = UNITS["max_error"]

    def track_max_error(self, *case: object) -> float:
        answer = peers.load(self.case.engine).home(checked(self.case, self.chain, self.case.mode)())
        return float(f"{largest_error(self.chain, answer):.2e}")


class Memory(_Compared):
    """The peak of one Jacobian, of those engines where it can be had: traced, or by their own account."""

    grid = Grid(
        engine=[name for name in ALL if ENGINES[name].memory],
        n=nested([64], full=[256]),
        m=nested([64], full=[256]),
        depth=nested([4, 64], full=[16]),
    )
    unit = UNITS["peak_bytes"]

    def track_peak_bytes(self, *case: object) -> int:
        if ENGINES[self.case.engine].device:
            return fitting.peak(self.case)
        call = checked(self.case, self.chain, self.case.mode)
        if ENGINES[self.case.engine].memory == "traced":
            return peak_bytes(call)
        return peers.load(self.case.engine).peak_bytes(self.chain, self.case.mode, self.case.chunk_size)


class Cores(Benchmark):
    """Does the engine keep to one thread? Cores that are busy while it computes; not pinned, or it would be
    one in any case."""

    grid = Grid(engine=ALL, n=[256], m=[256], width=[256])
    pinned = False
    unit = UNITS["cores_in_use"]
    version = "1"

    def track_cores_in_use(self, *case: object) -> float:
        call = jacobian(self.case, self.chain, self.case.mode)
        start, busy = time.perf_counter(), time.process_time()
        while time.perf_counter() - start < 0.5:
            call()
        return round((time.process_time() - busy) / (time.perf_counter() - start), 2)

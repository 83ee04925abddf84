"""Where do the modes cross on an accelerator, and what fits into its memory? Sizes that fill a device.

The chains, their parameters and their point are those of the other questions; parameters and point lie on the device,
and the Jacobian stays there, computed and waited for (:mod:`benchmarks.peers`). Its copy home is timed apart. Before
anything is timed the times have become steady, and a ratio whose pairs change their level is refused
(:mod:`benchmarks.apparatus.steady`). float32 is float32: TF32 is off.

Presets quick and standard ask engines on a device alone; full asks some of the host as well, at the smallest of these
sizes. Stand-ins (:data:`benchmarks.catalogue.engines.STAND_INS`) can be asked for everything that a device can, by
name.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from . import peers
from .apparatus import conditions, fitting
from .apparatus.benchmark import Benchmark
from .apparatus.calls import checked, jacobian
from .apparatus.comparisons import TIMEOUT
from .apparatus.grids import Listed
from .apparatus.memory import peak_bytes
from .apparatus.pairs import Samples
from .apparatus.ratio import RATIO, log_ratio
from .apparatus.settings import pair_count
from .apparatus.shapes import Shape, every
from .apparatus.single import copy_seconds, seconds, stored
from .apparatus.steady import expect_level, settle
from .catalogue.case import Case
from .catalogue.engines import BOTH, DEVICES, ENGINES, STAND_INS
from .catalogue.metrics import UNITS

ON_DEVICE = [*DEVICES, *STAND_INS]
HOST = ["modes", "jax", "torch"]
"""Engines of the host, beside which a device's numbers say what the device is worth."""
FLOATS = ["float32", "float64"]
LARGEST = 8192
CHUNKS = [256, None]
"""Seeds a chunk: enough of them to fill a device's units; or all at once."""
SAMPLES = 15


def around(*outputs: int, factors: Sequence[float] = (0.25, 0.5, 1, 2, 4), depth: int = 4) -> list[Shape]:
    """n around each m, which is the width as well, up to LARGEST."""
    return [Shape(int(m * factor), m, m, depth) for m in outputs for factor in factors if m * factor <= LARGEST]


def asked(
    shapes: Iterable[Shape], mode: Sequence[str] = BOTH, engine: Sequence[str] = ON_DEVICE, **axes: Sequence[Any]
) -> list[Case]:
    """Each shape by each engine, in both precisions."""
    return every(shapes, mode, engine=engine, dtype=FLOATS, **axes)


SQUARE = [Shape(size, size, size) for size in (1024, 4096)]
LARGE = [Shape(LARGEST, LARGEST, LARGEST, depth) for depth in (4, 16)]
QUICK = [Shape(256, 256, 256)]


class _Device(Benchmark):
    timeout = TIMEOUT
    version = "1"


class Crossover(_Device):
    """In interleaved pairs of the two modes."""

    grid = Listed(
        quick=asked(around(256, factors=[0.5, 1, 2]), RATIO),
        standard=asked([*around(1024, 4096), *around(1024, 4096, depth=16)], RATIO),
        full=[
            *asked([*around(256, 512, 2048, 8192), *around(2048, 8192, depth=16)], RATIO),
            *asked(around(1024, factors=[0.5, 1, 2]), RATIO, HOST),
        ],
    )
    timeout = 3600.0
    unit = UNITS["log_ratio"]

    def track_log_ratio(self, *case: object) -> Samples:
        return log_ratio(self)


class Control(_Device):
    """A/A: forward mode against itself. What is not 0 here is the device's, not the modes'."""

    grid = Listed(
        quick=asked(QUICK, ["forward/forward"]),
        standard=asked(SQUARE, ["forward/forward"]),
        full=asked(LARGE[:1], ["forward/forward"]),
    )
    timeout = 3600.0
    unit = "ln(forward / forward)"

    def track_log_ratio(self, *case: object) -> Samples:
        return log_ratio(self)


class Cost(_Device):
    """The time of one Jacobian."""

    grid = Listed(
        quick=asked(QUICK),
        standard=asked([*SQUARE, *(shape._replace(depth=16) for shape in SQUARE)]),
        full=[*asked(LARGE), *asked(SQUARE[:1], engine=HOST)],
    )
    unit = UNITS["seconds"]

    def track_seconds(self, *case: object) -> Samples:
        times = seconds(jacobian(self.case, self.chain, self.case.mode), SAMPLES)
        if peers.load(self.case.engine).on_device:
            expect_level("the time of a Jacobian", [math.log(time) for time in times])
        return stored(times)


class Home(_Device):
    """The copy of a Jacobian from the device to the host, into an array that the system has to make room for."""

    grid = Listed(
        quick=asked(QUICK, mode=["reverse"]),
        standard=asked(SQUARE, mode=["reverse"]),
        full=asked(LARGE[:1], mode=["reverse"]),
    )
    unit = UNITS["home_seconds"]

    def track_home_seconds(self, *case: object) -> Samples:
        make = checked(self.case, self.chain, self.case.mode)
        return stored(copy_seconds(make, peers.load(self.case.engine).home, pair_count()))


class WarmUp(_Device):
    """From the second call of a Jacobian until its time is steady."""

    grid = Listed(quick=asked(QUICK), standard=asked(SQUARE), full=asked(LARGE))
    unit = UNITS["warm_up_seconds"]

    def track_warm_up_seconds(self, *case: object) -> float:
        return round(settle(checked(self.case, self.chain, self.case.mode)).seconds, 6)


class Memory(_Device):
    """The peak of one Jacobian by the device's account, in a process of its own; in chunks, and all seeds at once."""

    grid = Listed(
        quick=asked(QUICK, engine=DEVICES, chunk_size=CHUNKS),
        standard=asked([*SQUARE, *(shape._replace(depth=16) for shape in SQUARE)], engine=DEVICES, chunk_size=CHUNKS),
        full=[*asked(LARGE, engine=DEVICES, chunk_size=CHUNKS), *asked(SQUARE[:1], engine=HOST[:1], chunk_size=CHUNKS)],
    )
    unit = UNITS["peak_bytes"]

    def track_peak_bytes(self, *case: object) -> int:
        if ENGINES[self.case.engine].device:
            return fitting.peak(self.case)
        return peak_bytes(checked(self.case, self.chain, self.case.mode))


class Fits(_Device):
    """The largest n whose Jacobian fits, found from the case's n on; in chunks, and all seeds at once.

    Into the device's memory; of the host's engines, and of stand-ins, into so much of the host's as
    :data:`benchmarks.apparatus.fitting.AT_HOME` says.
    """

    grid = Listed(
        quick=every([Shape(1024, 256, 256)], engine=ON_DEVICE, dtype=FLOATS[:1]),
        standard=asked([Shape(1024, 1024, 1024)], chunk_size=CHUNKS),
        full=asked([Shape(1024, 1024, 1024)], engine=HOST[:1], chunk_size=CHUNKS),
    )
    unit = UNITS["largest_n"]

    def track_largest_n(self, *case: object) -> int:
        return fitting.largest(lambda n: fitting.fits(self.case._replace(n=n)), self.case.n)


BUSY = Listed(
    quick=asked(QUICK, mode=["reverse"], engine=DEVICES),
    standard=asked(SQUARE, mode=["reverse"], engine=DEVICES),
    full=asked(LARGE, mode=["reverse"], engine=DEVICES),
)


class _Condition(_Device):
    what: ClassVar[str]

    def begin(self, *parameters: object) -> None:
        super().begin(*parameters)
        conditions.reading(self.what)  # or the cell is skipped, with the reason

    def readings(self) -> Samples:
        call = checked(self.case, self.chain, self.case.mode)
        return {"samples": conditions.under(call, self.what), "number": 1}


class Power(_Condition):
    """What the device draws while it computes Jacobians."""

    grid = BUSY
    what = conditions.POWER
    unit = UNITS["power_watts"]

    def track_power_watts(self, *case: object) -> Samples:
        return self.readings()


class Clock(_Condition):
    """The clock that the device keeps while it computes Jacobians."""

    grid = BUSY
    what = conditions.CLOCK
    unit = UNITS["clock_mhz"]

    def track_clock_mhz(self, *case: object) -> Samples:
        return self.readings()

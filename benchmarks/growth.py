"""How do time and memory of a Jacobian grow with n, with m, with the width and with the depth, where they are large?

Absolute figures of one engine, four sizes or more along each axis with the other three held: what exponents are fitted
to (C1, C2, C5). Sizes below 128 are left to the other benchmarks: there the price a call bends the curve (C6).
"""

from .apparatus.benchmark import Benchmark
from .apparatus.calls import jacobian
from .apparatus.grids import Listed
from .apparatus.memory import peak_bytes
from .apparatus.pairs import Samples
from .apparatus.shapes import Shape, every
from .apparatus.single import seconds, stored
from .catalogue.metrics import UNITS


def axes(sizes: list[int], depths: list[int]) -> list[Shape]:
    """A cross through two shapes: n and m around 256, width and depth around 128."""
    return [
        *(Shape(n, 256, 256) for n in sizes),
        *(Shape(256, m, 256) for m in sizes),
        *(Shape(128, 128, width) for width in sizes),
        *(Shape(128, 128, 128, depth) for depth in depths),
    ]


CASES = Listed(
    quick=every([Shape(128, 128, 128)]),  # no growth to be seen, but that the suite still runs
    standard=every(axes([128, 256, 512, 1024], [4, 8, 16, 32, 64])),
    full=every(axes([192, 384, 768], [6, 12, 24, 48, 96, 128])),
)

SAMPLES = 41


class Time(Benchmark):
    grid = CASES
    unit = UNITS["seconds"]
    version = "1"

    def track_seconds(self, *case: object) -> Samples:
        return stored(seconds(jacobian(self.case, self.chain, self.case.mode), SAMPLES))


class Memory(Benchmark):
    grid = CASES
    unit = UNITS["peak_bytes"]
    version = "1"

    def track_peak_bytes(self, *case: object) -> int:
        return peak_bytes(jacobian(self.case, self.chain, self.case.mode))

"""What does it cost to split the seeds of a Jacobian into chunks, and what memory does it save?

Time and the peak of memory at the same cases. A chunk holds as many seeds as there are at most: n in forward mode, m
in reverse mode.
"""

from .apparatus.benchmark import Benchmark, Timed
from .apparatus.calls import jacobian
from .apparatus.grids import Listed
from .apparatus.memory import peak_bytes
from .apparatus.shapes import Shape, every, squares
from .catalogue.case import Case
from .catalogue.metrics import UNITS

FLOATS = ["float64", "float32"]
STANDARD = [1, 2, 4, 8, 16, 32, 64, None]


def mixed(*sizes: int) -> list[Shape]:
    """n and m of all combinations of the sizes, at width 64."""
    return [Shape(n, m, 64) for n in sizes for m in sizes]


def filled(cases: list[Case]) -> list[Case]:
    """The cases with as many seeds as a chunk holds, or more."""
    seeds = {"forward": "n", "reverse": "m"}
    return [case for case in cases if case.chunk_size is None or case.chunk_size <= getattr(case, seeds[case.mode])]


CASES = Listed(
    quick=every(squares(64), chunk_size=[1, 4, 16, 64, None]),
    standard=filled(
        [
            *every(mixed(64, 256), chunk_size=STANDARD),
            *every([Shape(64, 64, 64), Shape(256, 256, 64)], chunk_size=STANDARD, dtype=["float32"]),
        ]
    ),
    full=filled(
        [
            *every(mixed(64, 256, 1024), chunk_size=[*STANDARD, 128, 256], dtype=FLOATS),
            # Smaller chunks read 30 MiB of parameters over and over, and take seconds.
            *every(squares(1024), chunk_size=[32, 64, 128, 256, 512, None], dtype=FLOATS),
        ]
    ),
)


class Chunks(Timed):
    grid = CASES
    version = "1"

    def time_jacobian(self, *case: object) -> None:
        self.call()


class Memory(Benchmark):
    grid = CASES
    unit = UNITS["peak_bytes"]
    version = "1"

    def track_peak_bytes(self, *case: object) -> int:
        return peak_bytes(jacobian(self.case, self.chain, self.case.mode))

"""Where does forward mode stop being the cheaper way to a Jacobian? Interleaved pairs of the two modes.

m is held while n runs over a grid that reaches to both sides of m, so that the sign of the logarithm of forward over
reverse time (:mod:`benchmarks.apparatus.ratio`) changes inside it.
"""

import json
import os
from pathlib import Path
from typing import ClassVar

from .apparatus.benchmark import Benchmark
from .apparatus.grids import Grid, nested
from .apparatus.pairs import Samples
from .apparatus.ratio import AROUND_64, RATIO, log_ratio
from .catalogue.metrics import UNITS


class _Ratio(Benchmark):
    unit = UNITS["log_ratio"]
    version = "1"

    def track_log_ratio(self, *case: object) -> Samples:
        return log_ratio(self)


class Map(_Ratio):
    grid = Grid(
        n=nested([4, 8, 16, 32, 64, 128, 256, 512], full=[2, 12, 24, 48, 96, 192, 384, 1024]),
        m=nested([8, 16, 32, 64, 128], [256], [512, 1024]),
        width=nested([64, 256], full=[1024]),
        depth=nested([4], [16]),
        mode=RATIO,
        first={"m": [64], "width": [64]},
    )


class Width(_Ratio):
    grid = Grid(
        engine=nested(["modes"], ["floor"]),
        n=AROUND_64,
        width=nested([16, 32, 64, 128, 256], full=[512, 1024]),
        mode=RATIO,
    )


class Depth(_Ratio):
    grid = Grid(
        n=AROUND_64,
        depth=nested([2, 4, 8, 16, 64], [32]),
        layer=nested(["dense"], ["residual"]),
        dtype=nested(["float64"], full=["float32"]),
        mode=RATIO,
    )


class Profile(_Ratio):
    grid = Grid(
        n=AROUND_64,
        profile=["funnel", "hourglass", "bulge"],
        width=nested([64], [256]),
        depth=nested([4], full=[16]),
        mode=RATIO,
    )


class Control(_Ratio):
    """A/A: forward mode against itself. What is not 0 here is the machine's, not the modes'."""

    grid = Grid(n=nested([16, 32, 64, 128, 256], [8, 512]), mode=["forward/forward"], first={"n": [16, 64, 256]})
    unit = "ln(forward / forward)"


def refinements() -> list[str]:
    """The cases in the JSON file that MODES_REFINE names, a list of strings as :meth:`Case.parse` reads
    them."""
    path = os.environ.get("MODES_REFINE")
    cases = json.loads(Path(path).read_text(encoding="utf-8")) if path else []
    if not isinstance(cases, list) or not all(isinstance(case, str) for case in cases):
        raise ValueError(f"{path} (MODES_REFINE): expected a JSON list of strings, each a case")
    return cases


if REFINEMENTS := refinements():  # a class without cases would show up in asv as a failure

    class Refine(_Ratio):
        """Cases between the points of the grids, chosen by the analysis after it has seen those."""

        param_names: ClassVar[list[str]] = ["case"]
        params: ClassVar[list[list[str]]] = [REFINEMENTS]

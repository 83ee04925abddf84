"""Where does forward mode stop being the cheaper way to a Jacobian? Interleaved pairs of the two modes.

The unit is the natural logarithm of forward over reverse time, one number a pair: below 0 forward mode is
cheaper. asv's value is their median. m is held while n runs over a grid that reaches to both sides of m, so
that the sign changes inside it.
"""

import json
import os
from pathlib import Path
from typing import ClassVar

from .apparatus.cases import Grid, Prepared, active_profile, jacobian, nested, pair_count
from .apparatus.pairs import Samples, samples

RATIO = ["forward/reverse"]
UNIT = "ln(forward / reverse)"
AROUND_64 = nested([16, 32, 64, 128, 256, 512], [8, 48, 96, 192], [4, 24, 384, 1024])


def log_ratio(benchmark: Prepared) -> Samples:
    """One pair of Jacobians, of the two modes that ``case.mode`` names."""
    case, chain = benchmark.case, benchmark.chain
    above, below = (jacobian(case, chain, mode) for mode in case.mode.split("/"))
    return samples(above, below, pair_count())


class _Ratio(Prepared):
    unit = UNIT
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
    )
    params = grid.lists(active_profile())


class Width(_Ratio):
    grid = Grid(
        engine=nested(["modes"], ["floor"]),
        n=AROUND_64,
        width=nested([16, 32, 64, 128, 256], full=[512, 1024]),
        mode=RATIO,
    )
    params = grid.lists(active_profile())


class Depth(_Ratio):
    grid = Grid(
        n=AROUND_64,
        depth=nested([2, 4, 8, 16, 64], [32]),
        layer=nested(["dense"], ["residual"]),
        dtype=nested(["float64"], full=["float32"]),
        mode=RATIO,
    )
    params = grid.lists(active_profile())


class Profile(_Ratio):
    grid = Grid(
        n=AROUND_64,
        profile=["funnel", "hourglass", "bulge"],
        width=nested([64], [256]),
        depth=nested([4], full=[16]),
        mode=RATIO,
    )
    params = grid.lists(active_profile())


class Control(_Ratio):
    """A/A: forward mode against itself. What is not 0 here is the machine's, not the modes'."""

    grid = Grid(n=nested([16, 32, 64, 128, 256], [8, 512]), mode=["forward/forward"])
    params = grid.lists(active_profile())
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

"""What the comparisons of engines share: the lists of engines, and of sizes that all of them are asked for.

The list of engines is always the whole table, but for those by a hand-made cut and the stand-ins, so that asv keeps
what is stored; which of them take part is chosen by cell (``python -m benchmarks cells --engines``) and by
MODES_ENGINES.
"""

from collections.abc import Sequence
from typing import Any

from .. import peers
from ..catalogue.engines import BOTH, CUTS, ENGINES, STAND_INS
from ..catalogue.presets import PRESETS
from .grids import Axis, Grid, nested

ALL = [name for name in ENGINES if name not in (*CUTS, *STAND_INS)]
TWO_MODES = [name for name in ALL if set(BOTH) <= set(ENGINES[name].modes)]
SIZES = nested([64], [8, 256], [1024])
DEPTHS = nested([4], [16])
TIMEOUT = 900.0
"""An engine may hang or grow without bounds: asv ends the cell after this time."""


def sizes(
    engine: list[str], square: Sequence[str] = PRESETS, size: Axis = SIZES, depth: Axis = DEPTHS, **axes: Any
) -> Grid:
    """n, m and width of some sizes, all of one size in the presets named in ``square``."""
    return Grid(engine=engine, n=size, m=size, width=size, depth=depth, square=square, **axes)


peers.preload()  # here, where asv imports it before it forks: torch takes a second and a half, a cell less

"""The figures: each a function that draws what it is given on the matplotlib figure that it is given.

Contract: `draw(figure, shown) -> figure`, `shown` being what `analysis.tables.shown` picked for it. A figure works out
where things lie on paper, and no number that it shows. Nothing is read, written, or set outside the figure. What was
not measured is named in the figure's place, with the command that measures it. `FIGURES` lists them all by file name,
in the order of the report, `drawn` makes one of them.
"""

from collections.abc import Callable
from typing import NamedTuple

from matplotlib.figure import Figure

from analysis.figures.chunks import chunk_size
from analysis.figures.cost import cost_against_n
from analysis.figures.libraries import engines_crossover, engines_time
from analysis.figures.limits import cost_over_limit, engine_overhead
from analysis.figures.map import crossover_map, headline_map
from analysis.figures.memory import memory_against_depth
from analysis.figures.mixed import mixed_gain
from analysis.figures.model import model_errors
from analysis.figures.problems import problem_regret
from analysis.figures.products import product_cost
from analysis.figures.ratio import crossover_ratio
from analysis.figures.regret import rule_regret
from analysis.figures.style import Sheet
from analysis.tables.findings import Findings
from analysis.tables.shown.panels import Shown


class Picture(NamedTuple):
    """A figure of the report: how it is drawn, of which attribute of the findings, its size in inches, and the size
    that it has on a phone, where it is drawn anew for that."""

    draw: Callable[[Figure, Shown], Figure]
    of: Callable[[Findings], Shown]
    size: tuple[float, float] = (9.0, 4.4)
    narrow: tuple[float, float] | None = None


FIGURES: dict[str, Picture] = {
    "headline-map": Picture(headline_map, lambda found: found.headline_panels, (6.2, 5.6), (4.4, 5.4)),
    "engines-crossover": Picture(engines_crossover, lambda found: found.engine_crossover_panels, (7.6, 6), (4.4, 6)),
    "rule-regret": Picture(rule_regret, lambda found: found.regret_panels, (9.0, 5.6), (4.4, 7.0)),
    "crossover-ratio": Picture(crossover_ratio, lambda found: found.ratio_panels, (11.0, 6.0), (4.8, 10.0)),
    "crossover-map": Picture(crossover_map, lambda found: found.map_panels, (9.0, 9.0)),
    "cost-against-n": Picture(cost_against_n, lambda found: found.cost_panels, (9.0, 4.2)),
    "memory-against-depth": Picture(memory_against_depth, lambda found: found.memory_panels, (7.6, 4.4), (4.4, 4.4)),
    "product-cost": Picture(product_cost, lambda found: found.product_panels, (9.0, 5.0)),
    "chunk-size": Picture(chunk_size, lambda found: found.chunk_panels, (9.0, 4.4)),
    "engines-time": Picture(engines_time, lambda found: found.engine_time_panels, (10.0, 5.0)),
    "mixed-gain": Picture(mixed_gain, lambda found: found.mixed_panels, (10.0, 5.0)),
    "problem-regret": Picture(problem_regret, lambda found: found.problem_panels, (10.0, 6.6)),
    "cost-over-limit": Picture(cost_over_limit, lambda found: found.limit_panels, (9.0, 4.4)),
    "engine-overhead": Picture(engine_overhead, lambda found: found.overhead_panels, (9.0, 4.4)),
    "model-errors": Picture(model_errors, lambda found: found.error_panels, (9.0, 4.6)),
}

__all__ = ["FIGURES", "Picture", "drawn"]


def drawn(picture: Picture, found: Findings, narrow: bool = False) -> Figure:
    """A picture of what was found, independent of matplotlib's global state; for a phone where it can be drawn so."""
    size = picture.narrow if narrow and picture.narrow else picture.size
    figure = Sheet(figsize=size, layout="constrained", facecolor="white")
    figure.conditions = found.blas
    return picture.draw(figure, picture.of(found))

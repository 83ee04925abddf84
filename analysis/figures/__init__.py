"""The figures: each a function of the tidy and the crossover table that draws on the matplotlib figure it is given.

Contract: `draw(figure, tidy, crossovers) -> figure`. Nothing is read, written, or set outside the figure. Data that was
not measured is named in the figure's place, with the command that measures it. `new_figure` makes a figure of the right
size, `FIGURES` lists them all by file name, in the order of the report.
"""

from collections.abc import Callable

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.chunks import chunk_size
from analysis.figures.cost import cost_against_n
from analysis.figures.libraries import engines_crossover, engines_time
from analysis.figures.limits import cost_over_limit, engine_overhead
from analysis.figures.map import crossover_map
from analysis.figures.memory import memory_against_depth
from analysis.figures.model import cost_model, model_errors
from analysis.figures.products import product_cost
from analysis.figures.ratio import crossover_ratio
from analysis.figures.selection import rule_regret

Draw = Callable[[Figure, pd.DataFrame, pd.DataFrame], Figure]

FIGURES: dict[str, Draw] = {
    "cost-against-n": cost_against_n,
    "crossover-map": crossover_map,
    "crossover-ratio": crossover_ratio,
    "memory-against-depth": memory_against_depth,
    "product-cost": product_cost,
    "cost-over-limit": cost_over_limit,
    "engine-overhead": engine_overhead,
    "chunk-size": chunk_size,
    "engines-crossover": engines_crossover,
    "engines-time": engines_time,
    "rule-regret": rule_regret,
    "cost-model": cost_model,
    "model-errors": model_errors,
}
SIZES = {
    "cost-against-n": (9.0, 4.2),
    "crossover-map": (9.0, 5.6),
    "crossover-ratio": (10.0, 4.4),
    "product-cost": (9.0, 5.0),
    "engines-crossover": (10.0, 4.6),
    "engines-time": (10.0, 5.0),
    "rule-regret": (9.0, 5.6),
    "cost-model": (9.0, 6.4),
    "model-errors": (9.0, 4.6),
}  # inches
DEFAULT_SIZE = (9.0, 4.4)

__all__ = ["FIGURES", "SIZES", "Draw", "new_figure", *sorted(draw.__name__ for draw in FIGURES.values())]


def new_figure(name: str) -> Figure:
    """An empty figure of the size that figure `name` of FIGURES needs, independent of matplotlib's global state."""
    return Figure(figsize=SIZES.get(name, DEFAULT_SIZE), layout="constrained", facecolor="white")

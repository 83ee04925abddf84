"""Two runs as a whole: do their intervals know what the next run will find? Pure functions of tables.

Contract: what is compared are the cells of paired metrics (their names begin with `log_`) that both runs measured, and
the crossovers of time that have a number in both. For two 95 % intervals of one truth, of two independent and normal
errors, 99.4 % overlap, and |difference| over its standard error has a median of 0.67 and a 95 % point of 1.96. BARS
leave room for intervals of few processes, whose errors follow Student's t.

The standard error of a cell is that of the mean over its processes (`analysis.intervals.over_processes`). Results of
benchmarks of version 1 have no processes to speak of; there it is the half width of the interval over 1.96, as if it
were that of a normal error. What comes out by half widths everywhere stands beside it: Student's t makes those of few
processes longer, so that it is less.
"""

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.intervals import Floats, over_processes
from analysis.reading.runs import RUN
from analysis.replicating.judging import QUANTILE
from analysis.replicating.sources import Run
from analysis.tables import noise
from analysis.tables.crossover import CROSSES, GROUP
from benchmarks.catalogue.case import PARAMETERS

SETTING = (*(name for name in GROUP if name not in RUN), "metric")


class Bar(NamedTuple):
    """What a figure of two runs under the same conditions has to reach, and how it is written."""

    bar: float
    least: bool
    """Whether the bar is the least; else the most."""
    words: str
    written: str

    def holds(self, value: float) -> bool:
        return value >= self.bar if self.least else value <= self.bar

    def said(self, value: float) -> str:
        return self.written.format(value)


BARS = {
    "cells_overlap": Bar(0.97, True, "cells whose intervals overlap", "{:.1%}"),
    "median_difference": Bar(0.95, False, "|difference| / standard error, median", "{:.2f}"),
    "high_difference": Bar(2.8, False, "|difference| / standard error, 95 % point", "{:.2f}"),
    "crossovers_overlap": Bar(0.95, True, "crossovers whose intervals overlap", "{:.1%}"),
    "crossover_width": Bar(0.12, False, "median width of a crossover's interval", "{:.1%}"),
}
AGREEMENT_COLUMNS = (
    *("one", "other", "differing", "cells", "crossovers"),
    *BARS,
    *("median_by_half_width", "high_by_half_width", "moved"),
)


def agreements(runs: Sequence[Run]) -> pd.DataFrame:
    """One row (AGREEMENT_COLUMNS) for each two runs, those under the same conditions first.

    `differing` names the conditions that they do not share; `cells` and `crossovers` are how many both have, `moved`
    the median of by how much a crossover moved, as a share. What cannot be said is nan.
    """
    rows = [_pair(one, other) for one, other in combinations(runs, 2)]
    found = pd.DataFrame(rows, columns=list(AGREEMENT_COLUMNS))
    return found.sort_values("differing", key=lambda column: column != "", kind="stable").reset_index(drop=True)


def _pair(one: Run, other: Run) -> list[Any]:
    differing = ", ".join(name for name in one.conditions if one.conditions[name] != other.conditions[name])
    cells = _cells(one).merge(_cells(other), on=[*PARAMETERS, "metric"], suffixes=("", "_other"))
    stars = _crossovers(one).merge(_crossovers(other), on=list(SETTING), suffixes=("", "_other"))
    apart = np.abs((cells["value"] - cells["value_other"]).to_numpy(dtype=float))
    by_error = _quantiles(apart, _hypot(cells, "error"))
    by_half_width = _quantiles(apart, _hypot(cells, "half_width"))
    known = pd.concat([stars["high"] / stars["low"], stars["high_other"] / stars["low_other"]])
    widths = known[np.isfinite(known)] - 1
    moved = np.expm1(np.abs(np.log((stars["n_star"] / stars["n_star_other"]).to_numpy(dtype=float))))
    numbers = {
        "cells_overlap": _share(_overlap(cells)),
        "median_difference": by_error[0],
        "high_difference": by_error[1],
        "crossovers_overlap": _share(_overlap(stars)),
        "crossover_width": float(widths.median()) if len(widths) else math.nan,
    }
    further = [*by_half_width, float(np.median(moved)) if len(moved) else math.nan]
    return [one.name, other.name, differing, len(cells), len(stars), *(numbers[name] for name in BARS), *further]


def _cells(run: Run) -> pd.DataFrame:
    """The paired cells of a run that have an interval."""
    tidy = run.found.tidy
    rows = tidy[tidy["metric"].str.startswith("log_") & (tidy["status"] == "ok") & tidy["low"].notna()]
    rows = rows[[*PARAMETERS, "metric", "value", "low", "high", "samples", "processes"]].copy()
    for name in PARAMETERS:  # a cell without a width is the same cell in both runs; a missing value equals nothing
        rows[name] = rows[name].astype(object).where(rows[name].notna(), "")
    rows["half_width"] = (rows["high"] - rows["low"]) / (2 * QUANTILE)
    errors = rows["samples"].map(lambda samples: over_processes(samples or ()).error).astype(float)
    rows["error"] = errors.where(rows["processes"].notna(), rows["half_width"])
    return rows


def _crossovers(run: Run) -> pd.DataFrame:
    """The crossovers of time of a run that have a number, whatever its controls say."""
    found = run.found
    told = noise.told(found.crossovers, found.spans, "")
    return told[(told["metric"] == "log_ratio") & (told["verdict"] == CROSSES)]


def _hypot(cells: pd.DataFrame, name: str) -> Floats:
    return np.hypot(cells[name].to_numpy(dtype=float), cells[f"{name}_other"].to_numpy(dtype=float))


def _quantiles(apart: Floats, error: Floats) -> tuple[float, float]:
    """Median and 95 % point of differences over their standard errors; of two exact numbers there is none."""
    known = apart[error > 0] / error[error > 0]
    return (float(np.median(known)), float(np.quantile(known, 0.95))) if known.size else (math.nan, math.nan)


def _overlap(both: pd.DataFrame) -> pd.Series:
    return (both["low"] <= both["high_other"]) & (both["low_other"] <= both["high"])


def _share(which: pd.Series) -> float:
    return float(which.mean()) if len(which) else math.nan

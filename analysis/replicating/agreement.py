"""Two runs as a whole: do their intervals know what the next run will find? Pure functions of tables.

Contract: what is compared are the cells of paired metrics (their names begin with `log_`) that both runs measured, and
the crossovers of time that have a number in both. For two 95 % intervals of one truth, of two independent and normal
errors, 99.4 % overlap, and |difference| over its standard error has a median of 0.67 and a 95 % point of 1.96. BARS
leave room for intervals of few processes, whose errors follow Student's t.

The standard error of a cell is the half width of its interval over 1.96, as if it were that of a normal error: it says
what the interval claims. Beside it stands that of the samples themselves, their standard deviation over the root of
their number, which knows nothing of how the interval was made; a sample is a process's, but in results of benchmarks of
version 1, where it is a pair's.
"""

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.intervals import Floats
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
    *("median_by_samples", "high_by_samples", "moved"),
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
    by_interval = _quantiles(apart, _hypot(cells, "error"))
    by_samples = _quantiles(apart, _hypot(cells, "spread"))
    known = pd.concat([stars["high"] / stars["low"], stars["high_other"] / stars["low_other"]])
    widths = known[np.isfinite(known)] - 1
    moved = np.expm1(np.abs(np.log((stars["n_star"] / stars["n_star_other"]).to_numpy(dtype=float))))
    numbers = {
        "cells_overlap": _share(_overlap(cells)),
        "median_difference": by_interval[0],
        "high_difference": by_interval[1],
        "crossovers_overlap": _share(_overlap(stars)),
        "crossover_width": float(widths.median()) if len(widths) else math.nan,
    }
    further = [*by_samples, float(np.median(moved)) if len(moved) else math.nan]
    return [one.name, other.name, differing, len(cells), len(stars), *(numbers[name] for name in BARS), *further]


def _cells(run: Run) -> pd.DataFrame:
    """The paired cells of a run that have an interval."""
    tidy = run.found.tidy
    rows = tidy[tidy["metric"].str.startswith("log_") & (tidy["status"] == "ok") & tidy["low"].notna()]
    rows = rows[[*PARAMETERS, "metric", "value", "low", "high", "samples"]].copy()
    for name in PARAMETERS:  # a cell without a width is the same cell in both runs; a missing value equals nothing
        rows[name] = rows[name].astype(object).where(rows[name].notna(), "")
    rows["error"] = (rows["high"] - rows["low"]) / (2 * QUANTILE)
    rows["spread"] = rows["samples"].map(_spread).astype(float)
    return rows


def _crossovers(run: Run) -> pd.DataFrame:
    """The crossovers of time of a run that have a number, whatever its controls say."""
    found = run.found
    told = noise.told(found.crossovers, found.spans, "")
    return told[(told["metric"] == "log_ratio") & (told["verdict"] == CROSSES)]


def _spread(samples: Any) -> float:
    """The standard error of the samples' mean; nan of fewer than two."""
    if samples is None or len(samples) < 2:
        return math.nan
    return float(np.std(samples, ddof=1) / math.sqrt(len(samples)))


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

"""A run in a few numbers: what it holds, the setting that its headline speaks of, and all settings counted.

The headline speaks of one setting, chosen before looking at its result: a dense chain of uniform width; of the pairs of
width and depth, the one measured at the most m (the smallest where several are); the m nearest to that width.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.tables.crossover import CROSSES, FORWARD, REVERSE, UNKNOWN, crosses_several_times
from analysis.tables.noise import WIDEST
from analysis.tables.rows import match, measured


@dataclass(frozen=True)
class Summary:
    """One run as a whole. What was not measured is nan.

    `date` is the commit's; `dirty`: measured on a changed work tree; `measured`, `failed`: how many rows of the tidy
    table have a value, and how many were tried without; `threads`: the most that BLAS ran on; `fewest` and `most`: the
    processes that a ratio rests on, nan where ratios are of one process; `error`: the largest one of this project's
    engine in float64; `import_seconds`: what importing modes adds to importing NumPy.
    """

    machine: str
    env: str
    commit: str
    date: pd.Timestamp
    dirty: bool
    measured: int
    failed: int
    threads: float
    fewest: float
    most: float
    error: float
    import_seconds: float


def summary(tidy: pd.DataFrame) -> Summary:
    """The summary of a tidy table of one run, which is not empty."""
    first = tidy.iloc[0]
    processes = measured(tidy, "log_ratio")["processes"].astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    imports = measured(tidy, "import_seconds")["value"]
    return Summary(
        machine=str(first["machine"]),
        env=str(first["env"]),
        commit=str(first["commit"]),
        date=first["date"],
        dirty=bool(tidy["commit"].astype(str).str.endswith("+dirty").any()),
        measured=int((tidy["status"] == "ok").sum()),
        failed=int((tidy["status"] == "failed").sum()),
        threads=float(measured(tidy, "blas_threads")["value"].max()),
        fewest=float(np.fmin.reduce(processes, initial=math.nan)),
        most=float(np.fmax.reduce(processes, initial=math.nan)),
        error=float(measured(tidy, "max_error", dtype="float64", engine="modes")["value"].max()),
        import_seconds=float(imports.iloc[0]) if len(imports) else math.nan,
    )


class Settings(NamedTuple):
    """All settings of dense chains counted: how many there are; how many cross, and between which n*/m; the other
    verdicts with their counts; and how many are too noisy to say."""

    every: int
    crossing: int
    least: float
    most: float
    others: dict[str, int]
    noisy: int


def settings(crossovers: pd.DataFrame, spans: pd.Series) -> Settings:
    """The settings of a crossover table, each known within the factor `spans` has (`analysis.tables.noise.spans`)."""
    dense = match(crossovers, engine="modes", layer="dense", metric="log_ratio")
    wide = spans.loc[dense.index] > WIDEST
    counts = dense.loc[~wide, "verdict"].value_counts()
    crossing = match(dense[~wide], verdict=CROSSES)
    ratio = crossing["n_star"] / crossing["m"].astype(float)
    often = sorted(verdict for verdict in counts.index if crosses_several_times(verdict))
    others = {verdict: int(counts[verdict]) for verdict in (*often, FORWARD, REVERSE, UNKNOWN) if verdict in counts}
    return Settings(len(dense), len(crossing), float(ratio.min()), float(ratio.max()), others, int(wide.sum()))


def headline(tidy: pd.DataFrame, crossovers: pd.DataFrame, spans: pd.Series) -> dict[str, Any] | None:
    """The row of the crossover table that the headline speaks of, or None where nothing fits the rule.

    Beside the table's columns: `span`; `activation`; `smallest` and `largest`, the ends of the n measured.
    """
    row = headline_row(crossovers.assign(span=spans))
    if row is None:
        return None
    keys = ("engine", "layer", "profile", "m", "width", "depth", "dtype")
    ratios = measured(tidy, "log_ratio", mode="forward/reverse", **{key: row[key] for key in keys})
    ends = {"smallest": ratios["n"].min(), "largest": ratios["n"].max()}
    return {**row, **ends, "activation": ratios["activation"].iloc[0]}


def headline_row(crossovers: pd.DataFrame) -> dict[str, Any] | None:
    """The row that fits the rule at the top, or None."""
    dense = match(crossovers, engine="modes", layer="dense", profile="uniform", metric="log_ratio")
    if dense.empty:
        return None
    # float64 before float32: the larger name first
    counts = dense.groupby(["dtype", "width", "depth"])["m"].nunique().reset_index()
    counts = counts.sort_values(["dtype", "m", "width", "depth"], ascending=[False, False, True, True])
    first = counts.iloc[0]
    part = match(dense, dtype=first["dtype"], width=first["width"], depth=first["depth"])
    distance = np.abs(np.log(part["m"].to_numpy(dtype=float) / float(first["width"])))
    return {str(key): value for key, value in part.iloc[int(distance.argmin())].items()}

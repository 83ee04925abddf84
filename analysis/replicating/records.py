"""A replication as files: tables as CSV, all of it as JSON, and the figure. Pure functions to bytes."""

import json
import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures.kernels import kernels_figure
from analysis.figures.replication import replication_figure
from analysis.replicating import kernels
from analysis.replicating.agreement import agreements
from analysis.replicating.judging import CARE, CARE_LOSS, CARE_PERCENT, heterogeneity, judged, values
from analysis.replicating.shown import lines
from analysis.replicating.sources import Run
from analysis.report import DPI, laid_out, picture

FIGURE = "replication.png"
KERNELS = (11.0, 4.6)
"""Inches of the figure of kernels."""


def files(runs: Sequence[Run], facts: pd.DataFrame, pairs: pd.DataFrame) -> dict[str, bytes]:
    """The contents of all files, by name."""
    told = facts.assign(heterogeneity=[heterogeneity(row) for row in facts.to_dict("records")])
    each = values(runs)
    everything = {
        "care": {"share": CARE, "share of a loss": CARE_LOSS, "points of percent": CARE_PERCENT},
        "runs": [{"name": run.name, **run.where, "conditions": dict(run.conditions)} for run in runs],
        "facts": _plain(told),
        "values": _plain(each),
        "agreement": _plain(pairs),
    }
    return {
        "replication.csv": told.to_csv(index=False).encode(),
        "replication-values.csv": each.to_csv(index=False).encode(),
        "replication-agreement.csv": pairs.to_csv(index=False).encode(),
        "replication.json": (json.dumps(everything, indent=1, allow_nan=False) + "\n").encode(),
        **figure_files(runs, facts),
    }


def figure_files(runs: Sequence[Run], facts: pd.DataFrame) -> dict[str, bytes]:
    """The figures as PNG and SVG: each run's crossovers, and what the kernels give, where the runs took rates."""
    figures = {"replication": replication_figure(blank(), *lines(runs, facts))}
    found = kernels.rates(runs)
    if len(found):
        figures["kernels"] = kernels_figure(blank(KERNELS), found, kernels.crossings(runs))
    files: dict[str, bytes] = {}
    for name, figure in figures.items():
        laid_out(figure)
        files |= {f"{name}.{suffix}": picture(figure, suffix) for suffix in ("png", "svg")}
    return files


def blank(size: tuple[float, float] | None = None) -> Figure:
    """An empty figure. At 100 dots an inch text is some percent narrower than in the file, and labels would be cut."""
    return Figure(figsize=size, layout="constrained", facecolor="white", dpi=DPI)


def over_runs(runs: Sequence[Run]) -> dict[str, bytes]:
    """What a published run shows of all runs: the figure, and every fact over them."""
    facts = judged(runs)
    pictures = {f"figures/{name}": content for name, content in figure_files(runs, facts).items()}
    tables = {"replication": facts, "replication-values": values(runs), "agreement": agreements(runs)}
    return pictures | {f"tables/{name}.csv": table.to_csv(index=False).encode() for name, table in tables.items()}


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON has them: what is missing or not finite is null."""
    return [{str(name): _number(value) for name, value in row.items()} for row in table.to_dict("records")]


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value

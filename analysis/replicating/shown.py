"""What the figure of a replication shows: the crossovers of time, a line a setting and in it each run. Data alone."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.replicating.judging import HOLDS
from analysis.replicating.sources import Run
from benchmarks.catalogue.engines import label

KIND = "aspect-time"
MOST = 60
"""Lines that one figure has: more are no longer read."""
COLUMNS = (
    *("key", "label", "said", "holds", "run", "group", "value", "low", "high", "verdict"),
    *("machine", "commit", "date"),
)


def lines(runs: Sequence[Run], facts: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """A row (COLUMNS) a setting and run, and how many settings are left out.

    In order of engine and setting; where there are more than MOST, those that hold are left out first. `group` says
    what a run has of the conditions that differ between the runs; ends beyond all sizes are 0 and inf.
    """
    known = facts[(facts["kind"] == KIND) & (facts["runs"] >= 2)]
    kept = known.assign(holds_all=known["verdict"] == HOLDS).sort_values("holds_all", kind="stable").head(MOST)
    differing = [name for name in runs[0].conditions if len({run.conditions[name] for run in runs}) > 1]
    rows = []
    for row in sorted(kept.to_dict("records"), key=lambda row: _order(row["key"])):
        for run in runs:
            fact = run.facts.get(row["key"])
            if fact is None:
                continue
            value = math.nan if fact["value"] is None else fact["value"]
            low, high = (value, value) if not fact["interval"] else (fact["low"] or 0.0, fact["high"] or math.inf)
            group = ", ".join(run.conditions[name] for name in differing)
            text = row["range"] if row["holds_all"] else f"{row['range']}: {_reason(row)}"
            found = [row["key"], setting(row["key"]), text, row["holds_all"], run.name, group, value, low, high]
            rows.append([*found, fact["verdict"], fact["machine"], fact["commit"], fact["date"]])
    return pd.DataFrame(rows, columns=list(COLUMNS)), len(known) - len(kept)


def setting(key: str) -> str:
    """The setting of a crossover's key, in words."""
    engine, _, m, width, depth, layer, profile, dtype = key.split(".")
    parts = [f"m {m[1:]}", f"width {width[5:]}", f"depth {depth[5:]}"]
    usual = {"dense", "uniform", "float64"}
    return ", ".join([label(engine), *parts, *(word for word in (layer, profile, dtype) if word not in usual)])


def _reason(row: Mapping[Any, Any]) -> str:
    return str(row["depends"].replace("the ", "") or row["verdict"])


def _order(key: str) -> tuple[object, ...]:
    """This project's engines first; then by what is unusual, and by size."""
    engine, _, m, width, depth, layer, profile, dtype = key.split(".")
    unusual = (layer != "dense", profile != "uniform", dtype != "float64", layer, profile)
    return not engine.startswith("modes"), engine, *unusual, int(m[1:]), int(width[5:]), int(depth[5:])

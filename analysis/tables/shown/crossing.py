"""Where the modes cross, in time and in memory: the tables and panels of that section."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.tables.crossover import GROUP
from analysis.tables.growth import counted_bytes
from analysis.tables.rows import CHAIN, commonest, engines_first, match, measured, spread, unchunked, with_dates
from analysis.tables.shown.panels import Panel, Shown
from analysis.tables.work import MODES, PARTS
from modes.cost import predicted_crossover

DENSE = {"engine": "modes", "layer": "dense"}
UNIFORM = {**DENSE, "profile": "uniform"}
COSTS = 3
"""Panels of the cost against n, one an m."""
MAP = ["activation", "dtype", "width", "depth"]
"""What the cells of one map have in common."""
MAPS = 6
"""Panels of the map, one a width and depth."""
PROFILES = ("uniform", "funnel", "hourglass", "bulge")
"""The width profiles that stand side by side, in this order."""


# --- tables ---


def crossover_table(counted: pd.DataFrame) -> pd.DataFrame:
    """The crossovers of time with n*/m and the prediction by operation counts, which `counted` has as `predicted`."""
    table = counted[counted["metric"] == "log_ratio"]
    columns = ["engine", "layer", "profile", "m", "width", "depth", "dtype", "verdict", "n_star", "low", "high"]
    columns += ["crossings"]
    table = table.assign(n_over_m=table["n_star"] / table["m"].astype(float))
    order = ["layer", "profile", "dtype", "width", "depth", "m"]
    table = table[[*columns, "smallest", "largest", "n_over_m", "predicted", "tie_low", "tie_high"]]
    # backwards by name: uniform before hourglass, float64 before float32
    return engines_first(table.sort_values(order, ascending=[True, False, False, True, True, True]))


def peaks(tidy: pd.DataFrame) -> pd.DataFrame:
    """The rows of traced peaks of Jacobians of dense chains, with the count of `modes.cost` as `counted_bytes`."""
    table = unchunked(measured(tidy, "peak_bytes", **DENSE))
    table = table[table["mode"].isin(MODES)]
    return table.assign(counted_bytes=[counted_bytes(row) for row in table.to_dict("records")])


def memory_table(peaks: pd.DataFrame) -> pd.DataFrame:
    """Traced peak of one Jacobian beside the count, in bytes."""
    table = peaks.assign(peak_bytes=peaks["value"])[["mode", *CHAIN, "peak_bytes", "counted_bytes"]]
    return table.sort_values(["n", "m", "width", "mode", "depth"]).reset_index(drop=True)


# --- panels ---


def cost_panels(tidy: pd.DataFrame, crossovers: pd.DataFrame) -> Shown:
    """Seconds over n at up to COSTS values of m, at the width and depth with the most n measured; crossovers beside."""
    seconds = unchunked(measured(tidy, "seconds", **UNIFORM))
    if seconds.empty:
        return Shown(seconds)
    setting = commonest(seconds, ["activation", "width", "depth", "dtype"], of="n")
    seconds = match(seconds, **setting)
    lengths = seconds.groupby("m")["n"].nunique()
    same = {key: setting[key] for key in ("width", "depth", "dtype")}
    found = match(crossovers, **UNIFORM, metric="log_ratio", **same)
    outputs = spread(lengths[lengths == lengths.max()].index.tolist(), COSTS)
    panels = (Panel(m, match(seconds, m=m), beside={"crossovers": match(found, m=m)}) for m in outputs)
    return Shown(seconds, tuple(panels), setting)


def headline_panels(tidy: pd.DataFrame, crossovers: pd.DataFrame, headline: Mapping[str, Any] | None) -> Shown:
    """The map's panel of the width and depth that the headline speaks of; of a single m as well, a strip then."""
    rows = map_rows(tidy)
    if headline is not None:
        rows = match(rows, **{name: headline[name] for name in ("activation", "dtype", "width", "depth")})
    if rows.empty:
        return Shown(rows)
    setting = {name: rows[name].iloc[0] for name in MAP}
    return Shown(rows, (map_panel(match(rows, **setting), crossovers, setting),))


def map_panels(tidy: pd.DataFrame, crossovers: pd.DataFrame) -> Shown:
    """Ratios over n and m for each width and depth measured at two m and two n or more; beside them the crossovers."""
    rows = map_rows(tidy)
    counts = rows.groupby(MAP)["m"].nunique()
    panels = []
    for key in counts[counts >= 2].sort_index().head(MAPS).index:
        setting = dict(zip(MAP, key, strict=True))
        panels.append(map_panel(match(rows, **setting), crossovers, setting))
    return Shown(rows, tuple(panels))


def map_rows(tidy: pd.DataFrame) -> pd.DataFrame:
    """The ratios that a map is made of: of each m that was measured at two n or more, for one n alone is no strip."""
    rows = unchunked(measured(tidy, "log_ratio", **UNIFORM, mode="forward/reverse"))
    return rows[rows.groupby([*MAP, "m"])["n"].transform("nunique") >= 2]


def map_panel(rows: pd.DataFrame, crossovers: pd.DataFrame, setting: Mapping[str, Any]) -> Panel:
    """The panel of the rows of one setting."""
    same = {name: setting[name] for name in ("dtype", "width", "depth")}
    found = match(crossovers, **UNIFORM, metric="log_ratio", **same)
    beside = {"crossovers": found[found["m"].isin(rows["m"])], "counted": count_line(rows)}
    return Panel(tuple(setting.values()), rows, setting, beside)


def count_line(rows: pd.DataFrame) -> pd.DataFrame:
    """The n at which both modes take equally many operations, for every m between the outermost strips' borders."""
    borders = edges(np.array(sorted(rows["m"].unique()), dtype=float))
    width, depth = int(rows["width"].iloc[0]), int(rows["depth"].iloc[0])
    outputs = np.unique(np.geomspace(borders[0], borders[-1], 60).round().clip(1)).astype(int)
    return pd.DataFrame({"n": [predicted_crossover([width] * (depth - 1), int(m)) for m in outputs], "m": outputs})


def edges(centres: np.ndarray) -> np.ndarray:
    """Cell borders around sorted positive `centres` of shape (k,), half-way on a logarithmic scale; shape (k + 1,)."""
    logs = np.log(centres)
    if len(logs) == 1:
        return np.exp(np.array([logs[0] - 0.35, logs[0] + 0.35]))
    middle = (logs[1:] + logs[:-1]) / 2
    return np.exp(np.concatenate([[2 * logs[0] - middle[0]], middle, [2 * logs[-1] - middle[-1]]]))


def ratio_panels(counted: pd.DataFrame, predictions: pd.DataFrame, tidy: pd.DataFrame) -> Shown:
    """Crossovers over width, over m, over depth and by width profile, each with everything else held fixed; with what
    the cost model says of them (`analysis.tables.model.predictions`), missing where there is none.

    There is no panel where fewer than two values of its column were measured.
    """
    table = match(counted, **DENSE, metric="log_ratio")
    if table.empty:
        return Shown(table)
    said = predictions[[*GROUP, "modelled", "overhead", *PARTS]]
    table = table.merge(said, on=list(GROUP), how="left")
    uniform = match(table, profile="uniform")
    varied = {
        "width": (uniform, ["m", "depth", "dtype"]),
        "m": (uniform, ["width", "depth", "dtype"]),
        "depth": (uniform, ["m", "width", "dtype"]),
        "profile": (table[table["profile"].isin(PROFILES)], ["m", "width", "depth", "dtype"]),
    }
    panels = []
    for against, (source, fixed) in varied.items():
        setting = commonest(source, fixed, of=against) if len(source) else {}
        part = match(source, **setting)
        if len(part) > 1:
            panels.append(Panel(against, part, setting))
    return Shown(with_dates(table, tidy), tuple(panels))


def memory_panels(peaks: pd.DataFrame) -> Shown:
    """Peaks over depth and their counts: the n, m and width with the most depths measured."""
    rows = match(peaks, profile="uniform")
    if rows.empty:
        return Shown(rows)
    setting = commonest(rows, ["activation", "n", "m", "width", "dtype"], of="depth")
    return Shown(rows, (Panel("memory", match(rows, **setting)),), setting)

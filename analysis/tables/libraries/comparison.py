"""What stands in the report's tables of libraries: one function a table, each from measurements to numbers."""

import math
from typing import Any

import pandas as pd

from analysis.tables.libraries.rows import (
    BOTH,
    CELL,
    SIZES,
    compared,
    dense,
    dense_measured,
    in_order,
    ratios,
)
from benchmarks.catalogue.engines import BY_HAND, OWN, TWINS, place
from benchmarks.catalogue.published import PUBLISHED

FASTEST = [*CELL, "engine", "mode", "seconds", "runner_up", "runner_up_mode", "factor", "own", "own_mode", "own_factor"]
SETUP = [*CELL, "engine", "mode", "setup_seconds", "over_modes", "over_modes_low", "over_modes_high", "calls"]
SETTING = ["m", "width", "depth", "dtype"]
CROSSING = [*SETTING, "engine", "verdict", "n_star", "low", "high", "crossings"]
CROSSING += ["smallest", "largest", "n_over_m", "over_modes"]
HARNESS = ["engine", "cells", "share", "mode", *SIZES]
SHOWN = ["case", "n", "m", "engine", "published", "measured", "low", "high"]


COLD = 2
"""A set-up that takes less than so many calls is none: the first call of any function takes one or so more."""


def fastest(tidy: pd.DataFrame) -> pd.DataFrame:
    """The fastest engine of each cell with its faster mode, one row (FASTEST) a cell that was measured for a library.

    `factor` is the time of the runner-up over that of the fastest; `own` is the faster of this project's engines,
    `own_factor` its time over that of the fastest. The hand-written Jacobian does not take part.
    """
    table = compared(dense_measured(tidy, "seconds"))
    rows = []
    for cell, part in table[table["engine"] != BY_HAND].groupby(CELL, sort=False):
        best = part.sort_values("value", kind="stable").drop_duplicates("engine")
        first = best.iloc[0]
        others = [best.iloc[1:2], best[best["engine"].isin(TWINS)]]
        row = [*cell, first["engine"], first["mode"], first["value"]]
        for other in others:
            row += [*other.iloc[0][["engine", "mode"]], other.iloc[0]["value"] / first["value"]] if len(other) else NONE
        rows.append(row)
    return in_order(pd.DataFrame(rows, columns=FASTEST))


NONE = [None, None, math.nan]


def cost(tidy: pd.DataFrame) -> pd.DataFrame:
    """The time of each engine's Jacobian, one row a cell and engine, for cells that were measured for a library.

    Columns: CELL, engine, and for each mode (`forward`, `reverse`): the time in seconds; `_over_f`, over that of the
    engine's own f; `_over_modes`, over that of `modes` in the same mode, in interleaved pairs, with its 95 % interval
    `_over_modes_low` and `_over_modes_high`; `_note`, why there is no time.
    """
    times = compared(dense(tidy, "seconds")).rename(columns={"value": "seconds"})
    f = dense_measured(tidy, "f_seconds", "primal")[[*CELL, "engine", "value"]].rename(columns={"value": "f"})
    over = ratios(dense_measured(tidy, "log_over_modes"), "over_modes", *CELL, "engine", "mode")
    table = times.merge(f, on=[*CELL, "engine"], how="left").merge(over, on=[*CELL, "engine", "mode"], how="left")
    table["over_f"] = table["seconds"] / table["f"]
    return _by_mode(table, "seconds", "over_f", "over_modes", "over_modes_low", "over_modes_high")


def memory(tidy: pd.DataFrame) -> pd.DataFrame:
    """The peak of memory of each engine's Jacobian, one row a cell and engine, for cells measured for a library.

    Columns: CELL, engine, and for each mode the bytes and `_note`: how they were measured, or why they were not.
    """
    return _by_mode(compared(dense(tidy, "peak_bytes")).rename(columns={"value": "bytes"}), "bytes")


def setup(tidy: pd.DataFrame) -> pd.DataFrame:
    """What comes before the second call, and after how many calls it has paid for itself against `modes`.

    One row (SETUP) a cell, engine and mode. A call saves what `modes` takes times (1 - `over_modes`). `calls` is the
    set-up over that, rounded up; 0 where there is no set-up (its interval reaches 0, or it takes less than COLD calls),
    infinite where the engine is slower, missing where the pairs do not tell which is the faster, or were not measured.
    """
    table = dense_measured(tidy, "setup_seconds").rename(columns={"value": "setup_seconds", "low": "setup_low"})
    table = table[table["engine"] != "modes"]
    keys = [*CELL, "engine", "mode"]
    over = ratios(dense_measured(tidy, "log_over_modes"), "over_modes", *keys)
    own = dense_measured(tidy, "seconds")
    own = own.loc[own["engine"] == "modes", [*CELL, "mode", "value"]].rename(columns={"value": "own"})
    table = table[[*keys, "setup_seconds", "setup_low"]].merge(over, on=keys, how="left")
    table = table.merge(own, on=[*CELL, "mode"], how="left")
    table["calls"] = [_calls(row) for row in table.to_dict("records")]
    return in_order(table.sort_values("engine", key=_places, kind="stable")[SETUP])


def crossing(crossovers: pd.DataFrame) -> pd.DataFrame:
    """Each engine's own crossover, one row (CROSSING) a setting and engine, where a library's was measured.

    `over_modes` is n* over that of `modes` in the same setting; `smallest` and `largest` are missing where the table
    does not have them.
    """
    keep = (crossovers["metric"] == "log_ratio") & (crossovers["layer"] == "dense")
    table = crossovers[keep & (crossovers["profile"] == "uniform")]
    settings = table.loc[~table["engine"].isin(OWN), SETTING].drop_duplicates()
    table = table.merge(settings, on=SETTING)
    own = table.loc[table["engine"] == "modes", [*SETTING, "n_star"]].rename(columns={"n_star": "own"})
    table = table.merge(own, on=SETTING, how="left")
    table["n_over_m"] = table["n_star"] / table["m"].astype(float)
    table["over_modes"] = table["n_star"] / table["own"]
    table = table.sort_values("engine", key=_places, kind="stable")
    order = ["dtype", "depth", "width", "m"]
    ascending = [name != "dtype" for name in order]
    return table.reindex(columns=CROSSING).sort_values(order, ascending=ascending, kind="stable", ignore_index=True)


def published(tidy: pd.DataFrame) -> pd.DataFrame:
    """The published ratios beside those measured, one row (SHOWN) a case and engine: slower over faster mode, as there.

    `measured` below 1: the other mode is the slower one here.
    """
    table = dense_measured(tidy, "log_ratio", "forward/reverse")
    rows = []
    for case, (n, m, forward, reverse) in PUBLISHED.items():
        sign = 1 if forward > reverse else -1
        here = table[(table["n"] == n) & (table["m"] == m) & (table["depth"] == 1) & (table["activation"] == "tanh")]
        for row in here.sort_values("engine", key=_places, kind="stable").to_dict("records"):
            ends = sorted([sign * row["low"], sign * row["high"]])
            found = [math.exp(value) for value in (sign * row["value"], *ends)]
            rows.append([case, n, m, row["engine"], (forward / reverse) ** sign, *found])
    return pd.DataFrame(rows, columns=SHOWN)


def harness(tidy: pd.DataFrame) -> pd.DataFrame:
    """The largest share of a measured time that is the harness's own, one row (HARNESS) an engine, and where it is."""
    rows = []
    for engine, part in dense_measured(tidy, "harness_share").groupby("engine"):
        worst = part.iloc[int(part["value"].argmax())]
        rows.append([engine, len(part), worst["value"], worst["mode"], *worst[SIZES]])
    return pd.DataFrame(rows, columns=HARNESS).sort_values("engine", key=_places, ignore_index=True)


def _by_mode(table: pd.DataFrame, *values: str) -> pd.DataFrame:
    """One row a cell and engine: the columns `values` and `note` of both modes side by side, named after the mode.

    The first of the values has the mode's bare name.
    """
    keys = [*CELL, "engine"]
    table = table if "note" in table else table.assign(note="")
    sides = []
    for mode in BOTH:
        names = {name: f"{mode}_{name}" for name in (*values, "note")} | {values[0]: mode}
        sides.append(table.loc[table["mode"] == mode, [*keys, *values, "note"]].rename(columns=names))
    joined = sides[0].merge(sides[1], on=keys, how="outer")
    notes = {f"{mode}_note": joined[f"{mode}_note"].fillna("") for mode in BOTH}
    return in_order(joined.assign(**notes).sort_values("engine", key=_places, kind="stable"))


def _places(engines: pd.Series) -> pd.Series:
    order = {engine: i for i, engine in enumerate(sorted(engines.unique(), key=place))}
    return engines.map(order)


def _calls(row: dict[Any, Any]) -> float:
    """How many calls a set-up takes to pay for itself, by the rule of `setup`."""
    if row["setup_low"] <= 0 or row["setup_seconds"] < COLD * row["own"] * row["over_modes"]:
        return 0.0
    if row["over_modes_low"] > 1:
        return math.inf
    if row["over_modes_high"] < 1 and row["own"] > 0:
        return math.ceil(row["setup_seconds"] / (row["own"] * (1 - row["over_modes"])))
    return math.nan

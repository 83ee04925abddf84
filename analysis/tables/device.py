"""On an accelerator: what fits into its memory, the copy home, the warm-up, power and clock. Pure functions of one run.

Contract: a table has a row a chain and engine; what was not measured is missing there. Stand-ins are engines of the
host, under their names.
"""

import numpy as np
import pandas as pd

from analysis.tables.libraries.rows import CELL, in_order
from analysis.tables.rows import measured
from benchmarks.catalogue.engines import BOTH, DEVICES

SETTING = ["activation", "m", "width", "depth", "dtype"]
BY_CHUNK = [*BOTH, *(f"{mode}_chunked" for mode in BOTH), "chunk_size"]
FITTING = [*SETTING, "engine", *BY_CHUNK, "ratio"]
MEMORY = [*CELL, "engine", *BY_CHUNK]
BUSY = [*CELL, "engine", "home_seconds", "jacobian_seconds", "home_share"]
CONDITIONS = [*CELL, "engine", "power_watts", "clock_mhz", "clock_least"]
WARM_UP = [*CELL, "engine", *BOTH]


def fitting(tidy: pd.DataFrame) -> pd.DataFrame:
    """The largest n whose Jacobian fits into memory, one row (FITTING) a setting and engine; `ratio` is what reverse
    mode fits over what forward mode does, all seeds at once."""
    table = _chunked(measured(tidy, "largest_n"), SETTING)
    table["ratio"] = table["reverse"] / table["forward"]
    return table[FITTING].sort_values(["dtype", "depth", "width", "m", "engine"], kind="stable", ignore_index=True)


def memory(tidy: pd.DataFrame) -> pd.DataFrame:
    """The peak of one Jacobian by the device's account, in bytes, one row (MEMORY) a chain and engine on a device."""
    table = measured(tidy, "peak_bytes")
    return in_order(_chunked(table[table["engine"].isin(DEVICES)], CELL)[MEMORY], "engine")


def home(tidy: pd.DataFrame) -> pd.DataFrame:
    """The copy of a Jacobian home, one row (BUSY) a chain and engine, and its share of one with the faster mode before
    it."""
    keys = [*CELL, "engine"]
    times = _value(tidy, "home_seconds", keys)
    both = measured(tidy, "seconds")
    both = both[both["chunk_size"].isna() & both["mode"].isin(BOTH)]
    faster = both.groupby(keys)["value"].min().rename("jacobian_seconds").reset_index()
    table = times.merge(faster, on=keys, how="left")
    table["home_share"] = table["home_seconds"] / (table["home_seconds"] + table["jacobian_seconds"])
    return in_order(table[BUSY], "engine")


def warm_up(tidy: pd.DataFrame) -> pd.DataFrame:
    """Seconds until a Jacobian's time was steady, one row (WARM_UP) a chain and engine, a column a mode."""
    keys = [*CELL, "engine"]
    table = measured(tidy, "warm_up_seconds")
    sides = [table.loc[table["mode"] == mode, [*keys, "value"]].rename(columns={"value": mode}) for mode in BOTH]
    return in_order(sides[0].merge(sides[1], on=keys, how="outer")[WARM_UP], "engine")


def conditions(tidy: pd.DataFrame) -> pd.DataFrame:
    """Power and clock of the device while it computed, one row (CONDITIONS) a chain and engine: medians of the
    readings, and the lowest clock among them."""
    keys = [*CELL, "engine"]
    clock = measured(tidy, "clock_mhz")
    least = clock[keys].assign(clock_least=[min(row or [np.nan]) for row in clock["samples"]])
    table = _value(tidy, "power_watts", keys).merge(_value(tidy, "clock_mhz", keys), on=keys, how="outer")
    return in_order(table.merge(least, on=keys, how="left")[CONDITIONS], "engine")


def _value(tidy: pd.DataFrame, metric: str, keys: list[str]) -> pd.DataFrame:
    return measured(tidy, metric)[[*keys, "value"]].rename(columns={"value": metric})


def _chunked(table: pd.DataFrame, setting: list[str]) -> pd.DataFrame:
    """One row a setting and engine: the values of both modes with all seeds at once, and in chunks of `chunk_size`."""
    rows = []
    for key, part in table[table["mode"].isin(BOTH)].groupby([*setting, "engine"], sort=False):
        whole, chunked = part[part["chunk_size"].isna()], part[part["chunk_size"].notna()]
        chunked = chunked[chunked["chunk_size"] == chunked["chunk_size"].max()]
        values = [_of(side, mode) for side in (whole, chunked) for mode in BOTH]
        rows.append([*key, *values, chunked["chunk_size"].iloc[0] if len(chunked) else pd.NA])
    found = pd.DataFrame(rows, columns=[*setting, "engine", *BY_CHUNK])
    return found.astype({**dict.fromkeys(BY_CHUNK, "float64"), "chunk_size": "Int64"})


def _of(part: pd.DataFrame, mode: str) -> float:
    values = part.loc[part["mode"] == mode, "value"]
    return float(values.iloc[0]) if len(values) else np.nan

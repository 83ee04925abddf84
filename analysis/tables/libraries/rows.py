"""Picking and joining rows of the tidy table, a cell being a chain: CELL."""

import numpy as np
import pandas as pd

from benchmarks.catalogue.engines import BOTH, CUTS, OWN

CELL = ["activation", "n", "m", "width", "depth", "dtype"]
SIZES = ["n", "m", "width", "depth"]


def libraries(tidy: pd.DataFrame) -> list[str]:
    """The engines measured beside this project's own and the hand-written Jacobian, in order of appearance."""
    engines = tidy.loc[tidy["status"] == "ok", "engine"].dropna().unique()
    return [engine for engine in engines if engine not in (*OWN, *CUTS)]


def dense_measured(tidy: pd.DataFrame, metric: str, *modes: str) -> pd.DataFrame:
    """The rows of `metric` with a value, of full Jacobians of dense chains of uniform width in one pass."""
    table = dense(tidy, metric, *modes)
    return table[table["status"] == "ok"]


def dense(tidy: pd.DataFrame, metric: str, *modes: str) -> pd.DataFrame:
    """The same, with or without a value."""
    keep = (tidy["metric"] == metric) & (tidy["layer"] == "dense") & (tidy["profile"] == "uniform")
    keep &= tidy["chunk_size"].isna() & tidy["mode"].isin(modes or BOTH)
    return tidy[keep]


def compared(table: pd.DataFrame) -> pd.DataFrame:
    """Those rows of one metric whose cell was measured for a library, too."""
    cells = table.loc[(table["status"] == "ok") & table["engine"].isin(libraries(table)), CELL].drop_duplicates()
    return table[pd.MultiIndex.from_frame(table[CELL]).isin(pd.MultiIndex.from_frame(cells))]


def ratios(table: pd.DataFrame, name: str, *keys: str) -> pd.DataFrame:
    """Columns `keys`, `name`, `name`_low and `name`_high of a table whose value, low and high are logarithms."""
    found = table[list(keys)].copy()
    for column, end in {name: "value", f"{name}_low": "low", f"{name}_high": "high"}.items():
        found[column] = np.exp(table[end].to_numpy(dtype=float))
    return found


def in_order(table: pd.DataFrame, *further: str) -> pd.DataFrame:
    """Rows by cell, float64 before float32, small before large, then by the columns `further`."""
    order = ["dtype", "activation", "depth", "width", "m", "n", *further]
    return table.sort_values(order, ascending=[name != "dtype" for name in order], kind="stable", ignore_index=True)

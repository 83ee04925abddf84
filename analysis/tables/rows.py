"""Picking rows out of the tidy and the crossover table. Pure functions; the tables are never changed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.catalogue.engines import place

CHAIN = ["layer", "profile", "activation", "n", "m", "width", "depth", "dtype"]
"""What a chain is, by the tidy table's columns."""
USUAL = {"dtype": "float64", "activation": "tanh"}


def measured(tidy: pd.DataFrame, metric: str, **fixed: Any) -> pd.DataFrame:
    """The rows of `metric` that were measured (status ok) and that have the `fixed` column values."""
    keep = (tidy["metric"] == metric) & (tidy["status"] == "ok")
    for column, value in fixed.items():
        keep &= tidy[column] == value
    return tidy[keep]


def unchunked(table: pd.DataFrame) -> pd.DataFrame:
    """The rows whose Jacobian was taken in one pass over the whole block of seeds (chunk_size None)."""
    return table[table["chunk_size"].isna()]


def commonest(table: pd.DataFrame, columns: Sequence[str], of: str) -> dict[str, Any]:
    """The values of `columns` that occur with the most different values of column `of`.

    Of several, float64 and tanh before others, then as many outputs as inputs, then the smallest values. Raises
    ValueError for an empty table: there is nothing to choose from.
    """
    if table.empty:
        raise ValueError("expected at least one row to choose a setting from, got an empty table")
    counts = table.groupby(list(columns))[of].nunique()
    candidates = counts[counts == counts.max()].index
    settings = [dict(zip(columns, key if len(columns) > 1 else (key,), strict=True)) for key in candidates]

    def strangeness(setting: dict[str, Any]) -> tuple[Any, ...]:
        unusual = [setting[name] != usual for name, usual in USUAL.items() if name in setting]
        return *unusual, setting.get("n") != setting.get("m"), *setting.values()

    return min(settings, key=strangeness)


def match(table: pd.DataFrame, **fixed: Any) -> pd.DataFrame:
    """The rows of `table` that have the `fixed` column values."""
    keep = pd.Series(True, index=table.index)
    for column, value in fixed.items():
        keep &= table[column] == value
    return table[keep]


def spread(values: Sequence[Any], count: int) -> list[Any]:
    """At most `count` of the sorted distinct `values`, evenly spread, the first and the last among them."""
    distinct = sorted(set(values))
    if len(distinct) <= count:
        return distinct
    return [distinct[round(i * (len(distinct) - 1) / (count - 1))] for i in range(count)]


def engines_first(table: pd.DataFrame) -> pd.DataFrame:
    """The rows in the order in which engines stand in every list (`benchmarks.catalogue.engines.place`); those of one
    engine in the order that they had."""
    places = table["engine"].map(place)
    return table.loc[places.sort_values(kind="stable").index].reset_index(drop=True)


def with_dates(crossovers: pd.DataFrame, tidy: pd.DataFrame) -> pd.DataFrame:
    """The crossover table with the tidy table's date of each commit, for the stamp."""
    dates = tidy.drop_duplicates("commit").set_index("commit")["date"]
    return crossovers.assign(date=crossovers["commit"].map(dates))


def as_ratios(table: pd.DataFrame) -> pd.DataFrame:
    """Columns ratio, low, high of a table whose value, low, high are logarithms."""
    columns = {"ratio": "value", "low": "low", "high": "high"}
    return pd.DataFrame(
        {name: np.exp(table[column].to_numpy(dtype=float)) for name, column in columns.items()}, index=table.index
    )

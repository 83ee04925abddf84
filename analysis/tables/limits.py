"""How far the measured times and peaks are from the limits. Pure functions of the tidy table of one run.

The limits, each measured in pairs with what is held against it, but for the last, which is counted:

- the floor: the same derivative written by hand in NumPy;
- the arithmetic limit: the Jacobian's multiply-adds in matrix products of the same shapes, and nothing else;
- filling: writing the n x n result once, which is all that the diagonal Jacobian of an element-wise chain asks for;
- the memory limit: the arrays of derivatives that `modes.cost` counts, together.

Contract: a row sums up the cells of its group by the geometric mean of their ratios and by the worst of them, with the
cell where it was found. low and high are the mean's 95 % bootstrap interval over the cells
(`analysis.intervals.mean_interval`, which needs six): how far the mean depends on which cells the grid has.
Cells that failed are left out; a group of none has no row.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from analysis.intervals import mean_interval
from analysis.tables.growth import counted_bytes
from analysis.tables.rows import CHAIN
from benchmarks.catalogue.engines import OWN

PRODUCTS = {"forward": "JVP", "reverse": "VJP"}
METRICS = {"log_over_floor": "Jacobian", "log_product_over_floor": "product", "log_gradient_over_floor": "gradient"}
ALL = "all"
CLASSES = {0: "below 64", 64: "64 to 255", 256: "256 and more"}
"""Size classes, by the smallest of n, m and width: the size where a class begins, and its name."""
ORDER = {
    name: place
    for place, name in enumerate(
        (*OWN, "Jacobian", "JVP", "VJP", "gradient", *PRODUCTS, "float64", "float32", *CLASSES.values(), ALL)
    )
}
COUNTED = 64
"""The least n, m and width from which on arrays, and not the objects around them, are nearly all that a peak is."""
SUMMARY = ("cells", "mean", "low", "high", "worst", "at")
FLOOR_COLUMNS = ("engine", "what", "mode", "dtype", *SUMMARY)
LIMIT_COLUMNS = ("engine", "mode", "dtype", "depth", "sizes", *SUMMARY, "percent", "least_percent")
FILL_COLUMNS = ("engine", "mode", "layer", "activation", "n", "depth", "dtype", "ratio", "low", "high")
MEMORY_COLUMNS = ("engine", "mode", *SUMMARY)
CHUNK_COLUMNS = ("mode", *CHAIN, "chunk_size", "seconds", "peak_bytes", "time", "memory")


def over_floor(tidy: pd.DataFrame) -> pd.DataFrame:
    """Engine over floor, one row (FLOOR_COLUMNS) an engine, derivative, mode and dtype; one of all an engine has."""
    rows = _measured(tidy, *METRICS)
    what = rows["metric"].map(METRICS)
    rows = rows.assign(what=what.where(what != "product", rows["mode"].map(PRODUCTS)))
    whole = rows.assign(what=ALL, mode=ALL, dtype=ALL, at=_cells(rows, "what", "mode", "dtype"))
    return _summaries(pd.concat([rows.assign(at=_cells(rows)), whole]), FLOOR_COLUMNS)


def over_limit(tidy: pd.DataFrame) -> pd.DataFrame:
    """Jacobian over arithmetic limit, one row (LIMIT_COLUMNS) an engine, mode, dtype, depth and size class.

    `percent` is the share of the limit that the geometric mean reaches (100: the multiply-adds alone), `least_percent`
    that of the worst cell. The limit binds in large chains only: in small ones the price of a call is all there is.
    """
    rows = _measured(tidy, "log_over_limit")
    table = _summaries(rows.assign(at=_cells(rows), sizes=size_class(rows)), LIMIT_COLUMNS)
    return table.assign(percent=100 / table["mean"], least_percent=100 / table["worst"])


def over_fill(tidy: pd.DataFrame) -> pd.DataFrame:
    """An element-wise chain's Jacobian over filling its result once, one row (FILL_COLUMNS) a cell."""
    rows = _measured(tidy, "log_over_fill")
    ratios = {name: np.exp(rows[end]) for name, end in {"ratio": "value", "low": "low", "high": "high"}.items()}
    return _sorted(rows.assign(**ratios), FILL_COLUMNS)


def over_memory(tidy: pd.DataFrame) -> pd.DataFrame:
    """A dense chain's traced peak over the arrays counted, all seeds at once, sizes from COUNTED on.

    One row (MEMORY_COLUMNS) an engine and mode. A prepared Jacobian is left out: it keeps its arrays from call to call,
    and a peak is what comes on top of what was there.
    """
    rows = _measured(tidy, "peak_bytes")
    keep = (rows["layer"] == "dense") & rows["chunk_size"].isna() & (smallest(rows) >= COUNTED)
    keep &= rows["mode"].isin(PRODUCTS)
    rows = rows[keep & ~rows["engine"].isin(["modes-prepared", "modes-compiled"])]
    counted = np.array([counted_bytes(row) for row in _records(rows)], dtype=float)
    return _summaries(rows.assign(at=_cells(rows), value=np.log(rows["value"] / counted)), MEMORY_COLUMNS)


def chunks(tidy: pd.DataFrame) -> pd.DataFrame:
    """Time and traced peak of a Jacobian in chunks, one row (CHUNK_COLUMNS) a chain, mode and chunk size.

    `time` and `memory` are the ratios to the same Jacobian with all seeds at once, missing where that one, or the cell
    itself, was not measured. A chunk of all seeds or more is all at once, and has no row.
    """
    rows = _measured(tidy, "seconds", "peak_bytes")
    rows = rows[(rows["engine"] == "modes") & rows["mode"].isin(PRODUCTS)]
    seeds = rows["n"].where(rows["mode"] == "forward", rows["m"])
    whole = {}
    for row in _records(rows[rows["chunk_size"].isna()]):
        whole[row["metric"], row["mode"], *(row[name] for name in CHAIN)] = row["value"]
    found: dict[tuple[Any, ...], dict[str, float]] = {}
    for row in _records(rows[(rows["chunk_size"] < seeds).fillna(False)]):
        chain = tuple(row[name] for name in ("mode", *CHAIN))
        ratio = row["value"] / whole.get((row["metric"], *chain), np.nan)
        name = {"seconds": "time", "peak_bytes": "memory"}[row["metric"]]
        found.setdefault((*chain, row["chunk_size"]), {}).update({row["metric"]: row["value"], name: ratio})
    numbers = dict.fromkeys(CHUNK_COLUMNS[-4:], np.nan)
    names = CHUNK_COLUMNS[:-4]
    table = [{**dict(zip(names, key, strict=True)), **numbers, **values} for key, values in found.items()]
    order = ["dtype", "n", "m", "width", "depth", "mode", "chunk_size"]  # float64 before float32
    ascending = [name != "dtype" for name in order]
    return pd.DataFrame(table, columns=list(CHUNK_COLUMNS)).sort_values(order, ascending=ascending, ignore_index=True)


# --- sizes and summaries ---


def smallest(rows: pd.DataFrame) -> pd.Series:
    """The smallest of n, m and width: what bounds how much work a NumPy call has at least."""
    return rows[["n", "m", "width"]].min(axis=1)


def size_class(rows: pd.DataFrame) -> pd.Series:
    """Each row's class of CLASSES."""
    return smallest(rows).map(lambda size: CLASSES[max(start for start in CLASSES if start <= size)]).astype(object)


def geometric_mean(logs: ArrayLike) -> tuple[float, float, float]:
    """The geometric mean of ratios, of their logarithms, and the ends of its 95 % interval (nan: too few)."""
    logs = np.asarray(logs, dtype=float)
    low, high = mean_interval(logs)
    return float(np.exp(logs.mean())), float(np.exp(low)), float(np.exp(high))


def _measured(tidy: pd.DataFrame, *metrics: str) -> pd.DataFrame:
    """The rows of `metrics` that were measured of the engines compared here."""
    return tidy[tidy["metric"].isin(metrics) & (tidy["status"] == "ok") & tidy["engine"].isin(OWN)]


def _summaries(rows: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """One row a group of those `columns` that come before SUMMARY's; `rows` have them, and `at`, the cell's name."""
    by = list(columns[: columns.index("cells")])
    table = []
    for key, part in rows.groupby(by, sort=False):
        worst = part.iloc[int(part["value"].argmax())]
        numbers = [len(part), *geometric_mean(part["value"]), float(np.exp(worst["value"])), worst["at"]]
        table.append([*(key if isinstance(key, tuple) else (key,)), *numbers])
    return _sorted(pd.DataFrame(table, columns=[*by, *SUMMARY]), columns)


def _sorted(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The `columns` that are there; rows by those that name the group, each in the order of ORDER or by size."""
    names = [name for name in columns if name in table]
    by = names[: names.index("cells" if "cells" in names else "ratio")]
    order = table[by].map(lambda value: ORDER.get(value, value)).sort_values(by, kind="stable")
    return table.loc[order.index, names].reset_index(drop=True)


def _records(rows: pd.DataFrame) -> list[dict[Any, Any]]:
    return rows.to_dict("records")


def _cells(rows: pd.DataFrame, *names: str) -> list[str]:
    """Each cell's name in a table, begun with what the columns `names` say."""
    sizes = ("n", "m", "width", "depth")
    return [
        ", ".join([*(str(row[name]) for name in names), *(f"{name} {row[name]}" for name in sizes)])
        for row in _records(rows)
    ]

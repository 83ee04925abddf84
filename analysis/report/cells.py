"""How the numbers of a table are written on the page: one function a kind of number, and columns made of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from analysis.tables.crossover import FORWARD, REVERSE
from analysis.text import interval, size
from benchmarks.catalogue.engines import label

Row = dict[str, Any]
Columns = dict[str, Callable[[Row], str]]
"""The columns of a table on the page: each heading, and what a row says there."""

DASH = "\N{EN DASH}"

# --- numbers ---


def significant(value: Any, digits: int = 3) -> str:
    """A number with that many significant digits, never in exponent form; an en dash where there is none."""
    if pd.isna(value):
        return DASH
    if np.isinf(value):
        return "beyond"
    if value == 0:
        return "0"
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])  # of the rounded number: 9.999 is 10.0
    return f"{value:.{max(0, digits - 1 - exponent)}f}"


def seconds(value: Any) -> str:
    """A time with three digits and its unit: 12.3 µs, 4.56 ms, 1.23 s."""
    if pd.isna(value):
        return DASH
    for unit, factor in (("µs", 1e6), ("ms", 1e3)):
        if value * factor < 999.5:
            return f"{significant(value * factor)} {unit}"
    return f"{significant(value)} s"


def kilobytes(value: Any) -> str:
    """A number of bytes in kB of 1000 bytes."""
    return DASH if pd.isna(value) else f"{significant(value / 1e3)} kB"


def inputs(value: Any) -> str:
    """A number of inputs; an en dash where there is none."""
    return DASH if pd.isna(value) else "beyond" if np.isinf(value) else size(float(value))


def span(low: Any, high: Any, text: Callable[[Any], str]) -> str:
    """An interval of numbers that were measured: [76, 83]; an en dash where there is none."""
    return DASH if pd.isna(low) or pd.isna(high) else interval(low, high, written=text)


# --- crossovers, which may lie beyond the sizes measured ---


def crossover(row: Row) -> str:
    """n*, with the sign of an inequality where it lies beyond the sizes measured: 81, >512, <8. Of several crossings
    each: 5.5, 6.4, 10."""
    return each_place(row, inputs, 1) or beyond(row, inputs, row["n_star"], 1)


def crossover_interval(row: Row) -> str:
    """Its interval: [76, 83], [76, >512]."""
    return each_interval(row, size, 1) or interval(row["low"], row["high"], row["smallest"], row["largest"]) or DASH


def aspect(row: Row) -> str:
    """n*/m as `crossover`."""
    return each_place(row, significant, row["m"]) or beyond(row, significant, row["n_star"] / row["m"], row["m"])


def aspect_interval(row: Row) -> str:
    """Its interval."""
    low, high, smallest, largest = (row[name] / row["m"] for name in ("low", "high", "smallest", "largest"))
    return each_interval(row, significant, row["m"]) or interval(low, high, smallest, largest, significant) or DASH


def each_place(row: Row, written: Callable[[Any], str], scale: int) -> str:
    """The places of a row that crosses several times, over `scale`; "" of any other."""
    return ", ".join(written(each.n / scale) for each in row.get("crossings") or ())


def each_interval(row: Row, written: Callable[[Any], str], scale: int) -> str:
    """Their intervals."""
    return ", ".join(
        interval(each.low / scale, each.high / scale, written=written) for each in row.get("crossings") or ()
    )


def beyond(row: Row, written: Callable[[Any], str], value: float, scale: int) -> str:
    """A crossover's number; of a censored one the end of the sizes measured, over `scale`, that it lies beyond."""
    sign, end = {FORWARD: (">", "largest"), REVERSE: ("<", "smallest")}.get(row["verdict"], ("", ""))
    return f"{sign}{written(row[end] / scale)}" if end else written(value)


def processes(row: Row) -> str:
    """How many processes a ratio rests on: its pairs are of one where none are counted."""
    return "1" if pd.isna(row["processes"]) else str(row["processes"])


# --- columns ---


def text(key: str) -> Callable[[Row], str]:
    """A column that is shown as it stands."""
    return lambda row: str(row[key])


def ratio(key: str) -> Callable[[Row], str]:
    """A column of ratios, with three digits."""
    return lambda row: significant(row[key])


def bytes_of(key: str) -> Callable[[Row], str]:
    """A column of bytes."""
    return lambda row: kilobytes(row[key])


def engine(key: str = "engine", mode: str | None = None) -> Callable[[Row], str]:
    """A column that names an engine, with its mode behind it where a column of that is given."""

    def named(row: Row) -> str:
        if pd.isna(row[key]):
            return DASH
        return label(row[key]) if mode is None else f"{label(row[key])}, {row[mode]}"

    return named


CHAIN: Columns = {key: text(key) for key in ("layer", "n", "m", "width", "depth", "dtype")}
INTERVAL: Columns = {"95 % interval": lambda row: span(row["low"], row["high"], significant)}

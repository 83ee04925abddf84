"""How the numbers of a table are written on the page: one function a kind of number, and columns made of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from analysis.text import size

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
    """An interval as text: [76, 83]; an en dash where there is none; 'beyond' where an end is open."""
    return DASH if pd.isna(low) or pd.isna(high) else f"[{text(low)}, {text(high)}]"


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


def by_hand(row: Row) -> str:
    """The engine's name, in words."""
    return {"modes": "engine", "floor": "by hand"}.get(str(row["engine"]), str(row["engine"]))


CHAIN: Columns = {key: text(key) for key in ("layer", "n", "m", "width", "depth", "dtype")}
INTERVAL: Columns = {"95 % interval": lambda row: span(row["low"], row["high"], significant)}

"""Rates of an engine's own, fitted to what was measured with it: by these it is said which mode to take.

Contract: pure functions of tables. One price of a multiply-add for both modes, as the counts of this project's engine
have it, tells little of another's: JAX pushes all seeds at once, autograd pulls them back one by one, PyTorch's forward
mode takes three times its reverse mode's time a step. So each mode has prices of its own,

    seconds = a + b layers + c k layers + d k values + e multiply-adds + f those of the seed + g matrices + h m n,

with k seeds, values and matrices by their sizes, all prices positive, fitted to the logarithms of times and of ratios
of both modes alike. Ridge in the logarithm, toward prices of a usual library and toward those of the other mode, keeps
what is not measured in place (A. Hoerl and R. Kennard, Ridge Regression, Technometrics 12, 1970,
https://doi.org/10.1080/00401706.1970.10488634). Its weights are round numbers; with half or twice of each the regrets
stay.

What is scored was never fitted to: cells are held out by parts, the times of a cell with its ratio.
"""

import math
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from analysis.intervals import Floats
from analysis.reading.runs import RUN
from analysis.tables.work import LAYERS, MODES
from modes.chains import layer_widths

OF = (*RUN, "engine", "dtype")
"""What has rates of its own."""
FEWEST = 10
"""Ratios below which nothing is fitted."""
USUAL = np.log([2e-5, 5e-6, 2e-8, 3e-10, 4e-11, 4e-11, 1e-10, 3e-10])
"""Prices of a usual library, in the order of the formula above."""
MISFIT, ROOM, APART = 0.05, 2.0, 1.0
"""Standard deviations, of logarithms: of what is measured about the formula, of prices about the usual ones, and of one
mode's about the other's."""

Part = Callable[[Mapping[Any, Any]], int]


def work(row: Mapping[Any, Any], mode: str) -> Floats:
    """What a cell takes in one mode, in the order of the formula: shape (8,)."""
    n, m, depth, width = (int(row[name]) for name in ("n", "m", "depth", "width"))
    widths = layer_widths(n, m, depth, width, row["profile"])
    products = [before * after for before, after in pairwise(widths)]
    k, seed = (n, products[0]) if mode == "forward" else (m, products[-1])
    matrices = sum(products)
    counts = [1, depth, k * depth, k * sum(widths[1:]), k * (matrices - seed), k * seed, matrices, n * m]
    return np.array(counts, dtype=float)


def held_out_ratios(tidy: pd.DataFrame, cells: pd.DataFrame, part: Part, parts: int) -> pd.Series:
    """log(T_forward / T_reverse) of each of `cells`, by rates that were fitted to the other parts; nan without any.

    `cells` are rows of `tidy` with a log ratio; `part` says to which of the parts a cell belongs. Cost: `parts` fits of
    10 ms an engine and dtype.
    """
    found = pd.Series(math.nan, index=cells.index, dtype="float64")
    usable = cells[cells["layer"].isin(LAYERS) & cells["chunk_size"].isna()]
    times = tidy[(tidy["metric"] == "seconds") & (tidy["status"] == "ok") & (tidy["value"] > 0)]
    times = times[times["mode"].isin(MODES) & times["layer"].isin(LAYERS) & times["chunk_size"].isna()]
    for key, ratios in usable.groupby(list(OF), dropna=False):
        if len(ratios) < FEWEST:
            continue
        own = times[(times[list(OF)] == list(key)).all(axis=1)]
        pairs = [(part(row), *(work(row, mode) for mode in MODES), row["value"]) for row in _rows(ratios)]
        single = [(part(row), row["mode"], work(row, row["mode"]), math.log(row["value"])) for row in _rows(own)]
        for number in {pair[0] for pair in pairs}:
            prices = _fitted([p for p in pairs if p[0] != number], [s for s in single if s[0] != number])
            for row, (of, *counts, _) in zip(ratios.index, pairs, strict=True):
                if of == number:
                    forward, reverse = (each @ np.exp(price) for each, price in zip(counts, prices, strict=True))
                    found[row] = math.log(forward / reverse)
    return found


def _rows(table: pd.DataFrame) -> list[dict[Any, Any]]:
    return table.to_dict("records")


def _fitted(pairs: list[Any], single: list[Any]) -> Floats:
    """The logarithms of the prices of forward and of reverse mode, shape (2, 8)."""
    size = len(USUAL)
    ratios = np.array([pair[-1] for pair in pairs])
    counts = [np.array([pair[1 + place] for pair in pairs]).reshape(-1, size) for place in (0, 1)]
    alone = [np.array([s[2] for s in single if s[1] == mode]).reshape(-1, size) for mode in MODES]
    logs = [np.array([s[3] for s in single if s[1] == mode]) for mode in MODES]

    def misses(prices: Floats) -> Floats:
        both = np.exp(prices.reshape(2, size))
        said = np.log(counts[0] @ both[0]) - np.log(counts[1] @ both[1])
        times = [np.log(alone[place] @ both[place]) - logs[place] for place in (0, 1)]
        apart = prices[:size] - prices[size:]
        usual = prices - np.tile(USUAL, 2)
        return np.concatenate(
            [(said - ratios) / MISFIT, *(each / MISFIT for each in times), usual / ROOM, apart / APART]
        )

    def slopes(prices: Floats) -> Floats:
        both = np.exp(prices.reshape(2, size))

        def shares(of: Floats, price: Floats) -> Floats:
            return of * price / (of @ price)[:, None]

        of_ratios = np.hstack([shares(counts[0], both[0]), -shares(counts[1], both[1])])
        forward, reverse = (shares(alone[place], both[place]) for place in (0, 1))
        of_times = [np.hstack([forward, 0 * forward]), np.hstack([0 * reverse, reverse])]
        one = np.eye(size)
        found = [of_ratios / MISFIT, *(each / MISFIT for each in of_times), np.eye(2 * size) / ROOM]
        return np.vstack([*found, np.hstack([one, -one]) / APART])

    found = least_squares(misses, np.tile(USUAL, 2), jac=slopes)
    return np.asarray(found.x, dtype=float).reshape(2, size)

"""A cost model of a Jacobian's time, fitted to the measured times and tried on cells that it was not fitted to.

Contract: pure functions of tables. For dense and residual chains, taken in one pass,

    seconds = operations * overhead + multiply-adds / rate + numbers / bandwidth + records * price of a record,

with one set of four constants (`Rates`) for both modes of an engine, machine, commit and dtype. Counted by widths and
depth (w_0 = n, ..., w_d = m), with k = n columns in forward mode and k = m rows in reverse mode:

- operations: NumPy calls. Of f, two a layer (product, bias) and those of the activation; of the sweep, one a layer for
  the product and one for each slope of the activation; in a residual layer one more of f (the sum) and three of the
  sweep (both ways into the sum, and the sum of the blocks);
- multiply-adds: of the blocks alone, with the seed exploited (C2, `modes.cost`);
- numbers: read and written. Of f, each matrix once: a product with a vector is as fast as memory. Of the sweep, the
  matrix and both blocks of each product, and a block read and written for each slope. The seed costs nothing through
  a matrix, and is a diagonal of k numbers after slopes;
- records: what reverse mode writes on its tape, one a layer for the product, one for each slope, one for each sum.
  It is what forward mode does without, and why small sizes cross beyond n = m.

The sweep's part without records is what mode="auto" counts along its tape; a test holds the two equal. The fit is
non-negative least squares on the relative error (C. Lawson and R. Hanson, Solving Least Squares Problems, 1974, chapter
23; https://docs.scipy.org/doc/scipy/reference/generated/scipy.optimize.nnls.html). Both modes of a cell are held out
together, in FOLDS seeded parts.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from analysis.crossover import GROUP, predicted
from analysis.intervals import Floats
from modes.chains import layer_widths
from modes.cost import forward_fma, reverse_fma

MODEL = ("machine", "env", "commit", "engine", "dtype")
"""What has constants of its own."""
CELL = ("layer", "profile", "activation", "n", "m", "width", "depth")
MODES = ("forward", "reverse")
SLOPES = {"tanh": 1, "relu": 1, "sigmoid": 3, "softplus": 1, "sin": 1, "identity": 0}
"""Element-wise calls of an activation, each with a slope of its own; to add a constant takes none."""
LAYERS = ("dense", "residual")
FOLDS = 5
FEWEST = 10
"""Cells below which nothing is fitted: four constants and five parts need that many."""
SEED = 0

FIT_COLUMNS = (*MODEL, "operation", "fma", "number", "record", "cells", "median_error", "worst_error")
ERROR_COLUMNS = (*MODEL, *CELL, "mode", "seconds", "predicted", "error")
CROSSOVER_COLUMNS = (
    *GROUP,
    *("verdict", "n_star", "low", "high", "counted", "modelled", "overhead"),
)


class Rates(NamedTuple):
    """Seconds an operation, a fused multiply-add, a number read or written, a record on the tape."""

    operation: float
    fma: float
    number: float
    record: float


SHIPPED = Rates(operation=1.0e-6, fma=4.5e-11, number=3.0e-10, record=0.0)
"""What mode="auto" chooses by unless it is told otherwise: modes.choice.DEFAULT (a test holds the two equal). It
records in either mode."""


class Work(NamedTuple):
    """What a Jacobian takes, in the units of `Rates`."""

    operations: int
    fma: int
    numbers: int
    records: int

    def seconds(self, rates: Sequence[float]) -> float:
        """The time by `rates`."""
        return float(sum(count * rate for count, rate in zip(self, rates, strict=True)))


def sweep(layer: str, activation: str, widths: Sequence[int], mode: str) -> Work:
    """What carrying the seed along the chain takes. Raises KeyError for a layer or activation that is not modelled."""
    slopes, depth = SLOPES[activation], len(widths) - 1
    sums = {"dense": 0, "residual": max(0, depth - 2)}[layer]
    k = widths[0] if mode == "forward" else widths[-1]
    numbers = 0
    for level, (before, after) in enumerate(pairwise(widths), start=1):
        product = before * after + k * (before + after)
        if mode == "forward":
            numbers += (product if level > 1 else 0) + slopes * 2 * k * after
        elif level < depth:
            numbers += product + slopes * 2 * k * after
        else:
            numbers += (2 * before * after if slopes else 0) + slopes * 2 * k
    numbers += sums * 7 * k * widths[1]  # two blocks go into a sum unchanged, and are added: 2 + 2 + 3
    fma = forward_fma(widths) if mode == "forward" else reverse_fma(widths)
    records = depth * (1 + slopes) + sums if mode == "reverse" else 0
    return Work(depth * (1 + slopes) + 3 * sums, fma, numbers, records)


def jacobian_work(layer: str, activation: str, widths: Sequence[int], mode: str) -> Work:
    """What one Jacobian takes: f itself and the sweep."""
    depth, derivative = len(widths) - 1, sweep(layer, activation, widths, mode)
    calls = depth * (2 + SLOPES[activation]) + {"dense": 0, "residual": max(0, depth - 2)}[layer]
    read = sum(before * after for before, after in pairwise(widths))
    return derivative._replace(operations=derivative.operations + calls, numbers=derivative.numbers + read)


def fit(work: Floats, seconds: Floats) -> Rates:
    """The constants that predict `seconds` (k,) from `work` (k, 4) with the least sum of squared relative errors."""
    return Rates(*map(float, nnls(work / seconds[:, None], np.ones(len(seconds)))[0]))


def fits(tidy: pd.DataFrame) -> pd.DataFrame:
    """The fitted constants and how good they are: one row (FIT_COLUMNS) an engine, machine, commit and dtype.

    `median_error` and `worst_error` are those of |predicted / measured - 1| over cells held out of the fit. No row
    where fewer than FEWEST cells were measured.
    """
    rows = []
    for key, timed in _measured_times(tidy):
        held = _held_out(timed)
        error = np.abs(held["predicted"] / held["value"] - 1)
        cells = len(timed[list(CELL)].drop_duplicates())
        rows.append([*key, *_fitted(timed), cells, float(error.median()), float(error.max())])
    return pd.DataFrame(rows, columns=list(FIT_COLUMNS))


def held_out(tidy: pd.DataFrame) -> pd.DataFrame:
    """Each measured time beside what a model says that was not fitted to this cell: one row (ERROR_COLUMNS) a time.

    `error` is predicted / measured - 1.
    """
    parts = [_held_out(timed) for _, timed in _measured_times(tidy)]
    if not parts:
        return pd.DataFrame(columns=list(ERROR_COLUMNS))
    held = pd.concat(parts, ignore_index=True).rename(columns={"value": "seconds"})
    return held.assign(error=held["predicted"] / held["seconds"] - 1)[list(ERROR_COLUMNS)]


def held_out_ratios(tidy: pd.DataFrame, ratios: pd.DataFrame) -> pd.Series:
    """log(T_forward / T_reverse) of each row of `ratios`, by a model that was not fitted to the row's cell.

    `ratios` has the tidy table's columns. Missing where there is no model for it.
    """
    models = {key: _fold_rates(timed) for key, timed in _measured_times(tidy)}
    found = []
    for row in ratios.to_dict("records"):
        rates = models.get(tuple(row[name] for name in MODEL))
        if rates is None or not modelled(row):
            found.append(math.nan)
        else:
            found.append(log_ratio(row, rates[_fold(row)]))
    return pd.Series(found, index=ratios.index, dtype="float64")


def modelled(row: Mapping[Any, Any]) -> bool:
    """Whether the model speaks of this row: dense or residual, a known activation, one pass."""
    return row["layer"] in LAYERS and row["activation"] in SLOPES and pd.isna(row["chunk_size"])


def log_ratio(row: Mapping[Any, Any], rates: Rates) -> float:
    """log(T_forward / T_reverse) of a row's cell by `rates`."""
    forward, reverse = (_work(row, mode).seconds(rates) for mode in MODES)
    return math.log(forward / reverse)


def crossover(row: Mapping[Any, Any], rates: Rates) -> float:
    """n* of a row's m, width, depth, layer and profile by `rates`.

    Both times are linear in n, so that two n give the root; inf where forward mode is cheaper at every n, 0 where
    reverse mode is.
    """
    first, second = (
        _work({**row, "n": n}, "forward").seconds(rates) - _work({**row, "n": n}, "reverse").seconds(rates)
        for n in (1, 2)
    )
    slope = second - first
    if first > 0:
        return 0.0
    return 1 - first / slope if slope > 0 else math.inf


def crossover_table(tidy: pd.DataFrame, crossovers: pd.DataFrame) -> pd.DataFrame:
    """The measured crossover beside the counts' and the model's: one row (CROSSOVER_COLUMNS) a setting of time.

    `counted` is C2's n*, of operations alone; `modelled` that of the fitted model; `overhead` the share of the fixed
    price of operations in the forward time there (at n = m where the modes do not cross). Where it is near 1,
    multiply-adds do not matter, and the crossover need not be near the counted one (C6).
    """
    times = predicted(crossovers[(crossovers["metric"] == "log_ratio") & crossovers["layer"].isin(LAYERS)])
    rates = {
        tuple(row[name] for name in MODEL): Rates(*(row[name] for name in Rates._fields)) for row in _rows(fits(tidy))
    }
    activations = _activations(tidy)
    rows = []
    for row in _rows(times):
        known = rates.get(tuple(row[name] for name in MODEL))
        setting = {**row, "activation": activations.get(tuple(row[name] for name in GROUP)), "chunk_size": None}
        if known is None or not modelled(setting):
            continue
        root = crossover(setting, known)
        n = max(1, round(root)) if 0 < root < math.inf else row["m"]
        forward = _work({**setting, "n": n}, "forward")
        overhead = forward.operations * known.operation / forward.seconds(known)
        rows.append({**row, "counted": row["predicted"], "modelled": root, "overhead": overhead})
    return pd.DataFrame(rows, columns=list(CROSSOVER_COLUMNS))


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def _activations(tidy: pd.DataFrame) -> dict[tuple[Any, ...], str]:
    """The activation that each setting's ratios were measured with."""
    ratios = tidy[(tidy["metric"] == "log_ratio") & (tidy["mode"] == "forward/reverse")]
    return {tuple(row[name] for name in GROUP): row["activation"] for row in _rows(ratios)}


def _measured_times(tidy: pd.DataFrame) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    """The times that can be fitted, by MODEL, where there are enough."""
    keep = (tidy["metric"] == "seconds") & (tidy["status"] == "ok") & (tidy["value"] > 0) & tidy["mode"].isin(MODES)
    keep &= tidy["layer"].isin(LAYERS) & tidy["activation"].isin(list(SLOPES)) & tidy["chunk_size"].isna()
    for key, timed in tidy[keep].groupby(list(MODEL), dropna=False):
        if len(timed[list(CELL)].drop_duplicates()) >= FEWEST:
            yield key, timed


def _held_out(timed: pd.DataFrame) -> pd.DataFrame:
    """The times with a column `predicted`, by models of the other parts."""
    rates = _fold_rates(timed)
    found = [_work(row, row["mode"]).seconds(rates[_fold(row)]) for row in _rows(timed)]
    return timed.assign(predicted=found)


def _fold_rates(timed: pd.DataFrame) -> list[Rates]:
    """For each part, the constants fitted to all the others."""
    folds = np.array([_fold(row) for row in _rows(timed)])
    return [_fitted(timed[folds != fold]) for fold in range(FOLDS)]


def _fitted(timed: pd.DataFrame) -> Rates:
    work = np.array([_work(row, row["mode"]) for row in _rows(timed)], dtype=float).reshape(-1, len(Rates._fields))
    return fit(work, timed["value"].to_numpy(dtype=float))


def _fold(row: Mapping[Any, Any]) -> int:
    """The part that a cell belongs to: drawn at random, the same for both modes and wherever the cell turns up."""
    name = " ".join(f"{row[key]}" for key in CELL)
    return int(np.random.default_rng([SEED, *name.encode()]).integers(FOLDS))


def _work(row: Mapping[Any, Any], mode: str) -> Work:
    n, m, depth, width = (int(row[name]) for name in ("n", "m", "depth", "width"))
    return jacobian_work(row["layer"], row["activation"], layer_widths(n, m, depth, width, row["profile"]), mode)

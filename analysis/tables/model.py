"""A cost model of a Jacobian's time, fitted to the measured times and tried on cells that it was not fitted to.

Contract: pure functions of tables. For dense and residual chains, taken in one pass,

    seconds = operations * overhead + multiply-adds / rate + numbers / bandwidth + records * price of a record,

with the counts of `analysis.tables.work` and one set of four constants (`Prices`) for both modes of an engine, machine,
commit and dtype. The fit is non-negative least squares on the relative error (C. Lawson and R. Hanson, Solving Least
Squares Problems, 1974, chapter 23; https://docs.scipy.org/doc/scipy/reference/generated/scipy.optimize.nnls.html). Both
modes of a cell are held out together, in FOLDS seeded parts.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from analysis.intervals import Floats, median_interval
from analysis.reading.runs import RUN
from analysis.tables import calibrated
from analysis.tables.crossover import GROUP, Curve
from analysis.tables.work import LAYERS, MODES, PARTS, SLOPES, Prices, chain_work, modelled
from modes.shapes import ShapedRates

MODEL = (*RUN, "engine", "dtype")
"""What has constants of its own."""
CELL = ("layer", "profile", "activation", "n", "m", "width", "depth")
FOLDS = 5
FEWEST = 10
"""Cells below which nothing is fitted: four constants and five parts need that many."""
SEED = 0

FIT_COLUMNS = (
    *(*MODEL, "operation", "fma", "number", "record"),
    *("cells", "median_error", "median_low", "median_high", "worst_error"),
)
ERROR_COLUMNS = (*MODEL, *CELL, "mode", "seconds", "predicted", "error")
MEASURED = ("verdict", "n_star", "low", "high", "crossings", "smallest", "largest")
CROSSOVER_COLUMNS = (*GROUP, *MEASURED, "counted", "modelled", "calibrated", "overhead", *PARTS)


class Model(NamedTuple):
    """What was fitted to one of MODEL: the times with a column `predicted`, each by a model of the other parts; the
    constants fitted to all of them; and for each part those fitted to all the others."""

    timed: pd.DataFrame
    prices: Prices
    parts: list[Prices]


Models = Mapping[tuple[Any, ...], Model]


def fit(counts: Floats, seconds: Floats) -> Prices:
    """The constants that predict `seconds` (k,) from `counts` (k, 4) with the least sum of squared relative errors."""
    return Prices(*map(float, nnls(counts / seconds[:, None], np.ones(len(seconds)))[0]))


def models(tidy: pd.DataFrame) -> dict[tuple[Any, ...], Model]:
    """The models of a tidy table, by MODEL; none where fewer than FEWEST cells were measured. Cost: FOLDS + 1 fits."""
    found = {}
    for key, timed in _measured_times(tidy):
        parts = _part_prices(timed)
        said = [chain_work(row, row["mode"]).seconds(parts[part_of(row)]) for row in _rows(timed)]
        found[key] = Model(timed.assign(predicted=said), _fitted(timed), parts)
    return found


def fits(models: Models) -> pd.DataFrame:
    """The fitted constants and how good they are: one row (FIT_COLUMNS) an engine, machine, commit and dtype.

    `median_error` and `worst_error` are those of |predicted / measured - 1| over cells held out of the fit,
    `median_low` to `median_high` is the median's 95 % interval, for cells drawn as these were.
    """
    rows = []
    for key, (timed, prices, _) in models.items():
        error = np.abs(timed["predicted"] / timed["value"] - 1)
        cells = len(timed[list(CELL)].drop_duplicates())
        median = [float(error.median()), *median_interval(sorted(error))]
        rows.append([*key, *prices, cells, *median, float(error.max())])
    return pd.DataFrame(rows, columns=list(FIT_COLUMNS))


def held_out(models: Models) -> pd.DataFrame:
    """Each measured time beside what a model says that was not fitted to this cell: one row (ERROR_COLUMNS) a time.

    `error` is predicted / measured - 1.
    """
    if not models:
        return pd.DataFrame(columns=list(ERROR_COLUMNS))
    held = pd.concat([model.timed for model in models.values()], ignore_index=True).rename(columns={"value": "seconds"})
    return held.assign(error=held["predicted"] / held["seconds"] - 1)[list(ERROR_COLUMNS)]


def held_out_ratios(models: Models, ratios: pd.DataFrame) -> pd.Series:
    """log(T_forward / T_reverse) of each row of `ratios`, by a model that was not fitted to the row's cell.

    `ratios` has the tidy table's columns. Missing where there is no model for it.
    """
    found = []
    for row in ratios.to_dict("records"):
        model = models.get(tuple(row[name] for name in MODEL))
        if model is None or not modelled(row):
            found.append(math.nan)
        else:
            found.append(log_ratio(row, model.parts[part_of(row)]))
    return pd.Series(found, index=ratios.index, dtype="float64")


def log_ratio(row: Mapping[Any, Any], prices: Prices) -> float:
    """log(T_forward / T_reverse) of a row's cell by `prices`."""
    forward, reverse = (chain_work(row, mode).seconds(prices) for mode in MODES)
    return math.log(forward / reverse)


def crossover(row: Mapping[Any, Any], prices: Prices) -> float:
    """n* of a row's m, width, depth, layer and profile by `prices`.

    Both times are linear in n, so that two n give the root; inf where forward mode is cheaper at every n, 0 where
    reverse mode is.
    """
    first, second = (
        chain_work({**row, "n": n}, "forward").seconds(prices) - chain_work({**row, "n": n}, "reverse").seconds(prices)
        for n in (1, 2)
    )
    slope = second - first
    if first > 0:
        return 0.0
    return 1 - first / slope if slope > 0 else math.inf


def predictions(
    tidy: pd.DataFrame,
    counted: pd.DataFrame,
    models: Models,
    curves: Mapping[tuple[Any, ...], Curve] | None = None,
    rates: ShapedRates | None = None,
) -> pd.DataFrame:
    """The measured crossover beside the counts' and the model's: one row (CROSSOVER_COLUMNS) a setting of time.

    `counted` is the crossover table with C2's n* (`analysis.tables.crossover.predicted`), of multiply-adds alone;
    `modelled` that of the fitted model; `calibrated` that of `rates` measured by shape, for the engine that they are
    of, at the n of the measured `curves`, missing where either is not given. PARTS are shares of the time of both modes
    there (at n = m where the modelled ones do not cross), and `overhead` is that of the fixed prices, of operations and
    of the tape. Where it is near 1, multiply-adds do not matter, and the crossover need not be near the counted one
    (C6).
    """
    times = counted[(counted["metric"] == "log_ratio") & counted["layer"].isin(LAYERS)]
    activations = _activations(tidy)
    rows = []
    for row in _rows(times):
        model = models.get(tuple(row[name] for name in MODEL))
        setting = {**row, "activation": activations.get(tuple(row[name] for name in GROUP)), "chunk_size": None}
        if model is None or not modelled(setting):
            continue
        root = crossover(setting, model.prices)
        n = max(1, round(root)) if 0 < root < math.inf else row["m"]
        seconds = np.sum([chain_work({**setting, "n": n}, mode).parts(model.prices) for mode in MODES], axis=0)
        shares = dict(zip(PARTS, (seconds / seconds.sum()).tolist(), strict=True))
        overhead = shares["operations"] + shares["tape"]
        curve = (curves or {}).get((*(row[name] for name in GROUP), row["metric"]))
        said = math.nan
        if rates is not None and curve is not None and row["engine"] == calibrated.ENGINE:
            said = calibrated.crossover(setting, rates, curve.n.tolist())
        both = {"counted": row["predicted"], "modelled": root, "calibrated": said}
        rows.append({**row, **both, "overhead": overhead, **shares})
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


def _part_prices(timed: pd.DataFrame) -> list[Prices]:
    """For each part, the constants fitted to all the others."""
    parts = np.array([part_of(row) for row in _rows(timed)])
    return [_fitted(timed[parts != part]) for part in range(FOLDS)]


def _fitted(timed: pd.DataFrame) -> Prices:
    counts = np.array([chain_work(row, row["mode"]) for row in _rows(timed)], dtype=float)
    return fit(counts.reshape(-1, len(Prices._fields)), timed["value"].to_numpy(dtype=float))


def part_of(row: Mapping[Any, Any]) -> int:
    """The part that a cell belongs to: drawn at random, the same for both modes and wherever the cell turns up."""
    name = " ".join(f"{row[key]}" for key in CELL)
    return int(np.random.default_rng([SEED, *name.encode()]).integers(FOLDS))

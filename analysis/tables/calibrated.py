"""What rates measured by shape say of chains, before any Jacobian of theirs was timed: crossovers, choices, how good.

Contract: pure functions. The rates are those of `modes.shapes`, measured when the run began (`python -m
modes.calibrate`): products, passes over blocks and single steps. They are of this project's engine alone. What the
sweeps take is added up by widths, as mode="auto" adds it up along its tape; a test holds the two equal.
"""

import json
import math
import warnings
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import AnalysisWarning
from analysis.intervals import share_interval, zero
from analysis.tables.work import MODES, SLOPES
from modes.chains import layer_widths
from modes.chunking import MANY
from modes.rates import AnyRates
from modes.shapes import ShapedRates

ENGINE = "modes"
"""The engine whose steps were timed."""
NEAR = 1.1
"""A factor that a prediction is to be within."""
BY_RATES, BY_TIMES, BY_COUNTS, BY_SIZES = "rates by shape", "fitted to these times", "multiply-adds alone", "n = m"
PREDICTORS = {BY_RATES: "calibrated", BY_TIMES: "modelled", BY_COUNTS: "counted", BY_SIZES: "m"}
"""Who predicts a crossover, and the column that it is in."""
NEAR_COLUMNS = ("engine", "predictor", "crossovers", "near", "share", "low", "high", "median_error", "worst_error")


def rates_of(record: str) -> ShapedRates | None:
    """The rates in a run's record (`Provenance.rates`); None where there are none. Warns where they are damaged."""
    if not record:
        return None
    try:
        rates = json.loads(record)["rates"]
        return None if rates is None else ShapedRates(**rates)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        damaged = f"the rates in this run's record are damaged ({error}) and left out"
        warnings.warn(f"{damaged}; a run into another folder measures them anew", AnalysisWarning, stacklevel=2)
        return None


def sweep_seconds(row: Mapping[Any, Any], mode: str, rates: AnyRates) -> float:
    """What carrying the seed along a row's chain takes, the writing of the tape included, without f itself."""
    n, m, depth, width = (int(row[name]) for name in ("n", "m", "depth", "width"))
    widths, slopes = layer_widths(n, m, depth, width, row["profile"]), SLOPES[row["activation"]]
    sums = {"dense": 0, "residual": max(0, depth - 2)}[row["layer"]]
    held = sum(before * after for before, after in pairwise(widths))
    prices = rates.bound(np.dtype(row["dtype"]).itemsize, held, False)
    up = mode == "forward"
    matrix, scale, other = prices.push if up else prices.pull
    seconds = depth * (matrix + slopes * scale) + sums * 3 * other
    if not up:
        matrix, scale, other = prices.record
        seconds += prices.start + depth * (matrix + slopes * scale) + sums * other
    k = n if up else m
    seconds += prices.many[0 if up else 1] if k >= MANY else 0.0
    for level, (before, after) in enumerate(pairwise(widths), start=1):
        if up:
            seconds += prices.through(True, level == 2, k, before, after) if level > 1 else 0.0
            seconds += slopes * prices.scaled(level == 1, k, after)
        elif level < depth:
            seconds += slopes * prices.scaled(False, k, after) + prices.through(False, False, k, after, before)
        elif slopes:
            seconds += slopes * prices.moved(2 * k) + prices.spread(False, after, before)
    if sums:
        seconds += sums * (prices.added(k, widths[1]) + prices.handed(4 * k * widths[1]))
    return seconds


def ratio(row: Mapping[Any, Any], rates: AnyRates) -> float:
    """How the two modes' sweeps differ, forward's less reverse's over their mean: the log ratio but for f itself."""
    forward, reverse = (sweep_seconds(row, mode, rates) for mode in MODES)
    return 2 * (forward - reverse) / (forward + reverse)


def crossover(row: Mapping[Any, Any], rates: AnyRates, sizes: Sequence[float]) -> float:
    """n* of a row's setting by the rates, at these n, from the curve as the measured one is read (`intervals.zero`); 0
    or inf where it lies beyond them."""
    curve = [ratio({**row, "n": int(n)}, rates) for n in sizes]
    return float(np.exp(zero(np.log(np.asarray(sizes, dtype=float)), curve))) if len(curve) > 1 else math.nan


def nearness(predictions: pd.DataFrame) -> pd.DataFrame:
    """How many crossovers each of PREDICTORS comes near: one row (NEAR_COLUMNS) an engine and predictor.

    `near` of `crossovers` with a number are met within a factor of NEAR, `share` with its exact 95 % interval; the
    errors are factors, predicted over measured or the other way round, the larger one. A crossover that a predictor
    puts beyond all sizes is counted, and missed.
    """
    rows = []
    found = predictions[predictions["n_star"].notna()]
    for engine, part in found.groupby("engine"):
        measured = part["n_star"].to_numpy(dtype=float)
        for name, column in PREDICTORS.items():
            said = part[column].to_numpy(dtype=float)
            if np.isnan(said).all():
                continue
            with np.errstate(divide="ignore"):
                errors = np.abs(np.log(said / measured))[~np.isnan(said)]
            near, count = int((errors <= math.log(NEAR)).sum()), len(errors)
            factors = np.exp([np.median(errors), errors.max()]).tolist()
            rows.append([engine, name, count, near, near / count, *share_interval(near, count), *factors])
    return pd.DataFrame(rows, columns=list(NEAR_COLUMNS))

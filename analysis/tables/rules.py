"""The rules by which shipped software chooses a mode, scored on measured cells.

A choice is one thing, a call another: what mode="auto" takes to choose is in `whole_calls` alone.

Contract: pure functions of tables. A rule is a row of RULES: a function of n and m, and where it is written. Beside
them two rules that know the widths: mode="auto" of `modes.jacobian` (by the rates measured when the run began, or the
constants it ships with; for another library by rates of its own, which were fitted to other cells:
`analysis.tables.own`), and the cost model of `analysis.tables.model`, which for each cell was fitted to other cells.

Scored are the cells whose log ratio has an interval. Where the interval touches 0, the pairs cannot tell the modes
apart: either choice is right, and its regret is 1. Elsewhere a choice is wrong if it is the slower mode, and its regret
is its time over that of the other: exp(|r|) for a wrong choice, 1 for a right one.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.intervals import mean_interval, share_interval
from analysis.reading.runs import RUN
from analysis.tables.calibrated import ENGINE, sweep_seconds
from analysis.tables.model import FOLDS, Models, held_out_ratios, part_of
from analysis.tables.own import held_out_ratios as held_out_own
from analysis.tables.rows import measured
from analysis.tables.work import modelled
from modes.rates import DEFAULT
from modes.shapes import ShapedRates

FORWARD, REVERSE, NOTHING = "forward", "reverse", ""
SCORED = (*RUN, "engine")
AUTO, MODEL = 'mode="auto"', "cost model, held out"
AIM = (1.003, 1.10)
"""What mode="auto" should reach: geometric mean and maximum of the regret."""
CHOICE_COLUMNS = (
    *SCORED,
    *("layer", "profile", "activation", "n", "m", "width", "depth", "dtype"),
    *("log_ratio", "tie", "rule", "choice", "wrong", "regret"),
)
SCORE_COLUMNS = (
    *(*SCORED, "rule", "cells", "ties", "wrong", "wrong_low", "wrong_high"),
    *("geometric_mean", "low", "high", "percentile_90", "maximum"),
)


CALLS = (
    ("log_auto_ratio", "chains", "later"),
    ("log_problem_ratio", "known problems", "later"),
    ("log_first_ratio", "chains", "first"),
)
"""The metrics of whole calls by mode="auto" over the fastest mode: of which functions, the first or a later call."""
CALL_COLUMNS = ("engine", "functions", "call", "cells", "geometric_mean", "low", "high", "percentile_90", "maximum")


class ShippedRule(NamedTuple):
    """How a piece of software chooses: when it takes forward mode, and the file (or thread) where it says so."""

    name: str
    when: str
    choose: Callable[[int, int], str]
    source: str


def _forward_if(condition: bool) -> str:
    return FORWARD if condition else REVERSE


def _at_most(n: int, m: int) -> str:
    return _forward_if(n <= m)


RULES = (
    ShippedRule(
        "lineax",
        "n < 100 or n <= 1.5 m",
        lambda n, m: _forward_if(n < 100 or n <= 1.5 * m),
        "lineax/_misc.py, jacobian",
    ),
    ShippedRule(
        "CasADi",
        "0.33 n <= 0.67 m",
        lambda n, m: _forward_if(0.33 * n <= (1 - 0.33) * m),
        "casadi/core/function_internal.cpp",
    ),
    ShippedRule("ADOL-C", "floor(n / 2) < m", lambda n, m: _forward_if(n // 2 < m), "ADOL-C/src/drivers/drivers.cpp"),
    ShippedRule("CppAD", "n <= m", _at_most, "include/cppad/core/jacobian.hpp"),
    ShippedRule("Adept 2", "n <= m", _at_most, "include/adept/Stack.h"),
    ShippedRule("DiffSharp", "n <= m", _at_most, "DiffSharp.fs"),
    ShippedRule("PyTorch docs", "n < m", lambda n, m: _forward_if(m > n), "functorch notebook jacobians_hessians"),
    ShippedRule("JAX (proposed)", "n <= m", _at_most, "issue jax-ml/jax#2344; JAX itself leaves it to the user"),
    ShippedRule("OpenMDAO", "n <= m", _at_most, "openmdao/core/problem.py"),
    ShippedRule("SciMLSensitivity", "n <= 100", lambda n, m: _forward_if(n <= 100), "src/concrete_solve.jl"),
    ShippedRule("ForwardDiff.jl", "always forward", lambda n, m: FORWARD, "src/prelude.jl: always, in chunks"),
    ShippedRule("HIPS autograd", "never forward", lambda n, m: REVERSE, "autograd/differential_operators.py: never"),
    ShippedRule("MathOptInterface", "never forward", lambda n, m: REVERSE, "issue MathOptInterface.jl#2526: never"),
)
OWN = {
    AUTO: (
        "its rates say so; of another library rates of its own, held out",
        "modes/choice.py, analysis/tables/own.py",
    ),
    MODEL: ("a model fitted to other cells says so", "analysis/tables/model.py"),
}
"""When the rules that know the widths take forward mode, and where they are written."""


def choices(tidy: pd.DataFrame, models: Models, rates: ShapedRates | None = None) -> pd.DataFrame:
    """What each rule chooses for each measured cell, and what that costs: one row (CHOICE_COLUMNS) a cell and rule.

    `models` are those of `analysis.tables.model`, `rates` those measured by shape when the run began (None: by those
    that ship mode="auto" chooses). `log_ratio` is the measured log(T_forward / T_reverse). A rule has no
    row for a cell it says nothing of: mode="auto" and the model speak of dense and residual chains, the model of
    engines with enough measured times.
    """
    cells = _cells(tidy)
    rows = cells.to_dict("records")
    chosen = {rule.name: [rule.choose(int(row["n"]), int(row["m"])) for row in rows] for rule in RULES}
    own = held_out_own(tidy, cells[cells["engine"] != ENGINE], part_of, FOLDS).reindex(cells.index)
    chosen[AUTO] = [
        (auto(row, rates) if math.isnan(ratio) else _forward_if(ratio <= 0)) if modelled(row) else NOTHING
        for row, ratio in zip(rows, own, strict=True)
    ]
    ratios = held_out_ratios(models, cells)
    chosen[MODEL] = [NOTHING if math.isnan(ratio) else _forward_if(ratio <= 0) for ratio in ratios]
    parts = [cells.assign(rule=name, choice=picked) for name, picked in chosen.items()]
    found = pd.concat(parts, ignore_index=True)
    found = found[found["choice"] != NOTHING].reset_index(drop=True)
    loss = found["log_ratio"].where(found["choice"] == FORWARD, -found["log_ratio"])
    wrong = (loss > 0) & ~found["tie"]
    return found.assign(wrong=wrong, regret=np.exp(loss.where(wrong, 0.0)))[list(CHOICE_COLUMNS)]


def scores(choices: pd.DataFrame, by: Sequence[str] = ()) -> pd.DataFrame:
    """How good each rule is: one row (SCORE_COLUMNS) an engine and rule, the engine's least regret first.

    `choices` is the table of that name, `by` names columns of CHOICE_COLUMNS to score apart, "profile" for one; they
    follow the engine's. `wrong` is the share of wrong choices; `geometric_mean`, `percentile_90` and `maximum` are
    those of the regret over the `cells`, of which `ties` cannot be got wrong. `wrong_low` to `wrong_high` and `low` to
    `high` are the 95 % intervals of the share and of the geometric mean, for cells drawn as these were; a maximum has
    none, since cells not measured can only be worse. Cost: one bootstrap, 3 ms, a row.
    """
    rows = []
    for key, part in choices.groupby([*SCORED, *by, "rule"], sort=False, dropna=False):
        loss = np.log(part["regret"].to_numpy(dtype=float))
        wrong, ties = int(part["wrong"].sum()), int(part["tie"].sum())
        share = [wrong / len(part), *share_interval(wrong, len(part))]
        regret = np.exp([loss.mean(), *mean_interval(loss), *np.quantile(loss, (0.9, 1.0))]).tolist()
        rows.append([*key, len(part), ties, *share, *regret])
    found = pd.DataFrame(rows, columns=[*SCORED, *by, *SCORE_COLUMNS[len(SCORED) :]])
    return found.sort_values([*SCORED, *by, "geometric_mean"], kind="stable", ignore_index=True)


def whole_calls(tidy: pd.DataFrame) -> pd.DataFrame:
    """What mode="auto" costs as it is called: one row (CALL_COLUMNS) an engine, kind of function and kind of call.

    Of the time of a whole call over that of the fastest mode called by name: geometric mean with its 95 % interval over
    the `cells`, 90th percentile, maximum. What the pairs cannot tell from 1 is not taken for 1: a call has a time, and
    no choice to be right or wrong about.
    """
    rows = []
    for metric, functions, call in CALLS:
        for engine, part in measured(tidy, metric, mode="auto/best").groupby("engine"):
            logs = part["value"].to_numpy(dtype=float)
            numbers = np.exp([logs.mean(), *mean_interval(logs), *np.quantile(logs, (0.9, 1.0))]).tolist()
            rows.append([engine, functions, call, len(part), *numbers])
    return pd.DataFrame(rows, columns=list(CALL_COLUMNS)).astype({"cells": "Int64"})


def auto(row: Mapping[Any, Any], rates: ShapedRates | None = None) -> str:
    """What mode="auto" chooses for a row's chain, by these rates, or by the constants it ships with; forward mode where
    it ties."""
    in_force = rates if rates is not None and row["engine"] == ENGINE else DEFAULT
    forward, reverse = (sweep_seconds(row, mode, in_force) for mode in (FORWARD, REVERSE))
    return _forward_if(forward <= reverse)


def _cells(tidy: pd.DataFrame) -> pd.DataFrame:
    """The measured log ratios of Jacobians in one pass that have an interval."""
    keep = (tidy["metric"] == "log_ratio") & (tidy["mode"] == "forward/reverse") & (tidy["status"] == "ok")
    keep &= tidy["chunk_size"].isna() & tidy["low"].notna() & tidy["high"].notna()
    cells = tidy[keep].reset_index(drop=True)
    tie = (cells["low"] <= 0) & (cells["high"] >= 0)
    return cells.assign(log_ratio=cells["value"], tie=tie.astype(bool))

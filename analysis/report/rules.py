"""The tables about choosing without measuring: rules scored, the cost model's constants and errors, its crossovers.

Pure functions of the tidy and the crossover table, as `analysis.report.tables`.
"""

import numpy as np
import pandas as pd

from analysis.tables.model import crossover_table, fits
from analysis.tables.selection import AUTO, MODEL, OWN, RULES, scores

SHOWN = {
    "CppAD": "n <= m",
    "CasADi": "n <= 2.03 m",
    "lineax": "n < 100 or n <= 1.5 m",
    "HIPS autograd": "never forward",
    AUTO: AUTO,
    MODEL: MODEL,
}
"""The rules that are compared over engines and width profiles, one of each kind, and their names there."""


def rule_table(tidy: pd.DataFrame) -> pd.DataFrame:
    """Every rule with its scores, one row an engine and rule: this project's engines first, then the least regret."""
    about = {rule.name: (rule.when, rule.source) for rule in RULES} | OWN
    table = scores(tidy)
    for place, name in enumerate(("when", "source")):
        table[name] = [about[rule][place] for rule in table["rule"]]
    return _engines_first(table.drop(columns=["machine", "env", "commit"]))


def engine_table(tidy: pd.DataFrame) -> pd.DataFrame:
    """The regret of the rules SHOWN, one row an engine: columns `<rule> mean` and `<rule> max`."""
    return _engines_first(_side_by_side(scores(tidy), "engine"))


def profile_table(tidy: pd.DataFrame) -> pd.DataFrame:
    """The regret of the rules SHOWN on this project's engines, one row a width profile, columns as `engine_table`."""
    table = scores(tidy, by=["profile"])
    return _side_by_side(table[table["engine"] == "modes"], "profile").sort_values(
        "profile", ascending=False, ignore_index=True
    )


def model_table(tidy: pd.DataFrame) -> pd.DataFrame:
    """The fitted constants as people name them, and the errors on cells held out: one row an engine and dtype.

    In ns an operation, 10^9 multiply-adds a second, 10^9 bytes a second, ns a record; errors in percent. Missing where
    the fit gives a constant of 0: too little of it is in these times.
    """
    table = fits(tidy)
    itemsize = np.array([np.dtype(name).itemsize for name in table["dtype"]], dtype=float)
    percent = ["median_error", "median_low", "median_high", "worst_error"]
    found = table[["engine", "dtype", "cells"]].assign(
        operation_ns=1e9 * table["operation"],
        gfma=1e-9 / table["fma"].replace(0.0, np.nan),
        gigabytes=1e-9 * itemsize / table["number"].replace(0.0, np.nan),
        record_ns=1e9 * table["record"],
        **{name: 100 * table[name] for name in percent},
    )
    return _engines_first(found)


def prediction_table(tidy: pd.DataFrame, crossovers: pd.DataFrame) -> pd.DataFrame:
    """The measured crossovers of time beside the counted and the modelled ones, overhead in percent."""
    table = crossover_table(tidy, crossovers)
    keys = ["engine", "layer", "profile", "m", "width", "depth", "dtype"]
    found = table[[*keys, "n_star", "low", "high", "counted", "modelled"]].assign(overhead=100 * table["overhead"])
    return found.sort_values(
        ["engine", "layer", "profile", "dtype", "width", "depth", "m"],
        ascending=[True, True, False, False, True, True, True],
        ignore_index=True,
    )


def _side_by_side(table: pd.DataFrame, of: str) -> pd.DataFrame:
    """One row a value of column `of`; of each rule SHOWN the geometric mean and the maximum of the regret."""
    rows = []
    for value, part in table.groupby(of):
        by_rule = part.set_index("rule").reindex(list(SHOWN))
        means = {f"{rule} mean": by_rule.loc[rule, "geometric_mean"] for rule in SHOWN}
        most = {f"{rule} max": by_rule.loc[rule, "maximum"] for rule in SHOWN}
        rows.append({of: value, "cells": part["cells"].max(), **means, **most})
    columns = [of, "cells", *(f"{rule} {what}" for what in ("mean", "max") for rule in SHOWN)]
    return pd.DataFrame(rows, columns=columns)


def _engines_first(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of engine modes first, the others by name; else in the order that they had."""
    order = sorted(table["engine"].unique(), key=lambda engine: (engine != "modes", engine))
    places = table["engine"].map(order.index)
    return table.loc[places.sort_values(kind="stable").index].reset_index(drop=True)

"""Choosing without measuring: rules scored, the cost model's constants and crossovers, and the section's panels."""

import numpy as np
import pandas as pd

from analysis.reading.runs import RUN
from analysis.tables.rows import engines_first, match, with_dates
from analysis.tables.rules import AUTO, MODEL, OWN, RULES
from analysis.tables.shown.panels import Panel, Shown

SHOWN = {
    "CppAD": "n <= m",
    "CasADi": "n <= 2.03 m",
    "lineax": "n < 100 or n <= 1.5 m",
    "HIPS autograd": "never forward",
    AUTO: AUTO,
    MODEL: MODEL,
}
"""The rules that are compared over engines and width profiles, one of each kind, and their names there."""


ENDS = ["n_star", "low", "high", "crossings", "smallest", "largest"]
"""A crossover, its interval, and the ends of the sizes measured."""
PANELS = 3
"""Engines and dtypes that have a panel of the model's errors."""


# --- tables ---


def rule_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Every rule with its scores, one row an engine and rule: this project's engines first, then the least regret."""
    about = {rule.name: (rule.when, rule.source) for rule in RULES} | OWN
    table = scores.copy()
    for place, name in enumerate(("when", "source")):
        table[name] = [about[rule][place] for rule in table["rule"]]
    return engines_first(table.drop(columns=RUN))


def engine_table(scores: pd.DataFrame) -> pd.DataFrame:
    """The regret of the rules SHOWN, one row an engine: columns `<rule> mean` and `<rule> max`."""
    return engines_first(_side_by_side(scores, "engine"))


def profile_table(scores_by_profile: pd.DataFrame) -> pd.DataFrame:
    """The regret of the rules SHOWN on this project's engines, one row a width profile, columns as `engine_table`."""
    return _side_by_side(match(scores_by_profile, engine="modes"), "profile").sort_values(
        "profile", ascending=False, ignore_index=True
    )


def model_table(fits: pd.DataFrame) -> pd.DataFrame:
    """The fitted constants as people name them, and the errors on cells held out: one row an engine and dtype.

    In ns an operation, 10^9 multiply-adds a second, 10^9 bytes a second, ns a record; errors in percent. Missing where
    the fit gives a constant of 0: too little of it is in these times.
    """
    itemsize = np.array([np.dtype(name).itemsize for name in fits["dtype"]], dtype=float)
    percent = ["median_error", "median_low", "median_high", "worst_error"]
    found = fits[["engine", "dtype", "cells"]].assign(
        operation_ns=1e9 * fits["operation"],
        gfma=1e-9 / fits["fma"].replace(0.0, np.nan),
        gigabytes=1e-9 * itemsize / fits["number"].replace(0.0, np.nan),
        record_ns=1e9 * fits["record"],
        **{name: 100 * fits[name] for name in percent},
    )
    return engines_first(found)


def prediction_table(predictions: pd.DataFrame) -> pd.DataFrame:
    """The measured crossovers of time beside the counted and the modelled ones, overhead in percent."""
    keys = ["engine", "layer", "profile", "m", "width", "depth", "dtype"]
    found = predictions.reindex(columns=[*keys, *ENDS, "verdict", "counted", "modelled", "calibrated"])
    found = found.assign(overhead=100 * predictions["overhead"])
    order = ["layer", "profile", "dtype", "width", "depth", "m"]
    # backwards by name: uniform before hourglass, float64 before float32
    return engines_first(found.sort_values(order, ascending=[True, False, False, True, True, True]))


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


# --- panels ---


def regret_panels(scores: pd.DataFrame, tidy: pd.DataFrame) -> Shown:
    """The rules scored on the Jacobians of this project's engine."""
    table = with_dates(match(scores, engine="modes"), tidy)
    return Shown(table, (Panel("rules", rule_groups(table)),) if len(table) else ())


def rule_groups(scores: pd.DataFrame) -> pd.DataFrame:
    """The scores with a column `label`, one row for rules that are the same rule, the least regret first."""
    names: dict[str, list[str]] = {}
    for rule in RULES:
        names.setdefault(rule.when, []).append(rule.name)
    labels = {found[0]: f"{when}: {', '.join(found)}" for when, found in names.items()} | {name: name for name in OWN}
    kept = scores[scores["rule"].isin(list(labels))].sort_values("geometric_mean", kind="stable")
    return kept.assign(label=kept["rule"].map(labels))


def error_panels(held_out: pd.DataFrame, fits: pd.DataFrame, tidy: pd.DataFrame) -> Shown:
    """Held-out times of up to PANELS engines and dtypes, this project's engine and float64 first; the fit beside."""
    groups = [part for _, part in held_out.groupby(["engine", "dtype"])]
    groups.sort(key=lambda part: (part["engine"].iloc[0] != "modes", part["dtype"].iloc[0] != "float64", -len(part)))
    panels = []
    for part in groups[:PANELS]:
        setting = {name: part[name].iloc[0] for name in ("engine", "dtype")}
        panels.append(Panel(tuple(setting.values()), part, setting, {"fit": match(fits, **setting)}))
    return Shown(with_dates(held_out, tidy), tuple(panels))

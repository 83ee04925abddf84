"""How good are the rules by which software chooses a mode, and does a model predict the crossover?"""

from collections.abc import Callable

import pandas as pd

from analysis.errors import MEASURE
from analysis.report.cells import (
    DASH,
    Row,
    crossover,
    crossover_interval,
    engine,
    inputs,
    ratio,
    significant,
    span,
    text,
)
from analysis.report.section import Section, Table
from analysis.tables.findings import Findings
from analysis.tables.shown.choosing import SHOWN


def ratios_measured(found: Findings) -> bool:
    """Whether there is anything to choose between."""
    return found.ratios_measured


def regret(value: float) -> str:
    """A regret with three decimals, since it is near 1."""
    return DASH if pd.isna(value) else f"{value:.3f}"


def percent(value: float) -> str:
    """A number of percent with two digits."""
    return significant(value, 2)


def mean_and_most(rule: str) -> Callable[[Row], str]:
    """A rule's geometric mean and, in brackets, its maximum."""
    return lambda row: (
        DASH if pd.isna(row[f"{rule} mean"]) else f"{regret(row[f'{rule} mean'])} ({row[f'{rule} max']:.2f})"
    )


REGRETS = {name: mean_and_most(rule) for rule, name in SHOWN.items()}

RULES_BY_ENGINE = Table(
    lambda found: found.engine_table,
    "Rules by engine",
    "Time by the rule's choice over that of the better mode: the geometric mean over all Jacobians measured with each "
    "engine, and in brackets the worst. What a rule costs depends on the engine it is asked for: the first are this "
    "project's, floor is written by hand in NumPy. mode=\"auto\" is this project's; for another engine it is what its "
    "counts would choose. A dash: too few times were measured to fit a model to.",
    {"engine": engine(), "Jacobians": text("cells"), **REGRETS},
)
SECTION = Section(
    "Choosing without measuring",
    "Whoever does not measure needs a rule, or a model. Here are those that libraries ship, and this project's own.",
    {},
    {
        "rules-by-profile": Table(
            lambda found: found.profile_table,
            "Rules by width profile",
            "Geometric mean of the regret, and in brackets its maximum, for layers of equal width (uniform), and for "
            "those that narrow (funnel), narrow and widen (hourglass), and widen and narrow (bulge). A rule on n and m "
            "alone does not see the difference.",
            {"profile": text("profile"), "Jacobians": text("cells"), **REGRETS},
        ),
        "rules": Table(
            lambda found: found.rule_table,
            "Rules scored",
            "Regret is the time by the rule's choice over that of the better mode: 1.000 is perfect. The interval is a "
            "95 % bootstrap over the Jacobians measured; that of wrong choices is exact. Ties, where the "
            "measurements cannot tell the modes apart, count as right.",
            {
                "engine": engine(),
                "rule": text("rule"),
                "forward mode when": text("when"),
                "regret, geometric mean": lambda row: regret(row["geometric_mean"]),
                "95 % interval": lambda row: span(row["low"], row["high"], regret),
                "90th percentile": lambda row: regret(row["percentile_90"]),
                "maximum": lambda row: f"{row['maximum']:.2f}",
                "wrong choices, %": lambda row: percent(100 * row["wrong"]),
                "their 95 % interval": lambda row: span(100 * row["wrong_low"], 100 * row["wrong_high"], percent),
                "Jacobians": text("cells"),
                "ties": text("ties"),
                "source": text("source"),
            },
        ),
        "whole-calls": Table(
            lambda found: found.whole_calls,
            'Calls of mode="auto"',
            'The time of whole calls in mode="auto" over that of the fastest mode called by name. The first call of a '
            "function counts and chooses; those that follow remember. Prepared, the choice is made once. What is aimed "
            "at for later calls: 1.05 in the geometric mean and 1.25 at worst; prepared 1.01.",
            {
                "engine": text("engine"),
                "functions": text("functions"),
                "call": text("call"),
                "geometric mean": lambda row: regret(row["geometric_mean"]),
                "95 % interval": lambda row: span(row["low"], row["high"], regret),
                "90th percentile": lambda row: regret(row["percentile_90"]),
                "maximum": lambda row: f"{row['maximum']:.2f}",
                "cells": text("cells"),
            },
        ),
        "model": Table(
            lambda found: found.model_table,
            "The cost model",
            "Time = operations x price + multiply-adds / rate + bytes / bandwidth + records on the tape x price, "
            "fitted to the times of each engine by non-negative least squares on the relative error. The errors are "
            "those on chains held out of the fit. A dash: these times hold too little of it to tell.",
            {
                "engine": engine(),
                "dtype": text("dtype"),
                "chains": text("cells"),
                "ns an operation": ratio("operation_ns"),
                "10^9 multiply-adds / s": ratio("gfma"),
                "GB / s": ratio("gigabytes"),
                "ns a record": ratio("record_ns"),
                "median error, %": lambda row: percent(row["median_error"]),
                "95 % interval": lambda row: span(row["median_low"], row["median_high"], percent),
                "worst error, %": lambda row: percent(row["worst_error"]),
            },
        ),
        "nearness": Table(
            lambda found: found.near_table,
            "How near predictions come",
            "Crossovers predicted within 10 % of the measured ones. By the rates of products, passes and steps that "
            "were measured by shape when the run began, having seen no Jacobian; by the cost model above, fitted to "
            "times of this run; by multiply-adds alone (C2); and by n = m. The interval of the share is exact; errors "
            "are factors.",
            {
                "engine": engine(),
                "predicted by": text("predictor"),
                "crossovers": text("crossovers"),
                "within 10 %": text("near"),
                "share, %": lambda row: percent(100 * row["share"]),
                "95 % interval": lambda row: span(100 * row["low"], 100 * row["high"], percent),
                "median factor": lambda row: regret(row["median_error"]),
                "worst factor": lambda row: significant(row["worst_error"], 3),
            },
        ),
        "predictions": Table(
            lambda found: found.prediction_table,
            "Crossovers measured, counted and modelled",
            "n* as measured, as counted from multiply-adds (a dash: both modes take the same, or no count is made for "
            "this layer), by the cost model, which saw times of single modes and none of these ratios, and by rates of "
            "products, passes and steps that were measured by shape before any Jacobian was timed; and the share of "
            "fixed prices, of operations and of the tape, in the time at the modelled crossover.",
            {
                "engine": engine(),
                "m": text("m"),
                "n* measured": crossover,
                "95 % interval": crossover_interval,
                "counted": lambda row: inputs(row["counted"]),
                "modelled": lambda row: inputs(row["modelled"]),
                "by rates": lambda row: inputs(row["calibrated"]),
                "fixed prices, %": lambda row: percent(row["overhead"]),
                **{key: text(key) for key in ("width", "depth", "layer", "profile", "dtype")},
            },
        ),
    },
    measured=ratios_measured,
    absent=f"No ratio of the two modes' times was measured: {MEASURE}",
)

"""How good are the rules by which software chooses a mode, and does a model predict the crossover?"""

from collections.abc import Callable

import pandas as pd

from analysis.errors import MEASURE
from analysis.report.cells import DASH, Row, inputs, ratio, significant, span, text
from analysis.report.section import Section, Table, Words
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

SECTION = Section(
    "Choosing without measuring",
    "Whoever does not measure needs a rule, or a model. Here are those that libraries ship, and this project's own.",
    {
        "rule-regret": Words(
            "What the rules cost",
            "The time that is lost where a rule chooses the mode, against the better mode of each Jacobian: the "
            "geometric mean over all that were measured, with its 95 % interval, and the worst one. Bold: this "
            'project\'s own, mode="auto", which counts the operations of the function at hand, and a cost model '
            'fitted to other chains than the one it chooses for. The vertical lines are what mode="auto" aims at. '
            "A loss below 0.1 % is drawn at the left border. Where the pairs cannot tell the modes apart, either "
            "choice is right. Crossovers are measured closely, so that many of these Jacobians lie near one, where a "
            "wrong choice costs little and is easy to make.",
        ),
        "cost-model": Words(
            "Why small sizes cross elsewhere than n = m",
            "Above: the crossover over the number of outputs as measured, as counted from multiply-adds alone "
            "(dotted), and as the fitted cost model has it (dashed). Below: what the time of both modes at the "
            "modelled crossover is made of. Where it is mostly the fixed price of operations and of the tape, a "
            "further input costs next to nothing, reverse mode still pays for its tape, and forward mode stays the "
            "cheaper way beyond n = m. As the layers grow, multiply-adds take over, and the crossover nears the "
            "counted one. What the model does not know is that the rate of multiply-adds depends on the shapes: where "
            "the measured points leave the dashed line, this is the first thing to suspect. Hatched: where the bounds "
            "for functions made of scalar operations put the crossover (Griewank and Walther, Evaluating "
            "Derivatives, chapters 3 and 4).",
        ),
        "model-errors": Words(
            "How well the cost model predicts",
            "Each point is one Jacobian in one mode: its time as predicted by a model that was fitted without this "
            "chain, against the time measured. The heading has the median and the largest relative error.",
        ),
    },
    {
        "rules-by-profile": Table(
            lambda found: found.profile_table,
            "Rules by width profile",
            "Geometric mean of the regret, and in brackets its maximum, for layers of equal width (uniform), and for "
            "those that narrow (funnel), narrow and widen (hourglass), and widen and narrow (bulge). A rule on n and m "
            "alone does not see the difference.",
            {"profile": text("profile"), "Jacobians": text("cells"), **REGRETS},
        ),
        "rules-by-engine": Table(
            lambda found: found.engine_table,
            "Rules by engine",
            "The same for every engine measured: what a rule costs those who use another one. floor is written by hand "
            'in NumPy. mode="auto" is this project\'s; for another engine it is what its counts would choose. A dash: '
            "too few times were measured to fit a model to.",
            {"engine": text("engine"), "Jacobians": text("cells"), **REGRETS},
        ),
        "rules": Table(
            lambda found: found.rule_table,
            "Rules scored",
            "Regret is the time by the rule's choice over that of the better mode: 1.000 is perfect. The interval is a "
            "95 % bootstrap over the Jacobians measured; that of wrong choices is exact. Ties, where the pairs cannot "
            "tell the modes apart, count as right.",
            {
                "engine": text("engine"),
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
                "engine": text("engine"),
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
        "predictions": Table(
            lambda found: found.prediction_table,
            "Crossovers measured, counted and modelled",
            "n* as measured, as counted from multiply-adds (a dash: both modes take the same, or no count is made for "
            "this layer), and by the cost model, which saw times of single modes and none of these ratios; and the "
            "share of fixed prices, of operations and of the tape, in the time at the modelled crossover.",
            {
                **{key: text(key) for key in ("engine", "layer", "profile", "m", "width", "depth", "dtype")},
                "n* measured": lambda row: inputs(row["n_star"]),
                "95 % interval": lambda row: span(row["low"], row["high"], inputs),
                "counted": lambda row: inputs(row["counted"]),
                "modelled": lambda row: inputs(row["modelled"]),
                "fixed prices, %": lambda row: percent(row["overhead"]),
            },
        ),
    },
    measured=ratios_measured,
    absent=f"No ratio of the two modes' times was measured: {MEASURE}",
)

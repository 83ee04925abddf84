"""How do the libraries that people use compare, and where do the modes cross in each of them?"""

from collections.abc import Callable

import pandas as pd

from analysis.errors import MEASURE
from analysis.report.cells import (
    DASH,
    INTERVAL,
    Columns,
    Row,
    aspect,
    crossover,
    crossover_interval,
    engine,
    kilobytes,
    ratio,
    seconds,
    significant,
    span,
    text,
)
from analysis.report.section import Section, Table, Words
from analysis.tables.findings import Findings

MODES = ("forward", "reverse")
CELL: Columns = {key: text(key) for key in ("n", "m", "width", "depth", "dtype")}


def compares(found: Findings) -> bool:
    """Whether anything was measured of a library that is not this project's."""
    return bool(found.libraries)


def noted(mode: str, show: Callable[[object], str]) -> Callable[[Row], str]:
    """A column of one mode's numbers; why there is none, where there is none."""
    return lambda row: show(row[mode]) if pd.notna(row[mode]) else str(row[f"{mode}_note"]) or DASH


def over_modes(mode: str) -> Callable[[Row], str]:
    """A column of ratios to `modes` in the same mode, with their intervals."""
    return between(f"{mode}_over_modes", f"{mode}_over_modes_low", f"{mode}_over_modes_high")


def between(value: str, low: str, high: str) -> Callable[[Row], str]:
    """A column of ratios with their intervals."""

    def shown(row: Row) -> str:
        interval = span(row[low], row[high], significant)
        return DASH if pd.isna(row[value]) else f"{significant(row[value])} {interval}"

    return shown


def calls(row: Row) -> str:
    """After how many calls a set-up has paid for itself."""
    if pd.isna(row["calls"]):
        return "not told apart" if pd.notna(row["over_modes"]) else DASH
    return {0.0: "no set-up", float("inf"): "never"}.get(row["calls"], f"{row['calls']:.0f}")


def peak(mode: str) -> Callable[[Row], str]:
    """A column of peaks of memory, and how each was measured."""

    def shown(row: Row) -> str:
        note = str(row[f"{mode}_note"])
        if pd.isna(row[mode]):
            return note or DASH
        return f"{kilobytes(row[mode])}, {note}" if note else kilobytes(row[mode])

    return shown


def percent_of(key: str) -> Callable[[Row], str]:
    """A column of shares in percent, with two digits."""
    return lambda row: DASH if pd.isna(row[key]) else f"{significant(100 * row[key], 2)} %"


SECTION = Section(
    "Beside the libraries people use",
    "The same chains, with the same parameters and at the same point, in the libraries that people use: each on one "
    "thread, each Jacobian checked before it was timed, each result waited for and turned into a NumPy array while the "
    "clock ran. Set-up (tracing, compiling, writing a graph) is timed apart. docs/engines.md says what is called.",
    {
        "engines-time": Words(
            "Time of one Jacobian over the number of inputs",
            "One full Jacobian of each engine, forward mode on the left, reverse mode on the right, both scales "
            "logarithmic. First in the legend: this project's engines; last: the floor, written by hand for this very "
            "chain. Each engine was timed by itself, with its set-up left out; bars are 95 % intervals.",
        ),
    },
    {
        "engines-fastest": Table(
            lambda found: found.fastest_engines,
            "The fastest engine in each cell",
            "The engine that takes the least time in its faster mode, by how much the next one is slower, and how much "
            "the fastest of this project's own takes of it. The floor, written by hand "
            "for the chain, does not take part: nobody can call it for a function of theirs.",
            {
                **CELL,
                "fastest": engine(mode="mode"),
                "time": lambda row: seconds(row["seconds"]),
                "next": engine("runner_up", "runner_up_mode"),
                "next / fastest": ratio("factor"),
                "own": engine("own", "own_mode"),
                "own / fastest": ratio("own_factor"),
            },
        ),
        "engines-crossings": Table(
            lambda found: found.engine_crossovers,
            "Crossovers of the engines",
            "The number of inputs n* at which both modes of an engine take the same time, and the same over that of "
            "modes. >512 stands for a crossover beyond 512 inputs, the most that were measured.",
            {
                "engine": engine(),
                "m": text("m"),
                "n*": crossover,
                "verdict": text("verdict"),
                "95 % interval": crossover_interval,
                "n*/m": aspect,
                **{key: text(key) for key in ("width", "depth", "dtype")},
                "n* / that of modes": ratio("over_modes"),
            },
        ),
        "engines-cost": Table(
            lambda found: found.engine_costs,
            "Cost of each engine",
            "Time of one Jacobian in each mode; over the time of the engine's own f, so that a fast f does not hide a "
            "slow derivative; and over the time of modes in the same mode, in pairs timed in turn, "
            "with 95 % intervals (below 1: the library is faster). Where there is no time, it says why.",
            {
                **CELL,
                "engine": engine(),
                **{mode: noted(mode, seconds) for mode in MODES},
                **{f"{mode} / f": ratio(f"{mode}_over_f") for mode in MODES},
                **{f"{mode} / modes": over_modes(mode) for mode in MODES},
            },
        ),
        "engines-setup": Table(
            lambda found: found.engine_setups,
            "Set-up",
            "What comes before the second call of a Jacobian of a chain not seen before, and after how many calls it "
            "has paid for itself against modes, which has none. “never”: the engine is the slower one. "
            "“no set-up”: less than two calls take, as the first call of any function is slower.",
            {
                **CELL,
                "engine": engine(),
                "mode": text("mode"),
                "set-up": lambda row: seconds(max(row["setup_seconds"], 0.0)),
                "engine / modes": between("over_modes", "over_modes_low", "over_modes_high"),
                "paid for after calls": calls,
            },
        ),
        "engines-memory": Table(
            lambda found: found.engine_memory,
            "Memory of the libraries",
            "The most memory that one Jacobian holds at a time: traced, as NumPy reports every array, or by the "
            "engine's own account of its temporaries and its result. The two are not the same thing. modes-prepared "
            "keeps its arrays from call to call, and its peak is what comes on top of them.",
            {**CELL, "engine": engine(), **{mode: peak(mode) for mode in MODES}},
        ),
        "engines-published": Table(
            lambda found: found.published_ratios,
            "Published ratios",
            "The tanh of one linear layer, as PyTorch's notebook “Jacobians, Hessians, hvp, vhp, and more: composing "
            "function transforms” times it: reverse over forward mode where the Jacobian is tall, forward over reverse "
            "mode where it is wide. Neither the machine nor its threads are named there. Below 1: here the other mode "
            "is the slower one. An engine that never multiplies the identity seed out, such as modes, takes "
            "no matrix product at all in a chain of one layer, in neither mode: its ratio is near 1.",
            {
                **{key: text(key) for key in ("case", "n", "m")},
                "engine": engine(),
                "published": ratio("published"),
                "measured": ratio("measured"),
                **INTERVAL,
            },
        ),
        "engines-harness": Table(
            lambda found: found.harness_shares,
            "What the harness costs",
            "The time of a call that does nothing, as a share of the shortest time measured of each engine, and where "
            "that was.",
            {
                "engine": engine(),
                "cells": text("cells"),
                "largest share": percent_of("share"),
                "mode": text("mode"),
                **{key: text(key) for key in ("n", "m", "width", "depth")},
            },
        ),
    },
    measured=compares,
    absent="No library beside this project's own engines was measured. Install some (docs/engines.md says how), and "
    f"measure: {MEASURE} --preset standard, or a choice of them: {MEASURE} --engines modes,jax,torch.",
)

"""Figure: what each rule's choice costs on the problems that the field compares on, a dot a problem."""

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import BLUE, VERMILLION, finish, finish_axes, log_ticks, missing_figure, title
from analysis.tables.shown.panels import Shown
from analysis.tables.shown.problems import LABELS

LEAST = 0.3
"""Percent: less than that, and what the pairs cannot tell from nothing, is counted on the left."""
BORDER = LEAST / 3
"""Where the axis begins: between here and LEAST stands what is counted."""
ONE: dict[str, Any] = {"marker": "o", "markerfacecolor": "white", "color": BLUE, "label": "a problem with one output"}
MANY: dict[str, Any] = {"marker": "s", "color": VERMILLION, "label": "a problem with several outputs"}
SPREAD = 0.62
"""How much of a line's height its dots take, one above the other in the order of the table."""


def problem_axes(axes: Axes, dots: pd.DataFrame, means: pd.DataFrame) -> Axes:
    """Draw the time that is lost on each problem, in percent; a line a label, the first of `means` on top.

    At the left border stands how many lose nothing. The worst of a line, if it is no small loss, is named: it has
    nothing to its right.
    """
    words: dict[str, Any] = {"textcoords": "offset points", "fontsize": 7, "va": "center"}
    for line, label in enumerate(means["label"]):
        every = dots[dots["label"] == label].sort_values(["layer", "n"], kind="stable")
        rows = every[every["regret"] >= 1 + LEAST / 100]
        lost = 100 * (rows["regret"].to_numpy(dtype=float) - 1)
        offsets = np.linspace(SPREAD / 2, -SPREAD / 2, len(rows)) if len(rows) > 1 else np.zeros(len(rows))
        for look, here in ((ONE, rows["m"] == 1), (MANY, rows["m"] > 1)):
            mask = here.to_numpy(dtype=bool)
            axes.plot(lost[mask], offsets[mask] - line, linestyle="none", markersize=4, **look)
        if len(rows) < len(every):
            axes.annotate(f"{len(every) - len(rows)} none", (BORDER, -line), xytext=(4, 0), **words)
        if len(rows) and lost.max() > 30:
            worst = int(lost.argmax())
            named = f"{rows['title'].iloc[worst]}, n = {rows['n'].iloc[worst]}, m = {rows['m'].iloc[worst]}"
            axes.annotate(named, (lost[worst], offsets[worst] - line), xytext=(6, 0), **words)
    lost = (100 * (means["geometric_mean"].to_numpy(dtype=float) - 1)).clip(min=LEAST)
    mean: dict[str, Any] = {"color": "black", "marker": "|", "markersize": 17, "markeredgewidth": 1.8}
    axes.plot(lost, -np.arange(len(means)), linestyle="none", label="geometric mean", **mean)
    axes.set_yticks(-np.arange(len(means)), [textwrap.fill(label, 42) for label in means["label"]], fontsize=8)
    for tick, label in zip(axes.get_yticklabels(), means["label"], strict=True):
        tick.set_fontweight("bold" if label in LABELS else "normal")
    axes.set(xscale="log", xlabel="time lost against the better mode, percent", ylabel="forward mode when")
    most = max(100 * (dots["regret"].max() - 1), 30.0)
    axes.set_xlim(BORDER, most * (most / LEAST) ** 0.36)  # room for the name of the worst
    log_ticks(axes.xaxis, LEAST, 1.2 * most)
    finish_axes(axes)
    axes.grid(False, axis="y")
    return axes


def problem_regret(figure: Figure, shown: Shown) -> Figure:
    """One panel: the rules, and mode="auto" timed whole, on every problem measured."""
    if not shown.panels:
        return missing_figure(figure, "both modes on the problems that the field compares on")
    (panel,) = shown.panels
    axes = problem_axes(figure.subplots(), panel.rows, panel.beside["means"])
    count = panel.rows[["layer", "n", "m"]].drop_duplicates().shape[0]
    title(figure, f"Choosing the mode on known problems: the time that is lost on each of {count}")
    return finish(figure, [axes], shown.rows, columns=3)

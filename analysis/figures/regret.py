"""Figure: how much time is lost by choosing the mode by the rules that libraries ship, and by this project's own."""

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import ScaledTranslation

from analysis.figures.style import BLUE, GREY, VERMILLION, finish, finish_axes, log_ticks, missing_figure, narrow, title
from analysis.tables.rules import AIM, AUTO, OWN
from analysis.tables.shown.panels import Shown

LEAST = 0.1
"""Percent: less is drawn at this border, where a logarithmic axis ends."""


def regret_axes(axes: Axes, table: pd.DataFrame) -> Axes:
    """Draw the time lost by each rule in percent of the better mode's: geometric mean with its interval, and maximum.

    `table`: rows of `analysis.tables.shown.choosing.rule_groups`; the first is drawn on top.
    """
    place = -np.arange(len(table))
    lost = 100 * (table[["geometric_mean", "low", "high", "maximum"]].to_numpy(dtype=float) - 1)
    mean, low, high, most = lost.clip(min=LEAST).T
    axes.hlines(place, mean, most, color="#BBBBBB", linewidth=1, zorder=1)
    error = np.nan_to_num([mean - low, high - mean])  # too few cells have no interval
    look: dict[str, Any] = {"linestyle": "none", "capsize": 3}
    label = "geometric mean, 95 % interval"
    axes.errorbar(mean, place, xerr=error, color=BLUE, marker="o", markersize=6, label=label, **look)
    worst: dict[str, Any] = {"color": VERMILLION, "marker": "D", "markersize": 5.5, "markerfacecolor": "white"}
    axes.plot(most, place, linestyle="none", label="maximum", **worst)
    for aim, style, name in zip(AIM, (":", "--"), ("geometric mean", "maximum"), strict=True):
        text = f"aim of {AUTO}, {name}: {100 * (aim - 1):.0f} %"
        axes.axvline(100 * (aim - 1), color=GREY, linewidth=0.9, linestyle=style, label=text, zorder=0)
    inside = narrow(axes.figure)
    axes.set_yticks(place, [textwrap.fill(label, 60 if inside else 42) for label in table["label"]], fontsize=8)
    for tick, rule in zip(axes.get_yticklabels(), table["rule"], strict=True):
        tick.set_fontweight("bold" if rule in OWN else "normal")
    if inside:  # no room beside the axes: each name stands above its line
        axes.tick_params(axis="y", length=0, pad=-2)
        for tick in axes.get_yticklabels():
            tick.set(ha="left", va="bottom")
            tick.set_transform(tick.get_transform() + ScaledTranslation(0, 5 / 72, axes.figure.dpi_scale_trans))
        axes.set_ylim(place[-1] - 0.5, 0.8)
    axes.set(xscale="log", xlabel="time lost against the better mode, percent", ylabel="forward mode when")
    axes.set_xlim(LEAST / 1.15, max(120.0, 1.4 * most.max()))
    log_ticks(axes.xaxis, LEAST, axes.get_xlim()[1])
    finish_axes(axes)
    axes.grid(False, axis="y")
    return axes


def rule_regret(figure: Figure, shown: Shown) -> Figure:
    """One panel: the rules scored on the Jacobians of this project's engines."""
    if not shown.panels:
        return missing_figure(figure, "ratios of the two modes' times with an interval")
    axes = regret_axes(figure.subplots(), shown.panels[0].rows)
    cells = shown.rows["cells"].max()
    title(figure, f"Choosing the mode by a rule: the time that is lost, over {cells} Jacobians measured")
    return finish(figure, [axes], shown.rows, columns=2)

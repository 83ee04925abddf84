"""Figures: a Jacobian's time over the arithmetic limit, and the engines' time over that of the floor."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import (
    BLUE,
    GREEN,
    GREY,
    PURPLE,
    SERIES,
    VERMILLION,
    finish,
    finish_axes,
    log_ticks,
    missing_figure,
    plain_ticks,
    side_by_side,
    title,
)
from analysis.tables.rows import match
from analysis.tables.shown.panels import Panel, Shown
from benchmarks.catalogue.engines import BY_HAND, label

ENGINES: dict[str, dict[str, Any]] = {
    "modes": {"color": BLUE, "linestyle": "-", "marker": "o", "label": label("modes")},
    "modes-prepared": {"color": GREEN, "linestyle": "-.", "marker": "^", "label": label("modes-prepared")},
    "modes-compiled": {"color": PURPLE, "linestyle": (0, (1, 1)), "marker": "D", "label": label("modes-compiled")},
    "floor": {"color": VERMILLION, "linestyle": "--", "marker": "s", "label": label(BY_HAND)},
}
FILLS: dict[str, dict[str, Any]] = {
    "modes": {},
    "modes-prepared": {"markerfacecolor": "white"},
    "modes-compiled": {"markerfacecolor": "white", "marker": "D"},
}
"""The engines that are compared with what is written by hand, each with its marker."""
OTHER: dict[str, Any] = {"linestyle": "none", "markersize": 3, "alpha": 0.6}
OTHER_LABEL = "other shapes, at the geometric mean of n, m, width"


def ratio_line(axes: Axes, rows: pd.DataFrame, look: dict[str, Any]) -> None:
    """Draw the ratios of `rows`, one a chain, over the chain's size: the square ones (n = m = width) as a line with
    intervals, the others as small markers of their own, without a label."""
    edges = rows[["n", "m", "width"]].to_numpy(dtype=float)
    sizes = np.exp(np.log(edges).mean(axis=1))
    ratio = np.exp(rows[["value", "low", "high"]].to_numpy(dtype=float))
    square = (edges == edges[:, :1]).all(axis=1)
    axes.plot(sizes[~square], ratio[~square, 0], **(look | OTHER | {"label": None}))
    order = np.flatnonzero(square)[np.argsort(sizes[square])]
    middle, low, high = ratio[order].T
    error = [(middle - low).clip(0), (high - middle).clip(0)]
    if order.size:
        axes.errorbar(edges[order, 0], middle, yerr=error, markersize=5, capsize=2.5, **look)


def panels_by_mode(figure: Figure, panels: Sequence[Panel]) -> list[Axes]:
    """The axes of a panel a mode, with its title; the scale of the ratios is shared."""
    found = side_by_side(figure, len(panels), sharex=True, sharey=True)
    for axes, panel in zip(found, panels, strict=True):
        axes.set(xscale="log", yscale="log", xlabel="n = m = width")
        axes.set_title(f"{panel.name} mode", fontsize=9.5)
    return found


def finish_panels(figure: Figure, panels: list[Axes], rows: pd.DataFrame, ylabel: str) -> Figure:
    """Ticks at the square sizes, and what else all panels share."""
    square = rows[(rows["n"] == rows["width"]) & (rows["m"] == rows["width"])]
    panels[0].set_ylabel(ylabel)
    for axes in panels:
        if len(square) < len(rows):
            axes.plot([], [], color=GREY, marker="o", label=OTHER_LABEL, **OTHER)
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, 0.9), max(high, 1.6))
        plain_ticks(axes.xaxis, (square if len(square) else rows)["width"].tolist())
        log_ticks(axes.yaxis, *axes.get_ylim())
        finish_axes(axes)
    return finish(figure, panels, rows, columns=3)


def cost_over_limit(figure: Figure, shown: Shown) -> Figure:
    """One panel a mode: each of ENGINES over the limit, at one depth."""
    if not shown.panels:
        return missing_figure(figure, "the time of Jacobians over that of their multiply-adds alone")
    panels = panels_by_mode(figure, shown.panels)
    for axes, panel in zip(panels, shown.panels, strict=True):
        axes.axhline(1, color="black", linewidth=1.2, label="arithmetic limit")
        for engine, look in ENGINES.items():
            ratio_line(axes, match(panel.rows, engine=engine), look)
    setting = shown.setting
    title(
        figure,
        f"One Jacobian over the arithmetic limit: dense {setting['activation']} chain, depth {setting['depth']}, "
        f"{setting['dtype']}",
    )
    return finish_panels(figure, panels, shown.rows, "time / time of its multiply-adds alone")


def engine_overhead(figure: Figure, shown: Shown) -> Figure:
    """One panel a mode: modes, modes-prepared and modes-compiled over the floor, one line a depth."""
    if not shown.panels:
        return missing_figure(figure, "the engines' time over a hand-written derivative's")
    setting = shown.setting
    panels = panels_by_mode(figure, shown.panels)
    for axes, panel in zip(panels, shown.panels, strict=True):
        axes.axhline(1, color="black", linewidth=1.2, label=label(BY_HAND))
        for engine, fill in FILLS.items():
            for depth, look in zip(setting["depths"], SERIES, strict=False):
                name = {"color": ENGINES[engine]["color"], "label": f"{ENGINES[engine]['label']}, depth {depth}"}
                ratio_line(axes, match(panel.rows, engine=engine, depth=depth), look | name | fill)
    title(
        figure,
        f"Over the floor, written by hand in NumPy: dense {setting['activation']} chain, {setting['dtype']}",
    )
    return finish_panels(figure, panels, shown.rows, "time / time of the floor")

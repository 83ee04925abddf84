"""Figure: which of forward, reverse and mixed is fastest, over n and m; and what a cut gains, over the waist."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from analysis.figures.style import (
    BLUE,
    BY_MODE,
    GREEN,
    GREY,
    PREDICTED,
    PURPLE,
    SERIES,
    VERMILLION,
    drawable,
    finish,
    finish_axes,
    log_ticks,
    missing_figure,
    plain_ticks,
    side_by_side,
    title,
)
from analysis.tables.crossover import CROSSES
from analysis.tables.rows import match
from analysis.tables.shown.crossing import edges
from analysis.tables.shown.panels import Panel, Shown
from analysis.text import interval, size
from benchmarks.catalogue.engines import label

MIXED: dict[str, Any] = {"color": GREEN, "linestyle": "-.", "marker": "^", "label": "mixed"}
WAYS = {**BY_MODE, "mixed": MIXED}
PALE = {"forward": "#BFDCEC", "reverse": "#F5D6BF", "mixed": "#BFE6DA"}
"""The modes' colours, thinned for the ground."""
ENGINES = {
    "modes": {**SERIES[0], "color": "black"},
    "modes-prepared": {**SERIES[0], "color": "black", "linestyle": (0, (5, 2)), "markerfacecolor": "white"},
    "modes-compiled": {**SERIES[0], "color": "black", "linestyle": ":", "marker": "D"},
    "modes-cut": {"color": GREEN, "linestyle": "-.", "marker": "^"},
    "jax-cut": {"color": PURPLE, "linestyle": (0, (3, 1, 1, 1, 1, 1)), "marker": "D"},
}
MODELLED: dict[str, Any] = {"color": BLUE, "linestyle": "--", "linewidth": 1.1}
BY = {"model": "by the cost model", "count": "by multiply-adds"}


def region_axes(axes: Axes, rows: pd.DataFrame, computed: pd.DataFrame) -> Axes:
    """The fastest way over n and m: the ground as `computed`, the measured chains as markers, hollow where the pairs
    cannot tell it from the next."""
    sizes = np.array(sorted(computed["n"].unique()), dtype=float)
    places = computed["fastest"].map(list(WAYS).index).to_numpy().reshape(len(sizes), len(sizes))
    norm = BoundaryNorm(np.arange(len(WAYS) + 1) - 0.5, len(WAYS))
    axes.pcolormesh(edges(sizes), edges(sizes), places.T, cmap=ListedColormap(list(PALE.values())), norm=norm)
    for way, look in WAYS.items():
        here = rows[rows["way"] == way]
        marker: dict[str, Any] = {**look, "linestyle": "none", "markersize": 7, "zorder": 3}
        sure = here["sure"].to_numpy(dtype=bool)
        if len(here):
            axes.plot(here["n"][sure], here["m"][sure], **marker)
            unsure = {**marker, "markerfacecolor": "white", "label": None}
            axes.plot(here["n"][~sure], here["m"][~sure], **unsure)
        ground = f"{look['label']} {BY[computed['by'].iloc[0]]}"
        axes.plot([], [], color=PALE[way], linewidth=7, solid_capstyle="butt", label=ground)
    axes.set(xscale="log", yscale="log", xlabel="inputs n", ylabel="outputs m")
    axes.set(xlim=(sizes[0], sizes[-1]), ylim=(sizes[0], sizes[-1]))
    for axis, name in ((axes.xaxis, "n"), (axes.yaxis, "m")):
        plain_ticks(axis, rows[name].tolist())
    finish_axes(axes)
    axes.grid(False)
    return axes


def gain_axes(axes: Axes, rows: pd.DataFrame, crossover: pd.DataFrame, expected: pd.DataFrame) -> Axes:
    """The time of the better mode over that of mixed accumulation against the waist, an engine a line; k* of the cut by
    hand with its interval; what counts and model expect of it."""
    axes.axhline(1, color="black", linewidth=0.8)
    for engine, look in ENGINES.items():
        part = match(rows, engine=engine)
        if part.empty:
            continue
        ratio, low, high = (part[name].to_numpy(dtype=float) for name in ("ratio", "low", "high"))
        error = np.nan_to_num([ratio - low, high - ratio]).clip(0)
        named: dict[str, Any] = {"label": label(engine), **look}
        axes.errorbar(part["waist"].astype(float), ratio, yerr=error, markersize=5, capsize=2.5, **named)
    axes.plot(expected["waist"], expected["counted"], label="a cut, by multiply-adds", **PREDICTED)
    if expected["modelled"].notna().any():
        axes.plot(expected["waist"], expected["modelled"], label="a cut, by the cost model", **MODELLED)
    axes.set(xscale="log", yscale="log", xlabel="waist k", ylabel="better mode's time / mixed")
    limits = axes.get_xlim()
    for row in drawable(crossover[crossover["verdict"] == CROSSES]).to_dict("records"):
        axes.axvspan(row["low"], row["high"], color=GREY, alpha=0.25, linewidth=0, label="95 % interval of k*")
        axes.axvline(row["k_star"], color=VERMILLION, linewidth=1, linestyle=(0, (1, 1)), label="crossover waist k*")
    axes.set_xlim(limits)
    plain_ticks(axes.xaxis, rows["waist"].tolist())
    log_ticks(axes.yaxis, *axes.get_ylim())
    finish_axes(axes)
    return axes


def regions_title(panel: Panel) -> str:
    setting = panel.setting
    waist = str(setting["profile"]).removeprefix("waist")
    return f"the fastest of three: waist {waist}, width {setting['width']}, depth {setting['depth']}"


def gain_title(panel: Panel) -> str:
    setting, crossover = panel.setting, panel.beside["crossover"]
    first = f"n = {setting['n']}, m = {setting['m']}, width {setting['width']}, depth {setting['depth']}"
    if crossover.empty:
        return first
    row = crossover.iloc[0]
    if row["verdict"] == CROSSES:
        known = interval(row["low"], row["high"], row["smallest"], row["largest"])
        return f"{first}\nk* = {size(row['k_star'])} {known}"
    return f"{first}\na cut: {row['verdict']}"


def mixed_gain(figure: Figure, shown: Shown) -> Figure:
    """A panel for the regions and one for the gain, each where it was measured."""
    if not shown.panels:
        return missing_figure(figure, "mixed accumulation beside the two modes")
    panels = side_by_side(figure, len(shown.panels))
    for axes, panel in zip(panels, shown.panels, strict=True):
        if panel.name == "regions":
            region_axes(axes, panel.rows, panel.beside["computed"])
            axes.set_title(regions_title(panel), fontsize=9.5)
        else:
            gain_axes(axes, panel.rows, panel.beside["crossover"], panel.beside["expected"])
            axes.set_title(gain_title(panel), fontsize=9.5)
    title(figure, "Neither mode: mixed accumulation of dense chains with a waist")
    return finish(figure, panels, shown.rows, columns=4)

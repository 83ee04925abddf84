"""Figures: the crossover of each engine as a multiple of the outputs; the time of each engine over inputs."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.errors import MEASURE
from analysis.figures.engines import looks
from analysis.figures.style import (
    BLUE,
    GREEN,
    GREY,
    PURPLE,
    VERMILLION,
    drawable,
    finish,
    finish_axes,
    log_ticks,
    missing_figure,
    narrow,
    plain_ticks,
    side_by_side,
    title,
)
from analysis.tables.crossover import CROSSES, FORWARD, REVERSE, UNKNOWN, crosses_several_times
from analysis.tables.shown.libraries import NOT_MEASURED
from analysis.tables.shown.panels import Panel, Shown
from benchmarks.catalogue.engines import OWN, label

WITH_LIBRARIES = f"{MEASURE} --preset standard"
SETTINGS: tuple[dict[str, Any], ...] = (
    {"color": "black", "marker": "o"},
    {"color": BLUE, "marker": "s"},
    {"color": VERMILLION, "marker": "^"},
    {"color": GREEN, "marker": "D"},
    {"color": PURPLE, "marker": "v"},
    {"color": GREY, "marker": "P"},
)
"""The looks of settings, in the order of the figure's panels."""
BAND = 0.74
"""How much of a row's height its settings take, one below the other."""
BEYOND = {
    FORWARD: (">", 0.985, f"{FORWARD}: n* lies beyond"),
    REVERSE: ("<", 0.015, f"{REVERSE}: n* lies below"),
}
"""What stands for a crossover beyond a border: its marker, where on the axis, and its name."""


def aspect_axes(axes: Axes, panels: tuple[Panel, ...], engines: tuple[str, ...]) -> Axes:
    """Draw n*/m with its interval, a row an engine, the first on top, and in it a line a setting.

    A crossover that lies beyond the sizes measured is an open mark at the border, one of several an open mark in its
    place; where it cannot be told, what is known of its interval is drawn, with a cross; what was not measured is
    named.
    """
    axes.axvline(1, color=GREY, linewidth=0.9, zorder=1)
    lines = np.linspace(-BAND / 2, BAND / 2, len(panels)) if len(panels) > 1 else np.zeros(1)
    low, high = limits(panels)
    axes.set(xscale="log", xlim=(low, high), ylim=(len(engines) - 0.5, -0.5), xlabel="crossover over outputs, n*/m")
    for row in range(1, len(engines), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#f3f3f3", linewidth=0, zorder=0)
    for panel, line, look in zip(panels, lines, SETTINGS, strict=False):
        ratios = drawable(panel.rows.assign(low=panel.rows["aspect_low"], high=panel.rows["aspect_high"]))
        values = ratios[["aspect", "low", "high"]].to_numpy(dtype=float)
        verdicts, places = ratios["verdict"].to_numpy(), np.arange(len(engines)) + line
        crosses = verdicts == CROSSES
        error = [(values[:, 0] - values[:, 1]).clip(0), (values[:, 2] - values[:, 0]).clip(0)]
        style: dict[str, Any] = {"linestyle": "none", "markersize": 4.5, "capsize": 2.5, "zorder": 3, **look}
        name = ", ".join(f"{key} {value}" for key, value in panel.setting.items() if key != "dtype")
        axes.errorbar(values[crosses, 0], places[crosses], xerr=np.array(error)[:, crosses], label=name, **style)
        open_mark: dict[str, Any] = {"linestyle": "none", "color": look["color"], "markerfacecolor": "none"}
        for place, verdict, crossings in zip(places, verdicts, panel.rows["crossings"], strict=True):
            for each in crossings if crosses_several_times(verdict) else ():
                n, *ends = np.array([each.n, each.low, each.high]) / panel.setting["m"]
                axes.plot(ends, [place, place], color=look["color"], linewidth=1.2, zorder=3)
                axes.plot([n], [place], marker=look["marker"], markersize=4.5, zorder=3, **open_mark)
        for verdict, (marker, at, _) in BEYOND.items():
            here = places[verdicts == verdict]
            across = axes.get_yaxis_transform()
            axes.plot([at] * len(here), here, marker=marker, markersize=7, transform=across, **open_mark)
        known = (verdicts == UNKNOWN) & np.isfinite(values[:, 1:]).all(axis=1)
        for place, (_, first, last) in zip(places[known], values[known], strict=True):
            ends = np.clip([first, last], low, high)
            axes.plot(ends, [place, place], color=look["color"], linewidth=1.2, zorder=3)
            axes.plot([np.sqrt(ends.prod())], [place], marker="x", markersize=6, zorder=3, **open_mark)
        at_left: dict[str, Any] = {"transform": axes.get_yaxis_transform(), "va": "center", "fontsize": 6}
        for verdict, here in ((NOT_MEASURED, verdicts == NOT_MEASURED), (UNKNOWN, (verdicts == UNKNOWN) & ~known)):
            for place in places[here]:
                axes.text(0.02, place, verdict, color=look["color"], **at_left)
    told = pd.concat([panel.rows[["verdict", "aspect_low"]] for panel in panels])
    seen = set(told.loc[told["aspect_low"].notna(), "verdict"])
    legend: dict[str, Any] = {"linestyle": "none", "color": "black", "markerfacecolor": "none"}
    for verdict, (marker, _, name) in BEYOND.items():
        if verdict in seen:
            axes.plot([], [], marker=marker, markersize=7, label=name, **legend)
    if UNKNOWN in seen:
        axes.plot([], [], marker="x", markersize=6, label=f"{UNKNOWN}: its interval alone", **legend)
    axes.set_yticks(range(len(engines)), [label(name) for name in engines], fontsize=8.5)
    for tick, name in zip(axes.get_yticklabels(), engines, strict=True):
        tick.set_fontweight("bold" if name in OWN else "normal")
    log_ticks(axes.xaxis, low, high)
    finish_axes(axes)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    return axes


def limits(panels: tuple[Panel, ...]) -> tuple[float, float]:
    """The ends of an axis that holds every n*/m and 1, with room for what lies beyond at both."""
    columns = ["aspect", "aspect_low", "aspect_high"]
    kept = [panel.rows["verdict"].str.startswith((CROSSES, UNKNOWN)) for panel in panels]
    found = [panel.rows[rows] for panel, rows in zip(panels, kept, strict=True)]
    values = np.concatenate([rows[columns].to_numpy(dtype=float) for rows in found])
    values = values[np.isfinite(values) & (values > 0)]
    return min(0.6, 0.75 * values.min(initial=1.0)), max(1.7, 1.35 * values.max(initial=1.0))


def engines_crossover(figure: Figure, shown: Shown) -> Figure:
    """One panel: n*/m, a row an engine, at every setting that most engines were measured at."""
    if not shown.panels:
        return missing_figure(figure, "the crossovers of engines", WITH_LIBRARIES)
    legend = 0.2 * (len(shown.panels) + len(BEYOND)) / (1 if narrow(figure) else 2)
    figure.set_figheight(1.5 + legend + 0.1 * len(shown.engines) * (1 + len(shown.panels)))
    axes = aspect_axes(figure.subplots(), shown.panels, shown.engines)
    axes.set_ylabel("engine")
    title(figure, "Where the modes cross in each engine (dense tanh chains, 95 % intervals)")
    return finish(figure, [axes], shown.rows, columns=2)


def time_axes(axes: Axes, rows: pd.DataFrame, styles: dict[str, dict[str, Any]], factor: float = 1e6) -> Axes:
    """Draw seconds times `factor` with their 95 % intervals against n, one line an engine."""
    for name, style in styles.items():
        part = rows[rows["engine"] == name].sort_values("n")
        if len(part):
            times = factor * part[["value", "low", "high"]].to_numpy(dtype=float)
            error = np.array([times[:, 0] - times[:, 1], times[:, 2] - times[:, 0]]).clip(0)
            look: dict[str, Any] = {"markersize": 5, "capsize": 2, "linewidth": 1.3, "yerr": error, **style}
            axes.errorbar(part["n"], times[:, 0], **look)
    axes.set(xscale="log", yscale="log", xlabel="inputs n")
    plain_ticks(axes.xaxis, rows["n"].tolist())
    finish_axes(axes)
    return axes


def engines_time(figure: Figure, shown: Shown) -> Figure:
    """One panel a mode, at one m, width and depth."""
    if not shown.panels:
        return missing_figure(figure, "the time of a full Jacobian by libraries", WITH_LIBRARIES)
    styles = looks(shown.engines)
    panels = side_by_side(figure, len(shown.panels), sharey=True)
    for axes, panel in zip(panels, shown.panels, strict=True):
        time_axes(axes, panel.rows, styles)
        axes.set_title(f"{panel.name} mode", fontsize=9.5)
    for axes in panels:  # the shared scale is final only once both are drawn
        log_ticks(axes.yaxis, *axes.get_ylim())
    panels[0].set_ylabel("time of one full Jacobian, microseconds")
    setting = shown.setting
    chain = ", ".join(f"{name} {setting[name]}" for name in ("m", "width", "depth"))
    title(figure, f"Time over inputs: dense {setting['activation']} chain, {chain}, {setting['dtype']}")
    return finish(figure, panels, shown.rows, columns=5)

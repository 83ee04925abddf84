"""Figures: the crossover beside the counted and the modelled one with what the time is made of, and the model's errors.

The model is that of `analysis.tables.model`; its constants were fitted to the times of the same run.
"""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import (
    BLUE,
    BY_MODE,
    GREY,
    PREDICTED,
    VERMILLION,
    drawable,
    finish,
    finish_axes,
    log_ticks,
    missing_figure,
    plain_ticks,
)
from analysis.tables.crossover import CROSSES
from analysis.tables.rows import match
from analysis.tables.shown.panels import Shown

SCALAR = (1.5, 2.0)
"""n*/m of functions made of scalar operations, by the bounds of C4."""
PARTS: dict[str, tuple[str, str, str]] = {
    "operations": ("price of an operation", "#4D4D4D", ""),
    "tape": ("price of a record on the tape", "#8C8C8C", "///"),
    "numbers": ("numbers read and written", "#BFBFBF", ""),
    "multiply_adds": ("multiply-adds", "#F2F2F2", "..."),
}
"""What a time is made of: its name, and its grey and hatch."""
AXIS = {"width": "width (units a layer)", "m": "outputs m"}


def ratio_axes(axes: Axes, part: pd.DataFrame, against: str) -> Axes:
    """Draw n*/m, measured with its interval, counted and modelled, against the column `against` ("width" or "m").

    `part`: rows of `analysis.tables.model.predictions` that differ in `against` alone.
    """
    part = part.sort_values(against)
    place, m = part[against].to_numpy(dtype=float), part["m"].to_numpy(dtype=float)
    band: dict[str, Any] = {"facecolor": "none", "edgecolor": "#C8C8C8", "hatch": "\\\\", "linewidth": 0}
    axes.axhspan(*SCALAR, label="scalar operations, by bounds: 1.5 to 2", **band)
    for column, name, look in (
        ("counted", "counted: multiply-adds alone", PREDICTED),
        ("modelled", "modelled: with the price of operations", {"color": VERMILLION, "linestyle": "--", "marker": "s"}),
    ):
        ratios = part[column].to_numpy(dtype=float) / m
        axes.plot(place, np.where(np.isfinite(ratios), ratios, np.nan), markersize=4.5, label=name, **look)
    crosses = (part["verdict"] == CROSSES).to_numpy()
    found = drawable(part[crosses])[["n_star", "low", "high"]].to_numpy(dtype=float) / m[crosses, None]
    error = [found[:, 0] - found[:, 1], found[:, 2] - found[:, 0]]
    dots: dict[str, Any] = {"color": BLUE, "linestyle": "none", "marker": "o", "markersize": 6, "capsize": 3}
    axes.errorbar(place[crosses], found[:, 0], yerr=error, label="measured, 95 % interval", **dots)
    axes.set(xscale="log", yscale="log", xlabel=AXIS[against])
    plain_ticks(axes.xaxis, place.tolist())
    finish_axes(axes)
    return axes


def parts_axes(axes: Axes, part: pd.DataFrame, against: str) -> Axes:
    """Draw what share of both modes' time at the crossover each of PARTS is, in percent, against `against`."""
    part = part.sort_values(against)
    place, below = part[against].to_numpy(dtype=float), np.zeros(len(part))
    for column, (name, colour, hatch) in PARTS.items():
        above = below + 100 * part[column].to_numpy(dtype=float)
        fill: dict[str, Any] = {"facecolor": colour, "edgecolor": "white" if hatch == "///" else GREY, "hatch": hatch}
        axes.fill_between(place, below, above, label=name, linewidth=0.4, **fill)
        below = above
    axes.set(xscale="log", xlabel=AXIS[against], ylim=(0, 100), yticks=(0, 25, 50, 75, 100))
    plain_ticks(axes.xaxis, place.tolist())
    finish_axes(axes)
    return axes


def cost_model(figure: Figure, shown: Shown) -> Figure:
    """Against width and against m, each with everything else fixed: n*/m above, and what the time is made of below."""
    if not shown.panels:
        return missing_figure(figure, "the times of ten chains, and crossovers at two widths or at two m")
    panels = figure.subplots(2, len(shown.panels), sharey="row", height_ratios=[3, 2], squeeze=False)
    for (above, below), panel in zip(panels.T, shown.panels, strict=True):
        ratio_axes(above, panel.rows, panel.name)
        parts_axes(below, panel.rows, panel.name)
        setting = panel.setting
        what = f"width {setting['width']}" if panel.name == "m" else f"m = {setting['m']} outputs"
        above.set_title(f"{what}, depth {setting['depth']}, {setting['dtype']}", fontsize=9.5)
    drawn = pd.concat([panel.rows for panel in shown.panels])
    ratios = drawn[["n_star", "low", "high", "modelled"]].div(drawn["m"].astype(float), axis=0).to_numpy(dtype=float)
    ratios = ratios[np.isfinite(ratios) & (ratios > 0)]
    for above in panels[0]:
        above.set_ylim(min(0.8, 0.9 * ratios.min()), max(2.2, 1.15 * ratios.max()))
        log_ticks(above.yaxis, *above.get_ylim())
    panels[0, 0].set_ylabel("crossover over outputs, n*/m")
    panels[1, 0].set_ylabel("share of the time\nat the crossover, %")
    figure.suptitle("Why small sizes cross elsewhere than n = m (dense chain)", fontsize=10.5)
    return finish(figure, list(panels.flat), shown.rows, columns=3)


def errors_axes(axes: Axes, held: pd.DataFrame, fit: pd.DataFrame, factor: float = 1e3) -> Axes:
    """Draw predicted against measured seconds times `factor`, both modes, with the line where the two are equal.

    `held`: rows of `analysis.tables.model.held_out` of one engine and dtype; `fit`: their one row of its `fits`.
    """
    for mode, look in BY_MODE.items():
        part = match(held, mode=mode)
        style = look | {"linestyle": "none", "markersize": 4, "markerfacecolor": "none", "label": look["label"]}
        axes.plot(factor * part["seconds"], factor * part["predicted"], **style)
    times = factor * held[["seconds", "predicted"]].to_numpy(dtype=float)
    ends = np.array([times.min() / 1.3, times.max() * 1.3])
    axes.plot(ends, ends, color="black", linewidth=0.9, label="predicted = measured")
    for off, name in ((1.25, "off by a quarter"), (1 / 1.25, "off by a quarter")):
        axes.plot(ends, off * ends, color=GREY, linewidth=0.8, linestyle=":", label=name)
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    for axis in (axes.xaxis, axes.yaxis):
        log_ticks(axis, *ends)
    (found,) = fit.to_dict("records")
    title = f"{found['engine']}, {found['dtype']}: off by {100 * found['median_error']:.1f} % in the median, "
    axes.set_title(f"{title}{100 * found['worst_error']:.0f} % at worst", fontsize=9)
    finish_axes(axes)
    return axes


def model_errors(figure: Figure, shown: Shown) -> Figure:
    """One panel for each engine and dtype."""
    if not shown.panels:
        return missing_figure(figure, "the times of ten chains or more in one pass")
    panels = list(figure.subplots(1, len(shown.panels), squeeze=False)[0])
    for axes, panel in zip(panels, shown.panels, strict=True):
        errors_axes(axes, panel.rows, panel.beside["fit"])
        axes.set_xlabel("measured, milliseconds")
    panels[0].set_ylabel("predicted without this chain,\nmilliseconds")
    figure.suptitle("The cost model on chains that it was not fitted to", fontsize=10.5)
    return finish(figure, panels, shown.rows, columns=4)

"""Figures of the cost model: what the time at a crossover is made of, and how far the model is off.

The model is that of `analysis.tables.model`; its constants were fitted to the times of the same run.
"""

import textwrap
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import (
    BY_MODE,
    GREY,
    finish,
    finish_axes,
    log_ticks,
    missing_figure,
    side_by_side,
    title,
)
from analysis.tables.rows import match
from analysis.tables.shown.panels import Shown

PARTS: dict[str, tuple[str, str, str]] = {
    "operations": ("price of an operation", "#4D4D4D", ""),
    "tape": ("price of a record on the tape", "#8C8C8C", "///"),
    "numbers": ("numbers read and written", "#BFBFBF", ""),
    "multiply_adds": ("multiply-adds", "#F2F2F2", "..."),
}
"""What a time is made of: its name, and its grey and hatch."""


def parts_axes(axes: Axes, part: pd.DataFrame) -> Axes:
    """Draw what share of both modes' time at the crossover each of PARTS is, in percent, at the places of the rows."""
    place, below = part["place"].to_numpy(dtype=float), np.zeros(len(part))
    for column, (name, colour, hatch) in PARTS.items():
        share = 100 * part[column].to_numpy(dtype=float)
        fill: dict[str, Any] = {"facecolor": colour, "edgecolor": "white" if hatch == "///" else GREY, "hatch": hatch}
        fill |= {"label": name, "linewidth": 0.4}
        if part["profile"].nunique() > 1:  # what has no order is no area
            axes.bar(place, share, bottom=below, width=0.6, **fill)
        else:
            axes.fill_between(place, below, below + share, **fill)
        below = below + share
    axes.set(ylim=(0, 100), yticks=(0, 25, 50, 75, 100))
    return axes


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
    errors = f"{found['engine']}, {found['dtype']}: off by {100 * found['median_error']:.1f} % in the median, "
    axes.set_title(textwrap.fill(f"{errors}{100 * found['worst_error']:.0f} % at worst", 46), fontsize=9)
    finish_axes(axes)
    return axes


def model_errors(figure: Figure, shown: Shown) -> Figure:
    """One panel for each engine and dtype."""
    if not shown.panels:
        return missing_figure(figure, "the times of ten chains or more in one pass")
    panels = side_by_side(figure, len(shown.panels))
    for axes, panel in zip(panels, shown.panels, strict=True):
        errors_axes(axes, panel.rows, panel.beside["fit"])
        axes.set_xlabel("measured, milliseconds")
    panels[0].set_ylabel("predicted without this chain,\nmilliseconds")
    title(figure, "The cost model on chains that it was not fitted to")
    return finish(figure, panels, shown.rows, columns=4)

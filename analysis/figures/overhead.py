"""Figure: the time of the engines over that of a derivative written by hand in NumPy for the same chain."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.rows import commonest, match, measured, unchunked
from analysis.figures.style import (
    BY_MODE,
    finish,
    finish_axes,
    log_ticks,
    missing_figure,
    plain_ticks,
)


def overhead_axes(axes: Axes, rows: pd.DataFrame) -> Axes:
    """Draw engine time over hand-written time, with its interval, against the width, for both modes."""
    for mode, look in BY_MODE.items():
        part = rows[rows["mode"] == mode].sort_values("width")
        ratio = np.exp(part[["value", "low", "high"]].to_numpy(dtype=float))
        error = [(ratio[:, 0] - ratio[:, 1]).clip(0), (ratio[:, 2] - ratio[:, 0]).clip(0)]
        axes.errorbar(part["width"], ratio[:, 0], yerr=error, markersize=5, capsize=2.5, **look)
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="n = m = width", ylabel="engine time / hand-written time")
    plain_ticks(axes.xaxis, rows["width"].tolist())
    low, high = axes.get_ylim()
    axes.set_ylim(min(low, 0.9), max(high, 1.6))
    log_ticks(axes.yaxis, *axes.get_ylim())
    finish_axes(axes)
    return axes


def engine_overhead(figure: Figure, tidy: pd.DataFrame, crossovers: pd.DataFrame) -> Figure:
    """One panel: square dense chains (n = m = width) at the depth with the most widths measured."""
    rows = unchunked(measured(tidy, "log_over_floor", layer="dense", profile="uniform"))
    rows = rows[(rows["n"] == rows["width"]) & (rows["m"] == rows["width"])]
    if rows.empty:
        return missing_figure(figure, "the engines' time over a hand-written derivative's")
    setting = commonest(rows, ["activation", "depth", "dtype"], of="width")
    axes = overhead_axes(figure.subplots(), match(rows, **setting))
    axes.set_title(
        f"What the engines cost above hand-written NumPy: dense {setting['activation']} chain, "
        f"depth {setting['depth']}, {setting['dtype']}",
        fontsize=10,
    )
    return finish(figure, [axes], rows)

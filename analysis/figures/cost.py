"""Figure: the time of one full Jacobian against the number of inputs, forward and reverse mode, log-log."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import (
    BY_MODE,
    GREY,
    drawable,
    finish,
    finish_axes,
    log_ticks,
    missing_figure,
    plain_ticks,
    side_by_side,
    title,
)
from analysis.tables.crossover import CROSSES, crosses_several_times, places
from analysis.tables.shown.panels import Shown
from analysis.text import interval, size


def cost_axes(axes: Axes, rows: pd.DataFrame, crossover: pd.DataFrame, factor: float = 1e3) -> Axes:
    """Draw seconds times `factor` against n for both modes, and the crossover, or each, with its interval.

    `rows` is the part of the tidy table to draw (metric seconds, one m); `crossover` the rows of the crossover table
    for the same setting (none, or one). Where the modes do not cross, the heading says which one wins.
    """
    for mode, look in BY_MODE.items():
        part = rows[rows["mode"] == mode].sort_values("n")
        times = factor * part[["value", "low", "high"]].to_numpy(dtype=float)
        error = [(times[:, 0] - times[:, 1]).clip(0), (times[:, 2] - times[:, 0]).clip(0)]
        axes.errorbar(part["n"], times[:, 0], yerr=error, markersize=4.5, capsize=2, **look)
    axes.set(xscale="log", yscale="log", xlabel="inputs n", title=heading(rows, crossover))
    axes.title.set_fontsize(9.5)
    crossing = drawable(places(crossover))
    limits = axes.get_xlim()
    for row in crossing.to_dict("records"):
        axes.axvspan(row["low"], row["high"], color=GREY, alpha=0.25, linewidth=0, label="95 % interval of n*")
        axes.axvline(row["n_star"], color="black", linewidth=1, linestyle=(0, (1, 1)), label="crossover n*")
    axes.set_xlim(limits)
    plain_ticks(axes.xaxis, rows["n"].tolist())
    log_ticks(axes.yaxis, *axes.get_ylim())
    finish_axes(axes)
    return axes


def heading(rows: pd.DataFrame, crossover: pd.DataFrame) -> str:
    """What the panel shows, and its verdict: `m = 64 outputs` and below it `n* = 71 [66, 77]`."""
    first = f"m = {rows['m'].iloc[0]} outputs"
    if crossover.empty:
        return f"{first}\ncrossover not measured here"
    row = crossover.iloc[0]
    if row["verdict"] == CROSSES:
        known = interval(row["low"], row["high"], row["smallest"], row["largest"])
        return f"{first}\nn* = {size(row['n_star'])} {known}"
    if crosses_several_times(row["verdict"]):
        return f"{first}\n{row['verdict']}: n* = {', '.join(size(each.n) for each in row['crossings'])}"
    return f"{first}\n{row['verdict']}"


def cost_against_n(figure: Figure, shown: Shown) -> Figure:
    """One panel an m, at one width and depth."""
    if not shown.panels:
        return missing_figure(figure, "the time of a full Jacobian (seconds) of a dense chain")
    unit, factor = ("milliseconds", 1e3) if shown.rows["value"].median() > 1e-3 else ("microseconds", 1e6)
    panels = side_by_side(figure, len(shown.panels), sharey=True)
    for axes, panel in zip(panels, shown.panels, strict=True):
        cost_axes(axes, panel.rows, panel.beside["crossovers"], factor)
    for axes in panels:  # the shared scale is final only once every panel is drawn
        log_ticks(axes.yaxis, *axes.get_ylim())
    panels[0].set_ylabel(f"time of one full Jacobian, {unit}")
    setting = shown.setting
    title(
        figure,
        f"Cost against the number of inputs: dense {setting['activation']} chain, width {setting['width']}, "
        f"depth {setting['depth']}, {setting['dtype']}",
    )
    return finish(figure, panels, shown.rows, columns=4)

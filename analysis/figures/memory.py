"""Figure: the traced peak memory of one full Jacobian against depth, with the predicted lines."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import (
    BY_MODE,
    PREDICTED,
    finish,
    finish_axes,
    missing_figure,
    plain_ticks,
    title,
)
from analysis.tables.shown.panels import Shown


def memory_axes(axes: Axes, rows: pd.DataFrame) -> Axes:
    """Draw peak memory (kB, 1000 bytes) against depth for both modes; dotted: the exact count of `modes.cost`.

    `rows`: tidy rows of metric peak_bytes with one n, m and width, and the count as `counted_bytes`.
    """
    for mode, look in BY_MODE.items():
        part = rows[rows["mode"] == mode].sort_values("depth")
        axes.plot(part["depth"], part["value"] / 1e3, markersize=5, **look)
        axes.plot(
            part["depth"],
            part["counted_bytes"] / 1e3,
            label=f"{mode} mode, counted",
            **(PREDICTED | {"color": look["color"]}),
        )
    axes.set(xscale="log", xlabel="depth (layers)", ylabel="peak memory of one Jacobian, kB")
    axes.set_ylim(bottom=0)  # what a mode holds beyond the other is a share of the whole
    plain_ticks(axes.xaxis, rows["depth"].tolist())
    finish_axes(axes)
    return axes


def memory_against_depth(figure: Figure, shown: Shown) -> Figure:
    """One panel: one n, m and width."""
    if not shown.panels:
        return missing_figure(figure, "the peak memory of a full Jacobian (peak_bytes) at several depths")
    setting = shown.setting
    axes = memory_axes(figure.subplots(), shown.panels[0].rows)
    title(
        figure,
        f"Memory against depth: dense {setting['activation']} chain, n = {setting['n']}, m = {setting['m']}, "
        f"width {setting['width']}, {setting['dtype']}",
    )
    return finish(figure, [axes], shown.rows, columns=2)

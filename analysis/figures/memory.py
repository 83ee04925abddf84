"""Figure: the traced peak memory of one full Jacobian against depth, with the predicted lines."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.rows import commonest, match, measured, unchunked
from analysis.figures.style import (
    BY_MODE,
    PREDICTED,
    finish,
    finish_axes,
    log_ticks,
    missing_figure,
    plain_ticks,
)
from analysis.tables.growth import counted_bytes


def memory_axes(axes: Axes, rows: pd.DataFrame) -> Axes:
    """Draw peak memory (kB, 1000 bytes) against depth for both modes; dotted: the exact count of `modes.cost`.

    `rows`: tidy rows of metric peak_bytes with one n, m and width.
    """
    for mode, look in BY_MODE.items():
        part = rows[rows["mode"] == mode].sort_values("depth")
        axes.plot(part["depth"], part["value"] / 1e3, markersize=5, **look)
        counted = [counted_bytes(row) / 1e3 for row in part.to_dict("records")]
        axes.plot(
            part["depth"],
            counted,
            label=f"{mode} mode, counted",
            **(PREDICTED | {"color": look["color"]}),
        )
    axes.set(xscale="log", yscale="log", xlabel="depth (layers)", ylabel="peak memory of one Jacobian, kB")
    plain_ticks(axes.xaxis, rows["depth"].tolist())
    log_ticks(axes.yaxis, *axes.get_ylim())
    finish_axes(axes)
    return axes


def memory_against_depth(figure: Figure, tidy: pd.DataFrame, crossovers: pd.DataFrame) -> Figure:
    """One panel: the n, m and width with the most depths measured (dense layers)."""
    rows = unchunked(measured(tidy, "peak_bytes", engine="modes", layer="dense", profile="uniform"))
    if rows.empty:
        return missing_figure(figure, "the peak memory of a full Jacobian (peak_bytes) at several depths")
    setting = commonest(rows, ["activation", "n", "m", "width", "dtype"], of="depth")
    axes = memory_axes(figure.subplots(), match(rows, **setting))
    axes.set_title(
        f"Memory against depth: dense {setting['activation']} chain, n = {setting['n']}, m = {setting['m']}, "
        f"width {setting['width']}, {setting['dtype']}",
        fontsize=10,
    )
    return finish(figure, [axes], rows, columns=2)

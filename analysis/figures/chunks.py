"""Figure: what the number of seeds that travel at once does to the time and the peak memory of a Jacobian."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import (
    BY_MODE,
    finish,
    finish_axes,
    log_ticks,
    missing_figure,
    plain_ticks,
    side_by_side,
    title,
)
from analysis.tables.shown.panels import Shown

PANELS = {"time": "time / time of all seeds at once", "memory": "peak memory / peak of all seeds at once"}


def chunk_axes(axes: Axes, rows: pd.DataFrame, ratio: str) -> Axes:
    """Draw column `ratio` of `analysis.tables.limits.chunks` against the chunk size, for both modes of one chain.

    The last point of a line is all seeds at once: 1, by definition.
    """
    sizes = set()
    for mode, look in BY_MODE.items():
        part = rows[(rows["mode"] == mode) & rows[ratio].notna()]
        if part.empty:
            continue
        seeds = int(part["n" if mode == "forward" else "m"].iloc[0])
        axes.plot([*part["chunk_size"], seeds], [*part[ratio], 1.0], markersize=5, **look)
        sizes |= {*part["chunk_size"], seeds}
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set(xscale="log", xlabel="chunk size (seeds at once)", ylabel=PANELS[ratio])
    plain_ticks(axes.xaxis, sorted(sizes))
    if ratio == "time":
        axes.set_yscale("log")
        log_ticks(axes.yaxis, *axes.get_ylim())
    else:
        axes.set_ylim(bottom=0)  # what is saved is a share of the whole
    finish_axes(axes)
    return axes


def chunk_size(figure: Figure, shown: Shown) -> Figure:
    """A panel for time and one for memory, of one chain."""
    if not shown.panels:
        return missing_figure(figure, "the time and the peak memory of a Jacobian at several chunk sizes")
    panels = side_by_side(figure, len(shown.panels))
    for axes, panel in zip(panels, shown.panels, strict=True):
        chunk_axes(axes, panel.rows, panel.name)
    setting = shown.setting
    title(
        figure,
        f"Seeds in chunks: {setting['layer']} {setting['activation']} chain, n = {setting['n']}, m = {setting['m']}, "
        f"width {setting['width']}, depth {setting['depth']}, {setting['dtype']}",
    )
    return finish(figure, panels, shown.rows)

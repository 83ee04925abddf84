"""Figure: forward over reverse time on the plane of inputs n and outputs m, with the line where the modes tie."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LinearSegmentedColormap, TwoSlopeNorm
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from analysis.figures.style import (
    BLUE,
    PREDICTED,
    VERMILLION,
    drawable,
    finish,
    missing_figure,
    plain_ticks,
)
from analysis.tables.crossover import CROSSES, FORWARD, REVERSE
from analysis.tables.rows import match
from analysis.tables.shown.crossing import edges
from analysis.tables.shown.panels import Shown
from analysis.text import number

HALF_STEP = 2**0.5  # how far the outermost cells reach beyond their n
HALO = [withStroke(linewidth=2, foreground="#FFFFFFB0")]  # keeps numbers legible where a line crosses them
BLUE_TO_RED = LinearSegmentedColormap.from_list("forward-reverse", [BLUE, "#FFFFFF", VERMILLION])
SMALLEST_LABELLED = 0.085  # a cell narrower than this share of the axes has no room for its number


def map_axes(
    axes: Axes, rows: pd.DataFrame, crossovers: pd.DataFrame, counted: pd.DataFrame, norm: TwoSlopeNorm
) -> QuadMesh:
    """Draw one strip of cells an m, one cell a measured n, each with its ratio; returns a mesh for the colour bar.

    `rows`: tidy rows of metric log_ratio at one width and depth; `crossovers`: their rows of the crossover
    table; `counted`: the n at which both modes take equally many operations, by m.
    An m that was measured more finely between two n has narrower cells there, without room for a number.
    """
    outputs = np.array(sorted(rows["m"].unique()), dtype=float)
    borders = edges(outputs)
    outer = np.array([rows["n"].min() / HALF_STEP, rows["n"].max() * HALF_STEP], dtype=float)
    span = np.log(outer[1] / outer[0])
    for i, m in enumerate(outputs):
        strip = match(rows, m=m).sort_values("n")
        sides = edges(strip["n"].to_numpy(dtype=float))
        sides[[0, -1]] = outer
        ratio = strip["value"].to_numpy(dtype=float)
        mesh = axes.pcolormesh(sides, borders[i : i + 2], ratio[None, :], cmap=BLUE_TO_RED, norm=norm)
        height = borders[i] ** 0.22 * borders[i + 1] ** 0.78  # above the middle, where the lines run
        wide = np.diff(np.log(sides)) / span > SMALLEST_LABELLED
        centres = np.sqrt(sides[1:] * sides[:-1])
        for n, value in zip(centres[wide], np.exp(ratio[wide]), strict=True):
            axes.text(
                n,
                height,
                f"{value:.2f}" if value < 10 else f"{value:.1f}",
                ha="center",
                va="center",
                fontsize=6.5,
                path_effects=HALO,
            )
    draw_measured_line(axes, crossovers, outer)
    axes.plot(counted["n"], counted["m"], label="predicted by operation counts", **PREDICTED)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="inputs n",
        ylabel="outputs m",
        xlim=(outer[0], outer[1]),
        ylim=(borders[0], borders[-1]),
    )
    axes.set_title(f"width {rows['width'].iloc[0]}, depth {rows['depth'].iloc[0]}", fontsize=9.5)
    shared = rows.groupby("n")["m"].nunique()
    plain_ticks(axes.xaxis, shared[shared == shared.max()].index.tolist())  # the grid, without what refined it
    plain_ticks(axes.yaxis, outputs.tolist())
    return mesh


def draw_measured_line(axes: Axes, crossovers: pd.DataFrame, outer: np.ndarray) -> None:
    """The measured n* of each m with its interval; an arrow at the border where one mode wins at every measured n."""
    found = drawable(crossovers[crossovers["verdict"] == CROSSES].sort_values("m"))
    if len(found):
        error = [
            (found["n_star"] - found["low"]).clip(lower=0),
            (found["high"] - found["n_star"]).clip(lower=0),
        ]
        look: dict[str, Any] = {
            "color": "black",
            "marker": "o",
            "markersize": 4.5,
            "linewidth": 1.3,
            "capsize": 2.5,
        }
        axes.errorbar(found["n_star"], found["m"], xerr=error, label="measured crossover n*, 95 % interval", **look)
    arrow: dict[str, Any] = {
        "color": "black",
        "markersize": 8,
        "linestyle": "none",
        "clip_on": False,
        "zorder": 5,
    }
    for verdict, marker, border in (
        (FORWARD, ">", outer[1]),
        (REVERSE, "<", outer[0]),
    ):
        beyond = crossovers[crossovers["verdict"] == verdict]
        if len(beyond):
            axes.plot(
                [border] * len(beyond),
                beyond["m"],
                marker=marker,
                label=f"{verdict} (n* lies beyond)",
                **arrow,
            )


def crossover_map(figure: Figure, shown: Shown) -> Figure:
    """One panel for each width and depth."""
    if not shown.panels:
        return missing_figure(figure, "the ratio of the two modes' times over n and m")
    columns = min(2, len(shown.panels))
    lines = -(-len(shown.panels) // columns)
    figure.set_size_inches(9.0, 1.6 + 3.4 * lines / (columns / 2) ** 0.25)
    panels = figure.subplots(lines, columns, squeeze=False)
    limit = float(np.clip(shown.rows["value"].abs().max(), np.log(1.5), np.log(16)))
    norm = TwoSlopeNorm(0.0, -limit, limit)
    for axes, panel in zip(panels.flat, shown.panels, strict=False):
        mesh = map_axes(axes, panel.rows, panel.beside["crossovers"], panel.beside["counted"], norm)
    for axes in panels.flat[len(shown.panels) :]:
        axes.set_axis_off()
    bar = figure.colorbar(mesh, ax=panels, shrink=0.9, pad=0.02)
    ticks = [value for value in (1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8) if abs(np.log(value)) <= limit]
    bar.set_ticks(np.log(ticks).tolist(), labels=[number(value) for value in ticks])
    bar.set_label("forward time / reverse time\n(below 1: forward mode is cheaper)", fontsize=8)
    figure.suptitle("Which mode is cheaper, over inputs n and outputs m (dense chain)", fontsize=10.5)
    return finish(figure, list(panels.flat), shown.rows, columns=2)

"""Figures: forward over reverse time on the plane of inputs n and outputs m, with the line where the modes tie."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.figure import Figure

from analysis.figures.style import (
    PREDICTED,
    drawable,
    finish,
    missing_figure,
    plain_ticks,
    title,
)
from analysis.tables.crossover import CROSSES, FORWARD, REVERSE, places
from analysis.tables.rows import match
from analysis.tables.shown.crossing import edges
from analysis.tables.shown.panels import Panel, Shown
from analysis.text import interval, number, size

HALF_STEP = 2**0.5  # how far the outermost cells reach beyond their n
GROUND = {"facecolor": "white", "alpha": 0.8, "linewidth": 0, "boxstyle": "round,pad=0.12"}
"""Keeps words legible where a line crosses them; a halo around their letters would double the file."""
STEPS = (1 / 8, 1 / 4, 1 / 2, 1 / 1.25, 1, 1.25, 2, 4, 8)
"""The ratios at which the colour changes."""
COLOURS = ("#4f9fcb", "#80bbdb", "#abd2e7", "#cfe5f1", "#eaf4f9", "#fcf1e7", "#f8dfc8", "#f3c49d", "#eba672", "#e18a48")
"""From far below 1 to far above: the modes' colours, pale enough to read a number on."""
COLOURED: dict[str, Any] = {
    "cmap": ListedColormap(list(COLOURS[1:-1])).with_extremes(under=COLOURS[0], over=COLOURS[-1]),
    "norm": BoundaryNorm(np.log(STEPS), len(COLOURS) - 2),
}
SMALLEST_LABELLED = 0.085  # a cell narrower than this share of the axes has no room for its number
FORWARD_WORDS, REVERSE_WORDS = "forward mode cheaper", "reverse mode cheaper"
MEASURED = "measured crossover n* and its 95 % interval"
SEVERAL = "an m that crosses several times: each crossing"


def map_axes(axes: Axes, rows: pd.DataFrame, crossovers: pd.DataFrame, counted: pd.DataFrame, small: bool) -> QuadMesh:
    """Draw one strip of cells an m, one cell a measured n, each with its ratio; returns a mesh for the colour bar.

    `rows`: tidy rows of metric log_ratio at one width and depth; `crossovers`: their rows of the crossover table;
    `counted`: the n at which both modes take equally many operations, by m. An m that was measured more finely between
    two n has narrower cells there, without room for a number. `small`: of several maps, which have small letters.
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
        mesh = axes.pcolormesh(sides, borders[i : i + 2], ratio[None, :], **COLOURED)
        height = borders[i] ** 0.25 * borders[i + 1] ** 0.75  # above the middle, where the line runs
        wide = np.diff(np.log(sides)) / span > SMALLEST_LABELLED
        centres = np.sqrt(sides[1:] * sides[:-1])
        for n, value in zip(centres[wide], np.exp(ratio[wide]), strict=True):
            text = f"{value:.2f}" if value < 10 else f"{value:.1f}"
            axes.text(n, height, text, ha="center", va="center", fontsize=6.5 if small else 7.5)
    axes.plot(counted["n"], counted["m"], label="equally many multiply-adds", **PREDICTED)
    axes.set(xscale="log", yscale="log", xlabel="inputs n", ylabel="outputs m", xlim=outer, ylim=borders[[0, -1]])
    draw_measured_line(axes, crossovers, outer, borders, 6.5 if small else 8)
    words: dict[str, Any] = {"transform": axes.transAxes, "fontweight": "bold", "fontsize": 8 if small else 10}
    words |= {"bbox": GROUND, "zorder": 6}
    strip_height = 1 / len(outputs)
    axes.text(0.015, 1 - 0.72 * strip_height, FORWARD_WORDS, ha="left", va="center", **words)  # below the numbers
    axes.text(0.985, 0.28 * strip_height, REVERSE_WORDS, ha="right", va="center", **words)
    shared = rows.groupby("n")["m"].nunique()
    plain_ticks(axes.xaxis, shared[shared == shared.max()].index.tolist())  # the grid, without what refined it
    plain_ticks(axes.yaxis, outputs.tolist())
    return mesh


def draw_measured_line(
    axes: Axes, crossovers: pd.DataFrame, outer: np.ndarray, borders: np.ndarray, fontsize: float
) -> None:
    """The measured n* of each m, or each of several: a mark, its interval as a bar between two ends, and figures beside
    it; an arrow at the border where one mode wins at every measured n."""
    marks = places(crossovers).sort_values("m", kind="stable")
    ink: dict[str, Any] = {"color": "black", "zorder": 5}
    once = marks["verdict"] == CROSSES
    for found, other in (
        (drawable(marks[once]), {"label": MEASURED, "linewidth": 0.9}),
        (drawable(marks[~once]), {"label": SEVERAL, "linestyle": "none", "markerfacecolor": "white"}),
    ):
        if len(found):
            error = [(found["n_star"] - found["low"]).clip(lower=0), (found["high"] - found["n_star"]).clip(lower=0)]
            look: dict[str, Any] = {"marker": "o", "markersize": 3, "elinewidth": 1.5, "capsize": 4.5, "capthick": 1.3}
            axes.errorbar(found["n_star"], found["m"], xerr=error, **look, **other, **ink)
    outputs = np.sqrt(borders[1:] * borders[:-1])
    for row in marks.to_dict("records"):
        below = int(np.abs(outputs / row["m"] - 1).argmin())
        height = borders[below] ** 0.8 * borders[below + 1] ** 0.2
        known = interval(row["low"], row["high"], row["smallest"], row["largest"])
        right = row["n_star"] ** 2 < outer[0] * outer[1]  # where there is room
        place: dict[str, Any] = {"xytext": (4 if right else -4, 0), "ha": "left" if right else "right", "va": "center"}
        text = f"{size(row['n_star'])} {known}".strip() if row["verdict"] == CROSSES else size(row["n_star"])
        place |= {"textcoords": "offset points", "fontsize": fontsize, "fontweight": "bold"}
        axes.annotate(text, (row["n_star"], height), bbox=GROUND, zorder=6, **place)
    arrow: dict[str, Any] = {"markersize": 8, "linestyle": "none", "clip_on": False, **ink}
    for verdict, marker, border in ((FORWARD, ">", outer[1]), (REVERSE, "<", outer[0])):
        beyond = crossovers[crossovers["verdict"] == verdict]
        if len(beyond):
            name = f"{verdict} (n* lies beyond)"
            axes.plot([border] * len(beyond), beyond["m"], marker=marker, label=name, **arrow)


def drawn_panel(axes: Axes, panel: Panel, small: bool) -> QuadMesh:
    """One panel with its heading."""
    mesh = map_axes(axes, panel.rows, panel.beside["crossovers"], panel.beside["counted"], small)
    axes.set_title(f"width {panel.setting['width']}, depth {panel.setting['depth']}", fontsize=9.5)
    return mesh


def colour_bar(figure: Figure, mesh: QuadMesh, panels: Any, **options: Any) -> None:
    bar = figure.colorbar(mesh, ax=panels, extend="both", spacing="uniform", **options)
    bar.set_ticks(np.log(STEPS).tolist(), labels=[number(value) for value in STEPS])
    bar.ax.tick_params(labelsize=7.5)
    bar.set_label("time of forward mode / time of reverse mode", fontsize=8)


def crossover_map(figure: Figure, shown: Shown) -> Figure:
    """One panel for each width and depth."""
    if not shown.panels:
        return missing_figure(figure, "the ratio of the two modes' times over n and m")
    columns = min(2, len(shown.panels))
    lines = -(-len(shown.panels) // columns)
    figure.set_figheight(1.7 + 3.7 * lines)
    panels = figure.subplots(lines, columns, squeeze=False)
    for axes, panel in zip(panels.flat, shown.panels, strict=False):
        mesh = drawn_panel(axes, panel, small=True)
    for axes in panels.flat[len(shown.panels) :]:
        axes.set_axis_off()
    colour_bar(figure, mesh, panels, location="bottom", shrink=0.6, aspect=40, pad=0.02)
    title(figure, "Which mode is cheaper, over inputs n and outputs m: dense chains")
    return finish(figure, list(panels.flat), shown.rows, columns=2)


def headline_map(figure: Figure, shown: Shown) -> Figure:
    """One panel: the width and depth that the headline speaks of."""
    if not shown.panels:
        return missing_figure(figure, "the ratio of the two modes' times over n and m")
    (panel,) = shown.panels
    figure.set_figheight(min(figure.get_figheight(), 2.6 + 0.6 * panel.rows["m"].nunique()))
    axes = figure.subplots()
    mesh = drawn_panel(axes, panel, small=False)
    setting = panel.setting
    axes.set_title("")
    title(figure, f"Dense {setting['activation']} chain, width {setting['width']}, depth {setting['depth']}")
    colour_bar(figure, mesh, axes, location="bottom", shrink=0.9, aspect=35, pad=0.02)
    return finish(figure, [axes], shown.rows, columns=1)

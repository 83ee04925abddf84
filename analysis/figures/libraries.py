"""Figures: the crossover of each engine over outputs, width and depth; the time of each engine over inputs."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from analysis.errors import MEASURE
from analysis.figures.engines import looks
from analysis.figures.style import GREY, drawable, finish, finish_axes, log_ticks, missing, missing_figure, plain_ticks
from analysis.tables.crossover import CROSSES, FORWARD, REVERSE
from analysis.tables.shown.panels import Shown

WITH_LIBRARIES = f"{MEASURE} --preset standard"
AXIS = {"m": "outputs m", "width": "width (units a layer)", "depth": "depth (layers)"}
ARROWS = {
    (FORWARD, True): "\N{BLACK RIGHT-POINTING TRIANGLE}",
    (FORWARD, False): "\N{BLACK UP-POINTING TRIANGLE}",
    (REVERSE, True): "\N{BLACK LEFT-POINTING TRIANGLE}",
    (REVERSE, False): "\N{BLACK DOWN-POINTING TRIANGLE}",
}
"""What points to a crossover beyond the border, by verdict and by whether n is drawn across or upwards."""
HALO = [withStroke(linewidth=2, foreground="white")]  # keeps names legible where a line crosses them


def crossing_axes(
    axes: Axes, table: pd.DataFrame, against: str, styles: dict[str, dict[str, Any]], limits: tuple[float, float]
) -> Axes:
    """Draw each engine's n* with its interval against the column `against`: n to the right over m, upwards else.

    `table`: rows of the crossover table that differ in engine and in `against` alone; `limits`: the ends of the axis of
    n. A verdict without a crossover is an arrow at the end beyond which n* lies.
    """
    across = against == "m"  # the plane of n and m, as in the map
    axes.set(xscale="log", yscale="log", **{"xlim" if across else "ylim": limits})
    for name, style in styles.items():
        part = table[table["engine"] == name].sort_values(against)
        found = drawable(part[part["verdict"] == CROSSES])
        values = found[["n_star", "low", "high"]].to_numpy(dtype=float)
        error = np.array([values[:, 0] - values[:, 1], values[:, 2] - values[:, 0]]).clip(0)
        place = found[against].to_numpy(dtype=float)
        look: dict[str, Any] = {"markersize": 5, "capsize": 2, "linewidth": 1.3, **style}
        look |= {"xerr" if across else "yerr": error}
        if len(found):
            axes.errorbar(*((values[:, 0], place) if across else (place, values[:, 0])), **look)
    sizes = table[against].astype(float)
    others = (sizes.min() / 1.4, sizes.max() * 1.4)
    if across:
        axes.plot(limits, limits, color=GREY, linewidth=0.8, zorder=1)
        axes.set(xlabel="inputs n", ylabel="outputs m", ylim=others)
    else:
        axes.set(xlabel=AXIS[against], ylabel="crossover n*", xlim=others)
    plain_ticks(axes.yaxis if across else axes.xaxis, sizes.tolist())
    log_ticks(axes.xaxis if across else axes.yaxis, *limits)
    for verdict in (FORWARD, REVERSE):
        for size in sorted(set(sizes)):
            here = set(table.loc[(table["verdict"] == verdict) & (sizes == size), "engine"])
            name_beyond(axes, [style["label"] for name, style in styles.items() if name in here], verdict, size, across)
    finish_axes(axes)
    return axes


def name_beyond(axes: Axes, names: list[str], verdict: str, place: float, across: bool) -> None:
    """Name engines whose n* lies beyond a border of n, one a line, beside an arrow that points there.

    `place`: where on the other axis. What is forward throughout has its n* beyond the right, or the upper border.
    """
    if not names:
        return
    arrow, last = ARROWS[verdict, across], verdict == FORWARD
    if across:
        lines = [f"{names[0]} {arrow}" if last else f"{arrow} {names[0]}", *names[1:]]
        at, coordinates, shift = (float(last), place), axes.get_yaxis_transform(), (-3 if last else 3, 3)
        aligned = {"ha": "right" if last else "left", "va": "bottom"}
    else:
        lines = [arrow, *names] if last else [*names, arrow]
        at, coordinates, shift = (place, float(last)), axes.get_xaxis_transform(), (0, -2 if last else 2)
        aligned = {"ha": "center", "va": "top" if last else "bottom"}
    look: dict[str, Any] = {"fontsize": 6.5, "color": GREY, "path_effects": HALO, **aligned}
    axes.annotate("\n".join(lines), at, shift, xycoords=coordinates, textcoords="offset points", **look)


def ends(table: pd.DataFrame) -> tuple[float, float]:
    """The ends of an axis of n that holds every crossover of the table."""
    found = table.loc[table["verdict"] == CROSSES, "n_star"]
    return (float(found.min()) / 2, float(found.max()) * 2) if len(found) else (1.0, 1000.0)


def engines_crossover(figure: Figure, shown: Shown) -> Figure:
    """n* over m, over width and over depth."""
    if not shown.panels:
        return missing_figure(figure, "the crossovers of libraries", WITH_LIBRARIES)
    parts = {panel.name: panel.rows for panel in shown.panels}
    upwards = ends(pd.concat([parts["width"], parts["depth"]]))
    panels, styles, drawn = figure.subplots(1, len(parts)), looks(shown.engines), []
    for axes, panel in zip(panels, shown.panels, strict=True):
        if panel.rows[panel.name].nunique() < 2:
            missing(axes, f"n*\nat two or more {AXIS[panel.name]}", WITH_LIBRARIES)
            continue
        crossing_axes(axes, panel.rows, panel.name, styles, ends(panel.rows) if panel.name == "m" else upwards)
        fixed = (f"{name} {value}" for name, value in panel.setting.items() if name != "dtype")
        axes.set_title(", ".join(fixed), fontsize=9)
        drawn.append(axes)
    figure.suptitle("Where the modes cross in each engine (dense tanh chain, 95 % intervals)", fontsize=10.5)
    return finish(figure, drawn, shown.rows, columns=5)


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
    panels = list(figure.subplots(1, len(shown.panels), sharey=True))
    for axes, panel in zip(panels, shown.panels, strict=True):
        time_axes(axes, panel.rows, styles)
        axes.set_title(f"{panel.name} mode", fontsize=9.5)
    for axes in panels:  # the shared scale is final only once both are drawn
        log_ticks(axes.yaxis, *axes.get_ylim())
    panels[0].set_ylabel("time of one full Jacobian, microseconds")
    setting = shown.setting
    chain = ", ".join(f"{name} {setting[name]}" for name in ("m", "width", "depth"))
    figure.suptitle(
        f"Time over inputs: dense {setting['activation']} chain, {chain}, {setting['dtype']}", fontsize=10.5
    )
    return finish(figure, panels, shown.rows, columns=5)

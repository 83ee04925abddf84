"""Figure: the crossover as a multiple of the outputs, n*/m, as measured, counted and modelled; and what the time there
is made of."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.errors import MEASURE
from analysis.figures.model import parts_axes
from analysis.figures.style import (
    BLUE,
    GREY,
    PREDICTED,
    VERMILLION,
    drawable,
    finish,
    finish_axes,
    log_ticks,
    missing_figure,
    narrow,
    plain_ticks,
    title,
)
from analysis.tables.crossover import CROSSES, FORWARD, REVERSE, UNKNOWN, places
from analysis.tables.shown.crossing import PROFILES
from analysis.tables.shown.panels import Panel, Shown

RULES = {1.0: "1 (CppAD, Adept,\n    DiffSharp)", 1.5: "1.5 (lineax)", 2.03: "2.03 (CasADi)"}
"""Shipped rules: forward mode is chosen up to this n/m. Read in each software's source."""
SIGNS = {
    FORWARD: ("^", 0.96, f"{FORWARD}: n* lies beyond"),
    REVERSE: ("v", 0.04, f"{REVERSE}: n* lies below"),
    UNKNOWN: ("x", 0.5, UNKNOWN),
}
"""Marker of a verdict without a crossover, its height as a share of the axes, and its name."""
AXIS = {
    "width": "width (units a layer)",
    "m": "outputs m",
    "depth": "depth (layers)",
    "profile": "width profile",
}
DOTS: dict[str, Any] = {"color": BLUE, "linestyle": "none", "marker": "o", "markersize": 5, "capsize": 3.5}
MODELLED: dict[str, Any] = {"color": VERMILLION, "linestyle": "--", "marker": "s", "markerfacecolor": "white"}
COUNTED = "counted: multiply-adds alone"
SEVERAL = "crosses several times: each"
PROFILE_NAMES = {"uniform": "uni-\nform", "funnel": "fun-\nnel", "hourglass": "hour-\nglass", "bulge": "bulge"}


def ratio_axes(axes: Axes, part: pd.DataFrame, against: str) -> Axes:
    """Draw n*/m, measured with its interval, counted and modelled, against the column `against`.

    `part`: rows of the crossover table that differ in `against` alone, with the counted n* as `predicted` and the cost
    model's as `modelled`. A row that crosses several times has a hollow mark for each. One without a crossing is an
    arrow at the upper border (forward throughout), at the lower one (reverse throughout), or a cross (not
    identifiable). An open arrow: by counts, forward mode takes fewer throughout.
    """
    part = in_place(part, against)
    place, m = part["place"].to_numpy(dtype=float), part["m"].to_numpy(dtype=float)
    apart = against == "profile"
    draw_counted(axes, place, part["predicted"].to_numpy(dtype=float) / m, apart)
    modelled = part["modelled"].to_numpy(dtype=float) / m
    if np.isfinite(modelled).any():
        look = MODELLED | ({"linestyle": "none"} if apart else {})
        axes.plot(place, np.where(np.isfinite(modelled), modelled, np.nan), markersize=4, label="modelled", **look)
    found = drawable(places(part))
    once = (found["verdict"] == CROSSES).to_numpy()
    draw_crossings(axes, found[once], DOTS | {"label": "measured, 95 % interval"})
    if not once.all():
        draw_crossings(axes, found[~once], DOTS | {"label": SEVERAL, "markerfacecolor": "white"})
    for verdict, (marker, height, name) in SIGNS.items():
        here = place[(part["verdict"] == verdict).to_numpy()]
        if len(here):
            sign: dict[str, Any] = {"marker": marker, "markersize": 8, "linestyle": "none", "color": BLUE}
            axes.plot(here, [height] * len(here), label=name, transform=axes.get_xaxis_transform(), **sign)
    axes.set(yscale="log")
    return along(axes, part, against)


def draw_crossings(axes: Axes, rows: pd.DataFrame, look: dict[str, Any]) -> None:
    """Marks with bars at each row's n*/m."""
    ratio, low, high = (
        rows[name].to_numpy(dtype=float) / rows["m"].astype(float) for name in ("n_star", "low", "high")
    )
    axes.errorbar(rows["place"], ratio, yerr=[(ratio - low).clip(0), (high - ratio).clip(0)], zorder=4, **look)


def in_place(part: pd.DataFrame, against: str) -> pd.DataFrame:
    """The rows from left to right, with where they lie as `place`."""
    names = [name for name in PROFILES if name in set(part["profile"])]
    place = part[against].map(names.index) if against == "profile" else part[against].astype(float)
    return part.assign(place=place).sort_values("place", kind="stable")


def along(axes: Axes, part: pd.DataFrame, against: str) -> Axes:
    """Scale, ticks and name of what `against` says; `part` as `in_place` gives it."""
    axes.set_xlabel(AXIS[against])
    if against == "profile":
        axes.set_xticks(part["place"].tolist(), [PROFILE_NAMES[name] for name in part["profile"]], fontsize=8)
        axes.set_xlim(-0.5, len(part) - 0.5)
    else:
        axes.set_xscale("log")
        plain_ticks(axes.xaxis, part["place"].tolist(), room=0.22 if narrow(axes.figure) else 0.09)
    finish_axes(axes)
    return axes


def draw_counted(axes: Axes, place: np.ndarray, ratios: np.ndarray, apart: bool) -> None:
    """The counted n*/m at each place: a dotted line, or a short one each for what has no order."""
    look = PREDICTED | {"label": COUNTED}
    if apart:
        finite = np.isfinite(ratios)
        axes.hlines(ratios[finite], place[finite] - 0.3, place[finite] + 0.3, **look)
    else:
        axes.plot(place, np.where(np.isinf(ratios), np.nan, ratios), **look)
    beyond = place[np.isinf(ratios)]
    if len(beyond):
        sign: dict[str, Any] = {"marker": "^", "markersize": 8, "linestyle": "none", "markerfacecolor": "none"}
        sign |= {"color": "black", "transform": axes.get_xaxis_transform(), "label": "counted: forward throughout"}
        axes.plot(beyond + (0.25 if apart else 0), [0.96] * len(beyond), **sign)


def draw_rules(panels: list[Axes], table: pd.DataFrame, named: list[Axes]) -> None:
    """Limits that hold all of `table`; thin lines at the thresholds that software ships, with their names to the right
    of the panels `named`."""
    measured, modelled = places(table)[["m", "n_star", "low", "high"]], table[["m", "modelled"]]
    parts = [rows.drop(columns="m").div(rows["m"].astype(float), axis=0) for rows in (measured, modelled)]
    ends = np.concatenate([part.to_numpy(dtype=float).ravel() for part in parts])
    seen = ends[np.isfinite(ends) & (ends > 0)].tolist()
    low, high = min([0.8, *(0.85 * ratio for ratio in seen)]), max([2.6, *(1.25 * ratio for ratio in seen)])
    for axes in panels:
        axes.set_ylim(low, high)
        log_ticks(axes.yaxis, low, high)
        for threshold in RULES:
            axes.axhline(threshold, color=GREY, linewidth=0.7, zorder=1)
    for axes in named:
        for threshold, name in RULES.items():
            at: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "va": "center"}
            axes.annotate(name, (1.02, threshold), fontsize=7, color=GREY, **at)


def crossover_ratio(figure: Figure, shown: Shown) -> Figure:
    """n*/m against width, m, depth and by profile, each with everything else held fixed; below each, where a cost model
    could be fitted, what the time there is made of."""
    if not shown.panels:
        return missing_figure(figure, "crossovers of dense chains at two or more widths, m, depths or profiles")
    across = min(len(shown.panels), 2) if narrow(figure) else len(shown.panels)
    lines = -(-len(shown.panels) // across)
    rows = 2 if any(made_of(panel) for panel in shown.panels) else 1
    figure.set_figheight(1.4 + lines * (2.6 if rows == 1 else 4.3))
    grid = figure.subplots(lines * rows, across, squeeze=False, height_ratios=[3, 2][:rows] * lines)
    above, below = [], []
    for place, panel in enumerate(shown.panels):
        axes = grid[rows * (place // across) :, place % across]
        above.append(ratio_axes(axes[0], panel.rows, panel.name))
        fixed = (f"{name} {value}" for name, value in panel.setting.items() if name != "dtype")
        axes[0].set_title(", ".join(fixed), fontsize=8.5)
        if made_of(panel):
            part = in_place(panel.rows, panel.name)
            below.append(along(parts_axes(axes[1], part), part, panel.name))
    for axes in grid.flat:
        if axes not in above + below:
            axes.set_axis_off()
    left, right = (set(grid[:, column].tolist()) for column in (0, -1))
    drawn = pd.concat([panel.rows for panel in shown.panels])
    draw_rules(above, drawn, [axes for axes in above if axes in right or axes is above[-1]])
    for axes in left.intersection(above):
        axes.set_ylabel("n*/m" if narrow(figure) else "crossover over outputs, n*/m")
    for axes in left.intersection(below):
        axes.set_ylabel("share of time, %" if narrow(figure) else "share of the time\nat the crossover, %")
    lacking = ", ".join(name for name in AXIS if name not in {panel.name for panel in shown.panels})
    note = f"; not measured at two values of {lacking}: {MEASURE}" if lacking else ""
    title(figure, f"Where the modes cross, as a multiple of the outputs (dense chains{note})")
    return finish(figure, above + below, shown.rows, columns=4)


def made_of(panel: Panel) -> bool:
    """Whether a cost model says what the time of each of the panel's crossovers is made of."""
    return bool(panel.rows["overhead"].notna().all())

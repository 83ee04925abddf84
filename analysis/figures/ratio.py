"""Figure: the crossover as a multiple of the outputs, n*/m, against depth, width and width profile."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import (
    GREY,
    PREDICTED,
    SERIES,
    drawable,
    finish,
    finish_axes,
    log_ticks,
    missing,
    missing_figure,
    plain_ticks,
)
from analysis.tables.crossover import CROSSES, FORWARD, REVERSE, UNKNOWN
from analysis.tables.rows import match
from analysis.tables.shown.panels import Shown

RULES = {1.0: "1 (CppAD, Adept,\n    DiffSharp)", 1.5: "1.5 (lineax)", 2.03: "2.03 (CasADi)"}
"""Shipped rules: forward mode is chosen up to this n/m. Read in each software's source."""
PROFILES = ("uniform", "funnel", "hourglass", "bulge")
SIGNS = {FORWARD: ("^", 0.96), REVERSE: ("v", 0.04), UNKNOWN: ("x", 0.5)}
"""Marker of a verdict without a crossover, and its height as a share of the axes."""
AXIS = {"depth": "depth (layers)", "width": "width (units a layer)", "profile": "width profile"}


def ratio_axes(axes: Axes, table: pd.DataFrame, against: str) -> Axes:
    """Draw n*/m with its interval against the column `against` ("depth", "width" or "profile"), one series an m.

    `table` is the part of the crossover table to draw, with the counted n* as `predicted`. A row without a crossing is
    an arrow at the upper border (forward throughout: n* lies beyond every n measured), at the lower border (reverse
    throughout), or a cross (not identifiable). Dotted: the prediction by operation counts, an open arrow where forward
    mode takes fewer throughout.
    """
    names = [name for name in PROFILES if name in set(table["profile"])]
    for look, m in zip(SERIES, sorted(table["m"].unique()), strict=False):
        part = match(table, m=m).sort_values(against)
        place = part[against].map(names.index) if against == "profile" else part[against].astype(float)
        line = {"linestyle": "none"} if against == "profile" else {}
        crosses = (part["verdict"] == CROSSES).to_numpy()
        found = drawable(part[crosses])[["n_star", "low", "high"]].to_numpy(dtype=float) / float(m)
        error = [found[:, 0] - found[:, 1], found[:, 2] - found[:, 0]]
        axes.errorbar(
            place[crosses],
            found[:, 0],
            yerr=error,
            markersize=5,
            capsize=2.5,
            label=f"m = {m}",
            **(look | line),
        )
        for verdict, (marker, height) in SIGNS.items():
            here = place[(part["verdict"] == verdict).to_numpy()]
            if len(here):
                sign: dict[str, Any] = {
                    "marker": marker,
                    "markersize": 8,
                    "linestyle": "none",
                    "label": verdict,
                }
                sign |= {"color": look["color"], "transform": axes.get_xaxis_transform()}
                axes.plot(here, [height] * len(here), **sign)
        draw_prediction(axes, place, part["predicted"].to_numpy(dtype=float) / float(m), against)
    axes.set(yscale="log", xlabel=AXIS[against])
    if against == "profile":
        axes.set_xticks(range(len(names)), names, fontsize=8)
        axes.set_xlim(-0.5, len(names) - 0.5)
    else:
        axes.set_xscale("log")
        plain_ticks(axes.xaxis, table[against].tolist())
    finish_axes(axes)
    return axes


def draw_prediction(axes: Axes, place: pd.Series, ratios: np.ndarray, against: str) -> None:
    """The predicted n*/m at each place: a dotted line, or a short one each for width profiles."""
    look = PREDICTED | {"label": "predicted by operation counts"}
    if against == "profile":
        finite = np.isfinite(ratios)
        axes.hlines(ratios[finite], place[finite] - 0.3, place[finite] + 0.3, **look)
    else:
        axes.plot(place, np.where(np.isinf(ratios), np.nan, ratios), **look)
    beyond = place[np.isinf(ratios)]
    if len(beyond):
        sign: dict[str, Any] = {
            "marker": "^",
            "markersize": 8,
            "linestyle": "none",
            "markerfacecolor": "none",
        }
        sign |= {"color": "black", "transform": axes.get_xaxis_transform()}
        axes.plot(beyond + (0.2 if against == "profile" else 0), [0.96] * len(beyond), **sign)


def draw_rules(panels: list[Axes], table: pd.DataFrame) -> None:
    """Limits that hold all of `table`; thin lines at the thresholds that software ships, labelled on the right."""
    found = table[table["verdict"] == CROSSES]
    ends = found[["n_star", "low", "high"]].to_numpy(dtype=float) / found[["m"]].to_numpy(dtype=float)
    seen = ends[np.isfinite(ends) & (ends > 0)].tolist()
    low, high = min([0.8, *(0.85 * ratio for ratio in seen)]), max([2.6, *(1.25 * ratio for ratio in seen)])
    for axes in panels:
        axes.set_ylim(low, high)
        log_ticks(axes.yaxis, low, high)
        for threshold in RULES:
            axes.axhline(threshold, color=GREY, linewidth=0.7, zorder=1)
    for threshold, name in RULES.items():
        at: dict[str, Any] = {"xycoords": ("axes fraction", "data"), "va": "center"}
        panels[-1].annotate(name, (1.02, threshold), fontsize=7, color=GREY, **at)


def crossover_ratio(figure: Figure, shown: Shown) -> Figure:
    """n*/m against depth, against width, and by width profile; each with everything else held fixed."""
    if not shown.panels:
        return missing_figure(figure, "crossovers of dense chains at several depths and widths")
    panels = list(figure.subplots(1, len(shown.panels), sharey=True))
    drawn, parts = [], []
    for axes, panel in zip(panels, shown.panels, strict=True):
        if panel.rows.empty:
            missing(axes, f"n*\nat two or more {panel.name}s")
            continue
        ratio_axes(axes, panel.rows, panel.name)
        fixed = (f"{name} {value}" for name, value in panel.setting.items() if name != "dtype")
        axes.set_title(", ".join(fixed), fontsize=9.5)
        drawn.append(axes)
        parts.append(panel.rows)
    if drawn:
        draw_rules(drawn, pd.concat(parts))
        drawn[0].set_ylabel("crossover over outputs, n*/m")
    figure.suptitle("Where the modes cross: n*/m (dense chain, 95 % intervals)", fontsize=10.5)
    return finish(figure, drawn, shown.rows, columns=5)

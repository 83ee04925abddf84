"""Figure: each run's crossovers beside the others', one line a setting."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import (
    BLUE,
    GREEN,
    GREY,
    PURPLE,
    VERMILLION,
    finish,
    finish_axes,
    log_ticks,
    missing_figure,
    title,
)
from analysis.tables.crossover import CROSSES, FORWARD, REVERSE

COLOURS = (BLUE, VERMILLION, GREEN, PURPLE, "black", GREY)
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
BAND = 0.62
"""How much of a line's height its runs take, one below the other."""
LINE_INCHES, EDGE_INCHES, WIDTH = 0.34, 1.6, 10.0
BEYOND = {FORWARD: (">", 0.985), REVERSE: ("<", 0.015)}
"""What stands for a crossover beyond all sizes measured: its marker, and where on the axis."""


def replication_figure(figure: Figure, lines: pd.DataFrame, left_out: int) -> Figure:
    """Draw n*/m with its interval as each run has it; `lines` are those of `analysis.replicating.shown`.

    Runs under the same conditions have one colour. At the right of a line stands what it depends on; `left_out` further
    settings have no line.
    """
    if lines.empty:
        return missing_figure(figure, "crossovers that several runs have")
    names = list(dict.fromkeys(lines["key"]))
    figure.set_size_inches(WIDTH, EDGE_INCHES + LINE_INCHES * len(names))
    axes = figure.subplots()
    replication_axes(axes, lines, names)
    more = f" ({left_out} further settings are in the table)" if left_out else ""
    held = lines.drop_duplicates("key")["holds"].sum()
    title(figure, f"Where the modes cross, run by run: {held} of {len(names)} settings hold on all runs{more}")
    return finish(figure, [axes], lines, columns=2)


def replication_axes(axes: Axes, lines: pd.DataFrame, names: Sequence[str]) -> Axes:
    runs = list(dict.fromkeys(lines["run"]))
    groups = list(dict.fromkeys(lines["group"]))
    offsets = np.linspace(-BAND / 2, BAND / 2, len(runs)) if len(runs) > 1 else np.zeros(1)
    axes.axvline(1, color=GREY, linewidth=0.9, zorder=1)
    first, last = limits(lines)
    axes.set(xscale="log", xlim=(first, last), ylim=(len(names) - 0.5, -0.5), xlabel="crossover over outputs, n*/m")
    for row in range(1, len(names), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#f3f3f3", linewidth=0, zorder=0)
    for run, offset in zip(runs, offsets, strict=True):
        here = lines[lines["run"] == run]
        group = here["group"].iloc[0]
        alike = [name for name in runs if (lines.loc[lines["run"] == name, "group"] == group).any()]
        look: dict[str, Any] = {
            "color": COLOURS[groups.index(group) % len(COLOURS)],
            "marker": MARKERS[alike.index(run) % len(MARKERS)],
            "linestyle": "none",
            "markersize": 4,
        }
        places = np.array([names.index(key) for key in here["key"]]) + offset
        star, low, high = here[["value", "low", "high"]].to_numpy(dtype=float).T
        crosses = (here["verdict"] == CROSSES).to_numpy()
        error = np.array([star - np.maximum(low, first / 10), np.minimum(high, last * 10) - star]).clip(0)
        label = f"{run}: {group}" if group else str(run)
        axes.errorbar(star[crosses], places[crosses], xerr=error[:, crosses], capsize=2, label=label, zorder=3, **look)
        for verdict, (marker, at) in BEYOND.items():
            beyond = places[(here["verdict"] == verdict).to_numpy()]
            open_mark = {**look, "marker": marker, "markersize": 6, "markerfacecolor": "none"}
            axes.plot([at] * len(beyond), beyond, transform=axes.get_yaxis_transform(), zorder=3, **open_mark)
    words = lines.drop_duplicates("key").set_index("key").loc[list(names)]
    axes.set_yticks(range(len(names)), words["label"], fontsize=7.5)
    axes.tick_params(axis="y", length=0)
    right = axes.secondary_yaxis("right")
    right.set_yticks(range(len(names)), words["said"], fontsize=7.5)
    right.tick_params(axis="y", length=0)
    right.spines["right"].set_visible(False)
    for tick, holds in zip(right.get_yticklabels(), words["holds"], strict=True):
        tick.set_color(GREY if holds else "black")
    log_ticks(axes.xaxis, first, last)
    finish_axes(axes)
    axes.grid(False, axis="y")
    return axes


def limits(lines: pd.DataFrame) -> tuple[float, float]:
    """The ends of the axis: all numbers, and of their intervals what is not far beyond them."""
    numbers = lines.loc[lines["verdict"] == CROSSES, "value"]
    if numbers.empty:
        return 0.5, 2.0
    least, most = min(float(numbers.min()), 1.0), max(float(numbers.max()), 1.0)
    return least / 1.3, most * 1.3

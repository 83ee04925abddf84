"""Figure: the time of a function's Jacobian over sizes of its arguments, in both modes, and where they meet."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from analysis.figures.style import BY_MODE, GREY, finish_axes, log_ticks, plain_ticks


def advice_figure(
    figure: Figure,
    points: Sequence[Mapping[str, Any]],
    over: str,
    crossing: float | None,
    interval: Sequence[float | None],
    title: str,
) -> Figure:
    """Draw what was measured at each point: n or m, seconds of both modes, the ratio with its interval.

    Above the times, below the ratio of forward over reverse, whose interval is over processes.
    """
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
    place = [float(point[over]) for point in points]
    longest = max((point[f"{mode}_seconds"] or 0.0 for point in points for mode in BY_MODE), default=1.0)
    unit, factor = ("ms", 1e3) if longest > 1e-3 else ("µs", 1e6)
    for mode, look in BY_MODE.items():
        seconds = [np.nan if point[f"{mode}_seconds"] is None else point[f"{mode}_seconds"] for point in points]
        upper.plot(place, factor * np.array(seconds, dtype=float), markersize=4.5, **look)
    upper.set(xscale="log", yscale="log", ylabel=f"time of a Jacobian, {unit}")
    numbers = [[np.nan if point[key] is None else point[key] for point in points] for key in ("ratio", "low", "high")]
    ratio, low, high = np.array(numbers, dtype=float)
    error = np.nan_to_num([ratio - low, high - ratio]).clip(0)
    line: dict[str, Any] = {"color": "black", "marker": "o", "markersize": 4, "capsize": 2.5, "linewidth": 1}
    lower.errorbar(place, ratio, yerr=error, **line)
    lower.axhline(1, color=GREY, linewidth=0.8)
    lower.set(
        yscale="log", xlabel="inputs n" if over == "n" else "outputs m", ylabel="forward / reverse,\n95 % intervals"
    )
    if crossing is not None:
        for axes in (upper, lower):
            ends = [end for end in interval if end is not None]
            if len(ends) == 2:
                axes.axvspan(*ends, color=GREY, alpha=0.25, linewidth=0, label="95 % interval")
            axes.axvline(crossing, color="black", linewidth=1, linestyle=(0, (1, 1)), label="crossover")
    plain_ticks(lower.xaxis, place)
    for axes in (upper, lower):
        log_ticks(axes.yaxis, *axes.get_ylim())
        finish_axes(axes)
    upper.legend(frameon=False, fontsize=8)
    upper.set_title(textwrap.fill(title, 90), fontsize=9.5)
    return figure

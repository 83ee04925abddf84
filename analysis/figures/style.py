"""What all figures share: colours, line styles, tick labels, the stamp, and the text that stands in for missing data.

Contract: every function changes the axes or figure it is given and nothing else; matplotlib's global settings stay as
they are. The two modes differ in colour, line style and marker at once, so that print without colour and readers
without colour vision lose nothing. The colours are those of M. Okabe and K. Ito, "Color Universal Design"
(https://jfly.uni-koeln.de/color/).
"""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from analysis.errors import MEASURE
from analysis.text import number, short_commit

BLUE, VERMILLION, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#666666"

FORWARD: dict[str, Any] = {"color": BLUE, "linestyle": "-", "marker": "o", "label": "forward mode"}
REVERSE: dict[str, Any] = {"color": VERMILLION, "linestyle": "--", "marker": "s", "label": "reverse mode"}
BY_MODE = {"forward": FORWARD, "reverse": REVERSE}
PREDICTED: dict[str, Any] = {"color": "black", "linestyle": ":", "linewidth": 1.4}
SERIES: tuple[dict[str, Any], ...] = (
    {"color": BLUE, "linestyle": "-", "marker": "o"},
    {"color": VERMILLION, "linestyle": "--", "marker": "s"},
    {"color": GREEN, "linestyle": "-.", "marker": "^"},
    {"color": PURPLE, "linestyle": (0, (3, 1, 1, 1, 1, 1)), "marker": "D"},
)


class Sheet(Figure):
    """A figure that knows the conditions of what it shows: the BLAS, its kernels and its threads."""

    conditions = ""


STAMP_INCHES, LEGEND_ROW_INCHES = 0.2, 0.2
NARROW = 6.0
"""Inches: a figure that is less wide is for a phone."""


LONG = 27
"""Signs of which two names do not fit beside each other into a narrow figure."""


def plain_ticks(axis: Axis, values: Sequence[float], room: float = 0.09) -> None:
    """Label a logarithmic axis with plain numbers at the `values` given, but for those closer to the one
    before than the share `room` of the axis, whose labels could touch."""
    ticks = sorted({float(value) for value in values})
    if not ticks:
        return
    least = room * max(np.log(ticks[-1] / ticks[0]), 1e-9)
    kept = [ticks[0]]
    for tick in ticks[1:]:
        if np.log(tick / kept[-1]) >= least:
            kept.append(tick)
    axis.set_major_locator(FixedLocator(kept))
    axis.set_major_formatter(lambda value, _: number(value))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def decades(low: float, high: float, steps: Sequence[float] = (1, 2, 5)) -> list[float]:
    """The round numbers (`steps` times powers of ten) in [low, high], for the ticks of a logarithmic axis."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    return [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]


def log_ticks(axis: Axis, low: float, high: float) -> None:
    """Ticks for a logarithmic axis that shows [low, high]: the fewer decades, the more numbers in each."""
    span = np.log10(high / low)
    steps: Sequence[float] = (1,) if span > 3 else (1, 3) if span > 1.6 else (1, 2, 5)
    if span < 1:
        steps = (1, 1.5, 2, 3, 4, 5, 7)
    if span < 0.5:
        steps = (1, 1.2, 1.5, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9)
    ticks = decades(low, high, steps)
    plain_ticks(axis, ticks if len(ticks) > 1 else [low, high], room=0.06)


def side_by_side(figure: Figure, count: int, **shared: Any) -> list[Axes]:
    """The axes of `count` panels in a row."""
    return list(figure.subplots(1, count, squeeze=False, **shared).flat)


def title(figure: Figure, text: str) -> None:
    """What the whole figure shows, in as many lines as its width asks for."""
    figure.suptitle(textwrap.fill(text, int(12 * figure.get_figwidth())), fontsize=10.5)


def narrow(figure: Figure | SubFigure) -> bool:
    """Whether it is drawn for a phone."""
    return isinstance(figure, Figure) and figure.get_figwidth() < NARROW


def drawable(crossovers: pd.DataFrame) -> pd.DataFrame:
    """The crossover table with ends of intervals that a logarithmic axis can draw.

    An end at 0 or infinity (n* may lie beyond every n measured) becomes 1e-9 or 1e9: the bar runs out of the picture.
    """
    return crossovers.assign(low=crossovers["low"].clip(lower=1e-9), high=crossovers["high"].clip(upper=1e9))


def finish_axes(axes: Axes) -> None:
    """Light grid behind the data, no box on the right and on top."""
    axes.grid(True, which="major", color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def finish(figure: Figure, panels: Sequence[Axes], rows: pd.DataFrame, columns: int = 3) -> Figure:
    """Put one legend for all `panels` below them, each label once, and under it the stamp of the `rows` drawn.

    Room for both is kept free at the foot of the figure, so that neither can lie over data. A narrow figure has two of
    the legend's columns at most, or one where a name is LONG, and the stamp in a line a part.
    """
    entries: dict[str, Any] = {}
    for axes in panels:
        pairs = zip(*axes.get_legend_handles_labels(), strict=True)
        for handle, label in sorted(pairs, key=lambda pair: not isinstance(pair[0], ErrorbarContainer)):
            entries.setdefault(label, handle)
    conditions = figure.conditions if isinstance(figure, Sheet) else ""
    line = stamp(rows, "\n" if narrow(figure) else " \N{MIDDLE DOT} ", conditions)
    foot = STAMP_INCHES * (1 + 0.6 * line.count("\n")) / figure.get_figheight()
    if narrow(figure):
        columns = 1 if max(map(len, entries), default=0) > LONG else min(columns, 2)
    if entries:
        figure.legend(
            entries.values(),
            entries.keys(),
            loc="lower center",
            bbox_to_anchor=(0.5, foot),
            ncols=columns,
            frameon=False,
            fontsize=8,
        )
        foot += (-(-len(entries) // columns) * LEGEND_ROW_INCHES + 0.1) / figure.get_figheight()
    figure.text(0.995, 0.008, line, ha="right", va="bottom", fontsize=6.5, color=GREY)
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, foot, 1, 1 - foot))
    return figure


def stamp(rows: pd.DataFrame, between: str, conditions: str = "") -> str:
    """Which machines, commits and dates (the commits') the `rows` come from, and the conditions, the parts joined by
    `between`."""
    machines = ", ".join(sorted({str(machine) for machine in rows["machine"]}))
    commits = ", ".join(sorted({short_commit(commit) for commit in rows["commit"]}))
    dates = ", ".join(sorted({f"{pd.Timestamp(date):%Y-%m-%d}" for date in rows["date"]}))
    parts = [f"machine {machines}", conditions, f"commit {commits} of {dates}", "mode-crossover"]
    return between.join(filter(None, parts))


def missing(axes: Axes, what: str, command: str = MEASURE) -> Axes:
    """Say in place of a picture `what` has not been measured and which `command` measures it."""
    axes.set_axis_off()
    box = axes.get_window_extent().transformed(axes.figure.dpi_scale_trans.inverted())
    letters = max(20, int(10 * box.width))
    what, command = textwrap.fill(f"Not measured yet: {what}.", letters), textwrap.fill(command, letters)
    text = f"{what}\nThis command measures it:\n{command}"
    axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes, fontsize=10, linespacing=1.6)
    return axes


def missing_figure(figure: Figure, what: str, command: str = MEASURE) -> Figure:
    """`missing`, for a whole figure, which is then no larger than its words."""
    figure.set_figheight(2.2)
    missing(figure.subplots(), what, command)
    return figure

"""Figure: the cost of a single derivative product (JVP, VJP, gradient) as a multiple of the cost of f."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.style import (
    BLUE,
    FORWARD,
    GREEN,
    REVERSE,
    VERMILLION,
    finish,
    finish_axes,
    log_ticks,
    missing_figure,
    plain_ticks,
    side_by_side,
    title,
)
from analysis.tables.rows import measured
from analysis.tables.shown.panels import Shown
from benchmarks.catalogue.engines import BY_HAND, label
from modes.cost import COTANGENT_BOUNDS, TANGENT_BOUNDS

PRODUCTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "one JVP (forward)": ("log_product_over_f", "forward", FORWARD),
    "one VJP (reverse)": ("log_product_over_f", "reverse", REVERSE),
    "gradient of a loss (reverse)": (
        "log_gradient_over_f",
        "reverse",
        {"color": GREEN, "linestyle": "-.", "marker": "^"},
    ),
}
BOUNDS = {"forward": (TANGENT_BOUNDS, BLUE, "//"), "reverse": (COTANGENT_BOUNDS, VERMILLION, "\\\\")}
OPEN = {"markerfacecolor": "white", "linewidth": 0.8, "alpha": 0.8}
"""How the floor differs from the engine in the picture."""


def products_axes(axes: Axes, rows: pd.DataFrame) -> Axes:
    """Draw each product's time over the time of f, with its interval, against the width.

    `rows`: tidy rows of the metrics of PRODUCTS at one depth; engine modes, and floor (hand-written NumPy) where
    measured. The bands are the bounds on operations that `modes.cost` cites, f's own evaluation included.
    """
    for mode, (bounds, colour, hatch) in BOUNDS.items():
        low, high = (constant + each for constant, each in bounds)
        name = f"bound on operations, {mode} pass: {low:g} to {high:g}"
        fill: dict[str, Any] = {"facecolor": (colour, 0.1), "edgecolor": (colour, 0.35), "hatch": hatch}
        axes.axhspan(low, high, linewidth=0.5, label=name, **fill)
    for name, (metric, mode, look) in PRODUCTS.items():
        for engine, change in (
            ("modes", {"label": name}),
            (BY_HAND, OPEN | {"label": f"{name}, {label(BY_HAND)}"}),
        ):
            part = measured(rows, metric, mode=mode, engine=engine).sort_values("width")
            ratio = np.exp(part[["value", "low", "high"]].to_numpy(dtype=float))
            error = [(ratio[:, 0] - ratio[:, 1]).clip(0), (ratio[:, 2] - ratio[:, 0]).clip(0)]
            if len(part):
                axes.errorbar(part["width"], ratio[:, 0], yerr=error, markersize=5, capsize=2.5, **(look | change))
    axes.axhline(1, color="black", linewidth=0.8)
    axes.set(xscale="log", yscale="log", xlabel="width (units a layer)")
    plain_ticks(axes.xaxis, rows["width"].tolist())
    finish_axes(axes)
    return axes


def product_cost(figure: Figure, shown: Shown) -> Figure:
    """One panel a depth, against the width (dense chains)."""
    if not shown.panels:
        return missing_figure(figure, "the time of single products over the time of f")
    panels = side_by_side(figure, len(shown.panels), sharey=True)
    for axes, panel in zip(panels, shown.panels, strict=True):
        products_axes(axes, panel.rows)
        axes.set_title(f"depth {panel.name}", fontsize=9.5)
    panels[0].set_ylabel("time of one product / time of f")
    for axes in panels:  # the shared scale is final only once every panel is drawn
        log_ticks(axes.yaxis, *axes.get_ylim())
    setting = shown.setting
    title(
        figure,
        f"Cost of one derivative product over the cost of f: dense {setting['activation']} chain, "
        f"n = {setting['n']}, {setting['dtype']}",
    )
    return finish(figure, panels, shown.rows, columns=3)

"""Figure: how fast each BLAS kernel multiplies few rows, in either orientation, and where the modes cross on it."""

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
    plain_ticks,
    title,
)

COLOURS = (BLUE, VERMILLION, GREEN, PURPLE)
PRODUCTS: dict[str, dict[str, Any]] = {
    "t @ W.T": {"linestyle": "-", "marker": "o"},
    "c @ W": {"linestyle": "--", "marker": "s", "markerfacecolor": "white"},
}
"""How the product of forward mode is drawn, and that of reverse mode."""
NAMES = {"t @ W.T": "forward mode's products, t @ W.T", "c @ W": "reverse mode's, c @ W"}
LOOKS: tuple[dict[str, Any], ...] = ({"marker": "D", "linestyle": "-"}, {"marker": "v", "linestyle": ":"})


def kernels_figure(figure: Figure, rates: pd.DataFrame, crossings: pd.DataFrame) -> Figure:
    """A panel a width of the products: Gflop/s over their rows; and one of n*/m over the width of the chain.

    `rates` and `crossings` are those of `analysis.replicating.kernels`. A colour is a kernel in all panels.
    """
    if rates.empty:
        return missing_figure(figure, "rates of the BLAS kernels that the runs used")
    kernels = list(dict.fromkeys([*rates["kernel"], *crossings["kernel"]]))
    colours = {kernel: COLOURS[i % len(COLOURS)] for i, kernel in enumerate(kernels)}
    widths = sorted(rates["width"].unique())
    panels = list(figure.subplots(1, len(widths) + (not crossings.empty), squeeze=False).flat)
    for axes, width in zip(panels, widths, strict=False):
        rate_axes(axes, rates[rates["width"] == width], colours)
        axes.set_title(f"products with a matrix of {width} by {width}", fontsize=9)
    panels[0].set_ylabel("Gflop/s, least to most of some rounds")
    for axes in panels[: len(widths)]:  # a round that was disturbed may run out of the picture
        axes.set_ylim(float(rates["gflops"].min()) / 1.4, float(rates["gflops"].max()) * 1.3)
        log_ticks(axes.yaxis, *axes.get_ylim())
    if not crossings.empty:
        crossing_axes(panels[-1], crossings, colours)
    title(figure, "Why it depends on the BLAS kernel: products of few rows, and where the modes cross")
    return finish(figure, panels, rates, columns=2)


def rate_axes(axes: Axes, rates: pd.DataFrame, colours: dict[str, str]) -> Axes:
    """Gflop/s over the rows of a product, by kernel and orientation."""
    for (kernel, product), part in rates.groupby(["kernel", "product"], sort=False):
        part = part.sort_values("rows")
        rows, gflops, low, high = part[["rows", "gflops", "low", "high"]].to_numpy(dtype=float).T
        look = {"color": colours[str(kernel)], "markersize": 4.5, **PRODUCTS[str(product)]}
        error = [(gflops - low).clip(0), (high - gflops).clip(0)]
        axes.errorbar(
            rows, gflops, yerr=error, capsize=2, linewidth=1.2, label=f"{kernel}: {NAMES[str(product)]}", **look
        )
    axes.set(xscale="log", yscale="log", xlabel="rows: seeds at once")
    plain_ticks(axes.xaxis, sorted(rates["rows"].unique()))
    finish_axes(axes)
    return axes


def crossing_axes(axes: Axes, crossings: pd.DataFrame, colours: dict[str, str]) -> Axes:
    """n*/m over the width of the chain, a line a run, by kernel and m."""
    axes.axhline(1, color=GREY, linewidth=0.9, zorder=1)
    sizes = sorted(crossings["m"].unique())
    for (m, kernel, _), part in crossings.groupby(["m", "kernel", "run"], sort=False):
        part = part.sort_values("width")
        width, value, low, high = part[["width", "value", "low", "high"]].to_numpy(dtype=float).T
        look = {"color": colours[str(kernel)], "markersize": 4, **LOOKS[sizes.index(m) % len(LOOKS)]}
        error = np.array([value - low, high - value]).clip(0)
        error[~np.isfinite(error)] = 0.0
        axes.errorbar(width, value, yerr=error, capsize=2, linewidth=1.0, label=f"{kernel}: n*/m at m = {m}", **look)
    axes.set(xscale="log", yscale="log", xlabel="width of the chain", ylabel="crossover over outputs, n*/m")
    axes.set_title("where the modes cross, a line a run", fontsize=9)
    plain_ticks(axes.xaxis, sorted(crossings["width"].unique()))
    least, most = min(float(crossings["value"].min()), 1.0), max(float(crossings["value"].max()), 1.0)
    axes.set_ylim(least / 1.25, most * 1.25)
    log_ticks(axes.yaxis, *axes.get_ylim())
    finish_axes(axes)
    return axes

"""What the engines cost beside the limits: the table of products and the panels of that section."""

import pandas as pd

from analysis.tables.rows import CHAIN, as_ratios, commonest, engines_first, match, measured, spread, unchunked
from analysis.tables.shown.panels import Panel, Shown

PRODUCTS = ("log_product_over_f", "log_gradient_over_f")
RATIOS = ("time", "memory")
"""What is drawn of chunks, columns of `analysis.tables.limits.chunks`."""
DEPTHS = 3
"""Depths that have a panel of products, or a line of overhead."""


# --- the table ---


def product_table(tidy: pd.DataFrame) -> pd.DataFrame:
    """Time of one JVP, VJP and gradient over the time of f, by the engine and by hand (engine floor)."""
    products = ratio_table(tidy, "log_product_over_f")
    gradients = ratio_table(tidy, "log_gradient_over_f")
    name = products["mode"].map({"forward": "JVP", "reverse": "VJP"})
    both = [products.assign(product=name), gradients.assign(product="gradient")]
    table = pd.concat([part for part in both if len(part)] or both)
    table.insert(0, "product", table.pop("product"))
    return table.drop(columns="mode").reset_index(drop=True)


def ratio_table(tidy: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of a metric that is the logarithm of a ratio, as ratios with their intervals."""
    table = measured(tidy, metric)
    found = pd.concat([table[["engine", "mode", *CHAIN]], as_ratios(table)], axis=1)
    order = ["dtype", "depth", "width", "mode"]  # float64 before float32
    return engines_first(found.sort_values(order, ascending=[False, True, True, True]))


# --- panels ---


def product_panels(tidy: pd.DataFrame) -> Shown:
    """Products and gradients over f, a panel for each of up to DEPTHS depths, over the width."""
    rows = tidy[tidy["metric"].isin(PRODUCTS) & (tidy["status"] == "ok")]
    if rows.empty:
        return Shown(rows)
    setting = commonest(rows, ["n", "activation", "dtype"], of="width")
    rows = match(rows, **setting)
    depths = spread(rows["depth"].tolist(), DEPTHS)
    return Shown(rows, tuple(Panel(depth, match(rows, depth=depth)) for depth in depths), setting)


def limit_panels(tidy: pd.DataFrame) -> Shown:
    """Jacobians over the arithmetic limit, a panel a mode, at the depth with the most sizes measured."""
    rows = unchunked(measured(tidy, "log_over_limit", layer="dense", profile="uniform"))
    if rows.empty:
        return Shown(rows)
    setting = commonest(rows, ["activation", "depth", "dtype"], of="width")
    rows = match(rows, **setting)
    return Shown(rows, by_mode(rows), setting)


def overhead_panels(tidy: pd.DataFrame) -> Shown:
    """The engines over the hand-written Jacobian, a panel a mode, at the DEPTHS deepest."""
    rows = unchunked(measured(tidy, "log_over_floor", layer="dense", profile="uniform"))
    if rows.empty:
        return Shown(rows)
    setting = commonest(rows, ["activation", "dtype"], of="width")
    depths = sorted(set(rows["depth"]))[-DEPTHS:]
    rows = match(rows[rows["depth"].isin(depths)], **setting)
    return Shown(rows, by_mode(rows), {**setting, "depths": depths})


def by_mode(rows: pd.DataFrame) -> tuple[Panel, ...]:
    """A panel for each mode measured."""
    return tuple(Panel(mode, part) for mode in ("forward", "reverse") if len(part := match(rows, mode=mode)))


def chunk_panels(chunks: pd.DataFrame, tidy: pd.DataFrame) -> Shown:
    """A panel for time and one for memory, of the chain with the most chunk sizes in the most of the two.

    `chunks` is the table of that name of `analysis.tables.limits`; a panel's name is the column that it draws.
    """
    source = tidy[tidy["chunk_size"].notna()]
    shown = [ratio for ratio in RATIOS if chunks[ratio].notna().any()]
    if not shown:
        return Shown(source)
    both = chunks[chunks[shown].notna().all(axis=1)]
    setting = commonest(chunks if both.empty else both, CHAIN, of="chunk_size")
    rows = match(chunks, **setting)
    panels = (Panel(ratio, rows) for ratio in shown if rows[ratio].notna().any())
    return Shown(source, tuple(panels), setting)

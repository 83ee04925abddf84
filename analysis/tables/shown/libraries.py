"""The libraries side by side: the panels of that section. Its tables are those of `analysis.tables.libraries`."""

import pandas as pd

from analysis.tables.libraries.rows import compared, dense_measured, libraries
from analysis.tables.rows import commonest, match, with_dates
from analysis.tables.shown.panels import Panel, Shown
from benchmarks.catalogue.engines import CUTS

SETTING = ("m", "width", "depth", "dtype")
AGAINST = ("m", "width", "depth")


def engines(tidy: pd.DataFrame) -> tuple[str, ...]:
    """Every engine with a measurement, by name, but for cuts by hand, which other questions ask."""
    names = tidy.loc[tidy["status"] == "ok", "engine"].dropna().unique()
    return tuple(sorted(set(names) - set(CUTS)))


def crossover_panels(tidy: pd.DataFrame, crossovers: pd.DataFrame) -> Shown:
    """n* over m, over width and over depth, each at the setting with the most of them measured for a library."""
    table = match(crossovers, layer="dense", profile="uniform", metric="log_ratio")
    asked = table.loc[table["engine"].isin(libraries(tidy)), list(SETTING)].drop_duplicates()
    table = table.merge(asked, on=list(SETTING))
    if table.empty:
        return Shown(table)
    panels = []
    for against in AGAINST:
        setting = commonest(table, [name for name in SETTING if name != against], of=against)
        panels.append(Panel(against, match(table, **setting), setting))
    return Shown(with_dates(table, tidy), tuple(panels), engines=engines(tidy))


def time_panels(tidy: pd.DataFrame) -> Shown:
    """Seconds over n, a panel a mode, at the m, width and depth with the most n measured for libraries."""
    rows = compared(dense_measured(tidy, "seconds"))
    if rows.empty:
        return Shown(rows)
    setting = commonest(rows, ["activation", "m", "width", "depth", "dtype"], of="n")
    rows = match(rows, **setting)
    panels = tuple(Panel(mode, match(rows, mode=mode)) for mode in ("forward", "reverse"))
    return Shown(rows, panels, setting, engines(tidy))

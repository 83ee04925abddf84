"""The libraries side by side: the panels of that section. Its tables are those of `analysis.tables.libraries`."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.tables.libraries.rows import compared, dense_measured
from analysis.tables.rows import commonest, engines_first, match, with_dates
from analysis.tables.shown.panels import Panel, Shown
from benchmarks.catalogue.engines import CUTS, place

SETTING = ("m", "width", "depth", "dtype")
SETTINGS = 6
NOT_MEASURED = "not measured"


def engines(tidy: pd.DataFrame) -> tuple[str, ...]:
    """Every engine with a measurement, by name, but for cuts by hand, which other questions ask."""
    names = tidy.loc[tidy["status"] == "ok", "engine"].dropna().unique()
    return tuple(sorted(set(names) - set(CUTS)))


def crossover_panels(tidy: pd.DataFrame, crossovers: pd.DataFrame) -> Shown:
    """n*/m of each engine at each setting: a panel a setting, up to SETTINGS of those that most engines were measured
    at, each with a row an engine in `engines`.

    Columns of its rows: engine, verdict, and `aspect`, `aspect_low`, `aspect_high`: n*/m with its interval, or what the
    verdict leaves of it. An engine that was not measured there has the verdict NOT_MEASURED.
    """
    table = match(crossovers, layer="dense", profile="uniform", metric="log_ratio")
    table = table[~table["engine"].isin(CUTS)]
    if table.empty:
        return Shown(table)
    counts = table.groupby(list(SETTING))["engine"].nunique().sort_values(ascending=False, kind="stable")
    kept = [dict(zip(SETTING, key, strict=True)) for key in counts[counts == counts.max()].index[:SETTINGS]]
    names = sorted({name for setting in kept for name in match(table, **setting)["engine"]}, key=place)
    panels = []
    for setting in kept:
        rows = match(table, **setting).set_index("engine").reindex(names).reset_index()
        ends = {"aspect": "n_star", "aspect_low": "low", "aspect_high": "high"}
        aspects = {name: rows[of] / setting["m"] for name, of in ends.items()}
        rows = rows.assign(verdict=rows["verdict"].fillna(NOT_MEASURED), **aspects)
        panels.append(Panel(tuple(setting.values()), rows, setting))
    return Shown(with_dates(table, tidy), tuple(panels), engines=tuple(names))


def headline_table(engine_crossovers: pd.DataFrame, headline: Mapping[str, Any] | None) -> pd.DataFrame:
    """Of `analysis.tables.libraries.crossing` the rows of the setting that the headline speaks of, this project's
    engines first."""
    if headline is None:
        return engine_crossovers.iloc[:0]
    return engines_first(match(engine_crossovers, **{name: headline[name] for name in SETTING}))


def time_panels(tidy: pd.DataFrame) -> Shown:
    """Seconds over n, a panel a mode, at the m, width and depth with the most n measured for libraries."""
    rows = compared(dense_measured(tidy, "seconds"))
    if rows.empty:
        return Shown(rows)
    setting = commonest(rows, ["activation", "m", "width", "depth", "dtype"], of="n")
    rows = match(rows, **setting)
    panels = tuple(Panel(mode, match(rows, mode=mode)) for mode in ("forward", "reverse"))
    return Shown(rows, panels, setting, engines(tidy))

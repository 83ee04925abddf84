"""Neither mode: the panels of three regions over n and m, and of the gain over the waist."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.reading.runs import RUN
from analysis.tables.mixed import SETTING, computed_regions, counted_gain, fastest, modelled_gain
from analysis.tables.model import Models
from analysis.tables.rows import commonest, match
from analysis.tables.shown.panels import Panel, Shown

POINTS = 49
"""Sizes, each way, at which regions are computed; and waists at which the expected gain is."""
FEWEST = 4
"""Waists that make a curve."""
CUT = "modes-cut"


def panels(
    tidy: pd.DataFrame, gains: pd.DataFrame, crossovers: pd.DataFrame, regions: pd.DataFrame, models: Models
) -> Shown:
    """A panel of the regions and one of the gain, each where it was measured; the tables are those of that name."""
    source = tidy[tidy["metric"] == "log_mixed_ratio"]
    found = [region_panel(regions, models)] if len(regions) else []
    waists = gains[gains["waist"].notna() & gains["profile"].str.fullmatch(r"waist\d+")]
    if len(waists):
        found.append(gain_panel(waists, crossovers, models))
    return Shown(source, tuple(found))


def region_panel(regions: pd.DataFrame, models: Models) -> Panel:
    """The chains measured, with columns `way` and `sure` (`analysis.tables.mixed.fastest`); beside them `computed`.

    Of several settings the one with the most n.
    """
    names = ["profile", "activation", "width", "depth", "dtype"]
    setting = commonest(regions, names, of="n")
    rows = match(regions, **setting, engine="modes")
    ways = [fastest(row) for row in rows.to_dict("records")]
    rows = rows.assign(way=[found.way for found in ways], sure=[found.sure for found in ways])
    ends = rows[["n", "m"]].to_numpy(dtype=float)
    sizes = np.unique(np.geomspace(ends.min() / 2**0.5, ends.max() * 2**0.5, POINTS).round().clip(1)).astype(int)
    computed = computed_regions(_strings(rows.iloc[0]), sizes.tolist(), models)
    return Panel("regions", rows, setting, {"computed": computed})


def gain_panel(waists: pd.DataFrame, crossovers: pd.DataFrame, models: Models) -> Panel:
    """The gains of the largest chain measured at FEWEST waists or more, where multiply-adds count for the most; beside
    them its k*, and what is `expected` of a cut by hand."""
    setting = largest(waists)
    rows = match(waists, **setting).sort_values("waist")
    ends = rows["waist"].astype(float)
    row = {**_strings(rows.iloc[0]), "engine": CUT}
    table = []
    for k in np.unique(np.geomspace(ends.min(), ends.max(), POINTS).round()).astype(int).tolist():
        here = {**row, "profile": f"waist{k}"}
        table.append({"waist": k, "counted": counted_gain(here), "modelled": modelled_gain(here, models)})
    expected = pd.DataFrame(table, columns=["waist", "counted", "modelled"])
    beside = {"crossover": match(crossovers, **setting, engine=CUT), "expected": expected}
    return Panel("gain", rows, setting, beside)


def largest(waists: pd.DataFrame) -> dict[str, Any]:
    """The SETTING of the most multiply-adds among those with FEWEST waists, or else with as many as there are."""
    counts = waists.groupby(list(SETTING))["waist"].nunique()
    enough = counts[counts >= min(FEWEST, counts.max())].index
    settings = [dict(zip(SETTING, key, strict=True)) for key in enough]
    return max(settings, key=lambda found: (found["n"] * found["m"] * found["width"], found["depth"], found["dtype"]))


def _strings(row: pd.Series) -> Mapping[Any, Any]:
    """A row with a chunk size, which the model asks for: none."""
    return {**{str(name): value for name, value in row.items()}, "chunk_size": None}


# --- tables ---


def gain_table(gains: pd.DataFrame) -> pd.DataFrame:
    """The gains where there is a waist."""
    return gains[gains["waist"].notna()].drop(columns=list(RUN)).reset_index(drop=True)


def vain_table(gains: pd.DataFrame) -> pd.DataFrame:
    """The same where there is none."""
    return gains[gains["waist"].isna()].drop(columns=[*RUN, "waist"]).reset_index(drop=True)


def waist_table(crossovers: pd.DataFrame) -> pd.DataFrame:
    """The crossover waists."""
    return crossovers.drop(columns=list(RUN)).reset_index(drop=True)


def rule_table(scores: pd.DataFrame) -> pd.DataFrame:
    """The rules scored against three ways, the least regret first."""
    return scores.drop(columns=list(RUN)).reset_index(drop=True)

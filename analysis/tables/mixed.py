"""What mixed accumulation is worth: the gain over the better mode, the waist up to which a cut pays, three regions.

Contract: pure functions of tables. Measured are, in interleaved pairs, mixed accumulation over the better of the two
modes ("mixed/pure") and over each of them ("mixed/forward", "mixed/reverse"), and mode="auto" over the fastest of the
three ("auto/best"): metrics log_mixed_ratio and log_auto_ratio. Two ways are told apart by their engine:

- mode="mixed" of this project's engines cuts where that takes less arithmetic, and elsewhere does what the better mode
  does: its ratio approaches 1 as the waist grows, and crosses nothing;
- an engine by hand (`benchmarks.catalogue.engines.CUTS`) always cuts, at the waist. k*, the crossover waist, is where
  that stops paying: the root of log(T_cut(k) / T_better(k)) over the waist k, with the verdicts, the interval and the
  tie range of n* (`analysis.tables.crossover`).

Beside what was measured stands what was counted (multiply-adds alone, `modes.cost` and `analysis.tables.work`) and
what the cost model says (`analysis.tables.model`), which was fitted to single modes of other chains.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from analysis.reading.runs import RUN
from analysis.tables.crossover import CROSSES, FORWARD, REVERSE, UNKNOWN, curve_over, find_root, tie_range
from analysis.tables.model import MODEL, Models
from analysis.tables.noise import WIDEST
from analysis.tables.rows import CHAIN, as_ratios, match, measured
from analysis.tables.rules import AUTO, CHOICE_COLUMNS, RULES
from analysis.tables.work import MODES, SHIPPED, Counts, Prices, chain_work, cut_work, modelled
from benchmarks.catalogue.engines import CUTS, ENGINES, place
from modes.chains import layer_widths, middle_layer
from modes.cost import best_order_fma

MIXED = "mixed"
BETTER = "the better of the two"
"""The rule that makes no mistake between two modes, and knows no third."""
PAYS, NEVER = "pays throughout", "never pays"
VERDICTS = {CROSSES: CROSSES, FORWARD: PAYS, REVERSE: NEVER, UNKNOWN: UNKNOWN}
"""What a verdict on two modes is called of a cut: the first of the two is the cut."""
SETTING = ("layer", "activation", "n", "m", "width", "depth", "dtype")
GAIN_COLUMNS = (*RUN, "engine", *CHAIN, "waist", "ratio", "low", "high", "counted", "modelled")
WAIST_COLUMNS = (
    *(*RUN, "engine", *SETTING, "smallest", "largest"),
    *("k_star", "low", "high", "verdict", "tie_low", "tie_high", "counted", "modelled"),
)
REGION_COLUMNS = (*RUN, "date", "engine", *CHAIN, *(f"{mode}_{end}" for mode in MODES for end in ("value", "margin")))
MULTIPLY_ADDS = Prices(operation=0.0, fma=1.0, number=0.0, record=0.0)


def gains(tidy: pd.DataFrame, models: Models) -> pd.DataFrame:
    """The time of the better mode over that of mixed accumulation: one row (GAIN_COLUMNS) a cell, the widest first.

    `low` to `high` is the 95 % interval of the `ratio`. `waist` is missing for a chain without one. `counted` is the
    same ratio of multiply-adds, `modelled` of the cost model's times, missing where nothing was fitted: for an engine
    by hand those of its cut, for the others those of the best order, and of the cut where that gains.
    """
    rows = measured(tidy, "log_mixed_ratio", mode="mixed/pure")
    rows = rows[rows["chunk_size"].isna()]
    found = rows.assign(
        ratio=np.exp(-rows["value"].to_numpy(dtype=float)),
        low=np.exp(-rows["high"].to_numpy(dtype=float)),
        high=np.exp(-rows["low"].to_numpy(dtype=float)),
        waist=pd.array([waist(row) for row in rows.to_dict("records")], dtype="Int64"),
        counted=[counted_gain(row) for row in rows.to_dict("records")],
        modelled=[modelled_gain(row, models) for row in rows.to_dict("records")],
    )
    found["place"] = found["engine"].map(place)
    order = ["n", "m", "width", "depth", "dtype", "waist", "profile", "place"]
    ascending = [name not in ("n", "m", "width", "dtype") for name in order]
    return found.sort_values(order, ascending=ascending, ignore_index=True)[list(GAIN_COLUMNS)]


def waist(row: Mapping[Any, Any]) -> int | None:
    """The size of the waist of a row's chain; None where it has none."""
    return None if not str(row["profile"]).startswith("waist") else int(_widths(row)[_place(row)])


def counted_gain(row: Mapping[Any, Any]) -> float:
    """Multiply-adds of the better mode over those of mixed accumulation, as the row's engine does it."""
    pure = min(chain_work(row, mode).fma for mode in MODES)
    return pure / (cut_counts(row).fma if row["engine"] in CUTS else best_order_fma(_widths(row)))


def modelled_gain(row: Mapping[Any, Any], models: Models) -> float:
    """The same of the times that the fitted model predicts; nan without one."""
    prices = _prices(row, models)
    if prices is None or not modelled(row):
        return math.nan
    pure, cut = min(chain_work(row, mode).seconds(prices) for mode in MODES), cut_counts(row).seconds(prices)
    return pure / (cut if row["engine"] in CUTS else min(cut, pure))


def cut_counts(row: Mapping[Any, Any]) -> Counts:
    """What the Jacobian of a row's chain takes by one cut, at its waist."""
    return cut_work(row["layer"], row["activation"], _widths(row), _place(row))


# --- the crossover waist ---


def waist_crossovers(tidy: pd.DataFrame, models: Models) -> pd.DataFrame:
    """k*, above which a cut by hand no longer pays: one row (WAIST_COLUMNS) a setting measured at two waists or more.

    Only waists in the middle. The verdict is "crosses", "pays throughout", "never pays" or "not identifiable"; without
    a number where noise spreads k* over more than a factor of WIDEST. Or "crosses 3 times"; low and high hold them all
    then. Cost: 3 ms a row.
    """
    rows = measured(tidy, "log_mixed_ratio", mode="mixed/pure")
    rows = rows[rows["engine"].isin(CUTS) & rows["profile"].str.fullmatch(r"waist\d+") & rows["chunk_size"].isna()]
    rows = rows.assign(waist=pd.array([waist(row) for row in rows.to_dict("records")], dtype="Int64"))
    found = []
    for key, part in rows.groupby([*RUN, "engine", *SETTING], dropna=False):
        curve = curve_over(part, "waist")
        if curve.n.size < 2:
            continue
        k_star, low, high, verdict, _ = find_root(curve)
        if verdict == CROSSES and not (low > 0 and high / low <= WIDEST):
            k_star, verdict = math.nan, UNKNOWN
        setting = part.iloc[0].to_dict()
        prices = _prices(setting, models)
        expected = [root(setting, MULTIPLY_ADDS), math.nan if prices is None else root(setting, prices)]
        ends = [int(curve.n[0]), int(curve.n[-1])]
        found.append([*key, *ends, k_star, low, high, VERDICTS.get(verdict, verdict), *tie_range(curve), *expected])
    whole = dict.fromkeys(("n", "m", "width", "depth", "smallest", "largest"), "Int64")
    return pd.DataFrame(found, columns=list(WAIST_COLUMNS)).astype(whole)


def root(row: Mapping[Any, Any], prices: Prices) -> float:
    """k* of a row's n, m, width and depth by `prices`; inf where the cut is cheaper at any waist, 0 where at none.

    All times are linear in the waist, so that two of them give the root, and the better mode is the one whose root
    comes first.
    """
    differences = []
    for k in (1, 2):
        here = {**row, "profile": f"waist{k}"}
        cut = cut_counts(here).seconds(prices)
        differences.append([cut - chain_work(here, mode).seconds(prices) for mode in MODES])
    return min(linear_root(*ends) for ends in zip(*differences, strict=True))


def linear_root(first: float, second: float) -> float:
    """Where a line that is `first` at 1 and `second` at 2 rises above 0: 0 if it is there, inf if it never does."""
    if first > 0:
        return 0.0
    return 1 - first / (second - first) if second > first else math.inf


# --- three regions ---


def regions(tidy: pd.DataFrame) -> pd.DataFrame:
    """Both modes beside mixed accumulation: one row (REGION_COLUMNS) a chain where both were measured.

    `forward_value` is log(T_forward / T_mixed), `forward_margin` how far its interval reaches from it; `reverse_value`
    and `reverse_margin` likewise.
    """
    sides = []
    for mode in MODES:
        rows = measured(tidy, "log_mixed_ratio", mode=f"{MIXED}/{mode}")
        rows = rows[rows["low"].notna() & rows["high"].notna()]
        margin = np.maximum(rows["high"] - rows["value"], rows["value"] - rows["low"])
        named = rows.assign(**{f"{mode}_value": -rows["value"], f"{mode}_margin": margin})
        sides.append(named[[*RUN, "date", "engine", *CHAIN, f"{mode}_value", f"{mode}_margin"]])
    return sides[0].merge(sides[1], on=[*RUN, "date", "engine", *CHAIN])[list(REGION_COLUMNS)]


class Fastest(NamedTuple):
    """The fastest of the three ways, and whether the pairs can tell it from the next."""

    way: str
    sure: bool


def fastest(row: Mapping[Any, Any]) -> Fastest:
    """The fastest way of a row of `regions`.

    Where it does not cut, mode="mixed" does what the better mode does: where the pairs cannot tell these apart, it is
    that mode.
    """
    better = min(MODES, key=lambda mode: row[f"{mode}_value"])
    if row[f"{better}_value"] > row[f"{better}_margin"]:
        return Fastest(MIXED, True)
    return Fastest(better, all(_apart(row, better, mode) for mode in MODES if mode != better))


def _apart(row: Mapping[Any, Any], quick: str, slow: str) -> bool:
    """Whether one mode is faster than the other by more than both margins together, as independent errors add up."""
    margin = math.hypot(row[f"{quick}_margin"], row[f"{slow}_margin"])
    return bool(row[f"{slow}_value"] - row[f"{quick}_value"] > margin)


def computed_regions(row: Mapping[Any, Any], sizes: Sequence[int], models: Models) -> pd.DataFrame:
    """The fastest of the three over n and m of `sizes`, everything else as in `row`: columns n, m, fastest, by.

    By the fitted model of the row's engine (`by` is "model"), by multiply-adds where there is none ("count").
    """
    prices = _prices(row, models)
    by = "count" if prices is None else "model"
    table = []
    for n in sizes:
        for m in sizes:
            here = {**row, "n": n, "m": m}
            times = {mode: chain_work(here, mode).seconds(prices or MULTIPLY_ADDS) for mode in MODES}
            times[MIXED] = cut_counts(here).seconds(prices or MULTIPLY_ADDS)
            table.append({"n": n, "m": m, "fastest": min(times, key=times.__getitem__), "by": by})
    return pd.DataFrame(table, columns=["n", "m", "fastest", "by"])


# --- choosing between two where there are three ---


def choices(regions: pd.DataFrame) -> pd.DataFrame:
    """What each rule costs where there is a third way: one row (`analysis.tables.rules.CHOICE_COLUMNS`) a chain and
    rule, for `analysis.tables.rules.scores`.

    Beside the rules that software ships: BETTER, which always finds the better of the two modes, and mode="auto", which
    by its counts chooses among three. The regret is the time of the choice over that of the fastest of the three, and 1
    where the pairs cannot tell them apart.
    """
    table = []
    for row in regions.to_dict("records"):
        times = {MIXED: 0.0, **{mode: row[f"{mode}_value"] for mode in MODES}}
        best = fastest(row)
        picked = {rule.name: rule.choose(int(row["n"]), int(row["m"])) for rule in RULES}
        picked[BETTER] = min(MODES, key=times.__getitem__)
        picked[AUTO] = _auto(row)
        for rule, choice in picked.items():
            loss = times[choice] - times[best.way] if _told_apart(row, best.way, choice) else 0.0
            found = {"log_ratio": times["forward"] - times["reverse"], "tie": not best.sure}
            found |= {"rule": rule, "choice": choice, "wrong": loss > 0, "regret": math.exp(max(loss, 0.0))}
            table.append({**{str(name): value for name, value in row.items()}, **found})
    return pd.DataFrame(table, columns=list(CHOICE_COLUMNS))


def _told_apart(row: Mapping[Any, Any], best: str, choice: str) -> bool:
    if best == choice:
        return False
    if MIXED in (best, choice):
        mode = choice if best == MIXED else best
        return bool(abs(row[f"{mode}_value"]) > row[f"{mode}_margin"])
    return _apart(row, best, choice)


def _auto(row: Mapping[Any, Any]) -> str:
    times: dict[str, float] = {mode: chain_work(row, mode).seconds(SHIPPED) for mode in MODES}
    times[MIXED] = cut_counts(row).seconds(SHIPPED)
    return min(times, key=times.__getitem__)


# --- auto, memory ---


def auto_ratios(tidy: pd.DataFrame) -> pd.DataFrame:
    """mode="auto", its choosing included, over the fastest of the three: columns engine, CHAIN, ratio, low and high;
    chains with a waist first."""
    rows = measured(tidy, "log_auto_ratio", mode="auto/best")
    table = pd.concat([rows[["engine", *CHAIN]], as_ratios(rows)], axis=1)
    table = table.assign(without=table["profile"] == "uniform", place=table["engine"].map(place))
    order = ["without", "n", "m", "width", "depth", "profile", "place"]
    return table.sort_values(order, ignore_index=True).drop(columns=["without", "place"])


def peaks(tidy: pd.DataFrame) -> pd.DataFrame:
    """Traced peaks in bytes of the chains that one was traced of in mode mixed: columns CHAIN and the three ways."""
    rows = measured(tidy, "peak_bytes", engine="modes")
    rows = rows[rows["chunk_size"].isna()]
    table = match(rows, mode=MIXED)[CHAIN].drop_duplicates()
    for mode in (*MODES, MIXED):
        part = match(rows, mode=mode)[[*CHAIN, "value"]].rename(columns={"value": mode})
        table = table.merge(part, on=CHAIN, how="left")
    return table.sort_values(["n", "m", "width", "depth"], ignore_index=True)


# --- helpers ---


def _prices(row: Mapping[Any, Any], models: Models) -> Prices | None:
    """The constants fitted to the engine of a row, or to the one that it is a cut of."""
    engine = ENGINES[row["engine"]].cut_of if row["engine"] in CUTS else row["engine"]
    model = models.get(tuple({**row, "engine": engine}[name] for name in MODEL))
    return None if model is None else model.prices


def _widths(row: Mapping[Any, Any]) -> tuple[int, ...]:
    n, m, depth, width = (int(row[name]) for name in ("n", "m", "depth", "width"))
    return layer_widths(n, m, depth, width, row["profile"])


def _place(row: Mapping[Any, Any]) -> int:
    return middle_layer(int(row["depth"]), row["profile"])

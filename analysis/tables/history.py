"""Crossovers over commits, and crossovers of several machines beside each other. Pure functions of tables.

Contract: a series is one setting on one machine and environment, in order of the commits' dates; commits that were
measured with other BLAS kernels are a series of their own (:func:`by_kernels`). Its reference is its
first crossover; each later one is compared with the reference, and where it differs beyond noise, that is a change, and
it is the reference from there on. A drift over many commits is thus seen as well as a jump.

Two crossovers differ beyond noise where log n* differs by more than z sqrt(a^2 + b^2), a and b being the half-widths in
log n, as standard errors, of the two 95 % intervals on the sides that face each other, and z the normal quantile of 5 %
over the number of comparisons in the whole table (Bonferroni): of the tables in which nothing changed, one in twenty
reports a change at all. "forward throughout" is a crossover somewhere beyond the largest n measured, "reverse
throughout" one below the smallest. "not identifiable" is compared with nothing, nor is what crosses several times.
Memory is traced, not sampled, so that it has no interval: there a difference above MEMORY counts.
"""

import math
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import pandas as pd
from scipy import stats

from analysis.intervals import LEVEL
from analysis.reading.runs import RUN
from analysis.tables.crossover import CROSSES, FORWARD, REVERSE

SETTING = ("engine", "layer", "profile", "m", "width", "depth", "dtype", "metric")
PLACE = ("machine", "env")
FOUND = ("n_star", "low", "high", "verdict")
SERIES_COLUMNS = (*PLACE, *SETTING, "commit", "date", *FOUND, "reference", "ratio", "changed")
MACHINE_COLUMNS = (
    *SETTING,
    *RUN,
    *FOUND,
    *("other_machine", "other_env", "other_commit", "other_n_star", "other_low", "other_high", "other_verdict"),
    *("ratio", "differs"),
)
MEMORY = 0.01
"""What a traced peak may differ by from run to run, as a share."""

Row = Mapping[str, Any]


def by_kernels(tidy: pd.DataFrame, kernels: Mapping[tuple[str, ...], str]) -> pd.DataFrame:
    """The tidy table with environments told apart by the BLAS kernels that their commits were measured with: `kernels`
    says which, by run (RUN). An environment with those of one kind alone, and commits of which nobody knows them, keep
    the name."""
    runs = [tuple(map(str, run)) for run in tidy[RUN].to_numpy()]
    known: dict[tuple[str, ...], set[str]] = {}
    for *place, commit in runs:
        known.setdefault(tuple(place), set()).add(kernels.get((*place, commit), ""))
    names = [
        f"{run[1]} with {kernels[run]}" if kernels.get(run) and len(known[run[:2]] - {""}) > 1 else run[1]
        for run in runs
    ]
    return tidy.assign(env=names)


def series(tidy: pd.DataFrame, crossovers: pd.DataFrame) -> pd.DataFrame:
    """Each setting's crossover over the commits: one row (SERIES_COLUMNS) a setting, machine, environment and commit.

    `tidy` gives the commits' dates. `reference` is the commit that the row was compared with, `ratio` n* over the
    reference's; both are missing in the first row and where nothing can be compared. Results of changed work trees
    (commits that end in +dirty) belong to no commit, and are left out.
    """
    dates = tidy.groupby("commit")["date"].min()
    clean = crossovers[~crossovers["commit"].astype(str).str.endswith("+dirty")]
    ordered = clean.assign(date=clean["commit"].map(dates)).sort_values(["date", "commit"], kind="stable")
    parts = [_rows(part) for _, part in ordered.groupby([*PLACE, *SETTING], dropna=False)]
    count = sum(max(0, sum(_comparable(row) for row in part) - 1) for part in parts)
    rows = [row for part in parts for row in _compared(part, _quantile(count))]
    return pd.DataFrame(rows, columns=list(SERIES_COLUMNS))


def changes(found: pd.DataFrame) -> pd.DataFrame:
    """The rows of a table of `series` that are changes."""
    return found[found["changed"].astype(bool)].reset_index(drop=True)


def machines(found: pd.DataFrame) -> pd.DataFrame:
    """The machines of a table of `series` compared, each by its newest commit: one row (MACHINE_COLUMNS) a setting and
    pair of machines (or environments).

    `ratio` is n* over the other's, missing where one of them does not tell.
    """
    newest = found.sort_values(["date", "commit"], kind="stable").groupby([*PLACE, *SETTING], dropna=False).tail(1)
    pairs = []
    for _, part in newest.sort_values(list(PLACE)).groupby(list(SETTING), dropna=False):
        pairs += list(combinations(_rows(part), 2))
    z = _quantile(sum(_comparable(one) and _comparable(other) for one, other in pairs))
    rows = []
    for one, other in pairs:
        names = (*PLACE, "commit", *FOUND)
        both = {**one, **{f"other_{name}": other[name] for name in names}}
        rows.append({**both, "ratio": _ratio(one, other), "differs": _differ(one, other, z)})
    return pd.DataFrame(rows, columns=list(MACHINE_COLUMNS))


def _compared(part: list[dict[str, Any]], z: float) -> Iterator[dict[str, Any]]:
    """The rows of one series with what they were compared with."""
    reference: dict[str, Any] | None = None
    for row in part:
        if reference is None or not _comparable(row):
            yield {**row, "reference": None, "ratio": math.nan, "changed": False}
        else:
            changed = _differ(row, reference, z)
            yield {**row, "reference": reference["commit"], "ratio": _ratio(row, reference), "changed": changed}
            reference = row if changed else reference
        if reference is None and _comparable(row):
            reference = row


def _comparable(row: Row) -> bool:
    return row["verdict"] in (CROSSES, FORWARD, REVERSE)


def _differ(one: Row, other: Row, z: float) -> bool:
    """Whether two crossovers differ beyond noise, by the rule at the top."""
    if not (_comparable(one) and _comparable(other)):
        return False
    lower, upper = sorted((one, other), key=_place)
    distance = _place(upper) - _place(lower)
    if one["metric"] == "log_ratio_bytes":
        return distance > math.log1p(MEMORY)
    return distance > z * math.hypot(_half(lower, "high"), _half(upper, "low"))


def _place(row: Row) -> float:
    """log n* of a crossover; of one beyond all n, where they end."""
    return math.log({CROSSES: row["n_star"], FORWARD: row["low"], REVERSE: row["high"]}[row["verdict"]])


def _half(row: Row, end: str) -> float:
    """The half-width towards one end, as a standard error in log n."""
    if row["verdict"] != CROSSES:
        return math.inf if end == {FORWARD: "high", REVERSE: "low"}[row["verdict"]] else 0.0
    bound = row[end]
    width = abs(math.log(bound / row["n_star"])) if 0 < bound < math.inf else math.inf
    return width / float(stats.norm.ppf((1 + LEVEL) / 2))


def _ratio(one: Row, other: Row) -> float:
    return one["n_star"] / other["n_star"] if one["verdict"] == other["verdict"] == CROSSES else math.nan


def _quantile(count: int) -> float:
    """The two-sided normal quantile of 1 - LEVEL over `count` comparisons."""
    return float(stats.norm.isf((1 - LEVEL) / (2 * max(1, count))))


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]

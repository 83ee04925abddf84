"""A replication as lines for a terminal: what was compared, what does not hold, and how far two runs agree."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.replicating.agreement import BARS
from analysis.replicating.judging import BY_RUN, DEPENDS, HOLDS, TOO_FEW, heterogeneity
from analysis.replicating.shown import setting
from analysis.replicating.sources import Run
from analysis.text import counted

SHOWN = 20
"""Lines of facts that are printed unless all are asked for."""
WIDTH = 110
STARS = ("crossover-time", "crossover-memory", "crossover-waist")
"""Kinds of facts that are shown one by one; n*/m (`aspect-...`) is n* once more."""


def lines(runs: Sequence[Run], facts: pd.DataFrame, pairs: pd.DataFrame, headline: str, every: bool) -> list[str]:
    """The whole replication; `headline` is the key of the fact that comes first, or ""; with `every`, all facts."""
    return [*_runs(runs), "", *_facts(facts, headline, every), "", *_kinds(facts), "", *_pairs(pairs)]


def _runs(runs: Sequence[Run]) -> list[str]:
    """The runs, and what is not the same in all of them."""
    differing = [name for name in runs[0].conditions if len({run.conditions[name] for run in runs}) > 1]
    same = [f"{name} {runs[0].conditions[name]}" for name in runs[0].conditions if name not in differing]
    rows = [[run.name, counted(len(run.facts), "fact"), *(run.conditions[name] for name in differing)] for run in runs]
    found = [f"{counted(len(runs), 'run')}; the same in all: {'; '.join(same)}."]
    if not differing:
        found.append("Nothing differs between them that is known: what they say holds for these conditions alone.")
    return [*_wrapped(found), *_table(["run", "facts", *differing], rows)]


def _facts(facts: pd.DataFrame, headline: str, every: bool) -> list[str]:
    """The facts one by one: the headline, then what does not hold, the widest range first; then what holds."""
    shown = facts if every else facts[facts["kind"].isin(STARS)]
    order = {DEPENDS: 0, BY_RUN: 1, HOLDS: 2, TOO_FEW: 3}
    place = shown["verdict"].map(lambda verdict: order[DEPENDS if verdict.startswith(DEPENDS) else verdict])
    known = shown.assign(place=place.where(shown["key"] != headline, -1), wide=shown["span"].fillna(math.inf))
    known = known.sort_values(["place", "wide", "key"], ascending=[True, False, True])
    kept = known if every else known.head(SHOWN)
    rows = []
    for row in kept.to_dict("records"):
        on = f"{row['holds']} of {row['runs']}"
        what = row["key"] if every else named(row["key"])
        rows.append([what, row["range"] or "-", on, _tau(row), row["verdict"]])
    found = _table(["fact", "range over runs", "holds on", "tau, I2", "verdict"], rows)
    if len(known) > len(kept):
        found.append(f"... and {len(known) - len(kept)} more of these; all {len(facts)} facts: --all, or --into DIR")
    first = kept[(kept["place"] < 2) & (kept["runs"] > 1)]
    if len(first):
        row = first.to_dict("records")[0]
        found += _wrapped([f"Of {row['key']}: {row['said']}; {heterogeneity(row)}."])
    return found


def named(key: str) -> str:
    """What a crossover is of, in words: "n*, modes, m 64, width 64, depth 4"; of memory and of a waist it says so."""
    of = key.split(".")[1].removeprefix("crossover-")
    return f"n*{'' if of == 'time' else f' ({of})'}, {setting(key)}" if of != "waist" else key


def _tau(row: Mapping[Any, Any]) -> str:
    """Tau as a share of the number, and I squared; a dash where no two runs have an interval."""
    if math.isnan(row["tau2"]):
        return "-"
    tau = math.sqrt(row["tau2"])
    text = f"{tau:.2g} points" if row["unit"] == "percent" else f"{100 * math.expm1(tau):.2g} %"
    return f"{text}, {100 * row['i2']:.0f} %"


def _kinds(facts: pd.DataFrame) -> list[str]:
    """How many facts of each kind have which verdict."""
    rows = []
    for kind, part in [*facts.groupby("kind"), ("all", facts)]:
        depends = part["verdict"].str.startswith(DEPENDS)
        numbers = [(part["verdict"] == HOLDS).sum(), depends.sum(), (part["verdict"] == BY_RUN).sum()]
        rows.append([str(kind), *map(str, (len(part), *numbers, (part["verdict"] == TOO_FEW).sum()))])
    reasons = facts.loc[facts["depends"] != "", "depends"].value_counts()
    found = _table(["kind of fact", "facts", HOLDS, "depends", BY_RUN, TOO_FEW], rows)
    if len(reasons):
        said = "; ".join(f"{counted(int(count), 'fact')} on {name}" for name, count in reasons.items())
        found += _wrapped([f"What they depend on: {said}."])
    return found


def _pairs(pairs: pd.DataFrame) -> list[str]:
    """How far each two runs agree; held to the bars where they were measured under the same conditions."""
    found = []
    for row in pairs.to_dict("records"):
        cells, stars = counted(row["cells"], "cell"), counted(row["crossovers"], "crossover")
        if row["differing"]:
            said = f"{row['one']} and {row['other']} differ in {row['differing']}: of {cells} in both "
            said += f"{_said('cells_overlap', row)} have intervals that overlap"
            if row["crossovers"]:
                said += f", of {stars} {_said('crossovers_overlap', row)}{_moved(row)}"
            found += _wrapped([f"{said}."])
            continue
        found.append(f"{row['one']} and {row['other']}, under the same conditions: {cells} and {stars} in both")
        for name, bar in BARS.items():
            judged = "nothing to compare"
            if not math.isnan(row[name]):
                relation, word = "at least" if bar.least else "at most", "met" if bar.holds(row[name]) else "missed"
                judged = f"(bar: {relation} {bar.said(bar.bar)}: {word})"
            found.append(f"  {bar.words:<42} {_said(name, row):>8}  {judged}")
        if not math.isnan(row["median_by_half_width"]):
            half = f"{row['median_by_half_width']:.2f} and {row['high_by_half_width']:.2f}"
            found.append(f"  (by the intervals' half widths over 1.96 instead of standard errors: {half})")
        if moved := _moved(row):
            found.append(f"  a crossover{moved.removeprefix(', which')}")
    return found


def _said(name: str, row: Mapping[Any, Any]) -> str:
    return "-" if math.isnan(row[name]) else BARS[name].said(row[name])


def _moved(row: Mapping[Any, Any]) -> str:
    return "" if math.isnan(row["moved"]) else f", which moved by {row['moved']:.1%} in the median"


def _wrapped(paragraphs: Sequence[str]) -> list[str]:
    return [line for each in paragraphs for line in textwrap.wrap(each, WIDTH)]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (head, *rows)
    ]

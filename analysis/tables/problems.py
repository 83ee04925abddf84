"""The problems that the field compares on: what they measured, and what each rule's choice would have cost on them.

Contract: pure functions of tables. Measured are, in interleaved pairs (metric log_problem_ratio), one way over another,
as the mode names them: "forward/reverse", "mixed/pure", "auto/best", "pure/primal", "pure/hand", "best/modes",
"pure/modes" (benchmarks/corpus.py); and in log_tape_ratio reverse mode over what is beside it, the collector on. A
row's layer is the problem, its width the size.

A rule is scored on a problem as on a chain (`analysis.tables.rules`): its choice over the better mode, 1 where the
pairs cannot tell the modes apart. mode="auto" is no such choice: its regret is that of the whole call, its choosing
included, over the fastest of the three ways, and 1 where the interval of that ratio touches 1.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.reading.runs import RUN
from analysis.tables.rows import as_ratios, measured
from analysis.tables.rules import AUTO, FORWARD, REVERSE, RULES, scores
from benchmarks.catalogue.engines import TWINS, place
from benchmarks.catalogue.problems import PROBLEMS

CALL = f"{AUTO}, the call timed whole"
PROBLEM = ("layer", "n", "m", "width", "dtype")
"""What a problem at a size is, by the tidy table's columns."""
CHOICE_COLUMNS = (*RUN, "date", "engine", *PROBLEM, "title", "log_ratio", "tie", "rule", "choice", "wrong", "regret")
OUTCOMES = {
    "forward/reverse": "forward_over_reverse",
    "mixed/pure": "mixed_over_better",
    "auto/best": "auto_over_fastest",
    "pure/primal": "better_over_f",
    "pure/hand": "better_over_hand",
}
"""What is shown of a problem, by mode; a column each, and `_low`, `_high`."""
BESIDE = {("modes-prepared", "auto/best"): "prepared_auto", ("modes-prepared", "best/modes"): "prepared_over_modes"}
BESIDE |= {("jax", "pure/modes"): "jax_over_modes"}
ENDS = ("", "_low", "_high")
OUTCOME_COLUMNS = (
    *(*RUN, "date", *PROBLEM, "title", "source", "cheaper", "counted_choice", "counted_regret"),
    *(f"{name}{end}" for name in OUTCOMES.values() for end in ENDS),
    *BESIDE.values(),
)
TAPE_COLUMNS = (*RUN, "date", "engine", *PROBLEM, "title", "beside", "ratio", "low", "high")
TIE = "tie"


def title(name: str) -> str:
    """A problem's title; its name where another suite measured it."""
    return PROBLEMS[name].title if name in PROBLEMS else name


def ratios(tidy: pd.DataFrame) -> pd.DataFrame:
    """The measured ratios of problems that have an interval."""
    rows = measured(tidy, "log_problem_ratio")
    return rows[rows["low"].notna() & rows["high"].notna()]


def choices(tidy: pd.DataFrame) -> pd.DataFrame:
    """What each rule chooses for each problem, and what that costs: a row (CHOICE_COLUMNS) a problem, engine and rule.

    Beside the shipped rules CALL, of this project's engines: there `log_ratio` is log(T_auto / T_fastest), and `wrong`
    says that the call took longer.
    """
    found = ratios(tidy)
    parts = [_choices(row) for row in found[found["mode"] == "forward/reverse"].to_dict("records")]
    calls = found[(found["mode"] == "auto/best") & found["engine"].isin(TWINS)]
    parts += [[_scored(row, CALL, "", row["value"])] for row in calls.to_dict("records")]
    table = pd.DataFrame([row for part in parts for row in part], columns=list(CHOICE_COLUMNS), dtype=object)
    whole = dict.fromkeys(("n", "m", "width"), "Int64")
    numbers = dict.fromkeys(("log_ratio", "regret"), "float64")
    return table.astype({**whole, **numbers, "tie": bool, "wrong": bool})


def _choices(row: Mapping[Any, Any]) -> list[dict[Any, Any]]:
    """The row of each shipped rule."""
    found = []
    for rule in RULES:
        choice = rule.choose(int(row["n"]), int(row["m"]))
        found.append(_scored(row, rule.name, choice, row["value"] if choice == FORWARD else -row["value"]))
    return found


def _scored(row: Mapping[Any, Any], rule: str, choice: str, loss: float) -> dict[Any, Any]:
    """`loss` is the log of the time by the choice over that of the other way."""
    tie = bool(row["low"] <= 0 <= row["high"])
    wrong = loss > 0 and not tie
    scored = {"log_ratio": row["value"], "tie": tie, "rule": rule, "choice": choice, "wrong": wrong}
    return {**row, "title": title(row["layer"]), **scored, "regret": float(np.exp(loss if wrong else 0.0))}


def problem_scores(choices: pd.DataFrame) -> pd.DataFrame:
    """How good each rule is on the problems: a row (`analysis.tables.rules.SCORE_COLUMNS`) an engine and rule."""
    return scores(choices)


def outcomes(tidy: pd.DataFrame) -> pd.DataFrame:
    """What was measured of each problem at each size: one row (OUTCOME_COLUMNS), those with the fewest outputs first.

    All ratios of times, of engine modes but for the last columns; missing where not measured. `cheaper` is the cheaper
    mode, or "tie"; `counted_choice` that of n <= m, with its regret.
    """
    found = ratios(tidy)
    keys = [*RUN, "date", *PROBLEM]
    rows = []
    for key, part in found.groupby(keys, sort=False, dropna=False):
        row: dict[str, Any] = dict(zip(keys, key, strict=True))
        name = row["layer"]
        row |= {"title": title(name), "source": PROBLEMS[name].source if name in PROBLEMS else ""}
        by_cell = {(one["engine"], one["mode"]): one for one in part.to_dict("records")}
        for mode, column in OUTCOMES.items():
            if (one := by_cell.get(("modes", mode))) is not None:
                ends = zip(ENDS, ("value", "low", "high"), strict=True)
                row |= {f"{column}{end}": float(np.exp(one[source])) for end, source in ends}
        for cell, column in BESIDE.items():
            if cell in by_cell:
                row[column] = float(np.exp(by_cell[cell]["value"]))
        if (one := by_cell.get(("modes", "forward/reverse"))) is not None:
            choice = FORWARD if row["n"] <= row["m"] else REVERSE
            scored = _scored(one, "", choice, one["value"] if choice == FORWARD else -one["value"])
            cheaper = TIE if scored["tie"] else FORWARD if one["value"] < 0 else REVERSE
            row |= {"cheaper": cheaper, "counted_choice": choice, "counted_regret": scored["regret"]}
        rows.append(row)
    table = pd.DataFrame(rows, columns=list(OUTCOME_COLUMNS))
    numbers = list(OUTCOME_COLUMNS[OUTCOME_COLUMNS.index("counted_regret") :])
    table = table.astype({**dict.fromkeys(numbers, "float64"), **dict.fromkeys(("n", "m", "width"), "Int64")})
    order = (table["n"] / table["m"]).astype(float)
    return table.assign(order=order).sort_values(
        ["order", "layer", "n"], ascending=[False, True, True], kind="stable", ignore_index=True
    )[list(OUTCOME_COLUMNS)]


def tapes(tidy: pd.DataFrame) -> pd.DataFrame:
    """Reverse mode over what is beside it as a problem grows, the collector on: one row (TAPE_COLUMNS) a cell."""
    rows = measured(tidy, "log_tape_ratio").reset_index(drop=True)
    found = rows.assign(
        title=[title(name) for name in rows["layer"]],
        beside=[mode.partition("/")[2] for mode in rows["mode"]],
        place=rows["engine"].map(place),
        **as_ratios(rows),
    )
    return found.sort_values(["layer", "place", "width"], ignore_index=True)[list(TAPE_COLUMNS)]

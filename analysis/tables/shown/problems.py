"""Known problems: the tables of the section, and the dots of its figure."""

import pandas as pd

from analysis.reading.runs import RUN
from analysis.tables.problems import CALL
from analysis.tables.rules import RULES
from analysis.tables.shown.panels import Panel, Shown

PREPARED = f"{CALL}, prepared"
LABELS = {CALL: CALL, PREPARED: PREPARED}


def rule_table(scores: pd.DataFrame) -> pd.DataFrame:
    """The rules scored on the problems, an engine after the other, with when each takes forward mode."""
    when = {rule.name: rule.when for rule in RULES}
    table = scores.assign(when=[when.get(rule, "its own operations say so") for rule in scores["rule"]])
    return table.drop(columns=list(RUN)).reset_index(drop=True)


def outcome_table(outcomes: pd.DataFrame) -> pd.DataFrame:
    return outcomes.drop(columns=[*RUN, "date"]).reset_index(drop=True)


def tape_table(tapes: pd.DataFrame) -> pd.DataFrame:
    return tapes.drop(columns=[*RUN, "date"]).reset_index(drop=True)


def panels(choices: pd.DataFrame, scores: pd.DataFrame) -> Shown:
    """One panel: a dot a problem and rule, in columns `label` and `regret`; rules that are the same rule are one.

    Beside it `means`: the geometric mean of each label, the least first.
    """
    own = _labelled(choices)
    means = _labelled(scores).drop_duplicates("label").sort_values("geometric_mean", kind="stable")
    if own.empty or means.empty:
        return Shown(choices)
    return Shown(own, (Panel("problems", own, beside={"means": means.reset_index(drop=True)}),))


def _labelled(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of this project's engine, and mode="auto" of the prepared one, each rule under its `label`."""
    prepared = (table["engine"] == "modes-prepared") & (table["rule"] == CALL)
    table = table.assign(rule=table["rule"].mask(prepared, PREPARED))[(table["engine"] == "modes") | prepared]
    first: dict[str, str] = {}
    for rule in RULES:
        first.setdefault(rule.when, rule.name)
    names = {name: f"{when} ({', '.join(r.name for r in RULES if r.when == when)})" for when, name in first.items()}
    table = table[table["rule"].isin([*names, *LABELS])]
    return table.assign(label=table["rule"].map({**names, **LABELS}))

"""What a published run says of the other runs: the ranges of its facts, and which runs they are over."""

from collections.abc import Mapping, Sequence

from analysis.citing import Fact, ranged
from analysis.replicating.judging import judged
from analysis.replicating.sources import Run


def with_ranges(facts: Sequence[Fact], runs: Sequence[Run]) -> list[Fact]:
    """The facts of one of the runs, each with what all of them say of it (`modes.facts.ranges`)."""
    rows = {row["key"]: row for row in judged(runs).to_dict("records")}
    return [ranged(fact, _fields({str(name): value for name, value in rows[fact["key"]].items()})) for fact in facts]


def listed(runs: Sequence[Run], folders: Sequence[str]) -> list[dict[str, str]]:
    """The runs as a file of facts lists them, `folders` being where each one's results are, beside that file."""
    return [{**run.about, "name": run.name, "folder": folder} for run, folder in zip(runs, folders, strict=True)]


def _fields(row: Mapping[str, object]) -> dict[str, object]:
    """A row of `judged` under the names that a fact has."""
    names = {"replicated": "verdict", "over_runs": "said", "range_low": "least", "range_high": "most"}
    same = ("runs", "holds", "depends", "range", "general", "tau2", "i2")
    return {name: row[name] for name in same} | {name: row[of] for name, of in names.items()}

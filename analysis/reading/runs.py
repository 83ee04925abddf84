"""A run is what was measured of one commit in one environment of one machine; here one is chosen among several.

Contract: pure functions of tables with the columns RUN, raw or tidy. `machine`, `commit` and `env` are what a user asks
for, None where anything will do: a commit may be shortened, and of an environment's long name a part will do, unless
another environment is named so in full.
"""

import pandas as pd

from analysis.errors import AnalysisError
from analysis.text import short_commit

RUN = ["machine", "env", "commit"]
"""What names a run, in every table and record."""


def newest_run(
    tidy: pd.DataFrame, machine: str | None = None, commit: str | None = None, env: str | None = None
) -> dict[str, str]:
    """The run of the newest commit, and of several such runs the one with the most rows.

    Raises KeyError where none is as asked for.
    """
    runs = narrowed(
        tidy.groupby(RUN, as_index=False).agg(date=("date", "max"), rows=("value", "size")), machine, commit, env
    )
    if runs.empty:
        raise KeyError(f"machine {machine or 'any'}, commit {commit or 'any'}, environment {env or 'any'}")
    last = runs.sort_values(["date", "rows", *RUN], ascending=[True, True, False, False, False]).iloc[-1]
    return {key: str(last[key]) for key in RUN}


def single_run(
    table: pd.DataFrame, place: str, machine: str | None = None, commit: str | None = None, env: str | None = None
) -> dict[str, str]:
    """The one run that is as asked for. Raises AnalysisError, naming the `place`, where there is none, or several."""
    every = table[RUN].drop_duplicates()
    runs = narrowed(every, machine, commit, env)
    if len(runs) == 1:
        return {name: str(runs[name].iloc[0]) for name in RUN}
    if runs.empty:
        asked = {"machine": machine, "commit": commit, "environment": env}
        wanted = ", ".join(f"{name} {value}" for name, value in asked.items() if value is not None)
        raise AnalysisError(f"{place}: no results of {wanted}; there are: {named(every)}")
    raise AnalysisError(
        f"{place}: {len(runs)} runs are mixed here, and facts are of one; choose by {options_between(runs)}: "
        f"{named(runs)}"
    )


def narrowed(
    runs: pd.DataFrame, machine: str | None = None, commit: str | None = None, env: str | None = None
) -> pd.DataFrame:
    """The rows of all runs that are as asked for."""
    if machine is not None:
        runs = runs[runs["machine"] == machine]
    if commit is not None:
        runs = runs[runs["commit"].str.startswith(commit)]
    if env is not None:
        exact = runs["env"] == env
        runs = runs[exact if exact.any() else runs["env"].str.contains(env, regex=False)]
    return runs


def only_run(table: pd.DataFrame, run: dict[str, str]) -> pd.DataFrame:
    """The rows of one run."""
    keep = (table[RUN] == pd.Series(run)).all(axis=1)
    return table[keep].reset_index(drop=True)


def named(runs: pd.DataFrame) -> str:
    """Runs in words: machine and commit, and the environment where several would read the same."""
    kept = runs[RUN].drop_duplicates().sort_values(RUN)
    texts = kept["machine"] + " " + kept["commit"].map(short_commit)
    return "; ".join(texts.where(~texts.duplicated(keep=False), texts + " " + kept["env"]))


def options_between(runs: pd.DataFrame) -> str:
    """The options of the command line that choose between these runs: --machine, --commit."""
    return ", ".join(f"--{name}" for name in RUN if runs[name].nunique() > 1)

"""The runs in a table, a run being one machine, environment and commit: naming them, and choosing one.

Contract: pure functions of any table with the columns RUN, raw or tidy.
"""

import pandas as pd

from analysis.text import short_commit

RUN = ("machine", "env", "commit")
"""What tells one run from another."""


def choose_run(
    tidy: pd.DataFrame, machine: str | None = None, commit: str | None = None, env: str | None = None
) -> dict[str, str]:
    """The machine, env and commit to report on: the newest commit, and of its runs the one with the most rows.

    `machine`, `commit` and `env` narrow the choice as in `narrowed`. Raises KeyError where nothing is left.
    """
    runs = narrowed(
        tidy.groupby(list(RUN), as_index=False).agg(date=("date", "max"), rows=("value", "size")), machine, commit, env
    )
    if runs.empty:
        raise KeyError(f"machine {machine or 'any'}, commit {commit or 'any'}, environment {env or 'any'}")
    last = runs.sort_values(["date", "rows", *RUN], ascending=[True, True, False, False, False]).iloc[-1]
    return {key: str(last[key]) for key in RUN}


def narrowed(
    runs: pd.DataFrame, machine: str | None = None, commit: str | None = None, env: str | None = None
) -> pd.DataFrame:
    """The runs (columns RUN) of this machine, of commits that begin so, and of this environment, where given.

    An environment's name is long: a part of it will do, unless another one is named so in full.
    """
    if machine is not None:
        runs = runs[runs["machine"] == machine]
    if commit is not None:
        runs = runs[runs["commit"].str.startswith(commit)]
    if env is not None:
        exact = runs["env"] == env
        runs = runs[exact if exact.any() else runs["env"].str.contains(env, regex=False)]
    return runs


def named(runs: pd.DataFrame) -> str:
    """Runs in words: machine and commit, and the environment where several would read the same."""
    kept = runs[list(RUN)].drop_duplicates().sort_values(list(RUN))
    texts = kept["machine"] + " " + kept["commit"].map(short_commit)
    return "; ".join(texts.where(~texts.duplicated(keep=False), texts + " " + kept["env"]))


def options_between(runs: pd.DataFrame) -> str:
    """The options of the command line that choose between these runs: --machine, --commit."""
    return ", ".join(f"--{name}" for name in RUN if runs[name].nunique() > 1)


def only_run(table: pd.DataFrame, run: dict[str, str]) -> pd.DataFrame:
    """The rows of one run."""
    keep = (table[list(RUN)] == pd.Series(run)).all(axis=1)
    return table[keep].reset_index(drop=True)

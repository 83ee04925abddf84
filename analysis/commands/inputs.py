"""What a command works on: the results in a folder, one run of them, a page."""

import argparse
from pathlib import Path

import pandas as pd

from analysis.errors import AnalysisError, NoResultsError
from analysis.reading.load import read_results
from analysis.reading.runs import RUN, named, newest_run, options_between
from analysis.reading.schema import DamagedError, opened


def results(folder: Path) -> pd.DataFrame:
    """The raw results; where there are none, the error says so of results of a changed work tree, too."""
    try:
        return read_results(folder)
    except NoResultsError as error:
        changed = folder.with_name(folder.name + "-dirty")
        if changed.is_dir():
            raise NoResultsError(
                f"{error}; results of a changed work tree are in {changed}: --results {changed}"
            ) from None
        raise


def chosen(rows: pd.DataFrame, options: argparse.Namespace) -> dict[str, str]:
    """The run that the options ask for; a line says which, where there are several."""
    try:
        run = newest_run(rows, options.machine, options.commit, options.env)
    except KeyError as error:
        raise AnalysisError(f"{options.results}: no results of {error.args[0]}; there are: {named(rows)}") from None
    runs = rows[RUN].drop_duplicates()
    if len(runs) > 1:
        env = f", {run['env']}" if runs["env"].nunique() > 1 else ""
        which = f"{run['machine']}, commit {run['commit'][:8]}{env}"
        print(f"Of {len(runs)} runs: {which}; choose another by {options_between(runs)}.")
    return run


def read_text(path: Path) -> str:
    """A page's text with its line ends as they are."""
    try:
        return opened(path).decode()
    except UnicodeDecodeError as error:
        raise AnalysisError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except DamagedError as error:
        raise AnalysisError(f"{path}: {error}; is its name right?") from None

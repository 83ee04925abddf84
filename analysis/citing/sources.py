"""Where facts come from: the results of a run, or the file that `cite` wrote. The one module of citing that reads."""

import warnings
from pathlib import Path

from analysis.citing.collect import collect
from analysis.citing.record import Fact, parse_facts
from analysis.errors import AnalysisError, AnalysisWarning
from analysis.reading.load import read_results
from analysis.reading.provenance import read_circumstances
from analysis.reading.runs import only_run, single_run
from analysis.reading.tidy import tidy


def measured_facts(results: Path, machine: str | None, commit: str | None, env: str | None = None) -> list[Fact]:
    """The facts of the one run in a results folder that is as asked for (`analysis.reading.runs`).

    Raises AnalysisError where there are several such runs, or none that is fit to be cited.
    """
    raw = read_results(results)
    run = single_run(raw, str(results), machine, commit, env)
    about = read_circumstances(results, run)
    with warnings.catch_warnings():
        # What a report only leaves out must not stand behind a number that others cite.
        warnings.simplefilter("error", AnalysisWarning)
        try:
            rows = tidy(only_run(raw, run))
        except AnalysisWarning as warning:
            raise AnalysisError(f"{results}: {warning}") from None
    try:
        found = collect(rows, about)
    except AnalysisError as error:
        raise AnalysisError(f"{results}: {error}") from None
    if not found:
        raise AnalysisError(f"{results}: nothing measured here can be cited; measure more: python -m analysis run")
    return found


def stored_facts(path: Path) -> dict[str, Fact]:
    """The facts in a file, by key. Raises AnalysisError where it cannot be read, or was edited since it was written."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise AnalysisError(
            f"{path}: cannot be read ({error.strerror}); write the facts: python -m analysis cite --facts {path}"
        ) from None
    return parse_facts(content, str(path))

"""Where facts come from: the results of a run. The one module of citing that reads."""

import warnings
from pathlib import Path

import pandas as pd

from analysis.citing.collect import collect
from analysis.errors import AnalysisError, AnalysisWarning
from analysis.reading.load import read_results
from analysis.reading.provenance import Provenance, read_provenance
from analysis.reading.runs import RUN, narrowed, only_run, single_run
from analysis.reading.tidy import tidy
from analysis.tables.findings import Findings
from modes.facts.record import Fact


def citable(results: Path, machine: str | None, commit: str | None, env: str | None = None) -> Findings:
    """What was found in the one run in a results folder that is as asked for (`analysis.reading.runs`).

    Of its provenance only what is known of machine, versions, BLAS kernels and rates: why a cell has no number is no
    fact, and its last words may name a path. Raises AnalysisError where there are several such runs, and of what a
    report only leaves out.
    """
    raw = read_results(results)
    run = run_to_cite(raw, results, machine, commit, env)
    with warnings.catch_warnings():
        # What a report only leaves out must not stand behind a number that others cite.
        warnings.simplefilter("error", AnalysisWarning)
        try:
            rows = tidy(only_run(raw, run))
        except AnalysisWarning as warning:
            raise AnalysisError(f"{results}: {warning}") from None
    provenance = read_provenance(results, **run)
    return Findings(rows, Provenance(provenance.known, kernels=provenance.kernels, rates=provenance.rates))


def collected(found: Findings, results: Path) -> list[Fact]:
    """The facts of `found`. Raises AnalysisError, naming `results`, where there are none that are fit to be cited."""
    try:
        facts = collect(found)
    except AnalysisError as error:
        raise AnalysisError(f"{results}: {error}") from None
    if not facts:
        raise AnalysisError(f"{results}: nothing measured here can be cited; measure more: python -m analysis run")
    return facts


def measured_facts(results: Path, machine: str | None, commit: str | None, env: str | None = None) -> list[Fact]:
    """The facts of the one run in a results folder that is as asked for; raises AnalysisError as the two above do."""
    return collected(citable(results, machine, commit, env), results)


def run_to_cite(
    raw: pd.DataFrame, results: Path, machine: str | None, commit: str | None, env: str | None
) -> dict[str, str]:
    """The one run that is as asked for.

    Of several environments of one machine and commit it is the one whose versions are recorded, where that is one
    alone: the others asv measured by itself, and of those nobody knows the BLAS kernel. Raises AnalysisError where
    there is none, or several.
    """
    runs = narrowed(raw[RUN].drop_duplicates(), machine, commit, env)
    if env is None and len(runs) > 1 and len(runs[["machine", "commit"]].drop_duplicates()) == 1:
        places = [{name: str(row[name]) for name in RUN} for row in runs.to_dict("records")]
        recorded = [place for place in places if "measured" in read_provenance(results, **place).known]
        if len(recorded) == 1:
            text = f"of {len(runs)} runs the one whose versions are recorded, {recorded[0]['env']}; others by --env"
            warnings.warn(f"{results}: {text}", AnalysisWarning, stacklevel=2)
            return recorded[0]
    return single_run(raw, str(results), machine, commit, env)

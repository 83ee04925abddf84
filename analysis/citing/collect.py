"""From one run's tables to its facts: the findings with all that they hold for, and what must not be cited."""

import math
from collections.abc import Mapping

import pandas as pd

from analysis.citing.record import rows_digest
from analysis.citing.statements import statements
from analysis.errors import MEASURE, AnalysisError
from analysis.intervals import FEWEST, FEWEST_PROCESSES
from analysis.reading.runs import RUN
from analysis.tables.findings import Findings
from analysis.tables.noise import AGAIN
from analysis.text import gigabytes, short_commit
from benchmarks.catalogue.engines import ENGINES, STAND_INS
from modes.facts.record import Fact, sealed

UNKNOWN = "not recorded"
OWN = [name for name, row in ENGINES.items() if "numpy" in row.requires]
"""Engines that are part of the project; the others are libraries with versions of their own."""
ON_NUMPY = [*OWN, "autograd"]
"""Engines whose products are NumPy's BLAS, which a number cannot be understood without; others bring their own."""


def collect(found: Findings) -> list[Fact]:
    """The facts of one run, in order of their keys.

    The order of the rows does not show: what it does to the last digits of a sum is rounded away (`sealed`). Raises
    AnalysisError where the numbers are not fit to be cited: of a changed work tree, of several runs, on too few
    processes for an interval, with A/A controls that fail, or of engines that only stand in for others.
    """
    where = circumstances(found)
    _check(found)
    return _collected(found, where)


def gathered(found: Findings) -> list[Fact]:
    """The same of a run that is compared with others and not cited, whatever speaks against citing it.

    Raises AnalysisError of several runs.
    """
    return _collected(found, circumstances(found))


def _collected(found: Findings, where: Mapping[str, str]) -> list[Fact]:
    known = found.provenance.known
    facts = [_complete(fact, rows, where, known, found.blas) for fact, rows in statements(found)]
    return sorted(facts, key=lambda fact: str(fact["key"]))


def _complete(fact: Fact, rows: pd.DataFrame, where: Mapping[str, str], known: Mapping[str, str], blas: str) -> Fact:
    """The fact with its circumstances, digest and seal."""
    version = known.get("modes" if fact["engine"] in OWN else fact["engine"], UNKNOWN)
    on = f" on NumPy {where['numpy']} ({blas or 'BLAS not recorded'})" if fact["engine"] in ON_NUMPY else ""
    sentence = (
        f"On {where['cpu']} ({where['cores']} cores, {where['memory']}) with {fact['engine']} {version}{on}, "
        f"{fact['sentence']}; measured at commit {short_commit(where['commit'])} of {where['date']}."
    )
    return sealed({**fact, **where, "engine_version": version, "sentence": sentence, "digest": rows_digest(rows)})


def circumstances(found: Findings) -> dict[str, str]:
    """The run's part of a fact. Raises AnalysisError where there is more than one run."""
    runs = found.tidy[RUN].drop_duplicates()
    if len(runs) != 1:
        raise AnalysisError(f"expected one machine, environment and commit, got {len(runs)}; choose one")
    run, known = found.summary, found.provenance.known
    ram = known.get("ram", UNKNOWN)
    return {
        "machine": run.machine,
        "cpu": known.get("cpu", UNKNOWN),
        "cores": known.get("num_cpu", UNKNOWN),
        "memory": size if (size := gigabytes(ram)) != ram else f"memory {ram}",
        "system": f"{known.get('os', UNKNOWN)}, {known.get('arch', UNKNOWN)}",
        "blas": known.get("blas", UNKNOWN),
        "blas_threads": UNKNOWN if math.isnan(run.threads) else f"{run.threads:.0f}",
        "python": known.get("python", UNKNOWN),
        "numpy": known.get("numpy", UNKNOWN),
        "commit": run.commit,
        "date": f"{run.date:%Y-%m-%d}",
        "measured": known.get("measured", UNKNOWN),
    }


def _check(found: Findings) -> None:
    """Raise AnalysisError where numbers of this run are not fit to be cited."""
    tidy, commit = found.tidy, short_commit(found.summary.commit)
    if commit.endswith("+dirty"):
        raise AnalysisError(
            f"commit {commit}: measured on a changed work tree; numbers that belong to no commit cannot be cited: "
            f"commit the changes, then {MEASURE}"
        )
    rehearsed = sorted({*tidy["engine"].dropna()} & {*STAND_INS})
    if rehearsed:
        raise AnalysisError(
            f"commit {commit}: {', '.join(rehearsed)} took part, which stands in for a device on the CPU, in tests and "
            f"rehearsals; its numbers are no device's and cannot be cited: measure without it, into a folder of its "
            f"own: {MEASURE} --results DIR"
        )
    ratios = tidy[tidy["metric"].str.startswith("log_") & (tidy["status"] == "ok")]
    counts = ratios["samples"].map(lambda samples: FEWEST if samples is None else len(samples))
    least = ratios["processes"].isna().map({True: FEWEST, False: FEWEST_PROCESSES})
    few = ratios[ratios["low"].isna() | ratios["high"].isna() | (counts < least)]
    if len(few):
        row, what = few.iloc[0], "pairs" if few["processes"].isna().all() else "processes"
        raise AnalysisError(
            f"commit {commit}: {len(few)} of {len(ratios)} ratios rest on too few {what} for an interval (fewer than "
            f"{FEWEST if what == 'pairs' else FEWEST_PROCESSES}), one of them at n = {row['n']}, m = {row['m']}, width "
            f"{row['width']}, depth {row['depth']}; measure anew: {MEASURE}"
        )
    if found.failing:
        raise AnalysisError(f"commit {commit}: {found.failing}. {AGAIN}")

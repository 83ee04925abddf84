"""From one run's tables to its facts: the findings with all that they hold for, and what must not be cited."""

from collections.abc import Mapping

import pandas as pd

from analysis.citing.findings import found
from analysis.citing.record import Fact, rows_digest, sealed
from analysis.errors import AnalysisError
from analysis.reading.tidy import KEY
from analysis.intervals import FEWEST
from analysis.tables.noise import AGAIN, failing
from analysis.text import short_commit
from benchmarks.catalogue.engines import ENGINES

MEASURE = "python -m analysis run"
UNKNOWN = "not recorded"
OWN = [name for name, row in ENGINES.items() if row.requires == ("numpy",)]
"""Engines that are part of the project; the others are libraries with versions of their own."""


def collect(tidy: pd.DataFrame, about: Mapping[str, str]) -> list[Fact]:
    """The facts of one run, in order of their keys.

    `tidy` holds one run alone; `about` says what is known of it: cpu, num_cpu, ram, os, arch, python,
    numpy, blas, modes (the engines' version), measured. Raises AnalysisError where the numbers are not fit to be cited:
    of a changed work tree, of several runs, on too few pairs for an interval, or with A/A controls that fail.
    """
    tidy = tidy.sort_values(list(KEY), kind="stable", ignore_index=True)  # sums then round alike in any order
    where = _circumstances(tidy, about)
    _check(tidy)
    facts = [_complete(fact, rows, where, about) for fact, rows in found(tidy)]
    return sorted(facts, key=lambda fact: str(fact["key"]))


def _complete(fact: Fact, rows: pd.DataFrame, where: Mapping[str, str], about: Mapping[str, str]) -> Fact:
    """The fact with its circumstances, digest and seal."""
    version = about.get("modes" if fact["engine"] in OWN else fact["engine"], UNKNOWN)
    sentence = (
        f"On {where['cpu']} ({where['cores']} cores, {where['memory']}) with {fact['engine']} {version}, "
        f"{fact['sentence']}; measured at commit {short_commit(where['commit'])} of {where['date']}."
    )
    return sealed({**fact, **where, "engine_version": version, "sentence": sentence, "digest": rows_digest(rows)})


def _circumstances(tidy: pd.DataFrame, about: Mapping[str, str]) -> dict[str, str]:
    """The run's part of a fact. Raises AnalysisError where there is more than one run."""
    runs = tidy[["machine", "env", "commit"]].drop_duplicates()
    if len(runs) != 1:
        raise AnalysisError(f"expected one machine, environment and commit, got {len(runs)}; choose one")
    threads = tidy.loc[(tidy["metric"] == "blas_threads") & (tidy["status"] == "ok"), "value"]
    ram = about.get("ram", UNKNOWN)
    return {
        "machine": str(runs["machine"].iloc[0]),
        "cpu": about.get("cpu", UNKNOWN),
        "cores": about.get("num_cpu", UNKNOWN),
        "memory": f"{int(ram) / 1e9:.1f} GB" if ram.isdigit() else f"memory {ram}",
        "system": f"{about.get('os', UNKNOWN)}, {about.get('arch', UNKNOWN)}",
        "blas": about.get("blas", UNKNOWN),
        "blas_threads": f"{threads.max():.0f}" if len(threads) else UNKNOWN,
        "python": about.get("python", UNKNOWN),
        "numpy": about.get("numpy", UNKNOWN),
        "commit": str(runs["commit"].iloc[0]),
        "date": f"{tidy['date'].iloc[0]:%Y-%m-%d}",
        "measured": about.get("measured", UNKNOWN),
    }


def _check(tidy: pd.DataFrame) -> None:
    """Raise AnalysisError where numbers of this run are not fit to be cited."""
    commit = short_commit(tidy["commit"].iloc[0])
    if commit.endswith("+dirty"):
        raise AnalysisError(
            f"commit {commit}: measured on a changed work tree; numbers that belong to no commit cannot be cited: "
            f"commit the changes, then {MEASURE}"
        )
    ratios = tidy[tidy["metric"].str.startswith("log_") & (tidy["status"] == "ok")]
    pairs = ratios["samples"].map(lambda samples: FEWEST if samples is None else len(samples))
    few = ratios[ratios["low"].isna() | ratios["high"].isna() | (pairs < FEWEST)]
    if len(few):
        row = few.iloc[0]
        raise AnalysisError(
            f"commit {commit}: {len(few)} of {len(ratios)} ratios rest on too few pairs for an interval (fewer than "
            f"{FEWEST}), one of them at n = {row['n']}, m = {row['m']}, width {row['width']}, depth {row['depth']}; "
            f"measure anew: {MEASURE}"
        )
    reason = failing(tidy)
    if reason:
        raise AnalysisError(f"commit {commit}: {reason}. {AGAIN}")

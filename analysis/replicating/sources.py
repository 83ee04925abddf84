"""The runs that are compared: results folders, or names of runs in one folder. The one module here that reads."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from analysis.citing import Fact
from analysis.citing.collect import circumstances, gathered
from analysis.citing.record import rows_digest
from analysis.errors import AnalysisError, AnalysisWarning, NoResultsError
from analysis.reading.load import read_results
from analysis.reading.provenance import Provenance, read_provenance
from analysis.reading.runs import RUN, named, only_run, single_run
from analysis.reading.tidy import tidy
from analysis.tables.findings import Findings
from analysis.text import counted, short_commit

Where = Mapping[str, str]


@dataclass(frozen=True, eq=False)
class Run:
    """One run to compare: what it is called here, under which conditions it was measured, what was found, its facts.

    `about` is the part of a fact that says where it was measured; `conditions` are made of it."""

    name: str
    about: Mapping[str, str]
    conditions: Mapping[str, str]
    found: Findings
    facts: Mapping[str, Fact]
    place: Path
    where: Where


def read_runs(asked: Sequence[str], results: Path, any_commit: bool = False) -> list[Run]:
    """The runs that `asked` names: a results folder of one run each, or parts of a run's name in the folder `results`.

    Raises AnalysisError for fewer than two, for one that is not there or named by two, for one twice, and for runs of
    different commits, unless `any_commit`. Warns of a run whose A/A controls fail, and of one of a changed work tree.
    """
    if len(asked) < 2:
        raise AnalysisError(
            f"{counted(len(asked), 'run')} to compare, and it takes two: python -m analysis replicate RUN RUN"
        )
    chosen = [_chosen(name, results) for name in asked]
    twice = next((i for i, each in enumerate(chosen) if each in chosen[:i]), None)
    if twice is not None:
        raise AnalysisError(
            f"{asked[chosen.index(chosen[twice])]} and {asked[twice]} are the same run; a run cannot confirm itself: "
            "name it once, and measure another into a folder of its own: python -m analysis run --results DIR"
        )
    commits = {where["commit"] for _, where in chosen}
    if len(commits) > 1 and not any_commit:
        each = "; ".join(
            f"{name}: {short_commit(where['commit'])}" for name, (_, where) in zip(asked, chosen, strict=True)
        )
        raise AnalysisError(
            f"runs of different commits ({each}), whose code may differ; measure one commit on each machine (git "
            "checkout COMMIT && python -m analysis run --results DIR), or compare them knowingly by --any-commit"
        )
    tables = [_table(place, where) for place, where in chosen]
    names = _names([place for place, _ in chosen], [where for _, where in chosen])
    _check_copies(tables, asked)
    return [
        run_of(name, place, where, table) for name, (place, where), table in zip(names, chosen, tables, strict=True)
    ]


def published_run(name: str, place: Path) -> Run:
    """The one run in a folder, which is called by `name`."""
    where = single_run(_runs_in(place), str(place))
    return run_of(name, place, where, _table(place, where))


def run_of(name: str, place: Path, where: Where, table: pd.DataFrame) -> Run:
    """A run of its tidy table."""
    return run_found(name, place, where, Findings(table, known_of(place, where)))


def known_of(place: Path, where: Where) -> Provenance:
    """What a run's record says of the machine, but for the state of each engine and why cells failed."""
    return replace(read_provenance(place, **where), engines={}, faults={})


def run_found(name: str, place: Path, where: Where, found: Findings) -> Run:
    """A run of what was found in it."""
    if found.summary.dirty:
        _warn(f"{name}: measured on a changed work tree, so that nobody knows what it is of; commit, and measure anew")
    if found.failing:
        _warn(f"{name}: {found.failing}; its crossovers of time are left out")
    about = circumstances(found)
    facts = {str(fact["key"]): fact for fact in gathered(found)}
    return Run(name, about, conditions(about), found, facts, place, where)


def conditions(about: Mapping[str, str]) -> dict[str, str]:
    """What a run's numbers hold for, each under the name that a verdict calls it by."""
    library, kernel = kernel_of(about["blas"])
    return {
        "BLAS kernel": kernel,
        "number of BLAS threads": about["blas_threads"],
        "machine": f"{about['machine']} ({about['cpu']}, {about['cores']} cores, {about['memory']})",
        "versions": f"Python {about['python']}, NumPy {about['numpy']}, {library}",
        "commit": short_commit(about["commit"]),
    }


def kernel_of(blas: str) -> tuple[str, str]:
    """The library and the kernels of a BLAS as facts name it: "openblas 0.3.31, Haswell kernels"."""
    library, _, kernel = blas.partition(", ")
    return library, kernel.removesuffix(" kernels") or "not recorded"


# --- which run is meant ---


def _chosen(name: str, results: Path) -> tuple[Path, Where]:
    """The results folder, and the run in it, that a name means."""
    folder = Path(name)
    if folder.is_dir():
        runs = _runs_in(folder)
        if len(runs) > 1:
            raise AnalysisError(
                f"{folder}: {len(runs)} runs are in this folder, and it takes one; name each by its parts: python -m "
                f"analysis replicate --results {folder} MACHINE/COMMIT/ENV ...: {named(runs)}"
            )
    elif not results.is_dir():
        raise AnalysisError(
            f"{name}: no such folder, and no results folder {results} in which a run could be named so; give results "
            "folders, or --results DIR"
        )
    else:
        folder, every = results, _runs_in(results)
        runs = _named_by(every, name)
        if len(runs) != 1:
            what = "no folder, and no run" if runs.empty else f"{len(runs)} runs"
            raise AnalysisError(
                f"{name}: {what} in {results}; name one as MACHINE/COMMIT/ENV, parts will do: {_listed(every)}"
            )
    (row,) = runs.to_dict("records")
    return folder.resolve(), {key: str(row[key]) for key in RUN}


def _runs_in(folder: Path) -> pd.DataFrame:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said when the run is read
            return read_results(folder)[RUN].drop_duplicates()
    except NoResultsError as error:
        raise NoResultsError(f"{error}; `replicate` takes folders of asv's results") from None


def _named_by(runs: pd.DataFrame, name: str) -> pd.DataFrame:
    """The runs that MACHINE/COMMIT/ENV, or parts of it, may mean; a full name of a machine or environment before a part
    of one, since a run under chosen conditions has the name of the usual one and more."""
    for part in filter(None, name.split("/")):
        exact = (runs["machine"] == part) | (runs["env"] == part)
        commit = runs["commit"].str.startswith(part) if len(part) >= 4 else exact
        fits = runs["machine"].str.contains(part, regex=False) | runs["env"].str.contains(part, regex=False)
        runs = runs[exact if exact.any() else commit | fits]
    return runs


def _listed(runs: pd.DataFrame) -> str:
    return "; ".join(
        f"{row['machine']}/{short_commit(row['commit'])}/{row['env']}"
        for row in runs.sort_values(RUN).to_dict("records")
    )


def _table(place: Path, where: Where) -> pd.DataFrame:
    """The tidy table of one run."""
    rows = only_run(read_results(place), dict(where))
    return tidy(rows)


def _check_copies(tables: Sequence[pd.DataFrame], asked: Sequence[str]) -> None:
    """Raises AnalysisError where two folders hold the same measurements: a copy confirms everything."""
    seen: dict[str, str] = {}
    for table, name in zip(tables, asked, strict=True):
        measured = table[table["metric"].str.endswith("seconds") | table["metric"].str.startswith("log_")]
        digest = rows_digest(measured.drop(columns=[*RUN, "date"]))
        if digest in seen:
            raise AnalysisError(
                f"{name} is a copy of {seen[digest]}: every measurement is the same to the last digit; a run cannot "
                "confirm itself: name it once"
            )
        seen[digest] = name


def _names(places: Sequence[Path], runs: Sequence[Where]) -> list[str]:
    """The shortest names that tell the runs apart: a folder's last parts; of one folder what differs of RUN."""
    if len({*places}) == 1:
        differing = [key for key in RUN if len({run[key] for run in runs}) > 1]
        return ["/".join(short_commit(run[key]) if key == "commit" else run[key] for key in differing) for run in runs]
    names: list[str] = []
    for parts in range(1, max(len(place.parts) for place in places) + 1):
        names = ["/".join(place.parts[-parts:]) for place in places]
        if len({*names}) == len(names):
            return names
    return [f"{name} {run['machine']} {run['env']}" for name, run in zip(names, runs, strict=True)]


def _warn(text: str) -> None:
    warnings.warn(text, AnalysisWarning, stacklevel=3)

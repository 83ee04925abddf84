"""Reads asv's result files into one table: a row a measured cell.

Contract: :func:`read_results` returns one row a measured cell, the parameters parsed. What cannot be read is
named in an :class:`AnalysisWarning` with the command that mends it, and all the rest is returned; where
nothing is left, NoResultsError is raised. asv skips silently where `machine.json` is missing, so every file
is visited here by its own path. What the files must hold, `analysis.reading.schema` says.

A cell counts once. Where two files hold the same benchmark at the same parameters of one machine, environment and
commit (a backup in the folder, a folder twice), a line says so, and the one cell is taken that `merge` would take.

What asv 0.6 stores does not always say what happened:

- null is a failed cell: exception, timeout and abort look alike. A cell that the suite's parameter lists
  gained since is null too, until it is measured.
- NaN is a cell that `setup` skipped, or one that `-b` did not select. Almost all are the latter (a large grid
  measured in part), so NaN cells are left out unless they are asked for.
- `benchmarks.json` describes the suite of the latest run alone, so that a benchmark whose parameter list is
  made at run time (one parameter, `case`) may be missing from it. Such results are used; those of other
  unknown benchmarks are not, nor those whose parameters are no case of this suite.
"""

import ast
import itertools
import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

import pandas as pd

from analysis.errors import MEASURE, AnalysisWarning, NoResultsError
from analysis.reading.runs import RUN
from analysis.reading.schema import (
    DamagedError,
    Description,
    Machine,
    OtherVersionError,
    Results,
    Row,
    Traits,
    machine_of,
    opened,
    results_of,
    suite_of,
)
from analysis.text import counted
from benchmarks.catalogue.case import PARAMETERS, Case, check_parameter, check_profile

CASE = "case"
"""The one parameter of a refinement: all of PARAMETERS in one string."""
COLUMNS = (
    *(*RUN, "date", "benchmark", "version", "parameters", *PARAMETERS, CASE),
    *("value", "stats", "samples", "number", "unit", "status"),
)
MACHINE_TRAITS = Traits.__struct_fields__
DIRTY = "dirty"
"""A file of this name in a results folder says that the work tree differed from the commit."""

SUITE, MACHINE = "benchmarks.json", "machine.json"
NOT_RESULTS = (MACHINE, SUITE)

Suite = Mapping[str, Description]


class Stored(NamedTuple):
    """One result file, read."""

    path: Path
    results: Results
    dirty: bool


class Layout(NamedTuple):
    """The names of a benchmark's parameters, and the list of values of each."""

    names: tuple[str, ...]
    values: list[list[Any]]


def read_results(folder: str | Path, skipped: bool = False) -> pd.DataFrame:
    """One row a cell of every result file under `folder`, all machines, environments and commits.

    Columns are COLUMNS: `parameters` is the tuple of `repr` strings that names the cell to asv, and the
    columns named after the parameters hold the values themselves (None where a benchmark lacks one); `date`
    is the commit's, UTC; `value` float64 in `unit`; `stats` asv's dict (ci_99_a, ci_99_b, q_25, q_75, number,
    repeat) or None; `samples` the list of repeated measurements or None; `status` ok, failed or skipped.
    `commit` ends in "+dirty" where the folder has a file `dirty`. With `skipped`, NaN cells are rows too.

    Warns (AnalysisWarning) of each file, benchmark and missing description, and of cells that are there twice;
    raises NoResultsError where no cell is left.
    """
    folder = Path(folder)
    paths = result_files(folder)
    if not paths:
        raise NoResultsError(f"{folder}: no asv results here; measure some: {MEASURE}")
    suite = _read_suite(folder)
    stored = list(_read_files(paths, folder))
    current = _current_versions(stored, suite)
    once = Once(folder)
    for file in stored:
        for name, layout in _usable(file, suite, current).items():
            once.add(file, _cells(file, name, layout, suite, skipped))
    once.warn()
    rows = list(once.cells())
    if not rows:
        raise NoResultsError(
            f"{folder}: none of its {len(paths)} result files holds a usable cell; measure anew: {MEASURE}"
        )
    raw = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
    return raw.astype({"value": "float64"}).assign(date=pd.to_datetime(raw["date"], unit="ms", utc=True))


def read_machines(folder: str | Path) -> pd.DataFrame:
    """One row a machine under `folder`: MACHINE_TRAITS, as the strings that asv recorded, or None.

    From each `machine.json`; where that is missing or unreadable, from what asv repeats of it in the
    result files.
    """
    machines: dict[str, Traits] = {}
    for path in result_files(Path(folder)):
        found: Traits | None = _machine(path.parent)
        if found is None:
            try:
                found = results_of(opened(path))[1].params
            except DamagedError:
                continue
        machines.setdefault(found.machine, found)
    rows = [[getattr(found, trait) for trait in MACHINE_TRAITS] for found in machines.values()]
    return pd.DataFrame(rows, columns=list(MACHINE_TRAITS), dtype=object)


def result_files(folder: Path) -> list[Path]:
    """Every file under `folder` that should be an asv result file, sorted; after all others those that lie deeper,
    and last those that are hidden: where a cell is there twice, they are the copies."""

    def place(path: Path) -> tuple[bool, int, Path]:
        parts = path.relative_to(folder).parts
        return any(part.startswith(".") for part in parts), len(parts), path

    return sorted((path for path in folder.rglob("*.json") if path.name not in NOT_RESULTS), key=place)


def merit(value: float | None, samples: Sequence[Any] | None, started: float | None) -> tuple[int, int, float]:
    """Of two measurements of one cell the one with more of this counts: a measured cell more than a failed one (null),
    that more than one not measured (NaN); of two measured ones the one with more samples, then the later one."""
    state = 1 if value is None else 0 if math.isnan(value) else 2
    return state, len(samples or ()), started or 0.0


class Once:
    """The cells of many files, each once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.best: dict[tuple[Any, ...], tuple[tuple[int, int, float], Path, dict[str, Any]]] = {}
        self.twice: dict[tuple[Path, Path], list[bool]] = {}

    def add(self, file: Stored, cells: Iterator[tuple[float | None, dict[str, Any]]]) -> None:
        """Take the cells of one benchmark of a file, each with the time when it was started."""
        for started, cell in cells:
            key = tuple(cell[name] for name in ("machine", "env", "commit", "benchmark", "parameters"))
            failed = cell["status"] == "failed"
            found = merit(None if failed else cell["value"], cell["samples"], started), file.path, cell
            before = self.best.setdefault(key, found)
            if before is found:
                continue
            if before[0][0] and found[0][0]:  # both were measured: one that was not is no copy, but a part's gap
                self.twice.setdefault((before[1], file.path), []).append(_same(before[2], cell))
            if found[0] > before[0]:
                self.best[key] = found

    def cells(self) -> Iterator[dict[str, Any]]:
        return (cell for _, _, cell in self.best.values())

    def warn(self) -> None:
        """A line a pair of files."""
        for (first, second), same in self.twice.items():
            differing = len(same) - sum(same)
            which = (
                f"{differing} of them with other numbers, of which that with more samples counts, then the later"
                if differing
                else "with the same numbers"
            )
            _warn(
                f"{second}: {counted(len(same), 'cell')} of it {'is' if len(same) == 1 else 'are'} in {first} as well "
                f"({which}), and counted once; mend it: move the copy out of {self.folder}, or make one of the two: "
                f"python -m analysis merge {quote(str(self.folder))} --into OTHER"
            )


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two cells hold the same measurement; a failure is like any other."""
    return one["status"] == other["status"] and (
        one["status"] != "ok" or all(one[name] == other[name] for name in ("value", "samples"))
    )


def _warn(text: str) -> None:
    warnings.warn(text, AnalysisWarning, stacklevel=3)


def _read_suite(folder: Path) -> Suite:
    """asv's descriptions of the benchmarks, by name; empty, with a warning, where they cannot be read."""
    path = folder / SUITE
    try:
        return suite_of(opened(path))[1]
    except DamagedError:
        _warn(
            f"{path}: missing or unreadable, so that units are unknown and versions unchecked; mend it: "
            "asv run --bench just-discover --python=same"
        )
        return {}


def _machine(folder: Path) -> Machine | None:
    """asv's description of the machine in `folder`, or None where `machine.json` is missing or not asv's."""
    try:
        return machine_of(opened(folder / MACHINE))[1]
    except DamagedError:
        return None


def _read_files(paths: list[Path], folder: Path) -> Iterator[Stored]:
    """The files that can be read; a warning for each of the others."""
    machines: dict[Path, Machine | None] = {}
    for path in paths:
        try:
            results = results_of(opened(path))[1]
        except DamagedError as error:
            _warn(f"{path}: skipped, not a readable asv result file ({error}); {_remedy(path, error)}")
            continue
        if path.parent not in machines:
            machines[path.parent] = _machine(path.parent)
            if machines[path.parent] is None:
                where = path.parent / MACHINE
                _warn(
                    f"{where}: missing or unreadable, so that asv drops the "
                    f"folder; its results are used all the same; mend it: asv machine --yes && {MEASURE}"
                )
        machine, name = machines[path.parent], results.params.machine
        if machine is not None and machine.machine != name:
            home = path.parent.parent / name
            _warn(
                f"{path}: skipped, measured on machine {name!r} but filed under {machine.machine!r}; "
                f"mend it: mkdir -p {quote(str(home))} && mv {quote(str(path))} {quote(str(home))}"
            )
            continue
        around = itertools.takewhile(lambda parent: parent != folder.parent, path.parents)
        yield Stored(path, results, any((parent / DIRTY).exists() for parent in around))


def _remedy(path: Path, error: DamagedError) -> str:
    """The command that mends it; a file that another asv can read is never put away."""
    if isinstance(error, OtherVersionError):
        return "mend it: asv update" if error.older else "mend it: python -m pip install --upgrade asv"
    return f"mend it: mv {quote(str(path))} {quote(str(path) + '.spoilt')} && {MEASURE}"


def _current_versions(stored: list[Stored], suite: Suite) -> dict[str, str | None]:
    """The version of each benchmark that counts: the suite's, or else that of the latest measurement."""
    latest: dict[str, tuple[float, str | None]] = {}
    for file in stored:
        for name, row in file.results.rows.items():
            started = row.started_at or 0.0
            if name not in latest or started > latest[name][0]:
                latest[name] = (started, row.version)
    return {name: suite[name].version if name in suite else version for name, (_, version) in latest.items()}


def _usable(file: Stored, suite: Suite, current: dict[str, str | None]) -> dict[str, Layout]:
    """The benchmarks of a file whose version and layout are those of the suite; a warning that names the
    others."""
    usable: dict[str, Layout] = {}
    outdated, unknown = [], []
    for name, row in file.results.rows.items():
        if row.version is not None and row.version != current[name]:
            outdated.append(name)
        elif (layout := _layout(row, name, suite)) is None:
            unknown.append(name)
        else:
            usable[name] = layout
    for names, why in (
        (outdated, "of another version of the benchmark"),
        (unknown, "not of this suite's benchmarks"),
    ):
        if names:
            _warn(f"{file.path}: left out {', '.join(sorted(names))}: results {why}; measure anew: {MEASURE}")
    return usable


def _layout(row: Row, name: str, suite: Suite) -> Layout | None:
    """The parameters of a benchmark, None where they are not known to be those of cases of this suite. asv stores their
    names in benchmarks.json alone."""
    lists = row.params or []
    if name in suite:
        names = tuple(suite[name].param_names)
        good = len(names) == len(lists) and {*names} <= {*PARAMETERS, CASE}
    elif len(lists) == 1:
        names, good = (CASE,), True
    else:
        names, good = PARAMETERS, not suite and len(lists) == len(PARAMETERS)
    values = [[_literal(text) for text in texts] for texts in lists]
    return Layout(names, values) if good and _are_cases(names, values) else None


def _are_cases(names: Sequence[str], lists: Sequence[Sequence[Any]]) -> bool:
    """Whether every combination of the parameters' values is a case, or a part of one."""
    try:
        for name, values in zip(names, lists, strict=True):
            for value in values:
                if name == CASE:
                    Case.parse(value).check()
                else:
                    check_parameter(name, value)
        known = dict(zip(names, lists, strict=True))
        for profile, depth in itertools.product(known.get("profile", ()), known.get("depth", ())):
            check_profile(profile, depth)
    except (ValueError, TypeError, AttributeError):
        return False
    return True


def _cells(
    file: Stored, name: str, layout: Layout, suite: Suite, skipped: bool
) -> Iterator[tuple[float | None, dict[str, Any]]]:
    """The rows of one benchmark of one file, each with the time when it was started."""
    results, row = file.results, file.results.rows[name]
    common = {
        "machine": results.params.machine,
        "env": results.env_name,
        "commit": results.commit_hash + ("+dirty" if file.dirty else ""),
        "date": results.date,
        "benchmark": name,
        "version": row.version,
        "unit": suite[name].unit if name in suite else None,
        **dict.fromkeys((*PARAMETERS, CASE)),
    }
    nothing = [None] * row.count
    stats = {key: values for key, values in row.stats.items() if values is not None}
    cells = zip(
        itertools.product(*(row.params or [])),
        itertools.product(*layout.values),
        nothing if row.result is None else row.result,
        nothing if row.samples is None else row.samples,
        strict=True,
    )
    for i, (parameters, values, value, samples) in enumerate(cells):
        status = "failed" if value is None else "skipped" if math.isnan(value) else "ok"
        if status == "skipped" and not skipped:
            continue
        known = {key: column[i] for key, column in stats.items() if column[i] is not None}
        yield (
            row.started_at,
            {
                **common,
                **dict(zip(layout.names, values, strict=True)),
                "parameters": parameters,
                "value": math.nan if value is None else value,
                "stats": known or None,
                "samples": samples,
                "number": known.get("number"),
                "status": status,
            },
        )


def _literal(text: str) -> Any:
    """The value whose `repr` asv stored; the text itself where it is not a literal."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):  # the latter for parentheses nested too deeply
        return text

"""Reads asv's result files, by asv's own API, into one table: a row a measured cell.

Contract: :func:`read_results` returns one row a measured cell, the parameters parsed. What cannot be read is
named in an :class:`AnalysisWarning` with the command that mends it, and all the rest is returned; where
nothing is left, NoResultsError is raised. asv skips silently where `machine.json` is missing, so every file
is visited here by its own path.

What asv 0.6 stores does not always say what happened:

- null is a failed cell: exception, timeout and abort look alike. A cell that the suite's parameter lists
  gained since is null too, until it is measured.
- NaN is a cell that `setup` skipped, or one that `-b` did not select. Almost all are the latter (a large grid
  measured in part), so NaN cells are left out unless they are asked for.
- `benchmarks.json` describes the suite of the latest run alone, so that a benchmark whose parameter list is
  made at run time (one parameter, `case`) may be missing from it. Such results are used; those of other
  unknown benchmarks are not.
"""

import ast
import itertools
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

import pandas as pd
from asv.benchmarks import Benchmarks
from asv.config import Config
from asv.machine import Machine
from asv.results import Results
from asv.util import UserError, load_json

from analysis.errors import MEASURE, AnalysisWarning, NoResultsError
from analysis.reading.runs import RUN
from benchmarks.catalogue.case import PARAMETERS

CASE = "case"
"""The one parameter of a refinement: all of PARAMETERS in one string."""
COLUMNS = (
    *(*RUN, "date", "benchmark", "version", "parameters", *PARAMETERS, CASE),
    *("value", "stats", "samples", "number", "unit", "status"),
)
MACHINE_TRAITS = ("machine", "cpu", "num_cpu", "ram", "os", "arch")
DIRTY = "dirty"
"""A file of this name in a results folder says that the work tree differed from the commit."""

NOT_RESULTS = ("machine.json", "benchmarks.json")
# Whatever asv's reader raises on a file of another make: it checks the version, not what follows.
UNREADABLE = (UserError, OSError, ValueError, KeyError, TypeError, AttributeError, IndexError)


class Stored(NamedTuple):
    """One result file, read."""

    path: Path
    results: Results


def read_results(folder: str | Path, skipped: bool = False) -> pd.DataFrame:
    """One row a cell of every result file under `folder`, all machines, environments and commits.

    Columns are COLUMNS: `parameters` is the tuple of `repr` strings that names the cell to asv, and the
    columns named after the parameters hold the values themselves (None where a benchmark lacks one); `date`
    is the commit's, UTC; `value` float64 in `unit`; `stats` asv's dict (ci_99_a, ci_99_b, q_25, q_75, number,
    repeat) or None; `samples` the list of repeated measurements or None; `status` ok, failed or skipped.
    `commit` ends in "+dirty" where the folder has a file `dirty`. With `skipped`, NaN cells are rows too.

    Warns (AnalysisWarning) of each file, benchmark and missing description; raises NoResultsError where no
    cell is left.
    """
    folder = Path(folder)
    paths = result_files(folder)
    if not paths:
        raise NoResultsError(f"{folder}: no asv results here; measure some: {MEASURE}")
    suite = _read_suite(folder)
    stored = list(_read_files(paths))
    current = _current_versions(stored, suite)
    dirty = (folder / DIRTY).exists()
    rows = []
    for file in stored:
        for name in _usable(file, suite, current):
            cells = _cells(file.results, name, suite, dirty)
            rows += [cell for cell in cells if skipped or cell["status"] != "skipped"]
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
    machines: dict[str, dict[str, Any]] = {}
    for path in result_files(Path(folder)):
        found = _machine(path.parent)
        if found is None:
            try:
                found = dict(Results.load(str(path)).params)
            except UNREADABLE:
                continue
        name = found.get("machine")
        if isinstance(name, str):
            machines.setdefault(name, found)
    rows = [[found.get(trait) for trait in MACHINE_TRAITS] for found in machines.values()]
    return pd.DataFrame(rows, columns=list(MACHINE_TRAITS), dtype=object)


def result_files(folder: Path) -> list[Path]:
    """Every file under `folder` that should be an asv result file, sorted."""
    return sorted(path for path in folder.rglob("*.json") if path.name not in NOT_RESULTS)


def _warn(text: str) -> None:
    warnings.warn(text, AnalysisWarning, stacklevel=3)


def _read_suite(folder: Path) -> dict[str, dict[str, Any]]:
    """asv's descriptions of the benchmarks, by name; empty, with a warning, where they cannot be read."""
    config = Config()
    config.results_dir = str(folder)
    try:
        return dict(Benchmarks.load(config))
    except UNREADABLE:
        path = Benchmarks.get_benchmark_file_path(str(folder))
        _warn(
            f"{path}: missing or unreadable, so that units are unknown and versions unchecked; mend it: "
            "asv run --bench just-discover --python=same"
        )
        return {}


def _machine(folder: Path) -> dict[str, Any] | None:
    """asv's description of the machine in `folder`, or None where `machine.json` is missing or not asv's."""
    try:
        found = load_json(str(folder / "machine.json"), Machine.api_version)
    except UNREADABLE:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("machine"), str) else None


def _read_files(paths: list[Path]) -> Iterator[Stored]:
    """The files that asv can read, each with a machine's name; a warning for each of the others."""
    machines: dict[Path, dict[str, Any] | None] = {}
    for path in paths:
        try:
            results = Results.load(str(path))
            _check_contents(results)
        except UNREADABLE as error:
            _warn(f"{path}: skipped, not a readable asv result file ({_reason(error)}); {_remedy(path, error)}")
            continue
        if path.parent not in machines:
            machines[path.parent] = _machine(path.parent)
            if machines[path.parent] is None:
                where = path.parent / "machine.json"
                _warn(
                    f"{where}: missing or unreadable, so that asv drops the "
                    f"folder; its results are used all the same; mend it: asv machine --yes && {MEASURE}"
                )
        machine, name = machines[path.parent], results.params["machine"]
        if machine is not None and machine["machine"] != name:
            home = path.parent.parent / name
            _warn(
                f"{path}: skipped, measured on machine {name!r} but filed under {machine['machine']!r}; "
                f"mend it: mkdir -p {quote(str(home))} && mv {quote(str(path))} {quote(str(home))}"
            )
            continue
        yield Stored(path, results)


def _reason(error: Exception) -> str:
    """What was wrong with a file, in one line. asv's own errors are sentences, others need their type's name."""
    text = " ".join(str(error).split())
    return text if isinstance(error, UserError) else f"{type(error).__name__}: {text}"


def _remedy(path: Path, error: Exception) -> str:
    """The command that mends it; a file that another asv can read is never put away."""
    if "asv update" in str(error):
        return "mend it: asv update"
    if "newer than" in str(error):
        return "mend it: python -m pip install --upgrade asv"
    return f"mend it: mv {quote(str(path))} {quote(str(path) + '.spoilt')} && {MEASURE}"


def _check_contents(results: Results) -> None:
    """Raise ValueError where asv read a file whose contents are not what asv writes: it checks the keys
    alone."""
    texts = (results.params["machine"], results.env_name, results.commit_hash)
    numbers: list[Any] = [results.date, *results.started_at.values()]
    for name in results.get_all_result_keys():
        lists = results.get_result_params(name)
        if not all(isinstance(text, str) for choices in lists for text in choices):
            raise ValueError(f"the parameters of {name} are not texts")
        numbers += results.get_result_value(name, lists)
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("machine, environment and commit are not all texts")
    if not all(number is None or isinstance(number, int | float) for number in numbers):
        raise ValueError("a result or a date is not a number")


def _current_versions(stored: list[Stored], suite: dict[str, dict[str, Any]]) -> dict[str, str | None]:
    """The version of each benchmark that counts: the suite's, or else that of the latest measurement."""
    latest: dict[str, tuple[float, str | None]] = {}
    for _, results in stored:
        for name in results.get_all_result_keys():
            started, version = results.started_at.get(name) or 0.0, results.benchmark_version.get(name)
            if name not in latest or started > latest[name][0]:
                latest[name] = (started, version)
    return {name: suite[name].get("version") if name in suite else version for name, (_, version) in latest.items()}


def _usable(file: Stored, suite: dict[str, dict[str, Any]], current: dict[str, str | None]) -> list[str]:
    """The benchmarks of a file whose version and layout are those of the suite; a warning that names the
    others."""
    usable, outdated, unknown = [], [], []
    for name in file.results.get_all_result_keys():
        version = file.results.benchmark_version.get(name)
        if version is not None and version != current[name]:
            outdated.append(name)
        elif _parameter_names(file.results, name, suite) is None:
            unknown.append(name)
        else:
            usable.append(name)
    for names, why in (
        (outdated, "of another version of the benchmark"),
        (unknown, "not of this suite's benchmarks"),
    ):
        if names:
            _warn(f"{file.path}: left out {', '.join(sorted(names))}: results {why}; measure anew: {MEASURE}")
    return usable


def _parameter_names(results: Results, name: str, suite: dict[str, dict[str, Any]]) -> tuple[str, ...] | None:
    """The parameters' names, None where the layout is not known. asv stores them in benchmarks.json alone."""
    count = len(results.get_result_params(name) or ())
    if name in suite:
        names = tuple(suite[name]["param_names"])
        return names if len(names) == count and {*names} <= {*PARAMETERS, CASE} else None
    if count == 1:
        return (CASE,)
    return PARAMETERS if not suite and count == len(PARAMETERS) else None


def _cells(results: Results, name: str, suite: dict[str, dict[str, Any]], dirty: bool) -> Iterator[dict[str, Any]]:
    """The rows of one benchmark of one file."""
    lists = results.get_result_params(name)
    common = {
        "machine": results.params["machine"],
        "env": results.env_name,
        "commit": results.commit_hash + ("+dirty" if dirty else ""),
        "date": results.date,
        "benchmark": name,
        "version": results.benchmark_version.get(name),
        "unit": suite.get(name, {}).get("unit"),
    }
    names = _parameter_names(results, name, suite) or ()
    cells = zip(
        itertools.product(*lists),
        itertools.product(*([_literal(text) for text in choices] for choices in lists)),
        results.get_result_value(name, lists),
        results.get_result_stats(name, lists),
        results.get_result_samples(name, lists),
        strict=True,
    )
    for parameters, values, value, stats, samples in cells:
        status = "failed" if value is None else "skipped" if math.isnan(value) else "ok"
        yield {
            **common,
            **dict.fromkeys((*PARAMETERS, CASE)),
            **dict(zip(names, values, strict=True)),
            "parameters": parameters,
            "value": math.nan if value is None else float(value),
            "stats": stats or None,
            "samples": samples,
            "number": (stats or {}).get("number"),
            "status": status,
        }


def _literal(text: str) -> Any:
    """The value whose `repr` asv stored; the text itself where it is not a literal."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text

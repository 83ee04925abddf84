"""Splitting a run over machines of one kind, and making one results folder of many. Pure functions on cells and bytes.

Contract: a shard is a part of a preset's cells; all shards together are all cells. A results folder is a dict from
paths inside it to contents; :func:`merge` makes one of several, and raises AnalysisError, naming the file, where that
would mix what does not belong together. What it is given it never changes. Merging a folder with itself, or again with
a part of it, gives the folder.

Two files of the same machine, environment and commit are joined cell by cell: a measured cell counts more than a failed
one, that more than one not measured; of two measured ones the one with more samples counts, then the later one.
Everything else is taken over as it is. asv's files are read and written as version 2 of its format has them
(https://asv.readthedocs.io/en/stable/dev.html): a row a benchmark, whose columns the file names.
"""

import ast
import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from analysis.errors import AnalysisError
from analysis.reading.folder import Folder
from analysis.reading.load import DIRTY, MACHINE, MACHINE_TRAITS, NOT_RESULTS, SUITE, merit
from analysis.reading.provenance import FILE as PROVENANCE
from analysis.reading.provenance import changes, joined, records_of
from analysis.reading.runs import RUN
from analysis.reading.schema import (
    MACHINE_FORMAT,
    DamagedError,
    OtherVersionError,
    cases_of,
    machine_of,
    named,
    results_of,
    suite_of,
)
from benchmarks.catalogue.case import PARAMETERS, Case

EVERYWHERE = ("crossover.Control.track_log_ratio", "environment.Environment.track_blas_threads")
"""What each shard measures: how noisy its machine is, and on how many threads."""
REFINED = "refine-cases"
"""The file in which `python -m analysis run` keeps the refinement cases ever measured."""
KIND = ("arch", "cpu", "num_cpu")
"""What machines of one kind have in common."""

Cells = dict[str, list[list[str]]]
Parsed = TypeVar("Parsed")


def parse_shard(text: str) -> tuple[int, int]:
    """("2/8") -> (2, 8): the second of eight. Raises AnalysisError for anything else."""
    index, _, count = text.partition("/")
    if not (index.isdecimal() and count.isdecimal() and 1 <= int(index) <= int(count)):
        raise AnalysisError(
            f"--shard {text}: expected I/K with I from 1 to K, such as 2/8 for the second of eight parts"
        )
    return int(index), int(count)


def shard(cells: Mapping[str, Sequence[Sequence[str]]], index: int, count: int) -> Cells:
    """The cells of part `index` (from 1) of `count`: benchmark -> lists of reprs, of PARAMETERS or of a case's text.

    Cells that differ in n or mode alone stay together: a crossover is then measured and refined within one part, and
    the two modes of a cell on one machine. Such groups are dealt out in turn. What EVERYWHERE names is in each part.
    """
    parts: Cells = {}
    groups: dict[tuple[Any, ...], int] = {}
    for benchmark, combinations in cells.items():
        for parameters in combinations:
            group = (benchmark, *(value for name, value in _named(parameters).items() if name not in ("n", "mode")))
            turn = groups.setdefault(group, len(groups))
            if benchmark in EVERYWHERE or turn % count == index - 1:
                parts.setdefault(benchmark, []).append(list(parameters))
    return parts


def _named(parameters: Sequence[str]) -> dict[str, Any]:
    """The parameters of a cell by name: asv has them one by one, or all in one text."""
    if len(parameters) == 1:
        return Case.parse(ast.literal_eval(parameters[0]))._asdict()
    return dict(zip(PARAMETERS, parameters, strict=True))


def merge(folders: Mapping[str, Folder], machine: str | None = None) -> dict[str, bytes]:
    """One results folder of several, each named by its place.

    With `machine`, all results are filed under that name, which is right for machines of one kind: their KIND has to
    agree. Raises AnalysisError for a file that is not asv's, for results of a changed work tree, for two versions of a
    benchmark in one commit, for one run measured with two versions of Python, NumPy, BLAS or modes, and for a name of a
    machine that is no folder's.
    """
    if machine is not None:
        try:
            named("machine", machine)
        except ValueError as error:
            raise AnalysisError(f"--machine: {error}") from None
    _check_clean(folders)
    found = Merged(machine)
    for place, folder in folders.items():
        for path, content in sorted(folder.items()):
            if path.endswith(".json"):
                found.add(path.rsplit("/", 1)[-1], content, f"{place}/{path}")
    merged: dict[str, Any] = {f"{name}/{MACHINE}": traits for name, traits in found.machines.items()}
    merged |= found.files | ({SUITE: found.suite} if found.suite else {})
    merged |= _provenance(folders, machine) | _cases(folders)
    return {path: json.dumps(data).encode() for path, data in sorted(merged.items())}


class Merged:
    """asv's files of several folders as those of one."""

    def __init__(self, machine: str | None) -> None:
        self.machine = machine
        self.files: dict[str, dict[str, Any]] = {}
        self.homes: dict[tuple[str, str, str], str] = {}
        self.machines: dict[str, dict[str, Any]] = {}
        self.suite: dict[str, Any] = {}

    def add(self, name: str, content: bytes, place: str) -> None:
        """Take one file in."""
        if name == SUITE:
            self.suite |= _parsed(suite_of, content, place)[0]
        elif name == MACHINE:
            self.add_machine(_parsed(machine_of, content, place)[0], place)
        else:
            data, results = _parsed(results_of, content, place)
            self.add_machine(data["params"], place)
            filed = self.machine or results.params.machine
            # The same run under two names of a file is one run; asv's own name for it does not hold the machine's.
            path = self.homes.setdefault((filed, results.commit_hash, results.env_name), f"{filed}/{name}")
            data = {**data, "params": {**data["params"], "machine": filed}}
            self.files[path] = join_results(self.files[path], data, place) if path in self.files else data

    def add_machine(self, found: Mapping[str, Any], place: str) -> None:
        """Take a machine's description in, from its `machine.json` or from a result file, which repeats it."""
        name = self.machine or found["machine"]
        known = {trait: found[trait] for trait in MACHINE_TRAITS if trait in found}
        before = self.machines.setdefault(name, {**known, "machine": name, "version": MACHINE_FORMAT})
        for trait in KIND:
            if before.get(trait) != found.get(trait):
                raise AnalysisError(
                    f"{place}: {trait} {found.get(trait)!r}, but the other results of machine {name!r} have "
                    f"{before.get(trait)!r}; machines of two kinds need two names, given beforehand: "
                    "python -m analysis merge DIR --machine NAME --into OTHER"
                )


def join_results(one: Mapping[str, Any], other: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Two of asv's result files of one machine, environment and commit as one; `place` names the second in errors."""
    for name in ("commit_hash", "env_name"):
        if one[name] != other[name]:
            raise AnalysisError(f"{place}: {name} {other[name]!r}, another file of this name has {one[name]!r}")
    columns = list(dict.fromkeys([*one["result_columns"], *other["result_columns"]]))
    results = {}
    for benchmark in dict.fromkeys([*one["results"], *other["results"]]):
        rows = [_named_row(data, benchmark) for data in (one, other) if benchmark in data["results"]]
        joined = rows[0] if len(rows) == 1 else _join_rows(rows[0], rows[1], benchmark, place)
        results[benchmark] = [joined.get(column) for column in columns]
        while results[benchmark] and results[benchmark][-1] is None:
            results[benchmark].pop()
    durations = {**other.get("durations", {}), **one.get("durations", {})}
    return {**one, "result_columns": columns, "results": results, "durations": durations}


def _named_row(data: Mapping[str, Any], benchmark: str) -> dict[str, Any]:
    return dict(zip(data["result_columns"], data["results"][benchmark], strict=False))


def _join_rows(one: dict[str, Any], other: dict[str, Any], benchmark: str, place: str) -> dict[str, Any]:
    """The rows of a benchmark cell by cell, over every parameter that one of them has."""
    if one.get("version") != other.get("version"):
        raise AnalysisError(
            f"{place}: {benchmark} is of another version than in the other results of this commit; measure it anew: "
            "python -m analysis run"
        )
    lists = [one["params"] or [], other["params"] or []]
    if len(lists[0]) != len(lists[1]):
        raise AnalysisError(f"{place}: {benchmark} has other parameters than in the other results of this commit")
    params = [list(dict.fromkeys([*first, *second])) for first, second in zip(*lists, strict=True)]
    cells = [_cells(row) for row in (one, other)]
    # Of each cell the better row; asv writes NaN for a cell that was not selected.
    nothing = {"result": math.nan}
    picked = []
    for key in itertools.product(*params):
        found = [row[key] for row in cells if key in row]
        picked.append(max(found, key=_merit) if found else nothing)
    joined: dict[str, Any] = {"params": params, "version": one.get("version")}
    for name in dict.fromkeys([*one, *other]):
        if _by_cell(name):
            values = [cell.get(name) for cell in picked]
            joined[name] = None if all(value is None for value in values) else values
    started = [row["started_at"] for row in (one, other) if row.get("started_at") is not None]
    durations = [row["duration"] for row in (one, other) if row.get("duration") is not None]
    joined |= {"started_at": max(started, default=None), "duration": max(durations, default=None)}
    return joined


def _by_cell(column: str) -> bool:
    return column in ("result", "samples") or column.startswith("stats_")


def _cells(row: dict[str, Any]) -> dict[tuple[str, ...], dict[str, Any]]:
    """What a row has of each cell; null for a whole column stands for null in each cell."""
    keys = list(itertools.product(*(row["params"] or [])))
    columns = {name: values or [None] * len(keys) for name, values in row.items() if _by_cell(name)}
    started = row.get("started_at") or 0
    return {
        key: {**{name: values[i] for name, values in columns.items()}, "started_at": started}
        for i, key in enumerate(keys)
    }


def _merit(cell: Mapping[str, Any]) -> tuple[int, int, float]:
    return merit(cell["result"], cell.get("samples"), cell.get("started_at"))


def _provenance(folders: Mapping[str, Folder], machine: str | None) -> dict[str, Any]:
    """The provenance of all folders, one record a run."""
    runs: dict[tuple[str, ...], dict[str, Any]] = {}
    for place, folder in folders.items():
        for record in _parsed(records_of, folder.get(PROVENANCE, b"[]"), f"{place}/{PROVENANCE}"):
            renamed = {**record, "machine": machine or record["machine"]}
            key = tuple(renamed[name] for name in RUN)
            known = runs.setdefault(key, renamed)
            for name, elsewhere, here in changes(known, renamed):
                raise AnalysisError(
                    f"{place}/{PROVENANCE}: commit {record['commit'][:8]} was measured with {name} {here}, elsewhere "
                    f"with {elsewhere}, and the two do not mix; measure both with the same (of BLAS kernels: "
                    "--blas-kernel NAME)"
                )
            runs[key] = {**joined(known, renamed), "measured": max(known["measured"], renamed["measured"])}
    return {PROVENANCE: [runs[key] for key in sorted(runs)]} if runs else {}


def _cases(folders: Mapping[str, Folder]) -> dict[str, Any]:
    lists = [
        _parsed(cases_of, folder[REFINED], f"{place}/{REFINED}")
        for place, folder in folders.items()
        if REFINED in folder
    ]
    return {REFINED: list(dict.fromkeys(itertools.chain(*lists)))} if lists else {}


def _check_clean(folders: Mapping[str, Folder]) -> None:
    for place, folder in folders.items():
        if any(path.rsplit("/", 1)[-1] == DIRTY for path in folder):
            raise AnalysisError(
                f"{place}: results of a changed work tree (it has a file {DIRTY!r}) belong to no commit and are not "
                "merged; commit the changes and measure anew: python -m analysis run"
            )
        if not any(path.endswith(".json") and path.rsplit("/", 1)[-1] not in NOT_RESULTS for path in folder):
            raise AnalysisError(f"{place}: no asv results here; measure some: python -m analysis run")


def _parsed(parse: Callable[[bytes], Parsed], content: bytes, place: str) -> Parsed:
    """What `analysis.reading.schema` finds in a file; an AnalysisError that names the place where it is damaged."""
    try:
        return parse(content)
    except OtherVersionError as error:
        remedy = "asv update" if error.older else "python -m pip install --upgrade asv, or of this project"
        raise AnalysisError(f"{place}: {error}; mend it: {remedy}") from None
    except DamagedError as error:
        raise AnalysisError(f"{place}: damaged ({error}); remove it: rm '{place}'") from None

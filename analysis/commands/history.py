"""`python -m analysis history`: how crossovers changed over the commits, and how machines differ."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.commands.options import Subparsers, add_results
from analysis.commands.write import check_apart, write_whole
from analysis.reading.load import read_results
from analysis.reading.provenance import read_provenance
from analysis.reading.runs import RUN
from analysis.reading.tidy import tidy
from analysis.tables import history
from analysis.tables.crossover import crossovers
from analysis.tables.kernels import kernels_of
from analysis.text import counted, short_commit, size


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser("history", help="how crossovers changed over the commits, and how machines differ")
    add_results(parser)
    parser.add_argument("--output", type=Path, metavar="FILE", help="write every crossover of every commit, as CSV")


def run(options: argparse.Namespace) -> int:
    """Print each change beyond noise, each difference between machines, and how many there are."""
    if options.output is not None:
        check_apart(options.output, options.results)
    rows = tidy(read_results(options.results))
    runs = [(str(machine), str(env), str(commit)) for machine, env, commit in rows[RUN].drop_duplicates().to_numpy()]
    blas = {run: read_provenance(options.results, *run).known.get("blas", "") for run in runs}
    rows = history.by_kernels(rows, {run: kernels_of(text) for run, text in blas.items()})
    found = history.series(rows, crossovers(rows))
    if options.output is not None:
        write_whole(options.output, found.to_csv(index=False).encode())
    places = found[list(history.PLACE)].drop_duplicates()
    changed, between = history.changes(found), history.machines(found)
    for row in changed.to_dict("records"):
        where = f"{row['machine']}, " if len(places) > 1 else ""
        print(f"{where}{setting(row)}: {dated(reference(found, row))}, {dated(row)}")
    differing = between[between["differs"].astype(bool)]
    for row in differing.to_dict("records"):
        other = {name: row[f"other_{name}"] for name in (*history.PLACE, *history.FOUND)}
        name = "machine" if row["machine"] != other["machine"] else "env"
        print(f"{setting(row)}: {crossing(row)} on {row[name]}, {crossing(other)} on {other[name]}")
    settings = counted(len(found[list(history.SETTING)].drop_duplicates()), "setting")
    commits, machines = counted(found["commit"].nunique(), "commit"), counted(len(places), "machine")
    differences = f"{counted(len(differing), 'difference')} in {counted(len(between), 'comparison')} of machines"
    print(
        f"{settings}, {commits}, {machines}. Beyond noise: {counted(len(changed), 'change')} over commits, "
        f"{differences}."
    )
    return 0


def reference(found: pd.DataFrame, row: Mapping[Any, Any]) -> dict[Any, Any]:
    """The row of the table of series that `row` was compared with."""
    keep = found["commit"] == row["reference"]
    for name in (*history.PLACE, *history.SETTING):
        keep &= found[name] == row[name]
    return found[keep].to_dict("records")[0]


def setting(row: Mapping[Any, Any]) -> str:
    """What a crossover is of."""
    what = {"log_ratio": "time", "log_ratio_bytes": "memory"}[row["metric"]]
    sizes = f"m {row['m']}, width {row['width']}, depth {row['depth']}"
    return f"{what}, {row['engine']}, {row['layer']}, {row['profile']}, {sizes}, {row['dtype']}"


def dated(row: Mapping[Any, Any]) -> str:
    return f"{crossing(row)} at {short_commit(row['commit'])} of {row['date']:%Y-%m-%d}"


def crossing(row: Mapping[Any, Any]) -> str:
    """A crossover in words: `n* = 81 [77, 85]`, or its verdict."""
    if pd.isna(row["n_star"]):
        return str(row["verdict"])
    ends = "" if pd.isna(row["low"]) else f" [{size(row['low'])}, {size(row['high'])}]"
    return f"n* = {size(row['n_star'])}{ends}"

"""`python -m analysis report`: the report of one run, as a page, tables and figures."""

import argparse
from pathlib import Path

import pandas as pd

from analysis.commands.inputs import chosen, results
from analysis.commands.options import Subparsers, add_choice, add_report, add_results
from analysis.commands.write import write_all
from analysis.errors import NoResultsError
from analysis.reading.provenance import read_provenance
from analysis.reading.runs import only_run
from analysis.reading.tidy import tidy
from analysis.report import headline, report_files
from analysis.tables.findings import Findings


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser("report", help="write the report of existing results")
    add_results(parser)
    add_report(parser)
    add_choice(parser)


def run(options: argparse.Namespace) -> int:
    """Report on the run that the options choose."""
    rows = tidy(results(options.results))
    write_report(rows, chosen(rows, options), options.results, options.report)
    return 0


def write_report(
    tidy: pd.DataFrame, run: dict[str, str], folder: Path, target: Path, left_out: tuple[str, ...] = ()
) -> None:
    """Write the report on one run of the table, which came from `folder`; print its headline and where it lies."""
    rows = only_run(tidy, run)
    if rows.empty:
        raise NoResultsError(f"{folder}: nothing was measured of commit {run['commit'][:8]}: python -m analysis run")
    found = Findings(rows, read_provenance(folder, **run))
    write_all(target, report_files(found, left_out), last="report.html")
    print(headline(found))
    print(f"The report is {target / 'report.html'}")

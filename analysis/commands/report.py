"""`python -m analysis report`: the report of one run, as a page, tables and figures."""

import argparse
from pathlib import Path

import pandas as pd

from analysis.commands.inputs import chosen, results
from analysis.commands.options import Subparsers, add_choice, add_report, add_results
from analysis.commands.working import working
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
    with working("Reading the results") as doing:
        rows = tidy(results(options.results))
        doing("")
        run = chosen(rows, options)
        doing("Making the report: tables and figures")
        found = write_report(rows, run, options.results, options.report)
    tell(found, options.report)
    return 0


def write_report(
    tidy: pd.DataFrame, run: dict[str, str], folder: Path, target: Path, left_out: tuple[str, ...] = ()
) -> Findings:
    """Write the report on one run of the table, which came from `folder`; returns what was found."""
    rows = only_run(tidy, run)
    if rows.empty:
        raise NoResultsError(f"{folder}: nothing was measured of commit {run['commit'][:8]}: python -m analysis run")
    found = Findings(rows, read_provenance(folder, **run))
    write_all(target, report_files(found, left_out), last="report.html")
    return found


def tell(found: Findings, target: Path) -> None:
    """Print the headline of a report, and where it lies."""
    print(headline(found))
    print(f"The report is {target / 'report.html'}")

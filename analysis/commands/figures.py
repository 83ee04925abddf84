"""`python -m analysis figures`: the figures of one run, without the report around them."""

import argparse

from analysis.commands.inputs import chosen, results
from analysis.commands.options import Subparsers, add_choice, add_report, add_results
from analysis.commands.write import write_all
from analysis.reading.runs import only_run
from analysis.reading.tidy import tidy
from analysis.report import figure_files
from analysis.tables.findings import Findings


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser("figures", help="draw the figures of existing results")
    add_results(parser)
    add_report(parser)
    add_choice(parser)


def run(options: argparse.Namespace) -> int:
    """Draw the figures of the run that the options choose."""
    rows = tidy(results(options.results))
    found = Findings(only_run(rows, chosen(rows, options)))
    write_all(options.report, figure_files(found))
    print(f"The figures are in {options.report / 'figures'}.")
    return 0

"""`python -m analysis table`: the tidy or the crossover table, as CSV."""

import argparse
from pathlib import Path

from analysis.commands.inputs import chosen, results
from analysis.commands.options import Subparsers, add_choice, add_results
from analysis.commands.write import check_apart, write_whole
from analysis.reading.runs import narrowed
from analysis.reading.tidy import tidy
from analysis.tables.crossover import crossovers
from analysis.tables.shown.trust import tidy_csv


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser("table", help="print the tidy or the crossover table of all results as CSV")
    add_results(parser)
    add_choice(parser)
    parser.add_argument("which", choices=["tidy", "crossover"], nargs="?", default="crossover")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write to this file instead")


def run(options: argparse.Namespace) -> int:
    """Print or write the table of all results, or of those that the options name."""
    if options.output is not None:
        check_apart(options.output, options.results)
    rows = tidy(results(options.results))
    kept = narrowed(rows, options.machine, options.commit, options.env)
    if kept.empty:
        chosen(rows, options)  # which says what there is
    text = (tidy_csv(kept) if options.which == "tidy" else crossovers(kept)).to_csv(index=False)
    if options.output is None:
        print(text, end="")
    else:
        write_whole(options.output, text.encode())
    return 0

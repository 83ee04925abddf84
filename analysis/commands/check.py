"""`python -m analysis check PATH...`: compare the numbers that documents cite with the facts, and mend them.

The same check as the wheel's `mode-crossover check` (`modes.facts`); here facts can be held against results as well.
"""

import argparse
from pathlib import Path

from analysis.citing import Fact, differences, measured_facts
from analysis.commands.options import FACTS, Subparsers, add_choice
from analysis.commands.working import clear, working
from analysis.commands.write import write_whole
from analysis.errors import AnalysisError
from modes.facts import command
from modes.facts.errors import FactsError
from modes.facts.pages import Facts


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser("check", help="compare the numbers that documents cite with the facts")
    command.add_check(parser, f"those that a page names, else {FACTS}")
    parser.add_argument("--results", type=Path, metavar="DIR", help="hold the facts against these results as well")
    add_choice(parser, "env")


def run(options: argparse.Namespace) -> int:
    """Compare every mark in the pages with the facts; with `update`, mend what can be mended."""

    def hold(facts: Facts, source: Path) -> None:
        if options.results is not None:
            with working("Computing the facts of the results anew"):
                hold_against(facts, source, options.results, options.env)

    try:
        return command.check(options, lambda page: FACTS, write_whole, hold)
    except FactsError as error:
        raise AnalysisError(str(error)) from None
    finally:
        clear()


def hold_against(facts: Facts, source: Path, results: Path, env: str | None) -> None:
    """Raise AnalysisError where the facts in the file `source` are not those that the results give."""
    one = next(iter(facts.values()))
    fresh: dict[str, Fact] = {fact["key"]: fact for fact in measured_facts(results, one["machine"], one["commit"], env)}
    found = differences(facts, fresh)
    if found:
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise AnalysisError(
            f"{source}: not what the results in {results} give: {found[0]}{more}; write it anew: "
            f"python -m analysis cite --results {results} --facts {source}{f' --env {env}' if env else ''}"
        )

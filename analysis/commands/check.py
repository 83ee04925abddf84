"""`python -m analysis check PATH...`: compare the numbers that documents cite with the facts, and mend them.

The same check as the wheel's `mode-crossover check` (`modes.facts`); here facts can be held against results as well.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis.citing import Fact, citable, collected, differences, runs_of
from analysis.citing.publishing import RAW
from analysis.commands.options import FACTS, Subparsers, add_choice
from analysis.commands.working import clear, working
from analysis.commands.write import write_whole
from analysis.errors import AnalysisError
from analysis.reading.runs import RUN
from analysis.replicating import Run, published_run, run_found, with_ranges
from modes.facts import command
from modes.facts.errors import FactsError
from modes.facts.pages import Facts
from modes.facts.record import opened


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser("check", help="compare the numbers that documents cite with the facts")
    command.add_check(parser, f"those that a page names, else {FACTS}")
    against = parser.add_mutually_exclusive_group()
    against.add_argument("--results", type=Path, metavar="DIR", help="hold the facts against these results as well")
    against.add_argument(
        "--published",
        action="store_true",
        help=f"hold each file of facts against the raw results published beside it, in the folder {RAW}",
    )
    add_choice(parser, "env")


def run(options: argparse.Namespace) -> int:
    """Compare every mark in the pages with the facts; with `update`, mend what can be mended."""

    def hold(facts: Facts, source: Path) -> None:
        results = source.parent / RAW if options.published else options.results
        if results is not None:
            with working("Computing the facts of the results anew"):
                hold_against(facts, source, results, options.env)

    try:
        return command.check(options, lambda page: FACTS, write_whole, hold)
    except FactsError as error:
        raise AnalysisError(str(error)) from None
    finally:
        clear()


def hold_against(facts: Facts, source: Path, results: Path, env: str | None) -> None:
    """Raise AnalysisError where the facts in the file `source` are not those that the results give.

    Where they are over several runs, what they say of these is computed anew from each one's results.
    """
    one = next(iter(facts.values()))
    found = citable(results, one["machine"], one["commit"], env)
    measured = collected(found, results)
    runs = runs_of(opened(source, "is its name right?"), str(source))
    if runs:
        further = stored_runs(runs[1:], source)
        where = {name: str(getattr(found.summary, name)) for name in RUN}
        measured = with_ranges(measured, [run_found(runs[0]["name"], results, where, found), *further])
    fresh: dict[str, Fact] = {fact["key"]: fact for fact in measured}
    wrong = differences(facts, fresh)
    if wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        again = f"python -m analysis cite --results {results} --facts {source}{f' --env {env}' if env else ''}"
        if runs:
            again = "python -m analysis publish --results DIR --runs DIR DIR"
        raise AnalysisError(
            f"{source}: not what the results in {results} give: {wrong[0]}{more}; write it anew: {again}"
        )


def stored_runs(runs: Sequence[Mapping[str, str]], source: Path) -> list[Run]:
    """The further runs that a file of facts lists, read from the folders beside it."""
    places = [source.parent / run["folder"] for run in runs]
    for place, run in zip(places, runs, strict=True):
        if not place.is_dir():
            raise AnalysisError(
                f"{source}: over {len(runs) + 1} runs, and the results of {run['name']} are not in {place}; put them "
                "there, or publish anew without them: python -m analysis publish --runs DIR DIR"
            )
    return [published_run(run["name"], place) for run, place in zip(runs, places, strict=True)]

"""`python -m analysis replicate RUN RUN ...`: which facts hold on several runs, and what the others depend on."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from analysis import replicating
from analysis.commands.options import RESULTS, Subparsers
from analysis.commands.working import working
from analysis.commands.write import check_apart, write_all
from analysis.errors import AnalysisError
from analysis.replicating import records, words
from analysis.replicating.judging import BY_RUN, DEPENDS
from analysis.text import counted
from modes.facts.errors import FactsError
from modes.facts.pages import documents
from modes.facts.ranges import GENERAL

HOLD, FAIL = 0, 1


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser("replicate", help="which facts hold on several runs, and what the others depend on")
    parser.add_argument(
        "runs",
        nargs="*",
        metavar="RUN",
        help="a results folder, or MACHINE/COMMIT/ENV of a run in --results (or parts)",
    )
    parser.add_argument(
        "--results", type=Path, default=RESULTS, metavar="DIR", help="where named runs are (%(default)s)"
    )
    parser.add_argument(
        "--cited",
        nargs="+",
        type=Path,
        default=[],
        metavar="PATH",
        help="pages: exit with 1 where one cites as general what does not hold on these runs",
    )
    parser.add_argument("--into", type=Path, metavar="DIR", help="write all of it there: CSV, JSON, a figure")
    parser.add_argument("--all", action="store_true", help="print every fact, and not the crossovers that hold least")
    parser.add_argument("--any-commit", action="store_true", help="compare runs of different commits, knowingly")


def run(options: argparse.Namespace) -> int:
    """Compare the runs; 1 where a fact that a page cites as general does not hold on them."""
    if options.into is not None:
        for place in [options.results, *map(Path, options.runs)]:
            if place.is_dir():
                check_apart(options.into, place)
    general = cited_as_general(options.cited)
    with working("Reading the runs and computing their facts") as doing:
        runs = replicating.read_runs(options.runs, options.results, options.any_commit)
        doing("Comparing them")
        facts, pairs = replicating.judged(runs), replicating.agreements(runs)
        if options.into is not None:
            doing("Drawing the figure")
            write_all(options.into, records.files(runs, facts, pairs))
    print("\n".join(words.lines(runs, facts, pairs, headline(runs), options.all)))
    if options.into is not None:
        print(f"\nAll of it is in {options.into}: begin with {options.into / records.FIGURE}.")
    return told(general, facts)


def headline(runs: Sequence[replicating.Run]) -> str:
    """The key of the fact that the first run's report speaks of first; "" where it has none."""
    row = runs[0].found.headline
    if row is None:
        return ""
    setting = f"m{row['m']}.width{row['width']}.depth{row['depth']}.{row['layer']}.{row['profile']}.{row['dtype']}"
    return f"{row['engine']}.crossover-time.{setting}"


def cited_as_general(paths: Sequence[Path]) -> dict[str, list[str]]:
    """The keys of facts that pages cite as general, with the places where they do."""
    found: dict[str, list[str]] = {}
    try:
        for document in documents(paths):
            for mark in document.page.marks:
                if mark.field == GENERAL:
                    found.setdefault(mark.key, []).append(f"{document.path}:{mark.line}")
    except FactsError as error:
        raise AnalysisError(str(error)) from None
    return found


def told(general: Mapping[str, Sequence[str]], facts: pd.DataFrame) -> int:
    """Say of each fact that is cited as general whether it holds; 1 where one does not."""
    if not general:
        return HOLD
    known = {row["key"]: row for row in facts.to_dict("records")}
    wrong = unknown = 0
    print()
    for key, places in general.items():
        verdict = str(known[key]["verdict"]) if key in known else "not measured by these runs"
        if verdict.startswith(DEPENDS) or verdict == BY_RUN:
            wrong += 1
            print(f"{', '.join(places)}: cited as general, {key}: {known[key]['said']}")
        elif verdict != replicating.HOLDS:
            unknown += 1
            print(f"{', '.join(places)}: cited as general, {key}: {verdict}")
    held = len(general) - wrong - unknown
    print(
        f"{counted(len(general), 'fact')} cited as general: {held} held, {wrong} did not, {unknown} not told by these."
    )
    return FAIL if wrong else HOLD

"""`python -m analysis cite`: write the facts of one run for others to cite, or print one of them."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from analysis.citing import (
    SUFFIXES,
    Fact,
    facts_bytes,
    file_digest,
    is_whole_file,
    measured_facts,
    stored_facts,
    whole_file,
)
from analysis.commands.inputs import read_text
from analysis.commands.options import FACTS, Subparsers, add_choice, add_results
from analysis.commands.working import working
from analysis.commands.write import check_apart, write_all
from analysis.errors import AnalysisError
from analysis.text import counted
from modes.facts.command import add_cite, cited
from modes.facts.errors import FactsError
from modes.facts.printing import listed
from modes.facts.record import DIGITS


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser("cite", help="write the facts of one run for others to cite, or print one of them")
    add_results(parser)
    add_choice(parser)
    parser.add_argument(
        "--facts", type=Path, default=FACTS, metavar="FILE", help="the file; other formats go beside it (%(default)s)"
    )
    what = parser.add_mutually_exclusive_group()
    add_cite(what, parser)


def run(options: argparse.Namespace) -> int:
    """Write the facts in every format; or print one, or their list, from FILE, or from the results where it is not."""
    if options.key is not None or options.list is not None:
        try:
            facts, source = known(options)
            print("\n".join(listed(facts, options.list)) if options.key is None else cited(options, facts, source))
        except FactsError as error:
            raise AnalysisError(str(error)) from None
        return 0
    check_apart(options.facts, options.results)
    beside = {name: options.facts.with_suffix(suffix) for name, suffix in SUFFIXES.items()}
    check_own(options.facts, beside)
    with working("Computing the facts of the results"):
        found = measured_facts(options.results, options.machine, options.commit, options.env)
    files = {path.name: whole_file(found, name, options.facts.name) for name, path in beside.items()}
    write_all(options.facts.parent, {**files, options.facts.name: facts_bytes(found)}, last=options.facts.name)
    others = ", ".join(files)
    print(
        f"{counted(len(found), 'fact')} in {options.facts}, digest {file_digest(found)[:DIGITS]}; the same as {others}."
    )
    return 0


def check_own(facts: Path, beside: Mapping[str, Path]) -> None:
    """Raises AnalysisError where a file would be replaced that the user did not name and `cite` did not write."""
    if facts.suffix != ".json" or any(sign.isspace() for sign in facts.name):
        raise AnalysisError(f"--facts {facts}: expected a name that ends in .json, without spaces: pages name it")
    for name, path in beside.items():
        if path.is_file() and not is_whole_file(read_text(path), name):
            raise AnalysisError(
                f"{path}: in the way, and not a file that `cite` wrote; move it away, or choose another name by --facts"
            )


def known(options: argparse.Namespace) -> tuple[dict[str, Fact], Path]:
    """The facts that the options mean, and where they are from."""
    if options.facts.exists():
        return stored_facts(options.facts), options.facts
    with working("Computing the facts of the results"):
        found = measured_facts(options.results, options.machine, options.commit, options.env)
    return {each["key"]: each for each in found}, options.results

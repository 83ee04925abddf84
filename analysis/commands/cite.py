"""`python -m analysis cite`: write the facts of one run for others to cite, or print one of them."""

import argparse
import difflib
from collections.abc import Mapping
from pathlib import Path

from analysis.citing import (
    FORMATS,
    SUFFIXES,
    Fact,
    facts_bytes,
    file_digest,
    is_whole_file,
    measured_facts,
    one,
    stored_facts,
    whole_file,
)
from analysis.citing.record import DIGITS
from analysis.commands.inputs import read_text
from analysis.commands.options import FACTS, Subparsers, add_choice, add_results
from analysis.commands.write import check_apart, write_all
from analysis.errors import AnalysisError
from analysis.text import counted


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser("cite", help="write the facts of one run for others to cite, or print one of them")
    add_results(parser)
    add_choice(parser)
    parser.add_argument(
        "--facts", type=Path, default=FACTS, metavar="FILE", help="the file; other formats go beside it (%(default)s)"
    )
    parser.add_argument("--key", help="print this fact alone: from FILE, or from the results where there is no FILE")
    parser.add_argument("--format", choices=list(FORMATS), default="markdown", help="how to print it (%(default)s)")


def run(options: argparse.Namespace) -> int:
    """Write the facts in every format, or print one."""
    if options.key is not None:
        print(one(fact(options), options.format))
        return 0
    check_apart(options.facts, options.results)
    beside = {name: options.facts.with_suffix(suffix) for name, suffix in SUFFIXES.items()}
    check_own(options.facts, beside)
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


def fact(options: argparse.Namespace) -> Fact:
    """The one fact that the options name."""
    if options.facts.exists():
        source, facts = options.facts, stored_facts(options.facts)
    else:
        found = measured_facts(options.results, options.machine, options.commit, options.env)
        source, facts = options.results, {each["key"]: each for each in found}
    if options.key not in facts:
        near = difflib.get_close_matches(options.key, facts, n=3, cutoff=0.0)
        raise AnalysisError(f"{source}: no fact {options.key!r} among {len(facts)}; nearest: {', '.join(near)}")
    return facts[options.key]

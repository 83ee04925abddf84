"""`python -m analysis cite`: write the facts of one run for others to cite, or print one of them."""

import argparse
import difflib
from pathlib import Path

from analysis.citing import (
    FORMATS,
    SUFFIXES,
    Fact,
    facts_bytes,
    file_digest,
    measured_facts,
    one,
    stored_facts,
    whole_file,
)
from analysis.citing.marks import DIGITS
from analysis.commands.options import FACTS, Subparsers, add_choice, add_results
from analysis.commands.write import write_whole
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
    found = measured_facts(options.results, options.machine, options.commit, options.env)
    files = {options.facts.with_suffix(suffix): whole_file(found, name) for name, suffix in SUFFIXES.items()}
    for path, content in {**files, options.facts: facts_bytes(found)}.items():
        write_whole(path, content)
    others = ", ".join(path.name for path in files)
    print(
        f"{counted(len(found), 'fact')} in {options.facts}, digest {file_digest(found)[:DIGITS]}; the same as {others}."
    )
    return 0


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

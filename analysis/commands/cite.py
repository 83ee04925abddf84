"""`python -m analysis cite`: write the facts of one run for others to cite, or print one of them."""

import argparse
import difflib
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.citing import (
    FILE,
    FORMATS,
    SUFFIXES,
    Fact,
    collect,
    facts_bytes,
    file_digest,
    one,
    parse_facts,
    whole_file,
)
from analysis.citing.marks import DIGITS
from analysis.commands.write import write_whole
from analysis.errors import AnalysisError, AnalysisWarning
from analysis.reading.load import read_machines, read_results
from analysis.reading.provenance import read_facts
from analysis.reading.tidy import tidy
from analysis.report import RUN, named, narrowed, options_between
from analysis.text import counted

FACTS = Path("report") / FILE
RESULTS = Path(".asv/results")


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("cite", help="write the facts of one run for others to cite, or print one of them")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="asv's results (%(default)s)")
    parser.add_argument("--machine", help="of several machines' results, those of this one")
    parser.add_argument("--commit", help="of several commits' results, those of this one")
    parser.add_argument(
        "--env", help="of several environments' results, those of this one (a part of its name will do)"
    )
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
    found = collected(options.results, options.machine, options.commit, options.env)
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
        found = collected(options.results, options.machine, options.commit, options.env)
        source, facts = options.results, {each["key"]: each for each in found}
    if options.key not in facts:
        near = difflib.get_close_matches(options.key, facts, n=3, cutoff=0.0)
        raise AnalysisError(f"{source}: no fact {options.key!r} among {len(facts)}; nearest: {', '.join(near)}")
    return facts[options.key]


def collected(results: Path, machine: str | None, commit: str | None, env: str | None = None) -> list[Fact]:
    """The facts of one run in a results folder; AnalysisError where there are several, or none that is fit to cite."""
    raw = read_results(results)
    run = the_run(raw, results, machine, commit, env)
    raw = raw[(raw[RUN] == pd.Series(run)).all(axis=1)]
    machines = read_machines(results).set_index("machine")
    known = machines.loc[run["machine"]].dropna().to_dict() if run["machine"] in machines.index else {}
    about = {str(name): str(value) for name, value in known.items()} | read_facts(results, **run)
    with warnings.catch_warnings():
        # What a report only leaves out must not stand behind a number that others cite.
        warnings.simplefilter("error", AnalysisWarning)
        try:
            rows = tidy(raw)
        except AnalysisWarning as warning:
            raise AnalysisError(f"{results}: {warning}") from None
    try:
        found = collect(rows, about)
    except AnalysisError as error:
        raise AnalysisError(f"{results}: {error}") from None
    if not found:
        raise AnalysisError(f"{results}: nothing measured here can be cited; measure more: python -m analysis run")
    return found


def the_run(
    raw: pd.DataFrame, results: Path, machine: str | None, commit: str | None, env: str | None
) -> dict[str, str]:
    """The one run that is left: its machine, environment and commit."""
    every = raw[RUN].drop_duplicates()
    runs = narrowed(every, machine, commit, env)
    if len(runs) == 1:
        return {name: str(runs[name].iloc[0]) for name in RUN}
    if runs.empty:
        asked = {"machine": machine, "commit": commit, "environment": env}
        wanted = ", ".join(f"{name} {value}" for name, value in asked.items() if value is not None)
        raise AnalysisError(f"{results}: no results of {wanted}; there are: {named(every)}")
    raise AnalysisError(
        f"{results}: {len(runs)} runs are mixed here, and facts are of one; choose by {options_between(runs)}: "
        f"{named(runs)}"
    )


def stored_facts(path: Path) -> dict[str, Fact]:
    """The facts in a file, by key."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise AnalysisError(
            f"{path}: cannot be read ({error.strerror}); write the facts: python -m analysis cite --facts {path}"
        ) from None
    return parse_facts(content, str(path))

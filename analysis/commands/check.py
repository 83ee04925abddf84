"""`python -m analysis check PATH...`: compare the numbers that documents cite with the facts, and mend them."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from analysis.citing import Fact, differences, file_digest, marks, measured_facts, stored_facts
from analysis.commands.inputs import read_text
from analysis.commands.options import FACTS, Subparsers, add_choice
from analysis.commands.write import write_whole
from analysis.errors import AnalysisError
from analysis.text import counted

RIGHT, WRONG = 0, 1


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser("check", help="compare the numbers that documents cite with the facts")
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a page (.md, .rst) or a folder of pages")
    parser.add_argument("--facts", type=Path, metavar="FILE", help=f"the facts (those that a page names, else {FACTS})")
    parser.add_argument("--results", type=Path, metavar="DIR", help="hold the facts against these results as well")
    add_choice(parser, "env")
    parser.add_argument("--update", action="store_true", help="write what the facts say into the pages")


def run(options: argparse.Namespace) -> int:
    """Compare every mark in the pages with the facts; with `update`, mend what can be mended."""
    texts = {path: read_text(path) for path in pages(options.paths)}
    read = {path: marks.read_page(text, marks.KINDS[path.suffix], str(path)) for path, text in texts.items()}
    cited = {path: page for path, page in read.items() if page.marks or page.pin is not None}
    sources = {path: facts_path(path, page, options.facts) for path, page in cited.items()}
    named = [] if options.facts is None else [options.facts]
    facts = {source: stored_facts(source) for source in dict.fromkeys([*named, *sources.values()])}
    if options.results is not None:
        for source in facts:
            hold_against(facts[source], source, options.results, options.env)
    found = {path: problems(page, facts[sources[path]]) for path, page in cited.items()}
    if options.update:
        for path in cited:
            text = marks.mend(texts[path], found[path])
            if text != texts[path]:
                write_whole(path.resolve(), text.encode())
    left = wrong = 0
    for path, here in found.items():
        for problem in here:
            mended = options.update and problem.mended is not None
            print(f"{path}:{problem.line}: {problem.text}{' (mended)' if mended else ''}")
            wrong, left = wrong + 1, left + (not mended)
    count = sum(len(page.marks) for page in cited.values())
    print(f"{counted(count, 'cited number')} in {counted(len(read), 'page')}: {wrong} wrong, {wrong - left} mended.")
    return WRONG if left else RIGHT


def problems(page: marks.Page, facts: Mapping[str, Fact]) -> list[marks.Problem]:
    return marks.problems(page, facts, file_digest(facts.values()))


def pages(paths: Sequence[Path]) -> list[Path]:
    """The pages named, and all those in the folders named but for hidden ones; each once."""
    found: dict[Path, None] = {}
    kinds = ", ".join(marks.KINDS)
    for path in paths:
        if path.is_dir():
            inside = [page for page in sorted(path.rglob("*")) if page.suffix in marks.KINDS and page.is_file()]
            inside = [page for page in inside if not any(part[0] == "." for part in page.relative_to(path).parts)]
            if not inside:
                raise AnalysisError(f"{path}: no page in this folder; pages end in {kinds}")
            found |= dict.fromkeys(inside)
        elif path.suffix in marks.KINDS:
            found[path] = None
        else:
            raise AnalysisError(f"{path}: expected a folder, or a page, which ends in {kinds}")
    return list(found)


def facts_path(path: Path, page: marks.Page, given: Path | None) -> Path:
    """Where the facts are that a page cites."""
    return given or (FACTS if page.pin is None else path.parent / page.pin.path)


def hold_against(facts: Mapping[str, Fact], source: Path, results: Path, env: str | None) -> None:
    """Raise AnalysisError where the facts in the file `source` are not those that the results give."""
    one = next(iter(facts.values()))
    fresh = {fact["key"]: fact for fact in measured_facts(results, one["machine"], one["commit"], env)}
    found = differences(facts, fresh)
    if found:
        more = f", and {len(found) - 1} more" if len(found) > 1 else ""
        raise AnalysisError(
            f"{source}: not what the results in {results} give: {found[0]}{more}; write it anew: "
            f"python -m analysis cite --results {results} --facts {source}{f' --env {env}' if env else ''}"
        )

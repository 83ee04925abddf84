"""The command `mode-crossover`: numbers that documents cite, checked and written in any repository.

    mode-crossover check docs                      compare every marked number with the facts
    mode-crossover cite --list 'modes.crossover*'  which facts there are
    mode-crossover cite --key KEY --format rst     one of them, to paste

Exit status: 0 all is right; 1 documents are wrong; 2 an error, said in one line. The suite's own `python -m analysis`
has the same two commands, which can hold the facts against measurements, and write them, as well.
"""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from . import pages
from .errors import FactsError
from .formats import FORMATS, one
from .printing import checked, listed, nothing_checked
from .ranges import check_field, stored_facts
from .record import FILE, Fact, found

RIGHT, WRONG, ERROR = 0, 1, 2


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="mode-crossover",
        description="Numbers of mode-crossover in your documents: checked against the facts, or written to paste.",
    )
    commands = top.add_subparsers(dest="command", metavar="command", required=True)
    check = commands.add_parser("check", help="compare the numbers that documents cite with the facts")
    add_check(check, "those that a page names, else the nearest facts.json above it")
    check.set_defaults(run=run_check)
    cite = commands.add_parser("cite", help="print a fact, or list those that there are")
    cite.add_argument("--facts", type=Path, default=Path(FILE), metavar="FILE", help="the facts (%(default)s)")
    add_cite(cite.add_mutually_exclusive_group(required=True), cite)
    cite.set_defaults(run=run_cite)
    return top


def add_check(check: argparse.ArgumentParser, otherwise: str) -> None:
    """The options of `check` that both command lines have."""
    check.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="a page (.md, .rst) or a folder of pages")
    check.add_argument("--facts", type=Path, metavar="FILE", help=f"the facts ({otherwise})")
    check.add_argument("--update", action="store_true", help="write what the facts say into the pages")
    check.add_argument("--require-marks", action="store_true", help="it is an error if no number at all is marked")


def add_cite(what: "argparse._MutuallyExclusiveGroup | argparse.ArgumentParser", cite: argparse.ArgumentParser) -> None:
    """The options of `cite` that both command lines have."""
    what.add_argument("--key", metavar="'KEY [FIELD]'", help="print this fact alone, or a field of it: 'KEY interval'")
    what.add_argument(
        "--list", nargs="?", const="", metavar="PATTERN", help="list the facts, or those whose key has PATTERN in it"
    )
    cite.add_argument("--format", choices=list(FORMATS), default="markdown", help="how to print it (%(default)s)")


def run_check(options: argparse.Namespace) -> int:
    return check(options, pages.nearest, replace)


def check(
    options: argparse.Namespace,
    otherwise: Callable[[Path], Path | None],
    write: Callable[[Path, bytes], None],
    hold: Callable[[pages.Facts, Path], None] = lambda facts, source: None,
) -> int:
    """Compare every mark with the facts; with `update`, mend what can be mended, by `write`.

    `otherwise` is where the facts are of a page that names none; `hold` raises where facts are not what they should be.
    """
    read = pages.documents(options.paths)
    files = pages.sources(read, options.facts, otherwise)
    facts = pages.stored([*([] if options.facts is None else [options.facts]), *files.values()])
    for source, known in facts.items():
        hold(known, source)
    problems = pages.wrong(read, files, facts)
    if options.update:
        for document in read:
            text = pages.mended(document, problems.get(document.path, []))
            if text != document.text:
                write(document.path.resolve(), text.encode())
    readers = [document for document in read if document.is_page]
    lines, left = checked(problems, len(readers), pages.count(readers, files, facts), options.update)
    print("\n".join(lines))
    unmarked = pages.count(read, files, facts) == 0
    if unmarked:
        said = nothing_checked(options.paths, options.require_marks)
        print(f"{'error' if options.require_marks else 'warning'}: {said}", file=sys.stderr)
    return WRONG if left or (options.require_marks and unmarked) else RIGHT


def run_cite(options: argparse.Namespace) -> int:
    facts = stored_facts(options.facts)
    print("\n".join(listed(facts, options.list)) if options.list is not None else cited(options, facts, options.facts))
    return RIGHT


def cited(options: argparse.Namespace, facts: pages.Facts, place: Path) -> str:
    """The fact that the options name, in the format that they name."""
    key, _, field = options.key.strip().partition(" ")
    fact: Fact = found(facts, key, str(place))
    check_field(fact, field)
    return one(fact, options.format, field)


def replace(path: Path, content: bytes) -> None:
    """Replace a file whole or not at all, its permissions as they were."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        shutil.copymode(path, part)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise FactsError(f"{path}: cannot be written ({error.strerror}); mend its permissions") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
        return status
    except FactsError as error:
        print(f"error: {error}", file=sys.stderr)
        return ERROR
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader of a pipe has left
        return RIGHT


def enter() -> None:
    """What the script `mode-crossover` calls."""
    sys.exit(main())

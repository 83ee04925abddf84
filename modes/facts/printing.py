"""Lines for a terminal: what a check found, and lists of facts. Pure functions, shared by both command lines."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from .errors import FactsError
from .marks import Problem
from .record import Fact


def checked(
    problems: Mapping[Path, Sequence[Problem]], pages: int, numbers: int, update: bool
) -> tuple[list[str], int]:
    """What a check of so many pages, that cite so many numbers, found: a line a problem and one for all; and how many
    problems are left for a person."""
    lines = []
    left = wrong = 0
    for path, here in problems.items():
        for problem in sorted(here, key=lambda problem: problem.line):
            mended = update and problem.mended is not None
            lines.append(f"{path}:{problem.line}: {problem.text}{' (mended)' if mended else ''}")
            wrong, left = wrong + 1, left + (not mended)
    read = "1 page" if pages == 1 else f"{pages} pages"
    cited = "1 cited number" if numbers == 1 else f"{numbers} cited numbers"
    return [*lines, f"{cited} in {read}: {wrong} wrong, {wrong - left} mended."], left


def nothing_checked(paths: Sequence[Path], required: bool) -> str:
    """What is said where not a single number is marked: a check that checks nothing would always pass."""
    where = ", ".join(map(str, paths))
    more = "" if required else " (--require-marks makes this an error)"
    return f"no number is marked in {where}, so that nothing was checked{more}; how: docs/citing.md"


def listed(facts: Mapping[str, Fact], pattern: str) -> list[str]:
    """The facts whose key has `pattern` in it, in which * and ? stand for others: key, number, interval, unit, and what
    several runs say of it, where the facts are of several.

    Raises FactsError where there is none.
    """
    keys = [key for key in facts if fnmatchcase(key, f"*{pattern}*")]
    if not keys:
        raise FactsError(f"no key of {len(facts)} has {pattern!r} in it; * stands for any characters: 'jax.*time*'")
    fields = ("text", "interval", "unit", "over_runs")
    rows = [(key, *(str(facts[key].get(field, "")) for field in fields)) for key in keys]
    widths = [max(len(row[column]) for row in rows) for column in range(len(fields) + 1)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]

"""An advice as a text: the answer first, then the ways, then the rules, what would change it, and the doubts."""

import textwrap
from collections.abc import Sequence

from analysis.advice.advice import Advice, Row, RuleRow
from analysis.advice.crossing import in_words
from analysis.advice.words import duration, listed, ratio, span, times, volume
from analysis.text import counted

WIDTH = 110
HEADS = ("way", "a call", "95 % interval", "x best", "95 % interval", "peak memory", "once")


def text(advice: Advice) -> str:
    lines = [*wrapped(advice.answer), f"  {advice.use}", ""]
    lines += wrapped(
        f"{advice.function}: {counted(advice.n, 'input')}, {counted(advice.m, 'output')}, {advice.dtype}; the function "
        f"itself takes {duration(advice.f_seconds)}."
    )
    lines += ["", *table([HEADS, *(cells(row) for row in advice.rows if row.seconds is not None)])]
    lines += [line for note in noted(advice.rows) for line in wrapped(note, "  ")]
    if advice.crossing is not None:
        lines += [
            "",
            "Over the sizes: " + advice.crossing.text + ".",
            *(f"  {line}" for line in in_words(advice.crossing)),
        ]
    if advice.remarks:
        lines += ["", *(line for remark in advice.remarks for line in wrapped(remark))]
    if advice.rules:
        lines += ["", "What the rules that libraries ship would take here, and what that costs:"]
        lines += table([("forward mode when", "takes", "costs", "who"), *map(rule_cells, advice.rules)], last=True)
    if advice.changes:
        lines += ["", "When it would change (predicted by modes.plan's counts, not measured):"]
        lines += [line for change in advice.changes for line in wrapped(change, "  ")]
    lines += ["", *wrapped(how_sure(advice))]
    lines += [line for doubt in advice.doubts for line in wrapped(f"Doubt: {doubt}.")]
    return "\n".join(lines)


def noted(rows: Sequence[Row]) -> list[str]:
    """What is missing and why, the ways with the same note together."""
    ways: dict[str, list[str]] = {}
    for row in rows:
        if row.note:
            ways.setdefault(row.note, []).append(row.way)
    return [f"{listed(names)}: {note}" for note, names in ways.items()]


def how_sure(advice: Advice) -> str:
    """What the numbers rest on."""
    known = advice.circumstances
    factor, low, high = advice.control
    control = ""
    if factor is not None:
        within = f" ({span((low, high))})" if low is not None else ""
        control = f" One way against itself, the control: {ratio(factor)}{within}."
    return f"How sure: {advice.sure}. {known['basis']}{control} {known['setting']}."


def cells(row: Row) -> tuple[str, ...]:
    assert row.seconds is not None
    return (
        row.way,
        duration(row.seconds),
        times(row.interval),
        "" if row.ratio is None else ratio(row.ratio),
        span(row.ratio_interval),
        "" if row.peak_bytes is None else volume(row.peak_bytes),
        "" if row.first_seconds is None else duration(row.first_seconds),
    )


def rule_cells(row: RuleRow) -> tuple[str, ...]:
    cost = "not measured" if row.cost is None else ratio(row.cost)
    within = f" ({span(row.interval)})" if row.interval[0] is not None else ""
    return row.when, row.mode, f"{cost}{within}", row.who


def table(rows: Sequence[Sequence[str]], last: bool = False) -> list[str]:
    """Columns under each other: the first one to the left, numbers to the right; `last`: words all of them."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = []
    for row in rows:
        parts = [
            f"{cell:<{width}}" if last or not i else f"{cell:>{width}}"
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(("  " + "  ".join(parts)).rstrip())
    return lines


def wrapped(line: str, indent: str = "") -> list[str]:
    return textwrap.wrap(line, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_long_words=False)

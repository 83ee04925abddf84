"""An advice for a notebook: the same in HTML, which needs no style sheet and no script."""

from collections.abc import Sequence
from html import escape

from analysis.advice.advice import Advice
from analysis.advice.text import HEADS, cells, how_sure, noted, rule_cells

CELL = "padding:.15em .8em;text-align:{side};border-bottom:1px solid #8884;white-space:nowrap"


def html(advice: Advice) -> str:
    ways = [cells(row) for row in advice.rows if row.seconds is not None]
    bold = next((i for i, row in enumerate(ways) if row[0] == advice.best), None)
    said = [*advice.remarks, *(f"Predicted: {change}" for change in advice.changes), how_sure(advice)]
    if advice.crossing is not None:
        said.insert(0, f"Over the sizes: {advice.crossing.text}.")
    notes = noted(advice.rows)
    parts = [
        f'<p style="font-size:1.1em;margin:.3em 0"><b>{escape(advice.answer)}</b><br>'
        f"<code>{escape(advice.use)}</code></p>",
        table(HEADS, ways, bold),
        *(f'<p style="margin:.3em 0">{escape(line)}</p>' for line in (*notes, *said)),
        *(f'<p style="margin:.3em 0;color:#b45309">Doubt: {escape(doubt)}.</p>' for doubt in advice.doubts),
    ]
    if advice.rules:
        rules = table(("forward mode when", "takes", "costs", "who"), [rule_cells(row) for row in advice.rules], None)
        parts.append(f"<details><summary>What the rules that libraries ship would take here</summary>{rules}</details>")
    return f"<div>{''.join(parts)}</div>"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], bold: int | None) -> str:
    """A table; the row `bold` stands out."""
    sides = ["left", *["right"] * (len(heads) - 1)] if heads is HEADS else ["left"] * len(heads)

    def line(tag: str, cells: Sequence[str], strong: bool = False) -> str:
        weight = ";font-weight:bold" if strong else ""
        made = (
            f'<{tag} style="{CELL.format(side=side)}{weight}">{escape(cell)}</{tag}>'
            for cell, side in zip(cells, sides, strict=True)
        )
        return f"<tr>{''.join(made)}</tr>"

    body = "".join(line("td", row, i == bold) for i, row in enumerate(rows))
    return f'<table style="border-collapse:collapse;margin:.4em 0">{line("th", heads)}{body}</table>'

"""The page itself: one HTML file that needs nothing else; no network, readable on a phone, in the dark and on paper.

Laid out by `page.html.j2` beside this module, which escapes whatever is text. Its scripts are those in `scripts/`,
embedded: a public-domain sorter of tables (sortable, https://github.com/tofsjonas/sortable, its licence beside it), and
what the page does besides. Without scripts everything is there, unsorted.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analysis.report.cells import DASH, Columns
from analysis.report.section import Section
from analysis.text import counted

TITLE = "Forward or reverse mode? Where the cheaper way to a Jacobian changes"
TEMPLATE = Path(__file__).with_name("page.html.j2")
SCRIPTS = [TEMPLATE.parent / "scripts" / name for name in ("sortable.js", "page.js")]
UNITS = {"µs": 1e-6, "ms": 1e-3, "s": 1.0}
NUMBER = re.compile(r"[<>\[]{0,2}(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)(?: (µs|ms|s)\b)?")
"""A cell that begins with a number: a sign of an inequality or an interval's bracket may stand before it."""


class Picture(NamedTuple):
    """A figure as the page shows it: SVG for a wide page, and for a phone where it was drawn for one."""

    wide: bytes
    narrow: bytes | None = None


def page(
    finding: str,
    doubts: Sequence[str],
    elsewhere: str,
    circumstances: Mapping[str, str],
    sections: Sequence[Section],
    figures: Mapping[str, Picture],
    tables: Mapping[str, pd.DataFrame],
    commands: Sequence[str],
) -> str:
    """The whole page. `figures` and `tables`: pictures and numbers by name."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(TEMPLATE.name).render(
        title=TITLE,
        finding=finding,
        doubts=doubts,
        elsewhere=elsewhere,
        circumstances=circumstances,
        sections=[laid_out(section, figures, tables) for section in sections],
        commands=commands,
        scripts=Markup("".join(path.read_text(encoding="utf-8") for path in SCRIPTS)),  # our own files, not the run's
    )


def laid_out(section: Section, figures: Mapping[str, Picture], tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """A section as the template takes it: its figures, then its tables; a table without rows is left out."""
    shown = {name: table for name, table in section.tables.items() if len(tables[name])}
    holds = [counted(len(section.figures), "figure")] if section.figures else []
    holds += [counted(len(shown), "table")] if shown else []
    return {
        "title": section.title,
        "anchor": re.sub(r"[^a-z0-9]+", "-", section.title.lower()).strip("-"),
        "introduction": section.introduction,
        "folded": section.folded,
        "holds": ", ".join(holds),
        "figures": [
            {**words._asdict(), **embedded(figures[name]), "beside": not section.folded and len(words.caption) < BESIDE}
            for name, words in section.figures.items()
        ],
        "tables": [
            {
                "title": table.title,
                "caption": table.caption,
                "heads": list(table.columns),
                "rows": written(tables[name], table.columns),
            }
            for name, table in shown.items()
        ],
    }


BESIDE = 800
"""Letters of a caption that has its place beside the picture, not below it."""


def embedded(picture: Picture) -> dict[str, str]:
    """The picture's SVGs as images inside the page, so that their names stay their own; "" for what is not there."""
    return {
        name: f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}" if svg else ""
        for name, svg in picture._asdict().items()
    }


def written(table: pd.DataFrame, columns: Columns) -> list[list[dict[str, str]]]:
    """The cells of a table's rows, one an entry of `columns`: the text, and what it is sorted by."""
    rows = ({str(key): value for key, value in row.items()} for row in table.to_dict("records"))
    return [[{"text": text(row), "sort": sorted_by(text(row))} for text in columns.values()] for row in rows]


def sorted_by(text: str) -> str:
    """What a cell is sorted by: the number that it begins with, in seconds where it is a time; "" for a dash, which
    comes before all else; other text as it stands."""
    found = NUMBER.match(text)
    if found is None:
        return "" if text == DASH else text
    return repr(float(found[1]) * UNITS.get(found[2] or "", 1.0))

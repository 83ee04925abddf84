"""The page itself: one HTML file that needs nothing else; no scripts, no network, readable on a phone and on paper.

Laid out by `page.html.j2` beside this module, which escapes whatever is text.
"""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from analysis.report.cells import Columns
from analysis.report.section import Section

TITLE = "Forward or reverse mode? Where the cheaper way to a Jacobian changes"
TEMPLATE = Path(__file__).with_name("page.html.j2")


def page(
    finding: str,
    doubts: Sequence[str],
    elsewhere: str,
    circumstances: Mapping[str, str],
    sections: Sequence[Section],
    figures: Mapping[str, bytes],
    tables: Mapping[str, pd.DataFrame],
    commands: Sequence[str],
) -> str:
    """The whole page. `figures`: SVG by name; `tables`: numbers by name."""
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
    )


def laid_out(section: Section, figures: Mapping[str, bytes], tables: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    """A section as the template takes it: its figures, then its tables; a table without rows is left out.

    The SVG is embedded as an image, so that its names stay its own.
    """
    return {
        "title": section.title,
        "anchor": section.title.lower().replace(" ", "-"),
        "introduction": section.introduction,
        "figures": [
            {**words._asdict(), "svg": base64.b64encode(figures[name]).decode()}
            for name, words in section.figures.items()
        ],
        "tables": [
            {
                "title": table.title,
                "caption": table.caption,
                "heads": list(table.columns),
                "rows": written(tables[name], table.columns),
            }
            for name, table in section.tables.items()
            if len(tables[name])
        ],
    }


def written(table: pd.DataFrame, columns: Columns) -> list[list[str]]:
    """The texts of a table's rows, one an entry of `columns`."""
    rows = ({str(key): value for key, value in row.items()} for row in table.to_dict("records"))
    return [[text(row) for text in columns.values()] for row in rows]

"""What a section of the report is: data that the page is laid out from. No words and no numbers here."""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from analysis.report.cells import Columns
from analysis.tables.findings import Findings


class Words(NamedTuple):
    """What stands beside a figure."""

    title: str
    caption: str


class Table(NamedTuple):
    """A table: `of(found)` is the table of the findings that it shows, as its CSV file does; `columns` writes it."""

    of: Callable[[Findings], pd.DataFrame]
    title: str
    caption: str
    columns: Columns


def everything(found: Findings) -> bool:
    """For a section that every run has."""
    return True


class Section(NamedTuple):
    """A part of the report that answers one question. Figures (names in `analysis.figures`) come before the tables.

    Where `measured(found)` is false, the page says `absent` in the section's place; a section that has nothing to say
    there is left out, with its figures and tables. What is `folded` is opened by whoever wants to know more; the page
    that is read without it consists of the others.
    """

    title: str
    introduction: str
    figures: dict[str, Words]
    tables: dict[str, Table]
    measured: Callable[[Findings], bool] = everything
    absent: str = ""
    folded: bool = True

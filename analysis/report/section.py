"""What a section of the report is: data that the page is laid out from. No words and no numbers here."""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from analysis.report.cells import Columns

Make = Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]


class Words(NamedTuple):
    """What stands beside a figure."""

    title: str
    caption: str


class Table(NamedTuple):
    """A table: `make(tidy, crossovers)` gives its numbers, as they go to its CSV file; `columns` writes them."""

    make: Make
    title: str
    caption: str
    columns: Columns


def everything(tidy: pd.DataFrame) -> bool:
    """For a section that every run has."""
    return True


class Section(NamedTuple):
    """A part of the report that answers one question. Figures (names in `analysis.figures`) come before the tables.

    Where `measured(tidy)` is false, the page says `absent` in the section's place.
    """

    title: str
    introduction: str
    figures: dict[str, Words]
    tables: dict[str, Table]
    measured: Callable[[pd.DataFrame], bool] = everything
    absent: str = ""

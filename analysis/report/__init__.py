"""The report: one self-contained HTML page, the tables as CSV, each figure as PNG and SVG.

Contract: :func:`report_files` makes the contents of all files from the findings of one run, computes no number, and
writes nothing: the command line does. The same findings give the same bytes.

    cells -> section -> sections; bars; headline, circumstances, sections, page -> this        (a -> b: b imports a)
"""

import io
import re
from collections.abc import Sequence

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import FIGURES, drawn
from analysis.figures.dark import adaptive
from analysis.report.circumstances import circumstances, commands
from analysis.report.headline import doubts, elsewhere, headline
from analysis.report.page import Picture, page
from analysis.report.section import Section
from analysis.report.sections import SECTIONS
from analysis.tables.findings import Findings

DPI = 160

__all__ = ["figure_files", "headline", "report_files", "table_files"]


def report_files(found: Findings, left_out: Sequence[str] = ()) -> dict[str, bytes]:
    """All files of the report on one run, by their path inside the report's folder.

    `left_out` names the ratios that the run had no time to make surer.
    """
    pictures = figure_files(found)
    text = page(
        headline(found),
        doubts(found, left_out),
        elsewhere(found),
        circumstances(found),
        [section if section.measured(found) else unmeasured(section) for section in sections(found)],
        {name: shown(name, found, pictures[f"figures/{name}.svg"]) for name in names(found)},
        frames(found),
        commands(found),
    )
    return {"report.html": text.encode(), **table_files(found), **pictures}


def sections(found: Findings) -> list[Section]:
    """The sections that have something to say of this run, if only that nothing was measured."""
    return [section for section in SECTIONS if section.absent or section.measured(found)]


def unmeasured(section: Section) -> Section:
    """What stands for a section of which nothing was measured: its heading, and why there is no more."""
    return section._replace(introduction=section.absent, figures={}, tables={})


def frames(found: Findings) -> dict[str, pd.DataFrame]:
    """The tables of numbers that the page shows, by name."""
    return {name: table.of(found) for section in sections(found) for name, table in section.tables.items()}


def table_files(found: Findings) -> dict[str, bytes]:
    """The tidy and the crossover table, each with all its columns, and the other tables of the page, as CSV."""
    tables = {**frames(found), "tidy": found.tidy_csv, "crossovers": found.told}
    return {f"tables/{name}.csv": table.to_csv(index=False).encode() for name, table in tables.items()}


def figure_files(found: Findings) -> dict[str, bytes]:
    """Each figure as SVG and PNG."""
    files = {}
    for name in names(found):
        figure = laid_out(drawn(FIGURES[name], found))
        files[f"figures/{name}.svg"] = picture(figure, "svg")
        files[f"figures/{name}.png"] = picture(figure, "png")
    return files


def names(found: Findings) -> list[str]:
    """The figures of the page, in its order."""
    return [name for section in sections(found) for name in section.figures]


def shown(name: str, found: Findings, wide: bytes) -> Picture:
    """A figure as the page embeds it: once more for a phone, where it can be drawn so."""
    narrow = FIGURES[name].narrow
    return Picture(wide, picture(drawn(FIGURES[name], found, narrow=True), "svg") if narrow else None)


def laid_out(figure: Figure) -> Figure:
    """The figure with everything in its place for good: of several files each would else find the places anew."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def picture(figure: Figure, format: str) -> bytes:
    """The figure's file; the same bytes for the same figure: no date, and names in the SVG from a fixed salt. An SVG
    knows the colours of a dark page as well."""
    buffer = io.BytesIO()
    metadata = {"Date": None} if format == "svg" else {}
    with mpl.rc_context({"svg.hashsalt": "mode-crossover"}):
        figure.savefig(buffer, format=format, dpi=DPI, metadata=metadata)
    return adaptive(rounded(buffer.getvalue())) if format == "svg" else buffer.getvalue()


def rounded(svg: bytes) -> bytes:
    """The SVG with its paths given to a hundredth of a point, which nobody sees: a fifth less to carry."""
    return re.sub(rb' d="[^"]*"', lambda path: re.sub(rb"(\.\d\d)\d+", rb"\1", path[0]), svg)

"""The report: one self-contained HTML page, the tables as CSV, each figure as PNG and SVG.

Contract: :func:`report_files` makes the contents of all files from tables, and writes none: the command line does. The
same tables give the same bytes.

    cells, tables -> section -> sections -> headline, page -> this        (a -> b: b imports a)
"""

import io

import matplotlib as mpl
import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import FIGURES, new_figure
from analysis.figures.rows import measured
from analysis.report.headline import About, doubts, elsewhere, headline
from analysis.report.page import page
from analysis.report.section import Section
from analysis.report.sections import SECTIONS, TABLES
from analysis.report.tables import tidy_csv
from analysis.tables.libraries import noted
from analysis.text import short_commit
from benchmarks.catalogue.presets import PAIRS

DPI = 160

__all__ = [
    "About",
    "figure_files",
    "headline",
    "report_files",
    "table_files",
]


def report_files(tidy: pd.DataFrame, crossovers: pd.DataFrame, about: About) -> dict[str, bytes]:
    """All files of the report on one run, by their path inside the report's folder.

    `tidy` and `crossovers` hold one run (`only_run`).
    """
    pictures = figure_files(tidy, crossovers)
    svgs = {name: pictures[f"figures/{name}.svg"] for name in FIGURES}
    numbers = frames(noted(tidy, about.engines, about.faults), crossovers)
    text = page(
        headline(tidy, crossovers, about),
        doubts(tidy, about),
        elsewhere(tidy, crossovers),
        circumstances(tidy, about),
        [section if section.measured(tidy) else unmeasured(section) for section in SECTIONS],
        svgs,
        numbers,
        commands(tidy),
    )
    return {"report.html": text.encode(), **table_files(tidy, crossovers, numbers), **pictures}


def unmeasured(section: Section) -> Section:
    """What stands for a section of which nothing was measured: its heading, and why there is no more."""
    return section._replace(introduction=section.absent, figures={}, tables={})


def frames(tidy: pd.DataFrame, crossovers: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The tables of numbers that the page shows, by name."""
    return {name: table.make(tidy, crossovers) for name, table in TABLES.items()}


def table_files(
    tidy: pd.DataFrame, crossovers: pd.DataFrame, numbers: dict[str, pd.DataFrame] | None = None
) -> dict[str, bytes]:
    """The tidy and the crossover table, each with all its columns, and the other tables of the page, as CSV.

    `numbers` are the latter (`frames`); made here where they are not given.
    """
    found = {**(numbers or frames(tidy, crossovers)), "tidy": tidy_csv(tidy), "crossovers": crossovers}
    return {f"tables/{name}.csv": table.to_csv(index=False).encode() for name, table in found.items()}


def figure_files(tidy: pd.DataFrame, crossovers: pd.DataFrame) -> dict[str, bytes]:
    """Each figure as SVG and PNG."""
    files = {}
    for name, draw in FIGURES.items():
        figure = draw(new_figure(name), tidy, crossovers)
        files[f"figures/{name}.svg"] = picture(figure, "svg")
        files[f"figures/{name}.png"] = picture(figure, "png")
    return files


def picture(figure: Figure, format: str) -> bytes:
    """The figure's file; the same bytes for the same figure: no date, and names in the SVG from a fixed salt."""
    buffer = io.BytesIO()
    metadata = {"Date": None} if format == "svg" else {}
    with mpl.rc_context({"svg.hashsalt": "mode-crossover"}):
        figure.savefig(buffer, format=format, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


def circumstances(tidy: pd.DataFrame, about: About) -> dict[str, str]:
    """What the numbers hold for, name by name."""
    facts, unknown = about.facts, "not recorded"
    first = tidy.iloc[0]
    threads = measured(tidy, "blas_threads")["value"]
    failed = len(tidy) - (tidy["status"] == "ok").sum()
    dirty = " and uncommitted changes" if str(first["commit"]).endswith("+dirty") else ""
    counts = measured(tidy, "log_ratio")["samples"].map(lambda row: len(row or ()))
    pairs = sorted({counts.min(), counts.max()}) if len(counts) else []
    errors = measured(tidy, "max_error", dtype="float64", engine="modes")["value"]
    return {
        "Machine": str(first["machine"]),
        "Processor": about.cpu,
        "Cores": facts.get("num_cpu", unknown),
        "Memory": gigabytes(facts.get("ram", unknown)),
        "System": f"{facts.get('os', unknown)}, {facts.get('arch', unknown)}",
        "BLAS": f"{facts.get('blas', unknown)}, threads: {f'{threads.max():.0f}' if len(threads) else unknown}",
        "Python, NumPy": f"{facts.get('python', unknown)}, {facts.get('numpy', unknown)}",
        "modes": facts.get("modes", unknown) + imported(tidy),
        "Libraries": installed(about) or unknown,
        "Commit": f"{short_commit(first['commit']).removesuffix('+dirty')} of {first['date']:%Y-%m-%d}{dirty}",
        "Measured on": facts.get("measured", unknown),
        "Cells": f"{len(tidy) - failed} measured, {failed} failed",
        "Pairs a ratio": " to ".join(map(str, pairs)) or "none",
        "Largest error (float64)": f"{errors.max():.1e} of the largest entry, against a reference"
        if len(errors)
        else "not measured",
    }


def installed(about: About) -> str:
    """The libraries with their versions, and those that were not installed."""
    others = {name: state for name, state in about.engines.items() if list(state["requires"]) != ["numpy"]}
    texts = [f"{name} {about.facts[name]}" for name in others if name in about.facts]
    return ", ".join([*texts, *(f"{name} not installed" for name, state in others.items() if state["missing"])])


def imported(tidy: pd.DataFrame) -> str:
    """What importing modes adds to importing NumPy, as the end of a line; nothing where it was not measured."""
    found = measured(tidy, "import_seconds")["value"]
    return f" (its import adds {1e3 * found.iloc[0]:.0f} ms to NumPy's)" if len(found) else ""


def gigabytes(ram: str) -> str:
    """asv's figure for the memory, in GB of 10^9 bytes; as it stands where it is no number of bytes."""
    return f"{int(ram) / 1e9:.1f} GB" if ram.isdigit() else ram


def commands(tidy: pd.DataFrame) -> list[str]:
    """What to type to measure the same again."""
    commit = str(tidy["commit"].iloc[0]).removesuffix("+dirty")
    fewest = measured(tidy, "log_ratio")["samples"].map(lambda row: len(row or ())).min()
    profile = max((name for name in PAIRS if PAIRS[name] <= fewest), key=PAIRS.__getitem__, default="quick")
    return [f"git checkout {commit[:8]}", f"python -m analysis run --profile {profile}"]

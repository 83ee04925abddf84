"""Cells without a number, and why: an engine that is not installed, lacks what the cell asks for, or failed.

asv keeps a failed cell as null and one that was skipped not at all. What the run recorded of its engines, and why cells
failed (`analysis.reading.provenance`), tells the rest.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.reading.tidy import WHOLE, case_of
from analysis.tables.libraries.rows import BOTH, CELL, compared, dense
from benchmarks.catalogue.case import PARAMETERS, Case
from benchmarks.catalogue.engines import Row
from benchmarks.catalogue.metrics import metric
from benchmarks.catalogue.reasons import SILENT

METRICS = ("seconds", "peak_bytes")
"""Those whose cells without a number get a row."""
MEMORY = {"traced": "traced", "own": "by its own account", "": "reports no peak that could be compared"}
"""How the peak of an engine's memory is measured, in words."""

Engine = Mapping[str, Any]


def noted(tidy: pd.DataFrame, engines: Mapping[str, Engine], faults: Mapping[str, str]) -> pd.DataFrame:
    """The tidy table of one run with a column `note`, and a row for each cell that an engine has no number for.

    `engines` and `faults` are those of `analysis.reading.provenance`. A row is added, with status skipped, where a
    library was measured and another engine was not, for METRICS. A note says why there is no number, or how memory
    was measured; it is empty elsewhere.
    """
    words = dict(_cases(faults))
    notes = [_note(row, engines, words) for row in tidy.to_dict("records")]
    table = tidy.assign(note=pd.Series(notes, index=tidy.index, dtype=object))
    added = [row for name in METRICS for row in _skipped(dense(tidy, name), engines)]
    if not added:
        return table
    rows = pd.DataFrame(added, columns=list(table.columns)).astype(dict.fromkeys(WHOLE, "Int64"))
    rows = rows.astype({name: table[name].dtype for name in ("value", "low", "high", "date")})
    return pd.concat([table, rows], ignore_index=True)


def lacking(engine: Engine, row: Mapping[Any, Any]) -> str:
    """What an engine lacks for the cell of a tidy row with a single mode, in words; nothing where it has everything.

    `engine` is its description by `python -m benchmarks engines`, at the time of the run.
    """
    if engine["missing"]:
        return f"not installed: {', '.join(engine['missing'])}"
    if engine.get("absent"):
        return str(engine["absent"])
    lack = Row.of(engine).lacks(case_of(row))
    return "" if lack is None else lack.note


def _note(row: Mapping[Any, Any], engines: Mapping[str, Engine], words: Mapping[tuple[str, str], str]) -> str:
    if row["status"] == "failed":
        return words.get((row["metric"], case_of(row).text), SILENT)
    if row["metric"] == "peak_bytes" and row["engine"] in engines:
        return MEMORY[engines[row["engine"]].get("memory", "")]
    return ""


def _skipped(table: pd.DataFrame, engines: Mapping[str, Engine]) -> Iterator[dict[str, Any]]:
    """Rows for what is not in `table`, of one metric, though a library was measured there."""
    known = {(row["engine"], row["mode"], *(row[name] for name in CELL)) for row in table.to_dict("records")}
    for cell in compared(table).drop_duplicates(CELL).to_dict("records"):
        for name, engine in engines.items():
            for mode in () if engine.get("cut_of") or engine.get("stands_for") else BOTH:
                if (name, mode, *(cell[key] for key in CELL)) in known:
                    continue
                row = {**cell, "engine": name, "mode": mode}
                note = lacking(engine, row)
                if not note and cell["metric"] == "peak_bytes" and not engine.get("memory"):
                    note = MEMORY[""]
                nothing = {**dict.fromkeys(("value", "low", "high"), np.nan), "samples": None, "processes": None}
                kept = {"status": "skipped", "note": note or "not measured in this run"}
                yield {**{str(key): value for key, value in row.items()}, **nothing, **kept}


def _cases(faults: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    """The faults by metric and the case's text. A cell with other parameters has no row to note."""
    for name, text in faults.items():
        benchmark, _, parameters = name.partition("(")
        try:
            values = ast.literal_eval(f"({parameters.removesuffix(')')},)")
            case = Case.of(*values)
        except (ValueError, SyntaxError, TypeError, AttributeError):
            continue
        if len(values) in (1, len(PARAMETERS)):
            yield (metric(benchmark), case.text), text

"""Cells without a number, and why: an engine that is not installed, lacks what the cell asks for, or failed.

asv keeps a failed cell as null and one that was skipped not at all. What the run recorded of its engines and of the
last words of failed cells (`analysis.reading.provenance`) tells the rest.
"""

import ast
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import AnalysisError
from analysis.reading.load import PARAMETERS
from analysis.reading.tidy import INTEGERS, format_case, metric, parse_case
from analysis.tables.libraries.rows import BOTH, CELL, compared, dense
from modes.chains import layer_widths

METRICS = ("seconds", "peak_bytes")
"""Those whose cells without a number get a row."""
SILENT = "failed, and its process ended without a word: killed, perhaps for its memory, or measured by asv alone"
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
    rows = pd.DataFrame(added, columns=list(table.columns)).astype(dict.fromkeys(INTEGERS, "Int64"))
    rows = rows.astype({name: table[name].dtype for name in ("value", "low", "high", "date")})
    return pd.concat([table, rows], ignore_index=True)


def lacking(engine: Engine, row: Mapping[Any, Any]) -> str:
    """What an engine lacks for the cell of a tidy row with a single mode, in words; nothing where it has everything.

    `engine` is its description by `python -m benchmarks engines`: `most_fma` (None: no limit) is the number of
    multiply-adds of a Jacobian, passes times those of f, beyond which it is not asked.
    """
    if engine["missing"]:
        return f"not installed: {', '.join(engine['missing'])}"
    if row["mode"] not in engine["modes"]:
        return f"has no {row['mode']} mode"
    for name in ("layer", "dtype"):
        if row[name] not in engine[f"{name}s"]:
            return f"has no {row[name]}"
    passes = row["n"] if row["mode"] == "forward" else row["m"]
    most = engine.get("most_fma")
    if most is not None and passes * _fma(row) > most:
        return "not asked: would take too long"
    return ""


def _note(row: Mapping[Any, Any], engines: Mapping[str, Engine], words: Mapping[tuple[str, str], str]) -> str:
    if row["status"] == "failed":
        return words.get((row["metric"], format_case(row)), SILENT)
    if row["metric"] == "peak_bytes" and row["engine"] in engines:
        return MEMORY[engines[row["engine"]]["memory"]]
    return ""


def _skipped(table: pd.DataFrame, engines: Mapping[str, Engine]) -> Iterator[dict[str, Any]]:
    """Rows for what is not in `table`, of one metric, though a library was measured there."""
    known = {(row["engine"], row["mode"], *(row[name] for name in CELL)) for row in table.to_dict("records")}
    for cell in compared(table).drop_duplicates(CELL).to_dict("records"):
        for name, engine in engines.items():
            for mode in BOTH:
                if (name, mode, *(cell[key] for key in CELL)) in known:
                    continue
                row = {**cell, "engine": name, "mode": mode}
                note = lacking(engine, row)
                if not note and cell["metric"] == "peak_bytes" and not engine["memory"]:
                    note = MEMORY[""]
                nothing = dict.fromkeys(("value", "low", "high"), np.nan)
                kept = {"samples": None, "status": "skipped", "note": note or "not measured in this run"}
                yield {**{str(key): value for key, value in row.items()}, **nothing, **kept}


def _cases(faults: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    """The faults by metric and case, as `format_case` writes it. A cell with other parameters has no row to note."""
    for name, text in faults.items():
        benchmark, _, parameters = name.partition("(")
        try:
            values = ast.literal_eval(f"({parameters.removesuffix(')')},)")
            case = parse_case(values[0]) if len(values) == 1 else dict(zip(PARAMETERS, values, strict=True))
        except (ValueError, SyntaxError, AnalysisError, AttributeError):
            continue
        yield (metric(benchmark), format_case(case)), text


def _fma(row: Mapping[Any, Any]) -> int:
    """Multiply-adds of f; n a layer where layers are element-wise."""
    widths = layer_widths(row["n"], row["m"], row["depth"], row["width"], row["profile"])
    elementwise = row["layer"] in ("elementwise", "scalar")
    return sum(a if elementwise else a * b for a, b in pairwise(widths))

"""The tidy table: one row a measurement, whatever benchmark it came from. Pure functions of tables.

Contract: :func:`tidy` makes of the raw table exactly COLUMNS. n, m, width, depth, chunk_size and processes are Int64
(missing where a benchmark has no such parameter, or chunk_size None), value, low and high float64, samples a
list of floats or None.

- The metric is the method's name (`benchmarks.catalogue.metrics`): `time_jacobian` is "seconds", `track_x` "x".
- The samples of a paired metric are one number a process, the median of its interleaved pairs, and `processes` is how
  many there are; elsewhere it is missing. value, low and high are the processes' mean and its 95 % interval
  (`analysis.intervals.over_processes`); fewer than three processes have no interval.
- Of all others value is the median, low and high its 95 % bootstrap interval where at least six samples are there;
  else asv's own interval, which is the 99 % one; else missing. What asv gives a single sample of `--quick` is
  infinite, hence missing. So are paired metrics of benchmarks of version ONE_PROCESS judged, whose samples are the
  pairs of one process, as runs before 2026-11-21 took them. What knows of such rows is here, in a curve whose
  `processes` is false (`analysis.tables.crossover`), and in the controls.
- A cell that several benchmarks measured is one row: their samples are joined, and judged together. A measurement with
  samples counts more than one without, and one that succeeded more than one that failed.
- NaN or infinity among the samples, or as the value, makes the measurement failed, with a warning that names
  the cell.
"""

import math
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MEASURE, AnalysisError, AnalysisWarning
from analysis.intervals import median_interval, over_processes
from analysis.reading.load import CASE
from analysis.reading.runs import RUN
from benchmarks.catalogue.case import INTEGERS, PARAMETERS, Case
from benchmarks.catalogue.metrics import metric, paired

COLUMNS = (
    *(*RUN, "date"),
    *("engine", "mode", "layer", "profile", "activation", "n", "m", "width", "depth", "dtype", "chunk_size"),
    *("metric", "value", "low", "high", "unit", "samples", "processes", "status"),
)
FLOATS = ("value", "low", "high")
WHOLE = (*INTEGERS, "processes")
ONE_PROCESS = "1"
"""The version of paired benchmarks whose samples are pairs of one process."""
KEY = (*RUN, *PARAMETERS, "metric")
"""The columns that name a row."""


def tidy(raw: pd.DataFrame) -> pd.DataFrame:
    """The tidy table of a raw table (`analysis.reading.load.read_results`), its rows in order of first appearance.

    Cost: 0.05 ms a row of processes, one bootstrap (about 3 ms) any other row with samples. Raises AnalysisError for a
    refinement's case that cannot be parsed; warns (AnalysisWarning) of samples that are not finite.
    """
    cells: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    units: dict[str, str] = {}
    for record in raw.to_dict(orient="records"):
        row: dict[Any, Any] = {**record, **_case(record), "metric": metric(str(record["benchmark"]))}
        cells.setdefault(tuple(row[name] for name in KEY), []).append(_checked(row))
        if not _missing(row["unit"]):
            units.setdefault(row["metric"], row["unit"])
    merged = [_merged(rows) for rows in cells.values()]
    for row in merged:
        # asv forgets the unit of a benchmark whose cases are made at run time; the metric's others have it.
        known = units.get(row["metric"], "") if _missing(row["unit"]) else row["unit"]
        row["unit"] = "s" if row["metric"].endswith("seconds") else known
    table = pd.DataFrame(merged, columns=list(COLUMNS), dtype=object)
    table = table.astype({**dict.fromkeys(WHOLE, "Int64"), **dict.fromkeys(FLOATS, "float64")})
    return table.assign(date=pd.to_datetime(table["date"], utc=True))


def case_of(row: Mapping[Any, Any]) -> Case:
    """The case of a row of the tidy table: its parameters, None where one is missing."""
    parameters: dict[str, Any] = {name: None if _missing(row[name]) else row[name] for name in PARAMETERS}
    return Case(**parameters)


def _case(record: Mapping[Any, Any]) -> dict[str, Any]:
    """The parameters of a raw row, None where missing."""
    if _missing(record[CASE]):
        return case_of(record)._asdict()
    try:
        return Case.parse(record[CASE])._asdict()
    except ValueError as error:
        raise AnalysisError(f"refinement case: {error}") from None


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value != value


def _checked(row: dict[str, Any]) -> dict[str, Any]:
    """The row, or a failed one with a warning where a number is not finite."""
    numbers = [row["value"], *(row["samples"] or ())]
    if row["status"] != "ok" or all(isinstance(x, int | float) and math.isfinite(x) for x in numbers):
        return row
    warnings.warn(
        f"{row['machine']}, commit {row['commit']}, {row['benchmark']}, {case_of(row).text}: NaN or infinity "
        f"among its samples, taken as failed; measure it anew: {MEASURE}",
        AnalysisWarning,
        stacklevel=3,
    )
    return {**row, "status": "failed"}


def _merged(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One row of all measurements of a cell."""
    good = [row for row in rows if row["status"] == "ok"]
    if not good:
        status = "failed" if any(row["status"] == "failed" for row in rows) else "skipped"
        return {**rows[0], **dict.fromkeys(FLOATS, np.nan), "samples": None, "processes": None, "status": status}
    sampled = [row for row in good if row["samples"]]
    if by_process := [row for row in sampled if _of_processes(row)]:
        samples = [float(x) for row in by_process for x in row["samples"]]
        found = over_processes(samples)
        return _row(by_process[0], found.value, found.interval, samples, len(samples))
    if sampled:
        samples = [float(x) for row in sampled for x in row["samples"]]
        ends = median_interval(samples)
        return _row(
            good[0], float(np.median(samples)), _asv_interval(sampled) if math.isnan(ends[0]) else ends, samples
        )
    return _row(good[0], float(np.median([row["value"] for row in good])), _asv_interval(good), None)


def _of_processes(row: Mapping[str, Any]) -> bool:
    """Whether each of a row's samples is what one process found."""
    return paired(row["metric"]) and not _missing(row["version"]) and row["version"] != ONE_PROCESS


def _row(
    row: dict[str, Any],
    value: float,
    ends: tuple[float, float],
    samples: list[float] | None,
    processes: int | None = None,
) -> dict[str, Any]:
    """A measured row with what was made of all its measurements."""
    found = {"value": value, "low": ends[0], "high": ends[1], "samples": samples, "processes": processes}
    return {**row, **found, "status": "ok"}


def _asv_interval(rows: list[dict[str, Any]]) -> tuple[float, float]:
    """The span of asv's own 99 % intervals; missing where one of them is missing or infinite."""
    ends = [(row["stats"] or {}).get(end, math.inf) for row in rows for end in ("ci_99_a", "ci_99_b")]
    return (min(ends), max(ends)) if all(math.isfinite(end) for end in ends) else (math.nan, math.nan)

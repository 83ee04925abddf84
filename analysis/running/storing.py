"""Adding numbers to asv's result file that asv did not take itself: by asv's own classes, so that the file is asv's.

Contract: :func:`added` changes one result file in place: the caller stages it. It holds results of the benchmarks that
the folder's `benchmarks.json` describes (asv writes that with each of its calls), and of the refinements, whose list of
cases no description has. The classes are those of the series that pyproject.toml pins; asv has no command that stores
what was measured elsewhere (it has one that imports nothing, and `--append-samples` of what it measures itself).
"""

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from asv.results import Results
from asv.runner import BenchmarkResult

from analysis.errors import AnalysisError
from analysis.reading.load import SUITE
from analysis.reading.schema import DamagedError, json_of, opened, results_of
from analysis.running.plan import REFINE, Batch
from benchmarks.catalogue.taken import OF_PROCESSES, Taken


def added(path: Path, results: Path, found: Sequence[Taken], cases: Sequence[str]) -> None:
    """Append the numbers in `found` to the samples of their cells in asv's file at `path`.

    `results` is the folder with the descriptions, `cases` the refinements' list. Where a process failed, the cell
    failed, whatever others had of it.
    """
    described = described_in(results)
    described[REFINE] = {"name": REFINE, "version": OF_PROCESSES, "params": [[repr(case) for case in cases]]}
    stored = Results.load(str(path))
    by_benchmark: dict[str, dict[tuple[str, ...], Taken]] = {}
    for taken in found:
        by_benchmark.setdefault(taken.benchmark, {})[taken.parameters] = taken
    for name, cells in by_benchmark.items():
        places = {key: i for i, key in enumerate(itertools.product(*described[name]["params"]))}
        result: list[float | None] = [math.nan] * len(places)
        samples: list[list[float] | None] = [None] * len(places)
        number: list[int | None] = [None] * len(places)
        for parameters, taken in cells.items():
            place = places[parameters]
            if taken.status == "ok":
                result[place], samples[place], number[place] = taken.value, [float(taken.value or 0.0)], 1
            elif taken.status == "failed":
                result[place] = None
        stored.add_result(
            described[name],
            BenchmarkResult(result=result, samples=samples, number=number, errcode=0, stderr="", profile=None),
            duration=sum(taken.seconds for taken in cells.values()),
            record_samples=True,
            append_samples=True,
            selected_idx={places[parameters] for parameters in cells},
        )
    stored.save(str(path.parents[1]))


def described_in(results: Path) -> dict[str, Any]:
    """asv's descriptions of the benchmarks, by name."""
    path = results / SUITE
    try:
        return {name: each for name, each in json_of(opened(path)).items() if name != "version"}
    except (DamagedError, AttributeError) as error:
        raise AnalysisError(f"{path} is damaged ({error}); delete it with `rm '{path}'` and run again") from None


def durations(path: Path, batch: Batch) -> dict[str, float]:
    """The seconds that a batch's cells of each benchmark took together, as asv noted them."""
    rows = results_of(opened(path))[1].rows
    return {name: rows[name].duration or 0.0 for name in batch.by_benchmark if name in rows}

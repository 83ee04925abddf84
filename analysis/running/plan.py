"""What is left to measure and in which batches: pure functions, no clock, no files, no processes.

A cell is one benchmark at one combination of parameters, written as asv writes it: the benchmark's name and the `repr`
of each parameter. A batch is one call of asv. Batches are short, because asv keeps nothing of a call that is
interrupted.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.errors import AnalysisError

BATCH_SECONDS = 20.0
GUESSED_SECONDS = 0.4  # a cell's time before any of its benchmark was measured
REFINE = "crossover.Refine.track_log_ratio"
CONTROL = "crossover.Control.track_log_ratio"

Parameters = tuple[str, ...]
Cell = tuple[str, Parameters]


@dataclass(frozen=True)
class Batch:
    """Cells of one benchmark that one call of asv measures."""

    benchmark: str
    cells: tuple[Parameters, ...]


def unfinished(wanted: Mapping[str, Sequence[Sequence[str]]], finished: Collection[Cell]) -> list[Cell]:
    """The `wanted` cells (benchmark name -> list of parameter reprs) that are not among the `finished`, in order.

    But the controls come first: what they say of the machine should be known before the rest is measured.
    """
    names = sorted(wanted, key=lambda name: name != CONTROL)
    cells = [(name, tuple(parameters)) for name in names for parameters in wanted[name]]
    return [cell for cell in dict.fromkeys(cells) if cell not in finished]


def picked(
    wanted: Mapping[str, Sequence[Sequence[str]]], only: Mapping[str, Sequence[Sequence[str]]], preset: str
) -> dict[str, list[list[str]]]:
    """Of the `wanted` cells of a preset those that `only` names; AnalysisError where it names another."""
    found = {}
    for name, combinations in only.items():
        there = set(map(tuple, wanted.get(name, ())))
        found[name] = [list(parameters) for parameters in combinations]
        for parameters in map(tuple, combinations):
            if parameters not in there:
                raise AnalysisError(
                    f"--cells: preset {preset} has no cell {name}({', '.join(parameters)}) here; list those that there "
                    f"are: python -m benchmarks cells --preset {preset}"
                )
    return found


def batches(cells: Iterable[Cell], rates: Mapping[str, float], seconds: float = BATCH_SECONDS) -> list[Batch]:
    """Cut `cells` into batches of one benchmark each of about `seconds`, by the `rates` (seconds a cell) known."""
    by_name: dict[str, list[Parameters]] = {}
    for name, parameters in cells:
        by_name.setdefault(name, []).append(parameters)
    cut = []
    for name, combinations in by_name.items():
        size = max(1, int(seconds / rates.get(name, GUESSED_SECONDS)))
        cut += [Batch(name, tuple(combinations[i : i + size])) for i in range(0, len(combinations), size)]
    return cut


def remaining_seconds(left: Iterable[Batch], rates: Mapping[str, float]) -> float:
    """The expected time of the batches that are `left`."""
    return sum(len(batch.cells) * rates.get(batch.benchmark, GUESSED_SECONDS) for batch in left)


def pattern(batch: Batch) -> str:
    """The regular expression that makes asv's `-b` select exactly the batch's cells.

    asv searches it in `name(parameter, parameter)`, or in the bare name of a benchmark without parameters.
    """
    name = re.escape(batch.benchmark)
    if batch.cells == ((),):
        return f"^{name}$"
    choices = "|".join(re.escape(", ".join(parameters)) for parameters in batch.cells)
    return rf"^{name}\((?:{choices})\)$"


def affordable(cases: Sequence[str], seconds_left: float, seconds_each: float) -> tuple[list[str], list[str]]:
    """Split refinement `cases` into those that fit into `seconds_left`, and those that have to be left out."""
    count = max(0, min(len(cases), int(seconds_left / max(seconds_each, 1e-9))))
    return list(cases[:count]), list(cases[count:])

"""What is left to measure and in which batches: pure functions, no clock, no files, no processes.

A cell is one benchmark at one combination of parameters, written as asv writes it: the benchmark's name and the `repr`
of each parameter. There are two kinds. A ratio is measured in several fresh processes, spread over the run: a batch of
ratios is one process, which takes one number of each. Everything else asv measures once: a batch is one call of asv.
Batches are short, because nothing is kept of one that is interrupted; and of several benchmarks, because it takes a
call of asv two seconds to begin.
"""

import ast
import random
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.errors import AnalysisError
from benchmarks.catalogue.engines import ENGINES
from benchmarks.catalogue.metrics import metric, paired

BATCH_SECONDS = 20.0
GUESSED_SECONDS = 0.4  # a cell's time before any of its benchmark was measured
GUESSED_RATIO_SECONDS = 0.15  # the same, of one process of a ratio
REFINE = "crossover.Refine.track_log_ratio"
CONTROL = "crossover.Control.track_log_ratio"
FIRST = "environment.Environment.track_blas_threads"
"""What is measured before all else: it takes an instant, and asv has then made the file that ratios are added to."""

Parameters = tuple[str, ...]
Cell = tuple[str, Parameters]


@dataclass(frozen=True)
class Batch:
    """Cells that are measured together: ratios by one process, others by one call of asv."""

    cells: tuple[Cell, ...]

    @property
    def by_benchmark(self) -> dict[str, list[Parameters]]:
        """The parameters of its cells by benchmark."""
        found: dict[str, list[Parameters]] = {}
        for name, parameters in self.cells:
            found.setdefault(name, []).append(parameters)
        return found

    @property
    def engines(self) -> list[str]:
        """The engines of its cells."""
        return sorted({engine(cell) for cell in self.cells} - {""})


def ratio(cell: Cell) -> bool:
    """Whether a cell is a ratio, measured in several processes."""
    return paired(metric(cell[0]))


def engine(cell: Cell) -> str:
    """A cell's engine: its first parameter, or the first that its text names; "" of a cell without parameters."""
    if not cell[1]:
        return ""
    return str(ast.literal_eval(cell[1][0])).split()[0].removeprefix("engine=")


def unfinished(wanted: Mapping[str, Sequence[Sequence[str]]], finished: Collection[Cell]) -> list[Cell]:
    """The `wanted` cells (benchmark name -> list of parameter reprs) that are not among the `finished`, in order.

    But FIRST comes first, and then the controls: what they say of the machine should be known before the rest.
    """
    names = sorted(wanted, key=lambda name: (name != FIRST, name != CONTROL))
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
    """Cut `cells` into batches of about `seconds`, in their order, by the `rates` (seconds a cell) known."""
    cut: list[list[Cell]] = []
    left = 0.0
    for cell in cells:
        took = rate(cell, rates)
        if not cut or left < took:
            cut.append([])
            left = seconds
        cut[-1].append(cell)
        left -= took
    return [Batch(tuple(part)) for part in cut]


def processes(
    cells: Iterable[Cell], rates: Mapping[str, float], draw: random.Random, seconds: float = BATCH_SECONDS
) -> list[Batch]:
    """The processes that take one number each of these ratios: in an order drawn anew, about `seconds` a process.

    A library that has threads and memory of its own has processes of its own: none holds two of them.
    """
    drawn = list(cells)
    draw.shuffle(drawn)
    apart: dict[tuple[str, ...], list[Cell]] = {}
    for cell in drawn:
        row = ENGINES.get(engine(cell))
        apart.setdefault(() if row is None else tuple(sorted(row.requires)), []).append(cell)
    made = [batch for part in apart.values() for batch in batches(part, rates, seconds)]
    draw.shuffle(made)
    return made


def rate(cell: Cell, rates: Mapping[str, float]) -> float:
    """The seconds that a cell is expected to take."""
    return rates.get(cell[0], GUESSED_RATIO_SECONDS if ratio(cell) else GUESSED_SECONDS)


def expected_seconds(cells: Iterable[Cell], rates: Mapping[str, float]) -> float:
    """The expected time of these cells, of ratios that of one process each."""
    return sum(rate(cell, rates) for cell in cells)


def pattern(batch: Batch) -> str:
    """The regular expression that makes asv's `-b` select exactly the batch's cells.

    asv searches it in `name(parameter, parameter)`, or in the bare name of a benchmark without parameters.
    """
    choices = []
    for benchmark, cells in batch.by_benchmark.items():
        if cells == [()]:
            choices.append(re.escape(benchmark))
        else:
            parameters = "|".join(re.escape(", ".join(each)) for each in cells)
            choices.append(rf"{re.escape(benchmark)}\((?:{parameters})\)")
    return rf"^(?:{'|'.join(choices)})$"


def affordable(cells: Sequence[Cell], seconds_left: float, rates: Mapping[str, float]) -> tuple[list[Cell], list[Cell]]:
    """Split `cells` into those that fit into `seconds_left`, and those that have to be left out."""
    now: list[Cell] = []
    for i, cell in enumerate(cells):
        seconds_left -= rate(cell, rates)
        if seconds_left < 0:
            return now, list(cells[i:])
        now.append(cell)
    return now, []

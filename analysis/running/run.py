"""One run as it is measured: batch after batch of what is missing, then more of what decides."""

import math
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from asv.results import get_filename

from analysis.errors import NoResultsError
from analysis.reading.load import read_results
from analysis.reading.provenance import FILE, with_faults
from analysis.reading.runs import only_run
from analysis.reading.tidy import tidy
from analysis.running.plan import (
    CONTROL,
    GUESSED_RATIO_SECONDS,
    REFINE,
    Batch,
    Cell,
    affordable,
    batches,
    expected_seconds,
    processes,
    ratio,
    unfinished,
)
from analysis.running.progress import Progress
from analysis.running.suite import Suite
from analysis.tables.allocation import wanted
from analysis.tables.crossover import brackets, controls
from analysis.tables.noise import NO_CONTROL, word
from analysis.text import counted
from benchmarks.catalogue.metrics import metric, paired
from benchmarks.catalogue.presets import LEAST, MOST
from benchmarks.catalogue.taken import AGAIN, Taken

STARTING = 0.5
"""Seconds that a process takes before its first ratio."""
REFINED_BY = "crossover.Map.track_log_ratio"  # the same work as a refinement: its rate is the first guess


@dataclass
class Run:
    """One machine, environment and commit being measured.

    `asked` are the cells of this run, `samples` is what the processes said so far of each ratio, `disturbed` how often
    one was taken again because its process shared its core, `given_up` those that a process failed at; `draw` shuffles.
    """

    suite: Suite
    machine: str
    env: str
    progress: Progress
    asked: set[Cell] = field(default_factory=set)
    samples: dict[Cell, list[float]] = field(default_factory=dict)
    disturbed: Counter[Cell] = field(default_factory=Counter)
    given_up: set[Cell] = field(default_factory=set)
    draw: random.Random = field(default_factory=random.Random)

    @property
    def file(self) -> Path:
        """Where asv keeps the results of this run, in the folder of results."""
        return Path(get_filename(self.machine, self.suite.checkout.commit, self.env))

    @property
    def least(self) -> int:
        """Processes that each ratio rests on."""
        return LEAST[self.suite.preset]

    @property
    def most(self) -> int:
        """Processes that a ratio rests on where it decides."""
        return MOST[self.suite.preset]

    @property
    def commit(self) -> str:
        """The commit as the tables name it."""
        return self.suite.checkout.commit + ("+dirty" if self.suite.checkout.digest else "")

    @property
    def place(self) -> dict[str, str]:
        """What names this run in every table and record."""
        return {"machine": self.machine, "env": self.env, "commit": self.commit}

    def record(self, provenance: bytes) -> None:
        """Keep what is known of this run beside its results."""
        self.suite.writer.write_whole(self.suite.results / FILE, provenance)

    def rows(self) -> pd.DataFrame:
        """What is stored of this run: rows of the raw table, or an empty table."""
        try:
            raw = read_results(self.suite.results)
        except NoResultsError:
            return pd.DataFrame()
        return only_run(raw, self.place)

    def unfinished(self, cells: Mapping[str, Sequence[Sequence[str]]]) -> list[Cell]:
        """Those of a preset's cells that are not measured, ratios those that lack processes."""
        rows = self.rows()
        self.samples = samples_of(rows)
        self.asked = set(unfinished(cells, ()))
        return unfinished(cells, finished_cells(rows, self.least))

    def failed(self) -> tuple[str, ...]:
        """The names of the cells that failed."""
        rows = self.rows()
        lost = rows[rows["status"] == "failed"] if len(rows) else rows
        return tuple(f"{row['benchmark']}({', '.join(row['parameters'])})" for row in lost.to_dict("records"))

    def measure(self, cells: Sequence[Cell]) -> None:
        """Measure `cells`: what is measured once in as many portions as ratios have processes, one after each pass over
        the ratios, so that the processes of a ratio lie all over the run."""
        if cells and not (self.suite.results / self.file).exists():
            # What processes say is added to a file that asv makes with the first cell that it measures.
            first = next((cell for cell in cells if not ratio(cell)), cells[0])
            self.once([first], [cell for cell in cells[1:] for _ in range(self.lacking(cell) or 1)])
            self.samples = samples_of(self.rows())
            cells = [cell for cell in cells if cell != first]
        ratios, rest = [cell for cell in cells if ratio(cell)], [cell for cell in cells if not ratio(cell)]
        passes = max((self.lacking(cell) for cell in ratios), default=0)
        for number in range(passes):
            share = math.ceil(len(rest) / (passes - number))
            now, rest = rest[:share], rest[share:]
            due = [cell for cell in ratios if self.lacking(cell) >= passes - number]
            later = [cell for cell in ratios for _ in range(min(self.lacking(cell), passes - number - 1))]
            self.once(now, [*due, *later, *rest])
            self.pass_over(due, [*later, *rest])
        self.once(rest, [])
        while again := [cell for cell in ratios if self.lacking(cell)]:  # those whose processes shared their core
            self.pass_over(again, [])
        if any(cell[0] == CONTROL for cell in ratios):
            self.progress.show(self.control())

    def once(self, cells: Sequence[Cell], later: Sequence[Cell]) -> None:
        """Measure by asv, batch by batch; the plan is made anew after each, by the pace found. `later` is what comes
        after them, for the time that is told."""
        while cells:
            left = batches(cells, self.progress.rates)
            with self.watched(left, later) as batch:
                faults, took = self.suite.measure(batch)
            self.note(faults)
            for name, parameters in batch.by_benchmark.items():
                if name in took:
                    self.progress.rates[name] = took[name] / len(parameters)
            cells = [cell for other in left[1:] for cell in other.cells]

    def pass_over(self, cells: Sequence[Cell], later: Sequence[Cell]) -> None:
        """Take one number more of each of these ratios."""
        left = processes(cells, self.progress.rates, self.draw)
        while left:
            with self.watched(left, later) as batch:
                found, faults = self.suite.take(batch)
                self.suite.store([taken for taken in found if self.counts(taken)], self.file)
            self.note(faults)
            self.progress.paced(found)
            del left[0]

    @contextmanager
    def watched(self, left: Sequence[Batch], later: Sequence[Cell]) -> Iterator[Batch]:
        """Announce the first of the batches `left`, and say how far it has come while it is measured."""
        self.progress.heading(left, later)
        with self.progress.watching(left[0], self.suite.begun):
            yield left[0]
        self.progress.done += 1

    def counts(self, taken: Taken) -> bool:
        """Take note of what a process said; False where it is to be taken again, because it shared its core."""
        cell = (taken.benchmark, taken.parameters)
        if taken.disturbed and self.disturbed[cell] < AGAIN:
            self.disturbed[cell] += 1
            return False
        if taken.value is None:
            self.given_up.add(cell)
        else:
            self.samples.setdefault(cell, []).append(taken.value)
        return True

    def lacking(self, cell: Cell) -> int:
        """How many processes a ratio lacks of the least that it should have; none where one of them failed."""
        return 0 if cell in self.given_up else max(0, self.least - len(self.samples.get(cell, ())))

    def note(self, faults: dict[str, str]) -> None:
        if faults:
            self.record(with_faults(self.suite.results, **self.place, faults=faults))

    def control(self) -> str:
        """What the A/A controls measured so far say of this machine, in a line."""
        rows = self.rows()
        return word(controls(tidy(rows))) if len(rows) else NO_CONTROL

    def sharpen(self, deadline: float) -> list[str]:
        """More processes where they decide, and sizes between those measured around each crossover, pass by pass, until
        nothing is gained by it.

        Returns the names of the ratios left as they are because the run would have lasted longer than `deadline`
        seconds.
        """
        self.progress.rates.setdefault(REFINE, self.progress.rates.get(REFINED_BY, GUESSED_RATIO_SECONDS))
        while True:
            asked, rates = self.undecided(), self.progress.rates
            begun = [cell for cell in asked if self.lacking(cell)]  # sizes that are new, and have no interval yet
            more = [cell for cell in asked if not self.lacking(cell)]
            new = [] if begun else self.refinements()
            room = deadline - self.progress.elapsed() - STARTING - expected_seconds(begun, rates)
            # Who begins with a size needs the time for all of its processes: with fewer it has no interval.
            new, out = affordable(new, room / self.least - STARTING, rates)
            more, left_out = affordable(more, room - self.least * expected_seconds(new, rates), rates)
            due = [*begun, *new, *more]
            if not due:
                return [named(cell) for cell in (*out, *left_out)]
            sizes = sum(cell not in self.samples for cell in due)
            at = f", {sizes} of them at sizes between those measured" if sizes else ""
            self.progress.show(f"Further processes: {counted(len(due), 'ratio')}{at}.")
            self.pass_over(due, [])

    def undecided(self) -> list[Cell]:
        """The ratios of this run that more processes would make surer, as sure as they should be."""
        mine = {cell: self.samples[cell] for cell in self.samples if cell in self.asked or cell[0] == REFINE}
        numbers = wanted(
            {cell: found for cell, found in mine.items() if cell not in self.given_up}, self.least, self.most
        )
        return [cell for cell, number in numbers.items() if number > len(mine[cell])]

    def refinements(self) -> list[Cell]:
        """The sizes to measure next, between those measured; none twice."""
        rows = self.rows()
        rows = rows[rows["benchmark"].map(metric) == "log_ratio"] if len(rows) else rows  # the rest takes seconds
        cases = [] if rows.empty else brackets(tidy(rows))["case"].tolist()
        cells = [(REFINE, (repr(case),)) for case in cases]
        return [cell for cell in cells if cell not in self.samples and cell not in self.given_up]


def named(cell: Cell) -> str:
    """A cell as a run writes it."""
    return f"{cell[0]}({', '.join(cell[1])})"


def finished_cells(rows: pd.DataFrame, least: int) -> set[Cell]:
    """The cells among the raw `rows` that were measured, ratios (metrics log_...) in at least `least` processes."""
    found = set()
    for row in rows.to_dict("records"):
        enough = not paired(metric(row["benchmark"])) or len(row["samples"] or ()) >= least
        if row["status"] == "ok" and enough:
            found.add((row["benchmark"], tuple(row["parameters"])))
    return found


def samples_of(rows: pd.DataFrame) -> dict[Cell, list[float]]:
    """What the processes said so far of each ratio among the raw `rows`."""
    return {
        (row["benchmark"], tuple(row["parameters"])): list(row["samples"] or ())
        for row in rows.to_dict("records")
        if row["status"] == "ok" and paired(metric(row["benchmark"]))
    }

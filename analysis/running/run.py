"""One run as it is measured: batch after batch of what is missing, then between the grid points around crossovers."""

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.errors import NoResultsError
from analysis.reading.load import read_results
from analysis.reading.provenance import FILE, with_faults
from analysis.reading.runs import only_run
from analysis.reading.tidy import tidy
from analysis.running.plan import CONTROL, GUESSED_SECONDS, REFINE, Batch, Cell, affordable, batches, unfinished
from analysis.running.progress import Progress
from analysis.running.suite import Suite
from analysis.tables.crossover import brackets, controls
from analysis.tables.noise import NO_CONTROL, word
from analysis.text import counted
from benchmarks.catalogue.metrics import metric, paired

REFINED_BY = "crossover.Map.track_log_ratio"  # the same work as a refinement: its rate is the first guess


@dataclass
class Run:
    """One machine, environment and commit being measured."""

    suite: Suite
    machine: str
    env: str
    progress: Progress

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

    def finished(self) -> set[Cell]:
        """The cells stored that rest on enough samples for this run's preset."""
        return finished_cells(self.rows(), self.suite.pairs)

    def failed(self) -> tuple[str, ...]:
        """The names of the cells that failed."""
        rows = self.rows()
        lost = rows[rows["status"] == "failed"] if len(rows) else rows
        return tuple(f"{row['benchmark']}({', '.join(row['parameters'])})" for row in lost.to_dict("records"))

    def measure(self, cells: Sequence[Cell]) -> None:
        """Measure `cells` batch by batch; the plan is made anew after each, by the pace found."""
        while cells:
            left = batches(cells, self.progress.rates)
            self.progress.heading(left[0], left)
            started = time.monotonic()
            with self.progress.watching(left[0], self.suite.begun):
                faults = self.suite.measure(left[0])
            if faults:
                self.record(with_faults(self.suite.results, **self.place, faults=faults))
            self.progress.timed(left[0], time.monotonic() - started)
            if left[0].benchmark == CONTROL:
                self.progress.show(self.control())
            cells = list(flattened(left[1:]))

    def control(self) -> str:
        """What the A/A controls measured so far say of this machine, in a line."""
        rows = self.rows()
        return word(controls(tidy(rows))) if len(rows) else NO_CONTROL

    def refine(self, deadline: float) -> list[str]:
        """Measure between the grid points around each crossover, round by round, until nothing is gained by it.

        Returns the cases left out because the run would have lasted longer than `deadline` seconds.
        """
        tried: set[str] = set()
        for number in itertools.count(1):
            cases = [case for case in self.refinements() if case not in tried]
            rates = self.progress.rates
            pace = rates.get(REFINE, rates.get(REFINED_BY, GUESSED_SECONDS))
            now, left_out = affordable(cases, deadline - self.progress.elapsed(), pace)
            if not now:
                return left_out
            self.progress.show(f"Refinement {number}: {counted(len(now), 'size')} between those measured.")
            tried.update(now)
            cells = [(REFINE, (repr(case),)) for case in now]
            rates.setdefault(REFINE, pace)
            self.measure(cells)
        return []

    def refinements(self) -> list[str]:
        """The cases to measure next: refinements that rest on too few pairs for this preset, then new ones."""
        rows = self.rows()
        if rows.empty:
            return []
        before = {REFINE: rows.loc[rows["benchmark"] == REFINE, "parameters"].tolist()}
        thin = unfinished(before, finished_cells(rows, self.suite.pairs))
        texts = rows.loc[rows["benchmark"] == REFINE].set_index("parameters")["case"].to_dict()
        return list(dict.fromkeys([*(texts[cell[1]] for cell in thin), *brackets(tidy(rows))["case"]]))


def finished_cells(rows: pd.DataFrame, pairs: int) -> set[Cell]:
    """The cells among the raw `rows` that were measured, paired ones (metrics log_...) with at least `pairs` pairs."""
    found = set()
    for row in rows.to_dict("records"):
        enough = not paired(metric(row["benchmark"])) or len(row["samples"] or ()) >= pairs
        if row["status"] == "ok" and enough:
            found.add((row["benchmark"], tuple(row["parameters"])))
    return found


def flattened(plan: list[Batch]) -> Iterator[Cell]:
    """The cells of the batches, in order."""
    for batch in plan:
        for parameters in batch.cells:
            yield batch.benchmark, parameters

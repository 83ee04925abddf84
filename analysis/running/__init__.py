"""Measures: drives asv in short batches, from where the last run stopped, then refines around the crossovers.

Contract: :func:`measure` leaves asv's results in a folder and returns what was measured; it draws and reports nothing,
and what it writes it has written by the `Writer` that it is handed.
An interruption (KeyboardInterrupt) passes through; every batch that had ended is kept by then, and the next call with
the same folder goes on from there.

    writer -> checkout; plan, output -> suite -> this        (a -> b: b imports a)
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from analysis.errors import NoResultsError
from analysis.reading.load import read_results
from analysis.reading.merge import shard
from analysis.reading.provenance import FILE, current_versions, with_faults, with_versions
from analysis.reading.runs import only_run
from analysis.reading.tidy import metric, tidy
from analysis.running.checkout import read_checkout, results_folder
from analysis.running.plan import (
    GUESSED_SECONDS,
    REFINE,
    Batch,
    Cell,
    affordable,
    batches,
    remaining_seconds,
    unfinished,
)
from analysis.running.suite import Suite
from analysis.running.writer import Writer
from analysis.tables.crossover import brackets
from analysis.text import clock, counted
from benchmarks.catalogue.presets import PAIRS, TIME_LIMIT

REPORT_SECONDS = 20.0  # kept free for the report
REFINED_BY = "crossover.Map.track_log_ratio"  # the same work as a refinement: its rate is the first guess


@dataclass(frozen=True)
class Measured:
    """Where the results are, which run of them this was, and what is missing from it."""

    results: Path
    run: dict[str, str]
    failed: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass
class Progress:
    """Numbered headings with the time elapsed and the time expected, and the pace of each benchmark so far."""

    show: Callable[[str], None]
    started: float = field(default_factory=time.monotonic)
    rates: dict[str, float] = field(default_factory=dict)
    done: int = 0

    def elapsed(self) -> float:
        return time.monotonic() - self.started

    def heading(self, batch: Batch, left: list[Batch]) -> None:
        """Announce `batch`, the first of those `left`."""
        expected = clock(remaining_seconds(left, self.rates))
        self.show(
            f"[{self.done + 1}/{self.done + len(left)}] {batch.benchmark}: {counted(len(batch.cells), 'cell')} "
            f"({clock(self.elapsed())} elapsed, about {expected} to go)"
        )

    def timed(self, batch: Batch, seconds: float) -> None:
        """Take note that a batch took `seconds`."""
        self.done += 1
        self.rates[batch.benchmark] = seconds / len(batch.cells)


def measure(
    root: Path,
    preset: str,
    results: Path,
    report: Path,
    show: Callable[[str], None],
    writer: Writer,
    engines: str | None = None,
    part: tuple[int, int] = (1, 1),
) -> Measured:
    """Measure what a preset's cells still lack in `results`, for the code checked out in `root`, then refine.

    `engines` names them, separated by commas (None: the suite's own choice); `part` is (i, k) for part i of k.

    `report` is named only to keep generated files apart from the code. Lines for the user go to `show`. Raises
    AnalysisError where the checkout, the results folder or asv does not allow it.
    """
    generated = [results, results.with_name(results.name + "-dirty"), report]
    checkout = read_checkout(root, generated)
    folder = results_folder(results, checkout, writer)
    if checkout.digest is not None:
        show(f"The work tree differs from commit {checkout.commit[:8]}: results go to {folder}, marked as dirty.")
    suite = Suite(root, folder, checkout, PAIRS[preset], lambda: read_checkout(root, generated), show, writer)
    run = Run(suite, suite.machine_name(), suite.environment_name(), Progress(show))
    run.record(with_versions(folder, **run.place, versions=current_versions(root), engines=suite.engines()))
    wanted = suite.cells(preset, engines)
    if part != (1, 1):
        wanted = shard(wanted, *part)
        show(f"Part {part[0]} of {part[1]}: `python -m analysis merge` joins the parts' results.")
    count = sum(map(len, wanted.values()))
    missing = unfinished(wanted, run.finished())
    kept = f", {count - len(missing)} of them measured before" if len(missing) < count else ""
    show(f"Preset {preset}: {count} cells{kept}; machine {run.machine}, commit {run.commit[:8]}.")
    run.measure(missing)
    left_out = run.refine(TIME_LIMIT[preset] - REPORT_SECONDS)
    return Measured(folder, run.place, run.failed(), tuple(left_out))


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
            faults = self.suite.measure(left[0])
            if faults:
                self.record(with_faults(self.suite.results, **self.place, faults=faults))
            self.progress.timed(left[0], time.monotonic() - started)
            cells = list(flattened(left[1:]))

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
        paired = metric(row["benchmark"]).startswith("log_")
        if row["status"] == "ok" and (not paired or len(row["samples"] or ()) >= pairs):
            found.add((row["benchmark"], tuple(row["parameters"])))
    return found


def flattened(plan: list[Batch]) -> Iterator[Cell]:
    """The cells of the batches, in order."""
    for batch in plan:
        for parameters in batch.cells:
            yield batch.benchmark, parameters

"""What a run tells while it measures: where it is, how long that took, and how long the rest will."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from analysis.running.output import quiet
from analysis.running.plan import Batch, Cell, expected_seconds, ratio
from analysis.text import clock, counted
from benchmarks.catalogue.taken import Taken

TICK = 1.0  # seconds from one look at a batch to the next
LINE = 60.0  # seconds after which a batch that goes on is worth a line of its own: in a log nobody sees the status


@dataclass
class Progress:
    """Numbered headings with the time elapsed and the time expected, and the pace of each benchmark so far.

    `show` prints a line; `status` replaces the one line at the foot of a terminal, "" for none.
    """

    show: Callable[[str], None]
    status: Callable[[str], None] = quiet
    started: float = field(default_factory=time.monotonic)
    rates: dict[str, float] = field(default_factory=dict)
    done: int = 0

    def elapsed(self) -> float:
        return time.monotonic() - self.started

    def heading(self, left: Sequence[Batch], later: Sequence[Cell]) -> None:
        """Announce the first of the batches `left`, behind which come the cells `later`."""
        cells = [*(cell for batch in left for cell in batch.cells), *later]
        expected = clock(expected_seconds(cells, self.rates))
        self.show(f"[{self.done + 1}] {named(left[0])} ({clock(self.elapsed())} elapsed, about {expected} to go)")

    @contextmanager
    def watching(self, batch: Batch, begun: Path) -> Iterator[None]:
        """Say how far `batch` has come while it is measured, by the file to which each of its cells says that it
        begins."""
        over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(batch, begun, over), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            over.set()
            watcher.join()
            self.status("")

    def _watch(self, batch: Batch, begun: Path, over: threading.Event) -> None:
        since = said = time.monotonic()
        while not over.wait(TICK):
            now = time.monotonic()
            text = within(batch, _cells(begun))
            self.status(text)
            if now - said >= LINE:
                self.show(f"  {text} ({clock(now - since)})")
                said = now

    def paced(self, found: Sequence[Taken]) -> None:
        """Take note of what cells took, as their process says: the mean of a benchmark's."""
        by_benchmark: dict[str, list[float]] = {}
        for taken in found:
            by_benchmark.setdefault(taken.benchmark, []).append(taken.seconds)
        self.rates |= {name: sum(seconds) / len(seconds) for name, seconds in by_benchmark.items()}


def named(batch: Batch) -> str:
    """A batch in words."""
    names = list(batch.by_benchmark)
    others = f" and {len(names) - 1} others" if len(names) > 2 else f", {names[1]}" if len(names) > 1 else ""
    if ratio(batch.cells[0]):
        return f"{counted(len(batch.cells), 'ratio')} in one process: {names[0]}{others}"
    return f"{counted(len(batch.cells), 'cell')}: {names[0]}{others}"


def within(batch: Batch, begun: list[str]) -> str:
    """How far a batch has come whose cells `begun` have begun, in the order in which they did."""
    cells = list(dict.fromkeys(begun))
    if not cells:
        return f"{counted(len(batch.cells), 'cell')}: starting"
    case = dict(part.partition("=")[::2] for part in cells[-1].split())
    sizes = ", ".join(f"{name} {case[name]}" for name in ("engine", "mode", "n", "m", "width", "depth") if name in case)
    return f"cell {min(len(cells), len(batch.cells))} of {len(batch.cells)}, {sizes}"


def _cells(begun: Path) -> list[str]:
    try:
        return begun.read_text(encoding="utf-8").splitlines()
    except OSError:  # not there yet, or gone with the batch
        return []

"""What a run tells while it measures: where it is, how long that took, and how long the rest will."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from analysis.running.output import quiet
from analysis.running.plan import Batch, remaining_seconds
from analysis.text import clock, counted

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

    def heading(self, batch: Batch, left: list[Batch]) -> None:
        """Announce `batch`, the first of those `left`."""
        expected = clock(remaining_seconds(left, self.rates))
        self.show(
            f"[{self.done + 1}/{self.done + len(left)}] {batch.benchmark}: {counted(len(batch.cells), 'cell')} "
            f"({clock(self.elapsed())} elapsed, about {expected} to go)"
        )

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

    def timed(self, batch: Batch, seconds: float) -> None:
        """Take note that a batch took `seconds`."""
        self.done += 1
        self.rates[batch.benchmark] = seconds / len(batch.cells)


def within(batch: Batch, begun: list[str]) -> str:
    """How far a batch has come whose cells `begun` have begun, in the order in which they did."""
    cells = list(dict.fromkeys(begun))
    if not cells:
        return f"{batch.benchmark}: starting"
    case = dict(part.partition("=")[::2] for part in cells[-1].split())
    sizes = ", ".join(f"{name} {case[name]}" for name in ("engine", "mode", "n", "m", "width", "depth") if name in case)
    return f"{batch.benchmark}: cell {min(len(cells), len(batch.cells))} of {len(batch.cells)}, {sizes}"


def _cells(begun: Path) -> list[str]:
    try:
        return begun.read_text(encoding="utf-8").splitlines()
    except OSError:  # not there yet, or gone with the batch
        return []

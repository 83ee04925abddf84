"""What a run tells while it measures: where it is, how long that took, and how long the rest will."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from analysis.running.plan import Batch, remaining_seconds
from analysis.text import clock, counted


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

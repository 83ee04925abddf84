"""Which core a run measures on, and whether this machine is quiet enough to measure at all: said before anything is.

Contract: pure functions of what `python -m benchmarks quietness` found on each core, an A/A control in a third of a
second. The quieter core is taken. A busy machine is no error: what is measured there is measured, and judged by the
controls of the run itself; but nobody should learn of it only after the run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from analysis.intervals import FEWEST, median_interval
from analysis.tables.crossover import MARGIN

TAKEN = 0.1
"""Share of a core's time that others may take: a neighbour that computes all the time takes half, a desktop 2 %."""
TOLD_APART = 0.05
"""Log ratio that the A/A control of a quiet core resolves, in its third of a second."""


@dataclass(frozen=True)
class Core:
    """What one core gave: its number (None where none can be chosen), the share of its time that others took, the log
    ratio of forward mode over itself with its interval, and its spread."""

    number: int | None
    taken: float
    value: float
    low: float
    high: float
    spread: float

    @property
    def quiet(self) -> bool:
        off = abs(self.value) > MARGIN and not self.low <= 0 <= self.high
        return self.taken <= TAKEN and not off and max(-self.low, self.high) <= TOLD_APART

    @property
    def said(self) -> str:
        """The A/A control in words."""
        value, low, high = np.exp([self.value, self.low, self.high])
        return f"there forward mode takes {value:.3f} [{low:.3f}, {high:.3f}] times as long as itself"


def judged(found: Sequence[Mapping[str, Any]]) -> list[Core]:
    """The cores as they were found, the quietest first; without those whose samples are too few for an interval."""
    cores = []
    for each in found:
        samples = [float(sample) for sample in each["samples"]]
        if len(samples) < FEWEST:
            continue
        low, high = median_interval(samples)
        taken = max(0.0, 1.0 - float(each["share"]))
        cores.append(Core(each["core"], taken, float(np.median(samples)), low, high, float(stats.iqr(samples))))
    return sorted(cores, key=lambda core: (not core.quiet, round(core.taken, 1), core.spread))


def sentences(cores: Sequence[Core]) -> list[str]:
    """What a user is told of them, the quietest first, before the run: a line or two."""
    if not cores:
        return []
    best, others = cores[0], cores[1:]
    busy = sorted(core.number for core in others if not core.quiet and core.number is not None)
    where = "this core" if best.number is None else f"core {best.number}"
    if best.quiet:
        left = f", since {_cores(busy)} busy" if busy else ""
        on = "" if best.number is None or not others else f" Measuring on core {best.number}{left}."
        return [f"Control (A/A): {where} is quiet: {best.said}.{on}"]
    most = f"others take {100 * best.taken:.0f} % of its time" if best.taken > TAKEN else "its pairs scatter widely"
    only = "" if others or best.number is None else ", the only one that this process may use,"
    quietest = f"{where} is the quietest and not quiet" if others else f"{where}{only} is not quiet"
    return [
        f"Control (A/A): this machine is busy: {quietest}: {most}, and {best.said}.",
        "Small differences will be lost. Better: stop this (Ctrl-C), wait until the other programs have ended, and run "
        "it again; or measure on another machine. Going on"
        + (f", on core {best.number}." if others and best.number is not None else "."),
    ]


def _cores(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"core {numbers[0]} is"
    return f"{len(numbers)} others are" if len(numbers) > 3 else f"cores {', '.join(map(str, numbers))} are"

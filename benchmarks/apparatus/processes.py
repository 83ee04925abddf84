"""A ratio in several fresh processes: where the memory of one lies, and what else it drew, is in all of its pairs.

Contract: :func:`take` measures one cell in this process, :func:`several` in a few that are started anew, one after the
other, by `python -m benchmarks take`. A ``track_`` method whose metric is a ratio (:mod:`benchmarks.catalogue.metrics`)
is wrapped by :func:`over_processes`: it says how pairs are taken, and what asv stores of it is one number a process.
A process that shared its core is asked again (:mod:`benchmarks.catalogue.taken`). `python -m analysis run` asks one
process for many cells, and spreads the processes of a cell over the run, which :func:`several` cannot.
"""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

from .. import peers
from ..catalogue.reasons import SILENT, TIMED_OUT
from ..catalogue.taken import AGAIN, Taken, parsed
from ..peers import SkippedError
from .cores import threads
from .pairs import Samples, rounded
from .recording import recording
from .settings import process_count

ROOT = Path(__file__).resolve().parents[2]
IN_PLACE = "in_place"


def over_processes(method: Callable[..., Samples]) -> Callable[..., Samples]:
    """A ``track_`` method that takes its pairs in MODES_PROCESSES fresh processes, or here where that is 1."""

    @wraps(method)
    def track(self: Any, *parameters: Any) -> Samples:
        count = process_count()
        if count == 1:
            return rounded([_median(method(self, *parameters))])
        return several(self.asv_name(), parameters, count)

    setattr(track, IN_PLACE, method)
    return track


def take(cls: type[Any], parameters: Sequence[Any]) -> Taken:
    """One cell of a benchmark class, in this process; whatever it raises is on record, and the status says it.

    Where the cell takes longer than the class allows, the process ends with status TIMED_OUT, whatever it is doing.
    """
    name, said = cls.asv_name(), tuple(map(repr, parameters))
    start = time.perf_counter()
    watch = threading.Timer(cls.timeout, os._exit, [TIMED_OUT])
    watch.daemon = True
    watch.start()
    try:
        benchmark = cls()
        benchmark.setup(*parameters)
        method = getattr(cls, name.rsplit(".", 1)[1])
        begun, busy, switches = time.perf_counter(), time.process_time(), _switches()
        with recording(name, parameters):
            value = _median(getattr(method, IN_PLACE)(benchmark, *parameters))
        share = (time.process_time() - busy) / (time.perf_counter() - begun)
        # A process on a device waits for it; the time of further threads is in the process's.
        unknown = peers.load(benchmark.case.engine).on_device or threads() > 1
        return Taken(
            *(name, said, "ok", value, round(time.perf_counter() - start, 4)),
            *(None if unknown else round(share, 4), _switches() - switches),
        )
    except SkippedError:
        return Taken(name, said, "skipped", seconds=round(time.perf_counter() - start, 4))
    except Exception:
        return Taken(name, said, "failed", seconds=round(time.perf_counter() - start, 4))
    finally:
        watch.cancel()


def several(name: str, parameters: Sequence[Any], count: int) -> Samples:
    """One number a fresh process, of `count` of them. RuntimeError where one of them has none."""
    cells = json.dumps([[name, [repr(value) for value in parameters]]])
    found: list[float] = []
    again = AGAIN
    while len(found) < count:
        child = subprocess.run(
            [sys.executable, "-m", "benchmarks", "take"], input=cells, capture_output=True, text=True, cwd=ROOT
        )
        taken = next(iter(parsed(child.stdout)), None)
        if taken is None or taken.value is None:
            last = next(iter(reversed(child.stderr.splitlines())), SILENT)
            raise RuntimeError(f"its process number {len(found) + 1} ended with status {child.returncode}: {last}")
        if taken.disturbed and again:
            again -= 1
            continue
        found.append(taken.value)
    return rounded(found)


def _median(samples: Samples) -> float:
    found = samples["samples"]
    assert isinstance(found, list)
    return round(statistics.median(found), 6)


def _switches() -> int:
    """How often the system took the core away from this process so far; 0 where it does not say (Windows)."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw

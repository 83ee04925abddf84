"""Is this machine quiet enough to measure on, and which of its cores is the quietest? A third of a second a core.

Contract: :func:`probed` puts this process on one core after the other and times forward mode of a small chain against
itself there, in pairs: the A/A control before all others. It says what share of the time the core gave to this
process, since a core that somebody else computes on gives no more than half, and the log ratio of each pair, which
should be 0. Which core is taken, and what is said, is decided by who asked (`analysis.running.cores`). The process is
on its old cores again afterwards. Where the system pins nothing (macOS, Windows) there is one answer, for wherever the
process ran.
"""

import os
import time
from typing import Any

from ..catalogue.case import Case
from .calls import jacobian
from .pairs import pairs, rounded

MOST = 8
"""Cores that are tried, spread evenly over those that this process may use."""
PAIRS = 61
SETTLED = 0.02  # seconds on a core before anything is timed there


def probed() -> list[dict[str, Any]]:
    """What each core tried gives: {"core": number or None, "share": of the time, "samples": log ratios}."""
    case = Case(n=16, m=16, width=16)
    call = jacobian(case, case.chain(), "forward")
    if not hasattr(os, "sched_setaffinity"):
        return [_measured(None, call)]
    allowed = os.sched_getaffinity(0)
    found = []
    try:
        for core in spread(sorted(allowed), MOST):
            os.sched_setaffinity(0, {core})
            time.sleep(SETTLED)
            found.append(_measured(core, call))
    finally:
        os.sched_setaffinity(0, allowed)
    return found


def spread(cores: list[int], most: int) -> list[int]:
    """As many of the cores as are tried, evenly over them."""
    step = max(1, -(-len(cores) // most))
    return cores[::step]


def _measured(core: int | None, call: Any) -> dict[str, Any]:
    start, busy = time.perf_counter(), time.process_time()
    found = rounded(pairs(call, call, PAIRS))["samples"]
    share = (time.process_time() - busy) / (time.perf_counter() - start)
    return {"core": core, "share": round(share, 4), "samples": found}

"""How many threads BLAS may have in this process, and the cores that the process keeps to: as many, one by default.

Contract: what the environment asks for (`benchmarks.catalogue.presets`: THREADS, CORE). Nothing here knows about chains
or asv, and no more is imported than the standard library, since processes that measure begin with it.
"""

import ctypes
import os

from ..catalogue.presets import CORE, THREADS


def threads() -> int:
    """How many threads BLAS may have while the clock runs: MODES_THREADS, 1 where it is not set."""
    asked = os.environ.get(THREADS, "1")
    if not (asked.isascii() and asked.isdecimal() and int(asked) >= 1):
        raise ValueError(f"{THREADS}={asked!r}: expected a number of threads of at least 1, such as 2")
    return int(asked)


def pin_to_cores() -> None:
    """Keep this process on as many cores as it has threads, where the system allows it (Linux).

    The first is the one that MODES_CORE names, if the process may run there, or the one that it is on, where the
    scheduler has put it for a reason; further ones are those that follow it among the cores allowed.
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    allowed = sorted(os.sched_getaffinity(0))
    asked = os.environ.get(CORE, "")
    wished = int(asked) if asked.isascii() and asked.isdecimal() else None
    first = wished if wished in allowed else ctypes.CDLL(None).sched_getcpu()
    place = allowed.index(first) if first in allowed else 0
    os.sched_setaffinity(0, (allowed[place:] + allowed[:place])[: threads()])

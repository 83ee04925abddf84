"""The peak of a call's memory, traced in a pass of its own, never while a clock runs."""

import gc
import tracemalloc
from collections.abc import Callable

from .pairs import Call


def peak_bytes(call: Call) -> int:
    """Largest number of bytes that ``call`` holds at a time beyond what was there before, its result
    included.

    NumPy reports its arrays to tracemalloc (https://numpy.org/doc/stable/release/1.13.0-notes.html).
    ``call`` runs twice, since what it keeps from its first run on is no cost of a Jacobian.
    """
    tracemalloc.start()
    try:
        call()
        gc.collect()
        tracemalloc.reset_peak()
        baseline, _ = tracemalloc.get_traced_memory()
        result = call()
        _, peak = tracemalloc.get_traced_memory()
        del result
    finally:
        tracemalloc.stop()
    return peak - baseline


def standing_bytes(build: Callable[[], Call]) -> int:
    """The same of the callable that ``build`` makes, with what the callable itself keeps from its first run on.

    Of a recorded function that is its buffers. Cost: building it, and two runs.
    """
    tracemalloc.start()
    try:
        call = build()
        call()
        gc.collect(1)  # what was made here is young; a look at all there is takes a large process a second
        tracemalloc.reset_peak()
        result = call()
        _, peak = tracemalloc.get_traced_memory()
        del result
    finally:
        tracemalloc.stop()
    return peak

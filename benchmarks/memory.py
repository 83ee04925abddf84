"""How much memory does a Jacobian need at its peak? Traced in a pass of its own, never while a clock runs."""

import gc
import tracemalloc

from .apparatus.cases import Call, Grid, Prepared, active_profile, jacobian, nested


class _Peak(Prepared):
    """Base of the benchmarks of a Jacobian's peak; a subclass has the cases."""

    unit = "bytes"
    version = "1"

    def track_peak_bytes(self, *case: object) -> int:
        return peak_bytes(jacobian(self.case, self.chain, self.case.mode))


class Memory(_Peak):
    grid = Grid(
        n=nested([64], [16, 256], [1024]),
        width=nested([64], full=[256]),
        depth=nested([4, 16, 64], [2, 8, 32]),
    )
    params = grid.lists(active_profile())


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

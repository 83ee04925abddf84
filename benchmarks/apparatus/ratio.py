"""The two modes against each other: one interleaved pair of Jacobians, and where n runs around an m of 64.

Contract: :func:`log_ratio` is the natural logarithm of the time of the case's first mode over that of its second, one
number a pair: below 0 forward mode is cheaper. asv's value is their median.
"""

from .benchmark import Benchmark
from .calls import jacobian
from .grids import nested
from .pairs import Samples, samples
from .settings import pair_count

RATIO = ["forward/reverse"]
AROUND_64 = nested([16, 32, 64, 128, 256, 512], [8, 48, 96, 192], [4, 24, 384, 1024])


def log_ratio(benchmark: Benchmark) -> Samples:
    """One pair of Jacobians, of the two modes that ``case.mode`` names."""
    case, chain = benchmark.case, benchmark.chain
    above, below = (jacobian(case, chain, mode) for mode in case.mode.split("/"))
    return samples(above, below, pair_count())

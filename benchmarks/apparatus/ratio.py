"""The two modes against each other: one interleaved pair of Jacobians, and where n runs around an m of 64.

Contract: :func:`log_ratio` is the natural logarithm of the time of the case's first mode over that of its second, one
number a pair: below 0 forward mode is cheaper. asv's value is their median. UnsteadyError where the ratios of an engine
on a device change their level from one pair on: its clock or its program did.
"""

from .. import peers
from .benchmark import Benchmark
from .calls import jacobian
from .grids import nested
from .pairs import Samples, pairs, rounded, samples
from .settings import pair_count
from .steady import expect_level

RATIO = ["forward/reverse"]
LEVELLED = 15
"""Pairs of an engine on a device, at least: of fewer nobody can say whether they keep to one level."""
AROUND_64 = nested([16, 32, 64, 128, 256, 512], [8, 48, 96, 192], [4, 24, 384, 1024])


def log_ratio(benchmark: Benchmark) -> Samples:
    """One pair of Jacobians, of the two modes that ``case.mode`` names."""
    case, chain = benchmark.case, benchmark.chain
    above, below = (jacobian(case, chain, mode) for mode in case.mode.split("/"))
    if not peers.load(case.engine).on_device:
        return samples(above, below, pair_count())
    found = pairs(above, below, max(pair_count(), LEVELLED))
    expect_level("the ratio of the two modes", found)
    return rounded(found)

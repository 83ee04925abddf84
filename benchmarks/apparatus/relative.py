"""A slow callable beside a fast one, in interleaved pairs that last no longer than the slow one's calls make them.

Contract: as :func:`benchmarks.apparatus.pairs.samples`, of the ratio of the times of one call. Nothing here knows about
chains, modes or asv.
"""

import math
from functools import partial
from itertools import repeat

from .pairs import SECONDS, STRETCH_NS, Call, Samples, pairs
from .single import seconds

MANY = 10
"""A callable that takes this many times as long is slow: beside it the fast one is called several times in a row, as
often as fits into one call of the slow one, or into one stretch."""


def over(slow: Call, fast: Call, count: int) -> Samples:
    """ln of the time of one call of ``slow`` over that of ``fast``, one number a pair; either may be the faster.

    Were both called equally often, each stretch of a callable that takes a hundred times as long would last a hundred
    times as long as it need. Below MANY, the price of the further loop would show.
    """
    longer, shorter = (min(seconds(call, 3)) for call in (slow, fast))
    times = max(1, round(min(longer, STRETCH_NS * 1e-9) / shorter)) if longer >= MANY * shorter else 1
    found = pairs(slow, partial(repeated, fast, times) if times > 1 else fast, count, seconds=SECONDS)
    return {"samples": [round(sample + math.log(times), 6) for sample in found], "number": 1}


def repeated(call: Call, times: int) -> None:
    for _ in repeat(None, times):
        call()

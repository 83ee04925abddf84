"""The constants by which mode="auto" weighs operations, multiplications and memory: shipped, measured anew, in force.

`DEFAULT` holds those of one core with one BLAS thread. Others come into force by `use_rates`, or for a whole process by
the environment variable MODES_RATES, read when modes is imported: three numbers of seconds with commas between, such as
1e-06,4.5e-11,3e-10. `python -m modes.calibrate` measures them and prints both ways.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

VARIABLE = "MODES_RATES"
RECORD = 0.7
"""What an entry takes to be written on a tape, in operations: what forward mode does without. Over 59 chains and known
problems the choices took 1.06 times as long as the better mode without it, 1.02 times with anything from 0.3 to 1."""
WATCH = 15.0
"""What it takes to note that a tape reads an array of the caller's later (modes.residuals), in operations, but for the
two looks at its numbers."""
JOIN = 20.0
"""What it takes to look a plan up and to put a Jacobian together of parts, in operations, where nothing is replayed: 20
to 30 microseconds beyond the sweeps, as measured where these take as long."""


class Rates(NamedTuple):
    """Seconds an operation on a block, a fused multiply-add in a product of matrices, a number read or written."""

    operation: float
    fma: float
    number: float


# Of one core of a server processor, float64, one BLAS thread. Not critical: with half or twice the price of a number,
# the choices among 548 Jacobians measured took 1.0048 to 1.0052 times as long as the best ones, in the geometric mean.
DEFAULT = Rates(operation=1.0e-6, fma=4.5e-11, number=3.0e-10)


def as_text(rates: Rates) -> str:
    """The rates as MODES_RATES takes them: three digits, which is more than the clock can tell."""
    return ",".join(f"{rate:.3g}" for rate in rates)


def from_environment() -> Rates:
    """The rates that MODES_RATES gives, or DEFAULT where it is not set or empty.

    Raises ValueError, which names the variable, where it does not hold three positive numbers.
    """
    text = os.environ.get(VARIABLE, "")
    if not text.strip():
        return DEFAULT
    try:
        return _checked(Rates(*map(float, text.split(","))))
    except (TypeError, ValueError):
        raise ValueError(
            f"{VARIABLE}={text}: expected three positive numbers of seconds, an operation, a multiply-add, a number "
            f"read or written, such as {as_text(DEFAULT)}; unset it for these, or measure: unset {VARIABLE} && "
            "python -m modes.calibrate"
        ) from None


def rates_in_force() -> Rates:
    """The constants by which mode="auto" chooses."""
    return _in_force


def use_rates(rates: Rates) -> Rates:
    """Choose by these constants from now on, in this process; returns those that were in force.

    Raises ValueError where one of them is not positive and finite.
    """
    global _in_force
    before, _in_force = _in_force, _checked(Rates(*rates))
    return before


def measure_rates(repeats: int = 40) -> Rates:
    """The constants of this machine in float64, with the BLAS threads in force.

    From three kinds of block at the sizes where each constant is all there is; the best of `repeats` rounds that take
    all three in turn, so that what else runs for a while does not fall on one of them alone. Cost: about a second. Put
    them in force with `use_rates(measure_rates())`.
    """
    small, large = np.ones((8, 8)), np.ones((512, 512))
    rounds = [
        (
            _seconds(lambda: small @ small, 2000),
            _seconds(lambda: large @ large, 2) / 512**3,
            _seconds(lambda: large * small[0, 0], 20) / (2 * large.size),
        )
        for _ in range(repeats)
    ]
    return Rates(*map(min, zip(*rounds, strict=True)))


def _checked(rates: Rates) -> Rates:
    if not all(0.0 < rate < float("inf") for rate in rates):
        raise ValueError(f"expected three positive rates, got {rates}; modes.choice.measure_rates() measures them")
    return rates


def _seconds(call: Callable[[], Any], loops: int) -> float:
    """Seconds a call, of `loops` calls."""
    start = time.perf_counter()
    for _ in range(loops):
        call()
    return (time.perf_counter() - start) / loops


_in_force = from_environment()

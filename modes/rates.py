"""The rates by which mode="auto" weighs operations, multiplications and memory: shipped, measured anew, in force.

Rates are three constants (`Rates`), or measured by shape (modes.shapes.ShapedRates). In force is the first of: what
`use_rates` was given; the three constants of the environment variable MODES_RATES, read when modes is imported, seconds
with commas between, such as 1e-06,4.5e-11,3e-10; what `python -m modes.calibrate` keeps for this machine, BLAS kernel,
threads and NumPy (modes.kept), read when a choice is first made; and `DEFAULT`, of one core with one BLAS thread.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from .shapes import Prices, ShapedRates, Steps

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

    def bound(self, itemsize: int, held: int, replayed: bool) -> Prices:
        """The prices of a sweep (modes.shapes.Prices): the same for every dtype, and whatever the matrices hold."""
        return _Constant(self, replayed)


AnyRates: TypeAlias = Rates | ShapedRates


class _Constant:
    """Prices that are linear in operations, fused multiply-adds and numbers read and written."""

    __slots__ = ("fma", "many", "number", "operation", "pull", "push", "record", "start")

    def __init__(self, rates: Rates, replayed: bool) -> None:
        self.operation, self.fma, self.number = rates
        self.push = self.pull = Steps(*[rates.operation] * 3)
        self.record = Steps(*[0.0 if replayed else RECORD * rates.operation] * 3)
        self.start = 0.0
        self.many = 0.0, 0.0

    def through(self, up: bool, turned: bool, k: int, p: int, q: int) -> float:
        return k * p * q * self.fma + (p * q + k * (p + q)) * self.number

    def scaled(self, turned: bool, k: int, size: int) -> float:
        return 2 * k * size * self.number

    def added(self, k: int, size: int) -> float:
        return 3 * k * size * self.number

    def spread(self, up: bool, p: int, q: int) -> float:
        return 2 * p * q * self.number

    def handed(self, numbers: int) -> float:
        return numbers * self.number

    def moved(self, numbers: int) -> float:
        return numbers * self.number

    def computed(self, fma: int, numbers: int) -> float:
        return fma * self.fma + numbers * self.number


# Of one core of a server processor, float64, one BLAS thread. Not critical: with half or twice the price of a number,
# the choices among 548 Jacobians measured took 1.0048 to 1.0052 times as long as the best ones, in the geometric mean.
DEFAULT = Rates(operation=1.0e-6, fma=4.5e-11, number=3.0e-10)


def as_text(rates: Rates) -> str:
    """The rates as MODES_RATES takes them: three digits, which is more than the clock can tell."""
    return ",".join(f"{rate:.3g}" for rate in rates)


def from_environment() -> Rates | None:
    """The rates that MODES_RATES gives; None where it is not set or empty.

    Raises ValueError, which names the variable, where it does not hold three positive numbers.
    """
    text = os.environ.get(VARIABLE, "")
    if not text.strip():
        return None
    try:
        return _checked(Rates(*map(float, text.split(","))))
    except (TypeError, ValueError):
        raise ValueError(
            f"{VARIABLE}={text}: expected three positive numbers of seconds, an operation, a multiply-add, a number "
            f"read or written, such as {as_text(DEFAULT)}; unset it for these, or measure: unset {VARIABLE} && "
            "python -m modes.calibrate"
        ) from None


def rates_in_force() -> AnyRates:
    """The rates by which mode="auto" chooses. Cost: 10 ms the first time, where it looks for those that are kept."""
    return _in_force if _in_force is not None else _found()


def _found() -> AnyRates:
    """Those that are kept for this machine, or those that ship, from now on."""
    from . import kept  # here: what reads files takes longer to import than all of modes.rates

    global _in_force
    rates = kept.load()
    _in_force = DEFAULT if rates is None else rates
    return _in_force


def use_rates(rates: AnyRates) -> AnyRates:
    """Choose by these rates from now on, in this process; returns those that were in force.

    Three constants, `Rates(operation, fma, number)`, or what was returned before. Raises ValueError where one of the
    three is not positive and finite.
    """
    global _in_force
    before = rates_in_force()
    _in_force = rates if isinstance(rates, ShapedRates) else _checked(Rates(*rates))
    return before


def measure_rates(repeats: int = 40) -> Rates:
    """The three constants of this machine in float64, with the BLAS threads in force.

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


_in_force: AnyRates | None = from_environment()  # None: not asked for yet

"""Forward, reverse or mixed? Chosen for each function by what its own operations cost, not by n and m alone.

The function is recorded once, on a tape. A tape's partials go both ways: blocks can be pulled back from the output
(reverse mode), pushed on from the input (forward mode, at the price of the tape's memory), or both from a value in
between (modes.mixed), so nothing is evaluated twice. What each would take is added up along the tape, operation by
operation (modes.counting), and what takes the least time is done (modes.planning).

The model of time is linear: seconds = a * operations + b * fused multiply-adds + c * numbers read and written. Only the
ratios of its three constants decide. They are those of one core with one BLAS thread unless one's own machine's are put
in force (modes.rates; `python -m modes.calibrate` measures them and says how).
"""

from __future__ import annotations

from .counting import Work
from .planning import route
from .rates import DEFAULT, Rates, measure_rates, rates_in_force, use_rates
from .sized import SizedTape

__all__ = ["DEFAULT", "Rates", "SizedTape", "Work", "choose", "measure_rates", "rates_in_force", "use_rates", "works"]


def works(tape: SizedTape, index: int) -> dict[str, Work]:
    """What the full Jacobian of a recorded function takes in each mode, beyond the recording itself."""
    return {mode: order.total for mode, order in route(tape, index).orders.items()}


def choose(tape: SizedTape, index: int) -> str:
    """The mode whose work takes the least time by the rates in force; modes.planning says what where they tie."""
    return route(tape, index).mode

"""Forward, reverse or mixed? Chosen for each function by what its own operations cost, not by n and m alone.

The function is recorded once, on a tape. A tape's partials go both ways: blocks can be pulled back from the output
(reverse mode), pushed on from the input (forward mode, at the price of the tape's memory), or both from a value in
between (modes.mixed), so nothing is evaluated twice. What each would take is added up along the tape, operation by
operation (modes.counting), and what takes the least time is done (modes.planning). mode="mixed" cuts wherever that
takes less arithmetic, mode="auto" where it is predicted to take less time, the price of each operation included.

The rates are those measured by shape for this machine, BLAS kernel, threads and NumPy where `python -m modes.calibrate`
keeps them (modes.shapes, modes.kept): the time of each product, pass and step is then looked up. Else the model of time
is linear, seconds = a * operations + b * fused multiply-adds + c * numbers read and written, and only the ratios of its
three constants decide (modes.rates); they are those of one core with one BLAS thread unless others are put in force.

That takes about as long as the Jacobian of a small function, and is done at the first call: what was chosen is
remembered for the calls that follow (modes.remembered), which go by the mode itself, with its limits on memory and its
errors. Not remembered are calls in chunks, and what modes.prepare records, which is chosen once and for all.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from . import planning, remembered
from .agreement import by_columns, by_rows, has_nan
from .call import ArgNums, Call
from .forward import jacfwd_of
from .mixed import SingularParts, parts, whole
from .planning import PULL, PUSH, route
from .rates import DEFAULT, Rates, measure_rates, rates_in_force, use_rates
from .remembered import Choice, Choices, choices, like
from .reverse import jacrev_of
from .sized import SizedTape

__all__ = ["DEFAULT", "Rates", "forget", "jacauto", "jacmixed", "measure_rates", "rates_in_force", "use_rates"]


def jacmixed(
    f: Callable[..., Any],
    argnums: ArgNums = 0,
    chunk_size: int | None = None,
    *,
    has_aux: bool = False,
    insist: bool = False,
    replayed: Callable[[str], None] | None = None,
) -> Callable[..., Any]:
    """The Jacobian of f by mixed accumulation: cut at its narrow values wherever that takes less arithmetic.

    Parameters, value and errors are those of modes.jacfwd. `chunk_size` holds for each sweep: so many seeds of the
    identity on a value, or so many rows or columns of a Jacobian, are carried on at once. `replayed`, of modes.prepare,
    which records what is done, is told the mode that is taken, before that is done.

    Cost: one evaluation of f on a tape, the plan (modes.planning), and the sweeps. Memory: the tape, the Jacobians of
    the parts, two blocks of chunk_size seeds, and the result. Not done: to record less than the whole tape where memory
    is short, and to plan for that.
    """
    return _planned(f, argnums, chunk_size, has_aux, insist, replayed, "mixed")


def jacauto(
    f: Callable[..., Any],
    argnums: ArgNums = 0,
    chunk_size: int | None = None,
    *,
    has_aux: bool = False,
    insist: bool = False,
    replayed: Callable[[str], None] | None = None,
) -> Callable[..., Any]:
    """The Jacobian of f by the mode, of the three, that its recorded operations say takes the least time; otherwise as
    modes.jacfwd and `jacmixed`.

    Cost: at the first call one evaluation of f on a tape, the plan (modes.planning), and the sweeps that it says are
    cheapest; then that of the mode, and a microsecond, until the next choice (modes.remembered).
    """
    return _planned(f, argnums, chunk_size, has_aux, insist, replayed, "auto")


def _planned(
    f: Callable[..., Any],
    argnums: ArgNums,
    chunk_size: int | None,
    has_aux: bool,
    insist: bool,
    replayed: Callable[[str], None] | None,
    mode: str,
) -> Callable[..., Any]:
    known: Choices | None = None

    def jacobian(*args: Any, **keywords: Any) -> Any:
        nonlocal known
        call = Call(f, args, argnums, keywords, has_aux)
        before = None
        remembering = chunk_size is None and replayed is None
        if remembering:
            if known is None:
                known = choices(f)
            before = known.get(key := like(call, mode))
            if before is not None and before.mode != "mixed" and before.stands():
                return (jacfwd_of if before.mode == "forward" else jacrev_of)(call, None, insist)
            if before is None and sum([x.size for x in call.primals]) == 1:  # one tangent: nothing takes less
                known[key] = Choice("forward", None)
                return jacfwd_of(call, None, insist)
        tape = SizedTape()
        y, index = tape.run(call)

        def along(kind: str) -> Any:
            """By one sweep along the whole tape; the other mode is asked about NaN."""
            results = whole(call, tape, y, index, kind, chunk_size, insist)
            if has_nan(results):
                results = (by_rows if kind == PUSH else by_columns)(call, results)
            return call.jacobian(results)

        if index is None:
            return along(PULL)
        there = route(tape, index, replayed is not None)
        order = there.orders[there.mode if mode == "auto" else mode]
        taken = {PUSH: "forward", PULL: "reverse"}.get(order.kind, "mixed")
        if replayed is not None:
            replayed(taken)
        if remembering and known is not None:
            known[key] = Choice(taken, before)
        if order.kind in (PUSH, PULL):
            return along(order.kind)
        with suppress(SingularParts):
            results = parts(call, tape, y, there.nodes, order, chunk_size, insist)
            if not has_nan(results):
                return call.jacobian(results)
        return along(there.orders[there.pure].kind)

    return jacobian


def forget() -> None:
    """Forget which modes were chosen, and what was planned, so far: every function is looked at anew."""
    remembered.forget()
    planning.forget()

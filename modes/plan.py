"""What `mode="mixed"` and `mode="auto"` would do with a function, and why, as a value that can be printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .blocks import Array
from .call import ArgNums, Call
from .chunking import MANY, fitting
from .planning import MULTIPLY, PULL, PULL_BACK, PUSH, Order, Route, route
from .sized import SizedTape

__all__ = ["Plan", "plan"]


@dataclass(frozen=True)
class Plan:
    """What would be done for the Jacobian of a function, and why; `plan` makes it. Printed, it is a text.

    `mode` : what mode="auto" takes: "forward", "reverse" or "mixed".
    `fma` : the fused multiply-adds of each of the three, exact ints, seeds' structure included.
    `seconds` : the time that is predicted for each by the rates in force, beyond the evaluation of the function; in
    reverse and mixed mode the tape's price included.
    `fixed` : what of these is the price of operations and tape, which does not grow with sizes.
    `chunks` : of forward and reverse mode the chunk_size that memory demands (modes.chunking); None: all seeds at once.
    `cuts` : the sizes of the values that mode="mixed" cuts at, from the input to the output; none where cutting takes
    no less arithmetic than the better of the two modes, which it then is.
    `segments` : (n, m, operations) of each segment between them: its sizes, and how many operations were recorded.
    `steps` : what mode="mixed" does, one after the other, in words.
    `reason` : why `mode` is what it is.
    """

    mode: str
    fma: dict[str, int]
    seconds: dict[str, float]
    fixed: dict[str, float]
    chunks: dict[str, int | None]
    cuts: tuple[int, ...]
    segments: tuple[tuple[int, int, int], ...]
    steps: tuple[str, ...]
    reason: str

    def __str__(self) -> str:
        rows = [("mode", "multiply-adds", "predicted us")]
        rows += [(mode, str(self.fma[mode]), f"{1e6 * self.seconds[mode]:.1f}") for mode in self.fma]
        table = [f"  {mode:8}{fma:>16}{us:>15}" for mode, fma, us in rows]
        parts = [f"  {n} -> {m}: {count} operation{'s' * (count != 1)}" for n, m, count in self.segments]
        return "\n".join(
            [f"{self.mode}: {self.reason}", *table, "segments", *parts, "mixed", *(f"  {step}" for step in self.steps)]
        )


def plan(f: Callable[..., Any], *args: Any, argnums: ArgNums = 0) -> Plan:
    """What mode="mixed" and mode="auto" do for the Jacobian of f at these arguments, and why.

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns one array or scalar.
    args : its arguments; their shapes, and the operations that f does with them, are what counts.
    argnums : the argument, or tuple of arguments, to differentiate.

    Returns
    -------
    A Plan: `.mode`, `.fma`, `.seconds`, `.fixed`, `.chunks`, `.cuts`, `.segments`, `.steps`, `.reason`.

    >>> import numpy as np, modes
    >>> down, up = np.ones((4, 512)) / 512, np.ones((512, 4)) / 4
    >>> print(modes.plan(lambda x: np.sin(up @ np.tanh(down @ np.cos(x))), np.ones(512)))
    mixed: cut at 4, 160.2 us by these counts; the better of the two modes, forward, takes 292.1 us
      mode       multiply-adds   predicted us
      forward          1048576          292.1
      reverse          1048576          295.6
      mixed            1048576          160.2
    segments
      512 -> 4: 3 operations
      4 -> 512: 2 operations
    mixed
      pull the 4 rows of the identity on 4 back to 512: 0 multiply-adds
      push the 4 columns of the identity on 4 to 512: 0 multiply-adds
      multiply the Jacobians, 512 x 4 and 4 x 512: 1048576 multiply-adds

    Cost: one evaluation of f on a tape, and the plan, a few microseconds an operation.

    Raises TypeError or ValueError where arguments do not fit, MissingRule where a function has no rule.
    """
    call = Call(f, args, argnums)
    tape = SizedTape()
    y, index = tape.run(call)
    if index is None:
        nothing = dict.fromkeys(("forward", "reverse", "mixed"), 0)
        n = sum(x.size for x in call.primals)
        zero = "the output depends on no argument that is differentiated: its Jacobian is zero"
        seconds, chunks = dict.fromkeys(nothing, 0.0), dict.fromkeys(("forward", "reverse"))
        return Plan("reverse", nothing, seconds, seconds, chunks, (), ((n, y.size, 0),), (), zero)
    there, sizes = route(tape, index), tape.sizes
    leaves = sum(sizes[: tape.leaves])

    def size(node: int) -> int:
        return sizes[there.nodes[node]] if node else leaves

    mixed = there.orders["mixed"]
    ends = [0, *mixed.cuts, len(there.nodes) - 1]
    last = [tape.leaves - 1, *(there.nodes[node] for node in ends[1:])]
    return Plan(
        mode=there.mode,
        fma={mode: order.total.fma for mode, order in there.orders.items()},
        seconds=dict(there.seconds),
        fixed={mode: there.seconds[mode] - order.total.growing for mode, order in there.orders.items()},
        chunks=_chunks(tape, call, y),
        cuts=tuple(size(node) for node in mixed.cuts),
        segments=tuple((size(ends[s]), size(ends[s + 1]), max(last[s + 1] - last[s], 0)) for s in range(len(ends) - 1)),
        steps=tuple(_in_words(step, size) for step in mixed.steps()),
        reason=_reason(there, size),
    )


def _chunks(tape: SizedTape, call: Call, y: Array) -> dict[str, int | None]:
    """How many seeds go at once in either mode, where not all do."""
    widest, itemsize = tape.widest(), y.dtype.itemsize
    largest = max(x.size for x in call.primals)

    def fewer(seeds: int) -> int | None:
        chosen = fitting(seeds, widest, itemsize)
        return chosen if seeds >= MANY and chosen < seeds else None

    return {"forward": fewer(largest), "reverse": fewer(y.size)}


def _in_words(step: Order, size: Callable[[int], int]) -> str:
    i, j = size(step.i), size(step.j)
    if step.kind == PUSH:
        text = f"push the {i} columns of the identity on {i} to {j}"
    elif step.kind == PULL:
        text = f"pull the {j} rows of the identity on {j} back to {i}"
    elif step.kind == MULTIPLY:
        assert step.lower is not None
        text = f"multiply the Jacobians, {j} x {size(step.lower.j)} and {size(step.lower.j)} x {i}"
    elif step.kind == PULL_BACK:
        assert step.upper is not None
        text = f"pull the {j} rows of the Jacobian by {size(step.upper.i)} back to {i}"
    else:
        assert step.lower is not None
        text = f"push the {i} columns of the Jacobian of {size(step.lower.j)} on to {j}"
    return f"{text}: {step.work.fma} multiply-adds"


def _reason(there: Route, size: Callable[[int], int]) -> str:
    seconds = {mode: 1e6 * predicted for mode, predicted in there.seconds.items()}
    if there.cut is None:
        if not there.dominated:
            why = "there is no value that all paths from input to output go through, to cut at"
        else:
            why = "no value that all paths go through is narrower than what lies on its sides"
        other = "reverse" if there.pure == "forward" else "forward"
        return f"{seconds[there.pure]:.1f} us by these counts, {other} mode {seconds[other]:.1f} us; {why}"
    at = " and ".join(str(size(node)) for node in there.cut.cuts)
    cut = 1e6 * there.cut.total.seconds
    if there.mode == "mixed":
        return (
            f"cut at {at}, {seconds['mixed']:.1f} us by these counts; the better of the two modes, {there.pure}, takes "
            f"{seconds[there.pure]:.1f} us"
        )
    return f"{seconds[there.pure]:.1f} us by these counts; cut at {at} it would take {cut:.1f} us"

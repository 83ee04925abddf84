"""Forward or reverse? Chosen for each function by what its own operations cost in either mode, not by n and m alone.

The function is recorded once, on a tape. A tape's partials go both ways: blocks can be pulled back from the output
(reverse mode) or pushed on from the input (forward mode, at the price of the tape's memory), so nothing is evaluated
twice. What either would take is added up along the tape, operation by operation, with the structure of the seeds taken
into account (an identity through a matrix costs nothing, a diagonal through an element-wise function n numbers, not
n^2), and the cheaper one is taken.

The model of time is linear: seconds = a * operations + b * fused multiply-adds + c * numbers read and written. Only the
ratios of its three constants decide. They are those of one core with one BLAS thread unless one's own machine's are put
in force (modes.rates; `python -m modes.calibrate` measures them and says how).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from .agreement import by_columns, by_rows, has_nan
from .array import TracedArray
from .assembly import columns, rows
from .blocks import Array, Block, Identity
from .call import ArgNums, Call
from .partials import SAME, Matrix, Partial, Reshape, Scale
from .rates import DEFAULT, Rates, measure_rates, rates_in_force, use_rates
from .tape import Node, Tape

__all__ = ["DEFAULT", "Rates", "Work", "jacauto", "measure_rates", "rates_in_force", "use_rates"]


# -- recording, with the sizes of what is recorded ---------------------------------------------------------------------
class SizedNode(Node):
    """A value on a tape that keeps the sizes of its entries."""

    __slots__ = ()

    def extend(self, y: Any, partial: Partial) -> Node:
        node = super().extend(y, partial)
        if partial is not SAME:
            self.owner.sizes.append(y.size)  # type: ignore[attr-defined]
        return SizedNode(node.owner, y, node.index)

    # Each as its partial says, so that `extend` sees them all.
    shifted: Any = TracedArray.shifted
    scaled: Any = TracedArray.scaled
    mapped: Any = TracedArray.mapped


class SizedTape(Tape):
    """A tape that knows the size of each entry's value."""

    __slots__ = ("sizes",)

    def run(self, call: Call, node: type[Node] = SizedNode, lasting: bool = False) -> tuple[Any, int | None]:
        self.sizes = [x.size for x in call.primals]
        return super().run(call, node, lasting)

    def join(self, y: Any, operands: Sequence[Any], partials: Sequence[Partial | None]) -> Any:
        before = len(self.partials)
        joined = super().join(y, operands, partials)
        if len(self.partials) == before:
            return joined
        self.sizes.append(y.size)
        return SizedNode(self, y, joined.index)


# -- what a sweep takes ------------------------------------------------------------------------------------------------
class Work(NamedTuple):
    """What carrying blocks of seeds along a tape takes."""

    operations: int
    fma: int
    numbers: int

    def seconds(self, rates: Rates) -> float:
        return self.operations * rates.operation + self.fma * rates.fma + self.numbers * rates.number


IDENTITY, DIAGONAL, DENSE = 0, 1, 2


def _step(partial: Partial, state: int, k: int, before: int, after: int) -> tuple[int, int, int]:
    """A block of k seeds through one partial: its structure afterwards, multiplications, numbers read and written."""
    kind = type(partial)
    if kind is Scale:
        return (DENSE, 0, 2 * k * after) if state == DENSE else (DIAGONAL, 0, 2 * k)
    if kind is Reshape:
        return state, 0, 0
    if kind is Matrix:
        size = before * after
        if state == IDENTITY:
            return DENSE, 0, 0
        return (DENSE, 0, 2 * size) if state == DIAGONAL else (DENSE, k * size, size + k * (before + after))
    made_dense = 0 if state == DENSE else k * before
    return DENSE, k * partial.fma, made_dense + k * (before + after)


Edge = tuple[int, int, Partial]  # from an entry of the tape to an entry, through a partial


def forward_edges(tape: Tape, index: int) -> Iterator[Edge]:
    """The partials in the order in which tangents go through them, up to entry `index`."""
    return ((parent, i, p) for i in range(tape.leaves, index + 1) for parent, p in tape.edges(i))


def reverse_edges(tape: Tape, index: int) -> Iterator[Edge]:
    """The partials in the order in which cotangents go through them, from entry `index`."""
    return ((i, parent, p) for i in range(index, tape.leaves - 1, -1) for parent, p in tape.edges(i))


def work(edges: Iterable[Edge], start: int, ends: Iterable[int], sizes: Sequence[int]) -> Work:
    """What carrying the identity on entry `start` along the edges to the entries `ends` takes.

    Blocks that meet in an entry are added up; at the ends they are made dense.
    """
    k = sizes[start]
    states = {start: IDENTITY}
    operations = fma = numbers = 0
    for here, there, local in edges:
        if here in states:
            state, multiplied, moved = _step(local, states[here], k, sizes[here], sizes[there])
            operations, fma, numbers = operations + 1, fma + multiplied, numbers + moved
            if there in states:
                state = max(state, states[there], DIAGONAL)
                operations, numbers = operations + 1, numbers + 3 * k * (sizes[there] if state == DENSE else 1)
            states[there] = state
    return Work(operations, fma, numbers + sum(k * sizes[end] for end in ends if states.get(end, DENSE) < DENSE))


def works(tape: SizedTape, index: int) -> dict[str, Work]:
    """What the full Jacobian of a recorded function takes in either mode, beyond the recording itself."""
    leaves = range(tape.leaves)
    forward = [work(forward_edges(tape, index), leaf, [index], tape.sizes) for leaf in leaves]
    return {
        "forward": Work(*(sum(part) for part in zip(*forward, strict=True))),
        "reverse": work(reverse_edges(tape, index), index, leaves, tape.sizes),
    }


# -- the Jacobian ------------------------------------------------------------------------------------------------------
def jacauto(
    f: Callable[..., Any], argnums: ArgNums = 0, chunk_size: int | None = None, *, insist: bool = False
) -> Callable[..., Any]:
    """The Jacobian of f by the mode that its recorded operations say is cheaper; otherwise as modes.jacfwd.

    Cost: one evaluation of f on a tape, a microsecond an operation for the choice, and the cheaper sweep. Memory as
    modes.jacrev: where forward mode is chosen, the tape is kept all the same.
    """

    def jacobian(*args: Any) -> Any:
        call = Call(f, args, argnums)
        tape = SizedTape()
        y, index = tape.run(call)

        def push(leaf: int, seed: Identity) -> tuple[Array, Block | None]:
            return y, tape.push(leaf, seed, index)

        def pull(seed: Identity, last: bool) -> list[Block | None]:
            return tape.pull(index, seed, last)

        if index is not None and choose(tape, index) == "forward":
            widest = tape.widest()
            results = [
                columns(x, partial(push, leaf), chunk_size, insist, y, widest) for leaf, x in enumerate(call.primals)
            ]
            return call.rebuild(by_rows(call, results) if has_nan(results) else results)
        results = rows(call.primals, y, pull, chunk_size, insist, tape.widest)
        return call.rebuild(by_columns(call, results) if has_nan(results) else results)

    return jacobian


def choose(tape: SizedTape, index: int) -> str:
    """The mode whose work takes less time by the rates in force; forward mode where they tie."""
    both, rates = works(tape, index), rates_in_force()
    return min(both, key=lambda mode: both[mode].seconds(rates))

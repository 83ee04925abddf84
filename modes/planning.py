"""In which order a Jacobian is best put together, and in which mode: what `mode="mixed"` and `mode="auto"` go by.

The recorded function is a chain of segments between the values that it can be cut at (modes.dominators). A segment's
Jacobian is made by pushing the identity on its lower end through it, or by pulling the identity on its upper end back.
Two neighbours go together in three ways: their Jacobians are multiplied, or the columns of the lower one are pushed on
through the upper segment, or the rows of the upper one are pulled back through the lower. The least time over all
orders is found by the dynamic programme of modes.cost.jacobian_chain, with what the sweeps take counted along the tape
(modes.counting), seeds' structure included, and weighed by the rates in force (modes.rates).

Contract: nothing is carried here. What was planned once is not planned again for a recording of the same structure.

Source: Uwe Naumann, Optimization of Generalized Jacobian Chain Products without Memory Constraints, 2020,
https://arxiv.org/abs/2003.05755
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .chunking import MANY
from .counting import DENSE, IDENTITY, NOTHING, TURNED, Work, carried, held, surplus, written
from .dominators import dominators, narrow
from .rates import JOIN, WATCH, AnyRates, rates_in_force
from .shapes import Prices
from .sized import Signature, SizedTape

__all__ = ["MULTIPLY", "PULL", "PULL_BACK", "PUSH", "PUSH_ON", "Order", "Route", "route"]

PUSH, PULL, MULTIPLY, PUSH_ON, PULL_BACK = "push", "pull", "multiply", "push on", "pull back"


class Order(NamedTuple):
    """How the Jacobian of the value at node j is made, by that at node i: by the last step, and those before it."""

    kind: str
    i: int
    j: int
    work: Work  # of the last step alone
    lower: Order | None = None
    upper: Order | None = None

    def steps(self) -> Iterator[Order]:
        """All steps, in the order in which they are done."""
        for part in (self.lower, self.upper):
            if part is not None:
                yield from part.steps()
        yield self

    @property
    def cuts(self) -> list[int]:
        """The nodes between i and j that it is cut at."""
        inner = {node for step in self.steps() for node in (step.i, step.j)}
        return sorted(inner - {self.i, self.j})

    @property
    def total(self) -> Work:
        """What all steps take."""
        total = NOTHING
        for step in self.steps():
            total = total.plus(step.work)
        return total


class Route(NamedTuple):
    """What may be done with a recording: its nodes, and an order for each mode.

    `nodes` are entries of the tape, the leaves' node, which is none, first (-1), the output's last. `cut` is the best
    order that cuts anything; None where there is nothing to cut at. `pure` is the better of the two modes, `mode` what
    takes the least time of all.
    """

    nodes: tuple[int, ...]
    dominated: bool  # whether there are values that all paths go through
    orders: dict[str, Order]
    seconds: dict[str, float]  # predicted for each mode, beyond the evaluation of the function
    cut: Order | None
    pure: str
    mode: str


_known: dict[tuple[AnyRates, bool, Signature], Route] = {}  # by rates and the signature of the tape
_ROUTES, _ENTRIES = 256, 100_000  # how many are kept, with how many entries of tapes in all: some ten megabytes


def route(tape: SizedTape, index: int, replayed: bool = False) -> Route:
    """The orders for a recording whose output is entry `index`, and the mode that takes the least time; to be done
    once, or recorded for modes.prepare.

    Cost: the first time for a structure, a few microseconds an operation (and, for each three of the values that it
    may be cut at, ten); after that a tenth of a microsecond an operation, to recognise it.
    """
    rates = rates_in_force()
    key = rates, replayed, tape.signature(index)
    known = _known.get(key)
    if known is None:
        kept = sum(len(signature.shapes) for *_, signature in _known)
        if len(_known) >= _ROUTES or kept + len(tape.shapes) > _ENTRIES:
            _known.clear()
        known = _known[key] = _planned(tape, index, rates, replayed)
    return known


def forget() -> None:
    """Forget all that was planned."""
    _known.clear()


def _planned(tape: SizedTape, index: int, rates: AnyRates, replayed: bool) -> Route:
    sizes = tape.sizes
    prices = rates.bound(tape.itemsize, held(tape, sizes), replayed)
    inner = dominators(tape, index)
    along = [sum(sizes[: tape.leaves]), *(sizes[i] for i in inner), sizes[index]]
    chain = _Chain(tape, sizes, [-1, *(inner[i - 1] for i in narrow(along)), index], prices)
    best: dict[tuple[int, int], tuple[float, Order]] = {}
    cut: tuple[float, Order] | None = None  # the best order of the whole chain that cuts anything
    for j in range(1, chain.length + 1):
        for i in range(j - 1, -1, -1):
            sweeps = [(order.work.seconds, order) for order in (chain.pushed(i, j), chain.pulled(i, j))]
            orders = []
            for k in range(i + 1, j):
                (below, lower), (above, upper) = best[i, k], best[k, j]
                product, on, back = chain.multiplied(i, k, j), chain.pushed_on(i, k, j), chain.pulled_back(i, k, j)
                orders += [
                    (below + above + product.seconds, Order(MULTIPLY, i, j, product, lower, upper)),
                    (below + on.seconds, Order(PUSH_ON, i, j, on, lower=lower)),
                    (above + back.seconds, Order(PULL_BACK, i, j, back, upper=upper)),
                ]
            best[i, j] = min(sweeps, key=_first)
            if orders:
                cut = min(orders, key=_first)
                if cut[0] < ENOUGH * best[i, j][0]:
                    best[i, j] = cut
    (_, push), (_, pull) = sweeps  # of the whole chain, which comes last
    recorded = 0.0 if replayed else _recorded(tape, prices)
    pushing = push.work.seconds + prices.many[0] * sum([size >= MANY for size in sizes[: tape.leaves]])
    pulling = pull.work.seconds + prices.many[1] * (sizes[index] >= MANY) + surplus(tape) * prices.operation + recorded
    pure = _better(chain, pushing, pulling, replayed)
    orders_of = {"forward": push, "reverse": pull, "mixed": push if pure == "forward" else pull}
    seconds_of = {"forward": pushing, "reverse": pulling, "mixed": min(pushing, pulling)}
    mode = pure
    if cut is None:
        return Route(tuple(chain.nodes), bool(inner), orders_of, seconds_of, None, pure, mode)
    seconds, order = cut
    if order.total.growing < min(push.work.growing, pull.work.growing):
        orders_of["mixed"] = order
        seconds_of["mixed"] = seconds + recorded + (0.0 if replayed else JOIN * prices.operation)
        if seconds_of["mixed"] < min(pushing, pulling):
            mode = "mixed"
    return Route(tuple(chain.nodes), True, orders_of, seconds_of, order, pure, mode)


ENOUGH = 0.99
"""A part is cut again only where that takes less of the time than this."""
TIE = 0.02


def _recorded(tape: SizedTape, prices: Prices) -> float:
    """Seconds that a tape takes to be made, and that forward mode does without."""
    watched = [a for a, *_ in tape.kept.watched.values()] if tape.kept is not None else []
    looked_at = WATCH * len(watched) * prices.operation + prices.moved(2 * sum([a.size for a in watched]))
    return prices.start + written(tape, prices) + looked_at


def _better(chain: _Chain, pushing: float, pulling: float, replayed: bool) -> str:
    """The mode of the two that takes less time.

    Replayed, there is no tape in either. Then forward mode's products, of blocks with transposed matrices, decide where
    they tie: at 8 to 96 seeds as wide as the values they take up to 1.2 times as long as reverse mode's (on another
    machine as long).
    """
    square = 2 * min(chain.sizes[0], chain.sizes[-1]) >= max(chain.entries)
    if replayed and square and abs(pushing - pulling) <= TIE * max(pushing, pulling):
        return "reverse"
    return "forward" if pushing <= pulling else "reverse"


def _first(pair: tuple[float, Order]) -> float:
    return pair[0]


class _Chain:
    """What the sweeps through the segments of a recording take, between any two of its nodes."""

    def __init__(self, tape: SizedTape, sizes: list[int], nodes: list[int], prices: Prices) -> None:
        self.tape = tape
        self.prices = prices
        self.entries = sizes  # of all entries of the tape
        self.nodes = nodes
        self.length = len(nodes) - 1
        self.leaves = sizes[: tape.leaves]
        self.sizes = [sum(self.leaves), *(sizes[node] for node in nodes[1:])]
        self._dense: dict[tuple[int, bool, int], Work] = {}
        self._pushed: dict[int, list[Work]] = {}
        self._pulled: dict[int, list[Work]] = {}

    def segment(self, s: int) -> range:
        """The entries of segment s, between node s and node s + 1."""
        return range(self.nodes[s] + 1 if s else self.tape.leaves, self.nodes[s + 1] + 1)

    def carried(self, s: int, up: bool, k: int, states: dict[int, int]) -> Work:
        """What carrying k seeds through segment s takes."""
        return carried(self.tape, self.segment(s), up, k, states, self.entries, self.prices)

    def moved(self, numbers: int) -> Work:
        """What reading or writing so many numbers takes."""
        return Work(0, 0, numbers, 0.0, self.prices.moved(numbers))

    # -- an identity carried from one node to another --------------------------------------------------------------
    def pushed(self, i: int, j: int) -> Order:
        """The identity on node i pushed to node j; from the leaves one after the other."""
        if i not in self._pushed:
            self._pushed[i] = [NOTHING] * (self.length + 1)
            sources = enumerate(self.leaves) if i == 0 else [(self.nodes[i], self.sizes[i])]
            for source, k in sources:
                work, state = NOTHING, IDENTITY
                for s in range(i, self.length):
                    if state == DENSE:
                        work = work.plus(self.dense(s, k, up=True))
                    else:
                        states = {source if s == i else self.nodes[s]: state}
                        work = work.plus(self.carried(s, True, k, states))
                        if self.nodes[s + 1] not in states:
                            break  # zero from here on
                        state = states[self.nodes[s + 1]]
                    made_dense = self.moved(k * self.sizes[s + 1] if state < TURNED else 0)
                    self._pushed[i][s + 1] = self._pushed[i][s + 1].plus(work).plus(made_dense)
        return Order(PUSH, i, j, self._pushed[i][j])

    def pulled(self, i: int, j: int) -> Order:
        """The identity on node j pulled back to node i."""
        if j not in self._pulled:
            self._pulled[j] = [NOTHING] * (self.length + 1)
            work, state, k = NOTHING, IDENTITY, self.sizes[j]
            for s in range(j - 1, -1, -1):
                if state == DENSE:
                    work, structured = work.plus(self.dense(s, k, up=False)), 0
                else:
                    states = {self.nodes[s + 1]: state}
                    work = work.plus(self.carried(s, False, k, states))
                    ends = [self.nodes[s]] if s else range(self.tape.leaves)
                    structured = sum(self.entries[end] for end in ends if states.get(end, DENSE) < TURNED)
                    state = states.get(self.nodes[s], DENSE) if s else DENSE
                self._pulled[j][s] = work.plus(self.moved(k * structured))
        return Order(PULL, i, j, self._pulled[j][i])

    # -- a dense block carried on ----------------------------------------------------------------------------------
    def dense(self, s: int, k: int, up: bool) -> Work:
        """A dense block of k seeds through segment s."""
        work = self._dense.get((s, up, k))
        if work is None:
            work = self.carried(s, up, k, {self.nodes[s] if up else self.nodes[s + 1]: DENSE})
            self._dense[s, up, k] = work
        return work

    def pushed_on(self, i: int, k: int, j: int) -> Work:
        """The columns of the Jacobian from node i to node k pushed on to node j, each leaf's by themselves."""
        total = NOTHING
        for columns in self.leaves if i == 0 else [self.sizes[i]]:
            for s in range(k, j):
                total = total.plus(self.dense(s, columns, up=True))
        return total

    def pulled_back(self, i: int, k: int, j: int) -> Work:
        """The rows of the Jacobian from node k to node j pulled back to node i."""
        total = NOTHING
        for s in range(i, k):
            total = total.plus(self.dense(s, self.sizes[j], up=False))
        return total

    def multiplied(self, i: int, k: int, j: int) -> Work:
        """The Jacobian from node k to node j times that from node i to node k, each leaf's by itself."""
        m, inner, n = self.sizes[j], self.sizes[k], self.sizes[i]
        several = self.leaves if i == 0 else [n]
        growing = sum([self.prices.through(False, False, m, inner, columns) for columns in several])
        times = len(several)
        numbers = times * m * inner + inner * n + m * n
        return Work(times, m * inner * n, numbers, times * self.prices.operation, growing)

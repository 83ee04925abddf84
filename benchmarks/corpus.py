"""The problems that the field compares on: which mode is cheaper, is it chosen, and what does it cost beside f itself?

The functions are those of :mod:`benchmarks.problems`, the sizes those of its catalogue. `mode` says what is over what,
in interleaved pairs, of the cell's engine: "forward/reverse"; "mixed/pure", over the faster of the two modes;
"auto/best", a whole call of mode="auto", its choosing included, over the fastest of the three. Beside it "primal" is f
in NumPy, "hand" the derivative written by hand, and "modes" the fastest way of the engine modes.

Tape is what a tape costs where it is long: a recurrence of slices and concatenations over its hand-written derivative,
and a long short-term memory over its value, as each grows. There Python's collector is on, as users have it.
"""

from collections.abc import Iterable, Sequence
from functools import partial, reduce
from statistics import median

from . import problems
from .apparatus.benchmark import Benchmark
from .apparatus.calls import of_problem
from .apparatus.grids import Listed
from .apparatus.pairs import Call, Samples, pairs, samples
from .apparatus.settings import pair_count
from .catalogue.case import Case
from .catalogue.engines import BOTH, TWINS, row
from .catalogue.metrics import UNITS
from .catalogue.problems import PROBLEMS, case_at, cases
from .problems import Problem

FIRST = 5
"""Pairs that choose whom to compare with; in a tie it does not matter who it is."""
WAYS = {"pure": BOTH, "best": (*BOTH, "mixed")}
CHOSEN = ["forward/reverse", "auto/best"]
MODES = ["forward/reverse", "mixed/pure", "auto/best", "pure/primal", "pure/hand"]
PREPARED, JAX = ["auto/best", "best/modes"], ["pure/modes"]


def asked(listed: Iterable[Case], engine: str, modes: Sequence[str]) -> list[Case]:
    """Each problem by an engine, the mode fastest: what has a hand-written derivative, and can be recorded or compiled
    where the engine does that."""
    return [
        case._replace(engine=engine, mode=mode)
        for case in listed
        if engine == "modes" or not PROBLEMS[case.layer].branches
        if engine != "jax" or not PROBLEMS[case.layer].unrolls
        for mode in modes
        if mode != "pure/hand" or PROBLEMS[case.layer].by_hand
    ]


def everything(listed: Sequence[Case]) -> list[Case]:
    """All that is asked of some problems: everything at the first size of each, what is chosen at the others. JAX
    compiles each for seconds."""
    first = list({case.layer: case for case in reversed(listed)}.values())[::-1]
    others = [case for case in listed if case not in first]
    return [
        *asked(first, "modes", MODES),
        *asked(others, "modes", [*CHOSEN, "mixed/pure"]),
        *asked(first, "modes-prepared", PREPARED),
        *asked(others, "modes-prepared", ["auto/best"]),
        *asked(first, "jax", JAX),
    ]


def way(case: Case, problem: Problem, name: str) -> Call:
    """One side of a comparison, by the name that the mode has for it."""
    if name == "primal":
        return partial(problem, problem.x)
    if name == "hand":
        assert problem.jacobian is not None
        return partial(problem.jacobian, problem.x)
    if name == "modes":
        case, name = case._replace(engine="modes"), "best"
    among = [mode for mode in WAYS.get(name, (name,)) if mode in row(case.engine).modes]
    calls = [of_problem(case, problem, mode) for mode in among]
    return reduce(lambda best, other: other if median(pairs(other, best, FIRST)) < 0 else best, calls)


class _Corpus(Benchmark):
    version = "1"

    problem: Problem

    def make(self) -> None:
        self.problem = problems.load(self.case.layer, self.case.width)

    def compared(self, collecting: bool = False) -> Samples:
        """ln of the time of the case's first way over that of its second."""
        above, below = (way(self.case, self.problem, name) for name in self.case.mode.split("/"))
        return samples(above, below, pair_count(), collecting=collecting)


class Problems(_Corpus):
    grid = Listed(
        quick=[
            *asked(cases("quick"), "modes", CHOSEN),
            *asked(cases("quick"), "modes-prepared", ["auto/best"]),
        ],
        standard=everything([*cases("quick"), *cases("standard")]),
        full=[
            *everything(cases("full")),
            *asked([*cases("quick"), *cases("standard")], "modes-prepared", ["forward/reverse"]),
            *asked([*cases("quick"), *cases("standard")], "jax", ["forward/reverse"]),
        ],
    )
    unit = UNITS["log_problem_ratio"]

    def track_log_problem_ratio(self, *case: object) -> Samples:
        return self.compared()


def tapes(problem: str, mode: str, engines: Iterable[str], *sizes: int) -> list[Case]:
    return [case_at(problem, size)._replace(engine=engine, mode=mode) for size in sizes for engine in engines]


class Tape(_Corpus):
    grid = Listed(
        quick=tapes("recurrence", "reverse/hand", TWINS, 100),
        standard=[
            *tapes("recurrence", "reverse/hand", TWINS, 1000, 10000, 100000),
            *tapes("lstm", "reverse/primal", ["modes"], 32, 128, 512),  # to record it takes longer than to time it
        ],
        full=tapes("lstm", "reverse/primal", ["modes"], 1024),
    )
    unit = UNITS["log_tape_ratio"]

    def track_log_tape_ratio(self, *case: object) -> Samples:
        return self.compared(collecting=True)

"""What is a cut worth? Mixed accumulation beside the better of the two modes, over the waist, n, m, width and depth.

A chain with a waist is an encoder and a decoder (profile "waist16", modes.chains.layer_widths). `mode` says what is
over what, in interleaved pairs: "mixed/forward" and "mixed/reverse" name both sides; "mixed/pure" takes the faster of
the two modes, "auto/best" the fastest of the three, as :func:`fastest` finds it for the cell at hand. The engines are
mode="mixed" of this project's own, which cuts only where that gains, and, as modes-cut and jax-cut, a cut by hand that
is always made: where it no longer pays is the crossover waist k*.
"""

from collections.abc import Iterable, Sequence
from functools import reduce
from statistics import median
from typing import NamedTuple

import modes
from modes.chains import Chain

from .apparatus.benchmark import Benchmark
from .apparatus.calls import jacobian
from .apparatus.grids import Grid, Listed, nested
from .apparatus.memory import peak_bytes
from .apparatus.pairs import Call, Samples, pairs, samples
from .apparatus.settings import pair_count
from .catalogue.case import Case
from .catalogue.engines import BOTH, PLAIN, TWINS
from .catalogue.metrics import UNITS

FIRST = 5
"""Pairs that choose whom to compare with; in a tie it does not matter who it is."""
AMONG = {"pure": BOTH, "best": (*BOTH, "mixed")}
PURE, BEST = ["mixed/pure"], ["auto/best"]
BY_HAND = ("modes-cut", "jax-cut")


class Hourglass(NamedTuple):
    """n = m = N, a waist, and `side` layers of `width` on either side of it."""

    size: int
    waist: int
    width: int
    side: int

    def case(self) -> Case:
        n, depth = self.size, 2 * self.side
        return Case(n=n, m=n, width=self.width, depth=depth, profile=f"waist{self.waist}")


SMALL = [Hourglass(64, 4, 64, 4), Hourglass(256, 4, 64, 4)]
LARGE = [Hourglass(128, 64, 128, 3), Hourglass(784, 32, 256, 2), Hourglass(512, 8, 256, 2), Hourglass(1024, 16, 512, 3)]
UNEQUAL = [Case(n=256, m=256, width=64, depth=8, profile=f"waist8-after{after}") for after in (2, 6)]


def squares(sizes: Iterable[int], depths: Iterable[int]) -> list[Case]:
    """Chains without a waist: n = m = width."""
    depths = list(depths)
    return [Case(n=size, m=size, width=size, depth=depth) for size in sizes for depth in depths]


def by(engines: Sequence[str], cases: Iterable[Case], mode: Sequence[str]) -> list[Case]:
    """Each case by each engine, the mode fastest."""
    return [case._replace(engine=name, mode=which) for case in cases for name in engines for which in mode]


def fastest(case: Case, chain: Chain, among: Sequence[str]) -> Call:
    """The Jacobian by the fastest of some modes, found by a few interleaved pairs."""
    calls = [jacobian(case, chain, mode) for mode in among]
    return reduce(lambda best, other: other if median(pairs(other, best, FIRST)) < 0 else best, calls)


def over(benchmark: Benchmark) -> Samples:
    """ln of the time of the case's first mode over that of its second."""
    case, chain = benchmark.case, benchmark.chain
    mode, _, beside = case.mode.partition("/")
    below = fastest(case, chain, AMONG.get(beside, (beside,)))
    return samples(jacobian(case, chain, mode), below, pair_count())


class _Mixed(Benchmark):
    unit = UNITS["log_mixed_ratio"]
    version = "1"

    def track_log_mixed_ratio(self, *case: object) -> Samples:
        return over(self)


class Shapes(_Mixed):
    """Encoders and decoders from small to large, and of unequal halves."""

    grid = Listed(
        quick=by([*PLAIN, "modes-cut"], [shape.case() for shape in SMALL], PURE),
        standard=by([*TWINS, *BY_HAND], [*(shape.case() for shape in (*SMALL, *LARGE)), *UNEQUAL], PURE),
    )


def waists(size: int, width: int, side: int, *waist: int) -> list[Case]:
    return [Hourglass(size, each, width, side).case() for each in waist]


NARROW = waists(64, 64, 2, 4, 16, 64, 128)
FINER = waists(64, 64, 2, 8, 32, 48, 96)
WIDER = [
    *waists(256, 64, 4, 4, 16, 64, 128, 256),
    *waists(256, 256, 2, 16, 64, 128, 192, 256, 384),
]
WIDEST = [
    *waists(128, 128, 3, 8, 32, 64, 96, 128, 192),
    *waists(512, 256, 2, 8, 32, 128, 256, 384, 512, 768),
    *waists(64, 64, 8, 4, 16, 32, 48, 64, 96, 128),
    *waists(1024, 512, 3, 16, 64, 256, 512, 768, 1024, 1536),
]


class Waist(_Mixed):
    """Over the waist, at several n = m = N, widths and depths: where does a cut stop paying?"""

    grid = Listed(
        quick=by(["modes", "modes-cut"], NARROW, PURE),
        standard=[*by(["modes", "modes-cut"], [*FINER, *WIDER], PURE), *by(["jax-cut"], [*NARROW, *WIDER[-6:]], PURE)],
        full=by(["modes", *BY_HAND], [*NARROW, *FINER, *WIDER, *WIDEST], PURE),
    )


class Regions(Benchmark):
    """Over n and m at one waist, beside each of the two modes: which of the three is fastest, and what does choosing
    between two of them cost?"""

    grid = Grid(
        profile=["waist8"],
        n=nested([16, 256], [4, 64], [8, 32, 128, 512]),
        m=nested([16, 256], [4, 64], [8, 32, 128, 512]),
        mode=["mixed/forward", "mixed/reverse"],
    )
    unit = UNITS["log_mixed_ratio"]
    version = "1"

    def track_log_mixed_ratio(self, *case: object) -> Samples:
        return over(self)


class Uniform(_Mixed):
    """Chains without a waist, where there is nothing to gain: what does asking for it cost?"""

    grid = Listed(
        quick=by(PLAIN, squares([64], [4]), PURE),
        standard=by(TWINS, [*squares([8, 256], [4]), *squares([8, 64], [64])], PURE),
        full=by(TWINS, squares([8, 16, 32, 64, 128, 256, 512], [4, 16, 64]), PURE),
    )


CALLED = [SMALL[0].case(), *squares([64], [4])]
OBLONG = [Case(n=n, m=m) for n, m in ((8, 64), (64, 8), (16, 256), (256, 16))]
"""Where the better mode is plain, and choosing is all that a call can lose."""


class Auto(Benchmark):
    """A whole call of mode="auto", as those that follow the first, over the fastest of the three; with a waist and
    without one."""

    grid = Listed(
        quick=by(PLAIN, [*CALLED, *OBLONG[:2]], BEST),
        standard=by(
            TWINS,
            [
                *(shape.case() for shape in (*SMALL, *LARGE)),
                *squares([8, 256], [4]),
                *squares([8, 64], [64]),
                *OBLONG[2:],
            ],
            BEST,
        ),
        full=by(TWINS, [*UNEQUAL, *squares([8, 16, 32, 64, 128, 256, 512], [4, 16, 64])], BEST),
    )
    unit = UNITS["log_auto_ratio"]
    version = "1"

    def track_log_auto_ratio(self, *case: object) -> Samples:
        return over(self)


class First(Benchmark):
    """The first call of mode="auto", which counts and chooses, over the fastest of the three by name."""

    grid = Listed(
        quick=by(["modes"], [*CALLED, *OBLONG[:2]], BEST),
        standard=by(["modes"], [SMALL[1].case(), *squares([8, 256], [4]), *squares([8], [64]), *OBLONG[2:]], BEST),
    )
    unit = UNITS["log_first_ratio"]
    version = "1"

    def track_log_first_ratio(self, *case: object) -> Samples:
        auto = jacobian(self.case, self.chain, "auto")

        def first() -> None:
            modes.choice.forget()
            auto()

        return samples(first, fastest(self.case, self.chain, AMONG["best"]), pair_count())


class Memory(Benchmark):
    """The peak of each of the three on the encoders and decoders."""

    grid = Listed(
        quick=by(["modes"], [SMALL[0].case()], AMONG["best"]),
        standard=by(["modes"], [shape.case() for shape in (*SMALL, *LARGE)], AMONG["best"]),
    )
    unit = UNITS["peak_bytes"]
    version = "1"

    def track_peak_bytes(self, *case: object) -> int:
        return peak_bytes(jacobian(self.case, self.chain, self.case.mode))

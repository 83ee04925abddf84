"""Replayed without calls of NumPy: is it ahead of XLA, and never behind the plain replay?

The unit is the natural logarithm of engine over another engine, one number an interleaved pair: below 0 the engine is
faster. A whole call is timed, as a user makes it, checks and the new result included; of JAX the jitted function, its
result waited for and made a NumPy array. Of a Jacobian each side takes the faster of its two modes ("pure"), found
before the pairs.
"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from modes.chains import Chain

from . import peers
from .apparatus.benchmark import Benchmark
from .apparatus.calls import jacobian
from .apparatus.checks import check_jacobian, check_jvp, check_vjp, covector, direction
from .apparatus.grids import Listed
from .apparatus.pairs import Call, Samples
from .apparatus.relative import over
from .apparatus.settings import pair_count
from .apparatus.shapes import Shape, every, squares
from .apparatus.single import seconds
from .catalogue.case import Case
from .catalogue.engines import BOTH
from .catalogue.metrics import UNITS

JAX, PREPARED, COMPILED = "jax", "modes-prepared", "modes-compiled"
PURE = ["pure/pure"]
"""The faster of the two modes of each side."""
DEEP = [Shape(8, 8, 8, 16), Shape(16, 16, 16, 32), Shape(4, 4, 4, 64), Shape(32, 32, 32, 8)]
"""Small and deep: the price of a call is most of what NumPy takes."""
UNEQUAL = [Shape(16, 64, 64), Shape(1, 64, 64, 8), Shape(64, 1, 64, 8)]
LARGE = [Shape(64, 64, 64, 16), Shape(128, 128, 128, 8), Shape(256, 256, 256), Shape(256, 256, 256, 16)]
SHAPES = [*squares(8), *DEEP, *UNEQUAL, *squares(64), *LARGE]
LOSSES = [Shape(size, 1, size) for size in (8, 64, 512)]


def faster(case: Case, chain: Chain) -> Call:
    """The Jacobian by the faster of the engine's two modes, checked."""
    calls = [jacobian(case, chain, mode) for mode in BOTH]
    return min(calls, key=lambda call: min(seconds(call, 5)))


def product(case: Case, chain: Chain) -> Call:
    """A JVP in forward mode, a VJP in reverse mode, of arrays that are the engine's own, checked."""
    engine = peers.load(case.engine)
    if case.mode == "forward":
        call = partial(engine.jvp(chain), engine.array(chain.x), engine.array(direction(chain)))
        check_jvp(chain, call()[1])
    else:
        y_bar = covector(chain)
        call = partial(engine.vjp(chain), engine.array(chain.x), engine.array(y_bar))
        check_vjp(chain, y_bar, call()[1])
    return call


def gradient(case: Case, chain: Chain) -> Call:
    """The gradient of a chain with a scalar value, checked."""
    engine = peers.load(case.engine)
    call = partial(engine.gradient(chain), engine.array(chain.x))
    check_jacobian(chain, call())
    return call


class _Beside(Benchmark):
    """Base of the questions here."""

    other: ClassVar[str] = JAX
    unit = UNITS["log_over_jax"]
    version = "1"

    def make(self) -> None:
        peers.load(self.other)  # where that is missing the cell is skipped with the reason
        super().make()

    def beside(self, made: Callable[[Case, Chain], Call]) -> Samples:
        own, others = (made(self.case._replace(engine=engine), self.chain) for engine in (self.case.engine, self.other))
        return over(own, others, pair_count())


class Jacobian(_Beside):
    """Over jitted JAX; the plain replay beside the compiled one."""

    grid = Listed(
        quick=every([*squares(8), *squares(64)], engine=[COMPILED], mode=PURE),
        standard=every(SHAPES, engine=[COMPILED, PREPARED], mode=PURE),
        full=every(SHAPES, engine=[COMPILED, PREPARED], dtype=["float32"], mode=PURE),
    )

    def track_log_over_jax(self, *case: object) -> Samples:
        return self.beside(faster)


class Product(_Beside):
    """One JVP, one VJP, over jitted JAX."""

    grid = Listed(
        quick=every(squares(8), engine=[COMPILED]),
        standard=every(squares(8, 64, 512), engine=[COMPILED, PREPARED]),
    )

    def track_log_product_over_jax(self, *case: object) -> Samples:
        return self.beside(product)


class Gradient(_Beside):
    """The gradient of a loss, over jitted JAX."""

    grid = Listed(
        quick=every(LOSSES[:1], layer=["loss"], engine=[COMPILED], mode=["reverse"]),
        standard=every(LOSSES, layer=["loss"], engine=[COMPILED, PREPARED], mode=["reverse"]),
    )

    def track_log_gradient_over_jax(self, *case: object) -> Samples:
        return self.beside(gradient)


class Plain(_Beside):
    """The compiled replay over the plain one."""

    grid = Listed(
        quick=every([*squares(8), *squares(64)], engine=[COMPILED], mode=PURE),
        standard=every(SHAPES, engine=[COMPILED], mode=PURE),
        full=every(SHAPES, engine=[COMPILED], dtype=["float32"], mode=PURE),
    )
    other = PREPARED
    unit = UNITS["log_over_prepared"]

    def track_log_over_prepared(self, *case: object) -> Samples:
        return self.beside(faster)

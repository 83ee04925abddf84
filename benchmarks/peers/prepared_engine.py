"""The project's own twin engines, prepared: a chain's operations are recorded in set-up and replayed."""

from functools import partial

from modes import Prepared, prepare
from modes.chains import Chain, layer_chain

from ..catalogue.engines import BOTH
from ..problems import Problem
from . import Array, Engine, Function, Product


class ModesPrepared(Engine):
    """Results are NumPy arrays; set-up records the chain and, on the first call, the engine's own operations."""

    backend = "numpy"

    def _prepared(self, chain: Chain) -> Prepared:
        return prepare(chain, chain.x, backend=self.backend)

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        prepared = self._prepared(chain)
        if mode not in BOTH:
            return partial(prepared.jacobian, mode=mode, chunk_size=chunk_size)
        method = {"forward": prepared.jacfwd, "reverse": prepared.jacrev}[mode]
        if chunk_size is None:
            return method
        return lambda x: method(x, chunk_size=chunk_size)

    def primal(self, chain: Chain) -> Function:
        return self._prepared(chain).value

    def problem(self, problem: Problem, mode: str) -> Function:
        return partial(prepare(problem, problem.x, backend=self.backend).jacobian, mode=mode)

    def jvp(self, chain: Chain) -> Product:
        prepared = self._prepared(chain)
        return lambda x, x_dot: prepared.jvp((x,), (x_dot,))

    def vjp(self, chain: Chain) -> Product:
        prepared = self._prepared(chain)

        def product(x: Array, y_bar: Array) -> tuple[Array, Array]:
            y, pullback = prepared.vjp(x)
            return y, pullback(y_bar)[0]

        return product

    def gradient(self, chain: Chain) -> Function:
        return self._prepared(chain).jacrev


class ModesCompiled(ModesPrepared):
    """The same operations, done by an interpreter that numba has compiled: once a machine, which is no set-up.

    The interpreter is loaded, or compiled, when the engine is.
    """

    backend = "numba"

    def __init__(self) -> None:
        self._prepared(layer_chain(2, 2, 1, 2))

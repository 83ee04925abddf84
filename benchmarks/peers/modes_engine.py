"""The project's own twin engines, as a row of the table of engines."""

import modes
from modes.chains import Chain

from ..problems import Problem
from . import Array, Engine, Function, Product


class Modes(Engine):
    """The chain is differentiated as it stands, with its parameters; results are NumPy arrays, and there is
    no set-up."""

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        return modes.jacobian(chain, mode=mode, chunk_size=chunk_size)

    def problem(self, problem: Problem, mode: str) -> Function:
        return modes.jacobian(problem, mode=mode)

    def jvp(self, chain: Chain) -> Product:
        def product(x: Array, x_dot: Array) -> tuple[Array, Array]:
            return modes.jvp(chain, (x,), (x_dot,))

        return product

    def vjp(self, chain: Chain) -> Product:
        def product(x: Array, y_bar: Array) -> tuple[Array, Array]:
            y, pullback = modes.vjp(chain, x)
            return y, pullback(y_bar)[0]

        return product

    def gradient(self, chain: Chain) -> Function:
        return modes.grad(chain)

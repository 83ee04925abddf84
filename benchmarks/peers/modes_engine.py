"""The project's own twin engines, as a row of the table of engines."""

from collections.abc import Callable

import modes
from modes.chains import Chain

from . import Array, Engine, Product


def _jacobian(chain: Chain, mode: str, chunk_size: int | None) -> Callable[[Array], Array]:
    return modes.jacobian(chain, mode=mode, chunk_size=chunk_size)


def _jvp(chain: Chain) -> Product:
    def product(x: Array, x_dot: Array) -> tuple[Array, Array]:
        return modes.jvp(chain, (x,), (x_dot,))

    return product


def _vjp(chain: Chain) -> Product:
    def product(x: Array, y_bar: Array) -> tuple[Array, Array]:
        y, pullback = modes.vjp(chain, x)
        return y, pullback(y_bar)[0]

    return product


ENGINE = Engine(
    name="modes",
    version=modes.__version__,
    modes=("forward", "reverse"),
    jacobian=_jacobian,
    jvp=_jvp,
    vjp=_vjp,
    gradient=modes.grad,
)

"""What people do without automatic differentiation: central differences, and complex steps.

Both take n steps, one a column, which counts as forward mode; neither has a reverse mode. They call the chain
itself, in plain NumPy. Central differences are wrong by some 1e-10 in float64, and 1e-4 in float32. A complex
step has no subtraction and is as exact as a derivative (William Squire and George Trapp, "Using Complex
Variables to Estimate Derivatives of Real Functions", SIAM Review 40(1), 1998,
https://doi.org/10.1137/S003614459631241X), but needs a function that takes complex numbers: logaddexp and a
comparison with 0 do not, so that relu and softplus are written out here by the sign of the real part.
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from modes.chains import Chain

from . import Array, Engine, Function
from .layers import Namespace, function, identity

STEP = 2.0**-60
"""Of a complex step: its square is lost in rounding, and yet no float32 underflows."""


def _relu(z: Array) -> Array:
    return np.where(z.real > 0.0, z, 0.0)


def _softplus(z: Array) -> Array:
    return _relu(z) + np.log1p(np.exp(np.where(z.real > 0.0, -z, z)))


COMPLEX_NUMBERS = Namespace(
    activations={
        "tanh": np.tanh,
        "relu": _relu,
        "sigmoid": lambda z: 0.5 * np.tanh(0.5 * z) + 0.5,
        "softplus": _softplus,
        "sin": np.sin,
        "identity": identity,
    },
    maximum=lambda a, b: np.where(a.real > b, a, b),
    mean=np.mean,
)


class Central(Engine):
    """(f(x + h e) - f(x - h e)) / 2h with h the cube root of the dtype's precision, times |x| where above
    1."""

    tolerance = {"float64": 1e-7, "float32": 1e-2}  # noqa: RUF012

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        return partial(_central, chain)


def _central(f: Function, x: Array) -> Array:
    steps = np.cbrt(np.finfo(x.dtype).eps) * np.maximum(1.0, np.abs(x))
    columns = []
    for j, step in enumerate(steps):
        above, below = x.copy(), x.copy()
        above[j] += step
        below[j] -= step
        columns.append((f(above) - f(below)) / (above[j] - below[j]))
    return np.stack(columns, axis=-1)


class ComplexStep(Engine):
    """Im f(x + i h e) / h."""

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        f = function(chain, COMPLEX_NUMBERS, np.asarray)
        return partial(_complex_step, f, {"float64": np.complex128, "float32": np.complex64}[chain.dtype])


def _complex_step(f: Function, dtype: Callable[[Array], Array], x: Array) -> Array:
    columns = []
    for j in range(x.size):
        z = x.astype(dtype)
        z[j] += 1j * STEP
        columns.append(f(z).imag / STEP)
    return np.stack(columns, axis=-1).astype(x.dtype, copy=False)

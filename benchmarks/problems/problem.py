"""What a problem is: a function of one vector at a point, with what is known of it from elsewhere. Data alone.

Contract: ``problem(x)`` is plain NumPy; ``problem.over(xp)`` is the same function over another namespace of NumPy's
names (jax.numpy). ``problem.jacobian(x)``, where there is one, is written by hand, shares no code with an engine, and
has the shape that an engine's has: (*out, n).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Function = Callable[[Any], Any]


def itself(y: Any) -> Any:
    return y


@dataclass(frozen=True, eq=False)
class Known:
    """A value that somebody else computed, or that a closed form gives: ``of(problem(x))`` is ``value``.

    ``tolerance`` is relative to the largest entry of ``value``, or absolute where that is 0: as many digits as
    ``source`` prints.
    """

    source: str
    x: Array
    value: ArrayLike
    tolerance: float
    of: Function = itself


@dataclass(frozen=True, eq=False)
class Problem:
    """A function R^n -> R^m, or R^n -> R, at a point ``x`` of shape (n,), float64."""

    x: Array
    f: Callable[[Any, Any], Any]
    """f(x, xp)."""
    jacobian: Callable[[Array], Array] | None = None
    known: tuple[Known, ...] = ()

    def __call__(self, x: Any) -> Any:
        """The function's value, of shape (m,) or ()."""
        return self.f(x, np)

    def over(self, xp: Any) -> Function:
        """The function over the namespace `xp`."""
        return lambda x: self.f(x, xp)


def drawn(seed: int, *shape: int) -> Array:
    """Numbers in [-1, 1), the same everywhere: whole numbers of PCG64, whose stream NumPy promises to keep
    (https://numpy.org/doc/stable/reference/random/bit_generators/pcg64.html)."""
    count = int(np.prod(shape))
    bits = np.random.PCG64(seed).random_raw(max(count, 1))[:count]
    return ((bits >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0).reshape(shape)


def split(x: Any, *sizes: int) -> list[Any]:
    """A vector cut into pieces of these sizes."""
    ends = np.cumsum(sizes).tolist()
    return [x[end - size : end] for end, size in zip(ends, sizes, strict=True)]

"""What the engines take as an operand beside a traced array, and what they refuse rather than misunderstand."""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import TracedValueError, name_of

__all__ = ["PLAIN", "as_operand", "plain", "real"]

# The types of operand that the hot path takes beside a traced one; all others (lists, subclasses) go the general way.
PLAIN = frozenset((np.ndarray, float, int, np.float64, np.float32))


def as_operand(x: Any, lists: tuple[type, ...]) -> Any:
    """An operand of a type that is not among the usual ones."""
    if type(x) in lists:
        return np.asarray(x)
    return plain(x) if isinstance(x, np.ndarray) else x


def plain(x: Any) -> Any:
    """An array as a plain one: of a file's memory the array that it shows.

    Raises TypeError for any other subclass: it may give operations a meaning of its own, which no rule knows.
    """
    if type(x) is np.ndarray:
        return x
    if isinstance(x, np.memmap):
        return x.view(np.ndarray)
    raise TypeError(
        f"expected a plain array, got {type(x).__name__} of shape {x.shape}, whose operations have a meaning of their "
        f"own; convert it with np.asarray(x), a masked array with x.filled(value)"
    )


def real(y: Any, func: Any) -> Any:
    """A result as it came, if it is real; TracedValueError where it is complex, which no derivative here stands for."""
    if y.dtype.kind == "c":
        raise TracedValueError(
            f"{name_of(func)} gave a complex result of shape {y.shape}: the engines differentiate real functions only; "
            f"write its real and imaginary parts as two arrays"
        )
    return y

"""What the engines take as an operand beside a traced array, and what they refuse rather than misunderstand."""

from __future__ import annotations

import array
from numbers import Integral, Rational
from typing import Any

import numpy as np

from .errors import TracedValueError, name_of

__all__ = ["PLAIN", "as_array", "as_operand", "is_foreign", "plain", "real"]

# The types of operand that the hot path takes beside a traced one; all others (lists, subclasses) go the general way.
PLAIN = frozenset((np.ndarray, float, int, np.float64, np.float32))


# Array-like wherever NumPy takes an operand. A list is so too, but where a sequence of operands may stand; a tuple is a
# shape, axes or an index as often as not.
ARRAY_LIKE = (range, memoryview, array.array)


def as_operand(x: Any, lists: tuple[type, ...]) -> Any:
    """An operand of a type that is not among the usual ones, as an array or a number.

    Raises TypeError for an array whose operations have a meaning of their own, or whose entries are no real numbers.
    """
    if type(x) in lists or isinstance(x, ARRAY_LIKE):
        x = as_array(x)
    if isinstance(x, np.ndarray):
        x = plain(x)
        return numbers(x) if x.dtype.hasobject else x
    return float(x) if isinstance(x, Rational) and not isinstance(x, Integral) else x


def numbers(x: Any) -> Any:
    """An array of Python objects as one of float64, which NumPy computes with object by object."""
    try:
        return x.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"expected an array of numbers beside a traced array, got one of dtype object and shape {x.shape}; join "
            f"traced values with np.stack, and convert others with x.astype(float)"
        ) from error


def as_array(x: Any) -> Any:
    """An array-like as NumPy makes an array of it; a list or tuple, nested as it may be, that a traced array is in as
    the stack of its items, so that it stays traced."""
    if is_foreign(x):
        return x
    return np.stack([as_array(item) for item in x]) if _holds_foreign(x) else np.asarray(x)


def is_foreign(x: Any) -> bool:
    """Is it an array that answers NumPy's functions itself, as a traced one does?"""
    return hasattr(type(x), "__array_function__") and not isinstance(x, np.ndarray)


def _holds_foreign(x: Any) -> bool:
    return type(x) in (list, tuple) and any(is_foreign(item) or _holds_foreign(item) for item in x)


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

"""What the engines take as an operand beside a traced array, and what they refuse rather than misunderstand."""

from __future__ import annotations

import array
from numbers import Integral, Rational
from typing import Any

import numpy as np

from .errors import TracedValueError, name_of

__all__ = ["PLAIN", "as_operand", "is_plain_sequence", "plain", "real"]

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
        x = np.asarray(x)
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


def is_plain_sequence(x: Any) -> bool:
    """Is it a list or tuple, nested as it may be, that no array of another library's (a traced one) is in?"""
    if type(x) in (list, tuple):
        return all(type(item) not in (list, tuple) or is_plain_sequence(item) for item in x) and not any(
            hasattr(type(item), "__array_function__") and not isinstance(item, np.ndarray) for item in x
        )
    return False


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

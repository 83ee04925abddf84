"""The errors that the engines raise by name; everything else is a TypeError or ValueError with its remedy."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

__all__ = ["MissingRule", "TracedValueError", "calling_frame", "name_of", "place"]


class _Placed(TypeError):
    """An error that ends with the place in the caller's code that it is about."""

    def __init__(self, message: str) -> None:
        super().__init__(f"{message} (called at {place()})")


class MissingRule(_Placed):
    """A NumPy function, or one of its arguments, has no derivative rule."""


class TracedValueError(_Placed):
    """A traced array was used where only a plain value will do, or after its trace had ended."""


_INSIDE = tuple(os.path.dirname(os.path.abspath(path)) + os.sep for path in (__file__, np.__file__))


def calling_frame() -> FrameType:
    """The innermost call from outside this package and NumPy: the line to look at."""
    frame = sys._getframe(1)
    while frame.f_back is not None and os.path.abspath(frame.f_code.co_filename).startswith(_INSIDE):
        frame = frame.f_back
    return frame


def place() -> str:
    """Its file and line."""
    frame = calling_frame()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def name_of(func: Callable[..., Any]) -> str:
    """The name under which a user knows a NumPy function, for messages: numpy.sum, numpy.linalg.inv."""
    module = getattr(func, "__module__", None) or "numpy"  # NumPy 2.0's ufuncs have none
    return f"{module}.{getattr(func, '__qualname__', getattr(func, '__name__', repr(func)))}"

"""The errors that the engines raise by name; everything else is a TypeError or ValueError with its remedy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["MissingRule", "TracedValueError", "name_of"]


class MissingRule(TypeError):
    """A NumPy function, or one of its arguments, has no derivative rule."""


class TracedValueError(TypeError):
    """A traced array was used where only a plain value will do, or after its trace had ended."""


def name_of(func: Callable[..., Any]) -> str:
    """The name under which a user knows a NumPy function, for messages: numpy.sum, numpy.linalg.inv."""
    module = getattr(func, "__module__", None) or "numpy"
    return f"{module}.{getattr(func, '__qualname__', getattr(func, '__name__', repr(func)))}"

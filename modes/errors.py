"""The errors that the engines raise by name; everything else is a TypeError or ValueError with its remedy."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

__all__ = ["MissingRule", "TracedValueError", "calling_frame", "converting", "name_of", "place"]


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
    """The innermost call from outside this package, NumPy and SciPy: the line to look at."""
    frame = sys._getframe(1)
    inside = (*_INSIDE, *_folder("scipy"))
    while frame.f_back is not None and os.path.abspath(frame.f_code.co_filename).startswith(inside):
        frame = frame.f_back
    return frame


def converting() -> str | None:
    """The function of SciPy that the caller's code is in the middle of, by the name that a user knows it by."""
    scipy = _folder("scipy")
    if not scipy:
        return None
    frame, inside, found = sys._getframe(1), (*_INSIDE, *scipy), None
    while frame.f_back is not None and os.path.abspath(frame.f_code.co_filename).startswith(inside):
        module = frame.f_globals.get("__name__", "")
        if module.startswith("scipy.") and not module.startswith("scipy._lib"):
            public = ".".join(part for part in module.split(".") if not part.startswith("_"))
            found = f"{public}.{frame.f_code.co_name}"
        frame = frame.f_back
    return found


def _folder(name: str) -> tuple[str, ...]:
    """Where a package is, if it was imported."""
    path = getattr(sys.modules.get(name), "__file__", None)
    return (os.path.dirname(os.path.abspath(path)) + os.sep,) if path else ()


def place() -> str:
    """Its file and line."""
    frame = calling_frame()
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def name_of(func: Callable[..., Any]) -> str:
    """The name under which a user knows a NumPy function, for messages: numpy.sum, numpy.linalg.inv."""
    name = getattr(func, "__qualname__", getattr(func, "__name__", repr(func)))
    module = getattr(func, "__module__", None)
    if module is None:  # ufuncs, NumPy 2.0's among them
        special = sys.modules.get("scipy.special")
        module = "numpy" if special is None or getattr(special, name, None) is not func else "scipy.special"
        if getattr(np, name, func) is not func and module == "numpy":
            return name
    return f"{module}.{name}"

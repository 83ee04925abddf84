"""What an object refers to: for those who look for arrays in objects of which nothing else is known.

Contract: nothing is called but the iteration of Python's own containers, and nothing is kept.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Mapping, Set
from types import CellType, FunctionType, MethodType
from typing import Any

import numpy as np

__all__ = ["contents", "references"]


def references(x: Any) -> list[Any]:
    """The items of a container, or of an array of objects; what a function closes over, its defaults, what a method or
    a partial is bound to; of any object slots and attributes."""
    if isinstance(x, np.ndarray):
        return list(x.flat) if x.dtype.hasobject else []
    if isinstance(x, FunctionType):
        return [*map(contents, x.__closure__ or ()), *(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values()]
    if isinstance(x, MethodType):
        return [x.__self__]
    if isinstance(x, functools.partial):
        return [x.func, *x.args, *x.keywords.values()]
    items = x.values() if isinstance(x, Mapping) else x if isinstance(x, tuple | list | deque | Set) else ()
    names = [name for kind in type(x).__mro__ for name in _slots(kind)]
    return [*items, *(getattr(x, name, None) for name in names), *getattr(x, "__dict__", {}).values()]


def contents(cell: CellType) -> Any:
    """What a function closes over there; None where nothing was assigned to it."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _slots(kind: type) -> tuple[str, ...]:
    names = getattr(kind, "__slots__", ())
    return (names,) if isinstance(names, str) else tuple(names)

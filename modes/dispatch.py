"""Functions of our own that NumPy's dispatch reaches as it reaches NumPy's: `primitive`.

Contract: nothing here knows what a traced array or a rule is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["primitive"]


def primitive(func: Callable[..., Any]) -> Callable[..., Any]:
    """Make a Python function one that the table can hold a rule for, as it holds NumPy's own.

    The decorated function, called with a traced array among its positional arguments, is handed to the rule
    table by NumPy's own protocol (NEP 18); called with plain values it runs as it is. The rule is added for
    the decorated function: `square = primitive(square)`, then `elementwise(square, lambda y, x: 2 * x)`.
    """

    @functools.wraps(func)
    def dispatching(*args: Any, **kwargs: Any) -> Any:
        for arg in args:
            override = getattr(type(arg), "__array_function__", None)
            if override is not None and type(arg) is not np.ndarray:
                return override(arg, dispatching, (type(arg),), args, kwargs)
        return func(*args, **kwargs)

    return dispatching

"""Arrays made of numbers, with `like=` a traced array (NEP 35): np.array([x[0], 1.0], like=x) is a traced stack.

NumPy hands a call with `like=` to the array that it names. What is made of plain numbers alone is a plain array, as
without `like=`; np.empty is filled with zeros, so that whatever is left unset is the same in both modes.

Source: Entschev and Peterson, NEP 35, Array creation dispatching with __array_function__, 2019,
https://numpy.org/neps/nep-0035-array-creation-dispatch-with-array-function.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..errors import TracedValueError
from ..operands import as_array, is_foreign
from .shape import converted
from .table import composite

Order = str | None


# --- from what is there -------------------------------------------------------------------------------------------
def _array(
    object: Any, dtype: Any = None, copy: bool | None = True, order: Order = "K", subok: bool = False, ndmin: int = 0
) -> Any:
    y = _asarray(object, dtype)
    if np.ndim(y) < ndmin:
        y = np.reshape(y, (1,) * (ndmin - np.ndim(y)) + np.shape(y))
    return y if is_foreign(y) else np.array(y, copy=copy)


def _asarray(a: Any, dtype: Any = None, order: Order = None, *, device: Any = None, copy: bool | None = None) -> Any:
    y = as_array(a)
    if dtype is not None and y.dtype != np.dtype(dtype):
        y = converted(y, dtype)
    return y if is_foreign(y) or not copy else np.array(y)


def _contiguous(a: Any, dtype: Any = None) -> Any:
    y = _asarray(a, dtype)
    return y if np.ndim(y) else np.reshape(y, (1,))  # as NumPy has it


def _require(a: Any, dtype: Any = None, requirements: Any = None) -> Any:
    return _asarray(a, dtype)


def _fromiter(iter: Iterable[Any], dtype: Any, count: int = -1) -> Any:
    items = [x for x, _ in zip(iter, range(count), strict=False)] if count >= 0 else list(iter)
    return _asarray(items, dtype)


def _fromfunction(function: Callable[..., Any], shape: Any, *, dtype: Any = float) -> Any:
    return function(*np.indices(shape, dtype))


composite(np.array, _array)
composite(np.asarray, _asarray)
composite(np.asanyarray, _asarray)
composite(np.ascontiguousarray, _contiguous)
composite(np.asfortranarray, _contiguous)
composite(np.require, _require)
composite(np.fromiter, _fromiter)
composite(np.fromfunction, _fromfunction)


# --- filled -------------------------------------------------------------------------------------------------------
def _filled(func: Callable[..., Any]) -> Callable[..., Any]:
    def implementation(shape: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Any:
        return func(shape, dtype or float, order)

    return implementation


def _full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Any:
    y = np.broadcast_to(_asarray(fill_value, dtype), shape)
    return y if is_foreign(y) else np.array(y)


def _eye(
    N: int, M: int | None = None, k: int = 0, dtype: Any = float, order: Any = "C", *, device: Any = None
) -> Any:  # fmt: skip
    return np.eye(N, M, k, dtype, order)


def _arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None, *, device: Any = None) -> Any:
    if any(map(is_foreign, (start, stop, step))):
        raise TracedValueError(
            "np.arange of a traced array: how many entries there are would depend on its value; write "
            "start + step * np.arange(count), or np.linspace(start, stop, count)"
        )
    given = (start,) if stop is None else (start, stop)
    return np.arange(*given, **({} if step is None else {"step": step}), dtype=dtype)


composite(np.zeros, _filled(np.zeros))
composite(np.ones, _filled(np.ones))
composite(np.empty, _filled(np.zeros))
composite(np.full, _full)
composite(np.eye, _eye)
composite(np.identity, lambda n, dtype=None: np.identity(n, dtype))
composite(np.tri, lambda N, M=None, k=0, dtype=float: np.tri(N, M, k, dtype))
composite(np.arange, _arange)

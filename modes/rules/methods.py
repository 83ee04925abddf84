"""What a ufunc can do besides being called: reduce, accumulate, reduceat and outer, in terms of rows of the table.

Where NumPy has a function of its own for it (np.add.reduce is np.sum) that does it; any other ufunc of two operands is
applied one entry after the other, as NumPy itself does: right for every ufunc with a row, at an operation an entry.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import MissingRule
from ..instead import given, shown, update
from ..operands import as_array
from .reductions import Axis, log_of_sum, operand_axes
from .shape import converted
from .table import only_defaults

__all__ = ["METHODS"]

# Along one axis or several, as the ufunc's own reduce has it.
REDUCTIONS: dict[Any, Callable[..., Any]] = {
    np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min,
    np.fmax: np.nanmax, np.fmin: np.nanmin, np.logical_and: np.all, np.logical_or: np.any,
}  # fmt: skip
RUNNING: dict[Any, Callable[..., Any]] = {np.add: np.cumsum, np.multiply: np.cumprod}


def _prepared(array: Any, dtype: Any) -> Any:
    array = as_array(array)
    return array if dtype is None else converted(array, dtype)


def _reduce(
    ufunc: Any, array: Any, axis: Axis = 0, dtype: Any = None, out: Any = None, keepdims: bool = False,
    initial: Any = None, where: Any = True,
) -> Any:  # fmt: skip
    only_defaults(ufunc, out=out, where=None if where is True else where)
    array = _prepared(array, dtype)
    axes = operand_axes(axis, np.ndim(array))
    if ufunc in REDUCTIONS:
        y = REDUCTIONS[ufunc](array, axis=axes, keepdims=keepdims)
    elif ufunc is np.logaddexp:
        y = log_of_sum(array, axes, keepdims)
    else:
        y = _folded(ufunc, array, axes, keepdims)
    return y if initial is None or initial is np._NoValue else ufunc(initial, y)


def _folded(ufunc: Any, array: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if ufunc.nin != 2 or ufunc.nout != 1:
        raise ValueError("reduce only supported for binary functions")
    entries = _entries(array, axes)
    if not entries:
        raise ValueError(f"expected one entry or more to reduce by numpy.{ufunc.__name__}, which has no identity")
    y = entries[0]
    for entry in entries[1:]:
        y = ufunc(y, entry)
    return np.expand_dims(y, axes) if keepdims else y


def _entries(array: Any, axes: tuple[int, ...]) -> list[Any]:
    """The parts of an array that lie side by side along some axes."""
    others = tuple(i for i in range(np.ndim(array)) if i not in axes)
    shape = np.shape(array)
    flat = np.reshape(np.transpose(array, (*axes, *others)), (-1, *(shape[i] for i in others)))
    return [flat[i] for i in range(np.shape(flat)[0])]


def _accumulate(ufunc: Any, array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    only_defaults(ufunc, out=out)
    array = _prepared(array, dtype)
    if ufunc in RUNNING:
        return RUNNING[ufunc](array, axis=axis)
    (axis,) = operand_axes(axis, np.ndim(array))
    running = _entries(array, (axis,))
    for i in range(1, len(running)):
        running[i] = ufunc(running[i - 1], running[i])
    return np.stack(running, axis=axis) if running else array


def _reduceat(ufunc: Any, array: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    only_defaults(ufunc, out=out)
    array = _prepared(array, dtype)
    (axis,) = operand_axes(axis, np.ndim(array))
    ahead = (slice(None),) * axis
    starts = [int(i) for i in indices]
    ends = [*starts[1:], np.shape(array)[axis]]
    parts = [
        _reduce(ufunc, array[(*ahead, slice(start, end))], axis) if start < end else array[(*ahead, start)]
        for start, end in zip(starts, ends, strict=True)
    ]
    return np.stack(parts, axis=axis)


def _outer(ufunc: Any, a: Any, b: Any) -> Any:
    """Every entry of the one with every entry of the other."""
    a, b = as_array(a), as_array(b)
    return ufunc(np.reshape(a, (*np.shape(a), *(1,) * np.ndim(b))), b)


def _at(ufunc: Any, array: Any, indices: Any, *values: Any) -> Any:
    name = {"add": "add", "multiply": "multiply", "maximum": "max", "minimum": "min"}.get(ufunc.__name__)
    said = given()
    array, index, added = said if len(said) == 3 else ("y", shown(indices), "values")
    raise MissingRule(
        f"numpy.{ufunc.__name__}.at writes into an array, and arrays that are differentiated are not modified; make a "
        f"new one: {update(array, index, added, name or 'set')}"
    )


METHODS: dict[str, Callable[..., Any]] = {
    "reduce": _reduce, "accumulate": _accumulate, "reduceat": _reduceat, "outer": _outer, "at": _at,
}  # fmt: skip

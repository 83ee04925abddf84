"""Which recorded operations the interpreter does, and the instructions for each.

A row of `LOWERINGS` is a function and two things: may it be lowered (`Lowering.able`, from what is known of the
operands' types and shapes alone), and how its instructions are written (`Lowering.write`). All ufuncs share one row.
What is not here is done by NumPy between two stretches.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...blocks import filled
from ...rules.selection import assign
from ...rules.shape import cast
from ..recording import Operation, Value, guard, refs
from ..templates import Ref
from .loops import loop_of
from .opcodes import CASTS
from .table import MOST_AXES, Table, plain

__all__ = ["LARGEST", "Known", "Lowering", "dtype_of", "lowering_of"]

LARGEST = 1 << 24
"""Multiply-adds of the largest product that the interpreter does; larger ones are NumPy's BLAS's, on its threads.

Measured on one core (AMD EPYC, AVX-512): from 4 to 256 rows and columns the interpreter's tiles take 0.5 to 0.98 of
the time of either NumPy's or SciPy's OpenBLAS, call excluded. Beyond, what does not fit into a core's cache decides."""


class Known(NamedTuple):
    """Where a lowering finds operands, and gets the memory for its result."""

    array: Callable[[int], Any]
    """The array of a slot."""
    new: Callable[[str], Any]
    """The array for the result, in C or in F order where it is free."""
    table: Table


class Lowering(NamedTuple):
    """What is known of a function: see the module's docstring."""

    able: Callable[[Operation, Sequence[Value]], bool]
    write: Callable[[Operation, Sequence[Value], Known], None]


def dtype_of(value: Value) -> Any:
    """The dtype of an array or a NumPy scalar; None of anything else."""
    if value.dtype is not None:
        return value.dtype
    return np.dtype(value.type) if issubclass(value.type, np.generic) else None


def _readable(x: Any, values: Sequence[Value]) -> bool:
    """Whether an argument is a float or bool array, or a scalar, that the interpreter can read."""
    if type(x) is not Ref:
        return False
    value = values[x.slot]
    dtype = dtype_of(value)
    if dtype is None or dtype.char not in "df?" or not dtype.isnative:
        return False
    return value.constant is None or plain(value.constant)


def _result(op: Operation, values: Sequence[Value]) -> Any:
    """The dtype of the result's char, if it is one of the interpreter's; else an empty string."""
    dtype = dtype_of(values[op.out])
    return dtype.char if dtype is not None and dtype.char in "df?" else ""


def _number(x: Any) -> bool:
    return type(x) in (int, float, bool) or isinstance(x, np.floating | np.bool)


# -- ufuncs ------------------------------------------------------------------------------------------------------------
def _loop(op: Operation, values: Sequence[Value]) -> Any:
    kinds = []
    for x in op.args:
        if _readable(x, values):
            kinds.append(dtype_of(values[x.slot]))
        elif type(x) in (int, float):
            kinds.append(type(x))
        elif isinstance(x, np.floating | np.bool):
            kinds.append(x.dtype)
        else:
            return None
    return loop_of(op.func, tuple(kinds))


def _able_ufunc(op: Operation, values: Sequence[Value]) -> bool:
    func: Any = op.func
    if op.kwargs or len(op.args) != func.nin or len(values[op.out].shape) > MOST_AXES:
        return False
    loop = _loop(op, values)
    if loop is None or loop.types[-1] != _result(op, values):
        return False
    chars = [
        dtype_of(values[x.slot]).char if type(x) is Ref else char for x, char in zip(op.args, loop.types, strict=False)
    ]
    return all(char == own or (char, own) in CASTS for char, own in zip(chars, loop.types, strict=False))


def _write_ufunc(op: Operation, values: Sequence[Value], known: Known) -> None:
    func: Any = op.func
    loop = _loop(op, values)
    operands = [
        known.array(x.slot) if type(x) is Ref else np.asarray(x, char)
        for x, char in zip(op.args, loop.types, strict=False)
    ]
    known.table.ufunc(func, loop, operands, known.new(_order(operands, values[op.out].shape)))


def _order(operands: Sequence[Any], shape: tuple[int, ...]) -> str:
    """The order of axes of the operands of full shape, where they agree."""
    full = [x for x in operands if x.shape == shape]
    return "F" if full and all(x.flags.f_contiguous and not x.flags.c_contiguous for x in full) else "C"


# -- products ----------------------------------------------------------------------------------------------------------
def _able_product(op: Operation, values: Sequence[Value]) -> bool:
    if op.kwargs or len(op.args) != 2 or not all(_readable(x, values) for x in op.args):
        return False
    a, b = (values[x.slot] for x in op.args)
    char = _result(op, values)
    if char not in ("d", "f") or not dtype_of(a) == dtype_of(b) == np.dtype(char) or not a.shape or not b.shape:
        return False
    if op.func is np.dot and max(len(a.shape), len(b.shape)) > 2:
        return False
    batch = math.prod(values[op.out].shape[: -2 if min(len(a.shape), len(b.shape)) > 1 else -1])
    return (len(values[op.out].shape) <= 3 or batch <= 64) and fma_of(op, values) <= LARGEST


def fma_of(op: Operation, values: Sequence[Value]) -> int:
    """Multiply-adds of a product."""
    a: Value = values[op.args[0].slot]
    return math.prod(values[op.out].shape) * a.shape[-1]


def _write_product(op: Operation, values: Sequence[Value], known: Known) -> None:
    a, b = (known.array(x.slot) for x in op.args)
    free = a.ndim > 1 and b.ndim > 1 and a.strides[-2] == a.itemsize and b.strides[-1] != b.itemsize
    out = known.new("F" if free and a.ndim == b.ndim == 2 else "C")
    y = out
    if b.ndim == 1:
        b, y = b[:, None], y[..., None]
    if a.ndim == 1:
        a, y = a[None], np.expand_dims(y, -2)
    known.table.product(a, b, y)


# -- choices, copies, joins --------------------------------------------------------------------------------------------
def _able_where(op: Operation, values: Sequence[Value]) -> bool:
    if op.kwargs or len(op.args) != 3 or not _readable(op.args[0], values):
        return False
    if dtype_of(values[op.args[0].slot]).char != "?" or _result(op, values) not in ("d", "f"):
        return False
    return all(_number(x) or _readable(x, values) for x in op.args[1:]) and len(values[op.out].shape) <= MOST_AXES


def _write_where(op: Operation, values: Sequence[Value], known: Known) -> None:
    dtype = dtype_of(values[op.out])
    mask, a, b = (known.array(x.slot) if type(x) is Ref else np.asarray(x, dtype) for x in op.args)
    a, b = (x if x.dtype == dtype else known.table.converted(x, dtype) for x in (a, b))
    known.table.select(mask, a, b, known.new(_order([mask, a, b], values[op.out].shape)))


def _able_copy(op: Operation, values: Sequence[Value]) -> bool:
    """Of one operand, made by a function that shows it, or a copy of it, entry by entry in C order."""
    if not op.args or refs(op) != [getattr(op.args[0], "slot", None)] or not _readable(op.args[0], values):
        return False
    operand = values[op.args[0].slot]
    few = max(len(operand.shape), len(values[op.out].shape)) <= MOST_AXES
    return few and _result(op, values) == dtype_of(operand).char


def _able_reshape(op: Operation, values: Sequence[Value]) -> bool:
    if op.func is np.ravel and op.args[1:] not in ((), ("C",)):
        return False
    return _able_copy(op, values) and op.kwargs.get("order", "C") == "C" and len(op.args) <= 2


def _write_reshape(op: Operation, values: Sequence[Value], known: Known) -> None:
    x, out = known.array(op.args[0].slot), known.new("C")
    if out.flags.c_contiguous:
        known.table.copy(x, out.reshape(x.shape))
    else:  # handed out as a transpose
        known.table.copy(known.table.contiguous(x).reshape(out.shape), out)


def _write_copy(op: Operation, values: Sequence[Value], known: Known) -> None:
    x = known.array(op.args[0].slot)
    known.table.copy(x, known.new(_order([x], values[op.out].shape)))


def _able_item(op: Operation, values: Sequence[Value]) -> bool:
    return _able_copy(op, values) and len(op.args) == 2 and not op.kwargs and _basic(op.args[1])


def _basic(index: Any) -> bool:
    items = index if isinstance(index, tuple) else (index,)
    return all(type(i) in (int, slice) or i is None or i is Ellipsis for i in items)


def _write_item(op: Operation, values: Sequence[Value], known: Known) -> None:
    index = op.args[1] if isinstance(op.args[1], tuple) else (op.args[1],)
    shown = known.array(op.args[0].slot)[index if Ellipsis in index else (*index, Ellipsis)]
    known.table.copy(shown, known.new("C"))


def _able_cast(op: Operation, values: Sequence[Value]) -> bool:
    if op.kwargs or len(op.args) != 2 or not _readable(op.args[0], values):
        return False
    few = len(values[op.out].shape) <= MOST_AXES
    pair = dtype_of(values[op.args[0].slot]).char, _result(op, values)
    return few and (pair in CASTS or pair[0] == pair[1])


def _able_join(op: Operation, values: Sequence[Value]) -> bool:
    if set(op.kwargs) - {"axis"} or len(op.args) > 2 or not isinstance(op.args[0], list | tuple):
        return False
    axis = op.args[1] if len(op.args) == 2 else op.kwargs.get("axis", 0)
    char = _result(op, values)
    few = char in ("d", "f") and len(values[op.out].shape) <= MOST_AXES
    return few and type(axis) is int and all(
        _number(x) if type(x) is not Ref else _readable(x, values) and _fits(values[x.slot], char) for x in op.args[0]
    )  # fmt: skip


def _fits(value: Value, char: str) -> bool:
    own = dtype_of(value).char
    return own == char or (own, char) in CASTS


def _write_join(op: Operation, values: Sequence[Value], known: Known) -> None:
    axis = op.args[1] if len(op.args) == 2 else op.kwargs.get("axis", 0)
    out = known.new("C")
    parts = np.moveaxis(out, axis, 0)
    start = 0
    for x in op.args[0]:
        part = known.array(x.slot) if type(x) is Ref else np.asarray(x, out.dtype)
        if op.func is np.stack:
            known.table.copy(part, parts[start : start + 1].reshape(part.shape) if not part.shape else parts[start])
            start += 1
        else:
            stop = start + part.shape[axis]
            known.table.copy(np.moveaxis(part, axis, 0), parts[start:stop])
            start = stop


def _able_filled(op: Operation, values: Sequence[Value]) -> bool:
    plain_numbers = len(op.args) == 3 and all(type(x) is int for x in op.args[1:])
    return plain_numbers and not op.kwargs and _readable(op.args[0], values) and _result(op, values) in ("d", "f")


def _write_filled(op: Operation, values: Sequence[Value], known: Known) -> None:
    diagonal, start = known.array(op.args[0].slot), op.args[1]
    out = known.new("C")
    known.table.copy(np.zeros((), out.dtype), out)
    known.table.copy(diagonal, np.diagonal(out, start))


def _able_assign(op: Operation, values: Sequence[Value]) -> bool:
    if op.kwargs or len(op.args) != 3 or not _readable(op.args[0], values) or not _basic(op.args[1]):
        return False
    few = len(values[op.out].shape) <= MOST_AXES and len(values[op.args[0].slot].shape) <= MOST_AXES
    char = _result(op, values)
    return few and char in ("d", "f") and dtype_of(values[op.args[0].slot]).char == char


def _write_assign(op: Operation, values: Sequence[Value], known: Known) -> None:
    out = known.new("C")
    known.table.copy(np.zeros((), out.dtype), out)
    known.table.copy(known.array(op.args[0].slot), out[(slice(None), *op.args[1])])


def _able_outer(op: Operation, values: Sequence[Value]) -> bool:
    if op.kwargs or len(op.args) != 2 or not all(_readable(x, values) for x in op.args):
        return False
    chars = {dtype_of(values[x.slot]).char for x in op.args} | {_result(op, values)}
    return len(chars) == 1 and "?" not in chars and all(len(values[x.slot].shape) == 1 for x in op.args)


def _write_outer(op: Operation, values: Sequence[Value], known: Known) -> None:
    a, b = (known.array(x.slot) for x in op.args)
    loop = loop_of(np.multiply, (a.dtype, b.dtype))
    assert loop is not None
    known.table.ufunc(np.multiply, loop, [a[:, None], b], known.new("C"))


# -- sums --------------------------------------------------------------------------------------------------------------
def _axes(op: Operation, ndim: int) -> tuple[int, ...] | None:
    axis = op.args[1] if len(op.args) == 2 else op.kwargs.get("axis")
    if axis is None or not ndim:
        return tuple(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    if not all(type(i) is int for i in axes):
        return None
    return tuple(i % ndim for i in axes)


def _able_sum(op: Operation, values: Sequence[Value]) -> bool:
    if set(op.kwargs) - {"axis", "keepdims"} or not 1 <= len(op.args) <= 2 or not _readable(op.args[0], values):
        return False
    operand: Value = values[op.args[0].slot]
    if len(operand.shape) > MOST_AXES or (operand.shape and _axes(op, len(operand.shape)) is None):
        return False
    if op.func is np.mean and not math.prod(operand.shape):
        return False  # NumPy's own warning
    char = dtype_of(operand).char
    return char == _result(op, values) and (char == "?") is (op.func is np.all)


def _write_sum(op: Operation, values: Sequence[Value], known: Known) -> None:
    x, table = known.array(op.args[0].slot), known.table
    axes = _axes(op, x.ndim) or ()
    out = known.new("C")
    left = out.reshape([size for i, size in enumerate(x.shape) if i not in axes])
    func = np.logical_and if op.func is np.all else np.add
    loop = loop_of(func, (x.dtype, x.dtype))
    assert loop is not None
    table.copy(np.asarray(op.func is np.all, x.dtype), out)
    table.reduce(loop, x, axes, left)
    if op.func is np.mean:
        count = np.asarray(math.prod(x.shape[i] for i in axes), x.dtype)
        by = loop_of(np.divide, (x.dtype, x.dtype))
        assert by is not None
        table.ufunc(np.divide, by, [out, count], out)


# -- guards ------------------------------------------------------------------------------------------------------------
def _able_guard(op: Operation, values: Sequence[Value]) -> bool:
    x = op.args[0]
    return _readable(x, values) and dtype_of(values[x.slot]).char == "?" and not values[x.slot].shape


def _write_guard(op: Operation, values: Sequence[Value], known: Known) -> None:
    known.table.guard(known.array(op.args[0].slot), op.args[1])


_UFUNC = Lowering(_able_ufunc, _write_ufunc)
_PRODUCT = Lowering(_able_product, _write_product)
_SUM = Lowering(_able_sum, _write_sum)
_JOIN = Lowering(_able_join, _write_join)
_RESHAPE = Lowering(_able_reshape, _write_reshape)
LOWERINGS: dict[Any, Lowering] = {
    np.matmul: _PRODUCT,
    np.dot: _PRODUCT,
    np.outer: Lowering(_able_outer, _write_outer),
    np.where: Lowering(_able_where, _write_where),
    np.reshape: _RESHAPE,
    np.ravel: _RESHAPE,
    np.copy: Lowering(_able_copy, _write_copy),
    operator.getitem: Lowering(_able_item, _write_item),
    cast: Lowering(_able_cast, _write_copy),
    np.concatenate: _JOIN,
    np.stack: _JOIN,
    assign: Lowering(_able_assign, _write_assign),
    filled: Lowering(_able_filled, _write_filled),
    np.sum: _SUM,
    np.mean: _SUM,
    np.all: _SUM,
    guard: Lowering(_able_guard, _write_guard),
}


def lowering_of(op: Operation, values: Sequence[Value]) -> Lowering | None:
    """How an operation is lowered; None where NumPy has to do it."""
    found = LOWERINGS.get(op.func) or (_UFUNC if isinstance(op.func, np.ufunc) else None)
    return found if found is not None and found.able(op, values) else None

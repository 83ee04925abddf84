"""NumPy's own inner loops, by address: tanh, log1p, hypot and all the others, with the very bits that NumPy has.

A ufunc is a C structure with a table of loops, a loop a combination of dtypes. Its layout is part of NumPy's public
C API (PyUFuncObject in numpy/ufuncobject.h: nin, nout, nargs, identity, functions, data, ntypes, reserved, name, types)
and what is read here is compared with what the ufunc says of itself before an address of it is used.

Source: NumPy reference, C API, PyUFuncObject and PyUFuncGenericFunction,
https://numpy.org/doc/stable/reference/c-api/types-and-structures.html
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Loop", "copying", "loop_of"]


class Loop(NamedTuple):
    """An inner loop: the dtypes of its operands and results ("dd->d"), and the addresses of function and data."""

    types: str
    function: int
    data: int


class _Head(ctypes.Structure):
    _fields_ = (
        ("nin", ctypes.c_int),
        ("nout", ctypes.c_int),
        ("nargs", ctypes.c_int),
        ("identity", ctypes.c_int),
        ("functions", ctypes.POINTER(ctypes.c_void_p)),
        ("data", ctypes.POINTER(ctypes.c_void_p)),
        ("ntypes", ctypes.c_int),
        ("reserved", ctypes.c_int),
        ("name", ctypes.c_char_p),
    )


@cache
def _head(ufunc: np.ufunc) -> _Head | None:
    """The structure behind a ufunc; None where it is not what is expected."""
    head = _Head.from_address(id(ufunc) + object.__basicsize__)
    counts = (head.nin, head.nout, head.nargs, head.ntypes) == (ufunc.nin, ufunc.nout, ufunc.nargs, ufunc.ntypes)
    return head if counts and head.name == ufunc.__name__.encode() else None


@cache
def loop_of(ufunc: np.ufunc, operands: tuple[Any, ...]) -> Loop | None:
    """The loop that NumPy would use for operands of these dtypes (int or float for Python's numbers), None if none.

    None as well where NumPy would convert to a dtype that is neither a float64, a float32 nor a bool.
    """
    if getattr(np, ufunc.__name__, None) is not ufunc:  # SciPy's and others' loops may want to be called by NumPy
        return None
    if ufunc.signature is not None or ufunc.nout != 1 or (head := _head(ufunc)) is None:
        return None
    try:
        dtypes = ufunc.resolve_dtypes((*operands, None))
    except TypeError:
        return None
    *chars, out = (dtype.char for dtype in dtypes)
    types = f"{''.join(chars)}->{out}"
    if types not in ufunc.types or not set(chars) | {out} <= set("df?"):
        return None
    i = ufunc.types.index(types)
    function = head.functions[i]
    return Loop(types, function, head.data[i] or 0 if head.data else 0) if function else None


def copying(dtype: np.dtype[Any]) -> Loop:
    """The loop that copies: of bools by absolute, which has one for them."""
    loop = loop_of(np.absolute if dtype.char == "?" else np.positive, (dtype,))
    assert loop is not None
    return loop

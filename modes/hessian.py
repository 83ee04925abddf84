"""Second derivatives: the Jacobian, by one mode, of the Jacobian, by the other or the same."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np

from .call import ArgNums, Call
from .jacobian import MODES
from .trees import flatten, rebuild

__all__ = ["hessian"]


def hessian(
    f: Callable[..., Any],
    argnums: ArgNums = 0,
    *,
    outer: str = "forward",
    inner: str = "reverse",
    chunk_size: int | None = None,
    has_aux: bool = False,
) -> Callable[..., Any]:
    """The second derivatives of f, by any combination of the modes, as a function of f's arguments.

    `inner` gives the first derivatives and `outer` differentiates them again; all combinations give the same.

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns one array or scalar of shape (*out), () for the matrix that
        is known as the Hessian, or a tree of them.
    argnums : the argument, or tuple of arguments, to differentiate; each may be a tree of arrays.
    outer, inner : "forward" or "reverse" each, or "mixed" or "auto" as in modes.jacobian. For a scalar f of many inputs
        take "reverse" inside; then the outer mode matters little (benchmarks/hessian.py measures four).
    chunk_size : how many seeds travel at once, in either of the two; None for all.
    has_aux : whether f returns a pair (y, aux), of which aux is not differentiated.

    Returns
    -------
    A function of the same arguments. For one array argument of shape (*in) its value is an array of shape
    (*out, *in, *in), H[i, j, k] = d^2 y_i / dx_j dx_k, in y's dtype. With several arrays x_a of shapes (*in_a) there is
    one array for each pair of them, of shape (*out, *in_a, *in_b), as in JAX: the structure of the argument(s) chosen,
    with one more such structure in place of each of its arrays; value[a][b] is d^2 y / dx_a dx_b. Where f returns a
    tree, such a value for each of its arrays; with has_aux (H, aux). Keyword arguments go to f as constants.

    Cost, for a scalar f of n inputs in all: one pass records or pushes the first derivatives, and then n second
    derivatives of each. With inner "reverse" that is n tangents or cotangents of a gradient, which costs 3 to 4 times
    f (C4); with inner "forward" n of a block of n tangents: n times as much, in time and in memory. An outer "reverse"
    keeps the tape of the inner derivative besides.

    Raises ValueError for an unknown mode, with the known ones, and what modes.jacobian raises.
    """
    for name, mode in (("outer", outer), ("inner", inner)):
        if mode not in MODES:
            raise ValueError(f"expected {name} to be one of {', '.join(map(repr, MODES))}, got {mode!r}")
    first = MODES[inner](f, argnums, chunk_size, has_aux=has_aux)

    def second(*args: Any, **keywords: Any) -> Any:
        call = Call(f, args, argnums)
        structure: Any = None
        blocks: list[tuple[tuple[int, ...], Any]] = []

        def joined(*args: Any) -> Any:
            """The first derivatives as one array: those of several arrays one after the other."""
            nonlocal structure
            found = first(*args, **keywords)
            J, aux = found if has_aux else (found, None)
            leaves = flatten(J)  # for each result of f one by each array
            structure, blocks[:] = rebuild(J, iter(range(len(leaves)))), [(leaf.shape, leaf.dtype) for leaf in leaves]
            y = leaves[0] if len(leaves) == 1 else np.concatenate([np.ravel(leaf) for leaf in leaves])
            return (y, aux) if has_aux else y

        found = MODES[outer](joined, argnums, chunk_size, has_aux=has_aux)(*args)
        columns, aux = found if has_aux else (found, None)
        columns = flatten(columns)
        if len(blocks) == 1:
            seconds = [call.rebuild(columns)]
        else:
            ends = accumulate(prod(shape) for shape, _ in blocks)
            seconds = [
                call.rebuild(
                    [_part(column, end, *block, x.shape) for x, column in zip(call.primals, columns, strict=True)]
                )
                for block, end in zip(blocks, ends, strict=True)
            ]
        H = rebuild(structure, iter(seconds))
        return (H, aux) if has_aux else H

    return second


def _part(column: Any, end: int, shape: tuple[int, ...], dtype: Any, inner: tuple[int, ...]) -> Any:
    """The derivatives of one block of first derivatives, which ends there, by one array."""
    part = np.reshape(column[end - prod(shape) : end], (*shape, *inner))
    return part if part.dtype == dtype else part.astype(dtype)

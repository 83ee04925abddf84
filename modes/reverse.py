"""Reverse mode: cotangents pulled back along a tape, which is written as the function runs (modes.tape).

The tape holds what the pull-back needs and no more; it is freed on the way back where it is used once. Twin of
modes.forward.

Contract: the seed axis comes first (a block of k cotangents of an array of shape S has shape (k, *S)); blocks may be
structured (modes.blocks); nothing that the caller passes in is modified or returned.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, overload

import numpy as np

from .agreement import by_columns, has_nan
from .assembly import rows
from .blocks import Array, Block, dense, one_seed
from .call import ArgNums, Call
from .ownership import apart, owned
from .tape import Tape

__all__ = ["jacrev", "jacrev_of", "vjp"]


@overload
def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]: ...
@overload
def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool) -> tuple[Any, ...]: ...
def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """The value of f and its pull-back, which gives vector-Jacobian products (M1: the transpose of J).

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns one array or scalar of shape (*out), or a tree of them.
    primals : its arguments, each an array, a scalar, or a tree of them.
    has_aux : whether f returns a pair (y, aux), of which aux is not differentiated.

    Returns
    -------
    (y, pullback), with has_aux (y, pullback, aux): pullback(y_bar), y_bar of y's structure and shapes, returns a tuple
    with the cotangent of each argument, of the argument's structure, shapes and dtypes. It may be called more than
    once, and keeps the tape while it lives.

    Cost: one pass to record, one to pull back, together 3 to 4 times that of f for scalar operations (C4); memory
    grows with depth (C5). Arrays that f reads may be changed before the pull-back: up to 32 KiB the tape has a copy, a
    larger one is compared before each pull-back and refused if it is needed and has changed (modes.residuals).

    Raises TypeError or ValueError where arguments do not fit, MissingRule where a function has no rule.

    Source: Griewank and Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, https://doi.org/10.1137/1.9780898717761
    """
    call = Call(f, primals, None, None, has_aux)
    tape = Tape()
    y, index = tape.run(call, lasting=True)

    def pullback(y_bar: Any) -> tuple[Any, ...]:
        seed = call.seed(y_bar, y)
        tape.check()
        blocks = tape.pull(index, one_seed(seed), last=False)
        return call.rebuild(apart([cotangent(x, block) for x, block in zip(call.primals, blocks, strict=True)]))

    value = y.copy() if type(y) is np.ndarray else y  # the tape may read y, as that of exp does
    if call.results is None and not has_aux:
        return value, pullback
    return call.handed(call.values(value), pullback)


def jacrev(
    f: Callable[..., Any],
    argnums: ArgNums = 0,
    chunk_size: int | None = None,
    *,
    has_aux: bool = False,
    insist: bool = False,
) -> Callable[..., Any]:
    """The Jacobian of f by reverse mode, as a function of f's arguments.

    The identity's m rows are the seeds, in one sweep in vector mode, or `chunk_size` at a time (1: the textbook's
    pass a row; f is evaluated once all the same). The identity is never multiplied out.

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns one array or scalar of shape (*out), or a tree of them.
    argnums : the argument, or tuple of arguments, to differentiate; each may be a tree of arrays.
    chunk_size : how many seeds are pulled back at once; None for all, or as many as the memory budget allows
        (modes.chunking).
    has_aux : whether f returns a pair (y, aux), of which aux is not differentiated.
    insist : try even where the Jacobian does not fit into the memory available.

    Returns
    -------
    A function of the same arguments, whose value has the structure of the argument(s) chosen: for each array of
    shape (*in) an array of shape (*out, *in), in y's dtype (numerator layout: J[i, j] = dy_i / dx_j). Where f returns a
    tree, such a structure for each of its arrays: J[of y][of x], as in JAX; with has_aux (J, aux). Keyword arguments
    go to f as constants.

    Cost: m cotangents, for a dense chain the multiplications of C2; memory two blocks of chunk_size cotangents, the
    tape, which grows with depth, and the result.

    Raises TypeError or ValueError where arguments do not fit, MissingRule where a function has no rule, MemoryError,
    with the remedy, where the result and its blocks would not fit.
    """

    def jacobian(*args: Any, **keywords: Any) -> Any:
        return jacrev_of(Call(f, args, argnums, keywords, has_aux), chunk_size, insist)

    return jacobian


def jacrev_of(call: Call, chunk_size: int | None, insist: bool) -> Any:
    """The Jacobian of a call by reverse mode."""
    results = _rows(call, chunk_size, insist)
    return call.jacobian(by_columns(call, results) if has_nan(results) else results)


def _rows(call: Call, chunk_size: int | None, insist: bool) -> list[Array]:
    """The Jacobian with respect to every leaf: arrays of shape (*out, *in)."""
    tape = Tape()
    y, index = tape.run(call)
    return rows(call.primals, y, partial(tape.pull, index), chunk_size, insist, tape.widest)


def cotangent(x: Array, block: Block | None) -> Array:
    """The one seed of a block, as a cotangent of x."""
    return np.zeros_like(x) if block is None else owned(dense(block)[0], x.dtype)

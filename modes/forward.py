"""Forward mode: tangents pushed through every operation as the function runs (modes.dual).

No tape: memory does not grow with the depth of the function. Twin of modes.reverse.

Contract: the seed axis comes first (a block of k tangents of an array of shape S has shape (k, *S)); blocks may be
structured (modes.blocks); nothing that the caller passes in is modified or returned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np

from .agreement import by_rows, has_nan
from .assembly import columns
from .blocks import Array, Block, Identity, dense, one_seed
from .call import ArgNums, Call
from .chunking import MANY
from .dual import BoundedForward, Forward
from .ownership import fresh, owned
from .still import forward_pass
from .trees import aligned, same_structure, tuples

__all__ = ["jacfwd", "jacfwd_of", "jvp"]


@overload
def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]: ...
@overload
def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], *, has_aux: bool
) -> tuple[Any, ...]: ...
def jvp(
    f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any], *, has_aux: bool = False
) -> tuple[Any, ...]:
    """The value of f and its Jacobian-vector product, in one forward pass (M1: dy = J dx).

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns one array or scalar of shape (*out), or a tree of them.
    primals : a tuple of its arguments, each an array, a scalar, or a tree of them.
    tangents : a tuple of the same structure and shapes; converted to the primals' dtypes.
    has_aux : whether f returns a pair (y, aux), of which aux is not differentiated.

    Returns
    -------
    (y, y_dot), both of shape (*out) and of y's dtype, or trees of such; with has_aux (y, y_dot, aux).

    Cost: one pass, 2 to 2.5 times that of f for scalar operations (C4); memory independent of depth.

    Raises TypeError or ValueError where arguments do not fit, MissingRule where a function has no rule.

    Source: Griewank and Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, https://doi.org/10.1137/1.9780898717761
    """
    primals, tangents = tuples(primals, tangents)
    call = Call(f, primals, None, None, has_aux)
    if not call.flat:
        tangents = aligned(tangents, primals, "a tangent")
    seeds = same_structure(tangents, call.primals, "a tangent")
    y, block = Forward().run(call, [one_seed(s) for s in seeds])
    y, y_dot = fresh(y, call.primals, block is None), tangent(y, block)
    if call.results is None and not has_aux:
        return y, y_dot
    return call.handed(call.values(y), call.values(y_dot))


def jacfwd(
    f: Callable[..., Any],
    argnums: ArgNums = 0,
    chunk_size: int | None = None,
    *,
    has_aux: bool = False,
    insist: bool = False,
) -> Callable[..., Any]:
    """The Jacobian of f by forward mode, as a function of f's arguments.

    The identity's n columns are the seeds, in one pass in vector mode, or `chunk_size` at a time (1: the textbook's
    pass a column; f is then evaluated once a chunk). The identity is never multiplied out.

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns one array or scalar of shape (*out), or a tree of them.
    argnums : the argument, or tuple of arguments, to differentiate; each may be a tree of arrays.
    chunk_size : how many seeds are pushed at once; None for all, or as many as the memory budget allows
        (modes.chunking).
    has_aux : whether f returns a pair (y, aux), of which aux is not differentiated.
    insist : try even where the Jacobian does not fit into the memory available.

    Returns
    -------
    A function of the same arguments, whose value has the structure of the argument(s) chosen: for each array of
    shape (*in) an array of shape (*out, *in), in y's dtype (numerator layout: J[i, j] = dy_i / dx_j). Where f returns a
    tree, such a structure for each of its arrays: J[of y][of x], as in JAX; with has_aux (J, aux). Keyword arguments
    go to f as constants.

    Cost: n tangents, for a dense chain the multiplications of C2; memory two blocks of chunk_size tangents, whatever
    the depth, and the result.

    Raises TypeError or ValueError where arguments do not fit, MissingRule where a function has no rule, MemoryError,
    with the remedy, where the result and its blocks would not fit.
    """

    def jacobian(*args: Any, **keywords: Any) -> Any:
        return jacfwd_of(Call(f, args, argnums, keywords, has_aux), chunk_size, insist)

    return jacobian


def jacfwd_of(call: Call, chunk_size: int | None, insist: bool) -> Any:
    """The Jacobian of a call by forward mode."""
    results = [_columns(call, leaf, chunk_size, insist) for leaf in range(len(call.primals))]
    return call.jacobian(by_rows(call, results) if has_nan(results) else results)


def _columns(call: Call, leaf: int, chunk_size: int | None, insist: bool) -> Array:
    """The Jacobian with respect to one leaf: an array of shape (*out, *in)."""
    x = call.primals[leaf]
    seeds: list[Block | None] = [None] * len(call.primals)
    bounded = chunk_size is None and x.size >= MANY

    def push(seed: Identity) -> tuple[Array, Block | None]:
        seeds[leaf] = seed
        trace = BoundedForward(seed) if bounded else Forward()
        return trace.run(call, seeds) if len(seeds) == 1 else forward_pass(trace, call, seeds)

    return columns(x, push, chunk_size, insist)


def tangent(y: Array, block: Block | None) -> Array:
    """The one seed of a block, as a tangent of y."""
    return np.zeros_like(y) if block is None else owned(dense(block)[0], y.dtype)

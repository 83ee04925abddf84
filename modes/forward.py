"""Forward mode: dual numbers, a primal with a block of tangents, pushed through every operation as it happens.

No tape: memory does not grow with the depth of the function. Twin of modes.reverse.

Contract: the seed axis comes first (a block of k tangents of an array of shape S has shape (k, *S)); blocks may be
structured (modes.structure); nothing that the caller passes in is modified or returned.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .arguments import ArgNums, Call, aligned, chunks, fresh, output, owned, same_structure
from .array import Trace, TracedArray, escaped
from .chunking import KEEPING, MANY, SMALL, TooWide, check_fits, fitting
from .partials import Partial
from .structure import Assembly, Identity, dense, one_seed, scaled

__all__ = ["jacfwd", "jvp"]


class Dual(TracedArray):
    """A dual number: a primal, and the block of its tangents."""

    __slots__ = ("tangent",)

    def __init__(self, trace: Trace, primal: Any, tangent: Any) -> None:
        self.owner = trace
        self.primal = primal
        self.tangent = tangent

    def extend(self, y: Any, partial: Partial) -> Dual:
        trace = self.owner
        if not trace.open:
            escaped(self)
        return Dual(trace, y, partial.push(self.tangent))

    def shifted(self, y: Any) -> Dual:
        trace = self.owner
        if not trace.open:
            escaped(self)
        return Dual(trace, y, self.tangent)

    def scaled(self, y: Any, d: Any) -> Dual:
        trace = self.owner
        if not trace.open:
            escaped(self)
        return Dual(trace, y, scaled(self.tangent, d))

    def mapped(self, y: Any, J: Any) -> Dual:
        trace, t = self.owner, self.tangent
        if not trace.open:
            escaped(self)
        return Dual(trace, y, t.dot(J.T) if type(t) is np.ndarray else t @ J.T)


class Forward(Trace):
    """A forward trace: each result's tangents are pushed from its operands' at once; they add up at a fan-in (M22)."""

    __slots__ = ()

    dual = Dual

    def join(self, y: Any, operands: Sequence[Any], partials: Sequence[Partial | None]) -> Any:
        if not self.open:
            escaped(operands[0])
        tangent = None
        for operand, partial in zip(operands, partials, strict=True):
            if partial is not None:
                pushed = partial.push(operand.tangent)
                tangent = pushed if tangent is None else tangent + pushed
        return y if tangent is None else Dual(self, y, tangent)

    def run(self, call: Call, seeds: Sequence[Any]) -> tuple[Any, Any]:
        """Evaluate with a block of tangents for each leaf (None: it is constant): the primal output and its block."""
        dual = self.dual
        values = [x if s is None else dual(self, x, s) for x, s in zip(call.primals, seeds, strict=True)]
        try:
            y = call(values)
        finally:
            self.open = False
        if isinstance(y, Dual) and y.owner is self:
            return output(y.primal, call.f), y.tangent
        return output(y, call.f), None


class Bounded(Dual):
    """A dual number of a pass with many seeds: no block is made that the memory budget does not allow."""

    __slots__ = ()

    owner: BoundedForward

    def extend(self, y: Any, partial: Partial) -> Bounded:
        trace = self.owner
        if not trace.open:
            escaped(self)
        if y.size > trace.free and type(partial) not in KEEPING:
            trace.bound(y)
        return Bounded(trace, y, partial.push(self.tangent))

    # Each as its partial says, so that `extend` sees them all.
    shifted: Any = TracedArray.shifted
    scaled: Any = TracedArray.scaled
    mapped: Any = TracedArray.mapped


class BoundedForward(Forward):
    """The forward trace of such a pass, of `seeds` seeds.

    Raises TooWide, with the chunk size to take instead, before it makes a block that is not to be had.
    """

    __slots__ = ("free", "seeds")

    dual = Bounded

    def __init__(self, seeds: int, itemsize: int) -> None:
        super().__init__()
        self.seeds = seeds
        self.free = SMALL // (2 * seeds * itemsize)  # values of this size need no further look

    def bound(self, y: Any) -> None:
        chunk_size = fitting(self.seeds, y.size, y.dtype.itemsize)
        if chunk_size < self.seeds:
            raise TooWide(chunk_size)

    def join(self, y: Any, operands: Sequence[Any], partials: Sequence[Partial | None]) -> Any:
        if y.size > self.free and not KEEPING.issuperset(map(type, partials)):
            self.bound(y)
        dual = super().join(y, operands, partials)
        return Bounded(self, y, dual.tangent) if isinstance(dual, Dual) else dual


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of f and its Jacobian-vector product, in one forward pass (M1: dy = J dx).

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns one array or scalar of shape (*out).
    primals : a tuple of its arguments, each an array, a scalar, or a tree of them.
    tangents : a tuple of the same structure and shapes; converted to the primals' dtypes.

    Returns
    -------
    (y, y_dot), both of shape (*out) and of y's dtype.

    Cost: one pass, 2 to 2.5 times that of f for scalar operations (C4); memory independent of depth.

    Raises TypeError or ValueError where arguments do not fit, MissingRule where a function has no rule.

    Source: Griewank and Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, https://doi.org/10.1137/1.9780898717761
    """
    primals, tangents = _tuples(primals, tangents)
    call = Call(f, primals, None)
    if not call.flat:
        tangents = aligned(tangents, primals, "a tangent")
    seeds = same_structure(tangents, call.primals, "a tangent")
    y, block = Forward().run(call, [one_seed(s) for s in seeds])
    y_dot = np.zeros_like(y) if block is None else owned(dense(block)[0], y.dtype)
    return fresh(y, call.primals, block is None), y_dot


def jacfwd(
    f: Callable[..., Any], argnums: ArgNums = 0, chunk_size: int | None = None, *, insist: bool = False
) -> Callable[..., Any]:
    """The Jacobian of f by forward mode, as a function of f's arguments.

    The identity's n columns are the seeds, in one pass in vector mode, or `chunk_size` at a time (1: the textbook's
    pass a column; f is then evaluated once a chunk). The identity is never multiplied out.

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns one array or scalar of shape (*out).
    argnums : the argument, or tuple of arguments, to differentiate; each may be a tree of arrays.
    chunk_size : how many seeds are pushed at once; None for all, or as many as the memory budget allows
        (modes.chunking).
    insist : try even where the Jacobian does not fit into the memory available.

    Returns
    -------
    A function of the same arguments, whose value has the structure of the argument(s) chosen: for each array of
    shape (*in) an array of shape (*out, *in), in y's dtype (numerator layout: J[i, j] = dy_i / dx_j).

    Cost: n tangents, for a dense chain the multiplications of C2; memory two blocks of chunk_size tangents, whatever
    the depth, and the result.

    Raises TypeError or ValueError where arguments do not fit, MissingRule where a function has no rule, MemoryError,
    with the remedy, where the result and its blocks would not fit.
    """

    def jacobian(*args: Any) -> Any:
        call = Call(f, args, argnums)
        return call.rebuild([_columns(call, i, chunk_size, insist) for i in range(len(call.primals))])

    return jacobian


def _columns(call: Call, i: int, chunk_size: int | None, insist: bool) -> Any:
    """The Jacobian with respect to leaf i: an array of shape (*out, *in)."""
    x = call.primals[i]
    if chunk_size is not None:
        return _stretches(call, i, chunk_size, Forward, insist)
    if x.size >= MANY:
        chunk_size = x.size
        while True:
            trace = functools.partial(BoundedForward, chunk_size, x.dtype.itemsize)
            try:
                return _stretches(call, i, chunk_size, trace, insist)
            except TooWide as wide:
                chunk_size = wide.chunk_size
    seeds: list[Any] = [None] * len(call.primals)
    seeds[i] = Identity.of(x)
    y, block = Forward().run(call, seeds)
    J = np.zeros((x.size, *y.shape), y.dtype) if block is None else dense(block)
    return numerator(J, x, y)


def _stretches(call: Call, i: int, chunk_size: int, trace: Callable[[], Forward], insist: bool) -> Any:
    """The same, in passes of chunk_size seeds each."""
    x = call.primals[i]
    seeds: list[Any] = [None] * len(call.primals)
    assembly = None
    for start, stop in chunks(x.size, chunk_size):
        seeds[i] = Identity.of(x, start, stop)
        y, block = trace().run(call, seeds)
        if assembly is None:
            whole = stop == x.size  # then the block is the result, if it is dense
            if not insist and not (whole and isinstance(block, np.ndarray)):
                width = 0 if whole else y.size
                check_fits("jacfwd", [(*y.shape, *x.shape)], x.size, stop, width, y.dtype.itemsize)
            assembly = Assembly(x.size, y.shape, y.dtype)
        assembly.add(start, stop, block)
        del block  # so that no more than one chunk is kept beside the result
    assert assembly is not None  # there is one stretch at least
    return numerator(assembly.block(), x, y)


def numerator(J: Any, x: Any, y: Any) -> Any:
    """(n, *out) -> (*out, *in): views alone."""
    if x.ndim == y.ndim == 1:
        return owned(J.T, y.dtype)
    J = np.reshape(J, (*x.shape, *y.shape))
    return owned(np.transpose(J, (*range(x.ndim, J.ndim), *range(x.ndim))), y.dtype)


def _tuples(primals: Any, tangents: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    for name, value in (("primals", primals), ("tangents", tangents)):
        if type(value) is not tuple and not isinstance(value, tuple | list):
            raise TypeError(f"expected {name} to be a tuple, one item an argument, got {type(value).__name__}")
    if len(primals) != len(tangents):
        raise ValueError(f"expected as many tangents as primals, {len(primals)}, got {len(tangents)}")
    return tuple(primals), tuple(tangents)

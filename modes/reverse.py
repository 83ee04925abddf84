"""Reverse mode: a tape of partials, written as the function runs, and a block of cotangents pulled back along it.

The tape holds what the pull-back needs and no more; it is freed on the way back where it is used once. Twin of
modes.forward.

Contract: the seed axis comes first (a block of k cotangents of an array of shape S has shape (k, *S)); blocks may be
structured (modes.structure); nothing that the caller passes in is modified or returned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .arguments import ArgNums, Call, apart, chunks, fresh, output, owned, same_structure
from .array import Trace, TracedArray, escaped
from .chunking import MANY, check_fits, fitting, widest
from .partials import SAME, Matrix, Partial, Scale
from .structure import Assembly, Identity, dense, one_seed, scaled

__all__ = ["grad", "jacrev", "value_and_grad", "vjp"]


class Node(TracedArray):
    """A value on the tape: a primal, and the number of its entry."""

    __slots__ = ("index",)

    owner: Tape

    def __init__(self, trace: Tape, primal: Any, index: int) -> None:
        self.owner = trace
        self.primal = primal
        self.index = index

    def extend(self, y: Any, partial: Partial) -> Node:
        trace = self.owner
        if not trace.open:
            escaped(self)
        if partial is SAME:  # y = x + constant: the same cotangent, so the same entry
            return Node(trace, y, self.index)
        return Node(trace, y, trace.add(self.index, partial))

    def shifted(self, y: Any) -> Node:
        trace = self.owner
        if not trace.open:
            escaped(self)
        return Node(trace, y, self.index)

    def scaled(self, y: Any, d: Any) -> Node:
        trace = self.owner
        if not trace.open:
            escaped(self)
        return Node(trace, y, trace.add(self.index, d if type(d) is np.ndarray else Scale(d)))

    def mapped(self, y: Any, J: Any) -> Node:
        trace = self.owner
        if not trace.open:
            escaped(self)
        return Node(trace, y, trace.add(self.index, Matrix(J)))


class Tape(Trace):
    """A reverse trace: each result's partials are kept, by the entries of the operands that they lead back to.

    An entry is its parent's number and a partial, or two tuples of them where operands meet. A plain array d among the
    partials stands for Scale(d), the commonest. Neither pairs nor that object are made: together they would take as
    much memory as the residuals of a layer of 16.
    """

    __slots__ = ("parents", "partials")

    parents: list[Any]
    partials: list[Any]

    def add(self, parent: Any, partial: Any) -> int:
        """Write an entry; its number."""
        self.parents.append(parent)
        self.partials.append(partial)
        return len(self.partials) - 1

    def edges(self, i: int) -> Iterator[tuple[int, Partial]]:
        """The entries that entry i leads back to, each with its partial."""
        parent, partial = self.parents[i], self.partials[i]
        pairs = zip(parent, partial, strict=True) if type(partial) is tuple else ((parent, partial),)
        return ((p, Scale(d) if type(d) is np.ndarray else d) for p, d in pairs)

    def join(self, y: Any, operands: Sequence[Any], partials: Sequence[Partial | None]) -> Any:
        if not self.open:
            escaped(operands[0])
        parents = tuple([x.index for x, partial in zip(operands, partials, strict=True) if partial is not None])
        if not parents:
            return y
        if len(parents) < len(partials):
            partials = [partial for partial in partials if partial is not None]
        return Node(self, y, self.add(parents, tuple(partials)))

    def run(self, call: Call, node: type[Node] = Node) -> tuple[Any, int | None]:
        """Evaluate, with every leaf on the tape: the primal output and its entry (None: it depends on no leaf)."""
        self.parents = [()] * len(call.primals)
        self.partials = [()] * len(call.primals)
        values = [node(self, x, i) for i, x in enumerate(call.primals)]
        try:
            y = call(values)
        finally:
            self.open = False
        if isinstance(y, Node) and y.owner is self:
            return output(y.primal, call.f), y.index
        return output(y, call.f), None

    def widest(self) -> int:
        """The largest number of entries of one cotangent, as far as the partials tell."""
        return widest(partial for i in range(len(self.partials)) for _, partial in self.edges(i))

    def sweep(self, index: int | None, seed: Any, leaves: int, last: bool) -> list[Any]:
        """Pull a block of cotangents back from an entry to the leaves: a block each (None: it is zero).

        Cotangents add up at a fan-out (M22). An entry is complete when its number is reached, because all that
        depends on it has higher numbers. `last` frees the tape on the way.
        """
        if index is None:
            return [None] * leaves
        parents, partials = self.parents, self.partials
        blocks: list[Any] = [None] * max(index + 1, leaves)
        blocks[index] = seed
        del seed  # so that nothing here refers to a block any longer than it is needed
        for i in range(index, leaves - 1, -1):
            block, parent, partial = blocks.pop(), parents[i], partials[i]
            if last:
                partials[i] = None
            if block is None:
                continue
            if type(partial) is tuple:
                for p, each in zip(parent, partial, strict=True):
                    pulled = each.pull(block)
                    there = blocks[p]
                    blocks[p] = pulled if there is None else there + pulled
            else:
                pulled = scaled(block, partial) if type(partial) is np.ndarray else partial.pull(block)
                there = blocks[parent]
                blocks[parent] = pulled if there is None else there + pulled
            del pulled, there
        return blocks

    def jacobians(
        self, index: int | None, primals: Sequence[Any], y: Any, chunk_size: int | None, insist: bool = False
    ) -> list[Any]:
        """The Jacobian of the output with respect to every leaf: arrays of shape (*out, *in). Frees the tape."""
        if chunk_size is not None or y.size >= MANY:
            chunk_size = self._chunk_size(primals, y, chunk_size, insist)
        if chunk_size is None:
            blocks = self.sweep(index, Identity.of(y), len(primals), last=True)
            return apart(
                [
                    numerator(np.zeros((y.size, *x.shape), y.dtype) if block is None else dense(block), x, y)
                    for x, block in zip(primals, blocks, strict=True)
                ]
            )
        assemblies = [Assembly(y.size, x.shape, y.dtype) for x in primals]
        for start, stop in chunks(y.size, chunk_size):
            blocks = self.sweep(index, Identity.of(y, start, stop), len(primals), last=stop == y.size)
            for assembly, block in zip(assemblies, blocks, strict=True):
                assembly.add(start, stop, block)
        return apart([numerator(assembly.block(), x, y) for x, assembly in zip(primals, assemblies, strict=True)])

    def _chunk_size(self, primals: Sequence[Any], y: Any, chunk_size: int | None, insist: bool) -> int | None:
        """The chunk size asked for, or the one that is chosen (None: all at once), if what it takes is to be had."""
        itemsize, size = y.dtype.itemsize, self.widest()
        if chunk_size is None and (chosen := fitting(y.size, size, itemsize)) < y.size:
            chunk_size = chosen
        if not insist:
            shapes = [(*y.shape, *x.shape) for x in primals]
            check_fits("jacrev", shapes, y.size, min(chunk_size or y.size, y.size), size, itemsize)
        return chunk_size


def value_and_grad(f: Callable[..., Any], argnums: ArgNums = 0) -> Callable[..., tuple[Any, Any]]:
    """The value and the gradient of a scalar function, as a function of f's arguments.

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns a scalar (shape ()).
    argnums : the argument, or tuple of arguments, to differentiate; each may be a tree of arrays.

    Returns
    -------
    A function of the same arguments, whose value is (y, gradient); the gradient has the structure, shapes and dtypes
    of the argument(s) chosen.

    Cost: one pass and one pull-back, 3 to 4 times f for scalar operations (C4), however many inputs there are.

    Raises ValueError, with the shape that came, where f returns anything but a scalar.
    """

    def value_and_gradient(*args: Any) -> tuple[Any, Any]:
        call = Call(f, args, argnums)
        tape = Tape()
        y, index = tape.run(call)
        if y.shape != ():
            raise ValueError(
                f"expected a function that returns a scalar (shape ()) to take the gradient of, got shape {y.shape}; "
                f"use modes.jacrev, or sum the output"
            )
        blocks = tape.sweep(index, Identity.of(y), len(call.primals), last=True)
        gradients = [_cotangent(x, block) for x, block in zip(call.primals, blocks, strict=True)]
        return fresh(y, call.primals, index is None), call.rebuild(apart(gradients))

    return value_and_gradient


def grad(f: Callable[..., Any], argnums: ArgNums = 0) -> Callable[..., Any]:
    """The gradient of a scalar function, as a function of f's arguments: value_and_grad without the value."""
    both = value_and_grad(f, argnums)
    return lambda *args: both(*args)[1]


def vjp(f: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of f and its pull-back, which gives vector-Jacobian products (M1: the transpose of J).

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns one array or scalar of shape (*out).
    primals : its arguments, each an array, a scalar, or a tree of them.

    Returns
    -------
    (y, pullback): pullback(y_bar), y_bar of shape (*out), returns a tuple with the cotangent of each argument, of the
    argument's structure, shapes and dtypes. It may be called more than once, and keeps the tape while it lives.

    Cost: one pass to record, one to pull back, together 3 to 4 times that of f for scalar operations (C4); memory
    grows with depth (C5). Arrays that f reads are shared with the tape, not copied: pull back before changing them.

    Raises TypeError or ValueError where arguments do not fit, MissingRule where a function has no rule.

    Source: Griewank and Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, https://doi.org/10.1137/1.9780898717761
    """
    call = Call(f, primals, None)
    tape = Tape()
    y, index = tape.run(call)

    def pullback(y_bar: Any) -> tuple[Any, ...]:
        (seed,) = same_structure(y_bar, [y], "a cotangent")
        blocks = tape.sweep(index, one_seed(seed), len(call.primals), last=False)
        return call.rebuild(apart([_cotangent(x, block) for x, block in zip(call.primals, blocks, strict=True)]))

    return fresh(y, call.primals, index is None), pullback


def jacrev(
    f: Callable[..., Any], argnums: ArgNums = 0, chunk_size: int | None = None, *, insist: bool = False
) -> Callable[..., Any]:
    """The Jacobian of f by reverse mode, as a function of f's arguments.

    The identity's m rows are the seeds, in one sweep in vector mode, or `chunk_size` at a time (1: the textbook's
    pass a row; f is evaluated once all the same). The identity is never multiplied out.

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns one array or scalar of shape (*out).
    argnums : the argument, or tuple of arguments, to differentiate; each may be a tree of arrays.
    chunk_size : how many seeds are pulled back at once; None for all, or as many as the memory budget allows
        (modes.chunking).
    insist : try even where the Jacobian does not fit into the memory available.

    Returns
    -------
    A function of the same arguments, whose value has the structure of the argument(s) chosen: for each array of
    shape (*in) an array of shape (*out, *in), in y's dtype (numerator layout: J[i, j] = dy_i / dx_j).

    Cost: m cotangents, for a dense chain the multiplications of C2; memory two blocks of chunk_size cotangents, the
    tape, which grows with depth, and the result.

    Raises TypeError or ValueError where arguments do not fit, MissingRule where a function has no rule, MemoryError,
    with the remedy, where the result and its blocks would not fit.
    """

    def jacobian(*args: Any) -> Any:
        call = Call(f, args, argnums)
        tape = Tape()
        y, index = tape.run(call)
        return call.rebuild(tape.jacobians(index, call.primals, y, chunk_size, insist))

    return jacobian


def numerator(J: Any, x: Any, y: Any) -> Any:
    """(m, *in) -> (*out, *in): views alone."""
    if y.ndim == 1:
        return owned(J, y.dtype)
    return owned(np.reshape(J, (*y.shape, *x.shape)), y.dtype)


def _cotangent(x: Any, block: Any) -> Any:
    """The one row of a block, as a cotangent of x."""
    return np.zeros_like(x) if block is None else owned(dense(block)[0], x.dtype)

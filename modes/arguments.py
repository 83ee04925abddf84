"""What goes into a differentiated function and what comes out: checks, and trees of arguments.

An argument may be an array, a scalar, or a (nested) tuple, list or dict of them; its arrays are the tree's leaves, in
order (a dict's by its own order of keys). Everything the twins share about arguments is here, so that they differ in
nothing but the mode.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .array import TracedArray, escaped, plain
from .errors import TracedValueError

__all__ = [
    "Call",
    "aligned",
    "apart",
    "chunks",
    "flatten",
    "fresh",
    "leaf",
    "output",
    "owned",
    "rebuild",
    "same_structure",
]

ArgNums = int | tuple[int, ...]
Chosen = ArgNums | None  # None: every argument

ARRAYS = (np.ndarray, np.floating, TracedArray)


# -- trees -------------------------------------------------------------------------------------------------------------
def flatten(tree: Any) -> list[Any]:
    """The leaves of a tree, in order."""
    if isinstance(tree, tuple | list):
        return [x for branch in tree for x in flatten(branch)]
    if isinstance(tree, dict):
        return [x for branch in tree.values() for x in flatten(branch)]
    return [tree]


def rebuild(tree: Any, leaves: Iterator[Any]) -> Any:
    """The tree with its leaves taken from an iterator instead."""
    if isinstance(tree, tuple | list):
        branches = [rebuild(branch, leaves) for branch in tree]
        if isinstance(tree, tuple) and hasattr(tree, "_fields"):  # a named tuple takes its fields one by one
            return type(tree)(*branches)
        return type(tree)(branches)
    if isinstance(tree, dict):
        return {key: rebuild(branch, leaves) for key, branch in tree.items()}
    return next(leaves)


# -- leaves ------------------------------------------------------------------------------------------------------------
def leaf(x: Any, what: str) -> Any:
    """A primal as an array or NumPy scalar of float dtype.

    Raises TypeError for what has no derivative, or would silently be taken for something else.
    """
    if isinstance(x, (*ARRAYS, np.complexfloating)):
        kind = x.dtype.kind
        if kind == "f":
            return plain(x) if isinstance(x, np.ndarray) else x
        remedy = (
            "the engines differentiate real functions only; pass the real and imaginary parts as two arguments"
            if kind == "c"
            else "derivatives are of real numbers; convert with x.astype(float)"
        )
        raise TypeError(f"expected {what} of a float dtype, got dtype {x.dtype}; {remedy}")
    if isinstance(x, float):
        return np.float64(x)
    if isinstance(x, complex):
        raise TypeError(f"expected {what} to be real, got {x!r}; pass its real and imaginary parts as two arguments")
    if isinstance(x, bool | int | np.integer | np.bool_):
        raise TypeError(f"expected {what} to be a float, got {type(x).__name__} {x!r}; write {float(x)!r}")
    raise TypeError(
        f"expected {what} to be an array, a float, or a tuple, list or dict of them, got {type(x).__name__}; "
        f"convert it with np.asarray(x, dtype=float)"
    )


def leaves(tree: Any, what: str) -> list[Any]:
    """The checked leaves of an argument."""
    if isinstance(tree, list) and tree and all(isinstance(x, int | float | list) for x in tree):
        raise TypeError(f"expected {what} to be an array, got a list of numbers; write np.array({_brief(tree)})")
    return [leaf(x, what) for x in flatten(tree)]


def _brief(tree: list[Any]) -> str:
    text = repr(tree)
    return text if len(text) < 40 else "x, dtype=float"


def aligned(tree: Any, like: Any, what: str) -> Any:
    """A tree of seeds with the keys of its dicts in the order of those of `like`, the primals' tree.

    Raises ValueError where the two are not of one structure: seeds would be taken for those of other arrays.
    """
    if isinstance(like, dict):
        if not isinstance(tree, dict) or set(tree) != set(like):
            raise ValueError(f"expected {what} with the keys {sorted(map(repr, like))}, got {_shape_of(tree)}")
        return {key: aligned(tree[key], branch, what) for key, branch in like.items()}
    if isinstance(like, tuple | list):
        if not isinstance(tree, tuple | list) or len(tree) != len(like):
            raise ValueError(f"expected {what} with {len(like)} branches, as its primal has, got {_shape_of(tree)}")
        return tuple(aligned(*pair, what) for pair in zip(tree, like, strict=True))
    return tree


def _shape_of(tree: Any) -> str:
    if isinstance(tree, dict):
        return f"the keys {sorted(map(repr, tree))}"
    return f"{len(tree)} branches" if isinstance(tree, tuple | list) else type(tree).__name__


def same_structure(tree: Any, like: Sequence[Any], what: str) -> list[Any]:
    """The leaves of a tree of seeds, each with the shape of its primal and converted to its dtype.

    Raises TypeError or ValueError, with both shapes, where they do not fit.
    """
    if len(like) == 1:  # one array like its primal, the commonest case: 1.5 microseconds cheaper
        seed = tree[0] if type(tree) is tuple and len(tree) == 1 else tree
        if type(seed) is np.ndarray and seed.dtype == like[0].dtype and seed.shape == like[0].shape:
            return [seed]
    seeds = leaves(tree, what)
    if len(seeds) != len(like):
        raise ValueError(f"expected {what} with {len(like)} array(s), one for each primal, got {len(seeds)}")
    for seed, x in zip(seeds, like, strict=True):
        if seed.shape != x.shape:
            raise ValueError(f"expected {what} of shape {x.shape}, the shape of its primal, got shape {seed.shape}")
    return [s if s.dtype == x.dtype else s.astype(x.dtype) for s, x in zip(seeds, like, strict=True)]


# -- calls -------------------------------------------------------------------------------------------------------------
class Call:
    """f at given arguments, as a function of the leaves of those that are differentiated.

    `primals` are the leaves; `call(values)` is f with the leaves replaced; `rebuild(results)` gives results, one a
    leaf, the structure of the arguments (one tree for an int argnums, a tuple of trees for a tuple, or for None, which
    stands for all arguments).

    Raises TypeError or ValueError where argnums or an argument is not what it has to be.
    """

    __slots__ = ("argnums", "args", "f", "flat", "numbers", "primals")

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], argnums: Chosen) -> None:
        if not callable(f):
            raise TypeError(f"expected a function to differentiate, got {type(f).__name__}")
        self.f = f
        self.args = args
        self.argnums = argnums
        first = argnums is None or (type(argnums) is int and argnums == 0)
        self.flat = first and len(args) == 1 and type(args[0]) is np.ndarray
        self.numbers: Sequence[int] = (0,)
        if self.flat and args[0].dtype.kind == "f":  # one array, the commonest case: 2 microseconds cheaper
            self.primals = [args[0]]
        else:
            self.numbers = range(len(args)) if argnums is None else _numbers(argnums, len(args))
            name = getattr(f, "__name__", "f")
            self.primals = [x for i in self.numbers for x in leaves(args[i], f"argument {i} of {name}")]

    def __call__(self, values: Sequence[Any]) -> Any:
        try:
            if self.flat:
                return self.f(values[0])
            args, stream = list(self.args), iter(values)
            for i in self.numbers:
                args[i] = rebuild(args[i], stream)
            return self.f(*args)
        except ValueError as error:
            # y[i] = x into a plain array: NumPy hides our message behind "setting an array element with a sequence".
            if isinstance(error.__cause__, TracedValueError):
                raise error.__cause__ from error
            raise

    def rebuild(self, results: Sequence[Any]) -> Any:
        if self.flat:
            return (results[0],) if self.argnums is None else results[0]
        stream = iter(results)
        trees = tuple(rebuild(self.args[i], stream) for i in self.numbers)
        return trees[0] if isinstance(self.argnums, int) else trees


def _numbers(argnums: ArgNums, count: int) -> tuple[int, ...]:
    if type(argnums) is int and 0 <= argnums < count:
        return (argnums,)
    numbers = (argnums,) if isinstance(argnums, int | np.integer) else argnums
    if not isinstance(numbers, tuple) or not all(isinstance(i, int | np.integer) for i in numbers) or not numbers:
        raise TypeError(f"expected argnums to be an int or a tuple of ints, got {argnums!r}")
    for i in numbers:
        if not -count <= i < count:
            raise ValueError(f"expected argnums below the number of arguments, {count}, got {argnums!r}")
    numbers = tuple(int(i) % count for i in numbers)
    if len(set(numbers)) != len(numbers):
        raise ValueError(f"expected argnums to name each argument once, got {argnums!r}")
    return numbers


def output(y: Any, f: Callable[..., Any]) -> Any:
    """The primal output of f, checked to be one real array or scalar.

    Raises TypeError where it is not.
    """
    if isinstance(y, TracedArray) and not y.owner.open:
        escaped(y)
    if isinstance(y, ARRAYS) and y.dtype.kind == "f":
        return y
    if isinstance(y, float):
        return np.float64(y)
    came = f"an array of dtype {y.dtype}" if isinstance(y, np.ndarray | np.generic) else type(y).__name__
    remedy = "; join several results with np.concatenate or np.stack" if isinstance(y, tuple | list | dict) else ""
    raise TypeError(
        f"expected {getattr(f, '__name__', 'f')} to return one array or scalar of float dtype, got {came}{remedy}"
    )


def chunks(total: int, chunk_size: int | None) -> list[tuple[int, int]]:
    """The stretches (start, stop) in which `total` seeds are pushed or pulled, chunk_size at a time; None: all at once.

    Raises TypeError or ValueError for a chunk size that is not a positive int.
    """
    if chunk_size is None:
        return [(0, total)]
    if isinstance(chunk_size, bool) or not isinstance(chunk_size, int | np.integer):
        raise TypeError(f"expected chunk_size to be an int or None, got {chunk_size!r}")
    if chunk_size < 1:
        raise ValueError(f"expected chunk_size of 1 or more, or None for all seeds at once, got {chunk_size}")
    return [(i, min(i + chunk_size, total)) for i in range(0, max(total, 1), chunk_size)]


def fresh(y: Any, primals: Sequence[Any], constant: bool) -> Any:
    """A value as it is handed out: a copy if it shows an argument, or another array that the function only read.

    `constant`: it depends on no argument, so that nothing is known of who else has it.
    """
    if type(y) is np.ndarray and (constant or not y.flags.owndata or any(y is x for x in primals)):
        return y.copy()
    return y


def apart(results: list[Any]) -> list[Any]:
    """Results as they are handed out: no two in the same memory (the two gradients of a + b are one block)."""
    if len(results) > 1:
        seen: set[int] = set()
        for i, result in enumerate(results):
            if type(result) is np.ndarray:
                root = id(result if result.base is None else result.base)
                if root in seen:
                    results[i] = result.copy()
                seen.add(root)
    return results


def owned(array: Any, dtype: Any) -> Any:
    """A result as it is handed out: in the dtype, and a copy if it shows somebody else's array (modes.structure)."""
    if array.dtype is not dtype and array.dtype != dtype:
        return array.astype(dtype)
    return array.copy() if type(array) is np.ndarray and not array.flags.writeable else array

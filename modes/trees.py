"""Trees of arguments: tuples, lists and dicts, nested as one likes, of arrays and scalars.

The arrays are the tree's leaves, in order (a dict's by its own order of keys). `flatten` and `rebuild` take a tree
apart and put it together; `leaves` checks what is to be differentiated, `same_structure` what is to be its seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .array import TracedArray, escaped
from .operands import plain

__all__ = ["ARRAYS", "TREES", "aligned", "flatten", "leaves", "rebuild", "same_structure", "tuples"]

ARRAYS = (np.ndarray, np.floating, TracedArray)
TREES = (tuple, list, dict)


def flatten(tree: Any) -> list[Any]:
    """The leaves of a tree, in order.

    Raises ValueError for a tree without end.
    """
    try:
        return _flatten(tree)
    except RecursionError:
        raise ValueError("expected a tree of arrays, got one that contains itself, or is nested too deeply") from None


def _flatten(tree: Any) -> list[Any]:
    if isinstance(tree, tuple | list):
        return [x for branch in tree for x in _flatten(branch)]
    if isinstance(tree, dict):
        return [x for branch in tree.values() for x in _flatten(branch)]
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
def _leaf(x: Any, what: str) -> Any:
    """A primal as an array or NumPy scalar of float dtype.

    Raises TypeError for what has no derivative, or would silently be taken for something else.
    """
    if isinstance(x, (*ARRAYS, np.complexfloating)):
        kind = x.dtype.kind
        if kind == "f":
            if isinstance(x, TracedArray) and not x.owner.open:
                escaped(x)
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
    return [_leaf(x, what) for x in flatten(tree)]


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


def tuples(primals: Any, tangents: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Primals and their tangents, a tuple each, of one length.

    Raises TypeError or ValueError where they are not.
    """
    for name, value in (("primals", primals), ("tangents", tangents)):
        if type(value) is not tuple and not isinstance(value, tuple | list):
            raise TypeError(f"expected {name} to be a tuple, one item an argument, got {type(value).__name__}")
    if len(primals) != len(tangents):
        raise ValueError(f"expected as many tangents as primals, {len(primals)}, got {len(tangents)}")
    return tuple(primals), tuple(tangents)

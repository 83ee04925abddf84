"""The arguments of a prepared function: which of their leaves are given anew at each replay, and which are fixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..array import TracedArray
from ..call import ArgNums, Call
from ..errors import TracedValueError
from ..operands import plain
from ..trees import aligned, flatten, leaves, rebuild, same_structure

__all__ = ["Inputs", "Outer"]

ARRAYS = (np.ndarray, np.generic)


class Outer(Exception):
    """An argument is a traced array: a derivative of the prepared derivative is being taken."""


class Inputs:
    """The arguments that a function was recorded with.

    Arrays and NumPy scalars are given anew at each replay, and so are Python floats in the arguments that are
    differentiated; everything else (numbers in other arguments, strings, None) has to stay as it was.
    """

    def __init__(self, f: Any, args: tuple[Any, ...], argnums: ArgNums) -> None:
        call = Call(f, args, argnums)
        self.name = getattr(f, "__name__", "f")
        self.count = len(args)
        active = set(call.numbers)
        converted = [
            rebuild(x, iter(leaves(x, f"argument {i} of {self.name}") if i in active else map(_plain, flatten(x))))
            for i, x in enumerate(args)
        ]
        self.tree = converted
        self.flat = [(i, x) for i, tree in enumerate(converted) for x in flatten(tree)]
        for _, x in self.flat:
            if isinstance(x, TracedArray):
                raise TracedValueError(
                    f"expected plain arrays as the example arguments of modes.prepare, got a traced array of shape "
                    f"{x.shape}; prepare the function outside of the derivative"
                )
        self.given = [isinstance(x, ARRAYS) for _, x in self.flat]
        self.active = [i in active for (i, _), given in zip(self.flat, self.given, strict=True) if given]
        self.arrays = [x for (_, x), given in zip(self.flat, self.given, strict=True) if given]
        single = len(args) == 1 and type(args[0]) is np.ndarray
        self.shape = args[0].shape if single else None  # of the one array that is the only argument: the commonest case
        self.dtype = args[0].dtype if single else None
        self.flat_arrays = all(isinstance(x, ARRAYS) for x in converted)

    def check(self, args: Sequence[Any], tangents: Sequence[Any] | None = None) -> Sequence[Any]:
        """The arrays to replay with: those of the arguments, then those of their tangents, converted to their dtypes.

        Raises TypeError or ValueError, with what was recorded and what came, where an argument is of another
        structure, shape or dtype, or where a fixed one has changed; Outer for a traced array.
        """
        if len(args) == 1 and self.shape is not None:
            x = args[0]
            if type(x) is np.ndarray and x.shape == self.shape and x.dtype is self.dtype:
                if tangents is None:
                    return args
                if len(tangents) == 1:
                    v = tangents[0]
                    if type(v) is np.ndarray and v.shape == self.shape and v.dtype is self.dtype:
                        return x, v
        if len(args) != self.count:
            raise TypeError(f"expected {self.count} argument(s), as {self.name} was prepared for, got {len(args)}")
        arrays = []
        for i, (tree, came) in enumerate(zip(self.tree, args, strict=True)):
            if _structure(tree) != _structure(came):
                raise TypeError(
                    f"expected argument {i} of the structure that {self.name} was prepared for, {_structure(tree)}, "
                    f"got {_structure(came)}; prepare it again for the new one"
                )
        new = [x for tree in args for x in flatten(tree)]
        for (i, x), given, came in zip(self.flat, self.given, new, strict=True):
            if isinstance(came, TracedArray):
                raise Outer
            if given:
                arrays.append(self._array(i, x, came))
            elif came is not x and not (type(came) is type(x) and came == x):
                raise ValueError(
                    f"expected {x!r} in argument {i}, which {self.name} was prepared with, got {came!r}; it is fixed: "
                    f"prepare again, pass a NumPy array, or name the argument in argnums"
                )
        if tangents is None:
            return arrays
        self.refuse_fixed()
        if len(args) != len(tangents):
            raise ValueError(f"expected as many tangents as primals, {len(args)}, got {len(tangents)}")
        seeds = same_structure(aligned(tuple(tangents), args, "a tangent"), arrays, "a tangent")
        if any(isinstance(seed, TracedArray) for seed in seeds):
            raise Outer
        return [*arrays, *seeds]

    def _array(self, i: int, x: Any, came: Any) -> Any:
        came = np.float64(came) if type(came) is float else _plain(came)
        if not isinstance(came, ARRAYS) or came.shape != x.shape or came.dtype != x.dtype:
            expected, got = (
                f"shape {z.shape} and dtype {z.dtype}" if hasattr(z, "dtype") else f"{type(z).__name__} {z!r}"
                for z in (x, came)
            )
            raise (ValueError if hasattr(came, "dtype") else TypeError)(
                f"expected argument {i} of {expected}, as {self.name} was prepared for, got {got}; prepare it again, "
                f"or use modes.jacfwd, jacrev, jvp or vjp on the function itself"
            )
        if isinstance(came, np.ndarray) is not isinstance(x, np.ndarray):  # a scalar, or an array of no axes
            return np.asarray(came) if isinstance(x, np.ndarray) else np.asarray(came)[()]
        return came

    def place(self, arrays: Sequence[Any]) -> tuple[Any, ...]:
        """The arguments with other values in place of those that are given anew."""
        stream = iter(arrays)
        all_leaves = iter([next(stream) if given else x for (_, x), given in zip(self.flat, self.given, strict=True)])
        return tuple(rebuild(tree, all_leaves) for tree in self.tree)

    def given_of(self, args: Sequence[Any]) -> list[Any]:
        """The leaves of arguments of this structure that are given anew."""
        every = [x for tree in args for x in flatten(tree)]
        return [x for x, given in zip(every, self.given, strict=True) if given]

    def refuse_fixed(self) -> None:
        """Raise TypeError where a leaf that products need a derivative for is fixed."""
        for (i, x), given in zip(self.flat, self.given, strict=True):
            if not given:
                raise TypeError(
                    f"expected arrays in all arguments for a product with all derivatives, and {self.name} was "
                    f"prepared with {x!r} fixed in argument {i}; pass it as a NumPy array, or name the argument "
                    f"in argnums"
                )


def _plain(x: Any) -> Any:
    """A leaf, refused if it is an array with operations of its own."""
    return plain(x) if isinstance(x, np.ndarray) else x


def _structure(tree: Any) -> str:
    """A tree's structure, for comparison and for messages: [*, {'W': *}]."""
    if isinstance(tree, tuple | list):
        inside = ", ".join(map(_structure, tree))
        kind = "" if type(tree) in (tuple, list) else type(tree).__name__
        return f"{kind}({inside})" if isinstance(tree, tuple) else f"{kind}[{inside}]"
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key!r}: {_structure(branch)}" for key, branch in tree.items()) + "}"
    return "*"

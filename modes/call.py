"""A call of the user's function: which of its arguments are differentiated, and what may come out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .array import TracedArray, escaped
from .errors import TracedValueError
from .operands import plain
from .trees import ARRAYS, leaves, rebuild

__all__ = ["ArgNums", "Call", "output"]

ArgNums = int | tuple[int, ...]
Chosen = ArgNums | None  # None: every argument


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
        if self.flat:
            args = (values[0],)
        else:
            all_args, stream = list(self.args), iter(values)
            for i in self.numbers:
                all_args[i] = rebuild(all_args[i], stream)
            args = tuple(all_args)
        return self.evaluate(args)

    def evaluate(self, args: tuple[Any, ...]) -> Any:
        """f of all of its arguments."""
        try:
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
        return plain(y) if isinstance(y, np.ndarray) else y
    if isinstance(y, float):
        return np.float64(y)
    came = f"an array of dtype {y.dtype}" if isinstance(y, np.ndarray | np.generic) else type(y).__name__
    remedy = "; join several results with np.concatenate or np.stack" if isinstance(y, tuple | list | dict) else ""
    raise TypeError(
        f"expected {getattr(f, '__name__', 'f')} to return one array or scalar of float dtype, got {came}{remedy}"
    )

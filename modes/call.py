"""A call of the user's function: which of its arguments are differentiated, and what may come out of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from .array import Trace, TracedArray, escaped
from .errors import TracedValueError
from .operands import plain
from .references import references
from .rules.joining import joined
from .trees import ARRAYS, TREES, aligned, flatten, leaves, rebuild, same_structure

__all__ = ["ArgNums", "Call", "output"]

ArgNums = int | tuple[int, ...]
Chosen = ArgNums | None  # None: every argument
NONE: dict[str, Any] = {}


class _Leaf(NamedTuple):
    """What is known of one of several results."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


class _Results(NamedTuple):
    """The tree of results that a function gave: its structure, with numbers for leaves, and the leaves."""

    structure: Any
    leaves: list[_Leaf]

    def parts(self, joined: Any) -> list[Any]:
        """What belongs to each result, of an array with their entries, one after the other, along its first axis; each
        in its own dtype."""
        if len(self.leaves) == 1:
            return [joined]
        parts, end = [], 0
        for leaf in self.leaves:
            start, end = end, end + prod(leaf.shape)
            part = joined[start] if leaf.shape == () else joined[start:end]
            parts.append(np.reshape(part, (*leaf.shape, *joined.shape[1:])) if len(leaf.shape) > 1 else part)
        pairs = zip(parts, self.leaves, strict=True)
        return [part if part.dtype == leaf.dtype else part.astype(leaf.dtype) for part, leaf in pairs]


class Call:
    """f at given arguments, as a function of the leaves of those that are differentiated.

    `primals` are the leaves; `call(values)` is f with the leaves replaced; `rebuild(results)` gives results, one a
    leaf, the structure of the arguments (one tree for an int argnums, a tuple of trees for a tuple, or for None, which
    stands for all arguments). Keyword arguments go to f as they are.

    A function that gives a tree of arrays is one that gives their entries, one after the other, to the engines;
    `values(y)`, `jacobian(results)` and `seed(y_bar, y)` lead to the tree and back. With `has_aux` it gives a pair, of
    which the second is handed out beside what is asked for, as plain values (`handed`).

    Raises TypeError or ValueError where argnums or an argument is not what it has to be, TypeError where a result is
    not.
    """

    __slots__ = (
        "argnums", "args", "aux", "f", "flat", "has_aux", "keywords", "numbers", "primals", "results", "simple", "trace"
    )  # fmt: skip

    def __init__(
        self,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        argnums: Chosen,
        keywords: dict[str, Any] | None = None,
        has_aux: bool = False,
    ) -> None:
        if not callable(f):
            raise TypeError(f"expected a function to differentiate, got {type(f).__name__}")
        self.f = f
        self.args = args
        self.argnums = argnums
        self.has_aux = has_aux
        self.keywords = keywords or NONE
        self.simple = not keywords and not has_aux
        self.results: _Results | None = None  # None: one array
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
        if self.flat and self.simple:  # `evaluate`, written out: half a percent of a small chain's Jacobian
            try:
                y = self.f(values[0])
            except ValueError as error:
                _uncover(error)
                raise
            return self._joined(y) if not isinstance(y, TracedArray) and isinstance(y, TREES) else y
        if not self.simple:
            self.trace = _newest(values)
        args, stream = list(self.args), iter(values)
        for i in self.numbers:
            args[i] = rebuild(args[i], stream)
        return self.evaluate(args)

    def evaluate(self, args: Sequence[Any]) -> Any:
        """f of all of its arguments: one array."""
        try:
            y = self.f(*args) if self.simple else self.f(*args, **self.keywords)
        except ValueError as error:
            _uncover(error)
            raise
        if self.has_aux:
            y = self._without_aux(y)
        return self._joined(y) if isinstance(y, TREES) else y

    def _joined(self, tree: Any) -> Any:
        every = [output(y, self.f, inside=True) for y in flatten(tree)]
        if not every:
            raise TypeError(f"expected {_name(self.f)} to return arrays or scalars, got an empty {type(tree).__name__}")
        structure = rebuild(tree, iter(range(len(every))))
        self.results = _Results(structure, [_Leaf(y.shape, y.dtype) for y in every])
        return every[0] if len(every) == 1 else joined([np.ravel(y) for y in every], 0)

    def _without_aux(self, y: Any) -> Any:
        if not isinstance(y, tuple) or len(y) != 2:
            came = f"a tuple of {len(y)}" if isinstance(y, tuple) else type(y).__name__
            came = f"one array of shape {y.shape}" if isinstance(y, ARRAYS) else came
            raise TypeError(f"expected {_name(self.f)} to return a pair (y, aux), because of has_aux=True, got {came}")
        y, self.aux = y
        return y

    # -- what is handed out --------------------------------------------------------------------------------------------
    def rebuild(self, results: Sequence[Any]) -> Any:
        if self.flat:
            return (results[0],) if self.argnums is None else results[0]
        stream = iter(results)
        trees = tuple(rebuild(self.args[i], stream) for i in self.numbers)
        return trees[0] if isinstance(self.argnums, int) else trees

    def values(self, y: Any) -> Any:
        """A value of f, or a tangent of one, as the tree that f gave; as it is where that is one array."""
        return y if self.results is None else rebuild(self.results.structure, iter(self.results.parts(y)))

    def seed(self, y_bar: Any, y: Any) -> Any:
        """A cotangent of the tree that f gave, as one of the array that it is to the engines."""
        if self.results is None:
            (seed,) = same_structure(y_bar, [y], "a cotangent")
            return seed
        tree = aligned(y_bar, self.results.structure, "a cotangent")
        seeds = same_structure(tree, self.results.leaves, "a cotangent")
        return seeds[0] if len(seeds) == 1 else np.concatenate([np.ravel(seed) for seed in seeds]).astype(y.dtype)

    def jacobian(self, results: Sequence[Any]) -> Any:
        """Jacobians, one for each leaf of the arguments, as they are handed out: for each of f's results the structure
        of the arguments; with aux beside them."""
        if self.results is None:
            if self.flat and not self.has_aux:
                return results[0]
            return self.handed(self.rebuild(results))
        return self.arranged([self.results.parts(J) for J in results])

    def arranged(self, results: Sequence[Sequence[Any]]) -> Any:
        """What was found for each leaf of the arguments, and for each of f's results, as it is handed out."""
        each = [self.rebuild(parts) for parts in zip(*results, strict=True)]
        return self.handed(each[0] if self.results is None else rebuild(self.results.structure, iter(each)))

    def handed(self, *results: Any) -> Any:
        """Results, with aux as one more."""
        if self.has_aux:
            results = (*results, _released(self.aux, self.trace))
        return results if len(results) > 1 else results[0]


def _uncover(error: ValueError) -> None:
    """Raise what NumPy hides behind "setting an array element with a sequence": our refusal to be written into one."""
    if isinstance(error.__cause__, TracedValueError):
        raise error.__cause__ from error


def _newest(values: Sequence[Any]) -> Trace | None:
    return max((x.owner for x in values if isinstance(x, TracedArray)), key=lambda trace: trace.level, default=None)


def _released(aux: Any, trace: Trace | None) -> Any:
    """Auxiliary data without the traced arrays of a trace that has ended: their plain values.

    Raises TracedValueError for one of another trace that has ended, and for one inside of an object that is no tree.
    """
    if isinstance(aux, TREES):
        return rebuild(aux, iter([_released(leaf, trace) for leaf in flatten(aux)]))
    if isinstance(aux, TracedArray):
        if aux.owner is trace:
            return aux.primal
        if not aux.owner.open:
            escaped(aux)
        return aux
    if isinstance(aux, np.ndarray) and aux.dtype.hasobject:
        released = np.empty_like(aux)
        for i, x in np.ndenumerate(aux):
            released[i] = _released(x, trace)
        return released
    _refuse_hidden(aux, aux, set())
    return aux


def _refuse_hidden(x: Any, aux: Any, seen: set[int]) -> None:
    """Raise TracedValueError where an attribute of an object, or an item of a collection, is traced, however deep."""
    if isinstance(x, TracedArray) and not x.owner.open:
        raise TracedValueError(
            f"expected auxiliary data of arrays, tuples, lists and dicts, got {type(aux).__name__} with a traced array "
            f"of shape {x.shape} in it, whose trace has ended; return its arrays in one of those"
        )
    if id(x) in seen or isinstance(x, type | ModuleType | FunctionType | TracedArray):
        return
    seen.add(id(x))
    for item in references(x):
        _refuse_hidden(item, aux, seen)


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


def output(y: Any, f: Callable[..., Any], inside: bool = False) -> Any:
    """A primal output of f, checked to be one real array or scalar. `inside`: of a tree of them.

    Raises TypeError where it is not.
    """
    if isinstance(y, TracedArray) and not y.owner.open:
        escaped(y)
    if isinstance(y, ARRAYS) and y.dtype.kind == "f":
        return plain(y) if isinstance(y, np.ndarray) else y
    if isinstance(y, float):
        return np.float64(y)
    came = f"an array of dtype {y.dtype}" if isinstance(y, np.ndarray | np.generic) else type(y).__name__
    if inside:
        raise TypeError(
            f"expected {_name(f)} to return arrays or scalars of float dtype alone in its tuples, lists and dicts, got "
            f"{came} among them; return what is not to be differentiated as auxiliary data, has_aux=True"
        )
    raise TypeError(
        f"expected {_name(f)} to return one array or scalar of float dtype, got {came}; a tuple, list or dict of such "
        f"will do as well"
    )


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", "f")

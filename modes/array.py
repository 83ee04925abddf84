"""The traced array: NumPy's own functions and operators, called on it, extend the trace it belongs to.

A `TracedArray` holds its primal value and the trace that follows it. NumPy hands every function called on one to
`__array_ufunc__` (NEP 13) or `__array_function__` (NEP 18), so a user's plain NumPy function is differentiated as it
stands. The function is evaluated on the primal values, its partials come from the rule table, and the trace makes the
result's traced array of them: forward mode pushes tangents through at once, reverse mode writes them on its tape.

Nesting. Traces are numbered in the order they begin. Where operands of several traces meet, the newest trace (the
innermost) takes the operation and sees the other operands as constants; its primal values, and the blocks that it
carries, may be traced arrays of older traces, to which the same happens in turn. So perturbations are never confused
(Siskind and Pearlmutter, Nesting forward-mode AD in a functional framework, 2008,
https://doi.org/10.1007/s10990-008-9037-1).
"""

from __future__ import annotations

import inspect
import itertools
import math
import operator
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import numpy as np

from .errors import MissingRule, TracedValueError, converting, name_of
from .instead import shown, update, writing
from .operands import PLAIN, as_operand, real
from .operators import Operators
from .partials import SAME, Matrix, Partial, Scale
from .rules import RULES
from .rules.methods import METHODS
from .rules.shape import cast, whole
from .rules.special import INSTEAD
from .rules.table import COMPOSITE, CONSTANT, SEQUENCE, Rule, check_keywords, rule_of

__all__ = ["Trace", "TracedArray", "escaped", "evaluate"]

_numbers = itertools.count()

# What an ndarray has and a traced array has not, where it needs more of a remedy than the others.
_LOST = "what it gives would have no derivative; take it of the plain array, outside of the differentiated function"
UNANSWERED = {
    "view": "use the array itself: traced arrays are never modified; x.astype(dtype) converts it",
    "base": "traced arrays are never modified, so it makes no difference what a view shows",
    "flags": "traced arrays are never modified, and how one lies in memory is no part of it",
    "setflags": "traced arrays are never modified",
    "choose": "write np.choose(a, choices) with a plain array a",
    **dict.fromkeys(("tobytes", "tofile", "dump", "dumps", "data", "ctypes"), _LOST),
}

GETITEM, MATMUL, NDARRAY = operator.getitem, np.matmul, np.ndarray


class Trace:
    """One differentiation in progress. Subclasses say what a result carries, given the partials of its operands."""

    __slots__ = ("level", "open")

    def __init__(self) -> None:
        self.level = next(_numbers)
        self.open = True

    def join(self, y: Any, operands: Sequence[Any], partials: Sequence[Partial | None]) -> Any:
        """The traced array of a result y that depends on several operands of this trace."""
        raise NotImplementedError

    def apply(self, rule: Rule, operands: list[Any], rest: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """The result of a function of the table, of operands of which some are this trace's, and of its other
        arguments, if the operands are the items of the first: the function of their primal values, joined."""
        places = [i for i, x in enumerate(operands) if isinstance(x, TracedArray) and x.owner is self]
        traced = [operands[i] for i in places]
        for i in places:
            operands[i] = operands[i].primal
        values = (operands, *rest) if rule.kind is SEQUENCE else tuple(operands)
        y = rule.func(*values, **kwargs)
        if rule.kind is CONSTANT:
            return y
        if getattr(y, "dtype", None) is not None:
            real(y, rule.func)
        if rule.kind is not SEQUENCE and places[-1] >= len(rule.makers):
            _misplaced(rule)
        return self.join(y, traced, self.make(rule, places, y, values, kwargs))

    def make(
        self, rule: Rule, places: Sequence[int], y: Any, values: Sequence[Any], kwargs: dict[str, Any]
    ) -> list[Partial | None]:
        """The partials of an operation with respect to the operands at some places."""
        return rule.partials(places, y, values, kwargs)

    def keep(self, a: Any) -> Any:
        """An array of the caller's as a partial of this trace may hold it, after it may have been written to."""
        return a  # a trace that pushes its partials on at once has done with it by then


class TracedArray(Operators):
    """An array (or scalar) that a trace follows: its primal value, and NumPy's interface to it."""

    __slots__ = ("owner", "primal")

    primal: Any
    owner: Trace  # the trace that follows it; ndarray's own `trace` is a method

    def extend(self, y: Any, partial: Partial) -> TracedArray:
        """The traced array of a result y that depends on this operand alone, of this trace."""
        raise NotImplementedError

    # The same for the commonest partials. A twin may do without making them: 5 % of a small chain's Jacobian each.
    def shifted(self, y: Any) -> TracedArray:
        """y = x + constant: the identity."""
        return self.extend(y, SAME)

    def scaled(self, y: Any, d: Any) -> TracedArray:
        """An element-wise function with derivative d, of y's shape: diag(d)."""
        return self.extend(y, Scale(d))

    def mapped(self, y: Any, J: Any) -> TracedArray:
        """y = J x for a plain matrix J and a vector x."""
        return self.extend(y, Matrix(self.owner.keep(J)))

    # -- NumPy's protocols --------------------------------------------------------------------------------------
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        # The engines' hot path: one traced operand, this one, and at most one plain one. Written out here because
        # each further call in between costs 5 % of a small chain's Jacobian.
        rule = RULES.get(ufunc)
        if rule is not None and (makers := rule.quick) and method == "__call__" and not kwargs:
            primal = self.primal
            if len(inputs) == 1:
                y = ufunc(primal)
                if (slope := rule.slope) is not None:
                    return self.scaled(y, slope(y, primal))
                return self.extend(y, makers[0](y, primal))
            a, b = inputs
            if b is self and type(a) in PLAIN:
                if ufunc is MATMUL and _vector_product(a, primal):
                    # ndarray.dot takes half of matmul's time at width 8; of contiguous operands it gives the same bits
                    return self.mapped(a.dot(primal) if a.flags.forc and primal.flags.forc else ufunc(a, primal), a)
                y = ufunc(a, primal)
                if rule.ones[1] and y.shape == primal.shape and y.dtype is primal.dtype:
                    return self.shifted(y)
                if y.dtype.kind == "f":
                    if rule.keeps and type(a) is NDARRAY:
                        a = self.owner.keep(a)
                    return self.extend(y, makers[1](y, a, primal))
            elif a is self and type(b) in PLAIN:
                y = ufunc(primal, b)
                if y.dtype.kind == "f":
                    if rule.keeps and type(b) is NDARRAY:
                        b = self.owner.keep(b)
                    return self.extend(y, makers[0](y, primal, b))
        if kwargs and "out" in kwargs and kwargs["out"][0] is inputs[0]:
            _refuse_in_place(ufunc, inputs)
        if method != "__call__":
            return METHODS[method](ufunc, *inputs, **kwargs)
        return evaluate(ufunc, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return evaluate(func, args, kwargs)

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        if (name := converting()) is not None:
            otherwise = "it with NumPy's functions, or with ufuncs of scipy.special"
            remedy = INSTEAD.get(name.rpartition(".")[2], otherwise)
            raise TracedValueError(
                f"{name} takes plain arrays alone, and a traced one of shape {self.shape} would lose its derivative; "
                f"instead write {remedy}"
            )
        raise TracedValueError(
            f"a traced array of shape {self.shape} cannot become a plain array without losing its derivative; instead "
            f"of np.array([x, y]) write np.stack([x, y]) or np.array([x, y], like=x), and instead of writing it into "
            f"an array (y[index] = x) write {writing() or update(values='x')}"
        )

    # -- what an ndarray knows about itself -----------------------------------------------------------------------
    @property
    def shape(self) -> tuple[int, ...]:
        return self.primal.shape

    @property
    def ndim(self) -> int:
        return len(self.primal.shape)

    @property
    def size(self) -> int:
        return self.primal.size

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.primal.dtype

    @property
    def T(self) -> Any:  # noqa: N802  (NumPy's name)
        return np.transpose(self)

    @property
    def real(self) -> Any:
        return self

    def __len__(self) -> int:
        return len(self.primal)

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("expected an array with at least one axis to iterate over, got a traced scalar")
        return (self[i] for i in range(len(self.primal)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.primal!r})"

    # -- indexing -----------------------------------------------------------------------------------------------
    def __getitem__(self, index: Any) -> Any:
        if type(index) is slice or type(index) is int:  # straight to the rule: half of the price of a slice
            primal = self.primal
            if (makers := RULES[GETITEM].quick) is not None:
                y = primal[index]
                return self.extend(y, makers[0](y, primal, index))
        if type(index) is list and not index:
            index = np.empty(0, np.intp)  # np.asarray([]) is of floats
        return self.__array_function__(GETITEM, (), (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> NoReturn:
        raise TracedValueError(
            f"in-place write into a traced array of shape {self.shape}: arrays that are differentiated are not "
            f"modified; write {writing() or update('x', shown(index))}"
        )

    # -- conversions: a branch follows the primal; anything else would lose the derivative silently -----------------
    def __bool__(self) -> bool:
        return bool(self.primal)

    def __float__(self) -> NoReturn:
        raise TracedValueError(
            f"float() of a traced array would lose its derivative; use the value as it is, NumPy's functions instead "
            f"of the math module's, and instead of writing it into an array (y[index] = x) write "
            f"{writing() or update(values='x')}, or build it with np.stack"
        )

    def __int__(self) -> NoReturn:
        written = writing()
        raise TracedValueError(
            "int() of a traced array has no derivative; np.floor and np.rint keep it an array"
            + (
                ""
                if written is None
                else f"; make the array that it is written into one of floats, and write {written}"
            )
        )

    __index__ = __int__

    def __complex__(self) -> NoReturn:
        raise TracedValueError("complex() of a traced array: the engines differentiate real functions only")

    # -- piecewise constant, or for people to read: these see the primal value ---------------------------------------
    def __round__(self, ndigits: int | None = None) -> Any:
        return round(self._scalar("round", "np.round"), ndigits)

    def __floor__(self) -> int:
        return math.floor(self._scalar("math.floor", "np.floor"))

    def __ceil__(self) -> int:
        return math.ceil(self._scalar("math.ceil", "np.ceil"))

    def __trunc__(self) -> int:
        return math.trunc(self._scalar("math.trunc", "np.trunc"))

    def __format__(self, spec: str) -> str:
        return format(self.primal, spec) if spec else str(self)

    def _scalar(self, name: str, instead: str) -> Any:
        if self.shape:
            raise TypeError(f"{name} takes a number, got a traced array of shape {self.shape}; write {instead}(x)")
        primal = self.primal
        return primal[()] if type(primal) is NDARRAY else primal

    def item(self, *_: Any) -> NoReturn:
        raise TracedValueError("item() of a traced array would lose its derivative; index it instead: x[i]")

    def tolist(self) -> NoReturn:
        raise TracedValueError("tolist() of a traced array would lose its derivative; iterate over it instead")

    def astype(self, dtype: Any, **_: Any) -> Any:
        """Convert between float dtypes; integers and booleans are piecewise constant, so they are plain values."""
        dtype = np.dtype(dtype)
        if dtype.kind in "iub":
            return evaluate(whole, (self, dtype), {})
        if dtype.kind != "f":
            raise TracedValueError(
                f"expected a float dtype for a traced array, or one of integers or booleans for its plain values, got "
                f"{dtype}: the result would have no derivative"
            )
        return self if dtype == self.dtype else evaluate(cast, (self, dtype), {})

    def copy(self, *_: Any) -> Any:
        return self  # traced arrays are never modified

    __copy__ = __deepcopy__ = copy  # one made from its parts would belong to a trace of its own, which nobody follows

    def __reduce_ex__(self, *_: Any) -> NoReturn:
        raise TracedValueError(
            f"a traced array of shape {self.shape} cannot be pickled: what is read back would have no derivative; pass "
            f"it on as it is, or pickle the plain array, outside of the differentiated function"
        )

    __reduce__ = __getstate__ = __reduce_ex__

    def reshape(self, *shape: Any, order: str = "C") -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)  # type: ignore[call-overload]

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, (axes[0] if len(axes) == 1 else axes) or None)

    def flatten(self, order: str = "C") -> Any:
        return np.ravel(self, order=order)  # type: ignore[call-overload]

    # -- comparisons see the primal value --------------------------------------------------------------------------
    __hash__ = None  # type: ignore[assignment]  # as ndarray: equality is element-wise


def _unanswered(name: str) -> property:
    remedy = UNANSWERED.get(name, "it speaks of how an array lies in memory; ask the plain array, outside")

    def refuse(self: TracedArray) -> NoReturn:
        raise AttributeError(f"a traced array, of shape {self.shape}, has no .{name}: {remedy}")

    return property(refuse)


# A property each: with __getattr__ every attribute of a traced array takes longer to find, 8 % of a small Jacobian.
for _name in dir(np.ndarray):
    if not _name.startswith("__") and not hasattr(TracedArray, _name):
        setattr(TracedArray, _name, _unanswered(_name))


def evaluate(func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """Evaluate any function of the table on traced operands, wherever among its arguments they are."""
    rule = rule_of(func)
    if kwargs:
        check_keywords(rule, kwargs)
    if rule.kind is COMPOSITE:
        args = [_array_like(x, rule.is_operand(i)) for i, x in enumerate(args)]
        return rule.makers[0](*args, **{name: _array_like(x, rule.is_operand(name)) for name, x in kwargs.items()})
    if kwargs and any(isinstance(value, TracedArray) for value in kwargs.values()):
        args, kwargs = _positional(func, args, kwargs)
    operands = list(args[0]) if rule.kind is SEQUENCE else list(args)
    every = isinstance(func, np.ufunc) or rule.kind is SEQUENCE
    operands = [
        x if isinstance(x, TracedArray) or (type(x) in PLAIN and not (type(x) is NDARRAY and x.dtype.hasobject))
        # elsewhere a tuple is a shape or axes
        else as_operand(x, (list, tuple) if every or rule.is_operand(i) else (list,))
        for i, x in enumerate(operands)
    ]  # fmt: skip
    trace = _newest(operands)
    if trace is None:
        _misplaced(rule)
    return trace.apply(rule, operands, args[1:] if rule.kind is SEQUENCE else (), kwargs)


def _array_like(x: Any, operand: bool) -> Any:
    """An argument of a composite rule: as an array, where it is array-like and stands in an operand's place."""
    if isinstance(x, TracedArray) or (type(x) in PLAIN and type(x) is not NDARRAY):
        return x
    return as_operand(x, (list, tuple) if operand else ())


def _vector_product(a: Any, b: Any) -> bool:
    """Are these a plain matrix and a plain vector of one dtype?"""
    return type(a) is type(b) is np.ndarray and b.ndim == 1 and a.ndim == 2 and a.dtype is b.dtype


def _newest(operands: Sequence[Any]) -> Trace | None:
    newest: Trace | None = None
    for x in operands:
        if isinstance(x, TracedArray) and (newest is None or x.owner.level > newest.level):
            newest = x.owner
    return newest


def _positional(func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> tuple[Sequence[Any], dict[str, Any]]:
    """Arguments with the operands that were given by keyword moved to their places."""
    bound = inspect.signature(func).bind(*args, **kwargs)
    return bound.args, bound.kwargs


def _misplaced(rule: Rule) -> NoReturn:
    raise MissingRule(
        f"{name_of(rule.func)} got a traced array in an argument that its rule does not differentiate; "
        f"pass a plain array there, or add a rule that covers it with modes.rules"
    )


def _refuse_in_place(ufunc: Any, operands: Sequence[Any]) -> NoReturn:
    """An operator that writes into its left operand, a plain array."""
    raise TracedValueError(
        f"in-place write of a traced array into a plain one of shape {np.shape(operands[0])} would lose its "
        f"derivative; write {writing() or f'y = np.{ufunc.__name__}(y, x)'}"
    )


def escaped(x: TracedArray) -> NoReturn:
    """Refuse an operation on a traced array whose trace has ended: its result could not be differentiated."""
    raise TracedValueError(
        f"a traced array of shape {x.shape} was used after its trace had ended: the differentiated function stored it "
        f"somewhere (a global, a list, an attribute); return the value instead of keeping it"
    )

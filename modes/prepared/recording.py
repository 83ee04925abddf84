"""Recording: a computation as the flat list of its NumPy calls, operands told apart from constants.

A `Recorder` is a trace like the engines' own, and a `Recorded` array its traced array: every function called on one is
evaluated, and noted with its operands, constants and keyword arguments, those included whose derivative is zero but
whose result depends on values (comparisons, argsort, floor). What depends on shapes only is frozen (`FROZEN`).

Engines may run on recorded arrays, as they run on the traced arrays of any outer trace; then their own arithmetic is
recorded, blocks of seeds and all. A call is noted once while its result is in use: the same function of the same
operands is the same value.

Contract: a Python decision that depends on a value (`bool()`) is refused while a user's function is recorded; an
engine's, one's inside of that function included, becomes a guard, which is evaluated again at replay. Arrays that are
not recorded are constants: they are shared, not copied, and read anew at replay.
"""

from __future__ import annotations

import operator
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, NoReturn
from weakref import WeakValueDictionary

import numpy as np

from ..array import Trace, TracedArray, escaped, evaluate
from ..errors import TracedValueError, name_of, place
from ..instead import writing
from ..operands import plain
from ..operators import refuse_modulo
from ..residuals import content
from ..rules.shape import cast
from ..rules.table import CONSTANT, SEQUENCE, Rule
from .templates import Ref, leaves_of, mapped

__all__ = ["Diverged", "Operation", "Recorded", "Recorder", "Value", "guard", "refs", "shape_changed"]

# Results of these depend on shapes and dtypes alone, or are for people to read.
FROZEN = frozenset({
    np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.common_type, np.iscomplexobj, np.isrealobj,
    np.may_share_memory, np.shares_memory, np.zeros_like, np.ones_like, np.empty_like, np.einsum_path,
    np.tril_indices_from, np.triu_indices_from, np.diag_indices_from, np.array_repr, np.array_str, np.array2string,
})  # fmt: skip


_ENGINES = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Diverged(Exception):
    """At replay a guard's decision came out differently: the recorded operations are not those to do."""


class Value(NamedTuple):
    """What is known of a recorded value: its type, the layout of an array, and whose memory it shows.

    `roots` are the slots whose memory it may refer to: its own for a new array, the operand's for a view.
    """

    type: type
    shape: tuple[int, ...]
    dtype: Any
    strides: tuple[int, ...]
    roots: frozenset[int]
    constant: Any = None  # the array itself, of a constant
    given: bool = False  # an input


class Operation(NamedTuple):
    """out = func(*args, **kwargs), with a Ref for every recorded value, however deep in tuples and lists."""

    func: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    out: int
    effect: bool = False  # done for what it does, not for its result


def refs(op: Operation) -> list[int]:
    """The slots that an operation reads."""
    return [leaf.slot for leaf in leaves_of((op.args, op.kwargs)) if isinstance(leaf, Ref)]


class Recorder(Trace):
    """A trace that notes operations. `guarding`: decisions on values become guards (see the module's docstring)."""

    __slots__ = ("_constants", "_contents", "_guards", "_known", "_order", "guarding", "operations", "values")

    def __init__(self, guarding: bool = False) -> None:
        super().__init__()
        self.guarding = guarding
        self.values: list[Value] = []
        self.operations: list[Operation] = []
        self._constants: dict[int, Recorded] = {}
        self._contents: dict[int, tuple[bytes, str]] = {}  # of the constants, and where they were used last
        self._guards: dict[int, int] = {}  # by the slot decided on: the slot of the guard
        # Weakly, so that a block is freed as soon as the engine drops it.
        self._known: WeakValueDictionary[Any, Recorded] = WeakValueDictionary()
        self._order: list[tuple[int, Any]] = []  # slots and keys of what was known, as it was noted

    def given(self, x: Any, active: bool = False) -> Recorded:
        """A recorded value that is given anew at every replay. `active`: f is to be differentiated for it."""
        return self._new(x, frozenset(), active=active, given=True)

    def constant(self, array: Any) -> Recorded:
        """A recorded value for an array that is nobody's result; the same one for the same array."""
        known = self._constants.get(id(array))
        if known is None:
            known = self._constants[id(array)] = self._new(array, frozenset(), constant=array)
        elif not self.guarding:
            self._unchanged(array)
        if not self.guarding:
            self._contents[id(array)] = content(array), place()
        return known

    def _unchanged(self, array: Any) -> None:
        """Raise TracedValueError where an array has another content than the operations that used it saw."""
        then, where = self._contents[id(array)]
        if content(array) != then:
            raise TracedValueError(
                f"an array of shape {array.shape} was written to after its use at {where} while modes.prepare recorded "
                f"the function: replayed operations would read what it holds in the end; make a new array instead "
                f"(w = w / 2 instead of w /= 2)"
            )

    def check(self) -> None:
        """Raise TracedValueError where an array was written to after its use: at replay it is read anew."""
        for constant in self._constants.values():
            self._unchanged(constant.primal)

    def apply(self, rule: Rule, operands: list[Any], rest: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Note a call of a function of the rule table, instead of asking for its partials."""
        args = (operands, *rest) if rule.kind is SEQUENCE else tuple(operands)
        return self.call(rule.func, args, kwargs, active=rule.kind is not CONSTANT)

    def call(
        self,
        func: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any] | None = None,
        active: bool = False,
    ) -> Any:
        """Call any function with the primal values of recorded arguments, and note it: the recorded result."""
        kwargs = kwargs or {}
        if func in FROZEN:
            return func(*_primals(args), **_primals(kwargs))
        args, kwargs = self._noted(args), self._noted(kwargs)
        key = (func, _key(args), _key(kwargs))
        known = self._known.get(key)
        if known is not None:
            return known
        operands = [*_recorded(args), *_recorded(kwargs)]
        y = func(*_primals(args), **_primals(kwargs))
        result = self._result(func, y, args, kwargs, operands, active and any(x.active for x in operands))
        if isinstance(result, Recorded):
            self._known[key] = result
            self._order.append((result.slot, key))
        return result

    def _result(self, func: Any, y: Any, args: Any, kwargs: Any, operands: list[Recorded], active: bool) -> Any:
        if isinstance(y, np.ndarray):
            shown = [x for x in operands if isinstance(x.primal, np.ndarray) and np.may_share_memory(y, x.primal)]
        elif isinstance(y, np.generic | bool | int | float):
            shown = []
        else:  # any other object may hold on to what it was made of
            shown = operands
        roots = frozenset(root for x in shown for root in self.values[x.slot].roots)
        result = self._new(y, roots, active)
        self.operations.append(Operation(func, _template(args), _template(kwargs), result.slot))
        if isinstance(y, tuple) and all(isinstance(part, np.ndarray | np.generic) for part in y):
            parts = [self.call(operator.getitem, (result, i)) for i in range(len(y))]
            return type(y)(*parts) if hasattr(y, "_fields") else tuple(parts)
        if isinstance(y, str | np.dtype | type):
            raise TracedValueError(
                f"{name_of(func)} gave a {type(y).__name__} that depends on values while modes.prepare recorded the "
                f"function: {_REMEDY}"
            )
        return result

    def decide(self, x: Recorded) -> bool:
        """The truth of a recorded value: refused, or noted as a guard; as one, too, where it is an engine that asks, a
        derivative inside of the function that is recorded."""
        if not self.guarding and not sys._getframe(2).f_code.co_filename.startswith(_ENGINES):
            raise TracedValueError(
                f"a branch on a value (bool() of an array of shape {x.shape}) while modes.prepare recorded the "
                f"function: {_REMEDY}"
            )
        decision = bool(x.primal)
        if x.slot not in self._guards:
            done = self._guards[x.slot] = self._new(None, frozenset()).slot
            self.operations.append(Operation(guard, (Ref(x.slot), decision), {}, done, effect=True))
        return decision

    def close(self) -> None:
        """End the recording: what is still held may not be used any more."""
        self.open = False
        self._known.clear()
        self._constants.clear()

    def mark(self) -> tuple[int, int]:
        """Where the recording stands, for `rewind`."""
        return len(self.values), len(self.operations)

    def rewind(self, mark: tuple[int, int]) -> None:
        """Forget what was recorded since."""
        values, operations = mark
        del self.values[values:], self.operations[operations:]
        # From the end, where the latest are: a rewind costs what it forgets.
        while self._order and self._order[-1][0] >= values:
            self._known.pop(self._order.pop()[1], None)
        while self._guards and next(reversed(self._guards.values())) >= values:
            self._guards.popitem()
        while self._constants and next(reversed(self._constants.values())).slot >= values:
            self._constants.popitem()

    def _new(self, x: Any, roots: frozenset[int], active: bool = False, **more: Any) -> Recorded:
        slot = len(self.values)
        shape, dtype, strides = (x.shape, x.dtype, x.strides) if isinstance(x, np.ndarray) else ((), None, ())
        own = roots if isinstance(x, np.ndarray) and roots else roots | {slot}
        self.values.append(Value(type(x), shape, dtype, strides, own, **more))
        return Recorded(self, x, slot, active)

    def _noted(self, x: Any) -> Any:
        """Arguments with every plain array among them recorded as a constant."""
        if isinstance(x, Recorded) and x.owner is self:
            if not self.open:
                escaped(x)
            return x
        if isinstance(x, TracedArray):
            raise TracedValueError(
                f"modes.prepare recorded a function that uses a traced array of shape {x.shape} from outside: prepare "
                f"it outside of the other derivative, or use modes.jacfwd, jacrev, jvp or vjp here"
            )
        if isinstance(x, np.ndarray):
            return self.constant(plain(x))
        if isinstance(x, dict):
            return {name: self._noted(item) for name, item in x.items()}
        return mapped(self._noted, x)


_REMEDY = (
    "replaying its operations with other arguments would be wrong; use modes.jacfwd, jacrev, jvp or vjp on the "
    "function itself, or choose with np.where"
)


def _instead() -> str:
    """What to write, where the value was to be written into an array."""
    written = writing()
    return "" if written is None else f"; instead of writing into an array write {written}"


def shape_changed(func: Callable[..., Any], came: tuple[int, ...], recorded: tuple[int, ...]) -> ValueError:
    """The error for an operation whose result is of another shape than when it was recorded."""
    return ValueError(
        f"{name_of(func)} gave shape {came}, and {recorded} when modes.prepare recorded the function: shapes that "
        f"depend on values cannot be replayed; use modes.jacfwd, jacrev, jvp or vjp on the function itself"
    )


def guard(value: Any, decision: bool) -> None:
    """Raise Diverged where a decision comes out differently."""
    if bool(value) is not decision:
        raise Diverged


class Recorded(TracedArray):
    """A value that a recorder follows: an array, or whatever else a function gave."""

    __slots__ = ("__weakref__", "active", "slot")

    owner: Recorder

    def __init__(self, recorder: Recorder, primal: Any, slot: int, active: bool) -> None:
        self.owner = recorder
        self.primal = primal
        self.slot = slot
        self.active = active  # the function is differentiated for it, so that rules must exist

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method != "__call__" or (kwargs and "out" in kwargs):
            return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)
        return self._call(ufunc, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return self._call(func, args, kwargs)

    def _call(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        traced = [*_traced(args), *_traced(kwargs)]
        if traced and all(isinstance(x, Recorded) and x.owner is self.owner and not x.active for x in traced):
            return self.owner.call(func, tuple(args), kwargs)  # as on plain arrays: no rule is needed
        return evaluate(func, args, kwargs)

    @property
    def shape(self) -> tuple[int, ...]:
        return getattr(self.primal, "shape", ())

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.primal.dtype if hasattr(self.primal, "dtype") else np.result_type(self.primal)

    def astype(self, dtype: Any, **_: Any) -> Any:
        if self.active:
            return super().astype(dtype)
        return self.owner.call(cast, (self, np.dtype(dtype)))

    def __getitem__(self, index: Any) -> Any:
        return self._call(
            operator.getitem, (self, np.empty(0, np.intp) if type(index) is list and not index else index), {}
        )

    def __bool__(self) -> bool:
        return self.owner.decide(self)

    def _number(self, *_: Any) -> NoReturn:
        raise TracedValueError(
            f"a value (an array of shape {self.shape}) was needed as a Python number while modes.prepare recorded the "
            f"function: {_REMEDY}{_instead()}"
        )

    __float__ = __int__ = __index__ = __complex__ = item = tolist = _number
    __round__: Any = _number
    __floor__: Any = _number
    __ceil__: Any = _number
    __trunc__: Any = _number

    def __array__(self, *_: Any, **__: Any) -> NoReturn:
        raise TracedValueError(
            f"a value (an array of shape {self.shape}) was needed as a plain array while modes.prepare recorded the "
            f"function: {_REMEDY}{_instead()}. To index a plain array write np.take_along_axis, to make one of "
            f"several np.stack"
        )


def _operator(ufunc: Any, swapped: bool) -> Callable[..., Any]:
    def operate(self: Recorded, other: Any, modulo: None = None) -> Any:
        if modulo is not None:
            refuse_modulo()
        if getattr(type(other), "__array_ufunc__", ufunc) is None:
            return NotImplemented  # NEP 13: the other operand takes it (a block of seeds does)
        return self._call(ufunc, (other, self) if swapped else (self, other), {})

    return operate


# All operators are calls of their ufunc, those of masks included, which are plain arrays in the engines.
_ufunc: Any
for _name, _ufunc in (
    ("add", np.add), ("sub", np.subtract), ("mul", np.multiply), ("truediv", np.divide), ("pow", np.power),
    ("floordiv", np.floor_divide), ("mod", np.remainder), ("matmul", np.matmul), ("and", np.bitwise_and),
    ("or", np.bitwise_or), ("xor", np.bitwise_xor),
):  # fmt: skip
    setattr(Recorded, f"__{_name}__", _operator(_ufunc, False))
    setattr(Recorded, f"__r{_name}__", _operator(_ufunc, True))
for _name, _ufunc in (
    ("lt", np.less), ("le", np.less_equal), ("gt", np.greater), ("ge", np.greater_equal), ("eq", np.equal),
    ("ne", np.not_equal),
):  # fmt: skip
    setattr(Recorded, f"__{_name}__", _operator(_ufunc, False))
for _name, _ufunc in (("neg", np.negative), ("pos", np.positive), ("abs", np.absolute), ("invert", np.invert)):
    setattr(Recorded, f"__{_name}__", lambda self, u=_ufunc: self._call(u, (self,), {}))


# -- recorded values among arguments ----------------------------------------------------------------------------------
def _traced(x: Any) -> Iterator[TracedArray]:
    return (leaf for leaf in leaves_of(x) if isinstance(leaf, TracedArray))


def _recorded(x: Any) -> Iterator[Recorded]:
    return (leaf for leaf in leaves_of(x) if isinstance(leaf, Recorded))


def _primals(x: Any) -> Any:
    if isinstance(x, Recorded):
        return x.primal
    return {name: _primals(item) for name, item in x.items()} if isinstance(x, dict) else mapped(_primals, x)


def _template(x: Any) -> Any:
    if isinstance(x, Recorded):
        return Ref(x.slot)
    return {name: _template(item) for name, item in x.items()} if isinstance(x, dict) else mapped(_template, x)


def _key(x: Any) -> Any:
    """Equal for arguments that are the same: recorded values by slot, numbers by type and digits (0.0 is not -0.0)."""
    if isinstance(x, Recorded):
        return Ref, x.slot
    if isinstance(x, dict):
        return tuple((name, _key(item)) for name, item in x.items())
    if type(x) in (tuple, list):
        return (type(x), *map(_key, x))
    if type(x) is slice:
        return slice, _key(x.start), _key(x.stop), _key(x.step)
    if isinstance(x, int | float | str | np.generic | np.dtype | None):
        return type(x), repr(x)
    return id, id(x)

"""A recorded function, as the engines see it: its operations done again, one by one, on traced arrays.

The engines run on it as on the function itself, over the values of another recorder, which notes the engines' own
arithmetic. For that a partial must be made of NumPy calls. Those whose kind is in `RECORDABLE` are: their fields are
recorded values, and modes.blocks handles their blocks. Every other partial is made at replay from plain values by
its row of the rule table, as in an engine, and applied to plain blocks (`Opaque`); so is one whose making could not be
recorded. Nothing here knows a derivative or a function by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..array import TracedArray, evaluate
from ..blocks import Guarded, dense
from ..partials import SAME, Dot, Linear, Matrix, Partial, Reshape, Scale
from ..rules.selection import Slice
from ..rules.table import COMPOSITE, CONSTANT, RULES, SEQUENCE, Rule, rule_of
from .recording import Diverged, Operation, Recorded, Recorder, Value, guard, shape_changed
from .templates import resolve

__all__ = ["RecordedFunction"]

RECORDABLE = frozenset({type(SAME), Scale, Matrix, Dot, Reshape, Slice})


class RecordedFunction:
    """The operations of a function, to be done again on other values, one recording at a time."""

    def __init__(self, name: str, recording: Recorder, y: Any) -> None:
        self.__name__ = name  # for the engines' messages
        self.values = recording.values
        self.operations = recording.operations
        self.given = [slot for slot, value in enumerate(self.values) if value.given]
        self.y = y.slot if isinstance(y, Recorded) else None
        self.constant = None if isinstance(y, Recorded) else y  # of a function that depends on no argument
        self._recorder: Recorder | None = None
        self._done: dict[Any, Any] = {}

    def again(self) -> RecordedFunction:
        """The same operations, for recordings of their own."""
        function = object.__new__(type(self))
        function.__dict__.update(self.__dict__, _recorder=None, _done={})
        return function

    @contextmanager
    def recording(self, recorder: Recorder) -> Iterator[None]:
        """Let a recorder note what is done with the function's operations, and close it in the end."""
        self._recorder = recorder
        try:
            yield
        finally:
            recorder.close()
            self._recorder = None
            self._done = {}

    def __call__(self, leaves: Sequence[Any]) -> Any:
        """The function's value, from those leaves of its arguments that are given anew at each replay."""
        if self.y is None:
            return self.constant
        recorder = self._recorder
        assert recorder is not None
        values = dict(zip(self.given, leaves, strict=True))

        def value(slot: int) -> Any:
            known: Value = self.values[slot]
            return values[slot] if known.constant is None else recorder.constant(known.constant)

        for op in self.operations:
            values[op.out] = self._apply(recorder, op, resolve(op.args, value), resolve(op.kwargs, value))
        return values[self.y]

    def _apply(self, recorder: Recorder, op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """func(*args, **kwargs) as modes.array.evaluate does it, but with partials that can be recorded."""
        if op.func is guard:  # of an engine inside of the function: decided again, and guarded again
            value, decision = args
            while isinstance(value, TracedArray) and value.owner is not recorder:
                value = value.primal
            return guard(value, decision)
        rule = RULES.get(op.func)
        in_list = rule is not None and rule.kind is SEQUENCE
        operands = args[0] if in_list else args
        places = [i for i, x in enumerate(operands) if isinstance(x, TracedArray) and x.owner is not recorder]
        if not places:
            return self._value(recorder, op, args, kwargs)
        rule = rule_of(op.func)
        if rule.kind is COMPOSITE or (not in_list and rule.kind is not CONSTANT and places[-1] >= len(rule.makers)):
            return evaluate(op.func, args, kwargs)  # the second raises MissingRule
        followed = [operands[i] for i in places]
        plain = [x.primal if i in places else x for i, x in enumerate(operands)]
        values = (plain, *args[1:]) if in_list else tuple(plain)
        y = self._value(recorder, op, values, kwargs)
        if rule.kind is CONSTANT:
            return y
        key = (op.out, *places)
        if key not in self._done:
            self._done[key] = _partials(recorder, rule, places, y, values, kwargs)
        return followed[0].owner.join(y, followed, self._done[key])

    def _value(self, recorder: Recorder, op: Operation, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The operation on recorded values: once, however many chunks of seeds there are."""
        if op.out not in self._done:
            y = self._done[op.out] = recorder.call(op.func, args, kwargs)
            if isinstance(y, Recorded) and y.shape != self.values[op.out].shape:
                raise shape_changed(op.func, y.shape, self.values[op.out].shape)
        return self._done[op.out]


def _partials(
    recorder: Recorder, rule: Rule, places: list[int], y: Any, values: tuple[Any, ...], kwargs: dict[str, Any]
) -> list[Partial | None]:
    def opaque() -> list[Partial | None]:
        made = recorder.call(rule.partials, (places, y, values, kwargs))
        return [None if partial is None else Opaque(recorder, made, i) for i, partial in enumerate(made.primal)]

    mark = recorder.mark()
    try:
        partials = rule.partials(places, y, values, kwargs)
        if all(partial is None or type(partial) in RECORDABLE or type(partial) is Linear for partial in partials):
            return [
                Tried(recorder, partial, i, opaque) if type(partial) is Linear else partial
                for i, partial in enumerate(partials)
            ]
    except Exception:  # whatever it was: on plain values it is either no error, or raised again
        pass
    recorder.rewind(mark)
    return opaque()


class Tried(Partial):
    """A linear map in functions of its own: recorded, where they are made of NumPy calls alone, else opaque."""

    __slots__ = ("fma", "i", "linear", "make", "recorder")

    def __init__(self, recorder: Recorder, linear: Linear, i: int, make: Callable[[], list[Partial | None]]) -> None:
        self.recorder = recorder
        self.linear: Partial = linear
        self.i = i
        self.make = make  # the same partials, opaque
        self.fma = linear.fma

    def push(self, t: Any) -> Any:
        return self._tried(lambda: self.linear.push(t))

    def pull(self, c: Any) -> Any:
        return self._tried(lambda: self.linear.pull(c))

    def _tried(self, carry: Callable[[], Any]) -> Any:
        if type(self.linear) is Linear:
            mark = self.recorder.mark()
            try:
                return carry()
            except Exception:  # an entry written in place, a number needed: as above
                self.recorder.rewind(mark)
            (self.linear,) = [partial for i, partial in enumerate(self.make()) if i == self.i and partial is not None]
        return carry()


class Opaque(Partial):
    """A partial that is made, and applied, at replay: item i of a recorded list of partials."""

    __slots__ = ("fma", "i", "made", "pulling", "recorder")

    def __init__(self, recorder: Recorder, made: Recorded, i: int) -> None:
        self.recorder = recorder
        self.made = made
        self.i = i
        one = made.primal[i]
        self.fma, self.pulling = one.fma, one.pulling  # which modes.counting asks for

    def push(self, t: Any) -> Any:
        return self.recorder.call(_push, (self.made, self.i, dense(t)))

    def pull(self, c: Any) -> Any:
        return self.recorder.call(_pull, (self.made, self.i, dense(c)))


def _push(partials: list[Partial], i: int, t: Any) -> Any:
    return _array(partials[i].push(t))


def _pull(partials: list[Partial], i: int, c: Any) -> Any:
    return _array(partials[i].pull(c))


def _array(block: Any) -> Any:
    if isinstance(block, Guarded):
        raise Diverged  # a block that remembers more than its numbers: for the engines themselves
    return dense(block)

"""A program: recorded operations as a list of calls without arguments, their operands and results bound to buffers.

`Program` knows how NumPy's calls are made cheap (modes.prepared.schedule says which are made, and when), and nothing
about derivatives:

- a ufunc writes into a buffer; so does the product of two matrices, or of a matrix and a vector, by ndarray.dot;
- a view of a buffer (a transpose, a reshape, a slice) is taken once, when the program is made;
- anything else is called as it is, and its result kept in a cell until its last use;
- a buffer is used again, in place where that is right, when nothing needs what it holds any more;
- what is handed out is made in new memory by the operation that makes it, or copied: it never shows a buffer.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

import numpy as np

from ..errors import TracedValueError
from ..residuals import content, is_fixed, is_small
from .recording import Operation, Recorded, Recorder, Value, refs, shape_changed
from .schedule import Deferred, Schedule, Stage
from .templates import Ref, resolve

__all__ = ["Program", "Step", "direct", "general"]

Step = Callable[[], Any]

# The method does what the function does, without its detour: half a microsecond for a view.
METHODS: dict[Any, Callable[..., Any]] = {
    np.transpose: np.ndarray.transpose,
    np.reshape: np.ndarray.reshape,
    np.all: np.ndarray.all,
}

# The operator does of two NumPy scalars what the ufunc does, for a fifth of a microsecond less.
OPERATORS: dict[Any, Callable[..., Any]] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
    np.negative: operator.neg,
}

# By position an out takes 0.15 microseconds less, but NumPy discourages it for these two.
BY_KEYWORD = (np.maximum, np.minimum)


class Program:
    """Compiled operations. `run(arrays, stage)` gives the outputs of a stage, in memory of their own.

    Memory: one buffer for each of the arrays that are alive at the same time, kept as long as the program.
    """

    def __init__(self, recorder: Recorder, stages: Sequence[Stage]) -> None:
        self.values: list[Value] = recorder.values
        self.plan = Schedule(recorder, stages)
        self.cells: list[Any] = [None] * len(self.values)  # by slot: values that are new objects at each run
        self.buffers: dict[int, Any] = {}  # by slot: arrays that stay where they are, and views of them
        self.own: dict[int, Any] = {}  # by root: the buffers that are in use, and may be used again
        self.free: dict[Any, list[Any]] = {}  # by layout: those that are not in use
        self.copies: list[tuple[Any, Any]] = []  # a buffer, and the array whose content it takes over at each run
        self.watched: list[Any] = []
        self.contents: list[bytes] = []
        later = self.plan.read_later()
        for slot, value in enumerate(self.values):
            if value.constant is not None:
                self.buffers[slot] = self._shared(value.constant) if slot in later else value.constant
        self.shares = bool(self.copies or self.watched)
        self._begin(stages)
        self.stages = [self._stage(i, stage) for i, stage in enumerate(stages)]
        del self.plan, self.own, self.free, self.values

    def __reduce_ex__(self, *_: Any) -> NoReturn:
        raise TypeError(
            "the pull-back of a prepared function cannot be copied or pickled: it reads buffers; copy the Prepared "
            "and call vjp of the copy"
        )

    def run(self, arrays: Sequence[Any], stage: int = 0) -> Sequence[Any]:
        """The outputs of a stage, for input arrays of the shapes and dtypes of those recorded.

        Raises Diverged where a guard decides otherwise, ValueError where a shape turns out to depend on values.
        """
        if self.shares:
            self._share(stage)
        buffers, scalars, steps, results, dead = self.stages[stage]
        for buffer, i in buffers:
            buffer[...] = arrays[i]
        for slot, i in scalars:
            self.cells[slot] = arrays[i]
        for step in steps:
            step()
        outputs = [result() for result in results]
        for slot in dead:
            self.cells[slot] = None
        return outputs

    def _begin(self, stages: Sequence[Stage]) -> None:
        """What there is to do before the first stage is made."""

    def _shared(self, array: Any) -> Any:
        """An array that f takes from elsewhere, as a later stage reads it: as it was in the first (modes.residuals)."""
        if is_fixed(array):
            return array
        if not is_small(array):
            self.watched.append(array)
            return array
        copy = array.copy("K")
        self.copies.append((copy, array))
        return copy

    def _share(self, stage: int) -> None:
        """In the first stage take over what f takes from elsewhere; in a later one compare what is too large."""
        if stage == 0:
            for buffer, array in self.copies:
                buffer[...] = array
            self.contents = [content(array) for array in self.watched]
            return
        for array, then in zip(self.watched, self.contents, strict=True):
            if content(array) != then:
                raise TracedValueError(
                    f"expected an array of shape {array.shape} that the prepared function reads as it was at the call "
                    f"of vjp, but it was written to since; pull back before changing it"
                )

    def _stage(self, number: int, stage: Stage) -> Any:
        buffers, scalars = [], []
        for i, x in enumerate(stage.inputs):
            if x.shape:
                self.buffers[x.slot] = _empty(*_layout(self.values[x.slot]))
                buffers.append((self.buffers[x.slot], i))
            else:
                scalars.append((x.slot, i))
        steps: list[Step] = []
        for i in self.plan.positions(number):
            steps += self._steps(i, self.plan.operations[i])
        results = [self._result(y) for y in self.plan.results[number]]
        dead = [slot for slot in self.plan.read_by_results(number) if slot not in self.buffers]
        return buffers, scalars, steps, results, dead

    # -- operations ---------------------------------------------------------------------------------------------------
    def _steps(self, i: int, op: Operation) -> list[Step]:
        value, operands = self.values[op.out], refs(op)
        fixed = all(slot in self.buffers for slot in operands)
        if fixed and len(operands) == 1 and op.out not in value.roots:
            view = op.func(*self._bound(op.args), **self._bound(op.kwargs))
            if np.may_share_memory(view, self.buffers[operands[0]]):
                self.buffers[op.out] = view
                return []
        if isinstance(op.func, np.ufunc) and op.func.nout == 1 and not op.kwargs and value.shape:
            steps = [self._into_buffer(i, op, value)]
        elif self._of_scalars(op, value):
            steps = [self._scalar(op)]
        else:
            steps = [general(self.cells, op.out, self._call(op), None if op.effect else value, op.func)]
        for root in {root for slot in operands for root in self.values[slot].roots}:
            if self.plan.last[root] == i and root in self.own:
                self.free.setdefault(_layout(self.values[root]), []).append(self.own.pop(root))
        for slot in set(operands):
            small = issubclass(self.values[slot].type, np.generic)
            if self.plan.last_read[slot] == i and slot not in self.buffers and not small:
                steps.append(partial(self.cells.__setitem__, slot, None))
        return steps

    def _of_scalars(self, op: Operation, value: Value) -> bool:
        """Whether an operation makes one NumPy scalar of others, and of numbers."""
        if not isinstance(op.func, np.ufunc) or op.kwargs or op.func.nin > 2 or not issubclass(value.type, np.inexact):
            return False
        return all(
            issubclass(self.values[x.slot].type, np.inexact) if type(x) is Ref else type(x) in (int, float)
            for x in op.args
        )

    def _scalar(self, op: Operation) -> Step:
        """The operation on scalars, from cell to cell."""
        func, cells, out, args = OPERATORS.get(op.func, op.func), self.cells, op.out, op.args
        if len(args) == 1:
            (a,) = refs(op)

            def of_one() -> None:
                cells[out] = func(cells[a])

            return of_one
        x, y = args
        if type(x) is Ref and type(y) is Ref:
            a, b = x.slot, y.slot

            def of_two() -> None:
                cells[out] = func(cells[a], cells[b])

            return of_two
        if type(x) is Ref:
            a = x.slot

            def first() -> None:
                cells[out] = func(cells[a], y)

            return first
        b = y.slot

        def second() -> None:
            cells[out] = func(x, cells[b])

        return second

    def _into_buffer(self, i: int, op: Operation, value: Value) -> Step:
        out = self._buffer(i, op, value)
        if any(slot not in self.buffers for slot in refs(op)):
            call = self._call(op)
            return lambda: call(out=out)
        operands = self._operands(op, value)
        row = _one_row(op.func, operands, value.shape)
        return direct(op.func, row, out[0]) if row is not None else direct(op.func, operands, out)

    def _buffer(self, i: int, op: Operation, value: Value) -> Any:
        """A buffer for the result of operation i: an operand's that nothing needs any more, a free or a new one."""
        layout, operands = _layout(value), set(refs(op))
        buffer = None
        if isinstance(op.func, np.ufunc) and op.func.signature is None:
            for slot in operands:  # NumPy makes a copy itself if a view of it is read as well
                if slot in self.own and self.plan.last[slot] == i and _layout(self.values[slot]) == layout:
                    buffer = self.own.pop(slot)
                    break
        if buffer is None:
            free = self.free.get(layout)
            buffer = free.pop() if free else _empty(*layout)
        self.buffers[op.out] = self.own[op.out] = buffer
        return buffer

    def _operands(self, op: Operation, value: Value) -> list[Any]:
        """The operands of a ufunc, numbers as arrays of the dtype that NumPy would convert them to: 0.15 us each."""
        operands = self._bound(op.args)
        char = value.dtype.char
        alike = all(x.dtype == value.dtype for x in operands if isinstance(x, np.ndarray))
        if alike and isinstance(op.func, np.ufunc) and f"{char * op.func.nin}->{char}" in op.func.types:
            operands = [np.asarray(x, value.dtype) if type(x) in (int, float) else x for x in operands]
        return list(operands)

    def _bound(self, template: Any) -> Any:
        """Arguments with the buffers in their places; values that are in cells stay Refs."""
        return resolve(template, lambda slot: self.buffers.get(slot, Ref(slot)))

    def _call(self, op: Operation) -> Callable[..., Any]:
        """A function of no arguments that does the operation; it hands keyword arguments on (out)."""
        func, operands = op.func, refs(op)
        if _is_method(op) and self.values[operands[0]].type is np.ndarray:
            func = METHODS[func]
        args, kwargs, cells = list(self._bound(op.args)), self._bound(op.kwargs), self.cells
        if all(slot in self.buffers for slot in operands):
            return partial(func, *args, **kwargs)
        places = [(i, x.slot) for i, x in enumerate(args) if type(x) is Ref]
        if not op.kwargs and len(places) == sum(slot not in self.buffers for slot in operands):

            def shallow(**more: Any) -> Any:
                now = args.copy()
                for i, slot in places:
                    now[i] = cells[slot]
                return func(*now, **more)

            return shallow
        return lambda **more: func(*resolve(args, cells.__getitem__), **resolve(kwargs, cells.__getitem__), **more)

    # -- results ------------------------------------------------------------------------------------------------------
    def _result(self, y: Any) -> Step:
        """A function that hands out an output, in memory of its own."""
        if isinstance(y, Deferred):
            return self._made(y)
        if not isinstance(y, Recorded):
            return partial(np.array, y) if isinstance(y, np.ndarray) else lambda: y
        if y.slot in self.buffers:
            return partial(self.buffers[y.slot].copy, "K")
        cells, slot = self.cells, y.slot

        def copied() -> Any:
            x = cells[slot]
            return x.copy("K") if isinstance(x, np.ndarray) else x

        return copied

    def _made(self, y: Deferred) -> Step:
        op, made = y.maker, self.values[y.maker.out]
        make = self._call(op)
        fixed = all(slot in self.buffers for slot in refs(op))
        if fixed and isinstance(op.func, np.ufunc) and op.func.nout == 1 and not op.kwargs:
            operands = self._operands(op, made)
            vector = len(y.value.shape) == 1 and y.value.shape == made.shape[1:] and y.value.strides == made.strides[1:]
            row = _one_row(op.func, operands, made.shape) if vector else None
            if row is not None:
                return direct(op.func, row)
            make = direct(op.func, operands)
        elif made.shape:
            make = partial(_writable, make)
        if not y.views:
            return make
        views = [
            (METHODS[view.func] if _is_method(view) else view.func, view.args[1:], view.kwargs) for view in y.views
        ]

        def viewed() -> Any:
            y = make()
            for view, args, kwargs in views:
                y = view(y, *args, **kwargs)
            return y.copy() if isinstance(y, np.ndarray) and not y.flags.writeable else y

        return viewed


def general(cells: list[Any], out: int, call: Step, value: Value | None, func: Any) -> Step:
    """Call and keep the result, if it is of the shape that the rest was recorded for (None: there is no result)."""
    if value is None:
        return call
    kind, shape = value.type, value.shape

    def step() -> None:
        y = cells[out] = call()
        if kind is np.ndarray and y.shape != shape:
            raise shape_changed(func, y.shape, shape)

    return step


def _writable(make: Step) -> Any:
    """A new array, without the repeated entries of a broadcast."""
    y = make()
    return y if y.flags.writeable else y.copy()


def _is_method(op: Operation) -> bool:
    """Whether the call can be made of the method: an operand, and a shape at most."""
    return op.func in METHODS and 1 <= len(op.args) <= 2 and type(op.args[0]) is Ref and not op.kwargs


def direct(func: Any, operands: list[Any], *out: Any) -> Step:
    """func(*operands, *out): ndarray.dot where that gives the bits of a @ b, for less (see modes.partials.product)."""
    if func is np.matmul:
        a, b = operands
        matrices = (a.ndim, b.ndim) in ((2, 2), (2, 1), (1, 2)) and a.flags.forc and b.flags.forc
        if matrices and a.dtype == b.dtype and all(y.flags.c_contiguous for y in out):
            return partial(a.dot, b, *out)
    if func in BY_KEYWORD:
        return partial(func, *operands, **dict(zip(("out",), out, strict=False)))
    return partial(func, *operands, *out)


def _one_row(func: Any, operands: list[Any], shape: tuple[int, ...]) -> list[Any] | None:
    """The operands for a result of shape (1, *S), a single tangent's block, as those for one of shape S.

    NumPy takes half the time for (n,) with (n,) that it takes for (1, n) with (n,). None where it cannot be.
    """
    if len(shape) < 2 or shape[0] != 1:
        return None
    if func is np.matmul:
        a, b = operands
        return [a[0], b] if a.ndim == b.ndim == 2 else None
    if func.signature is not None:
        return None
    return [x[0] if isinstance(x, np.ndarray) and x.ndim == len(shape) else x for x in operands]


def _layout(value: Value) -> tuple[Any, ...]:
    """Shape, dtype, and the order of the axes in memory."""
    axes = range(len(value.shape))
    return value.shape, value.dtype, tuple(sorted(axes, key=lambda axis: -value.strides[axis]))


def _empty(shape: tuple[int, ...], dtype: Any, order: tuple[int, ...]) -> Any:
    array = np.empty([shape[axis] for axis in order], dtype)
    return array.transpose(np.argsort(order)) if order != tuple(range(len(order))) else array

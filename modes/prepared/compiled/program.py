"""A program for the interpreter: stretches of instructions, and NumPy's calls between them.

Contract: that of modes.prepared.program.Program. All that stays where it is lies in one block of memory, made with the
program; a result that the interpreter makes last is written where it is handed out.

- An operation is a view of an array that stays where it is, or has a row in `lowering`, or is done by NumPy. What NumPy
  makes and the interpreter reads is copied into the block.
- Constants are read where they are, whenever the program runs.
- Arithmetic that divides by zero, overflows or is invalid leaves flags in the processor. Where there are any after a
  run, and NumPy is not told to ignore them, the operations are done once more one by one, each by NumPy first, which
  then warns, or raises, as it does in a plain program.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..program import Program, Step, direct, general
from ..recording import Diverged, Operation, Recorded, Recorder, Value, refs, shape_changed
from ..schedule import Deferred, Stage, same, store
from ..templates import Ref, resolve
from .lowering import Known, Lowering, dtype_of, lowering_of
from .machine import interpreter
from .memory import ALIGNMENT, Memory
from .opcodes import STOPPED
from .table import MOST_AXES, Table

__all__ = ["Compiled"]

FLAGS = ("invalid", "divide", "over", "under")
"""What the bits of a run's flags are called by np.geterr."""


class Fresh(NamedTuple):
    """A result that is written into new memory: `stand_in` has the address that its instructions were written for."""

    stand_in: Any
    shape: tuple[int, ...]  # as it is allocated
    views: tuple[Callable[[Any], Any], ...]  # how it is handed out


class Part(NamedTuple):
    """A stretch of instructions, by the frame that it is called with, and what NumPy does after it."""

    frame: int
    calls: list[Step]
    stretch: tuple[int, int]


class Run(NamedTuple):
    """A stage, ready to be run."""

    buffers: list[tuple[Any, int]]
    scalars: list[tuple[int, int]]
    fresh: list[tuple[Callable[[int, Any], int], int, tuple[int, ...], Any, tuple[Callable[[Any], Any], ...]]]
    parts: list[Part]
    results: list[Any]
    dead: list[int]


class Compiled(Program):
    """Recorded operations for the interpreter. `run(arrays, stage)` gives the outputs of a stage."""

    def __init__(self, recorder: Recorder, stages: Sequence[Stage]) -> None:
        self.interpreter = interpreter()
        self.start = self.interpreter.run
        super().__init__(recorder, stages)
        self.words = self.table.words()
        self.starts = self.table.starts
        self.stages = [self._finished(*stage) for stage in self.stages]
        self.kept = self.table.kept()
        del self.table, self.lowered, self.views, self.imported, self.joined, self.fixed, self.offsets, self.in_place

    def run(self, arrays: Sequence[Any], stage: int = 0) -> Sequence[Any]:
        """As Program.run."""
        if self.shares:
            self._share(stage)
        buffers, scalars, fresh, parts, results, dead = self.stages[stage]
        for buffer, i in buffers:
            buffer[...] = arrays[i]
        for slot, i in scalars:
            self.cells[slot] = arrays[i]
        flags = 0
        made = []
        for into, frame, shape, dtype, _ in fresh:
            y = np.empty(shape, dtype)
            flags |= into(frame, y)
            made.append(y)
        for frame, calls, _ in parts:
            if frame:
                flags |= self.start(frame)
            if flags >= STOPPED:
                raise Diverged
            for call in calls:
                call()
        if flags and any(bit != "ignore" for i, bit in enumerate(map(np.geterr().get, FLAGS)) if flags >> i & 1):
            self._reported(arrays, stage)
        for k, (*_, views) in enumerate(fresh):
            for view in views:
                made[k] = view(made[k])
        outputs = [made[result] if type(result) is int else result() for result in results]
        for slot in dead:
            self.cells[slot] = None
        return outputs

    def _reported(self, arrays: Sequence[Any], stage: int) -> None:
        """Do a stage once more, each operation by NumPy before its instructions."""
        buffers, scalars, _, parts, _, _ = self.stages[stage]
        for buffer, i in buffers:
            buffer[...] = arrays[i]
        for slot, i in scalars:
            self.cells[slot] = arrays[i]
        starts = [*self.starts, (len(self.words), None)]
        for _, calls, (start, stop) in parts:
            for (at, op), (end, _) in pairwise(starts):
                if start <= at < stop:
                    self._by_numpy(op)
                    self.start(self._frame(at, end))
            with np.errstate(all="ignore"):  # they have reported theirs
                for call in calls:
                    call()

    def _by_numpy(self, op: Operation) -> None:
        args, kwargs = (resolve(x, self._value) for x in (op.args, op.kwargs))
        call = direct(op.func, list(args)) if isinstance(op.func, np.ufunc) else partial(op.func, *args)
        call(**kwargs)

    def _value(self, slot: int) -> Any:
        """A value as NumPy is given it."""
        return self.numbers[slot][()] if slot in self.numbers else self.buffers.get(slot, self.cells[slot])

    # -- what is done by whom ------------------------------------------------------------------------------------------
    def _begin(self, stages: Sequence[Stage]) -> None:
        self.numbers: dict[int, Any] = {}  # by slot: NumPy scalars, as arrays of no axes
        self.table = Table()
        self.lowered: dict[int, Lowering] = {}  # by slot of the result
        self.views: set[int] = set()
        self.imported: set[int] = set()  # what NumPy makes and the interpreter reads
        self.joined: set[int] = set()  # outputs that are put together by the interpreter
        self.fixed = set(self.buffers)
        self.frames: list[Any] = []
        self.handed: list[int] = []  # slots of outputs that are made in new memory
        for number, stage in enumerate(stages):
            for x in stage.inputs:
                if self.values[x.slot].shape or _numeric(self.values[x.slot]):
                    self.fixed.add(x.slot)
            operations = [self.plan.operations[i] for i in self.plan.positions(number)]
            self._joins(operations)
            late = [y.maker for y in self.plan.results[number] if isinstance(y, Deferred)]
            for op in operations:
                self._classify(op)
            for op in late:
                if self.values[op.out].type is np.ndarray and self.values[op.out].dtype.char in "df":
                    self._lower(op)
        self._lay_out(stages)

    def _joins(self, operations: Sequence[Operation]) -> None:
        parts: dict[int, list[Any]] = {}
        for op in operations:
            if op.func is store:
                parts.setdefault(op.args[0].slot, []).append(op.args[3])
        for slot, stored in parts.items():
            whole = self.values[slot]
            if whole.dtype.char in "df" and len(whole.shape) <= MOST_AXES:
                dtypes = [dtype_of(self.values[x.slot]) if type(x) is Ref else None for x in stored]
                if all(dtype == whole.dtype for dtype in dtypes):
                    self.joined.add(slot)

    def _classify(self, op: Operation) -> None:
        operands, value = refs(op), self.values[op.out]
        if op.func is store:
            if operands[0] in self.joined:
                self._read(operands[1:])
        elif op.out in self.joined:
            pass
        elif (
            len(operands) == 1 and operands[0] in self.fixed and operands[0] not in self.joined
            and op.out not in value.roots and value.type is self.values[operands[0]].type is np.ndarray
        ):  # fmt: skip
            self.views.add(op.out)
            self.fixed.add(op.out)
        else:
            self._lower(op)

    def _lower(self, op: Operation) -> None:
        lowering = lowering_of(op, self.values)
        if lowering is not None:
            self.lowered[op.out] = lowering
            self.fixed.add(op.out)
            self._read(refs(op))

    def _read(self, slots: Sequence[int]) -> None:
        for slot in slots:
            if slot not in self.fixed and slot not in self.joined:
                self.imported.add(slot)
                self.fixed.add(slot)

    # -- where it lies -------------------------------------------------------------------------------------------------
    def _lay_out(self, stages: Sequence[Stage]) -> None:
        memory = Memory()
        own: dict[int, tuple[int, int]] = {}  # by root: what is in use now
        self.offsets: dict[int, int] = {}
        self.in_place: dict[int, int] = {}
        for number, stage in enumerate(stages):
            for x in stage.inputs:
                if x.slot in self.fixed:
                    self._take(memory, own, x.slot)
            for i in self.plan.positions(number):
                op = self.plan.operations[i]
                value = self.values[op.out]
                made = op.out in self.lowered or op.out in self.imported
                if made and op.out in value.roots and not op.effect:
                    slot = self._taken_over(i, op, value, own)
                    if slot is None:
                        self._take(memory, own, op.out)
                    else:
                        self.in_place[op.out] = slot
                        own[op.out] = own.pop(slot)
                        self.offsets[op.out] = own[op.out][0]
                for root in {root for slot in refs(op) for root in self.values[slot].roots}:
                    if self.plan.last[root] == i and root in own:
                        memory.give_back(*own.pop(root))
        block = np.empty(memory.size + ALIGNMENT, np.uint8)
        start = -block.__array_interface__["data"][0] % ALIGNMENT
        self.block = block[start : start + memory.size]

    def _take(self, memory: Memory, own: dict[int, tuple[int, int]], slot: int) -> None:
        value = self.values[slot]
        size = math.prod(value.shape) * dtype_of(value).itemsize
        self.offsets[slot] = memory.take(size)
        own[slot] = self.offsets[slot], size

    def _taken_over(self, i: int, op: Operation, value: Value, own: dict[int, Any]) -> int | None:
        """The operand whose memory an element-wise result takes over, since nothing needs it any more."""
        if not isinstance(op.func, np.ufunc) or op.func.signature is not None or op.out not in self.lowered:
            return None
        operands = set(refs(op))
        for slot in operands:
            other = self.values[slot]
            alike = other.shape == value.shape and dtype_of(other) == dtype_of(value) and slot in own
            alone = not any(slot in self.values[read].roots for read in operands - {slot})
            if alike and alone and self.plan.last[slot] == i:
                return slot
        return None

    def _new(self, slot: int, order: Any = "C") -> Any:
        """The array of a slot, in its place."""
        if slot in self.in_place:
            array = self._array(self.in_place[slot])
        elif slot in self.offsets:
            value = self.values[slot]
            array = np.ndarray(value.shape, dtype_of(value), self.block, self.offsets[slot], order=order)
        else:  # shown memory that the interpreter reads as an array of its own
            array = np.empty(self.values[slot].shape, dtype_of(self.values[slot]))
        (self.buffers if self.values[slot].type is np.ndarray else self.numbers)[slot] = array
        return array

    def _array(self, slot: int) -> Any:
        array = self.buffers.get(slot)
        return self.numbers[slot] if array is None else array

    # -- instructions --------------------------------------------------------------------------------------------------
    def _stage(self, number: int, stage: Stage) -> Any:
        buffers, scalars = [], []
        for i, x in enumerate(stage.inputs):
            if x.slot in self.fixed:
                buffers.append((self._new(x.slot), i))
            else:
                scalars.append((x.slot, i))
        self.parts: list[tuple[tuple[int, int], list[Step]]] = []
        self.begun = len(self.table)
        for i in self.plan.positions(number):
            op = self.plan.operations[i]
            if op.out in self.joined:
                self.buffers[op.out] = np.empty(self.values[op.out].shape, self.values[op.out].dtype)
            else:
                self._write(i, op)
        results: list[Any] = []
        fresh: list[Fresh] = []
        for y in self.plan.results[number]:
            found = self._fresh(y)
            if found is None:
                results.append(self._result(y))
            else:
                results.append(len(fresh))
                fresh.append(found)
        self._do([])
        dead = [slot for slot in self.plan.read_by_results(number) if slot not in self.fixed]
        return buffers, scalars, fresh, self.parts, results, dead

    def _write(self, i: int, op: Operation) -> None:
        if op.func is store and op.args[0].slot in self.joined:
            whole, start, stop, part = op.args
            self.table.mark(op)
            self.table.copy(self._array(part.slot), self.buffers[whole.slot][start:stop])
        elif op.out in self.views:
            operand = self.buffers[refs(op)[0]]
            view = op.func(*self._bound(op.args), **self._bound(op.kwargs))
            if np.may_share_memory(view, operand):
                self.buffers[op.out] = view
            else:  # it lies in another order than when it was recorded
                self._copied(op)
        elif op.out in self.lowered:
            self.table.mark(op)
            known = Known(self._array, partial(self._new, op.out), self.table)
            self.lowered[op.out].write(op, self.values, known)
        else:
            self._call_numpy(i, op)

    def _copied(self, op: Operation) -> None:
        lowering = lowering_of(op, self.values) if op.func in (np.reshape, np.ravel) else None
        if lowering is not None:
            self.table.mark(op)
            lowering.write(op, self.values, Known(self._array, partial(self._new, op.out), self.table))
            return
        call, array = self._call(op), self._new(op.out)
        self._do([lambda: array.__setitem__(..., call())])

    def _call_numpy(self, i: int, op: Operation) -> None:
        value, operands = self.values[op.out], refs(op)
        steps = self._exported(operands)
        if op.out in self.imported:
            steps.append(self._into_block(op, value))
        else:
            steps.append(general(self.cells, op.out, self._call(op), None if op.effect else value, op.func))
        for slot in set(operands):
            if self.plan.last_read[slot] == i and slot not in self.buffers:
                steps.append(partial(self.cells.__setitem__, slot, None))
        self._do(steps)

    def _into_block(self, op: Operation, value: Value) -> Step:
        array, call = self._new(op.out), self._call(op)
        if isinstance(op.func, np.ufunc) and op.func.nout == 1 and not op.kwargs and value.shape:
            if all(slot in self.buffers for slot in refs(op)):
                return direct(op.func, self._operands(op, value), array)
            return lambda: call(out=array)
        shape = value.shape

        def step() -> None:
            y = call()
            if np.shape(y) != shape:
                raise shape_changed(op.func, np.shape(y), shape)
            array[...] = y

        return step

    def _exported(self, slots: Sequence[int]) -> list[Step]:
        """Steps that hand the interpreter's scalars to NumPy."""
        return [partial(self._export, slot) for slot in set(slots) if slot in self.numbers]

    def _export(self, slot: int) -> None:
        self.cells[slot] = self.numbers[slot][()]

    def _do(self, calls: Sequence[Step]) -> None:
        """End a stretch, with calls to follow it."""
        if self.parts and self.begun == len(self.table):
            self.parts[-1][1].extend(calls)
        else:
            self.parts.append(((self.begun, len(self.table)), list(calls)))
            self.begun = len(self.table)

    # -- results -------------------------------------------------------------------------------------------------------
    def _result(self, y: Any) -> Step:
        if isinstance(y, Deferred):
            self._do(self._exported(refs(y.maker)))
        elif isinstance(y, Recorded) and y.slot in self.numbers:
            return lambda: self.numbers[y.slot][()]
        return super()._result(y)

    def _fresh(self, y: Any) -> Fresh | None:
        """An output that the interpreter writes into new memory, and its instructions."""
        if not isinstance(y, Deferred):
            return None
        op = y.maker
        if op.func is same and op.args[0].slot in self.joined:
            stand_in = self.buffers[op.args[0].slot]
            self.handed.append(op.args[0].slot)
            return self._handed(stand_in, self._views(y.views))
        if op.out not in self.lowered:
            return None
        final = np.empty(y.value.shape, y.value.dtype)
        inverse = self._inverse(final, y)
        self.buffers[op.out] = inverse if inverse is not None else np.empty(self.values[op.out].shape, y.value.dtype)
        self.handed.append(op.out)
        self.table.mark(op)
        known = Known(self._array, lambda order: self.buffers[op.out], self.table)
        self.lowered[op.out].write(op, self.values, known)
        if inverse is not None:
            return self._handed(final, ())
        return self._handed(self.buffers[op.out], self._views(y.views))

    def _inverse(self, final: Any, y: Deferred) -> Any:
        """The array whose views are the output, as a view of the output; None where there is no such view."""
        shapes = [self.values[op.out].shape for op in (y.maker, *y.views)][: len(y.views)]
        array = final
        for op, shape in zip(reversed(y.views), reversed(shapes), strict=True):
            if op.func is np.transpose and not op.kwargs and len(op.args) <= 2:
                axes = op.args[1] if len(op.args) == 2 else None
                array = array.transpose(np.argsort(axes) if axes is not None else None)
            elif op.func is np.reshape and not op.kwargs:
                array = array.reshape(shape)
            else:
                return None
        return array if not final.size or np.may_share_memory(array, final) else None

    def _views(self, views: Sequence[Operation]) -> list[Callable[[Any], Any]]:
        """The views by which an output is handed out, without the repeated entries of a broadcast."""
        shown = [lambda y, op=op: op.func(y, *op.args[1:], **op.kwargs) for op in views]
        return [*shown, lambda y: y if y.flags.writeable else y.copy()] if views else []

    def _handed(self, stand_in: Any, views: Sequence[Callable[[Any], Any]]) -> Fresh:
        shape = stand_in.shape
        if len(shape) in (1, 2):
            return Fresh(stand_in, shape, tuple(views))
        return Fresh(stand_in, (stand_in.size,), (lambda y: y.reshape(shape), *views))

    # -- frames --------------------------------------------------------------------------------------------------------
    def _finished(
        self, buffers: Any, scalars: Any, fresh: Sequence[Fresh], parts: Sequence[Any], results: Any, dead: Any
    ) -> Run:
        for slot in self.handed:
            self.buffers.pop(slot, None)
        first, last = parts[0][0][0], parts[-1][0][1]
        frames = [self._frame(*stretch) if stretch[0] < stretch[1] else 0 for stretch, _ in parts]
        made = []
        for y in fresh:
            patches = self._patches(y.stand_in, first, last)
            if y is fresh[-1]:
                start, stop = parts[0][0]
                frame = self._frame(start, stop, patches)
                frames[0] = 0
            else:
                frame = self._frame(first, first, patches)
            into = self.interpreter.into[y.stand_in.dtype.char, len(y.shape)]
            made.append((into, frame, y.shape, y.stand_in.dtype, y.views))
            self.table.forget(y.stand_in)  # each run has another
        ready = [Part(frame, calls, stretch) for frame, (stretch, calls) in zip(frames, parts, strict=True)]
        return Run(buffers, scalars, made, ready, results, dead)

    def _frame(self, start: int, stop: int, patches: Sequence[tuple[int, int]] = ()) -> int:
        """The address of what the interpreter is called with."""
        table = _address(self.words)
        words = [table + 8 * start, table + 8 * stop, self.interpreter.address, len(patches)]
        words += [word for at, offset in patches for word in (table + 8 * at, offset)]
        frame = np.array(words, np.int64)
        self.frames.append(frame)
        return _address(frame)

    def _patches(self, stand_in: Any, first: int, last: int) -> list[tuple[int, int]]:
        """Which words are addresses in an array, and how far into it."""
        start = _address(stand_in)
        offsets = self.words[first:last] - start
        found = np.flatnonzero((offsets >= 0) & (offsets < stand_in.nbytes))
        return [(first + int(i), int(offsets[i])) for i in found]


def _address(array: Any) -> int:
    address: int = array.__array_interface__["data"][0]
    return address


def _numeric(value: Value) -> bool:
    """Whether a scalar is one that the interpreter reads."""
    dtype = dtype_of(value)
    return dtype is not None and dtype.char in "df?"

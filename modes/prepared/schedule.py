"""What a program does, and when: the operations that are needed, how long their results are, how outputs are made.

Contract: nothing is evaluated here. `Schedule` lists the operations of every stage in order; for each output it says
whether its operation is put off to the end of the stage, to be done in new memory; and it says where the memory of
each value is read last.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from .recording import Operation, Recorded, Recorder, Value, refs
from .templates import Ref

__all__ = ["Deferred", "Schedule", "Stage", "same", "store"]


class Stage(NamedTuple):
    """What a stage of a recording is given and hands out, and how many operations had been recorded by its end.

    The last stage of several may be run again and again (the pull-back after the forward sweep).
    """

    inputs: Sequence[Recorded]
    outputs: Sequence[Any]
    end: int


class Deferred(NamedTuple):
    """An output that is made at the end of its stage, in new memory, and seen through views of it.

    `value` is the output's, the last view's.
    """

    maker: Operation
    views: tuple[Operation, ...]
    value: Value


class Schedule:
    """The operations to do (`operations`, those of stage i at `positions(i)`) and `results`, the outputs of each stage:

    Deferred ones, Recorded ones (to be copied), or plain values. `last[root]` is the position of the operation that
    reads a value's memory last, `last_read[slot]` that of the last to read the value itself; infinite, where it is
    needed until the end of a stage, or by a later stage.
    """

    def __init__(self, recorder: Recorder, stages: Sequence[Stage]) -> None:
        self.values: list[Value] = recorder.values
        self.operations: list[Operation] = []
        self.results: list[list[Any]] = []
        self._bounds = [0]
        kept = _needed(recorder.operations, stages)
        readers = _readers(kept, self.values)
        start = 0
        for stage in stages:
            operations = [op for op in kept[start : stage.end] if op is not None]
            outputs = [self._deferred(y, operations, stage, readers) for y in stage.outputs]
            late = {id(op) for y in outputs if isinstance(y, Deferred) for op in (y.maker, *y.views)}
            operations = [op for op in operations if id(op) not in late]
            for k, y in enumerate(outputs):
                if isinstance(y, Deferred) and _joins(y.maker):
                    operations, outputs[k] = self._joined(y, operations)
            self.operations += operations
            self._bounds.append(len(self.operations))
            self.results.append(outputs)
            start = stage.end
        self._ends = [{slot for y in outputs for slot in _read_by(y)} for outputs in self.results]
        self._lifetimes()

    def positions(self, stage: int) -> range:
        """Where the operations of a stage are."""
        return range(*self._bounds[stage : stage + 2])

    def read_by_results(self, stage: int) -> set[int]:
        """The values made in the stage that its outputs read: nothing needs them after that but a later stage."""
        made = {self.operations[i].out for i in self.positions(stage)}
        later = {
            slot
            for number in range(stage + 1, len(self.results))
            for slot in (*(s for i in self.positions(number) for s in refs(self.operations[i])), *self._ends[number])
        }
        return (self._ends[stage] & made) - later

    def read_later(self) -> set[int]:
        """The values that a stage after the first reads the memory of: those of roots that views show."""
        later = {
            slot
            for number in range(1, len(self.results))
            for slot in (*(s for i in self.positions(number) for s in refs(self.operations[i])), *self._ends[number])
        }
        return later | {root for slot in later for root in self.values[slot].roots}

    def _deferred(self, y: Any, operations: list[Operation], stage: Stage, readers: dict[int, list[int]]) -> Any:
        """The output as Deferred, if it is made in this stage and nothing else reads it."""
        if not isinstance(y, Recorded) or self.values[y.slot].type is not np.ndarray:
            return y
        makers = {op.out: op for op in operations}
        views: list[Operation] = []
        slot = y.slot
        while slot in makers and slot not in self.values[slot].roots:  # a view
            view = makers[slot]
            if not view.args or type(view.args[0]) is not Ref or len(refs(view)) != 1:
                return y
            views.append(view)
            slot = view.args[0].slot
        alone = [x for x in stage.outputs if isinstance(x, Recorded) and slot in self.values[x.slot].roots]
        if slot not in makers or len(alone) != 1 or len(readers.get(slot, ())) != len(views):
            return y
        return Deferred(makers[slot], tuple(reversed(views)), self.values[y.slot])

    def _joined(self, y: Deferred, operations: list[Operation]) -> tuple[list[Operation], Deferred]:
        """An output that is concatenated of parts, each copied to its place as soon as it is there.

        No more than one of them is kept beside it: what modes.assembly does for the chunks of a Jacobian.
        """
        out, parts = y.maker.out, y.maker.args[0]
        made = {op.out: i for i, op in enumerate(operations)}
        stores: dict[int, list[Operation]] = {}
        start = 0
        for part in parts:
            stop = start + self.values[part.slot].shape[0]
            done = self._slot(Value(type(None), (), None, (), frozenset()))
            stored = Operation(store, (Ref(out), start, stop, part), {}, done, effect=True)
            stores.setdefault(made.get(part.slot, -1), []).append(stored)
            start = stop
        value = self.values[out]
        make = Operation(np.empty, (value.shape, value.dtype), {}, out)
        new = [make, *stores.get(-1, ())]
        for i, op in enumerate(operations):
            new += [op, *stores.get(i, ())]
        handed = Operation(same, (Ref(out),), {}, self._slot(value))
        return new, Deferred(handed, y.views, y.value)

    def _slot(self, value: Value) -> int:
        self.values.append(value)
        return len(self.values) - 1

    def _lifetimes(self) -> None:
        self.last: dict[int, float] = {}
        self.last_read: dict[int, float] = {}
        stage_of: dict[int, int] = {}
        for stage in range(len(self.results)):
            for i in self.positions(stage):
                op = self.operations[i]
                stage_of[op.out] = stage
                for slot in refs(op):
                    self._read(slot, i if self._made_in(slot, stage_of) == stage else math.inf)
            for slot in self._ends[stage]:
                self._read(slot, math.inf)

    def _made_in(self, slot: int, stage_of: dict[int, int]) -> int:
        """The first stage that a value's memory belongs to."""
        return min((stage_of.get(root, 0) for root in self.values[slot].roots), default=0)

    def _read(self, slot: int, i: float) -> None:
        self.last_read[slot] = max(i, self.last_read.get(slot, i))
        for root in self.values[slot].roots:
            self.last[root] = max(i, self.last.get(root, i))


def _needed(operations: Sequence[Operation], stages: Sequence[Stage]) -> list[Operation | None]:
    """The operations, None in place of those that nothing depends on."""
    needed = {y.slot for stage in stages for y in stage.outputs if isinstance(y, Recorded)}
    kept: list[Operation | None] = []
    for op in reversed(operations):
        wanted = op.effect or op.out in needed
        kept.append(op if wanted else None)
        if wanted:
            needed.update(refs(op))
    return kept[::-1]


def _readers(operations: Sequence[Operation | None], values: list[Value]) -> dict[int, list[int]]:
    """For each root the operations that read its memory."""
    readers: dict[int, list[int]] = {}
    for i, op in enumerate(operations):
        for slot in refs(op) if op is not None else ():
            for root in values[slot].roots:
                readers.setdefault(root, []).append(i)
    return readers


def _read_by(y: Any) -> list[int]:
    """The slots that an output reads at the end of its stage."""
    return refs(y.maker) if isinstance(y, Deferred) else [y.slot] if isinstance(y, Recorded) else []


def _joins(op: Operation) -> bool:
    """np.concatenate of arrays along their first axis."""
    along = op.args[1:] in ((), (0,)) and op.kwargs in ({}, {"axis": 0})
    return op.func is np.concatenate and along and all(type(part) is Ref for part in op.args[0])


def store(whole: Any, start: int, stop: int, part: Any) -> None:
    """Copy a part of a joined output to its place."""
    whole[start:stop] = part


def same(x: Any) -> Any:
    """A joined output, once it has all its parts."""
    return x

"""Which mode was chosen for a function before: remembered by the function and by what its arguments are like.

All modes give the same Jacobian, so that a choice that no longer fits can only cost time. So functions are told apart
coarsely: one that is written anew for each call (a lambda in a loop, a closure, a partial) is known again by its code
and by what it closes over, arrays by their shapes alone; arguments by their shapes and dtypes. A choice is made anew
now and then (`Choice`), and whenever other rates come into force.

Contract: nothing of a function or its arguments is kept alive but code objects; what is kept is bounded (`MOST`), and
`forget` empties it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import Any
from weakref import ref

import numpy as np

from .call import Call
from .rates import AnyRates, rates_in_force
from .references import contents

__all__ = ["AGAIN", "MOST", "Choice", "choices", "forget", "like"]

AGAIN, LONGEST = 15, 4095
"""For how many calls a choice stands at first, and at most: each time that it is confirmed for twice as many. A
function may do other operations for other values."""
MOST = 512
"""How many functions are remembered, and of each for how many kinds of arguments; beyond that one begins anew."""
DEEPEST, FEW = 3, 16
"""How many functions and lists inside each other are looked at where one closes over another, how much of a list."""


class Choice:
    """What was chosen, and for how many calls more that stands."""

    __slots__ = ("epoch", "left", "mode", "rates", "span")

    def __init__(self, mode: str, before: Choice | None) -> None:
        self.mode = mode
        self.rates: AnyRates = rates_in_force()
        self.epoch = _epoch
        self.span: int = AGAIN
        if before is not None and before.mode == mode and before.holds():
            self.span = min(2 * before.span + 1, LONGEST)
        self.left = self.span

    def stands(self) -> bool:
        """Whether it holds for one call more."""
        self.left = left = self.left - 1
        return left >= 0 and self.holds()

    def holds(self) -> bool:
        """Whether nothing has come since that makes it void."""
        return self.epoch == _epoch and self.rates is rates_in_force()


Choices = dict[Any, Choice]
"""A function's choices, by what its arguments are like."""

_by_function: dict[Any, tuple[ref[Any], Choices]] = {}
_by_code: dict[Any, Choices] = {}
_epoch = 0  # what was chosen in another one is forgotten


def choices(f: Callable[..., Any]) -> Choices:
    """The choices of a function, to be read and written."""
    number: Any = id(f)
    known = _by_function.get(number)
    if known is not None and known[0]() is f:
        return known[1]
    owner = getattr(f, "__self__", None)
    if owner is None:
        owner = f
    else:  # a method, which is bound anew each time that it is called
        number = id(owner), id(getattr(f, "__func__", None))
        known = _by_function.get(number)
        if known is not None and known[0]() is owner:
            return known[1]
    found = _of_code(f)
    try:
        there = ref(owner, lambda _: _by_function.pop(number, None))
    except TypeError:  # it cannot be referred to weakly
        return found
    if len(_by_function) >= MOST:
        _by_function.clear()
    _by_function[number] = there, found
    return found


def like(call: Call, mode: str) -> Any:
    """What the arguments of a call are like, as far as it matters to the choice."""
    if call.flat and not call.keywords:
        x = call.args[0]
        return mode, x.shape, x.dtype
    shapes = tuple([(x.shape, x.dtype) for x in call.primals])
    others = (*call.args, *(call.keywords or {}).values())
    return mode, call.argnums, shapes, tuple([_plain(x) for x in others])


def _plain(x: Any) -> Any:
    """What matters of an argument that is not differentiated: its shape; itself where it may be a number of steps."""
    return x if isinstance(x, int | str) else getattr(x, "shape", None)


def forget() -> None:
    """Forget all choices, those of Jacobians that are in use as well."""
    global _epoch
    _epoch += 1
    _by_function.clear()
    _by_code.clear()


def _of_code(f: Callable[..., Any]) -> Choices:
    if not (hasattr(f, "__code__") or isinstance(f, partial)) or hasattr(f, "__self__"):
        return {}
    try:
        key = _written(f, DEEPEST)
        found = _by_code.get(key)
    except TypeError:  # something in it is not hashable
        return {}
    if found is None:
        if len(_by_code) >= MOST:
            _by_code.clear()
        found = _by_code[key] = {}
    return found


def _written(f: Any, depth: int) -> Any:
    """What tells a function from others that are written alike: its code, and what it closes over."""
    if isinstance(f, np.ndarray):
        return f.shape
    if isinstance(f, int | str):
        return f
    if isinstance(f, list | tuple | dict) and depth:
        return len(f), *[_written(x, depth - 1) for x in islice(f.values() if isinstance(f, dict) else f, FEW)]
    if isinstance(f, partial) and depth:
        given = (*f.args, *f.keywords.values())
        return _written(f.func, depth - 1), *[_written(x, depth - 1) for x in given]
    code = getattr(f, "__code__", None)
    if code is None or not depth:
        return type(f) if code is None else code
    return code, *[_written(contents(cell), depth - 1) for cell in getattr(f, "__closure__", None) or ()]

"""Arguments as templates: calls as they came, with a Ref in the place of every recorded value, however deep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

__all__ = ["Ref", "leaves_of", "mapped", "resolve"]


class Ref(NamedTuple):
    """Stands for a recorded value among the arguments of an operation."""

    slot: int


def mapped(change: Callable[[Any], Any], x: Any) -> Any:
    """x with `change` applied to the items of tuples, lists and slices; anything else as it is."""
    if type(x) in (tuple, list):
        return type(x)(map(change, x))
    if type(x) is slice:
        return slice(change(x.start), change(x.stop), change(x.step))
    return x


def leaves_of(x: Any) -> Iterator[Any]:
    """The items of nested tuples, lists, dicts and slices."""
    if isinstance(x, tuple | list) and not isinstance(x, Ref):
        for item in x:
            yield from leaves_of(item)
    elif isinstance(x, dict):
        for item in x.values():
            yield from leaves_of(item)
    elif isinstance(x, slice):
        yield from (x.start, x.stop, x.step)
    else:
        yield x


def resolve(x: Any, value: Callable[[int], Any]) -> Any:
    """Arguments with every Ref replaced by the value of its slot."""
    if type(x) is Ref:
        return value(x.slot)
    if isinstance(x, dict):
        return {name: resolve(item, value) for name, item in x.items()}
    return mapped(lambda item: resolve(item, value), x)

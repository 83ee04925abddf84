"""The engines that the suite measures, as data: one row an engine, its module imported only when a case
asks for it.

Contract: ``load(name)`` returns the row's :class:`Engine`. A further engine is a further row and a module
with an ``ENGINE``; nothing else in the suite knows engines by name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

Array = Any  # an engine may have its own array type; the suite only hands arrays on
Product = Callable[[Array, Array], tuple[Array, Array]]


@dataclass(frozen=True)
class Engine:
    """What one engine can do for a chain; each entry builds a callable, and building is never timed.

    jacobian(chain, mode, chunk_size) -> (x -> J of shape (m, n)) jvp(chain) -> ((x, x_dot) -> (y, y_dot));
    vjp(chain) -> ((x, y_bar) -> (y, x_bar));  gradient(chain) -> (x -> g)
    """

    name: str
    version: str
    modes: tuple[str, ...]
    jacobian: Callable[[Any, str, int | None], Callable[[Array], Array]]
    jvp: Callable[[Any], Product]
    vjp: Callable[[Any], Product]
    gradient: Callable[[Any], Callable[[Array], Array]]


@dataclass(frozen=True)
class Row:
    """Where an engine's module is, and the optional packages that it cannot do without."""

    module: str
    requires: tuple[str, ...] = ()


ENGINES = {
    "modes": Row("modes_engine"),
    "floor": Row("floor"),
}


def load(name: str) -> Engine:
    """The engine of that name.

    Raises ValueError for an unknown name. A missing optional package raises NotImplementedError, which asv
    shows as a skipped cell with this message: the one case where a skip is meant.
    """
    if name not in ENGINES:
        raise ValueError(f"unknown engine {name!r}; the known ones are {', '.join(ENGINES)}")
    row = ENGINES[name]
    missing = [package for package in row.requires if find_spec(package) is None]
    if missing:
        raise NotImplementedError(f"engine {name} is skipped: not installed: {', '.join(missing)}")
    engine: Engine = import_module(f".{row.module}", __package__).ENGINE
    return engine

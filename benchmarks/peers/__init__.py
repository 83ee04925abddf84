"""The engines that the suite measures, as data: one row an engine, its packages imported only when a case
asks for it.

Contract: a :class:`Row` says what can be known of an engine without its packages, ``load(name)`` returns the
:class:`Engine`. A further engine is a class in a module of its own and a row here (docs/engines.md); nothing
else in the suite knows engines by name.
"""

import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module, metadata
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from modes.chains import DTYPES, LAYERS, Chain, layer_widths

Array = Any  # an engine may have its own array type; the suite only hands arrays on
Function = Callable[[Array], Array]
Product = Callable[[Array, Array], tuple[Array, Array]]
Case = Any  # benchmarks.apparatus.cases.Case, which cannot be imported here: cases imports this module

BOTH = ("forward", "reverse")


class Engine(ABC):
    """What one engine can do for a chain. Each method returns a callable; building it is set-up, calling it
    is timed.

    ``__init__`` takes no arguments, imports the engine's packages, and holds them to one thread: asv imports
    every module of the suite, wherever it runs. The callables take what :meth:`array` makes of ``chain.x`` and
    return NumPy arrays of the chain's dtype: an engine whose results are lazy, or on a device, waits for them
    and brings them home inside the timed call.
    """

    tolerance: Mapping[str, float] | None = None
    """Largest relative error of its Jacobians, a dtype; None stands for rounding (checks.TOLERANCE)."""

    @abstractmethod
    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        """x -> J of shape (m, n), or (n,) of a chain with a scalar value."""

    def primal(self, chain: Chain) -> Function:
        """x -> chain(x), as this engine's users evaluate it without a derivative."""
        return chain

    def array(self, x: Array) -> Array:
        """A NumPy array as the engine's own; never timed."""
        return x

    def jvp(self, chain: Chain) -> Product:
        """(x, x_dot) -> (y, y_dot)."""
        raise ValueError(f"{type(self).__name__} has no jvp; choose an engine with single products")

    def vjp(self, chain: Chain) -> Product:
        """(x, y_bar) -> (y, x_bar)."""
        raise ValueError(f"{type(self).__name__} has no vjp; choose an engine with single products")

    def gradient(self, chain: Chain) -> Function:
        """x -> g of a chain with a scalar value."""
        raise ValueError(f"{type(self).__name__} has no gradient; choose an engine with single products")

    def peak_bytes(self, chain: Chain, mode: str, chunk_size: int | None) -> int:
        """Largest number of bytes that one Jacobian holds at a time, by the engine's own account."""
        raise ValueError(f"{type(self).__name__} keeps no account of its memory; see its row's `memory`")


@dataclass(frozen=True)
class Row:
    """Where an engine's class is and what it can be asked for.

    ``memory`` says how the peak of its memory is measured: "traced" by tracemalloc, which sees all of a NumPy
    engine's arrays; "own" by the engine's account; "" not at all. Of Jacobians that take more than ``most_fma``
    multiply-adds (passes times those of f) the engine is not asked: a cell would take half a minute or more.
    """

    module: str
    name: str
    requires: tuple[str, ...] = ("numpy",)
    modes: tuple[str, ...] = BOTH
    layers: tuple[str, ...] = LAYERS
    dtypes: tuple[str, ...] = DTYPES
    chunks: tuple[str, ...] = ()
    """The modes that take a chunk_size."""
    memory: str = ""
    most_fma: float = math.inf

    def missing(self) -> list[str]:
        """The packages it requires that are not installed."""
        return [package for package in self.requires if find_spec(package) is None]

    def versions(self) -> dict[str, str]:
        """The installed versions of the packages it requires; nothing is imported for it."""
        return {package: _version(package) for package in self.requires if find_spec(package) is not None}

    def described(self) -> dict[str, object]:
        """What `python -m benchmarks engines` says of it: numbers and texts, as JSON has them."""
        limit = self.most_fma if math.isfinite(self.most_fma) else None
        return {
            **{name: list(getattr(self, name)) for name in ("modes", "layers", "dtypes", "chunks", "requires")},
            "memory": self.memory,
            "most_fma": limit,
            "versions": self.versions(),
            "missing": self.missing(),
        }

    def lacks(self, case: Case) -> str | None:
        """What of the case the engine does not have, in words; None where it has everything."""
        for mode in case.mode.split("/"):
            if mode in BOTH and mode not in self.modes:
                return f"it has no {mode} mode"
            if case.chunk_size is not None and mode not in self.chunks:
                return f"it has no chunks in {mode} mode, got chunk_size {case.chunk_size}"
            passes = {"forward": case.n, "reverse": case.m}.get(mode, 1)
            if passes * _fma(case) > self.most_fma:
                return f"more than {self.most_fma:.0e} multiply-adds would take it too long"
        if case.layer not in self.layers:
            return f"it has no layer {case.layer!r}, only {', '.join(self.layers)}"
        if case.dtype not in self.dtypes:
            return f"it has no {case.dtype}, only {', '.join(self.dtypes)}"
        return None


def _version(package: str) -> str:
    """A package can be there without the files that name its version: copied, say, or a folder of that name."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"


def _fma(case: Case) -> int:
    """Multiply-adds of one value of the case's chain; n a layer where layers are element-wise."""
    widths = layer_widths(case.n, case.m, case.depth, case.width, case.profile)
    dense = case.layer not in ("elementwise", "scalar")
    return sum(a * b if dense else a for a, b in pairwise(widths))


ENGINES = {
    "modes": Row("modes_engine", "Modes", chunks=BOTH, memory="traced"),
    "floor": Row("floor", "Floor", layers=("dense", "loss"), memory="traced"),
    "jax": Row("jax_engine", "Jax", requires=("jax", "jaxlib"), memory="own"),
    "torch": Row("torch_engine", "Func", requires=("torch",), chunks=("reverse",)),
    "torch-functional": Row("torch_engine", "Functional", requires=("torch",), most_fma=2e8),
    "autograd": Row(
        "autograd_engine", "Autograd", requires=("autograd",), dtypes=("float64",), memory="traced", most_fma=1e9
    ),
    "casadi": Row("casadi_engine", "Casadi", requires=("casadi",), dtypes=("float64",), most_fma=5e7),
    "differences": Row(
        "differences", "Central", modes=("forward",), dtypes=("float64",), memory="traced", most_fma=2e8
    ),  # in float32 half of seven digits are left: not the derivative that is asked for
    "complex-step": Row("differences", "ComplexStep", modes=("forward",), memory="traced", most_fma=2e8),
    "modes-prepared": Row("prepared_engine", "Prepared", chunks=BOTH, memory="traced"),
}
"""In the order in which asv stores them: append, since asv drops stored cells when a list of parameters
changes."""


OWN = ("modes", "modes-prepared", "floor")
"""This project's own."""


class SkippedError(NotImplementedError):
    """The engine is missing, not chosen, or has no such thing. asv shows a cell as skipped, with this
    message, where its setup raises NotImplementedError."""


def row(name: str) -> Row:
    """The row of that name; ValueError for an unknown one."""
    if name not in ENGINES:
        raise ValueError(f"unknown engine {name!r}; the known ones are {', '.join(ENGINES)}")
    return ENGINES[name]


@cache
def load(name: str) -> Engine:
    """The engine of that name, made once a process.

    Raises ValueError for an unknown name and SkippedError for a missing package. What an installed package
    raises on being imported passes through: that is a failure, no skip.
    """
    found = row(name)
    if missing := found.missing():
        raise SkippedError(f"engine {name} is skipped: not installed: {', '.join(missing)}")
    engine: Engine = getattr(import_module(f".{found.module}", __package__), found.name)()
    return engine


def preload() -> None:
    """Load the engines that MODES_PRELOAD names (commas between), so that processes forked from this one need not.

    An engine that cannot be loaded is left to its cells, which say why.
    """
    for name in os.environ.get("MODES_PRELOAD", "").split(","):
        if name in ENGINES:
            with suppress(Exception):
                load(name)


def installed() -> tuple[str, ...]:
    """The engines whose packages are all there."""
    return tuple(name for name, found in ENGINES.items() if not found.missing())


def chosen(profile: str) -> tuple[str, ...]:
    """The engines that take part: those that MODES_ENGINES names, with commas between.

    Where it is not set, a quick run takes the project's own, any other what is installed. An engine that is
    named takes part even if it is missing, so that its cells are seen to be skipped.
    """
    named = os.environ.get("MODES_ENGINES", "")
    if not named.strip():
        return OWN if profile == "quick" else installed()
    names = tuple(name.strip() for name in named.split(","))
    for name in names:
        row(name)
    return names


def expect(case: Case, profile: str) -> None:
    """SkippedError, with the reason, where the case cannot be or is not to be measured."""
    found = row(case.engine)
    reason = found.lacks(case)
    if case.engine not in (names := chosen(profile)):
        reason = f"not chosen; chosen are {', '.join(names)} (MODES_ENGINES)"
    if missing := found.missing():
        reason = f"not installed: {', '.join(missing)}"
    if reason is not None:
        raise SkippedError(f"engine {case.engine} is skipped: {reason}")

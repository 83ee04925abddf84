"""The engines that the suite measures, an engine a module: its packages are imported only when a case asks for it.

Contract: ``load(name)`` returns the :class:`Engine`. What an engine can be asked for is known without it, from
:mod:`benchmarks.catalogue.engines`. A further engine is a class in a module of its own, a line in CLASSES and a row in
the catalogue (docs/engines.md); nothing else in the suite knows engines by name.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any, ClassVar

from modes.chains import Chain

from ..catalogue.engines import ENGINES, row
from ..problems import Problem

Array = Any  # an engine may have its own array type; the suite only hands arrays on
Function = Callable[[Array], Array]
Product = Callable[[Array, Array], tuple[Array, Array]]


class Engine(ABC):
    """What one engine can do for a chain. Each method returns a callable; building it is set-up, calling it
    is timed.

    ``__init__`` takes no arguments, imports the engine's packages, and holds them to one thread: asv imports
    every module of the suite, wherever it runs. The callables take what :meth:`array` makes of ``chain.x`` and
    return NumPy arrays of the chain's dtype: an engine whose results are lazy waits for them inside the timed call.
    Where ``on_device`` is true the result stays on the device, computed and waited for, as its users leave it, and
    :meth:`home` makes it a NumPy array. Such an engine begins with its device on the first use, never in ``__init__``:
    a device does not outlive the fork between the two.
    """

    on_device: ClassVar[bool] = False

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

    def home(self, y: Array) -> Array:
        """What one of its callables returned, as a NumPy array."""
        return y

    def out_of_memory(self, error: BaseException) -> bool:
        """Whether an exception says that there was not memory enough where this engine computes."""
        return isinstance(error, MemoryError)

    def jvp(self, chain: Chain) -> Product:
        """(x, x_dot) -> (y, y_dot)."""
        raise ValueError(f"{type(self).__name__} has no jvp; choose an engine with single products")

    def vjp(self, chain: Chain) -> Product:
        """(x, y_bar) -> (y, x_bar)."""
        raise ValueError(f"{type(self).__name__} has no vjp; choose an engine with single products")

    def gradient(self, chain: Chain) -> Function:
        """x -> g of a chain with a scalar value."""
        raise ValueError(f"{type(self).__name__} has no gradient; choose an engine with single products")

    def problem(self, problem: Problem, mode: str) -> Function:
        """x -> the Jacobian of a problem, of shape (m, n) or (n,)."""
        raise ValueError(f"{type(self).__name__} has no problems; choose an engine whose row has them")

    def peak_bytes(self, chain: Chain, mode: str, chunk_size: int | None) -> int:
        """Largest number of bytes that one Jacobian holds at a time, by the engine's own account."""
        raise ValueError(f"{type(self).__name__} keeps no account of its memory; see its row's `memory`")


CLASSES = {
    "modes": "modes_engine:Modes",
    "floor": "floor:Floor",
    "jax": "jax_engine:Jax",
    "torch": "torch_engine:Func",
    "torch-functional": "torch_engine:Functional",
    "autograd": "autograd_engine:Autograd",
    "casadi": "casadi_engine:Casadi",
    "differences": "differences:Central",
    "complex-step": "differences:ComplexStep",
    "modes-prepared": "prepared_engine:ModesPrepared",
    "modes-cut": "cut_engines:ModesCut",
    "jax-cut": "cut_engines:JaxCut",
    "modes-compiled": "prepared_engine:ModesCompiled",
    "jax-gpu": "jax_device:JaxGpu",
    "torch-cuda": "torch_device:TorchCuda",
    "torch-compile": "torch_device:TorchCompile",
    "jax-stand-in": "jax_device:JaxStandIn",
    "torch-stand-in": "torch_device:TorchStandIn",
}
"""Where each engine of the catalogue is: a module of this package, and its class there."""


class SkippedError(NotImplementedError):
    """The engine is missing, not chosen, or has no such thing. asv shows a cell as skipped, with this
    message, where its setup raises NotImplementedError."""


@cache
def load(name: str) -> Engine:
    """The engine of that name, made once a process.

    Raises ValueError for an unknown name and SkippedError for a missing package or device. What an installed package
    raises on being imported passes through: that is a failure, no skip.
    """
    if absent := row(name).absent():
        raise SkippedError(f"engine {name} is skipped: {absent}")
    module, _, cls = CLASSES[name].partition(":")
    engine: Engine = getattr(import_module(f".{module}", __package__), cls)()
    return engine


def preload() -> None:
    """Load the engines that MODES_PRELOAD names (commas between), so that processes forked from this one need not.

    An engine that cannot be loaded is left to its cells, which say why.
    """
    for name in os.environ.get("MODES_PRELOAD", "").split(","):
        if name in ENGINES:
            with suppress(Exception):
                load(name)

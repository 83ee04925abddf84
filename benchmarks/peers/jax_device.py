"""JAX on an accelerator: ``jax.jit`` of ``jax.jacfwd`` and ``jax.jacrev``, the result left on the device.

Parameters and point lie on the device before the clock starts. The parameters are arguments of the jitted function:
what it closed over would become constants of its program, gigabytes of them. The call waits (``block_until_ready``) and
leaves the Jacobian where it is. Chunks are ``jax.lax.map`` with a ``batch_size``, which JAX's documentation names as
the way to a vmap that takes less memory (https://docs.jax.dev/en/latest/_autosummary/jax.lax.map.html); each chunk
makes its own rows of the identity.

float32 is float32: by default JAX multiplies float32 matrices in TF32 on a device that has it
(https://docs.jax.dev/en/latest/201/precision.html); here ``jax_default_matmul_precision`` is "highest".

:class:`JaxStandIn` is the same code on JAX's CPU device.
"""

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any, ClassVar

import numpy as np

from modes.chains import Chain

from . import Array, Function
from .jax_engine import Jax
from .layers import parametrised

NO_AUTOTUNE = {"xla_gpu_autotune_level": 0}
"""For accounts of memory alone: trying algorithms out takes memory of its own, up to more than the Jacobian does."""


class _OnDevice(Jax):
    platform: ClassVar[str]
    on_device = True

    @cached_property
    def device(self) -> Any:
        """The first device of the platform; JAX begins with its devices here, and not before."""
        jax = self.jax
        jax.config.update("jax_default_matmul_precision", "highest")
        jax.config.update("jax_platforms", "cpu" if self.platform == "cpu" else f"{self.platform},cpu")
        try:
            return jax.devices(self.platform)[0]
        except RuntimeError as error:
            raise RuntimeError(
                f"expected JAX to find a device of platform {self.platform!r}, got: {error}; install JAX for it "
                "(https://docs.jax.dev/en/latest/installation.html), and measure it in a process that has not computed "
                "with JAX on the CPU"
            ) from None

    def array(self, x: Array) -> Array:
        return self.jax.device_put(x, self.device)

    def home(self, y: Array) -> Array:
        return np.asarray(y)

    def primal(self, chain: Chain) -> Function:
        return _waited(self.jax.jit(parametrised(chain, self.namespace)), self._parameters(chain))

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        return _waited(self._jitted(chain, mode, chunk_size), self._parameters(chain))

    def peak_bytes(self, chain: Chain, mode: str, chunk_size: int | None) -> int:
        """The peak of the device's memory beyond parameters and point, by JAX's allocator.

        The account is one of the whole process and cannot be reset: it has to be asked for in a process that has
        computed nothing yet. RuntimeError where something before the Jacobian took more.
        """
        parameters, x = self._parameters(chain), self.array(chain.x)
        self.jax.block_until_ready((parameters, x))
        compiled = self._jitted(chain, mode, chunk_size).lower(parameters, x).compile(NO_AUTOTUNE)
        before = self._account()
        compiled(parameters, x).block_until_ready()
        peak = self._account()["peak_bytes_in_use"]
        if peak <= before["peak_bytes_in_use"]:
            raise RuntimeError(
                f"expected the Jacobian to be what took the most memory of its process, but {peak} bytes had been in "
                "use before; its own peak is unknown: ask in a process that has computed nothing else"
            )
        return int(peak - before["bytes_in_use"])

    def out_of_memory(self, error: BaseException) -> bool:
        return isinstance(error, self.jax.errors.JaxRuntimeError) and "RESOURCE_EXHAUSTED" in str(error)

    def _account(self) -> dict[str, int]:
        found: dict[str, int] | None = self.device.memory_stats()
        if found is None:
            raise ValueError(f"JAX keeps no account of the memory of {self.device}; choose an engine on a device")
        return found

    def _parameters(self, chain: Chain) -> list[tuple[Array, ...]]:
        return [tuple(map(self.array, layer)) for layer in chain.parameters]

    def _jitted(self, chain: Chain, mode: str, chunk_size: int | None) -> Array:
        f = parametrised(chain, self.namespace)
        by_mode = {"forward": self._forward, "reverse": self._reverse}[mode]
        return self.jax.jit(lambda parameters, x: by_mode(partial(f, parameters), x, chunk_size))

    def _forward(self, f: Function, x: Array, chunk_size: int | None) -> Array:
        if chunk_size is None:
            return self.jax.jacfwd(f)(x)
        columns = self._mapped(lambda x_dot: self.jax.jvp(f, (x,), (x_dot,))[1], x, chunk_size)
        return self.jax.numpy.moveaxis(columns, 0, -1)

    def _reverse(self, f: Function, x: Array, chunk_size: int | None) -> Array:
        if chunk_size is None:
            return self.jax.jacrev(f)(x)
        y, pullback = self.jax.vjp(f, x)
        if not y.shape:
            return pullback(self.jax.numpy.ones_like(y))[0]
        return self._mapped(lambda y_bar: pullback(y_bar)[0], y, chunk_size)

    def _mapped(self, product: Function, like: Array, chunk_size: int) -> Array:
        """``product`` of each row of an identity, so many rows at a time."""
        size, dtype = like.shape[0], like.dtype
        return self.jax.lax.map(
            lambda i: product(self.jax.nn.one_hot(i, size, dtype=dtype)),
            self.jax.numpy.arange(size),
            batch_size=chunk_size,
        )


class JaxGpu(_OnDevice):
    """On the first CUDA device."""

    platform = "cuda"


class JaxStandIn(_OnDevice):
    """On the CPU: stands in for the device in tests."""

    platform = "cpu"


def _waited(compiled: Callable[..., Array], parameters: Array) -> Function:
    return lambda x: compiled(parameters, x).block_until_ready()

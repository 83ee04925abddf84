"""JAX: ``jax.jit`` of ``jax.jacfwd`` and ``jax.jacrev``, on the CPU.

The chain is written in jax.numpy over the same parameters, which the jitted function closes over: passing
them as arguments costs 1 to 13 microseconds a call. The call waits for the result (``block_until_ready``) and
returns it as a NumPy array, which on the CPU is a view. Tracing and compiling happen in the first call.
"""

import os

import numpy as np

from modes.chains import Chain

from ..problems import Problem
from . import Array, Engine, Function, Product
from .layers import Namespace, function, identity


class Jax(Engine):
    def __init__(self) -> None:
        # Read when JAX starts its CPU client, hence before the import. XLA sizes its pool of threads by NPROC.
        os.environ["JAX_PLATFORMS"] = "cpu"
        os.environ["NPROC"] = "1"
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip()
        import jax

        jax.config.update("jax_enable_x64", True)  # float32 arrays stay what they are
        self.jax = jax
        self.namespace = Namespace(
            activations={
                "tanh": jax.numpy.tanh,
                "relu": jax.nn.relu,
                "sigmoid": jax.nn.sigmoid,
                "softplus": jax.nn.softplus,
                "sin": jax.numpy.sin,
                "identity": identity,
            },
            maximum=jax.numpy.maximum,
            mean=jax.numpy.mean,
        )

    def array(self, x: Array) -> Array:
        return self.jax.device_put(x)

    def primal(self, chain: Chain) -> Function:
        return _at_home(self.jax.jit(self._function(chain)))

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        return _at_home(self._compiled(chain, mode))

    def jvp(self, chain: Chain) -> Product:
        f = self._function(chain)
        return self._pair(lambda x, x_dot: self.jax.jvp(f, (x,), (x_dot,)))

    def vjp(self, chain: Chain) -> Product:
        f = self._function(chain)

        def product(x: Array, y_bar: Array) -> tuple[Array, Array]:
            y, pullback = self.jax.vjp(f, x)
            return y, pullback(y_bar)[0]

        return self._pair(product)

    def gradient(self, chain: Chain) -> Function:
        return _at_home(self.jax.jit(self.jax.grad(self._function(chain))))

    def _pair(self, product: Product) -> Product:
        compiled = self.jax.jit(product)

        def at_home(x: Array, v: Array) -> tuple[Array, Array]:
            y, moved = compiled(x, v)
            return np.asarray(y.block_until_ready()), np.asarray(moved.block_until_ready())

        return at_home

    def peak_bytes(self, chain: Chain, mode: str, chunk_size: int | None) -> int:
        """What XLA has laid out for the compiled function: its temporaries and its result."""
        memory = self._compiled(chain, mode).lower(self.array(chain.x)).compile().memory_analysis()
        return int(memory.temp_size_in_bytes + memory.output_size_in_bytes)

    def problem(self, problem: Problem, mode: str) -> Function:
        return _at_home(self.jax.jit(self._transformed(problem.over(self.jax.numpy), mode)))

    def _compiled(self, chain: Chain, mode: str) -> Array:
        return self.jax.jit(self._jacobian(chain, mode))

    def _jacobian(self, chain: Chain, mode: str) -> Function:
        return self._transformed(self._function(chain), mode)

    def _transformed(self, f: Function, mode: str) -> Function:
        transform = {"forward": self.jax.jacfwd, "reverse": self.jax.jacrev}[mode]
        found: Function = transform(f)
        return found

    def _function(self, chain: Chain) -> Function:
        return function(chain, self.namespace, self.jax.device_put)


def _at_home(compiled: Function) -> Function:
    return lambda x: np.asarray(compiled(x).block_until_ready())

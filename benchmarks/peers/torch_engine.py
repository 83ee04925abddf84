"""PyTorch on the CPU: ``torch.func.jacfwd`` and ``jacrev``, and ``torch.autograd.functional.jacobian`` with
``vectorize=True``.

The chain is written in torch over the same parameters, copied; the point shares its memory with the NumPy array. CPU
tensors are computed at once, so there is nothing to wait for, and the result becomes a NumPy array without a
copy. Nothing is compiled. Of the two transforms of torch.func only ``jacrev`` has a ``chunk_size``.
"""

import os
from functools import partial

from modes.chains import Chain

from ..catalogue.presets import THREADS
from . import Array, Engine, Function
from .layers import Namespace, function, identity


class _Torch(Engine):
    def __init__(self) -> None:
        import torch

        torch.set_num_threads(int(os.environ.get(THREADS, "1")))
        if torch.get_num_interop_threads() != 1:  # it can be set only once in a process
            torch.set_num_interop_threads(1)
        self.torch = torch
        self.namespace = Namespace(
            activations={
                "tanh": torch.tanh,
                "relu": torch.relu,
                "sigmoid": torch.sigmoid,
                "softplus": torch.nn.functional.softplus,
                "sin": torch.sin,
                "identity": identity,
            },
            maximum=torch.maximum,
            mean=torch.mean,
        )

    def array(self, x: Array) -> Array:
        return self.torch.from_numpy(x)

    def primal(self, chain: Chain) -> Function:
        f = self._function(chain)
        return lambda x: f(x).numpy()

    def _function(self, chain: Chain) -> Function:
        return function(chain, self.namespace, self.torch.tensor)  # a copy: they are read-only, and tensors never are


class Func(_Torch):
    """torch.func."""

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        f, transforms = self._function(chain), self.torch.func
        J = transforms.jacfwd(f) if mode == "forward" else transforms.jacrev(f, chunk_size=chunk_size)
        return lambda x: J(x).numpy()


class Functional(_Torch):
    """torch.autograd.functional."""

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        jacobian = self.torch.autograd.functional.jacobian
        J = partial(jacobian, self._function(chain), vectorize=True, strategy=f"{mode}-mode")
        return lambda x: J(x).numpy()

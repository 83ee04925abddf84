"""PyTorch on an accelerator: ``torch.func.jacfwd`` and ``jacrev``, as they stand and under ``torch.compile``; the
result left on the device.

Parameters and point lie on the device before the clock starts. A kernel is computed some time after it was called for,
so that the call waits (``torch.cuda.synchronize``); the Jacobian stays where it is. ``jacrev`` has a ``chunk_size``;
``jacfwd`` has none, and its chunks are ``vmap`` over JVPs, as it is made of, a chunk of the identity at a time
(https://docs.pytorch.org/docs/stable/generated/torch.func.jacfwd.html).

float32 is float32: TF32 is off (https://docs.pytorch.org/docs/stable/notes/cuda.html).

``torch.compile`` goes around the transform, as a function
(https://docs.pytorch.org/docs/stable/torch.compiler_faq.html): with ``fullgraph``, so that what it cannot take as a
whole fails and is not measured in pieces, and for one shape. It has no chunks: their loop would be unrolled in the
program.

:class:`TorchStandIn` is the same code on PyTorch's CPU device.
"""

from functools import partial
from typing import Any, ClassVar

from modes.chains import Chain

from . import Array, Function
from .layers import function
from .torch_engine import Func

RECOMPILATIONS = 64
"""Functions that one process may compile: each chain is a function of its own, and PyTorch gives up after 8."""


class _OnDevice(Func):
    device: ClassVar[str] = "cuda"
    on_device = True

    def __init__(self) -> None:
        super().__init__()
        self.torch.set_float32_matmul_precision("highest")  # which is torch.backends.cuda.matmul.allow_tf32 = False

    @property
    def account(self) -> Any:
        """Who keeps the account of the device's memory."""
        return self.torch.cuda

    def wait(self) -> None:
        """Until the device has computed what it was asked for."""
        self.torch.cuda.synchronize()

    def array(self, x: Array) -> Array:
        return self.torch.tensor(x, device=self.device)

    def home(self, y: Array) -> Array:
        return y.cpu().numpy()

    def primal(self, chain: Chain) -> Function:
        return self._waited(self._function(chain))

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        return self._waited(self._transformed(chain, mode, chunk_size))

    def peak_bytes(self, chain: Chain, mode: str, chunk_size: int | None) -> int:
        """The peak of the device's memory beyond what was there before, by PyTorch's allocator."""
        call = partial(self.jacobian(chain, mode, chunk_size), self.array(chain.x))
        call()  # what it keeps from its first run on is no cost of a Jacobian
        self.account.reset_peak_memory_stats()
        before = self.account.memory_allocated()
        answer = call()
        peak = int(self.account.max_memory_allocated() - before)
        del answer
        return peak

    def out_of_memory(self, error: BaseException) -> bool:
        return isinstance(error, self.torch.OutOfMemoryError)

    def _function(self, chain: Chain) -> Function:
        return function(chain, self.namespace, self.array)

    def _transformed(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        f, transforms = self._function(chain), self.torch.func
        if mode == "reverse":
            return transforms.jacrev(f, chunk_size=chunk_size)
        return transforms.jacfwd(f) if chunk_size is None else partial(self._in_chunks, f, chunk_size)

    def _in_chunks(self, f: Function, chunk_size: int, x: Array) -> Array:
        """The columns of so many tangents at a time; each chunk makes its own rows of the identity, as jacrev's do."""
        torch, n = self.torch, x.numel()

        def column(x_dot: Array) -> Array:
            return torch.func.jvp(f, (x,), (x_dot,))[1]

        def columns(start: int) -> Array:
            seeds = torch.zeros(min(chunk_size, n - start), n, dtype=x.dtype, device=x.device)
            seeds.diagonal(start).fill_(1.0)
            return torch.vmap(column, out_dims=-1)(seeds)

        return torch.cat([columns(start) for start in range(0, n, chunk_size)], dim=-1)

    def _waited(self, f: Function) -> Function:
        def call(x: Array) -> Array:
            y = f(x)
            self.wait()
            return y

        return call


class TorchCuda(_OnDevice):
    """On the first CUDA device, nothing compiled."""


class TorchCompile(_OnDevice):
    """On the first CUDA device, compiled."""

    def __init__(self) -> None:
        super().__init__()
        self.torch._dynamo.config.recompile_limit = RECOMPILATIONS
        self.torch._inductor.config.force_disable_caches = True  # or set-up would be that of a file read

    def primal(self, chain: Chain) -> Function:
        return self._waited(self._compiled(self._function(chain)))

    def _transformed(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        return self._compiled(super()._transformed(chain, mode, chunk_size))

    def _compiled(self, f: Function) -> Function:
        compiled: Function = self.torch.compile(f, fullgraph=True, dynamic=False)
        return compiled


class TorchStandIn(_OnDevice):
    """On the CPU: stands in for the device in tests."""

    device = "cpu"

    def wait(self) -> None:
        """Nothing to wait for: the CPU computes at once."""

    def out_of_memory(self, error: BaseException) -> bool:
        return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)

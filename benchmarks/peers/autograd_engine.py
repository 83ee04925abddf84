"""HIPS autograd: ``autograd.jacobian`` (reverse mode, a pass a row) and ``make_jvp`` (forward mode, a pass a
column).

The chain is written in autograd.numpy over the same parameters, which are plain NumPy arrays, as are the
results: nothing to convert, to wait for or to compile. autograd has no vectorised Jacobian: ``jacobian`` loops
over the rows of one trace, and each product of ``make_jvp`` traces the function anew. Of float32 its rules for
maximum and mean make float64, so that it is measured in float64 only.
"""

from functools import partial
from typing import Any

import numpy as np

from modes.chains import Chain

from . import Array, Engine, Function
from .layers import Namespace, function, identity


class Autograd(Engine):
    def __init__(self) -> None:
        import autograd
        import autograd.numpy as anp

        self.autograd = autograd
        self.namespace = Namespace(
            activations={
                "tanh": anp.tanh,
                "relu": lambda z: anp.maximum(z, 0.0),
                "sigmoid": lambda z: 0.5 * anp.tanh(0.5 * z) + 0.5,
                "softplus": lambda z: anp.logaddexp(0.0, z),
                "sin": anp.sin,
                "identity": identity,
            },
            maximum=anp.maximum,
            mean=anp.mean,
        )

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        f = function(chain, self.namespace, np.asarray)
        if mode == "reverse":
            J: Function = self.autograd.jacobian(f)
            return J
        return partial(_by_columns, self.autograd.make_jvp(f), np.eye(chain.n, dtype=chain.dtype))


def _by_columns(jvp: Any, basis: Array, x: Array) -> Array:
    push = jvp(x)
    return np.stack([push(seed)[1] for seed in basis], axis=-1)

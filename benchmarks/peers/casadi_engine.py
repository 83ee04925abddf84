"""CasADi: Jacobians of its expression graph by forward or reverse sensitivities.

The chain is an expression of matrices (MX) over the same parameters as constants; ``casadi.jacobian`` writes
the Jacobian's expression, with ``ad_weight`` 0 for forward and 1 for reverse sensitivities, and a Function of
it is evaluated by CasADi's virtual machine, on one thread and in double precision only. The result becomes a
dense NumPy array inside the call. Writing the expression is set-up; nothing is compiled.

CasADi would save directions where the Jacobian is sparse (an element-wise chain); a dense one takes a
direction a column or row, each with its own matrix-vector products.
"""

import numpy as np

from modes.chains import Chain

from . import Array, Engine, Function
from .layers import Namespace, function, identity

AD_WEIGHT = {"forward": 0.0, "reverse": 1.0}


class Casadi(Engine):
    def __init__(self) -> None:
        import casadi

        self.casadi = casadi
        self.namespace = Namespace(
            activations={
                "tanh": casadi.tanh,
                "relu": lambda z: casadi.fmax(z, 0.0),
                "sigmoid": lambda z: 0.5 * casadi.tanh(0.5 * z) + 0.5,
                "softplus": lambda z: casadi.fmax(z, 0.0) + casadi.log1p(casadi.exp(-casadi.fabs(z))),
                "sin": casadi.sin,
                "identity": identity,
            },
            maximum=casadi.fmax,
            mean=lambda z: casadi.sum1(z) / z.numel(),
        )

    def array(self, x: Array) -> Array:
        return self.casadi.DM(x)

    def primal(self, chain: Chain) -> Function:
        x, y = self._graph(chain)
        return _full(self.casadi.Function("f", [x], [y]), np.shape(chain(chain.x)))

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        shape = (*np.shape(chain(chain.x)), chain.n)
        return _full(self.graph_of_jacobian(chain, mode), shape)

    def graph_of_jacobian(self, chain: Chain, mode: str) -> Array:
        x, y = self._graph(chain)
        J = self.casadi.jacobian(y, x, {"helper_options": {"ad_weight": AD_WEIGHT[mode]}})
        return self.casadi.Function("J", [x], [J])

    def _graph(self, chain: Chain) -> tuple[Array, Array]:
        x = self.casadi.MX.sym("x", chain.n)
        return x, function(chain, self.namespace, self.casadi.DM)(x)


def _full(f: Function, shape: tuple[int, ...]) -> Function:
    return lambda x: f(x).full().reshape(shape)

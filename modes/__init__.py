"""Twin engines that differentiate plain NumPy functions: forward mode by dual numbers, reverse mode by a tape.

The calling conventions are those of JAX and torch.func. A function written with `import numpy as np` is differentiated
as it stands:

>>> import numpy as np, modes
>>> A = np.array([[1.0, 2.0], [3.0, 4.0]])
>>> modes.jacobian(lambda x: A @ x, mode="forward")(np.ones(2))
array([[1., 2.],
       [3., 4.]])
"""

from . import choice, chunking, rules
from .at import Place, at
from .batch import batch_jacobian
from .chains import Chain, layer_chain
from .check import DerivativeError, check_derivatives
from .errors import MissingRule, TracedValueError
from .forward import jacfwd, jvp
from .gradient import grad, value_and_grad
from .hessian import hessian
from .jacobian import jacobian
from .plan import Plan, plan
from .prepared import Prepared, prepare
from .reverse import jacrev, vjp
from .rules import primitive

__version__ = "0.1.0"

__all__ = [
    "Chain",
    "DerivativeError",
    "MissingRule",
    "Place",
    "Plan",
    "Prepared",
    "TracedValueError",
    "at",
    "batch_jacobian",
    "check_derivatives",
    "choice",
    "chunking",
    "grad",
    "hessian",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "layer_chain",
    "plan",
    "prepare",
    "primitive",
    "rules",
    "value_and_grad",
    "vjp",
]

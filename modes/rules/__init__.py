"""THE rule table: for every NumPy function its JVP and VJP side by side, by kind.

`RULES` is the table itself. To add a row for one's own function, make the function a `primitive` and give it a row
with `elementwise`, `written`, `sequence`, `composite` or `constant` (see modes.rules.table); a row for a function
that has one replaces it; `refused` says what to write instead of a function without one. `modes.check_derivatives`
tests the new row.

A rule for one's own function takes a few lines. Make it a `primitive`, give it a row, check the row:

>>> import numpy as np
>>> import modes
>>> @modes.primitive
... def gaussian(x):
...     return np.exp(-0.5 * x * x)
>>> modes.rules.elementwise(gaussian, lambda y, x: -x * y)  # y is the value, used again
>>> modes.check_derivatives(gaussian, np.array([0.3, -1.2]))

Anything that is not element-wise states both directions, on blocks of seeds (k, *shape), the seed axis first:

>>> T = np.array([[1.0, 2.0], [0.0, 1.0], [3.0, 0.0]])
>>> @modes.primitive
... def transform(x):
...     return np.array([float(row @ x) for row in T])  # nothing that a traced array could go through
>>> modes.rules.written(transform, lambda y, x: modes.partials.Linear(lambda t: t @ T.T, lambda c: c @ T))
>>> modes.check_derivatives(transform, np.array([1.0, 2.0]))

A row that exists is overridden in the same way, and restored from the table:

>>> row = modes.rules.RULES[np.floor]
>>> modes.rules.elementwise(np.floor, 1)  # straight through
>>> modes.grad(lambda x: np.sum(np.floor(x)))(np.array([0.5, 1.5]))
array([1., 1.])
>>> modes.rules.RULES[np.floor] = row

A wrong row is caught, at the points and shapes that the check is given (so give it operands that broadcast):

>>> modes.rules.elementwise(gaussian, lambda y, x: -2 * x * y)
>>> modes.check_derivatives(gaussian, np.array([0.3, -1.2]))  # doctest: +IGNORE_EXCEPTION_DETAIL
Traceback (most recent call last):
modes.check.DerivativeError: J v, differences against forward mode: largest difference ...
"""

from . import (  # noqa: F401  (each adds its rows)
    calculus,
    constants,
    contraction,
    convolution,
    creation,
    factorizations,
    fourier,
    joining,
    linalg,
    missing,
    norms,
    order,
    products,
    reductions,
    refusals,
    selection,
    shape,
    special,
    spectral,
    updating,
)
from . import elementwise as _elementwise  # noqa: F401
from .table import RULES, composite, constant, elementwise, primitive, refused, sequence, written

__all__ = ["RULES", "composite", "constant", "elementwise", "primitive", "refused", "sequence", "written"]

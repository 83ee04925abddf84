"""THE rule table: for every NumPy function its JVP and VJP side by side, by kind.

`RULES` is the table itself. To add a row for one's own function, make the function a `primitive` and give it a row
with `elementwise`, `written`, `sequence`, `composite` or `constant` (see modes.rules.table); a row for a function
that has one replaces it. `modes.check_derivatives` tests the new row.
"""

from . import constants, products, reductions, selection, shape  # noqa: F401  (each adds its rows)
from . import elementwise as _elementwise  # noqa: F401
from .table import RULES, composite, constant, elementwise, primitive, sequence, written

__all__ = ["RULES", "composite", "constant", "elementwise", "primitive", "sequence", "written"]

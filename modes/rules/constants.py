"""Functions that a traced array answers from its primal value alone: shapes, comparisons, piecewise constants.

Their derivative is zero wherever it exists, so the result is a plain value and the trace ends there.
"""

from __future__ import annotations

import numpy as np

from .table import constant

# shapes and types
constant(np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.common_type, np.iscomplexobj, np.isrealobj)
# new arrays of a traced array's shape
constant(np.zeros_like, np.ones_like, np.empty_like, np.full_like)
# comparisons and tests
constant(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
constant(np.logical_and, np.logical_or, np.logical_xor, np.logical_not)
constant(np.isnan, np.isinf, np.isfinite, np.signbit, np.isneginf, np.isposinf)
constant(np.all, np.any, np.allclose, np.isclose, np.array_equal, np.array_equiv)
constant(np.count_nonzero, np.nonzero, np.flatnonzero, np.argwhere, np.searchsorted, np.digitize)
constant(np.argmax, np.argmin, np.argsort, np.argpartition)
# piecewise constant
constant(np.sign, np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.floor_divide, np.heaviside)

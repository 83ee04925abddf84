"""Functions that a traced array answers from its primal value alone: shapes, comparisons, piecewise constants.

Their derivative is zero wherever it exists, so the result is a plain value and the trace ends there.
"""

from __future__ import annotations

import numpy as np

from .table import constant

# shapes and types
constant(np.shape, np.ndim, np.size, np.result_type, np.can_cast, np.min_scalar_type, np.common_type)
constant(np.iscomplexobj, np.isrealobj, np.iscomplex, np.isreal, np.may_share_memory, np.shares_memory)
# new arrays of a traced array's shape
constant(np.zeros_like, np.ones_like, np.empty_like)
# comparisons and tests
constant(np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
constant(np.logical_and, np.logical_or, np.logical_xor, np.logical_not)
constant(np.isnan, np.isinf, np.isfinite, np.signbit, np.isneginf, np.isposinf, np.isin)
constant(np.all, np.any, np.allclose, np.isclose, np.array_equal, np.array_equiv)
# places in an array
constant(np.count_nonzero, np.nonzero, np.flatnonzero, np.argwhere, np.searchsorted, np.digitize)
constant(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort)
constant(np.tril_indices_from, np.triu_indices_from, np.diag_indices_from)
# piecewise constant; the imaginary part and the angle of a real number among them
constant(np.sign, np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.around)
constant(np.floor_divide, np.heaviside, np.imag, np.angle)
# for people to read
constant(np.array_repr, np.array_str, np.array2string)

"""Reductions and running sums that skip NaN: the ordinary ones, with what leaves the result alone in its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .reductions import Axis
from .table import composite, only_defaults


def _filled(func: Callable[..., Any], neutral: float) -> Callable[..., Any]:
    def implementation(a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return func(np.where(np.isnan(a), neutral, a), axis=axis, dtype=dtype, out=out, keepdims=keepdims)

    return implementation


def _running(func: Callable[..., Any], neutral: float) -> Callable[..., Any]:
    def implementation(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
        return func(np.where(np.isnan(a), neutral, a), axis=axis, dtype=dtype, out=out)

    return implementation


def _present(a: Any, axis: Axis, keepdims: bool) -> Any:
    return np.sum(~np.isnan(a), axis=axis, keepdims=keepdims, dtype=a.dtype)


def _nanmean(a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    total = np.nansum(a, axis=axis, dtype=dtype, out=out, keepdims=keepdims)
    return total / _present(a, axis, keepdims)


def _nanvar(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: bool = False,
    *, correction: Any = None,
) -> Any:  # fmt: skip
    only_defaults(np.nanvar, dtype=dtype, out=out)
    deviation = a - np.nanmean(a, axis=axis, keepdims=True)
    degrees = _present(a, axis, keepdims) - (ddof if correction is None else correction)
    return np.nansum(deviation * deviation, axis=axis, keepdims=keepdims) / degrees


def _nanstd(
    a: Any, axis: Axis = None, dtype: Any = None, out: Any = None, ddof: float = 0, keepdims: bool = False,
    *, correction: Any = None,
) -> Any:  # fmt: skip
    """0 where all entries are equal, as np.std: the square root is not asked there."""
    variance = np.nanvar(a, axis, dtype, out, ddof, keepdims, correction=correction)
    level = variance == 0
    return np.where(level, 0.0, np.sqrt(np.where(level, 1.0, variance)))


composite(np.nansum, _filled(np.sum, 0.0))
composite(np.nanprod, _filled(np.prod, 1.0))
composite(np.nancumsum, _running(np.cumsum, 0.0))
composite(np.nancumprod, _running(np.cumprod, 1.0))
composite(np.nanmean, _nanmean)
composite(np.nanvar, _nanvar)
composite(np.nanstd, _nanstd)

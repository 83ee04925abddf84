"""Differences, slopes, areas and interpolation of sampled functions, and polynomials: all in terms of other rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..partials import SAME
from .reductions import operand_axes
from .selection import gather
from .shape import converted
from .table import composite, only_defaults, written


def _along(axis: int, *stretch: int | None) -> tuple[slice, ...]:
    """The index that takes a stretch along one axis, and all of the others."""
    return (*(slice(None),) * axis, slice(*stretch))


# --- differences ------------------------------------------------------------------------------------------------
def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    if n < 0:
        raise ValueError(f"expected an order n of 0 or more, got {n}")
    axis %= np.ndim(a)

    def end(value: Any) -> Any:
        shape = np.shape(a)
        return np.broadcast_to(value, (*shape[:axis], 1, *shape[axis + 1 :])) if np.ndim(value) == 0 else value

    ends = [None if value is None or value is np._NoValue else end(value) for value in (prepend, append)]
    parts = [part for part in (ends[0], a, ends[1]) if part is not None]
    a = np.concatenate(parts, axis=axis) if len(parts) > 1 else a
    for _ in range(n):
        a = a[_along(axis, 1, None)] - a[_along(axis, None, -1)]
    return a


def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    flat = np.ravel(ary)
    parts = (to_begin, flat[1:] - flat[:-1], to_end)
    return np.concatenate([converted(np.ravel(part), ary.dtype) for part in parts if part is not None])


def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Second-order differences inside, of the first or second order at the two ends."""
    if edge_order not in (1, 2):
        raise ValueError(f"expected edge_order 1 or 2, got {edge_order}")
    axes = operand_axes(tuple(axis) if isinstance(axis, list) else axis, np.ndim(f))
    spacings = [1.0] * len(axes) if not varargs else list(varargs) * (len(axes) if len(varargs) == 1 else 1)
    if len(spacings) != len(axes):
        raise TypeError(f"expected a spacing for each of {len(axes)} axes, or one for all, got {len(spacings)}")
    slopes = [_slope(f, h, i, edge_order) for h, i in zip(spacings, axes, strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _slope(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    n, spacing = np.shape(f)[axis], converted(spacing, f.dtype)
    if n < edge_order + 1:
        raise ValueError(f"expected {edge_order + 1} or more samples along axis {axis}, got {n}")
    if np.ndim(spacing) == 0:
        h = spacing * np.ones(n - 1, f.dtype)
    elif np.shape(spacing) == (n,):  # the places of the samples
        h = np.diff(spacing)
    else:
        raise ValueError(f"expected a spacing that is a number, or the {n} places of the samples along axis {axis}, "
                         f"got shape {np.shape(spacing)}")  # fmt: skip
    h = np.reshape(h, (n - 1, *(1,) * (np.ndim(f) - axis - 1)))
    step = (f[_along(axis, 1, None)] - f[_along(axis, None, -1)]) / h  # the slope of each interval
    left, right = h[:-1], h[1:]
    inside = (right * step[_along(axis, None, -1)] + left * step[_along(axis, 1, None)]) / (left + right)
    first, last = step[_along(axis, None, 1)], step[_along(axis, -1, None)]
    if edge_order == 2:  # the parabola through the last three samples
        first = first + (first - step[_along(axis, 1, 2)]) * h[:1] / (h[:1] + h[1:2])
        last = last + (last - step[_along(axis, -2, -1)]) * h[-1:] / (h[-1:] + h[-2:-1])
    return np.concatenate([first, inside, last], axis=axis)


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    axis %= np.ndim(y)
    if x is not None:
        dx = np.diff(x, axis=axis if np.ndim(x) == np.ndim(y) else -1)
        if np.ndim(x) == 1:
            dx = np.reshape(dx, (-1, *(1,) * (np.ndim(y) - axis - 1)))
    return np.sum(dx * (y[_along(axis, 1, None)] + y[_along(axis, None, -1)]) / 2.0, axis=axis)


composite(np.diff, _diff)
composite(np.ediff1d, _ediff1d)
composite(np.gradient, _gradient)
composite(np.trapezoid, _trapezoid)


# --- interpolation ------------------------------------------------------------------------------------------------
def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """Straight lines between the knots; differentiable in the place, the knots and the values."""
    x, xp, fp = (converted(v, np.float64) for v in (x, xp, fp))  # which is what NumPy computes in
    if period is not None:
        period = abs(period)
        x, xp = x % period, xp % period
        order = np.argsort(xp)
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
        left = right = None
    n = np.shape(xp)[0]
    left, right = fp[0] if left is None else left, fp[-1] if right is None else right
    if n == 1:
        return np.where(x < xp[0], left, np.where(x > xp[0], right, fp[0]))
    # The last knot belongs to the piece before it, every other one to the piece behind it.
    i = np.minimum(np.maximum(np.searchsorted(xp, x, side="right") - 1, 0), n - 2)
    # by gather, which sees places that are recorded, too, where the knots are plain
    x0, x1, y0, y1 = (gather(np.reshape(v, (1, -1)), j)[0] for v in (xp, fp) for j in (i, i + 1))
    y = y0 + (y1 - y0) / (x1 - x0) * (x - x0)
    return np.where(x < xp[0], left, np.where(x > xp[-1], right, y))


composite(np.interp, _interp)


# --- polynomials and grids ------------------------------------------------------------------------------------------
def _polyval(p: Any, x: Any) -> Any:
    """Horner's scheme, the highest power first."""
    y = np.zeros_like(x)
    for coefficient in p if hasattr(p, "dtype") else np.asarray(p):
        y = y * x + coefficient
    return y


def _vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    if np.ndim(x) != 1:
        raise ValueError(f"expected a vector to take powers of, got shape {np.shape(x)}")
    powers = np.arange(np.shape(x)[0] if N is None else N)
    return x[:, None] ** (powers if increasing else powers[::-1])


def _linspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None, axis: int = 0
) -> Any:
    """A weighted mean of the two ends, so that both are met exactly."""
    only_defaults(np.linspace, retstep=retstep or None, dtype=dtype)
    dtype = np.result_type(start, stop, 1.0)
    start, stop = np.broadcast_arrays(converted(start, dtype), converted(stop, dtype))
    weight = np.arange(num) / max(num - 1 if endpoint else num, 1)
    weight = np.reshape(weight.astype(dtype), (num, *(1,) * np.ndim(start)))
    return np.moveaxis(start * (1 - weight) + stop * weight, 0, axis)


composite(np.polyval, _polyval)
composite(np.vander, _vander)
composite(np.linspace, _linspace)
# Whole periods are added: a constant.
written(np.unwrap, lambda y, p, discont=None, axis=-1, *, period=2 * np.pi: SAME)

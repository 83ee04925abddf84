"""Cases, as in tests/rule_cases.py, for the rows that reduce, order, and compare neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from .rule_cases import Cases, parts, positive, real

CASES: dict[Any, Cases] = {}


def reduction(func: Any) -> Cases:
    """A reduction over everything, and over axes counted from either end."""
    return [
        (func, (real(3),)),
        (func, (real(3, 4, 3),)),
        (lambda x: func(x, axis=1), (real(3, 4, 3),)),
        (lambda x: func(x, axis=-3), (real(3, 4, 3),)),
        (lambda x: func(x, 0), (real(3, 2),)),
        (lambda x: func(x, axis=(0, -1)), (real(3, 4, 3),)),
        (lambda x: func(x, (1, 0)), (real(3, 4, 3),)),
        (lambda x: func(x, axis=-2, keepdims=True), (real(3, 4, 3),)),
        (lambda x: func(x, axis=(2, 0), keepdims=True), (real(3, 4, 3),)),
        (lambda x: func(x, keepdims=True), (real(4),)),
    ]


_func: Any
for _func in (
    np.sum, np.mean, np.max, np.min, np.amax, np.amin, np.prod, np.var, np.std, np.ptp, np.median, np.average,
):  # fmt: skip
    CASES[_func] = reduction(_func)
for _func in (np.sum, np.mean, np.prod):
    CASES[_func] += [(lambda x, f=_func: f(x, 1, None, None, True), (real(2, 3),)), (_func, (np.array(0.7),))]
for _func in (np.var, np.std):
    CASES[_func] += [
        (lambda x, f=_func: f(x, ddof=1), (real(4),)),
        (lambda x, f=_func: f(x, 0, None, None, 1, True), (real(4, 2),)),
    ]
CASES[np.prod] += [
    (np.prod, (np.array([0.0, 1.5, -2.0]),)),
    (lambda x: np.prod(x) + x[0], (np.array([0.0, 1.5, 0.0, 2.0, 3.0]),)),
    (lambda x: np.prod(x, axis=(0, 2)), (np.array([[[0.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 0.0]]]),)),
]
CASES[np.average] += [
    (lambda x, w: np.average(x, weights=w), (real(3), positive(3))),
    (lambda x, w: np.average(x, axis=-1, weights=w), (real(2, 3), positive(3))),
    (lambda x, w: np.average(x, axis=(2, 0), weights=w, keepdims=True), (real(2, 3, 4), positive(4, 2))),
    (lambda x, w: np.average(x, 1, w), (real(2, 3), positive(2, 3))),
]
CASES[np.median] += [(np.median, (real(5),)), (lambda x: np.median(x, axis=1), (real(2, 4),))]
for _func, _scale in ((np.quantile, 1.0), (np.percentile, 100.0)):
    CASES[_func] = reduction(
        lambda x, axis=None, keepdims=False, f=_func, s=_scale: f(x, 0.3 * s, axis, keepdims=keepdims)
    )
    CASES[_func] += [
        (lambda x, f=_func, s=_scale: f(x, np.array([0.0, 0.35, 1.0]) * s, axis=-1, keepdims=True), (real(2, 4),)),
        (lambda x, f=_func, s=_scale: f(x, [0.2 * s, 0.9 * s]), (real(2, 4),)),
    ]
for _func in (np.cumsum, np.cumprod):
    CASES[_func] = [
        (_func, (real(3),)),
        (_func, (real(2, 2),)),
        (lambda x, f=_func: f(x, axis=0), (real(3, 2),)),
        (lambda x, f=_func: f(x, -1), (real(2, 3, 2),)),
        (lambda x, f=_func: f(x, axis=1), (real(2, 5),)),
    ]
CASES[np.cumprod] += [(np.cumprod, (np.array([2.0, 0.0, 3.0, 0.0, 4.0]),))]
for _name in ("cumulative_sum", "cumulative_prod"):
    if hasattr(np, _name):
        _func = getattr(np, _name)
        CASES[_func] = [
            (_func, (real(3),)),
            (lambda x, f=_func: f(x, axis=-1, include_initial=True), (real(2, 3),)),
            (lambda x, f=_func: f(x, include_initial=True), (real(3),)),
        ]
CASES[np.trace] = [
    (np.trace, (real(3, 3),)),
    (lambda x: np.trace(x, 1, -1, 0), (real(3, 2, 4),)),
]
_hole = np.zeros((3, 4))
_hole.flat[::5] = np.nan
for _func in (np.nansum, np.nanmean, np.nanprod, np.nanmax, np.nanmin, np.nanvar, np.nanstd):
    CASES[_func] = [
        *reduction(_func),
        # the operand depends on what is differentiated only where it is a number
        (lambda x, f=_func: f(_hole[:3] * 0.0 + x, axis=1), (real(3, 4),)),
    ]
for _func in (np.nancumsum, np.nancumprod):
    CASES[_func] = [
        (lambda x, f=_func: f(_hole[:2] * 0.0 + x, axis=-1), (real(2, 4),)),
        (_func, (real(4),)),
    ]

# --- order --------------------------------------------------------------------------------------------------------
CASES[np.sort] = [
    (np.sort, (real(5),)),
    (lambda x: np.sort(x, axis=0), (real(3, 2, 2),)),
    (lambda x: np.sort(x, axis=None), (real(2, 3),)),
]
CASES[np.partition] = [
    (lambda x: np.partition(x, 2), (real(5),)),
    (lambda x: np.partition(x, (1, -1), axis=0), (real(4, 2),)),
    (lambda x: np.partition(x, 3, axis=None), (real(2, 3),)),
]

# --- calculus -----------------------------------------------------------------------------------------------------
CASES[np.diff] = [
    (np.diff, (real(4),)),
    (lambda x: np.diff(x, n=2, axis=0), (real(4, 2),)),
    (lambda x, p: np.diff(x, prepend=p, append=2.0), (real(2, 3), real(2, 2))),
    (lambda x: np.diff(x, 0), (real(3),)),
]
CASES[np.ediff1d] = [
    (np.ediff1d, (real(2, 2),)),
    (lambda x, e: np.ediff1d(x, to_end=e, to_begin=[1.0, 2.0]), (real(4), real())),
]
_places = np.array([0.0, 0.7, 1.1, 2.5])
CASES[np.gradient] = [
    (np.gradient, (real(4),)),
    (lambda x: np.gradient(x, 0.3, edge_order=2), (real(4),)),
    (lambda x: np.gradient(x, _places, axis=-1), (real(2, 4),)),
    (lambda x: np.gradient(x, _places, axis=0, edge_order=2), (real(4, 2),)),
    (lambda x: parts(np.gradient(x)), (real(2, 4),)),
    (lambda x: parts(np.gradient(x, 0.5, _places, axis=(1, 0), edge_order=2)), (real(4, 3),)),
    (lambda x, h: parts(np.gradient(x, h)), (real(2, 3), positive())),
    (lambda x, at: np.gradient(x, np.cumsum(at)), (real(4), positive(4))),
]
CASES[np.trapezoid] = [
    (np.trapezoid, (real(4),)),
    (lambda y, x: np.trapezoid(y, x), (real(2, 4), real(4))),
    (lambda y, x: np.trapezoid(y, x, axis=0), (real(3, 2), real(3))),
    (lambda y, x: np.trapezoid(y, x, axis=0), (real(3, 2), real(3, 2))),
    (lambda y: np.trapezoid(y, dx=0.5, axis=1), (real(2, 3),)),
]
_knots = np.array([-2.0, -0.3, 0.6, 1.9])
CASES[np.interp] = [
    (lambda x, f: np.interp(x, _knots, f), (real(2, 5), real(4))),
    (lambda f: np.interp(np.array([-3.0, -2.0, 0.0, 1.9, 5.0]), _knots, f), (real(4),)),
    (lambda x, f: np.interp(x, _knots, f, left=0.5, right=-1), (real(6), real(4))),
    (lambda x, f: np.interp(x, _knots, f, period=4.5), (real(5), real(4))),
    (lambda x, at, f: np.interp(x, np.cumsum(at) - 2.0, f), (real(3), positive(4), real(4))),
    (lambda x: np.interp(x, _knots, [1.0, 3.0, 2.0, 0.0]), (real(),)),
]
CASES[np.polyval] = [(np.polyval, (real(4), real(3))), (lambda x: np.polyval([1.0, -2.0, 0.5], x), (real(),))]
CASES[np.linspace] = [
    (lambda a, b: np.linspace(a, b, 5), (real(), real())),
    (lambda a, b: np.linspace(a, b, num=3, endpoint=False, axis=-1), (real(2), real())),
    (lambda a: np.linspace(a, 2.0, 1), (real(),)),
]
CASES[np.unwrap] = [(np.unwrap, (np.array([0.1, 3.0, -3.0, 2.5, 0.0]),))]

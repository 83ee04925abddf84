"""Cases for the rows of scipy.special's ufuncs; see tests/rule_cases.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sp

from modes.rules import special

from .rule_cases import Cases, binary, inside, positive, real

special.load()


def unit(*size: int) -> np.ndarray:
    """Entries in (0, 1)."""
    return 0.5 + inside(*size) / 2


def near(*size: int) -> np.ndarray:
    """Positive entries of a middling size."""
    return 0.4 + positive(*size)


def unary(func: Callable[..., Any], draw: Callable[..., np.ndarray]) -> Cases:
    """A number and a matrix: how an element-wise row takes other shapes is tested on NumPy's."""
    return [(func, (draw(),)), (func, (draw(2, 3),))]


CASES: dict[object, Cases] = {special.polygamma: unary(lambda x: special.polygamma(x, 2), near)}
for _names, _draw in (
    ("expit log_expit erf erfc erfcx erfi dawsn ndtr log_ndtr exp2 exp10 expm1 cosm1 cbrt j0 j1 i0 i1 i0e i1e", real),
    ("logit ndtri entr", unit),
    ("erfinv", inside),
    ("erfcinv", lambda *size: 1 + inside(*size)),
    ("gamma gammaln loggamma psi log1p y0 y1 k0 k1", near),
):
    for _name in _names.split():
        if hasattr(sp, _name):
            CASES[getattr(sp, _name)] = unary(getattr(sp, _name), _draw)
for _name in ("beta", "betaln", "xlogy", "rel_entr", "kl_div"):
    CASES[getattr(sp, _name)] = binary(getattr(sp, _name), near, lambda *size: 0.37 + near(*size))[3::2]
CASES[sp.xlog1py] = binary(sp.xlog1py, real, near)[3::2]
CASES[sp.huber] = [
    *binary(sp.huber, lambda *size: 0.93 * positive(*size), real)[:1],
    (lambda delta, r: sp.huber(delta, r), (np.array([0.5, 1.0, 2.0]), np.array([[-1.5, 0.4, 3.0], [0.2, -1.3, 1.1]]))),
]
CASES[sp.pseudo_huber] = binary(sp.pseudo_huber, near, real)[3::2]
for _func in (sp.gammainc, sp.gammaincc):
    CASES[_func] = [
        (lambda x, f=_func: f(np.array([0.7, 1.5, 3.0]), x), (near(2, 3),)),
        (lambda x, f=_func: f(2.5, x), (near(),)),
    ]
CASES[sp.betainc] = [(lambda x: sp.betainc(1.5, np.array([0.7, 2.0, 3.5]), x), (unit(2, 3),))]
for _func in (sp.jv, sp.iv):
    CASES[_func] = [(lambda x, f=_func: f(np.array([0.0, 1.0, 2.5]), x), (near(2, 3),))]

"""Functions of scipy.special that are ufuncs: rows that are added when one of them is called on a traced array.

Nothing here imports SciPy: whoever calls one of its ufuncs has. Its functions in Python (logsumexp, softmax, polygamma)
convert their arguments to plain arrays before they look at them; what to write instead, the traced array says.

Derivatives are those of the NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, chapters 5 (gamma),
7 (error function), 8 (incomplete gamma and beta) and 10 (Bessel functions), written so that what is small stays exact.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import MissingRule
from .singular import singular
from .table import RULES, elementwise, later, primitive

__all__ = ["INSTEAD", "NAMES", "load"]

# What is no ufunc, and what to write instead.
_SUM = "np.logaddexp.reduce({}, axis=axis{})"
INSTEAD = {
    "logsumexp": _SUM.format("a", ""),
    "softmax": f"np.exp(x - {_SUM.format('x', ', keepdims=True')})",
    "log_softmax": f"x - {_SUM.format('x', ', keepdims=True')}",
    "polygamma": "modes.rules.special.polygamma(x, n)",
    "multigammaln": "np.sum(scipy.special.gammaln(a - np.arange(d) / 2)) + d * (d - 1) / 4 * np.log(np.pi)",
}

ROOT_PI = math.sqrt(math.pi)
ROOT_2_PI = math.sqrt(2 * math.pi)


def _unknown(name: str, operand: str) -> Callable[..., Any]:
    def refuse(*_: Any) -> Any:
        raise MissingRule(
            f"scipy.special.{name} has no derivative rule by its {operand} argument: there is no closed form; pass a "
            f"plain number there"
        )

    return refuse


def _at_zero(quotient: Callable[[Any], Any], x: Any, value: float) -> Any:
    """A function with x in a denominator, and what it is at 0."""
    zero = x == 0
    return np.where(zero, value, quotient(np.where(zero, 1.0, x)))


def _rows(sp: Any) -> dict[str, tuple[Any, ...]]:
    """For each ufunc its derivatives: (y, *operands) -> d, by each operand."""

    def share(y: Any, x: Any) -> Any:  # y (1 - y), without the difference
        return y * sp.expit(-x)

    def density(x: Any) -> Any:
        return np.exp(-0.5 * x * x) / ROOT_2_PI

    def gamma_density(a: Any, x: Any) -> Any:
        return np.exp(sp.xlogy(a - 1, x) - x - sp.gammaln(a))

    def beta_density(a: Any, b: Any, x: Any) -> Any:
        return np.exp(sp.xlogy(a - 1, x) + sp.xlog1py(b - 1, -x) - sp.betaln(a, b))

    def quotient(a: Any, b: Any) -> Any:  # 0 / 0 is 0
        return a / np.where((a == 0) & (b == 0), 1.0, b)

    def root(delta: Any, r: Any) -> Any:
        return np.sqrt(1 + (r / delta) ** 2)

    return {
        # logistic
        "expit": (share,),
        "logit": (lambda y, x: 1 / (x * (1 - x)),),
        "log_expit": (lambda y, x: sp.expit(-x),),
        # error function, normal distribution
        "erf": (lambda y, x: np.exp(-x * x) * (2 / ROOT_PI),),
        "erfc": (lambda y, x: np.exp(-x * x) * (-2 / ROOT_PI),),
        "erfcx": (lambda y, x: 2 * x * y - 2 / ROOT_PI,),
        "erfi": (lambda y, x: np.exp(x * x) * (2 / ROOT_PI),),
        "dawsn": (lambda y, x: 1 - 2 * x * y,),
        "erfinv": (lambda y, x: np.exp(y * y) * (ROOT_PI / 2),),
        "erfcinv": (lambda y, x: np.exp(y * y) * (-ROOT_PI / 2),),
        "ndtr": (lambda y, x: density(x),),
        "ndtri": (lambda y, x: np.exp(0.5 * y * y) * ROOT_2_PI,),
        "log_ndtr": (lambda y, x: np.exp(-0.5 * x * x - y) / ROOT_2_PI,),
        # gamma and beta
        "gamma": (lambda y, x: y * sp.psi(x),),
        "gammaln": (lambda y, x: sp.psi(x),),
        "loggamma": (lambda y, x: sp.psi(x),),
        "psi": (lambda y, x: polygamma(x, 1),),
        "gammainc": (_unknown("gammainc", "1st"), lambda y, a, x: gamma_density(a, x)),
        "gammaincc": (_unknown("gammaincc", "1st"), lambda y, a, x: -gamma_density(a, x)),
        "beta": (lambda y, a, b: y * (sp.psi(a) - sp.psi(a + b)), lambda y, a, b: y * (sp.psi(b) - sp.psi(a + b))),
        "betaln": (lambda y, a, b: sp.psi(a) - sp.psi(a + b), lambda y, a, b: sp.psi(b) - sp.psi(a + b)),
        "betainc": (
            _unknown("betainc", "1st"),
            _unknown("betainc", "2nd"),
            lambda y, a, b, x: beta_density(a, b, x),
        ),
        # entropies
        "xlogy": (lambda y, a, b: np.log(b), lambda y, a, b: quotient(a, b)),
        "xlog1py": (lambda y, a, b: np.log1p(b), lambda y, a, b: quotient(a, 1 + b)),
        "entr": (lambda y, x: -np.log(x) - 1,),
        "rel_entr": (lambda y, a, b: np.log(a / b) + 1, lambda y, a, b: -a / b),
        "kl_div": (lambda y, a, b: np.log(a / b), lambda y, a, b: 1 - a / b),
        # losses
        "huber": (
            lambda y, delta, r: np.where(np.abs(r) <= delta, 0.0, np.abs(r) - delta),
            lambda y, delta, r: np.minimum(np.maximum(r, -delta), delta),
        ),
        "pseudo_huber": (
            lambda y, delta, r: 2 * delta * (root(delta, r) - 1) - r * r / (delta * root(delta, r)),
            lambda y, delta, r: r / root(delta, r),
        ),
        # exponentials and logarithms; NumPy has some of them as well
        "exp2": (lambda y, x: y * math.log(2),),
        "exp10": (lambda y, x: y * math.log(10),),
        "expm1": (lambda y, x: np.exp(x),),
        "log1p": (lambda y, x: 1 / (1 + x),),
        "cosm1": (lambda y, x: -np.sin(x),),
        "cbrt": (lambda y, x: 1 / (3 * y * y),),
        # Bessel functions
        "j0": (lambda y, x: -sp.j1(x),),
        "j1": (lambda y, x: sp.j0(x) - _at_zero(lambda x: sp.j1(x) / x, x, 0.5),),
        "y0": (lambda y, x: -sp.y1(x),),
        "y1": (lambda y, x: sp.y0(x) - y / x,),
        "i0": (lambda y, x: sp.i1(x),),
        "i1": (lambda y, x: sp.i0(x) - _at_zero(lambda x: sp.i1(x) / x, x, 0.5),),
        "i0e": (lambda y, x: sp.i1e(x) - np.sign(x) * y,),
        "i1e": (lambda y, x: sp.i0e(x) - np.sign(x) * y - _at_zero(lambda x: sp.i1e(x) / x, x, 0.5),),
        "k0": (lambda y, x: -sp.k1(x),),
        "k1": (lambda y, x: -sp.k0(x) - y / x,),
        "jv": (_unknown("jv", "1st"), lambda y, v, x: (sp.jv(v - 1, x) - sp.jv(v + 1, x)) / 2),
        "iv": (_unknown("iv", "1st"), lambda y, v, x: (sp.iv(v - 1, x) + sp.iv(v + 1, x)) / 2),
    }


# Those whose derivative is infinite or NaN at a number where they have a value.
SINGULAR = frozenset({
    "logit", "erfinv", "erfcinv", "ndtri", "xlogy", "xlog1py", "entr", "rel_entr", "kl_div", "log1p", "cbrt", "gamma",
    "gammaln", "psi",
})  # fmt: skip

NAMES = tuple(sorted(_rows(None)))


@primitive
def polygamma(x: Any, n: int) -> Any:
    """The n-th derivative of scipy.special.psi, by the zeta function of Hurwitz."""
    return (-1.0) ** (n + 1) * float(math.factorial(n)) * sys.modules["scipy.special"].zeta(n + 1.0, x)


elementwise(polygamma, lambda y, x, n: polygamma(x, n + 1), None)


def load() -> None:
    """Add the rows that are not there, if SciPy is: those that a user has given stay."""
    sp = sys.modules.get("scipy.special")
    if sp is None:
        return
    for name, derivatives in _rows(sp).items():
        ufunc = getattr(sp, name, None)
        if ufunc is not None and ufunc not in RULES:
            (singular if name in SINGULAR else elementwise)(ufunc, *derivatives)


later(load)

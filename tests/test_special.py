"""scipy.special on traced arrays: rows that come when they are needed, and true words about what has none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special as sp

import modes
from modes.errors import name_of
from modes.rules import RULES, special

from .rule_cases import real

X = np.array([0.3, 1.2, 2.0])
BOTH = pytest.mark.parametrize("jacobian", [modes.jacfwd, modes.jacrev], ids=["forward", "reverse"])


def test_scipy_is_not_imported_and_rows_come_with_it() -> None:
    program = (
        "import sys, numpy as np, modes\n"
        "assert not any(name.startswith('scipy') for name in sys.modules)\n"
        "modes.grad(lambda x: np.sum(np.sin(x)))(np.ones(2))\n"
        "try: modes.grad(lambda x: np.sum(np.i0(x)))(np.ones(2))\n"
        "except modes.MissingRule: pass\n"
        "assert not any(name.startswith('scipy') for name in sys.modules)\n"
        "before = len(modes.rules.RULES)\n"
        "from scipy.special import expit\n"
        "assert modes.grad(expit)(0.0) == 0.25\n"
        "assert len(modes.rules.RULES) > before\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@BOTH
def test_derivatives_stay_exact_where_values_do(jacobian: Any) -> None:
    """Where a formula with a difference, or an exponential that overflows, would give 0, infinity or NaN."""
    for f, x, expected in (
        (sp.expit, 40.0, np.exp(-40.0)),
        (sp.expit, -700.0, np.exp(-700.0)),
        (sp.log_expit, -1000.0, 1.0),
        (sp.log_expit, 1000.0, 0.0),
        (sp.erf, 30.0, 0.0),
        (sp.log_ndtr, -100.0, 100.00999800099926),
        (sp.gammaln, 1e10, sp.psi(1e10)),
        (sp.i0e, 800.0, sp.i1e(800.0) - sp.i0e(800.0)),
        (sp.j1, 0.0, 0.5),
        (sp.i1, 0.0, 0.5),
        (lambda x: sp.xlogy(0.0, x), 0.0, 0.0),
        (lambda x: sp.xlogy(x, 2.0), 0.0, np.log(2.0)),
        (lambda x: sp.rel_entr(x, 2.0), 1.0, 1 + np.log(0.5)),
        (lambda x: sp.huber(1.0, x), 5.0, 1.0),
        (lambda x: np.logaddexp.reduce(x * np.array([1.0, 2.0])), 1e4, 2.0),
    ):
        np.testing.assert_allclose(jacobian(f)(x), expected, rtol=1e-12)


def test_chains_of_derivatives_close() -> None:
    """Third derivatives: the derivatives of the rows have rows."""
    for f in (sp.expit, sp.gammaln, sp.psi, sp.erf, sp.j0, sp.i0, sp.i0e, sp.k0, sp.log_ndtr, lambda x: sp.jv(1.5, x)):
        third = modes.grad(modes.grad(modes.grad(f)))
        modes.check_derivatives(modes.grad(modes.grad(f)), 0.7, rtol=1e-6)
        assert np.isfinite(third(0.7))
    np.testing.assert_allclose(modes.grad(sp.psi)(2.5), sp.polygamma(1, 2.5))
    np.testing.assert_allclose(modes.grad(modes.grad(sp.psi))(2.5), sp.polygamma(2, 2.5))


def test_recorded_and_by_rows() -> None:
    def f(x: Any) -> Any:
        return sp.xlogy(x, sp.expit(x)) * sp.gammaln(x + 3)

    prepared = modes.prepare(f, X)
    np.testing.assert_allclose(prepared.jacrev(2 * X), modes.jacfwd(f)(2 * X))
    np.testing.assert_allclose(
        modes.batch_jacobian(f, mode="forward")(X[:, None])[:, 0, 0], np.diag(modes.jacrev(f)(X))
    )
    modes.check_derivatives(lambda x: sp.xlogy.outer(x, x), X)


def test_softplus_is_made_of_rows() -> None:
    if hasattr(sp, "softplus"):
        modes.check_derivatives(sp.softplus, X)


def test_what_is_advised_is_the_function() -> None:
    """The remedies for SciPy's functions in Python, as the errors give them, are those functions."""
    a = real(2, 3)
    for name, x, more in (
        ("logsumexp", a, {"axis": 1}),
        ("logsumexp", a, {"axis": None}),
        ("softmax", a, {"axis": 0}),
        ("log_softmax", a, {"axis": 1}),
        ("polygamma", 1.5, {"n": 2}),
        ("multigammaln", 3.5, {"d": 3}),
    ):

        def advised(x: Any, name: str = name, more: dict[str, Any] = more) -> Any:
            return eval(
                special.INSTEAD[name], {"np": np, "modes": modes, "scipy": sys.modules["scipy"], "a": x, "x": x, **more}
            )

        expected = sp.polygamma(2, x) if name == "polygamma" else getattr(sp, name)(x, **more)
        np.testing.assert_allclose(advised(x), expected, rtol=1e-12)
        modes.check_derivatives(advised, x)


REFUSED: list[tuple[Callable[[Any], Any], str]] = [
    (
        lambda x: sp.logsumexp(x),
        r"scipy.special.logsumexp takes plain arrays alone, .* np.logaddexp.reduce\(a, axis=axis\)",
    ),
    (lambda x: sp.softmax(x, axis=0), r"scipy.special.softmax takes .* np.exp\(x - np.logaddexp.reduce"),
    (lambda x: sp.log_softmax(x), r"scipy.special.log_softmax takes .* x - np.logaddexp.reduce"),
    (lambda x: sp.polygamma(2, x), r"scipy.special.polygamma takes .* modes.rules.special.polygamma\(x, n\)"),
    (lambda x: sp.ellipk(x), r"scipy.special.ellipk was called on .* modes.rules.elementwise\(scipy.special.ellipk, "),
    (lambda x: sp.gammainc(x, 2.0), "scipy.special.gammainc has no derivative rule by its 1st argument"),
    (lambda x: sp.jv(x, 2.0), "scipy.special.jv has no derivative rule by its 1st argument"),
    (lambda x: sp.betainc(1.0, x, 0.5), "scipy.special.betainc has no derivative rule by its 2nd argument"),
    (lambda x: sp.expit(x, out=np.zeros(3)), "scipy.special.expit has a rule, but it covers no out="),
]


@BOTH
@pytest.mark.parametrize(("f", "message"), REFUSED)
def test_what_has_none_is_named_as_its_user_knows_it(jacobian: Any, f: Callable[[Any], Any], message: str) -> None:
    with pytest.raises((modes.MissingRule, modes.TracedValueError), match=message) as caught:
        jacobian(f)(X)
    assert f"called at {__file__}" in str(caught.value)


def test_other_parts_of_scipy_are_named_too() -> None:
    linalg = pytest.importorskip("scipy.linalg")
    with pytest.raises(modes.TracedValueError, match=r"scipy\.linalg\.\w+ takes plain arrays alone"):
        modes.grad(lambda x: np.sum(linalg.expm(np.outer(x, x))))(X)


def test_names() -> None:
    assert name_of(sp.expit) == "scipy.special.expit"
    assert name_of(np.sin) == "numpy.sin"
    assert name_of(sp.log1p) == "scipy.special.log1p"
    assert name_of(np.log1p) == "numpy.log1p"
    assert name_of(np.frompyfunc(lambda x: x, 1, 1)).endswith("(vectorized)")
    loaded = {name for name in special.NAMES if hasattr(sp, name)}
    assert all(getattr(sp, name) in RULES for name in loaded)


def test_a_row_of_the_users_own_stays() -> None:
    row = RULES[sp.erf]
    try:
        modes.rules.elementwise(sp.erf, 1)
        special.load()
        assert modes.grad(sp.erf)(0.5) == 1.0
    finally:
        RULES[sp.erf] = row


def test_mixed_second_derivatives_at_zero() -> None:
    """d^2 x log(y) / dx dy = 1 / y, at x = 0 as well."""
    for f, expected in ((sp.xlogy, 0.5), (sp.xlog1py, 1 / 3)):
        for outer in ("forward", "reverse"):
            H = modes.hessian(f, (0, 1), outer=outer)(0.0, 2.0)
            np.testing.assert_allclose([H[0][1], H[1][0]], expected)

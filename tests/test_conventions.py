"""The conventions at kinks and edges that modes/rules/elementwise.py states: by number, the same in both modes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import modes
from modes.blocks import LARGE

inf, nan = np.inf, np.nan


def jacobians(f: Callable[..., Any], *args: Any) -> list[tuple[np.ndarray, ...]]:
    """The Jacobians by both modes with identity seeds, and from dense seeds, one at a time."""
    argnums = tuple(range(len(args)))

    def dense_first(*z: Any) -> Any:  # a reversal and back makes the block dense before f and after it
        turned = f(*(np.flip(np.flip(part)) if np.ndim(part) else part for part in z))
        return np.flip(np.flip(turned)) if np.ndim(turned) else turned

    with np.errstate(all="ignore"):
        return [
            jacobian(g, argnums, chunk_size)(*args)
            for g in (f, dense_first)
            for jacobian in (modes.jacfwd, modes.jacrev)
            for chunk_size in (None, 1)
        ]


def check(f: Callable[..., Any], args: tuple[Any, ...], *expected: Any) -> None:
    """Both modes give these derivatives: a diagonal's entries for a vector, else the whole."""
    for found in jacobians(f, *args):
        for J, wanted in zip(found, expected, strict=True):
            wanted = np.asarray(wanted, float)
            np.testing.assert_allclose(J, np.diag(wanted) if J.ndim == 2 and wanted.ndim == 1 else wanted, rtol=1e-13)


SCALARS: list[tuple[str, Callable[..., Any], tuple[float, ...], tuple[float, ...]]] = [
    ("abs at 0", np.abs, (0.0,), (0.0,)),
    ("fabs at 0", np.fabs, (0.0,), (0.0,)),
    ("copysign at 0", lambda x: np.copysign(x, -1.0), (0.0,), (0.0,)),
    ("maximum against a number", lambda x: np.maximum(x, 0.0), (0.0,), (0.0,)),
    ("minimum against an int", lambda x: np.minimum(0, x), (0.0,), (0.0,)),
    ("maximum of two", np.maximum, (2.0, 2.0), (0.5, 0.5)),
    ("minimum of two", np.minimum, (2.0, 2.0), (0.5, 0.5)),
    ("fmax of two", np.fmax, (2.0, 2.0), (0.5, 0.5)),
    ("fmin beside NaN", np.fmin, (2.0, nan), (1.0, 0.0)),
    ("maximum of itself", lambda x: np.maximum(x, x), (2.0,), (1.0,)),
    ("clip at its end", lambda x: np.clip(x, 0.0, 1.0), (1.0,), (0.0,)),
    ("sqrt at 0", np.sqrt, (0.0,), (inf,)),
    ("cbrt at 0", np.cbrt, (0.0,), (inf,)),
    ("log at 0", np.log, (0.0,), (inf,)),
    ("x ** 0.5 at 0", lambda x: x**0.5, (0.0,), (inf,)),
    ("arcsin at 1", np.arcsin, (1.0,), (inf,)),
    ("x / 0.0", lambda x: x / 0.0, (1.0,), (inf,)),
    ("x ** 2 at 0", lambda x: x**2, (0.0,), (0.0,)),
    ("x ** 1 at 0", lambda x: x**1, (0.0,), (1.0,)),
    ("x ** 0 at 0", lambda x: x**0, (0.0,), (0.0,)),
    ("x ** 0 at inf", lambda x: x**0, (inf,), (0.0,)),
    ("x ** array(1) at 0", lambda x: x ** np.array(1.0), (0.0,), (1.0,)),
    ("x ** array(0) at 0", lambda x: x ** np.array(0.0), (0.0,), (0.0,)),
    ("0 ** y", lambda y: 0.0**y, (2.0,), (0.0,)),
    ("0 ** 0", np.power, (0.0, 0.0), (0.0, 0.0)),
    ("0 ** 2", np.power, (0.0, 2.0), (0.0, 0.0)),
    ("(-2) ** 3", lambda x: x**3, (-2.0,), (12.0,)),
    ("(-2) ** array(-3)", lambda x: x ** np.array(-3.0), (-2.0,), (-3 / 16,)),
    ("x ** y at a negative base", np.power, (-2.0, 3.0), (12.0, nan)),
    ("hypot at 0", np.hypot, (0.0, 0.0), (0.0, 0.0)),
    ("hypot on an axis", np.hypot, (0.0, -2.0), (0.0, -1.0)),
    ("hypot far out", np.hypot, (3e200, 4e200), (0.6, 0.8)),
    ("arctan2 at 0", np.arctan2, (0.0, 0.0), (0.0, 0.0)),
    ("arctan2 far out", np.arctan2, (3e200, 4e200), (0.16e-200, -0.12e-200)),
    ("arctan2 far in", np.arctan2, (3e-200, 4e-200), (0.16e200, -0.12e200)),
    ("log1p near 0", np.log1p, (1e-20,), (1.0,)),
    ("expm1 near 0", np.expm1, (1e-20,), (1.0,)),
    ("expm1 far below", np.expm1, (-50.0,), (np.exp(-50.0),)),
    ("sinc at 0", np.sinc, (0.0,), (0.0,)),
    ("sinc near 0", np.sinc, (1e-8,), (-(np.pi**2) / 3 * 1e-8,)),
    ("sinc by its series", np.sinc, (0.159,), ((np.cos(0.159 * np.pi) - np.sinc(0.159)) / 0.159,)),
    ("sqrt(x ** 2) at 0", lambda x: np.sqrt(x**2), (0.0,), (0.0,)),
    ("softplus far above", lambda x: np.logaddexp(0, x), (1000.0,), (1.0,)),
    ("softplus far below", lambda x: np.logaddexp(0, x), (-1000.0,), (0.0,)),
    ("sigmoid far above", lambda x: 1 / (1 + np.exp(-x)), (1000.0,), (0.0,)),
    ("sigmoid far below", lambda x: 1 / (1 + np.exp(-x)), (-1000.0,), (0.0,)),
    ("sigmoid by reciprocal", lambda x: np.reciprocal(1 + np.exp(-x)), (-1000.0,), (0.0,)),
    ("sigmoid by tanh", lambda x: 0.5 * np.tanh(0.5 * x) + 0.5, (-1000.0,), (0.0,)),
    ("tanh far out", np.tanh, (1000.0,), (0.0,)),
    ("logaddexp of -inf", np.logaddexp, (-inf, -inf), (0.5, 0.5)),
    ("logaddexp of inf", np.logaddexp, (inf, inf), (0.5, 0.5)),
    ("logaddexp beside -inf", np.logaddexp, (-inf, 1.0), (0.0, 1.0)),
    ("logaddexp beside inf", np.logaddexp, (1.0, inf), (0.0, 1.0)),
    ("logaddexp2 of -inf", np.logaddexp2, (-inf, -inf), (0.5, 0.5)),
    ("mod at its jump", lambda x: x % 1.0, (2.0,), (1.0,)),
    ("mod by its divisor", lambda y: 7.0 % y, (2.0,), (-3.0,)),
    ("mod of a negative", np.remainder, (-7.0, 2.0), (1.0, 4.0)),
    ("fmod of a negative", np.fmod, (-7.0, 2.0), (1.0, 3.0)),
    ("x sqrt(x) at 0", lambda x: x * np.sqrt(x), (0.0,), (0.0,)),
    ("interp at a knot", lambda x: np.interp(x, [0.0, 1.0, 3.0], [0.0, 5.0, 6.0]), (1.0,), (0.5,)),
    ("interp at the last knot", lambda x: np.interp(x, [0.0, 1.0, 3.0], [0.0, 5.0, 6.0]), (3.0,), (0.5,)),
    ("interp beyond", lambda x: np.interp(x, [0.0, 1.0, 3.0], [0.0, 5.0, 6.0]), (4.0,), (0.0,)),
    ("floor beside x", lambda x: x * np.floor(x) + np.sign(x) + np.heaviside(x, 0.5), (2.5,), (2.0,)),
]


@pytest.mark.parametrize(("f", "args", "expected"), [case[1:] for case in SCALARS], ids=[case[0] for case in SCALARS])
def test_at_a_point(f: Callable[..., Any], args: tuple[float, ...], expected: tuple[float, ...]) -> None:
    """As a scalar, a 0-d array, and an entry of a vector beside others."""
    check(f, tuple(np.float64(x) for x in args), *expected)
    check(f, tuple(np.array(x) for x in args), *expected)
    beside = [np.array([x, 1.5 if i == 0 else 2.25]) for i, x in enumerate(args)]
    for found in jacobians(f, *beside):
        for J, wanted in zip(found, expected, strict=True):
            np.testing.assert_allclose(J[0], [wanted, 0.0], rtol=1e-13)


@pytest.mark.parametrize("size", [4, LARGE // 32])  # the longer one's block is above the size at which factors wait
@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
        (np.cbrt, lambda x: x ** (-2 / 3) / 3),
        (np.log, lambda x: 1 / x),
        (np.log2, lambda x: 1 / x / np.log(2)),
        (np.log1p, lambda x: 1 / (1 + x)),
        (np.reciprocal, lambda x: -1 / x**2),
        (lambda x: 1 / x, lambda x: -1 / x**2),
        (lambda x: x / x, lambda x: 0 * x),
        (lambda x: x**0.5, lambda x: 0.5 / np.sqrt(x)),
        (lambda x: x**-1.0, lambda x: -1 / x**2),
        (lambda x: x * np.log(x), lambda x: np.log(x) + 1),
        (lambda x: np.exp(800 * x) * 0.5, lambda x: 400 * np.exp(800 * x)),
        (lambda x: np.square(np.log(x)), lambda x: 2 * np.log(x) / x),
    ],
)
def test_what_where_masks_contributes_nothing(f: Callable[..., Any], slope: Callable[..., Any], size: int) -> None:
    x = np.linspace(-1.0, 1.0, size)
    x[1:3] = 0.0, -1.0
    good = (x > 0) & (x < 0.8)
    x[~good & (x > 0)] = 2.0  # where exp(800 x) is inf
    expected = np.zeros(size)
    expected[good] = slope(x[good])

    def masked(x: Any) -> Any:
        return np.where(good, f(x), 0.0)

    check(masked, (x,), expected)
    check(lambda x: np.sum(masked(x)), (x,), expected)
    check(lambda x: 2.0 * np.where(good, f(x * 1.0), x) - np.where(good, 0.0, x), (x,), np.where(good, 2 * expected, 1))
    with np.errstate(all="ignore"):
        _, y_dot = modes.jvp(masked, (x,), (np.ones(size),))
        H = modes.jacfwd(modes.grad(lambda x: np.sum(masked(x))))(x)
    np.testing.assert_allclose(y_dot, expected, rtol=1e-13)
    assert np.all(np.isfinite(H))
    assert not np.any(H[~good])


def test_missing_data_masked_as_nan() -> None:
    data = np.array([1.0, nan, 3.0])
    check(lambda x: np.sum(np.where(np.isnan(data), 0.0, (x - data) ** 2)), (np.ones(3),), [0.0, 0.0, -4.0])
    check(lambda x: np.sum(np.where(np.isnan(data), 0.0, np.abs(x - data))), (np.full(3, 2.0),), [1.0, 0.0, -1.0])
    check(lambda x: np.sum(np.where(np.isnan(data), 0.0, np.hypot(x, data))), (np.zeros(3),), [0.0, 0.0, 0.0])
    check(lambda x: np.nansum((x - data) ** 2), (np.ones(3),), [0.0, 0.0, -4.0])
    check(lambda x: np.nanmean(x * data), (np.ones(3),), [0.5, 0.0, 1.5])
    check(lambda x: np.sum(np.nan_to_num(x / np.array([1.0, 0.0, 2.0]))), (np.ones(3),), [1.0, 0.0, 0.5])
    check(lambda x: np.sum(np.sqrt(x)[x > 0]), (np.array([4.0, 0.0, 1.0]),), [0.25, 0.0, 0.5])
    check(lambda x: np.max(np.sqrt(x)), (np.array([4.0, 0.0, 1.0]),), [0.25, 0.0, 0.0])


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (np.max, [3.0, 1.0, 3.0], [0.5, 0.0, 0.5]),
        (np.min, [1.0, 1.0, 1.0], [1 / 3, 1 / 3, 1 / 3]),
        (np.nanmax, [nan, 2.0, 2.0], [0.0, 0.5, 0.5]),
        (np.ptp, [1.0, 3.0, 3.0], [-1.0, 0.5, 0.5]),
        (np.median, [2.0, 2.0, 1.0, 2.0], [0.5, 0.5, 0.0, 0.0]),
        (np.median, [2.0, 1.0, 2.0], [1.0, 0.0, 0.0]),
        (lambda x: np.sort(x)[0], [5.0, 1.0, 1.0], [0.0, 1.0, 0.0]),
        (lambda x: np.partition(x, 1)[2], [5.0, 1.0, 1.0], [1.0, 0.0, 0.0]),
        (lambda x: np.sort(x)[2], [1.0, 2.0, 0.0, 2.0, 1.0], [0.0, 0.0, 0.0, 0.0, 1.0]),
        (lambda x: np.quantile(x, 0.25), [2.0, 1.0, 2.0], [0.5, 0.5, 0.0]),
        (np.std, [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]),
        (np.nanstd, [2.0, 2.0, nan], [0.0, 0.0, 0.0]),
        (np.var, [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]),
        (np.prod, [2.0, 0.0, 3.0], [0.0, 6.0, 0.0]),
        (np.prod, [2.0, 0.0, 0.0], [0.0, 0.0, 0.0]),
        (np.prod, [1e-200, 1e-200, 1e200], [1.0, 1.0, 0.0]),
        (np.prod, [], []),
        (lambda x: np.cumprod(x)[2], [2.0, 0.0, 3.0], [0.0, 6.0, 0.0]),
        (np.sum, [], []),
    ],
)
def test_reductions(f: Callable[..., Any], x: list[float], expected: list[float]) -> None:
    check(f, (np.array(x),), np.array(expected))


def test_derivatives_of_derivatives_of_products_with_zeros() -> None:
    x = np.array([0.0, 0.0, 3.0])
    expected = np.array([[0.0, 3.0, 0.0], [3.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    for f in (np.prod, lambda x: np.cumprod(x)[-1]):
        for outer in (modes.jacfwd, modes.jacrev):
            for inner in (modes.jacfwd, modes.jacrev):
                np.testing.assert_allclose(outer(inner(f))(x), expected)


def test_the_reductions_of_a_norm_at_zero_masked() -> None:
    """The gradient of a norm that np.where replaces at 0."""

    def norm(x: Any) -> Any:
        square = np.sum(x * x)
        return np.where(square > 0, np.sqrt(square), 0.0)

    check(norm, (np.zeros(3),), np.zeros((3,)))
    check(norm, (np.array([3.0, 4.0]),), np.array([0.6, 0.8]))


def test_logsumexp_by_hand() -> None:
    def logsumexp(x: Any) -> Any:
        top = np.max(x)
        return top + np.log(np.sum(np.exp(x - top)))

    check(logsumexp, (np.array([1000.0, 1000.0, -1000.0]),), [0.5, 0.5, 0.0])
    check(logsumexp, (np.array([0.0, -inf]),), [1.0, 0.0])


def test_a_zero_factor_hides_an_infinite_derivative() -> None:
    """The stated price of the convention: sqrt(x)**2 at 0."""
    check(lambda x: np.sqrt(x) ** 2, (np.float64(0.0),), 0.0)


@pytest.mark.parametrize("func", [lambda x: np.partition(x, 700), lambda x: np.sort(x), lambda x: np.flip(np.sort(x))])
def test_each_entry_of_an_ordered_array_is_one_of_the_operand(func: Callable[..., Any]) -> None:
    """Long enough for a partition that is neither sorted nor its own inverse."""
    x = np.random.default_rng(0).integers(0, 1500, 2000) * 1.0  # with ties
    y, y_dot = modes.jvp(func, (x,), (x,))
    np.testing.assert_array_equal(y_dot, y)
    _, pullback = modes.vjp(func, x)
    np.testing.assert_array_equal(pullback(y)[0], x)


def test_a_guard_outlives_a_sum_with_a_diagonal() -> None:
    """0 times an infinite derivative is 0, whichever way the two meet."""
    x, mask = np.array([0.0, 1.0, 4.0]), np.array([0.0, 1.0, 1.0])
    check(lambda x: (x + np.sqrt(x)) * mask, (x,), [0.0, 1.5, 1.25])
    check(lambda x: (np.sqrt(x) + x) * mask, (x,), [0.0, 1.5, 1.25])


def test_the_sign_of_zero_is_that_of_the_derivative() -> None:
    check(lambda x: x / -0.0, (1.0,), -inf)
    check(lambda x: x / 0.0, (1.0,), inf)

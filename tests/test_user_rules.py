"""A user's own rules: added and overridden in a few lines, and wrong ones caught by check_derivatives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import modes
from modes import rules
from modes.partials import Linear, Scale, elementwise_partial, sum_to

rng = np.random.default_rng(17)


def draw(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape)


@pytest.fixture(autouse=True)
def _table() -> Iterator[None]:
    """The table as it was, after each test."""
    kept = dict(rules.RULES)
    yield
    rules.RULES.clear()
    rules.RULES.update(kept)


# -- adding ------------------------------------------------------------------------------------------------------------
def test_an_element_wise_function_by_its_derivative() -> None:
    @modes.primitive
    def gaussian(x: Any) -> Any:
        return np.exp(-0.5 * x * x)

    rules.elementwise(gaussian, lambda y, x: -x * y)
    for x in (0.3, draw(4), draw(2, 3)):
        modes.check_derivatives(gaussian, x)
    x = draw(4)
    y = np.exp(-0.5 * x * x)
    np.testing.assert_array_equal(gaussian(x), y)  # plain values go through the function itself
    for jacobian in (modes.jacfwd, modes.jacrev):
        np.testing.assert_allclose(jacobian(gaussian)(x), np.diag(-x * y), rtol=1e-14)
    modes.check_derivatives(lambda x: gaussian(np.sin(x)) @ gaussian(x), x)
    H = modes.hessian(lambda x: np.sum(gaussian(x)))(x)  # the derivative is itself made of functions with rules
    np.testing.assert_allclose(H, np.diag((x * x - 1) * y), rtol=1e-13, atol=1e-15)


def test_an_element_wise_function_of_two_operands_broadcasts_by_itself() -> None:
    @modes.primitive
    def blend(a: Any, b: Any) -> Any:
        return a * a * b

    rules.elementwise(blend, lambda y, a, b: 2 * a * b, lambda y, a, b: a * a)
    for a, b in ((draw(3), draw(3)), (draw(2, 3), draw(3)), (draw(2, 1), draw(4)), (1.5, draw(2, 2)), (draw(3), 0.5)):
        modes.check_derivatives(blend, a, b)


def test_a_written_rule_gives_both_directions() -> None:
    """A linear solver that nobody need differentiate through: y = T x, its transpose stated beside it."""
    T = draw(3, 4)

    @modes.primitive
    def transform(x: Any) -> Any:
        return np.array([float(row @ x) for row in T])  # nothing that a traced array could go through

    with pytest.raises(modes.MissingRule, match="transform was called on a traced array, and has no derivative rule"):
        modes.jacfwd(transform)(draw(4))
    rules.written(transform, lambda y, x: Linear(lambda t: t @ T.T, lambda c: c @ T))
    modes.check_derivatives(transform, draw(4))
    modes.check_derivatives(lambda x: np.tanh(transform(np.sin(x))), draw(4))
    for chunk_size in (None, 1, 3):
        np.testing.assert_allclose(modes.jacfwd(transform, 0, chunk_size)(draw(4)), T, rtol=1e-14)
        np.testing.assert_allclose(modes.jacrev(transform, 0, chunk_size)(draw(4)), T, rtol=1e-14)


def test_a_written_rule_with_a_constant_operand_and_a_keyword() -> None:
    @modes.primitive
    def weighted(w: Any, x: Any, *, power: int = 1) -> Any:
        return np.sum(w * x**power)

    def by_x(y: Any, w: Any, x: Any, *, power: int = 1) -> Any:
        d = power * w * x ** (power - 1)
        return Linear(lambda t: t @ d, lambda c: np.reshape(c, (-1, 1)) * d)

    rules.written(weighted, None, by_x)
    w = draw(3)
    modes.check_derivatives(lambda x: weighted(w, x, power=3), draw(3))
    np.testing.assert_array_equal(modes.grad(lambda w: weighted(w, draw(3)))(w), np.zeros(3))  # None: no derivative
    with pytest.raises(modes.MissingRule, match="covers no scale= on traced arrays"):
        modes.grad(lambda x: weighted(w, x, scale=2.0))(draw(3))


def test_a_composite_rule_and_a_constant() -> None:
    @modes.primitive
    def norm(x: Any) -> Any:
        return np.sqrt(sum(float(entry) ** 2 for entry in x))  # float() would lose the derivative

    @modes.primitive
    def rank(x: Any) -> Any:
        return int(np.linalg.matrix_rank(x))

    rules.composite(norm, lambda x: np.sqrt(np.sum(x * x)))
    rules.constant(rank)
    modes.check_derivatives(norm, draw(5))
    x = draw(3, 3)
    np.testing.assert_allclose(modes.grad(lambda x: rank(x) * np.sum(x))(x), np.full((3, 3), 3.0))


# -- overriding --------------------------------------------------------------------------------------------------------
def test_a_row_is_overridden_and_restored() -> None:
    """A straight-through estimator: floor with the derivative 1; and tanh by another, equal, formula."""
    x = draw(4)
    rows: dict[Any, Any] = {func: rules.RULES[func] for func in (np.floor, np.tanh)}
    np.testing.assert_array_equal(modes.grad(lambda x: np.sum(np.floor(x) + x))(x), np.ones(4))

    rules.elementwise(np.floor, 1)
    rules.elementwise(np.tanh, lambda y, x: 1 / np.cosh(x) ** 2)
    np.testing.assert_array_equal(modes.grad(lambda x: np.sum(np.floor(x) + x))(x), np.full(4, 2.0))
    np.testing.assert_array_equal(modes.jacfwd(np.floor)(x), np.eye(4))
    modes.check_derivatives(np.tanh, x)

    rules.RULES.update(rows)
    np.testing.assert_array_equal(modes.grad(lambda x: np.sum(np.floor(x) + x))(x), np.ones(4))
    np.testing.assert_array_equal(modes.jacrev(np.tanh)(x), np.diag(1 - np.tanh(x) ** 2))


def test_an_overridden_row_is_used_by_operators_and_methods_too() -> None:
    x = draw(3)
    rules.elementwise(np.multiply, lambda y, a, b: 10 * b, lambda y, a, b: 10 * a)
    for f in (lambda x: x * 3.0, lambda x: 3.0 * x, lambda x: np.multiply(x, 3.0), lambda x: np.multiply(3.0, x)):
        for jacobian in (modes.jacfwd, modes.jacrev):
            np.testing.assert_array_equal(jacobian(f)(x), 30 * np.eye(3))


# -- wrong rules are caught --------------------------------------------------------------------------------------------
Maker = Callable[..., Any]


def product_rule(by_a: Maker, by_b: Maker | None = None) -> Callable[..., Any]:
    """a * b with a rule of one's own; the second operand's is right where none is given."""

    @modes.primitive
    def product(a: Any, b: Any) -> Any:
        return a * b

    rules.written(product, by_a, by_b or (lambda y, a, b: elementwise_partial(a, np.shape(b), y.shape)))
    return product


def without_the_rank(c: Any, shape: tuple[int, ...]) -> Any:
    """sum_to without the axes of size 1: the classic error."""
    extra = c.ndim - 1 - len(shape)
    return np.sum(c, axis=tuple(range(1, 1 + extra))) if extra else c


EQUAL, STRETCHED, RAISED = ((3,), (3,)), ((2, 1), (2, 3)), ((3,), (2, 3))
WRONG = {
    "a wrong derivative": (lambda y, a, b: elementwise_partial(1.01 * b, a.shape, y.shape), EQUAL, "differences"),
    "a wrong sign": (lambda y, a, b: elementwise_partial(-b, a.shape, y.shape), EQUAL, "differences"),
    "a derivative of zero": (lambda y, a, b: Linear(lambda t: 0 * t, lambda c: 0 * c), EQUAL, "differences"),
    "NaN": (lambda y, a, b: Scale(b * np.nan), EQUAL, "disagree"),
    "a pull that is not the push's transpose": (
        lambda y, a, b: Linear(lambda t: t * b, lambda c: c * b[::-1]),
        EQUAL,
        "not each other's transpose",
    ),
    "right in forward mode only": (lambda y, a, b: Linear(lambda t: t * b, lambda c: c), EQUAL, "transpose"),
    "right in reverse mode only": (lambda y, a, b: Linear(lambda t: t, lambda c: c * b), EQUAL, "transpose"),
    "a cotangent that is not summed over a further axis": (
        lambda y, a, b: Linear(lambda t: t[:, None] * b, lambda c: c * b),
        RAISED,
        r"reverse mode: expected shape \(3,\), .* got shape \(2, 3\); .* has to sum",
    ),
    "a cotangent that is not summed over an axis of size 1": (
        lambda y, a, b: Linear(lambda t: t * b, lambda c: without_the_rank(c * b, a.shape)),
        STRETCHED,
        r"reverse mode: expected shape \(2, 1\), .* got shape \(2, 3\); .* has to sum",
    ),
    "a tangent that is not repeated": (
        lambda y, a, b: Linear(lambda t: t * b[:, :1], lambda c: np.sum(c * b, axis=2, keepdims=True)),
        STRETCHED,
        r"forward mode: expected shape \(2, 3\), .* got shape \(2, 1\); .* has to repeat",
    ),
    "a sum over the wrong axis": (
        lambda y, a, b: Linear(lambda t: t[:, None] * b, lambda c: np.sum(c * b, axis=2)[:, [0, 1, 1]]),
        RAISED,
        "not each other's transpose",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_rule_is_caught(name: str) -> None:
    maker, (first, second), message = WRONG[name]
    product = product_rule(maker)
    a, b = draw(*first), draw(*second)
    with pytest.raises(modes.DerivativeError, match=message):
        modes.check_derivatives(lambda a: product(a, b), a)
    with pytest.raises(modes.DerivativeError):  # and so it is inside a function, where others follow it
        modes.check_derivatives(lambda a: np.tanh(product(a, b)), a)


@pytest.mark.parametrize("shapes", [EQUAL, STRETCHED, RAISED])
def test_the_right_rule_passes_where_the_wrong_ones_are_caught(shapes: Any) -> None:
    def by_a(y: Any, a: Any, b: Any) -> Any:
        return Linear(
            lambda t: np.reshape(t, (t.shape[0], *(1,) * (y.ndim - a.ndim), *a.shape)) * b,
            lambda c: sum_to(c * b, a.shape),
        )

    product = product_rule(by_a)
    modes.check_derivatives(product, draw(*shapes[0]), draw(*shapes[1]))


def test_a_value_that_depends_on_the_mode_is_caught() -> None:
    calls = []

    def fickle(x: Any) -> Any:
        calls.append(1)
        return x * (1.0 + 1e-3 * len(calls))

    with pytest.raises(modes.DerivativeError, match="the value of f, reverse against forward"):
        modes.check_derivatives(fickle, draw(3))


def test_a_rule_that_is_right_at_one_point_only_is_caught_at_another() -> None:
    """The check speaks of the point it was given: at 0 the sine's derivative is 1, elsewhere it is not."""

    @modes.primitive
    def sine(x: Any) -> Any:
        return np.sin(x)

    rules.elementwise(sine, 1)
    modes.check_derivatives(sine, np.zeros(3))
    with pytest.raises(modes.DerivativeError, match="differences"):
        modes.check_derivatives(sine, draw(3))


def test_a_second_derivative_is_checked_by_checking_the_gradient() -> None:
    """A rule whose derivative is a plain number hides the next derivative; the check of the gradient finds it."""

    @modes.primitive
    def square(x: Any) -> Any:
        return x * x

    def hidden(y: Any, x: Any) -> Any:
        while isinstance(x, modes.array.TracedArray):
            x = x.primal
        return 2.0 * x

    rules.elementwise(square, hidden)
    modes.check_derivatives(square, draw(3))
    with pytest.raises(modes.DerivativeError):
        modes.check_derivatives(modes.grad(lambda x: np.sum(square(x))), draw(3))
    rules.elementwise(square, lambda y, x: 2.0 * x)
    modes.check_derivatives(modes.grad(lambda x: np.sum(square(x))), draw(3))

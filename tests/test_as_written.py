"""NumPy as its users write it: lists that hold traced numbers, arrays built with like=, methods of ufuncs, and values
that are looked at. What plain NumPy gives is what comes, with the derivative."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modes

from .rule_cases import real

X = real(3)


def as_numpy(f: Callable[[Any], Any], x: np.ndarray = X) -> None:
    """Value, shape and dtype are NumPy's, in both modes; the derivatives are right, once and twice."""
    expected = f(x)
    for y in (modes.vjp(f, x)[0], modes.jvp(f, (x,), (x,))[0], modes.prepare(f, x).value(x)):
        np.testing.assert_allclose(y, expected, rtol=1e-12)
        assert y.shape == expected.shape
        assert y.dtype == expected.dtype
    modes.check_derivatives(f, x)
    modes.check_derivatives(modes.grad(lambda x: np.sum(np.sin(f(x)))), x, directions=1, rtol=1e-6)
    np.testing.assert_allclose(modes.prepare(f, x).jacrev(x), modes.jacfwd(f)(x), rtol=1e-12, atol=1e-13)


# --- lists that hold traced numbers -----------------------------------------------------------------------------------
LISTS: list[Callable[[Any], Any]] = [
    lambda x: np.concatenate([[x[0]], x[1:]]),
    lambda x: np.concatenate([(x[0], 1), x, [x[1] * x[2]]]),
    lambda x: np.concatenate([[[x[0], 1.0], [x[1], x[2]]], x[None, 1:]], axis=0),
    lambda x: x * [x[0], 1.0, 2.0] - (x[2], 1, x[0]),
    lambda x: [x[0], 1.0, 2.0] / x,
    lambda x: (x[0], 1.0, 2.0) + x * x,
    lambda x: [[x[0], 1.0, 2.0], [1.0, x[1], 0.0]] @ x,
    lambda x: np.append(x, [x[0], 2.0]) * np.append([x[0], 2.0], x),
    lambda x: np.append(x, x[0]),
    lambda x: np.hstack([[x[0], 1.0], x, x[1]]),
    lambda x: np.hstack([[[x[0]], [1.0]], np.outer(x[:2], x)]),
    lambda x: np.vstack([[x[0], 1.0, 2.0], x]),
    lambda x: np.stack([[x[0], 1.0, 2.0], x], axis=1),
    lambda x: np.dstack([[x[0], 1.0, 2.0], x]),
    lambda x: np.column_stack([[x[0], 1.0, 2.0], x, (1.0, 2.0, x[0])]),
    lambda x: np.dot([[x[0], 1.0, 2.0], [1.0, 2.0, x[1]]], x),
    lambda x: np.inner(x, [x[0], 1.0, 2.0]),
    lambda x: np.outer([x[0], 1.0], x),
    lambda x: np.einsum("i,i->i", [x[0], 1.0, 2.0], x),
    lambda x: np.where(X > 0, [x[1], 1.0, 2.0], x),
    lambda x: np.maximum([x[1], 0.05, x[0]], x * x),
    lambda x: np.select([X > 0, X < -1], [x, [x[0], 1.0, x[0]]], 0.5),
    lambda x: np.insert(x, 1, [x[0], 2.0]),
    lambda x: np.average(x, weights=[x[0] ** 2, 1.0, 2.0]),
    lambda x: np.cross(x, [x[0], 1.0, 2.0]),
    lambda x: np.linalg.solve([[9.0 + x[0], 1.0, 0.0], [0.0, 8.0, x[1]], [1.0, 0.0, 7.0]], x),
    lambda x: np.clip(x, [-5.0, -5.0, x[2] - 1], [x[0] + 1, 5.0, 5.0]),
    lambda x: np.interp(x[0], [-9.0, 0.5 * x[1] - 4, 9.0], [x[0], x[1], 2.0]),
]


@pytest.mark.parametrize("f", LISTS)
def test_a_list_with_traced_numbers_is_their_stack(f: Callable[[Any], Any]) -> None:
    as_numpy(f)


@settings(deadline=None, max_examples=25, derandomize=True)
@given(arrays.array_shapes(min_dims=1, max_dims=4, max_side=3), st.data())
def test_a_nested_list_of_any_depth_is_its_array(shape: tuple[int, ...], data: st.DataObject) -> None:
    """Entries are traced or plain at any depth, and whole rows traced arrays."""
    values = real(*shape)
    followed = np.array(data.draw(arrays.arrays(bool, shape)))

    def nested(x: Any, plain: Any, traced: Any) -> Any:
        if np.all(traced):
            return x
        return [nested(x[i], plain[i], traced[i]) for i in range(len(plain))] if np.ndim(plain) else plain

    def f(x: Any) -> Any:
        return x * np.array(nested(x, values, followed), like=x)

    y, y_dot = modes.jvp(f, (values,), (np.ones(shape),))
    np.testing.assert_array_equal(y, values * values)
    np.testing.assert_array_equal(y_dot, np.where(followed, 2, 1) * values)
    np.testing.assert_array_equal(modes.vjp(f, values)[1](np.ones(shape))[0], y_dot)


def test_the_dtype_is_that_of_numpys_array() -> None:
    for f in (
        lambda x: np.array([x[0], 1.0], like=x),
        lambda x: np.array([x[0], x[1]], like=x),
        lambda x: np.array([x[0], 1], dtype=np.float64, like=x),
        lambda x: np.concatenate([x, [x[0]]]),
    ):
        x = X.astype(np.float32)
        assert modes.jacrev(f)(x).dtype == modes.jvp(f, (x,), (x,))[1].dtype == f(x).dtype


def test_like_gives_plain_arrays_of_plain_numbers() -> None:
    """A copy where NumPy makes one, and zeros for np.empty."""
    seen: list[Any] = []

    def f(x: Any) -> Any:
        a = np.ones(3)
        seen.extend([np.array(a, like=x), np.asarray(a, like=x), a, np.empty(2, like=x), np.arange(3, like=x)])
        return x

    modes.jvp(f, (X,), (X,))
    copied, same, a, empty, numbers = seen
    assert type(copied) is np.ndarray
    assert not np.shares_memory(copied, a)
    assert same is a
    np.testing.assert_array_equal(empty, np.zeros(2))
    assert numbers.dtype == np.arange(3).dtype


slopes: Any = np.gradient  # several arrays, of several axes
GRADIENTS: list[Callable[[Any], Any]] = [
    lambda x: np.stack(slopes(np.outer(x, x))),
    lambda x: np.stack(slopes(np.outer(x, x), [0.0, 1.0, 3.5], 0.5)),
    lambda x: np.stack(slopes(np.outer(x, x), [x[0] - 9, x[1], x[2] + 9], 2 + x[2] * 0.1)),
    lambda x: np.stack(slopes(np.outer(x, x), 0.5, 2.0, axis=(1, 0), edge_order=2)),
    lambda x: np.stack(slopes(np.multiply.outer(np.outer(x, x), x), 0.5, x, [1.0, 2.0, 4.0])),
    lambda x: np.gradient(np.outer(x, x), axis=-1),
]


@pytest.mark.parametrize("f", GRADIENTS)
def test_gradient_along_several_axes_with_spacings(f: Callable[[Any], Any]) -> None:
    as_numpy(f, np.array([-1.3, 0.4, 2.1]))


@pytest.mark.filterwarnings("ignore:.*row_stack:DeprecationWarning")
def test_row_stack_is_vstack() -> None:
    row_stack: Any = getattr(np, "row_stack", np.vstack)
    as_numpy(lambda x: row_stack([x, [x[0], 1.0, 2.0]]))


# --- methods of ufuncs ------------------------------------------------------------------------------------------------
METHODS: list[Callable[[Any], Any]] = [
    lambda x: np.add.reduce(np.outer(x, x)) + np.multiply.reduce(x),
    lambda x: np.add.reduce(np.outer(x, x), axis=None, keepdims=True),
    lambda x: np.add.reduce(np.multiply.outer(np.outer(x, x), x), axis=(0, 2), initial=3.0),
    lambda x: np.add.reduce(x[0]) + np.maximum.reduce(np.outer(x, x), axis=1) + np.minimum.reduce(x),
    lambda x: np.subtract.reduce(x) + np.divide.reduce(np.outer(x, x + 5), axis=1),
    lambda x: np.hypot.reduce(x) + np.arctan2.reduce(np.outer(x, x), axis=0, keepdims=True),
    lambda x: np.fmax.reduce(np.outer(x, x), axis=1) * np.fmin.reduce(x) + np.logaddexp2.reduce(x),
    lambda x: np.logaddexp.reduce(np.outer(x, x), axis=1, initial=0.5),
    lambda x: np.add.accumulate(x) + np.multiply.accumulate(x) + np.maximum.accumulate(np.outer(x, x), axis=1),
    lambda x: np.subtract.accumulate(np.outer(x, x), axis=-1) * np.logaddexp.accumulate(np.outer(x, x)),
    lambda x: np.add.reduceat(np.outer(x, x), [0, 2, 1], axis=1) + np.multiply.reduceat(x, [0, 1, 2]),
    lambda x: np.multiply.outer(x, np.outer(x, x)) + np.add.outer(x, [[x[0], 1.0, 2.0]] * 3),
    lambda x: x * np.less.outer(x, x) * np.logical_or.reduce(x > 0) * np.logical_and.reduce(x),
    lambda x: np.float_power.outer(x * x, [1, 2.0]),
]


@pytest.mark.parametrize("f", METHODS)
def test_reduce_accumulate_reduceat_and_outer(f: Callable[[Any], Any]) -> None:
    as_numpy(f)


def test_shares_of_a_log_of_a_sum_at_infinity() -> None:
    """As np.logaddexp: even among what is infinitely large, or all minus infinity; nothing where there is more."""
    inf = np.inf
    for x, expected in (
        ([-inf, -inf], [0.5, 0.5]),
        ([inf, 1.0, inf], [0.5, 0.0, 0.5]),
        ([-inf, 1.0], [0.0, 1.0]),
        ([1e4, 1e4, -1e4], [0.5, 0.5, 0.0]),
    ):
        for jacobian in (modes.jacfwd, modes.jacrev):
            np.testing.assert_array_equal(jacobian(np.logaddexp.reduce)(np.array(x)), expected)
    rows = np.array([[-inf, -inf], [1.0, 1.0]])
    J = modes.jacrev(lambda x: np.logaddexp.reduce(x, axis=1))(rows)
    np.testing.assert_array_equal(np.einsum("iij->ij", J), np.full((2, 2), 0.5))


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda x: np.add.reduce(x, out=np.zeros(())), modes.MissingRule, "numpy.add has a rule, .* no out="),
        (lambda x: np.add.reduce(x, where=x > 0), modes.MissingRule, r"no where=.* np.where\(condition"),
        (lambda x: np.sin.reduce(x), ValueError, "binary functions"),
        (lambda x: np.hypot.reduce(x[:0] * np.ones((0,))), ValueError, "one entry or more .* numpy.hypot"),
        (lambda x: np.i0(x), modes.MissingRule, "numpy.i0"),
        (lambda x: np.gcd.reduce(x), modes.MissingRule, "numpy.gcd"),
        (lambda x: np.add.at(x, [0], x[0]), modes.MissingRule, r"x = modes.at\(x, \[0\]\).add\(x\[0\]\)"),
        (lambda x: np.divide.at(x, [0], 2.0), modes.MissingRule, r"x = modes.at\(x, \[0\]\).set\(2.0\)"),
        (lambda x: np.bincount(x), TypeError, "according to the rule 'safe'"),
        (lambda x: np.arange(x[0], like=x), modes.TracedValueError, r"start \+ step \* np.arange\(count\)"),
        (lambda x: np.array([x[0], [x[1]]], like=x), ValueError, "dimension"),
        (lambda x: np.array([x[0], "a"], like=x), TypeError, "float dtype"),
        (lambda x: np.array([x[0], x[1]]), modes.TracedValueError, r"np.array\(\[x, y\], like=x\)"),
        (lambda x: x.astype(complex), modes.TracedValueError, "expected a float dtype"),
        (lambda x: round(x), TypeError, r"round takes a number, .* \(3,\); write np.round\(x\)"),
        (lambda x: math.floor(x), TypeError, r"math.floor takes a number, .* write np.floor"),
        (lambda x: f"{x:.3f}", TypeError, "unsupported format string"),
    ],
)  # fmt: skip
def test_refusals(f: Callable[[Any], Any], error: type[Exception], message: str) -> None:
    for jacobian in (modes.jacfwd, modes.jacrev):
        with pytest.raises(error, match=message):
            jacobian(f)(X)


# --- values that are looked at ----------------------------------------------------------------------------------------
def test_a_number_is_formatted_and_rounded_by_its_value() -> None:
    """And so it is inside of two derivatives; what is made of it is constant."""
    x = np.array([0.2718, -1.25, 2.6])
    said: list[str] = []

    def f(x: Any) -> Any:
        said.append(f"{x[0]:.3f} {x[1]:+.1e} {x[2]:6.1f}")
        whole = [round(x[2]), math.floor(x[1]), math.ceil(x[1]), math.trunc(x[2])]
        assert [type(n) for n in whole] == [int] * 4
        assert whole == [3, -2, -1, 2]
        assert round(x[0], 2) == 0.27
        assert x.astype(int).tolist() == [0, -1, 2]
        assert x[2].astype(np.int32) == 2
        assert type(x.astype(bool)) is np.ndarray
        return x * (whole[0] + round(x[0], 2)) + x.astype(int)

    for jacobian in (modes.jacfwd, modes.jacrev):
        np.testing.assert_array_equal(jacobian(f)(x), 3.27 * np.eye(3))
        for inner in (modes.jacfwd, modes.jacrev):
            assert not jacobian(inner(f))(x).any()
    assert set(said) == {"0.272 -1.2e+00    2.6"}


def test_a_recording_does_not_freeze_a_value_that_was_looked_at() -> None:
    """x.astype(int) is replayed; what becomes a Python number cannot be, and is refused."""
    prepared = modes.prepare(lambda x: x * x.astype(int), np.array([1.5, 2.5]))
    np.testing.assert_array_equal(prepared.jacfwd(np.array([-3.5, 0.5])), np.diag([-3.0, 0.0]))
    looks: list[Callable[[Any], Any]] = [round, math.floor, math.ceil, math.trunc]
    for look in looks:
        with pytest.raises(modes.TracedValueError, match=r"needed as a Python number while modes\.prepare"):
            modes.prepare(lambda x, look=look: x * look(x[0]), np.array([1.5, 2.5]))


# --- several arrays, of which a forward pass is by one ----------------------------------------------------------------
MIXTURES: list[Callable[..., Any]] = [
    lambda x, y: np.concatenate([[x[0] * y[1]], y]),
    lambda x, y: np.concatenate([[x[0], 1.0], y, x]),
    lambda x, y: np.append([x[0], 2.0], y) * np.append(x, [y[1], 1.0]),
    lambda x, y: y * [x[0], 1.0, x[1]],
    lambda x, y: np.array([x[0], y[0], 1.0], like=y) * np.array([y[0], x[2], x[1] * y[1]], like=x),
    lambda x, y: np.where(y > 0, [x[0], x[1], y[0]], y) @ np.diag(y),
    lambda x, y: np.maximum([y[0], 0.0, y[1]], x) + np.exp(y),
    lambda x, y: modes.at(y * 1.0, 1).set([x[0] * y[0]][0]) + np.hstack([[x[1]], y[1:]]),
]


@pytest.mark.parametrize("f", MIXTURES)
def test_what_reverse_mode_can_do_forward_mode_can_by_each_array(f: Callable[..., Any]) -> None:
    """A pass by one array has the others plain, and NumPy then sees nothing traced but what is in the list."""
    x, y = real(3), 1.7 * real(3)
    modes.check_derivatives(f, x, y)
    expected = modes.jacrev(f, (0, 1))(x, y)
    for chunk_size in (None, 1, 2):
        for J, K in zip(modes.jacfwd(f, (0, 1), chunk_size)(x, y), expected, strict=True):
            np.testing.assert_allclose(J, K, rtol=1e-12, atol=1e-13)
    tree = modes.jacfwd(lambda p: f(p["x"], p["y"]))({"x": x, "y": y})
    np.testing.assert_allclose(tree["x"], expected[0], rtol=1e-12, atol=1e-13)
    nested = modes.jacfwd(modes.jacfwd(f, (0, 1)), (0, 1))(x, y)
    for by_first, outer in zip(nested, modes.jacrev(modes.jacrev(f, (0, 1)), (0, 1))(x, y), strict=True):
        for H, G in zip(by_first, outer, strict=True):
            np.testing.assert_allclose(H, G, rtol=1e-12, atol=1e-12)


def test_what_stands_still_has_no_derivative_and_errors_are_as_before() -> None:
    def f(x: Any, y: Any) -> Any:
        return np.concatenate([[x[0]], y]) * 0 + np.concatenate([y, [1.0]])

    x, y = real(3), real(3)
    for J, K in zip(modes.jacfwd(f, (0, 1))(x, y), modes.jacrev(f, (0, 1))(x, y), strict=True):
        np.testing.assert_array_equal(J, K)
    for g in (lambda x, y: np.array([x[0], y[0]]), lambda x, y: float(x[0]) * y):
        with pytest.raises(modes.TracedValueError, match="derivative"):
            modes.jacfwd(g, (0, 1))(x, y)
    kept: list[Any] = []
    modes.jacfwd(lambda x, y: kept.append(y) or np.concatenate([[x[0]], y]), (0, 1))(x, y)  # type: ignore[func-returns-value]
    for traced in kept:
        if not isinstance(traced, np.ndarray):
            with pytest.raises(modes.TracedValueError, match="used after its trace had ended"):
                traced + 1


def test_many_numbers_in_a_list() -> None:
    """More than are joined at once: the same, in order."""
    for n in (15, 16, 17, 33, 257):
        x = real(n)
        ways: list[Callable[[Any], Any]] = [
            lambda x: np.array([v * v for v in x], like=x),
            lambda x: np.stack([v * v for v in x]),
            lambda x: np.hstack([x[0] ** 2, *(x[i : i + 1] ** 2 for i in range(1, len(x)))]),
            lambda x: np.concatenate(list(np.vstack([v * v for v in x]))),
        ]
        for f in ways:
            np.testing.assert_array_equal(modes.jacrev(f)(x), np.diag(2 * x))
            np.testing.assert_array_equal(modes.jacfwd(f)(x), np.diag(2 * x))

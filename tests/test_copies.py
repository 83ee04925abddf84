"""Copies and pickles of what the engines follow, and a prepared function among threads: right, or refused."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import threading
from array import array
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import modes

X = np.array([0.3, -1.2, 2.0])
J = np.diag(2 * X)


@dataclasses.dataclass
class Point:
    x: Any


@dataclasses.dataclass(frozen=True)
class Pair:
    points: list[Point]


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "method": lambda x: x.copy(),
    "in a list": lambda x: copy.deepcopy([x, {"x": x}])[1]["x"],
    "asdict": lambda x: dataclasses.asdict(Pair([Point(x)]))["points"][0]["x"],
    "astuple": lambda x: dataclasses.astuple(Pair([Point(x)]))[0][0][0],
}


@pytest.mark.parametrize("way", COPIES)
def test_a_copy_has_the_derivative_of_what_was_copied(way: str) -> None:
    def f(x: Any) -> Any:
        return COPIES[way](x) * x

    for mode in ("forward", "reverse", "mixed", "auto"):
        np.testing.assert_array_equal(modes.jacobian(f, mode=mode)(X), J)
    np.testing.assert_array_equal(modes.grad(lambda x: np.sum(f(x)))(X), 2 * X)
    y, y_dot = modes.jvp(f, (X,), (np.ones(3),))
    assert type(y) is type(y_dot) is np.ndarray
    np.testing.assert_array_equal(modes.jacfwd(modes.grad(lambda x: np.sum(f(x))))(X), 2 * np.eye(3))
    np.testing.assert_array_equal(modes.prepare(f, X).jacrev(X), J)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_traced_array_is_not_pickled(protocol: int) -> None:
    for mode in ("forward", "reverse", "auto"):
        with pytest.raises(modes.TracedValueError, match=r"of shape \(3,\) cannot be pickled: .* pass it on as it is"):
            modes.jacobian(lambda x: pickle.loads(pickle.dumps(x, protocol)), mode=mode)(X)


def square(x: Any) -> Any:
    return x * x


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda p: pickle.loads(pickle.dumps(p))])
def test_a_prepared_copy_shares_no_buffer(again: Callable[[Any], Any]) -> None:
    first = modes.prepare(square, X)
    first.jacfwd(X)
    first.vjp(X)
    second = again(first)
    _, pullback = first.vjp(X)
    second.vjp(2 * X)
    np.testing.assert_array_equal(pullback(np.ones(3))[0], 2 * X)
    for prepared, factor in ((first, 2), (second, 2), (first, 6)):
        np.testing.assert_array_equal(prepared.jacfwd(X * factor / 2), J * factor / 2)


@pytest.mark.parametrize("method", ["jacfwd", "jacrev", "value"])
def test_threads_take_turns(method: str) -> None:
    n = 200
    A = np.random.default_rng(0).standard_normal((n, n)) / n**0.5

    def f(x: Any) -> Any:
        return np.tanh(A @ np.tanh(A @ x))

    points = [np.full(n, 0.1 * k) for k in range(1, 5)]
    prepared = modes.prepare(f, points[0])
    expected = [np.array(getattr(modes.prepare(f, x), method)(x)) for x in points]
    wrong: list[int] = []

    def work(k: int) -> None:
        for _ in range(20):
            if not np.array_equal(getattr(prepared, method)(points[k]), expected[k]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(points))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


class Own(np.ndarray):
    """An array with a meaning of its own."""


@pytest.mark.parametrize("odd", [np.ma.masked_array(X, [False, True, False]), X.view(Own)])
def test_prepare_refuses_the_subclasses_that_the_engines_refuse(odd: Any) -> None:
    with pytest.raises(TypeError, match="whose operations have a meaning of their own"):
        modes.prepare(lambda a, x: np.sum(a) * x, odd, X, argnums=1)
    with pytest.raises(TypeError, match="whose operations have a meaning of their own"):
        modes.prepare(lambda x: np.sum(x * odd), X)
    plain = np.array(odd)
    with pytest.raises(TypeError, match="whose operations have a meaning of their own"):
        modes.prepare(lambda a, x: np.sum(a) * x, plain, X, argnums=1).jacfwd(odd, X)


# --- whatever NumPy takes for an array stands for one ---

LIKE: dict[str, Callable[[Any], Any]] = {
    "trapezoid": lambda x: np.trapezoid([1.0, 2.0, 4.0], x),
    "average": lambda x: np.average([1.0, 2.0, 4.0], weights=x),
    "outer": lambda x: np.linalg.outer([1.0, 2.0], x),
    "range": lambda x: x * range(3),
    "memoryview": lambda x: x * memoryview(array("d", [1.0, 2.0, 3.0])),
    "fraction": lambda x: x * Fraction(1, 2),
}


@pytest.mark.parametrize("name", LIKE)
def test_what_numpy_takes_for_an_array_is_one(name: str) -> None:
    f = LIKE[name]
    x = np.array([1.0, 2.5, 3.0])
    expected = modes.jacfwd(f)(x)
    step = 1e-6 * np.eye(3)
    differences = np.stack([(f(x + h) - f(x - h)) / 2e-6 for h in step], axis=-1).astype(float)
    np.testing.assert_allclose(expected.astype(float), differences, atol=1e-8)
    for mode in ("reverse", "mixed", "auto"):
        np.testing.assert_allclose(modes.jacobian(f, mode=mode)(x).astype(float), expected.astype(float), rtol=1e-14)


def test_arrays_of_objects_that_are_numbers_are_numbers_in_every_mode() -> None:
    objects = np.array([1.0, 2, Fraction(3)], dtype=object)
    for f in (lambda x: np.sum(x * objects), lambda x: objects * x, lambda x: np.add(objects, x) ** 2):
        expected = modes.jacfwd(lambda x, f=f: f(x).astype(float))(X)
        for mode in ("forward", "reverse", "mixed", "auto"):
            np.testing.assert_array_equal(modes.jacobian(f, mode=mode)(X), expected)
    np.testing.assert_array_equal(modes.jacrev(lambda x: objects * x)(X), np.diag([1.0, 2.0, 3.0]))


@pytest.mark.parametrize("name", ["flags", "base", "view", "tobytes", "data", "ctypes"])
def test_what_an_ndarray_has_and_a_traced_array_has_not_is_said(name: str) -> None:
    with pytest.raises(AttributeError, match=rf"a traced array, of shape \(3,\), has no \.{name}: "):
        modes.jacfwd(lambda x: getattr(x, name))(X)


def test_a_modulus_is_refused() -> None:
    with pytest.raises(TypeError, match="takes no modulus"):
        modes.jacfwd(lambda x: pow(x, 2, 5))(X)


def test_a_tree_that_contains_itself_is_refused() -> None:
    tree: list[Any] = [X]
    tree.append(tree)
    with pytest.raises((TypeError, ValueError), match="itself"):
        modes.jacfwd(lambda t: t[0])(tree)

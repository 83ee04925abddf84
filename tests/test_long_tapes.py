"""Long tapes: what meets at a value is added up in memory that is nobody else's, and the collector is patient."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modes
from modes import collector


# -- fan-out -----------------------------------------------------------------------------------------------------------
def neighbours(x: Any) -> Any:
    """Slices that overlap, whole values, a view of them and constants, all of one value z."""
    z = np.concatenate([np.zeros(1), np.tanh(x), np.ones(2)])
    y = z + 0.5
    return (3 - 2 * z[1:-1]) * y[1:-1] - z[:-2] + z[2:] * y[:-2] + np.reshape(z, (-1,))[1:-1] + z[3] * z[-2]


WAYS: dict[str, Callable[[Any], Any]] = {
    "a slice": lambda z: z[1:],
    "another": lambda z: z[:-1],
    "every other": lambda z: z[::2],
    "backwards": lambda z: z[::-1],
    "an entry": lambda z: z[2] * np.ones(3),
    "itself": lambda z: z,
    "shifted": lambda z: z + 1.0,
    "twice": lambda z: z + z,
    "a view": lambda z: np.reshape(z, (2, -1)),
    "a product": lambda z: z * z,
    "a factor": lambda z: -0.5 * z,
    "a root": lambda z: np.sqrt(z * z + 1.0),
    "picked": lambda z: z[np.array([0, 0, 3])],
}


@given(ways=st.lists(st.sampled_from(sorted(WAYS)), min_size=1, max_size=6), n=st.sampled_from([6, 70]))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_what_meets_at_a_value_adds_up(ways: list[str], n: int) -> None:
    def f(x: Any) -> Any:
        z = np.cos(x)
        return np.concatenate([np.ravel(WAYS[way](z)) for way in ways])

    x = np.linspace(-1.0, 1.0, n)
    J = modes.jacfwd(f)(x)
    for other in (modes.jacrev(f)(x), modes.jacrev(f, chunk_size=4)(x), modes.jacobian(f, mode="mixed")(x)):
        np.testing.assert_allclose(other, J, rtol=1e-13, atol=1e-14)
    y, pullback = modes.vjp(f, x)
    seed = np.cos(np.arange(len(y)))
    kept = seed.copy()
    first, second = pullback(seed)[0], pullback(seed)[0]
    np.testing.assert_allclose(first, seed @ J, rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(first, second)  # the tape is as it was
    np.testing.assert_array_equal(seed, kept)  # and so is what came in
    first[:] = np.nan
    np.testing.assert_array_equal(pullback(seed)[0], second)


def test_a_second_derivative_goes_through_it() -> None:
    x = np.linspace(0.1, 1.0, 5)

    def loss(x: Any) -> Any:
        return np.sum(neighbours(x) ** 2)

    H = modes.hessian(loss)(x)
    np.testing.assert_allclose(H, modes.jacrev(modes.jacrev(loss))(x), rtol=1e-12)
    step = 1e-5
    differences = [(modes.grad(loss)(x + e) - modes.grad(loss)(x - e)) / (2 * step) for e in step * np.eye(5)]
    np.testing.assert_allclose(H, differences, rtol=1e-6)


# -- the collector -----------------------------------------------------------------------------------------------------
@pytest.fixture(autouse=True)
def thresholds() -> Iterator[tuple[int, int, int]]:
    before = gc.get_threshold()
    yield before
    after = gc.get_threshold()
    gc.set_threshold(*before)
    assert after == before


def steps(count: int, seen: list[Any]) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        for _ in range(count):
            x = np.sin(x)
        seen.append(gc.get_threshold())
        return x

    return f


@pytest.mark.parametrize("derive", [modes.grad, modes.jacrev, lambda f: lambda x: modes.vjp(f, x)[1](x)])
def test_the_collector_is_patient_while_a_tape_is_long(derive: Any, thresholds: tuple[int, int, int]) -> None:
    seen: list[Any] = []
    derive(steps(collector.LONG // 2, seen))(np.float64(1.0))
    derive(steps(2 * collector.LONG, seen))(np.float64(1.0))
    assert seen == [thresholds, (collector.INTERVAL, *thresholds[1:])]
    assert gc.get_threshold() == thresholds


def test_thresholds_come_back_after_an_error_and_stay_where_the_user_set_them() -> None:
    def failing(x: Any) -> Any:
        steps(2 * collector.LONG, [])(x)
        raise RuntimeError("of the user")

    before = gc.get_threshold()
    with pytest.raises(RuntimeError):
        modes.grad(failing)(1.0)
    assert gc.get_threshold() == before

    def setting(x: Any) -> Any:
        x = steps(2 * collector.LONG, [])(x)
        gc.set_threshold(123, 4, 5)
        return x

    modes.grad(setting)(1.0)
    assert gc.get_threshold() == (123, 4, 5)
    gc.set_threshold(0)
    seen: list[Any] = []
    modes.grad(steps(2 * collector.LONG, seen))(1.0)
    assert seen[0][0] == 0  # it was turned off, and is
    gc.set_threshold(*before)


def test_users_end_in_any_order(thresholds: tuple[int, int, int]) -> None:
    first = collector.Patience()
    second = collector.Patience()
    first.end()
    first.end()
    assert gc.get_threshold()[0] == collector.INTERVAL
    second.end()
    assert gc.get_threshold() == thresholds

    def work() -> None:
        for _ in range(20):
            modes.grad(steps(2 * collector.LONG, []))(1.0)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gc.get_threshold() == thresholds


def test_cycles_of_the_user_s_are_collected_all_the_same() -> None:
    alive: list[int] = []

    class Cycle:
        count = 0

        def __init__(self) -> None:
            self.me = self
            Cycle.count += 1

        def __del__(self) -> None:
            Cycle.count -= 1

    def f(x: Any) -> Any:
        x = steps(2 * collector.LONG, [])(x)
        for _ in range(2 * collector.INTERVAL):
            Cycle()
        alive.append(Cycle.count)
        return x

    modes.grad(f)(1.0)
    assert alive[0] < 1.5 * collector.INTERVAL

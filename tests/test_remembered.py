"""What mode="auto" remembers of a function: the mode that it chose, for how long, and what it is known again by."""

from __future__ import annotations

import functools
import gc
from typing import Any

import numpy as np
import pytest

import modes
from modes import choice, chunking, remembered
from modes.sized import SizedTape
from tests.test_mixed import counted_alone


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[SizedTape]:
    """An item for each time that a mode is chosen, or its plan looked up: it takes a tape that knows shapes."""
    tapes: list[SizedTape] = []

    def noted() -> SizedTape:
        tapes.append(SizedTape())
        return tapes[-1]

    monkeypatch.setattr(choice, "SizedTape", noted)
    choice.forget()
    return tapes


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_what_was_chosen_stands_for_calls_that_write_no_tape_to_choose_by(mode: str, looked: list[SizedTape]) -> None:
    n, m = (2, 300) if mode == "forward" else (300, 2)
    rng = np.random.default_rng(0)
    U, V = rng.standard_normal((300, 300)) / 17, rng.standard_normal((m, 300)) / 17
    f = lambda x: np.tanh(V @ np.tanh(U @ np.tanh(U[:, : len(x)] @ x)))  # noqa: E731
    x, y = np.ones(n), np.ones(3)
    assert modes.plan(f, x).mode == mode
    span = remembered.AGAIN
    for turn in range(3):  # each time that it is confirmed it stands for twice as long
        for _ in range(span + 1):
            np.testing.assert_allclose(modes.jacobian(f, mode="auto")(x), modes.jacrev(f)(x), rtol=1e-9, atol=1e-14)
        assert len(looked) == turn + 1
        span = 2 * span + 1
    modes.jacobian(f, mode="auto")(x)
    assert len(looked) == 4
    modes.jacobian(f, mode="auto")(y)  # of another shape
    modes.jacobian(f, mode="mixed")(x)
    modes.jacobian(f, mode="auto")(x.astype("float32"))
    assert len(looked) == 7
    modes.jacobian(f, mode="auto", chunk_size=1)(x)  # along a tape, f is not evaluated once a chunk
    assert len(looked) == 8
    with counted_alone():  # by other rates
        modes.jacobian(f, mode="auto")(x)
    assert len(looked) == 9
    jacobian = modes.jacobian(f, mode="auto")
    for count in (10, 11):
        choice.forget()  # of a Jacobian in use, too
        for _ in range(2):
            jacobian(x)
        assert len(looked) == count


def test_a_function_written_anew_is_known_by_its_code_and_by_what_it_closes_over(looked: list[SizedTape]) -> None:
    def written(W: Any, depth: int, inner: Any) -> Any:
        def f(x: Any) -> Any:
            for _ in range(depth):
                x = inner(W @ x)
            return x

        return f

    def jacobian(W: Any, depth: int = 2, inner: Any = np.tanh) -> Any:
        return modes.jacobian(written(W, depth, inner), mode="auto")(np.ones(len(W)))

    jacobian(np.ones((3, 3)))
    jacobian(np.zeros((3, 3)))  # other numbers
    assert len(looked) == 1
    for other in (lambda: jacobian(np.ones((4, 4))), lambda: jacobian(np.ones((3, 3)), 3)):
        count = len(looked)
        other()
        assert len(looked) == count + 1
    jacobian(np.ones((3, 3)), inner=lambda x: x)
    assert len(looked) == 4
    scale = functools.partial(lambda W, x: W @ x, np.ones((2, 2)))
    for _ in range(2):
        modes.jacobian(functools.partial(scale.func, np.ones((2, 2))), mode="auto")(np.ones(2))
    assert len(looked) == 5


def test_a_method_is_known_by_its_object(looked: list[SizedTape]) -> None:
    class Model:
        def __init__(self, m: int) -> None:
            self.W = np.ones((m, 3))

        def value(self, x: Any) -> Any:
            return np.tanh(self.W @ x)

    tall, small = Model(50), Model(2)
    for _ in range(3):
        for model in (tall, small):
            J = modes.jacobian(model.value, mode="auto")(np.ones(3))
            np.testing.assert_allclose(J, modes.jacfwd(model.value)(np.ones(3)), rtol=1e-13)
    assert len(looked) == 2


def test_with_one_input_nothing_is_recorded(looked: list[SizedTape]) -> None:
    np.testing.assert_allclose(modes.jacobian(lambda x: np.sin(x) * np.ones(5), mode="auto")(np.ones(1)), np.cos(1))
    assert not looked


def test_what_is_remembered_is_bounded_and_goes_with_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    choice.forget()
    monkeypatch.setattr(remembered, "MOST", 3)
    functions = [modes.layer_chain(4, 4, 2, size) for size in range(2, 9)]
    for chain in functions:
        modes.jacobian(chain, mode="auto")(chain.x)
    assert len(remembered._by_function) <= 3
    choice.forget()
    modes.jacobian(functions[0], mode="auto")(functions[0].x)
    assert len(remembered._by_function) == 1
    del chain, functions
    gc.collect()
    assert not remembered._by_function


def test_a_remembered_mode_refuses_what_does_not_fit_as_that_mode_does(monkeypatch: pytest.MonkeyPatch) -> None:
    W = np.ones((3, 6000)) / 6000
    f = lambda x: np.outer(np.ones(400), np.sin(W @ x)).ravel()  # noqa: E731
    x = np.ones(6000)
    auto = modes.jacobian(f, mode="auto")
    auto(x)
    monkeypatch.setattr(chunking, "available", lambda: 80 * 2**20)
    with pytest.raises(MemoryError, match="GiB are available"):
        modes.jacobian(f, mode=modes.plan(f, x).mode)(x)
    with pytest.raises(MemoryError, match="GiB are available"):
        auto(x)


def test_functions_that_cannot_be_referred_to_weakly_are_chosen_for_each_time() -> None:
    class Slotted:
        __slots__ = ()

        def __call__(self, x: Any) -> Any:
            return np.tanh(x[:1] * np.ones(30))

    class Unhashable(list):
        def __call__(self, x: Any) -> Any:
            return np.tanh(x[:1] * np.ones(30))

    for f in (Slotted(), Unhashable()):
        for _ in range(2):
            assert modes.jacobian(f, mode="auto")(np.ones(2)).shape == (30, 2)

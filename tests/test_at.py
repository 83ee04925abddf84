"""modes.at: what NumPy's assignment does, in a copy, with derivatives; and what a refused write says instead."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modes

from .rule_cases import Cases, real

few = settings(deadline=None, max_examples=40, derandomize=True)

INDICES: list[Any] = [
    1, -1, slice(1, None), slice(None, None, -2), ..., None, (0, 1), (slice(None), 2), (..., -1),
    (None, 1, slice(1, 3)), [0, 2, 0], [[0, 1], [2, 2]], ([0, 2], [3, 1]), (slice(0, 2), [1, 1, 3]),
    ([2, 0], slice(1, 3)), (1, [0, 3, 0]), np.arange(12).reshape(3, 4) % 3 == 0, np.array([True, False, True]),
    (slice(None), np.array([1, 0, 1, 0], bool)), (np.array([[0], [2]]), np.array([1, 1])), [], np.zeros((3, 4), bool),
]  # fmt: skip
X = real(3, 4)


def shape_of(index: Any) -> tuple[int, ...]:
    return np.shape(np.zeros((3, 4))[np.asarray(index, np.intp) if isinstance(index, list) else index])


def assigned(x: np.ndarray, index: Any, values: Any) -> np.ndarray:
    y = x.copy()
    y[index] = values
    return y


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_set_and_add_are_numpys_with_both_derivatives(index: Any) -> None:
    """By the array, by the values, by both; broadcast values; nested; plain arrays."""
    shape = shape_of(index)
    values = 1.5 + real(*shape)
    plain = index if not isinstance(index, list) else np.asarray(index, np.intp)
    expected = X.copy()
    np.add.at(expected, plain, values)
    np.testing.assert_array_equal(modes.at(X, index).add(values), expected)
    expected = X.copy()
    expected[plain] = values
    np.testing.assert_array_equal(modes.at(X, index).set(values), expected)
    for method in ("set", "add"):

        def f(x: Any, v: Any, method: str = method) -> Any:
            return getattr(modes.at(x * x, index), method)(v * v)

        cases: Cases = [(f, (X, values)), (lambda x, f=f: f(x, values), (X,)), (lambda v, f=f: f(X, v), (values,))]
        cases += [(f, (X, np.array(0.7))), (lambda v, f=f: f(np.ones((3, 4)), v), (values[..., :1],))] if shape else []
        for g, args in cases:
            np.testing.assert_array_equal(modes.vjp(g, *args)[0], g(*args))
            modes.check_derivatives(g, *args)
            for jacobian in (modes.jacfwd, modes.jacrev):
                for chunk_size in (None, 2):
                    J, K = (j(g, 0, chunk_size)(*args) for j in (jacobian, modes.jacrev))
                    np.testing.assert_allclose(J, K, rtol=1e-12, atol=1e-13)
        gradient = modes.grad(lambda x, v, f=f: np.sum(np.cos(f(x, v)) * np.arange(12).reshape(3, 4)), (0, 1))
        modes.check_derivatives(
            lambda x, v, g=gradient: np.sum(g(x, v)[0]) + np.sum(g(x, v)[1] ** 2), X, values, rtol=1e-6
        )
        prepared = modes.prepare(f, X, values)
        np.testing.assert_allclose(prepared.jacfwd(2 * X, values), modes.jacfwd(f)(2 * X, values))
        np.testing.assert_allclose(prepared.vjp(X, 2 * values)[1](X)[1], modes.vjp(f, X, 2 * values)[1](X)[1])


@few
@given(st.data())
def test_any_index(data: st.DataObject) -> None:
    """Whatever index NumPy takes: the assignment and np.add.at, and J^T of both against J."""
    shape = data.draw(arrays.array_shapes(min_dims=1, max_dims=3, max_side=4))
    kind = data.draw(st.sampled_from(["basic", "arrays", "mask"]))
    index: Any
    if kind == "basic":
        index = data.draw(arrays.basic_indices(shape, allow_newaxis=True))
    elif kind == "arrays":
        index = data.draw(arrays.integer_array_indices(shape))
    else:
        index = data.draw(arrays.arrays(bool, shape))
    x, place = real(*shape), np.zeros(shape)[index].shape
    v, w = real(*place), real(*shape)
    expected = x.copy()
    np.add.at(expected, index, v)
    np.testing.assert_allclose(modes.at(x, index).add(v), expected, rtol=1e-13)
    np.testing.assert_array_equal(modes.at(x, index).set(v), assigned(x, index, v))
    for method in ("set", "add"):
        _, pullback = modes.vjp(lambda x, v, m=method: getattr(modes.at(x, index), m)(v), x, v)
        J = modes.jacfwd(lambda x, v, m=method: getattr(modes.at(x, index), m)(v), (0, 1))(x, v)
        for cotangent, j in zip(pullback(w), J, strict=True):
            np.testing.assert_allclose(cotangent, np.tensordot(w, j, w.ndim), rtol=1e-12, atol=1e-13)


def test_duplicates_last_wins_and_all_add() -> None:
    for jacobian in (modes.jacfwd, modes.jacrev):
        J = jacobian(lambda v: modes.at(np.zeros(3), [1, 0, 1]).set(v))(np.array([1.0, 2.0, 3.0]))
        np.testing.assert_array_equal(J, [[0, 1, 0], [0, 0, 1], [0, 0, 0]])
        J = jacobian(lambda v: modes.at(np.zeros(3), [1, 0, 1]).add(v))(np.array([1.0, 2.0, 3.0]))
        np.testing.assert_array_equal(J, [[0, 1, 0], [1, 0, 1], [0, 0, 0]])


@pytest.mark.parametrize("index", [1, slice(0, 2), [2, 0], np.array([True, False, True])], ids=str)
def test_multiply_min_and_max(index: Any) -> None:
    v = real(*np.shape(X[index])) * 0.9
    for method, func in (("multiply", np.multiply), ("min", np.minimum), ("max", np.maximum)):

        def f(x: Any, v: Any, method: str = method) -> Any:
            return getattr(modes.at(x, index), method)(v)

        np.testing.assert_array_equal(f(X, v), assigned(X, index, func(X[index], v)))
        modes.check_derivatives(f, X, v)
        with pytest.raises(ValueError, match=r"takes each entry once for \.\w+, got \[0, 0\]"):
            getattr(modes.at(X, [0, 0]), method)(1.0)


def test_dtypes_are_those_of_the_array() -> None:
    x = np.zeros(3, np.float32)
    y, y_dot = modes.jvp(lambda v: modes.at(x, [0, 2]).set(v * 2), (np.ones(2),), (np.ones(2),))
    assert y.dtype == y_dot.dtype == np.float32
    np.testing.assert_array_equal(y_dot, [2, 0, 2])
    (v_bar,) = modes.vjp(lambda v: modes.at(x, 0).add(v), np.array(1.0))[1](np.ones(3, np.float32))
    assert v_bar.dtype == np.float64
    assert modes.at(np.zeros(3, int), 0).set(2).dtype == np.zeros(3, int).dtype
    with pytest.raises(TypeError, match=r"array of dtype int64 can hold, got dtype float64; .* x.astype\(float\)"):
        modes.grad(lambda x: np.sum(modes.at(np.arange(3), 0).set(x)))(1.0)
    with pytest.raises(TypeError, match="can hold, got dtype float64"):
        modes.at(np.arange(3), 0).set(0.5)


def test_nothing_is_written_to_and_bad_places_are_numpys_errors() -> None:
    kept = X.copy()
    modes.at(X, 0).set(1.0)
    modes.at(X, [0, 1]).add(1.0)
    np.testing.assert_array_equal(X, kept)
    assert repr(modes.at(np.zeros(2), np.s_[1:])) == "modes.at(array([0., 0.]), np.s_[1:])"
    with pytest.raises(IndexError, match="out of bounds"):
        modes.grad(lambda x: np.sum(modes.at(x, 5).set(1.0)))(X)
    with pytest.raises(ValueError, match="broadcast"):
        modes.grad(lambda x: np.sum(modes.at(x, 0).set(np.ones(3))))(X)


def test_a_mask_is_evaluated_anew_in_a_recording() -> None:
    def f(x: Any) -> Any:
        return modes.at(x * x, x > 0).set(3 * x[1])

    prepared = modes.prepare(f, np.array([1.0, -2.0, 3.0]))
    for x in (np.array([1.0, -2.0, 3.0]), np.array([-1.0, 2.0, 3.0]), -np.ones(3)):
        np.testing.assert_array_equal(prepared.value(x), f(x))
        np.testing.assert_array_equal(prepared.jacfwd(x), modes.jacrev(f)(x))
        np.testing.assert_array_equal(prepared.jacrev(x), modes.jacrev(f)(x))


# --- what a refused write says ----------------------------------------------------------------------------------------
def entry(x: Any, i: int = 1) -> Any:
    y = np.zeros(3)
    y[i - 1] = x[0] ** 2
    return y


def several(x: Any) -> Any:
    y = np.zeros((2, 3))
    y[0, 1:] = x[1:]
    return y


def scaled(x: Any) -> Any:
    y = np.ones((2, 3))
    y[1, :] *= x
    return y


def less(x: Any) -> Any:
    y = np.ones(3)
    y[:2] -= x[:2] + 1
    return y


def powers(x: Any) -> Any:
    y = np.ones(3)
    y[0:2] **= x[0]
    return y


def total(x: Any) -> Any:
    total = np.zeros(3)
    total += x
    return total


def halves(x: Any) -> Any:
    total = np.ones(3)
    total /= 2 * x
    return total


def into_traced(x: Any) -> Any:
    z = x * 2
    z[0, ..., None] = 1.0
    return z


def attribute(x: Any) -> Any:
    class Box:
        y = np.zeros(3)

    Box.y[[0, 1]] = x[:2]
    return Box.y


def unpacked(x: Any) -> Any:
    y = np.zeros(3)
    a, y[2] = 1.0, x[0]
    return y * a


def over_lines(x: Any) -> Any:
    y = np.zeros(3)
    y[0] = x[0] + x[1]
    return y


def long(x: Any) -> Any:
    y = np.zeros(3)
    y[0] = x[0] + x[1] + x[2] + x[0] + x[1] + x[2] + x[0] + x[1] + x[2] + x[0] + x[1] + x[2]
    return y


def into_whole(x: Any) -> Any:
    counts = np.zeros(3, int)
    counts[2] = x[0]
    return counts


SAID: dict[Callable[..., Any], str] = {
    entry: "write y = modes.at(y, i - 1).set(x[0] ** 2)",
    several: "write y = modes.at(y, np.s_[0, 1:]).set(x[1:])",
    scaled: "write y = modes.at(y, np.s_[1, :]).multiply(x)",
    less: "write y = modes.at(y, np.s_[:2]).add(-(x[:2] + 1))",
    powers: "write y = modes.at(y, np.s_[0:2]).set(y[0:2] ** x[0])",
    total: "write total = total + x",
    halves: "write total = total / (2 * x)",
    into_traced: "write z = modes.at(z, (0, ..., None)).set(1.0)",
    attribute: "write Box.y = modes.at(Box.y, [0, 1]).set(x[:2])",
    unpacked: "write y = modes.at(y, 2).set(values)",
    over_lines: "write y = modes.at(y, 0).set(x[0] + x[1])",
    long: "write y = modes.at(y, 0).set(values)",
    into_whole: "write counts = modes.at(counts, 2).set(x[0])",
}


@pytest.mark.parametrize("f", SAID, ids=lambda f: f.__name__)
def test_a_refused_write_is_written_out_in_the_user_s_words(f: Callable[[Any], Any]) -> None:
    x = np.array([1.0, 2.0, 3.0])
    ways: list[Any] = [
        modes.jacfwd,
        modes.jacrev,
        lambda f: modes.jacfwd(modes.jacrev(f)),
        partial(partial, modes.prepare),
    ]
    for jacobian in ways:
        with pytest.raises(modes.TracedValueError) as caught:
            jacobian(f)(x)
        assert SAID[f] in str(caught.value)
        assert "out=" not in str(caught.value)


def test_functions_that_write_are_rewritten_with_their_arguments() -> None:
    """And what is written instead does what they do."""
    mask = np.array([True, False, True])
    A, y = np.ones((3, 3)), np.ones(3)
    calls: dict[str, Callable[[Any], Any]] = {
        "y = np.broadcast_to(x * 2, np.shape(y))": lambda x: np.copyto(y, x * 2),
        "y = np.reshape(modes.at(np.ravel(y), [0, 2]).set(x[:2]), np.shape(y))": lambda x: np.put(y, [0, 2], x[:2]),
        "y = modes.at(y, mask).set(x[1:])": lambda x: np.place(y, mask, x[1:]),
        "y = np.where(mask, x, y)": lambda x: np.putmask(y, mask, x),
        "A = modes.at(A, np.diag_indices_from(A)).set(x)": lambda x: np.fill_diagonal(A, x),
    }
    x = np.array([2.0, 3.0, 4.0])
    for said, call in calls.items():
        with pytest.raises(TypeError) as caught:
            modes.grad(call)(x)
        if "here" in str(caught.value):  # NumPy asks y alone for some
            assert f"here {said} (called" in str(caught.value)
        space: dict[str, Any] = {"np": np, "modes": modes, "mask": mask, "A": np.ones((3, 3)), "y": np.ones(3), "x": x}
        exec(said, space)
        A[:], y[:] = 1.0, 1.0
        call(x)
        np.testing.assert_array_equal(space[said[0]], A if said[0] == "A" else y)
        A[:], y[:] = 1.0, 1.0


def test_an_operator_that_writes_into_a_traced_array_is_written_out() -> None:
    def f(x: Any) -> Any:
        z = x * 2
        z += x[::-1]
        return z

    def g(x: Any) -> Any:
        z = x * 2
        z[1:] -= x[0]
        return z

    for h, said in ((f, "here z = z + x[::-1] (called"), (g, "here z = modes.at(z, np.s_[1:]).add(-x[0]) (called")):
        for jacobian in (modes.jacfwd, modes.jacrev):
            with pytest.raises(modes.TracedValueError) as caught:
                jacobian(h)(np.ones(3))
            assert said in str(caught.value)


def test_what_is_advised_gives_the_derivative() -> None:
    x = np.array([1.0, 2.0, 3.0])
    for f in SAID:
        said = SAID[f].removeprefix("write ")
        if "z = " in said or "Box" in said or "counts" in said or "(values)" in said:
            continue
        name = said.split(" = ")[0]
        start = {"scaled": np.ones((2, 3)), "several": np.zeros((2, 3)), "less": np.ones(3), "powers": np.ones(3)}
        first = start.get(f.__name__, np.ones(3) if f is halves else np.zeros(3))

        def followed(x: Any, said: str = said, name: str = name, first: Any = first) -> Any:
            space = {"np": np, "modes": modes, "x": x, name: first, "i": 1}
            exec(said, space)
            return space[name]

        np.testing.assert_allclose(followed(x), f(x))
        modes.check_derivatives(followed, x)


def test_where_there_is_no_source_the_index_is_named_by_its_value() -> None:
    space: dict[str, Any] = {"np": np}
    exec("def f(x):\n    x[0, 1:, ...] = 3.0\n    return x\ndef g(x):\n    y = np.zeros(3)\n    y[0] = x[0, 0]", space)
    for name, said in (
        ("f", "write x = modes.at(x, np.s_[0, 1:, ...]).set(values)"),
        ("g", "y = modes.at(y, index).set(x)"),
    ):
        with pytest.raises(modes.TracedValueError) as caught:
            modes.grad(space[name])(X)
        assert said in str(caught.value)


def test_a_number_that_is_no_write_is_not_called_one() -> None:
    def f(x: Any) -> Any:
        y = np.zeros(3)
        y[0] = float(x[0]) + 1
        return y

    with pytest.raises(modes.TracedValueError) as caught:
        modes.grad(f)(np.ones(3))
    assert "modes.at(y, 0)" not in str(caught.value)


REFUSED: list[tuple[Callable[[Any], Any], str]] = [
    (
        lambda x: np.add.at(np.zeros(3), [0, 1], x[:2]),
        r": np.zeros\(3\) = modes.at\(np.zeros\(3\), \[0, 1\]\).add\(x\[:2\]\)",
    ),
    (lambda x: np.maximum.at(np.zeros(3), 1, x[0]), r"modes.at\(np.zeros\(3\), 1\).max\(x\[0\]\)"),
    (lambda x: np.put(x, [0], 1.0), r"modes.at\(np.ravel\(y\), indices\).set"),
    (lambda x: np.place(x, x > 0, [1.0]), r"modes.at\(y, mask\).set"),
    (lambda x: np.fill_diagonal(x, 1.0), "np.diag_indices_from"),
    (lambda x: x.put([0], 1.0), r"modes.at\(np.ravel\(x\), indices\).set"),
]


def test_the_method_at_is_written_out_in_the_user_s_words() -> None:
    def f(x: Any) -> Any:
        total = np.zeros(3)
        where = np.array([0, 2, 0])
        np.add.at(total, where[:2], x[:2] ** 2)
        return total

    with pytest.raises(modes.MissingRule) as caught:
        modes.grad(f)(np.ones(3))
    assert "make a new one: total = modes.at(total, where[:2]).add(x[:2] ** 2) (called" in str(caught.value)
    with pytest.raises(modes.MissingRule, match=r"y = modes.at\(y, \[0\]\).add\(values\)"):
        modes.grad(lambda x: np.add.at(*[x, [0], 1.0]))(np.ones(3))


@pytest.mark.parametrize(("f", "message"), REFUSED)
def test_functions_that_write_name_the_update(f: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        modes.grad(f)(np.ones(3))

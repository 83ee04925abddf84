"""modes.batch_jacobian: the blocks of the full Jacobian, and a function that mixes rows is noticed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modes

from .rule_cases import real

few = settings(deadline=None, max_examples=25, derandomize=True)
MODES = ("forward", "reverse", "auto")
BOTH = pytest.mark.parametrize("mode", MODES)
W = real(4, 3)
X = real(5, 3)


def blocks(J: Any, rows: int, ndim_out: int) -> Any:
    """The blocks on the diagonal of a full Jacobian (b, *out, b, *in)."""
    return np.stack([np.take(np.take(J, i, axis=ndim_out + 1), i, axis=0) for i in range(rows)])


@few
@given(
    st.integers(1, 5), arrays.array_shapes(min_dims=0, max_dims=2, max_side=3, min_side=0), st.integers(1, 4),
    st.sampled_from([None, 1, 2]), st.sampled_from(MODES),
)  # fmt: skip
def test_it_is_the_diagonal_of_blocks(
    rows: int, inner: tuple[int, ...], m: int, chunk_size: int | None, mode: str
) -> None:
    x = real(rows, *inner)
    n = int(np.prod(inner))
    A = real(m, n)

    def f(x: Any) -> Any:
        return np.sin(np.reshape(x, (rows, n)) @ A.T) * np.sum(np.reshape(x * x, (rows, n)), axis=1, keepdims=True)

    J = modes.batch_jacobian(f, mode=mode, chunk_size=chunk_size)(x)
    assert J.shape == (rows, m, *inner)
    np.testing.assert_allclose(J, blocks(modes.jacrev(f)(x), rows, 1), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(
        J, np.stack([modes.jacfwd(lambda r: f_of_row(A, r))(row) for row in x]), rtol=1e-12, atol=1e-13
    )


def f_of_row(A: Any, row: Any) -> Any:
    flat = np.reshape(row, (-1,))
    return np.sin(A @ flat) * np.sum(flat * flat)


@BOTH
def test_trees_of_arguments_and_results(mode: str) -> None:
    def f(p: Any, scale: Any, *, power: int) -> Any:
        y = np.tanh(p["x"] @ W.T) * p["s"][:, None] * scale
        return {"y": y, "total": np.sum(y, axis=1) ** power}, y * 2

    p = {"x": X, "s": real(5)}
    J, aux = modes.batch_jacobian(f, mode=mode, has_aux=True)(p, 3.0, power=2)
    full = modes.jacrev(f, has_aux=True)(p, 3.0, power=2)[0]
    for key, ndim in (("y", 2), ("total", 1)):
        for name, x in p.items():
            assert J[key][name].shape == (*np.shape(aux)[:ndim], *x.shape[1:])
            np.testing.assert_allclose(J[key][name], blocks(full[key][name], 5, ndim - 1), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(aux, f(p, 3.0, power=2)[1])
    both = modes.batch_jacobian(lambda a, b: a * b[:, None], (0, 1), mode=mode)(X, p["s"])
    np.testing.assert_allclose(both[0], np.eye(3) * p["s"][:, None, None])
    np.testing.assert_allclose(both[1], X)


@BOTH
def test_a_pass_takes_as_many_evaluations_as_arrays(mode: str) -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        return np.tanh(x @ W.T)

    modes.batch_jacobian(f, mode=mode)(X)
    assert len(calls) <= 2  # one recording to choose by, one pass


@BOTH
def test_float32_and_memory(mode: str) -> None:
    x = X.astype(np.float32)
    J = modes.batch_jacobian(lambda x: np.tanh(x @ W.T.astype(np.float32)), mode=mode)(x)
    assert J.dtype == np.float32
    assert J.flags.writeable
    assert J.flags.c_contiguous
    assert J.base is None or J.base.size == J.size


MIXED: dict[str, Callable[[Any], Any]] = {
    "mean": lambda x: x - np.mean(x, axis=0),
    "a little of the mean": lambda x: x + 1e-5 * np.mean(x, axis=0),
    "reversed": lambda x: x[::-1] * 1.0,
    "shifted": lambda x: np.concatenate([x[1:], x[:1]]),
    "sorted": lambda x: np.sort(x, axis=0),
    "running": lambda x: np.cumsum(x, axis=0),
    "largest": lambda x: x * np.max(x),
    "norm": lambda x: x / np.linalg.norm(x),
    "first": lambda x: x * (1 + 1e-5 * x[0]),
    "pairs": lambda x: np.concatenate([x[:1] * x[4:], x[1:]]),
    "second difference": lambda x: x + np.concatenate([x[:1], x[:-1]]) - 2 * x + np.concatenate([x[1:], x[-1:]]),
    "nothing of its own": lambda x: np.concatenate([x[1:], x[:1]]) * 1.0 - x + x,
    "cancelling": lambda x: x - np.concatenate([x[1:], x[:1]]),
    "small units": lambda x: np.stack([x[:, 0], 1e-12 * (x[:, 1] - np.mean(x[:, 1]))], axis=1),
    "small by one argument": lambda x: x[:, :1] * 1e6 + 1e-3 * np.mean(x[:, 1]),
    "outlier": lambda x: x * np.where(np.arange(5) == 0, 1e12, 1.0)[:, None] + np.mean(x, axis=0),
    "beside infinity": lambda x: np.stack([1 / (x[:, 0] - X[0, 0]), x[:, 1] * np.sum(x[:, 1])], axis=1),
}


@BOTH
@pytest.mark.parametrize("name", MIXED)
def test_a_function_that_mixes_rows_is_noticed(name: str, mode: str) -> None:
    with (
        np.errstate(divide="ignore", invalid="ignore"),
        pytest.raises(ValueError, match=r"depends on other rows as well"),
    ):
        modes.batch_jacobian(MIXED[name], mode=mode)(X)
    with np.errstate(divide="ignore", invalid="ignore"):
        modes.batch_jacobian(MIXED[name], mode=mode, check=False)(X)


@few
@given(st.integers(2, 40), st.data(), st.sampled_from(MODES))
def test_any_two_rows(rows: int, data: st.DataObject, mode: str) -> None:
    i, k = data.draw(st.lists(st.integers(0, rows - 1), min_size=2, max_size=2, unique=True))
    strength = data.draw(st.sampled_from([1e-4, 1.0, 1e4]))

    def f(x: Any) -> Any:
        return modes.at(x * x, i).add(strength * x[k])

    with pytest.raises(ValueError, match=rf"row {i} depends|row {k} depends"):
        modes.batch_jacobian(f, mode=mode)(real(rows, 2))


@BOTH
def test_rounding_is_not_a_dependence(mode: str) -> None:
    """Results whose derivatives are nothing but rounding, or lose most of their digits, or are infinite."""
    share = modes.batch_jacobian(
        lambda x: np.sum(np.exp(x) / np.sum(np.exp(x), axis=1, keepdims=True), axis=1), mode=mode
    )
    assert np.abs(share(X)).max() < 1e-15
    lost = modes.batch_jacobian(lambda x: (x * (1 / 3 + 1e7)) - x * 1e7, mode=mode)(1e3 * real(50, 3))
    np.testing.assert_allclose(np.einsum("bii->bi", lost), 1 / 3, rtol=1e-7)
    with np.errstate(divide="ignore"):
        J = modes.batch_jacobian(np.sqrt, mode=mode)(np.array([[0.0, 1.0], [4.0, 0.0]]))
    np.testing.assert_array_equal(np.einsum("bii->bi", J), [[np.inf, 0.5], [0.25, np.inf]])


def test_second_derivatives_of_every_row() -> None:
    """Nested in itself, in the other modes, and in a recording."""

    def potential(x: Any) -> Any:
        return np.sum(np.tanh(x @ W.T) ** 2, axis=1)

    expected = np.stack([modes.hessian(lambda r: np.sum(np.tanh(W @ r) ** 2))(row) for row in X])
    for outer in MODES:
        for inner in MODES:
            H = modes.batch_jacobian(modes.batch_jacobian(potential, mode=inner), mode=outer)(X)
            np.testing.assert_allclose(H, expected, rtol=1e-10, atol=1e-12)
    full = modes.jacfwd(modes.batch_jacobian(potential, mode="reverse"))(X)
    np.testing.assert_allclose(blocks(full, 5, 1), expected, rtol=1e-10, atol=1e-12)
    prepared = modes.prepare(modes.batch_jacobian(potential, mode="forward"), X)
    np.testing.assert_allclose(
        prepared.value(2 * X), modes.batch_jacobian(potential, mode="reverse")(2 * X), rtol=1e-10
    )


@BOTH
def test_nothing_depends_on_the_argument(mode: str) -> None:
    np.testing.assert_array_equal(modes.batch_jacobian(lambda x: np.ones((5, 2)), mode=mode)(X), np.zeros((5, 2, 3)))
    assert modes.batch_jacobian(lambda x: x, mode=mode)(np.zeros((0, 3))).shape == (0, 3, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: modes.batch_jacobian(np.sin, mode="mixed"), "expected mode to be one of 'forward', 'reverse', 'auto'"),
        (
            lambda: modes.batch_jacobian(np.sin, mode="forward")(np.array(1.0)),
            r"argument of sin .* shape \(\)",
        ),
        (lambda: modes.batch_jacobian(lambda x: np.sum(x), mode="forward")(X), r"result of .* 5 rows, got shape \(\)"),
        (lambda: modes.batch_jacobian(lambda x: x.T, mode="reverse")(X), r"result of .* 5 rows, got shape \(3, 5\)"),
        (lambda: modes.batch_jacobian(lambda a, b: a, (0, 1), mode="auto")(X, X[:2]), r"argument .* 5 rows, got shape"),
        (lambda: modes.batch_jacobian(lambda x: x, mode="auto")({}), "got no array in the arguments chosen"),
        (lambda: modes.batch_jacobian(np.sin, mode="auto", chunk_size=0)(X), "expected chunk_size of 1 or more"),
    ],
)
def test_refusals(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()

"""Prepared functions: equal to the engines wherever they replay, an error wherever replaying would be wrong."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import modes
from modes.errors import name_of

from .test_jacobians import CHAINS
from .test_rules import CASES

rng = np.random.default_rng(11)
A, B = rng.standard_normal((4, 4)), rng.standard_normal((3, 4))
x = rng.standard_normal(4)

# Their rules compute places in plain arrays from values, which cannot be recorded.
REFUSED: dict[Any, set[int]] = {np.piecewise: {0, 1}}


def draw(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape)


def same(came: Any, expected: Any, rtol: float = 1e-12) -> None:
    assert np.shape(came) == np.shape(expected)
    assert np.asarray(came).dtype == np.asarray(expected).dtype
    size = float(np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(came, expected, rtol=rtol, atol=rtol * size)


def agree(f: Callable[..., Any], points: list[tuple[Any, ...]], chunk_sizes: tuple[int | None, ...] = (None, 2)) -> Any:
    """All methods of f, prepared at the first point, against the engines at all points."""
    argnums = tuple(range(len(points[0])))
    prepared = modes.prepare(f, *points[0], argnums=argnums)
    for args in points:
        for chunk_size in chunk_sizes:
            for name in ("jacfwd", "jacrev"):
                came = getattr(prepared, name)(*args, chunk_size=chunk_size)
                for J, K in zip(came, getattr(modes, name)(f, argnums, chunk_size)(*args), strict=True):
                    same(J, K)
        v = tuple(np.asarray(np.cos(np.arange(np.size(a))), a.dtype).reshape(np.shape(a)) for a in args)
        y, y_dot = prepared.jvp(args, v)
        z, z_dot = modes.jvp(f, args, v)
        same(y, z)
        same(y_dot, z_dot)
        w = np.asarray(np.sin(1 + np.arange(y.size)), y.dtype).reshape(y.shape)
        y, pullback = prepared.vjp(*args)
        same(y, z)
        _, engine = modes.vjp(f, *args)
        for cotangent in (w, -2 * w):  # a pull-back may be called again
            for c, d in zip(pullback(cotangent), engine(cotangent), strict=True):
                same(c, d)
        same(prepared.value(*args), z)
    return prepared


# -- equal to the engines ----------------------------------------------------------------------------------------------
def _parameters() -> list[Any]:
    return [
        pytest.param(f, args, id=f"{name_of(func)}-{i}")
        for func, cases in CASES.items()
        for i, (f, args) in enumerate(cases)
        if i not in REFUSED.get(func, ())
    ]


@pytest.mark.parametrize(("f", "args"), _parameters())
def test_every_row_of_the_rule_table(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    agree(f, [args, tuple(np.asarray(a * 1.001, np.result_type(a))[()] for a in args), args])


@pytest.mark.parametrize(
    ("func", "i"),
    [pytest.param(func, i, id=f"{name_of(func)}-{i}") for func, places in REFUSED.items() for i in sorted(places)],
)
def test_what_cannot_be_recorded_is_refused(func: Any, i: int) -> None:
    f, args = CASES[func][i]
    with pytest.raises(modes.TracedValueError, match=r"modes.prepare recorded the function: replaying"):
        modes.prepare(f, *args)


@pytest.mark.parametrize("options", CHAINS, ids=lambda o: "-".join(map(str, o.values())))
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_every_chain_bitwise(options: dict[str, Any], depth: int) -> None:
    """Small blocks: the very operations of the engines, so the very bits, at every point and chunk size."""
    chain = modes.layer_chain(**{"n": 5, "m": 7, "width": 8, "depth": depth, **options})
    prepared = agree(chain, [(chain.x,), (chain.x * 0.9,)], (None, 1, 3, 100))
    for point in (chain.x, chain.x + 0.01, chain.x):
        np.testing.assert_array_equal(prepared.jacrev(point)[0], modes.jacrev(chain)(point))
        np.testing.assert_array_equal(prepared.jacfwd(point)[0], modes.jacfwd(chain)(point))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_large_blocks(dtype: str) -> None:
    """Large enough for the engines' in-place scaling and for buffers used again and again."""
    chain = modes.layer_chain(90, 80, 6, 100, dtype=dtype, layer="residual")
    prepared = modes.prepare(chain, chain.x)
    for point in (chain.x, np.asarray(chain.x * 0.5, dtype), chain.x):
        for name in ("jacfwd", "jacrev"):
            J = getattr(prepared, name)(point)
            assert J.dtype == dtype
            same(J, getattr(modes, name)(chain)(point), 1e-12 if dtype == "float64" else 1e-5)


def test_fan_out_and_views() -> None:
    """Values used twice, slices, transposes, reshapes: no buffer may be used again too early."""

    def f(x: Any, W: Any) -> Any:
        h = np.tanh(W @ x)
        u = h[::-1] * x + h
        M = np.reshape(np.concatenate([u, h[:2], x[1:3]]), (2, 4))
        return (M.T @ M)[1] * u + np.sum(h * u) - np.where(x > 0, h, x) * x[np.argsort(x)]

    agree(f, [(draw(4), draw(4, 4)) for _ in range(3)])


def test_operations_that_depend_on_values_are_replayed_not_frozen() -> None:
    def f(x: Any) -> Any:
        mask = (x > 0) & ~(x > 1.5)
        steps = np.floor(x) + np.sign(x) + np.round(2 * x)
        order = np.argsort(x)
        return np.where(mask, x**3, x) * steps + x[order] * mask.astype(float) + x * np.count_nonzero(mask)

    agree(f, [(draw(4),) for _ in range(6)])


def test_scalars_and_constant_functions() -> None:
    agree(lambda a, b: a * b + a, [(np.float64(2.0), np.float64(3.0)), (np.float64(-1.0), np.float64(0.5))])
    agree(lambda x: np.ones(3), [(draw(2),)])
    agree(lambda x: x, [(draw(3),), (draw(3),)])
    agree(lambda x: B @ x, [(draw(4),)])
    assert modes.prepare(lambda x: x * x, 3.0).jacfwd(4.0) == 8.0


def test_trees_and_argnums() -> None:
    weights = {"W": A, "b": (x, [2.0])}

    def f(p: Any, x: Any, power: int, mode: str) -> Any:
        assert mode == "plus"
        return p["W"] @ x**power + p["b"][0] * p["b"][1][0]

    prepared = modes.prepare(f, weights, x, 2, "plus", argnums=(1, 0))
    other = {"W": 2 * A, "b": (x + 1, [3.0])}
    for point in (weights, other):
        for name in ("jacfwd", "jacrev"):
            came = getattr(prepared, name)(point, x, 2, "plus")
            expected = getattr(modes, name)(f, (1, 0))(point, x, 2, "plus")
            same(came[0], expected[0])
            for branch in ("W",):
                same(came[1][branch], expected[1][branch])
            same(came[1]["b"][0], expected[1]["b"][0])
            same(came[1]["b"][1][0], expected[1]["b"][1][0])
    with pytest.raises(ValueError, match="expected 2 in argument 2, which f was prepared with, got 3; it is fixed"):
        prepared.jacfwd(weights, x, 3, "plus")
    with pytest.raises(TypeError, match="prepared with 2 fixed in argument 2; pass it as a NumPy array"):
        prepared.vjp(weights, x, 2, "plus")
    with pytest.raises(TypeError, match="prepared with 2 fixed in argument 2"):
        prepared.jvp((weights, x, 2, "plus"), (weights, x, 2, "plus"))


def test_captured_arrays_are_read_anew() -> None:
    W, c = A.copy(), np.full(4, 2.0)
    prepared = modes.prepare(lambda x: c * np.tanh(W @ x), x)
    prepared.jacfwd(x), prepared.jacrev(x)
    W *= 0.5
    W[2] = 0.0
    for special in (3.0, np.inf):  # 0 times an infinite derivative is 0: a guard sees the change
        c[2] = special
        for name in ("jacfwd", "jacrev"):
            with np.errstate(invalid="ignore"):
                J = getattr(prepared, name)(x)
                np.testing.assert_array_equal(J, getattr(modes, name)(lambda x: c * np.tanh(W @ x))(x))
        assert np.all(J[2] == 0.0) or special == np.inf


def test_the_function_runs_once() -> None:
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        return np.sin(x) * x

    prepared = modes.prepare(f, x)
    for _ in range(2):
        prepared.jacfwd(x), prepared.jacrev(x, chunk_size=1), prepared.jvp((x,), (x,)), prepared.value(x)
        prepared.vjp(x)[1](x)
    assert len(calls) == 1


def test_derivatives_of_prepared_derivatives_and_prepared_gradients() -> None:
    def f(x: Any) -> Any:
        return np.sum(np.tanh(A @ x) ** 3)

    prepared = modes.prepare(f, x)
    H = modes.jacfwd(modes.jacrev(f))(x)
    for outer in (modes.jacfwd, modes.jacrev):
        for inner in (prepared.jacfwd, prepared.jacrev):
            same(outer(inner)(x), H, 1e-11)
        same(outer(prepared.value)(x), modes.grad(f)(x))
    v = np.ones(4)
    same(modes.jacfwd(lambda z: prepared.jvp((z,), (v,))[1])(x), H @ v, 1e-11)
    same(modes.jacfwd(lambda z: prepared.vjp(z)[1](np.float64(1.0))[0])(x), H, 1e-11)
    gradient = modes.prepare(modes.grad(lambda x: np.sum(np.tanh(A @ x))), x)
    same(gradient.jacfwd(x), modes.jacfwd(modes.grad(lambda x: np.sum(np.tanh(A @ x))))(x), 1e-11)


# -- results belong to the caller --------------------------------------------------------------------------------------
@pytest.mark.parametrize("chunk_size", [None, 1, 3])
def test_results_never_show_a_buffer(chunk_size: int | None) -> None:
    functions = [
        lambda x: A @ x, lambda x: x, lambda x: np.tanh(A @ x), lambda x: np.reshape(x, (2, 2)), lambda x: np.exp(x),
        lambda x: np.sum(x * A), lambda x: np.tanh(x)[::2], lambda x: A * 2.0 + x[0], lambda x: np.stack([x, x]),
    ]  # fmt: skip
    before = A.copy(), x.copy()
    for f in functions:
        p = modes.prepare(f, x)
        y = p.value(x)
        calls: list[Callable[..., Any]] = [
            lambda p=p: [p.jacfwd(x, chunk_size=chunk_size)],
            lambda p=p: [p.jacrev(x, chunk_size=chunk_size)],
            lambda p=p: p.jvp((x,), (x,)),
            lambda p=p, y=y: [p.vjp(x)[0], *p.vjp(x)[1](np.ones_like(y))],
            lambda p=p: [p.value(x)],
        ]
        for call in calls:
            first = call()
            kept = [np.array(result) for result in first]
            call()
            for result, copy in zip(first, kept, strict=True):
                np.testing.assert_array_equal(result, copy)
                if isinstance(result, np.ndarray):
                    assert result.flags.writeable
                    result[...] = 7.0
            for result, copy in zip(call(), kept, strict=True):
                np.testing.assert_array_equal(result, copy)
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(x, before[1])


def test_a_pull_back_is_good_until_the_next_vjp() -> None:
    prepared = modes.prepare(lambda x: np.tanh(A @ x), x)
    _, first = prepared.vjp(x)
    expected = first(x)[0]
    prepared.jacfwd(2 * x), prepared.jvp((2 * x,), (x,)), prepared.jacrev(2 * x)  # other methods have their own buffers
    np.testing.assert_array_equal(first(x)[0], expected)
    prepared.vjp(2 * x)
    with pytest.raises(RuntimeError, match=r"the pull-back of the latest vjp .* pull back before the next call"):
        first(x)


@pytest.mark.slow
def test_memory_is_the_result_and_is_freed() -> None:
    """After the first call a Jacobian allocates its result alone; the buffers are two blocks and the slopes."""
    chain = modes.layer_chain(96, 96, 12, 96)
    block = 96 * 96 * 8
    for name in ("jacfwd", "jacrev"):
        gc.collect()
        tracemalloc.start()
        prepared = modes.prepare(chain, chain.x)
        method = getattr(prepared, name)
        method(chain.x)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        method(chain.x)
        _, peak = tracemalloc.get_traced_memory()
        del prepared, method
        gc.collect()
        left, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak - held <= block + 70_000  # NumPy's own buffer for a broadcast takes 64 KiB
        # Forward mode: the first block is in another order, so that there are three. The last number is what the
        # recorded operations take.
        assert held <= (3 if name == "jacfwd" else 2) * block + 24 * 96 * 8 + 200_000
        assert left < 20_000


# -- refused, with the remedy -----------------------------------------------------------------------------------------
def _loop(x: Any) -> Any:
    while np.sum(x) < 10.0:
        x = 2.0 * x
    return x


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (lambda x: x if x[0] > 0 else -x, "a branch on a value"),
        (_loop, "a branch on a value"),
        (lambda x: x if np.allclose(x, x) else -x, "a branch on a value"),
        (lambda x: x if np.all(x > 0) else -x, "a branch on a value"),
        (lambda x: x * int(np.argmax(x)), "was needed as a Python number"),
        (lambda x: x * float(np.floor(x[0])), "was needed as a Python number"),
        (lambda x: x * np.floor(x)[0].item(), "was needed as a Python number"),
        (lambda x: np.arange(4.0)[np.argsort(x)] * x, "was needed as a plain array"),
        (lambda x: x[range(np.argmax(x))], "was needed as a Python number"),
    ],
)
def test_decisions_on_values(f: Any, message: str) -> None:
    with pytest.raises(modes.TracedValueError, match=f"{message}.* would be wrong; use modes.jacfwd"):
        modes.prepare(f, np.array([0.3, 0.1, -0.2, 0.4]))


def test_iteration_and_shapes_are_no_decisions() -> None:
    def f(x: Any) -> Any:
        assert len(x) == x.size == np.size(x) == 4
        total = x[0]
        for entry in x[1:]:
            total += entry**2 * x.shape[0]
        return total

    agree(f, [(draw(4),), (draw(4),)])


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        (
            (np.ones(3),),
            ValueError,
            r"of shape \(4,\) and dtype float64, .* got shape \(3,\) and dtype float64; prepare",
        ),
        ((np.ones(4, np.float32),), ValueError, "got shape .* and dtype float32"),
        ((np.ones((4, 1)),), ValueError, r"got shape \(4, 1\)"),
        (([1.0, 2.0],), TypeError, r"argument 0 of the structure .* for, \*, got \[\*, \*\]"),
        ((1.0,), ValueError, r"got shape \(\)"),
        (("x",), TypeError, "got str 'x'"),
        ((x, x), TypeError, r"expected 1 argument\(s\), .* got 2"),
    ],
)
def test_other_arguments(args: Any, error: Any, message: str) -> None:
    prepared = modes.prepare(lambda x: np.sin(x), x)
    for method in (prepared.jacfwd, prepared.jacrev, prepared.vjp, prepared.value):
        with pytest.raises(error, match=message):
            method(*args)


def test_shapes_that_depend_on_values() -> None:
    prepared = modes.prepare(lambda x: np.sum(x[x > 0] ** 2), np.array([1.0, -1.0, 2.0]))
    same(prepared.jacrev(np.array([-1.0, 3.0, 4.0])), np.array([0.0, 6.0, 8.0]))
    for method in (prepared.jacfwd, prepared.jacrev):
        with pytest.raises(ValueError, match=r"gave shape \(1,\), and \(2,\) when modes.prepare recorded"):
            method(np.array([-1.0, -3.0, 4.0]))


def test_traced_arrays_from_outside() -> None:
    with pytest.raises(modes.TracedValueError, match=r"plain arrays as the example arguments"):
        modes.jacfwd(lambda x: modes.prepare(np.sin, x).value(x))(x)
    with pytest.raises(modes.TracedValueError, match=r"a traced array of shape .* from outside"):
        modes.jacfwd(lambda z: modes.prepare(lambda x: x * z, x).value(x))(x)


def test_errors_of_the_engines_pass_through() -> None:
    with pytest.raises(modes.MissingRule, match=r"numpy\.i0"):
        modes.prepare(np.i0, x)
    with pytest.raises(TypeError, match="got NoneType among them"):
        modes.prepare(lambda x: [x, None], x)
    with pytest.raises(TypeError, match=r"argument 0 of .* of a float dtype, got dtype int64"):
        modes.prepare(lambda x: x, np.arange(3))
    prepared = modes.prepare(lambda x: np.sin(x), x)
    with pytest.raises(ValueError, match=r"expected a cotangent of shape \(4,\), .* got shape \(3,\)"):
        prepared.vjp(x)[1](np.ones(3))
    with pytest.raises(ValueError, match="chunk_size of 1 or more"):
        prepared.jacfwd(x, chunk_size=0)
    with pytest.raises(ValueError, match="as many tangents as primals, 1, got 2"):
        prepared.jvp((x,), (x, x))


def test_a_decision_of_a_rule_that_turns_out_differently_falls_back() -> None:
    """sqrt at 0 under a mask: the rule looks at its derivative, which was finite when the engine was recorded."""

    def f(x: Any) -> Any:
        return np.where(x > 0, np.sqrt(x), 0.0) * 2.0

    prepared = modes.prepare(f, np.abs(x))
    point = np.array([0.0, 1.0, 4.0, 0.0])
    with np.errstate(divide="ignore"):
        for z in (np.abs(x), point, np.abs(x), point):
            same(prepared.jacfwd(z), modes.jacfwd(f)(z))
            same(prepared.jacrev(z), modes.jacrev(f)(z))

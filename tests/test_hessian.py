"""Second and higher derivatives: four combinations of the modes, products, mixtures, and levels that never mix."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import modes

MODES = ("forward", "reverse")
COMBINATIONS = pytest.mark.parametrize(("outer", "inner"), list(itertools.product(MODES, MODES)))
JACOBIANS = [modes.jacfwd, modes.jacrev]
OUTER = pytest.mark.parametrize("outer", JACOBIANS, ids=MODES)
INNER = pytest.mark.parametrize("inner", JACOBIANS, ids=MODES)

rng = np.random.default_rng(11)


def draw(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape)


def four(f: Callable[..., Any], *args: Any, **options: Any) -> list[Any]:
    """The Hessian by every combination."""
    return [modes.hessian(f, outer=a, inner=b, **options)(*args) for a in MODES for b in MODES]


def assert_all_equal(answers: list[Any], rtol: float = 1e-12) -> None:
    size = np.max(np.abs(answers[0]))
    for answer in answers[1:]:
        assert answer.shape == answers[0].shape
        assert np.max(np.abs(answer - answers[0])) <= rtol * size


def differences(f: Callable[[Any], Any], x: Any, h: float = 1e-4) -> np.ndarray:
    """f's Jacobian by central differences of fourth order: (*out, *in)."""
    columns = []
    for i in np.ndindex(x.shape):
        e = np.zeros(x.shape)
        e[i] = h
        columns.append((8 * (f(x + e) - f(x - e)) - (f(x + 2 * e) - f(x - 2 * e))) / (12 * h))
    stacked = np.stack(columns, axis=-1)
    return stacked.reshape(*stacked.shape[:-1], *x.shape)


# -- the Hessian -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "softplus", "sin", "identity"])
@pytest.mark.parametrize("depth", [1, 2, 5])
def test_chains_with_a_loss(activation: str, depth: int) -> None:
    chain = modes.layer_chain(6, 1, depth, 7, layer="loss", activation=activation)
    answers = four(chain, chain.x)
    assert_all_equal(answers)
    for H in answers:
        assert H.shape == (6, 6)
        np.testing.assert_allclose(H, H.T, rtol=0, atol=1e-13 * np.max(np.abs(H)))
    np.testing.assert_allclose(answers[0], differences(modes.grad(chain), chain.x), rtol=1e-7, atol=1e-9)


A, B, V = draw(5, 4), draw(4, 4), draw(4)
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "quadratic form": lambda x: x @ B @ x,
    "log-sum-exp": lambda x: np.log(np.sum(np.exp(A @ x))),
    "Rosenbrock": lambda x: np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2),
    "a loop with a branch": lambda x: sum(np.sin(x[i]) * x[i - 1] if x[i] > 0 else x[i] ** 3 for i in range(4)),
    "a value used many times": lambda x: np.sum(np.tanh(x * np.sum(x)) * x) / (1.0 + np.max(x) ** 2),
    "reshaped": lambda x: np.sum((np.reshape(x, (2, 2)) @ np.reshape(x[::-1], (2, 2)).T) ** 2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_user_functions(name: str) -> None:
    f = FUNCTIONS[name]
    answers = four(f, V)
    assert_all_equal(answers)
    np.testing.assert_allclose(answers[0], answers[0].T, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(answers[0], differences(modes.grad(f), V), rtol=1e-6, atol=1e-7)
    if name == "quadratic form":
        np.testing.assert_allclose(answers[0], B + B.T, rtol=1e-14)


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 4, 5, 100])
def test_chunks(chunk_size: int) -> None:
    f = FUNCTIONS["log-sum-exp"]
    assert_all_equal([*four(f, V), *four(f, V, chunk_size=chunk_size)])


@pytest.mark.parametrize(
    ("outer", "inner", "expected"),
    [("forward", "forward", 4), ("forward", "reverse", 2), ("reverse", "forward", 2), ("reverse", "reverse", 1)],
)
def test_chunks_are_those_of_either_level(outer: str, inner: str, expected: int) -> None:
    """Forward mode evaluates f once a chunk: two of four columns at a time, at the inner level, the outer, or both."""
    calls = []

    def f(x: Any) -> Any:
        calls.append(1)
        return np.sum(x**3)

    modes.hessian(f, outer=outer, inner=inner, chunk_size=2)(V)
    assert len(calls) == expected


def test_the_default_is_forward_over_reverse() -> None:
    f = FUNCTIONS["log-sum-exp"]
    np.testing.assert_array_equal(modes.hessian(f)(V), modes.jacfwd(modes.jacrev(f))(V))
    np.testing.assert_array_equal(modes.hessian(f, outer="reverse")(V), modes.jacrev(modes.jacrev(f))(V))
    np.testing.assert_array_equal(modes.hessian(f, inner="forward")(V), modes.jacfwd(modes.jacfwd(f))(V))


def test_the_mode_may_be_left_to_the_engine() -> None:
    f = FUNCTIONS["log-sum-exp"]
    modes_ = (*MODES, "auto")
    assert_all_equal([modes.hessian(f, outer=a, inner=b)(V) for a in modes_ for b in modes_])


# -- shapes, arguments, dtypes -----------------------------------------------------------------------------------------
@COMBINATIONS
def test_outputs_and_inputs_of_any_shape(outer: str, inner: str) -> None:
    X = draw(2, 3)

    def f(X: Any) -> Any:  # (2, 3) -> (2, 2)
        return np.sin(X) @ X.T

    H = modes.hessian(f, outer=outer, inner=inner)(X)
    assert H.shape == (2, 2, 2, 3, 2, 3)
    np.testing.assert_allclose(H, np.transpose(H, (0, 1, 4, 5, 2, 3)), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(H, differences(modes.jacfwd(f), X), rtol=1e-7, atol=1e-9)


@COMBINATIONS
def test_scalars_linear_functions_and_empty_axes(outer: str, inner: str) -> None:
    def hessian(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return modes.hessian(f, outer=outer, inner=inner)

    assert hessian(lambda x: x**3)(2.0) == 12.0
    np.testing.assert_array_equal(hessian(lambda x: A @ x)(V), np.zeros((5, 4, 4)))
    np.testing.assert_array_equal(hessian(lambda x: x * 1.0)(V), np.zeros((4, 4, 4)))
    np.testing.assert_array_equal(hessian(lambda x: np.ones(2))(V), np.zeros((2, 4, 4)))
    assert hessian(lambda x: np.sum(x * x))(np.ones(0)).shape == (0, 0)
    assert hessian(lambda x: x[:0] ** 2)(V).shape == (0, 4, 4)


@COMBINATIONS
def test_one_block_for_each_pair_of_arguments(outer: str, inner: str) -> None:
    x, Y = draw(3), draw(2, 3)

    def f(x: Any, Y: Any) -> Any:  # -> (2,)
        return np.exp(Y @ x) + np.sum(x**3)

    (xx, xY), (Yx, YY) = modes.hessian(f, (0, 1), outer=outer, inner=inner)(x, Y)
    e, eye = np.exp(Y @ x), np.eye(2)
    np.testing.assert_allclose(xx, np.einsum("i,ij,ik->ijk", e, Y, Y) + np.diag(6 * x), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(YY, np.einsum("i,ia,ib,j,k->iajbk", e, eye, eye, x, x), rtol=1e-12, atol=1e-13)
    mixed = np.einsum("i,ia,ij,k->ijak", e, eye, Y, x) + np.einsum("i,ia,jk->ijak", e, eye, np.eye(3))
    np.testing.assert_allclose(xY, mixed, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(Yx, np.transpose(mixed, (0, 2, 3, 1)), rtol=1e-12, atol=1e-13)
    alone = modes.hessian(f, 1, outer=outer, inner=inner)(x, Y)
    np.testing.assert_allclose(alone, YY, rtol=1e-12, atol=1e-13)


@COMBINATIONS
def test_trees_within_trees(outer: str, inner: str) -> None:
    p: dict[str, Any] = {"w": draw(3), "b": (0.5, draw(2, 1))}

    def f(p: Any) -> Any:
        return np.sum(np.tanh(p["w"] * p["b"][0]) * p["b"][1])

    H = modes.hessian(f, outer=outer, inner=inner)(p)
    assert H["w"]["w"].shape == (3, 3)
    assert H["w"]["b"][1].shape == (3, 2, 1)
    assert H["b"][1]["w"].shape == (2, 1, 3)
    assert H["b"][0]["b"][0].shape == ()
    y = np.tanh(p["w"] * 0.5)
    both = (1 - y**2) * p["w"]  # d^2 f / db0 db1, summed over w
    np.testing.assert_allclose(H["b"][0]["b"][1], np.full((2, 1), np.sum(both)), rtol=1e-12)
    np.testing.assert_allclose(H["b"][1]["w"][:, 0], np.tile((1 - y**2) * 0.5, (2, 1)), rtol=1e-12)
    np.testing.assert_array_equal(H["b"][1]["b"][1], np.zeros((2, 1, 2, 1)))
    (tupled,) = modes.hessian(f, (0,), outer=outer, inner=inner)(p)  # a tuple of argnums: a tuple, twice
    np.testing.assert_array_equal(tupled["w"][0]["w"], H["w"]["w"])


@COMBINATIONS
def test_results_are_the_callers_and_inputs_stay(outer: str, inner: str) -> None:
    x, M = draw(4), B.copy()
    kept = x.copy(), M.copy()
    for f in (lambda x: x @ M @ x, lambda x: np.sum(x * x), lambda x: M @ x):
        H = modes.hessian(f, outer=outer, inner=inner)(x)
        H[...] = 7.0
        np.testing.assert_array_equal(x, kept[0])
        np.testing.assert_array_equal(M, kept[1])


@COMBINATIONS
def test_float32_stays_float32(outer: str, inner: str) -> None:
    chain = modes.layer_chain(5, 1, 3, 6, layer="loss", dtype="float32")
    double = modes.layer_chain(5, 1, 3, 6, layer="loss")
    H = modes.hessian(chain, outer=outer, inner=inner)(chain.x)
    assert H.dtype == np.float32
    np.testing.assert_allclose(H, modes.hessian(double)(double.x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["outer", "inner"])
def test_an_unknown_mode_is_refused_at_once(name: str) -> None:
    sideways: dict[str, Any] = {name: "sideways"}
    with pytest.raises(
        ValueError, match=f"expected {name} to be one of 'forward', 'reverse', 'mixed', 'auto', got 'sideways'"
    ):
        modes.hessian(np.sum, **sideways)


def test_bad_arguments_are_named_as_the_users_function_has_them() -> None:
    def energy(x: Any) -> Any:
        return np.sum(x * x)

    with pytest.raises(TypeError, match="expected argument 0 of energy of a float dtype, got dtype int64"):
        modes.hessian(energy)(np.arange(3))
    with pytest.raises(ValueError, match="expected argnums below the number of arguments, 1, got 1"):
        modes.hessian(energy, 1)(V)


# -- products with the Hessian, mixtures, higher derivatives -----------------------------------------------------------
def test_hessian_vector_products() -> None:
    """By forward over reverse, reverse over forward, and reverse over reverse, without the matrix."""
    chain = modes.layer_chain(6, 1, 4, 7, layer="loss")
    x, v = chain.x, draw(6)
    gradient = modes.grad(chain)
    expected = modes.hessian(chain)(x) @ v
    products = {
        "jvp of grad": modes.jvp(gradient, (x,), (v,))[1],
        "vjp of grad": modes.vjp(gradient, x)[1](v)[0],
        "grad of <grad, v>": modes.grad(lambda x: gradient(x) @ v)(x),
        "grad of jvp": modes.grad(lambda x: modes.jvp(chain, (x,), (v,))[1])(x),
        "vjp's pull-back of a traced point": modes.jvp(lambda x: modes.vjp(chain, x)[1](1.0)[0], (x,), (v,))[1],
    }
    for name, product in products.items():
        np.testing.assert_allclose(product, expected, rtol=1e-12, atol=1e-14, err_msg=name)
    curvature = modes.jvp(lambda x: modes.jvp(chain, (x,), (v,))[1], (x,), (v,))[1]
    assert curvature == pytest.approx(v @ expected, rel=1e-12)


@pytest.mark.parametrize("chunk_size", [None, 1, 2, 3, 4, 7])
@OUTER
@INNER
def test_mixtures_in_chunks(outer: Any, inner: Any, chunk_size: int | None) -> None:
    def f(x: Any) -> Any:  # (4,) -> (5,), with a diagonal block, a dense one, and a gather on the way
        return np.sin(A @ (x * x)) * x[[0, 1, 2, 3, 0]] + np.sum(np.exp(x))

    expected = modes.jacfwd(modes.jacfwd(f))(V)
    H = outer(inner(f, 0, chunk_size), 0, chunk_size)(V)
    np.testing.assert_allclose(H, expected, rtol=1e-12, atol=1e-12 * np.max(np.abs(expected)))


@pytest.mark.parametrize("jacobians", list(itertools.product(JACOBIANS, repeat=3)))
def test_third_derivatives(jacobians: tuple[Any, ...]) -> None:
    """By all eight combinations; the tensor is symmetric in its three axes."""
    a = draw(3)
    first, second, third = jacobians
    T = third(second(first(lambda x: np.sin(a @ x))))(V[:3])
    expected = -np.cos(a @ V[:3]) * np.einsum("i,j,k->ijk", a, a, a)
    np.testing.assert_allclose(T, expected, rtol=1e-12)

    chain = modes.layer_chain(3, 1, 3, 4, layer="loss")
    T = third(modes.hessian(chain, outer=MODES[JACOBIANS.index(second)], inner=MODES[JACOBIANS.index(first)]))(chain.x)
    size = np.max(np.abs(T))
    for axes in itertools.permutations(range(3)):
        np.testing.assert_allclose(T, np.transpose(T, axes), rtol=0, atol=1e-12 * size)
    np.testing.assert_allclose(T, differences(modes.hessian(chain), chain.x), rtol=0, atol=1e-8 * size)


@pytest.mark.parametrize("levels", list(itertools.product(JACOBIANS, repeat=5)))
def test_five_levels(levels: tuple[Any, ...]) -> None:
    def f(x: Any) -> Any:
        return np.exp(2.0 * x) * x

    for level in levels:
        f = level(f)
    assert f(0.3) == pytest.approx(np.exp(0.6) * (32 * 0.3 + 5 * 16), rel=1e-12)


# -- levels that never mix (perturbation confusion) --------------------------------------------------------------------
@OUTER
@INNER
def test_a_closure_over_the_outer_variable(outer: Any, inner: Any) -> None:
    """d/dx [x d/dy (x y^2)] = d/dx [2 x^2 y] = 4 x y, with y bound at the same number as x."""
    assert outer(lambda x: x * inner(lambda y: x * y * y)(x))(3.0) == pytest.approx(3 * 2 * 3.0**2)
    assert outer(lambda x: x * inner(lambda y: x * y * y)(3.0))(3.0) == pytest.approx(4 * 3.0 * 3.0)


@OUTER
@INNER
def test_two_levels_share_a_variable_and_an_array(outer: Any, inner: Any) -> None:
    """g(x) = J_y [x o y o y](x) x: the inner derivative is evaluated at the outer variable and multiplied by it."""

    def g(x: Any) -> Any:
        return inner(lambda y: x * y * y)(x) @ x  # diag(2 x x) x = 2 x^3

    np.testing.assert_allclose(outer(g)(V), np.diag(6 * V**2), rtol=1e-12, atol=1e-14)


@OUTER
@INNER
def test_a_derivative_of_a_constant_of_the_inner_level_is_zero(outer: Any, inner: Any) -> None:
    assert outer(lambda x: inner(lambda y: x * x)(x) + x)(3.0) == 1.0
    assert outer(lambda x: inner(lambda y: x)(1.0))(2.0) == 0.0


@OUTER
@INNER
def test_the_inner_level_returns_what_the_outer_one_follows(outer: Any, inner: Any) -> None:
    """An inner result that depends on the outer variable alone, beside one that depends on both."""
    f = outer(lambda x: inner(lambda y: np.stack([x, x * y, y]))(x)[1] * x)  # d/dy (x y) = x, times x
    assert f(2.0) == 4.0


@pytest.mark.parametrize("levels", list(itertools.product(JACOBIANS, repeat=3)))
def test_three_nested_closures(levels: tuple[Any, ...]) -> None:
    """d/dx [x d/dy (y d/dz (x y z))] at x = 2, y = x, z = 5: d/dz = x y, d/dy (x y^2) = 2 x y = 2 x^2, so 6 x^2."""
    a, b, c = levels

    def f(x: Any) -> Any:
        return x * b(lambda y: y * c(lambda z: x * y * z)(5.0))(x)

    assert a(f)(2.0) == pytest.approx(24.0, rel=1e-14)


@OUTER
def test_a_pull_back_within_the_level_that_made_it(outer: Any) -> None:
    """d/dx of x times the pull-back of y -> x y^2 at y = x, along x: x (2 x^2) x = 2 x^4."""

    def f(x: Any) -> Any:
        _, pullback = modes.vjp(lambda y: x * y * y, x)
        return x * pullback(x)[0]

    assert outer(f)(3.0) == pytest.approx(8 * 3.0**3)


@OUTER
def test_a_pull_back_is_linear_in_its_cotangent(outer: Any) -> None:
    """Differentiated with respect to the cotangent it gives J^T, though its tape is older than the new trace."""
    _, pullback = modes.vjp(lambda x: np.sin(A @ x), V)
    J = modes.jacfwd(lambda x: np.sin(A @ x))(V)
    np.testing.assert_allclose(outer(lambda w: pullback(w)[0])(draw(5)), J.T, rtol=1e-13)


@OUTER
def test_a_pull_back_that_escapes_its_level_is_refused(outer: Any) -> None:
    """Its tape holds values of a trace that has ended: the right answer cannot be known, so there is none."""
    kept = []

    def f(x: Any) -> Any:
        y, pullback = modes.vjp(lambda z: x * np.sin(z), x)
        kept.append(pullback)
        return y

    outer(f)(1.0)
    with pytest.raises(modes.TracedValueError, match="used after its trace had ended"):
        kept[0](1.0)


@OUTER
def test_a_traced_value_kept_by_a_closure_is_refused_at_the_next_level(outer: Any) -> None:
    """Curried differentiation, the 'amazing bug': the inner function is made at one level and called at another.

    Source: Manzyuk, Pearlmutter, Radul, Rush and Siskind, Perturbation confusion in forward automatic differentiation
    of higher-order functions, 2019, https://doi.org/10.1017/S095679681900008X
    """
    shifted: list[Callable[[Any], Any]] = []

    def s(u: Any) -> Any:  # u -> (f -> x -> f(x + u)): its derivative at 0 would be the operator f -> f'
        shifted.append(lambda f: lambda x: f(x + u))
        return u

    outer(s)(0.0)
    (shift,) = shifted
    with pytest.raises(modes.TracedValueError, match="used after its trace had ended"):
        shift(np.sin)(1.0)
    with pytest.raises(modes.TracedValueError, match="used after its trace had ended"):
        outer(shift(np.sin))(1.0)


@OUTER
def test_a_function_has_no_derivative_here(outer: Any) -> None:
    """What the 'amazing bug' differentiates, a function that returns a function, is refused by name."""

    def s(u: Any) -> Any:
        return lambda f: lambda x: f(x + u)

    with pytest.raises(TypeError, match="expected s to return one array or scalar of float dtype, got function"):
        outer(s)(0.0)


@pytest.mark.parametrize("levels", list(itertools.product(JACOBIANS, repeat=2)))
def test_the_operator_written_with_its_argument_may_be_applied_twice(levels: tuple[Any, ...]) -> None:
    """The same operator, f -> (x -> d/du f(x + u) at 0), with all arguments given: twice is f'', where a tag that both
    share gives 0."""

    def operator(jacobian: Any, f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: jacobian(lambda u: f(x + u))(0.0)

    a, b = levels
    assert operator(a, operator(b, np.exp))(1.0) == pytest.approx(math.e, rel=1e-14)
    assert operator(a, operator(b, lambda x: x**3))(2.0) == pytest.approx(12.0, rel=1e-14)
    assert operator(a, operator(a, operator(b, np.sin)))(0.5) == pytest.approx(-np.cos(0.5), rel=1e-13)


@OUTER
@INNER
def test_a_level_that_fails_leaves_the_next_one_right(outer: Any, inner: Any) -> None:
    def fails(x: Any) -> Any:
        raise RuntimeError("no value")

    def f(x: Any) -> Any:
        with pytest.raises(RuntimeError):
            inner(fails)(x)
        return x * inner(lambda y: x + y)(1.0)

    assert outer(f)(1.0) == 1.0

"""The mathematical facts that the engines must reproduce, by number (M1 to M13, M19, M20, M22), in both modes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modes

BOTH = pytest.mark.parametrize("mode", ["forward", "reverse"])
CHUNKS = pytest.mark.parametrize("chunk_size", [None, 1, 2, 3, 4, 5, 100])

rng = np.random.default_rng(7)


def draw(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape)


# -- Jacobians (M1 to M4) ------------------------------------------------------------------------------------------
def test_m1_jvp_applies_the_jacobian_and_vjp_its_transpose() -> None:
    A, x, v, w = draw(3, 4), draw(4), draw(4), draw(3)

    def f(x: Any) -> Any:
        return np.tanh(A @ x)

    J = modes.jacfwd(f)(x)
    y, y_dot = modes.jvp(f, (x,), (v,))
    z, pullback = modes.vjp(f, x)
    np.testing.assert_array_equal(y, f(x))
    np.testing.assert_array_equal(z, f(x))
    np.testing.assert_allclose(y_dot, J @ v, rtol=1e-13)
    np.testing.assert_allclose(pullback(w)[0], J.T @ w, rtol=1e-13)
    np.testing.assert_allclose(pullback(2 * w)[0], 2 * (J.T @ w), rtol=1e-13)  # it may be called again


@BOTH
@CHUNKS
def test_m2_a_linear_map_is_its_own_jacobian_bitwise(mode: str, chunk_size: int | None) -> None:
    A, x = draw(3, 4), draw(4)
    np.testing.assert_array_equal(modes.jacobian(lambda x: A @ x, mode=mode, chunk_size=chunk_size)(x), A)
    np.testing.assert_array_equal(modes.jacobian(lambda x: x @ A.T, mode=mode, chunk_size=chunk_size)(x), A)
    np.testing.assert_array_equal(modes.jacobian(lambda x: np.dot(A, x), mode=mode, chunk_size=chunk_size)(x), A)
    np.testing.assert_array_equal(modes.jacobian(lambda x: x, mode=mode, chunk_size=chunk_size)(x), np.eye(4))


@BOTH
def test_m3_layouts(mode: str) -> None:
    x, A = draw(2, 3), draw(4, 2)
    w = draw(4)
    numerator = modes.jacobian(lambda x: A @ x, mode=mode)(x)
    denominator = modes.jacobian(lambda x: A @ x, mode=mode, layout="denominator")(x)
    assert numerator.shape == (4, 3, 2, 3)
    assert denominator.shape == (2, 3, 4, 3)
    np.testing.assert_array_equal(denominator, np.transpose(numerator, (2, 3, 0, 1)))
    row = modes.jacobian(lambda x: np.sum(w @ (A @ x)), mode=mode)(x)
    assert row.shape == (2, 3)
    np.testing.assert_allclose(row, modes.grad(lambda x: np.sum(w @ (A @ x)))(x), rtol=1e-13)


@BOTH
@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 5), (5, 1), (4, 3)])
def test_m4_shape(mode: str, n: int, m: int) -> None:
    A = draw(m, n)
    assert modes.jacobian(lambda x: np.sin(A @ x), mode=mode)(draw(n)).shape == (m, n)


@BOTH
def test_m4_scalars_and_empty_axes(mode: str) -> None:
    assert modes.jacobian(lambda x: x * x, mode=mode)(3.0) == 6.0
    assert modes.jacobian(lambda x: np.stack([x, x * x]), mode=mode)(3.0).tolist() == [1.0, 6.0]
    for chunk_size in (None, 2):
        assert modes.jacobian(lambda x: x * x, mode=mode, chunk_size=chunk_size)(np.ones(0)).shape == (0, 0)
        assert modes.jacobian(lambda x: x[:0], mode=mode, chunk_size=chunk_size)(np.ones(3)).shape == (0, 3)
        J = modes.jacobian(lambda x: np.ones(2) + np.sum(x), mode=mode, chunk_size=chunk_size)(np.ones((0, 3)))
        assert J.shape == (2, 0, 3)


# -- the chain rule (M5 to M7) -------------------------------------------------------------------------------------
@BOTH
def test_m5_the_factors_do_not_commute(mode: str) -> None:
    G, H, x = draw(3, 5), draw(5, 4), draw(4)

    def h(x: Any) -> Any:
        return np.tanh(H @ x)

    def g(u: Any) -> Any:
        return np.sin(G @ u)

    J = modes.jacobian(lambda x: g(h(x)), mode=mode)(x)
    expected = modes.jacobian(g, mode=mode)(h(x)) @ modes.jacobian(h, mode=mode)(x)
    np.testing.assert_allclose(J, expected, rtol=1e-12, atol=1e-14)


@given(widths=st.lists(st.integers(1, 6), min_size=2, max_size=7), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_m6_m7_both_association_orders_give_the_product_of_the_factors(widths: list[int], seed: int) -> None:
    draws = np.random.default_rng(seed)
    layers = [draws.standard_normal((q, p)) for p, q in itertools.pairwise(widths)]
    x = draws.standard_normal(widths[0])

    def f(x: Any) -> Any:
        for W in layers:
            x = np.tanh(W @ x)
        return x

    expected, value = np.eye(widths[0]), x
    for W in layers:
        value = np.tanh(W @ value)
        expected = (1 - value**2)[:, None] * (W @ expected)
    for mode in ("forward", "reverse"):
        for chunk_size in (None, 1, 2):
            J = modes.jacobian(f, mode=mode, chunk_size=chunk_size)(x)
            np.testing.assert_allclose(J, expected, rtol=1e-11, atol=1e-13)


# -- element-wise operations (M8 to M10) ---------------------------------------------------------------------------
W, X = np.array([1.5, -2.0, 3.0]), np.array([0.5, 4.0, -1.0])
BINARY = {
    "add": (np.add, np.ones(3), np.ones(3)),
    "subtract": (np.subtract, np.ones(3), -np.ones(3)),
    "multiply": (np.multiply, X, W),
    "divide": (np.divide, 1 / X, -W / X**2),
    "maximum": (np.maximum, (W > X) * 1.0, (X > W) * 1.0),
    "minimum": (np.minimum, (W < X) * 1.0, (X < W) * 1.0),
}


@BOTH
@pytest.mark.parametrize("name", BINARY)
def test_m8_binary_operations_have_diagonal_jacobians(mode: str, name: str) -> None:
    func, by_w, by_x = BINARY[name]
    left, right = modes.jacobian(func, (0, 1), mode=mode)(W, X)
    np.testing.assert_allclose(left, np.diag(by_w), rtol=1e-15)
    np.testing.assert_allclose(right, np.diag(by_x), rtol=1e-15)


@BOTH
def test_m8_power(mode: str) -> None:
    left, right = modes.jacobian(np.power, (0, 1), mode=mode)(np.abs(W), X)
    np.testing.assert_allclose(left, np.diag(X * np.abs(W) ** (X - 1)), rtol=1e-14)
    np.testing.assert_allclose(right, np.diag(np.abs(W) ** X * np.log(np.abs(W))), rtol=1e-14)


@BOTH
def test_m9_element_wise_chains_stay_diagonal(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No block is multiplied out before the last step, whatever the depth: O(n) work a layer."""
    from modes.blocks import Diagonal, Identity

    sizes = []
    for kind in (Diagonal, Identity):
        original = kind.__mul__

        def counted(self: Any, d: Any, original: Any = original) -> Any:
            product = original(self, d)
            sizes.append(np.size(product.values))
            return product

        monkeypatch.setattr(kind, "__mul__", counted)
    made = []
    original_dense = Diagonal.dense

    def counted_dense(self: Any) -> Any:
        made.append(1)
        return original_dense(self)

    monkeypatch.setattr(Diagonal, "dense", counted_dense)
    x, w = draw(50), draw(50)

    def f(x: Any) -> Any:
        for _ in range(8):
            x = np.sin(x * w) + x
        return x

    J = modes.jacobian(f, mode=mode)(x)
    assert made == [1]
    assert set(sizes) == {50}
    assert np.count_nonzero(J) == 50
    modes.check_derivatives(f, x)


@BOTH
def test_m10_scalar_expansion(mode: str) -> None:
    x, z = draw(4), 1.7
    by_x, by_z = modes.jacobian(lambda x, z: x + z, (0, 1), mode=mode)(x, z)
    np.testing.assert_array_equal(by_x, np.eye(4))
    np.testing.assert_array_equal(by_z, np.ones(4))
    by_x, by_z = modes.jacobian(lambda x, z: x * z, (0, 1), mode=mode)(x, z)
    np.testing.assert_array_equal(by_x, z * np.eye(4))
    np.testing.assert_array_equal(by_z, x)


@given(
    shape=st.lists(st.integers(1, 3), max_size=3),
    keep=st.lists(st.booleans(), min_size=3, max_size=3),
    drop=st.integers(0, 3),
)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_m10_broadcast_and_sum_are_transposes(shape: list[int], keep: list[bool], drop: int) -> None:
    small = tuple(size if k else 1 for size, k in zip(shape, keep, strict=False))[drop:]
    a, b = draw(*small), draw(*shape)
    modes.check_derivatives(lambda a, b: np.sin(a) * b, a, b)
    modes.check_derivatives(lambda a, b: b - a, a, b)


# -- sums, dot products, activation, loss (M11 to M13) --------------------------------------------------------------
@BOTH
def test_m11_sum_and_dot(mode: str) -> None:
    x, w = draw(5), draw(5)
    np.testing.assert_array_equal(modes.jacobian(np.sum, mode=mode)(x), np.ones(5))
    by_w, by_x = modes.jacobian(lambda w, x: w @ x, (0, 1), mode=mode)(w, x)
    np.testing.assert_array_equal(by_w, x)
    np.testing.assert_array_equal(by_x, w)


@BOTH
@pytest.mark.parametrize(("b", "active"), [(0.5, 1.0), (-9.0, 0.0), (-2.0, 0.0)])
def test_m12_neuron_activation(mode: str, b: float, active: float) -> None:
    """b = -2 puts w . x + b at exactly 0, where the derivative is 0 in both modes."""
    w, x = np.array([1.0, 0.5, -1.0]), np.array([2.0, 2.0, 1.0])
    for relu in (lambda z: np.maximum(0, z), lambda z: np.maximum(z, 0.0)):
        by_w, by_b = modes.jacobian(lambda w, b, relu=relu: relu(w @ x + b), (0, 1), mode=mode)(w, b)
        np.testing.assert_array_equal(by_w, active * x)
        assert by_b == active


def test_m13_mean_squared_error_of_neurons() -> None:
    N, n = 20, 4
    X, t, w, b = draw(N, n), draw(N), draw(n), 0.3

    def loss(w: Any, b: Any) -> Any:
        return np.mean((t - np.maximum(0.0, X @ w + b)) ** 2)

    z = X @ w + b
    error = np.where(z > 0, z - t, 0.0)
    by_w, by_b = modes.grad(loss, (0, 1))(w, b)
    np.testing.assert_allclose(by_w, 2 / N * (error @ X), rtol=1e-12)
    np.testing.assert_allclose(by_b, 2 / N * np.sum(error), rtol=1e-12)
    for k, expected in ((0, by_w), (1, by_b)):
        np.testing.assert_allclose(modes.jacfwd(loss, k)(w, b), expected, rtol=1e-12)


# -- parameters and graphs (M19, M20, M22) ---------------------------------------------------------------------------
def test_m19_m20_one_block_a_parameter_in_one_reverse_pass() -> None:
    sizes = [4, 3, 5, 2]
    x, parameters = draw(4), [draw(q, p) for p, q in itertools.pairwise(sizes)]

    def f(x: Any, parameters: Any) -> Any:
        for theta in parameters:
            x = np.tanh(theta @ x)
        return x

    values = [x]
    for theta in parameters:
        values.append(np.tanh(theta @ values[-1]))
    # M19, evaluated as it stands: left factors times the layer's own Jacobian by its parameters
    expected = []
    for k, theta in enumerate(parameters):
        d = 1 - values[k + 1] ** 2
        block = np.einsum("i,ij,k->ijk", d, np.eye(len(d)), values[k])
        for later, value in zip(parameters[k + 1 :], values[k + 2 :], strict=True):
            block = np.tensordot((1 - value**2)[:, None] * later, block, 1)
        assert block.shape == (2, *theta.shape)
        expected.append(block)
    for jacobian in (modes.jacrev, modes.jacfwd):
        blocks = jacobian(f, 1)(x, parameters)
        assert isinstance(blocks, list)
        for J, block in zip(blocks, expected, strict=True):
            np.testing.assert_allclose(J, block, rtol=1e-12, atol=1e-14)


@BOTH
def test_m22_a_value_used_twice(mode: str) -> None:
    """A residual connection, a fan-out of three, and a part that the output does not depend on."""
    A, x = draw(4, 4), draw(4)

    def f(x: Any) -> Any:
        h = np.sin(A @ x)
        unused = np.exp(h) * x
        assert unused.shape == (4,)
        return h * x + h @ h + (x + h)

    h, D = np.sin(A @ x), np.cos(A @ x)[:, None] * A
    expected = np.diag(h) + x[:, None] * D + np.outer(np.ones(4), 2 * h @ D) + np.eye(4) + D
    np.testing.assert_allclose(modes.jacobian(f, mode=mode)(x), expected, rtol=1e-12, atol=1e-14)


@BOTH
def test_m23_total_not_partial_derivatives(mode: str) -> None:
    """d/dx of x * y(x) with y(x) = x^2 is the total 3 x^2; with y held fixed it is the partial y."""
    x = 1.3
    assert modes.jacobian(lambda x: x * x**2, mode=mode)(x) == pytest.approx(3 * x**2, rel=1e-14)
    assert modes.jacobian(lambda x, y: x * y, 0, mode=mode)(x, x**2) == pytest.approx(x**2, rel=1e-14)


# -- nesting: the right answer, with no perturbation confusion --------------------------------------------------------
JACOBIANS = [modes.jacfwd, modes.jacrev]


@pytest.mark.parametrize("outer", JACOBIANS)
@pytest.mark.parametrize("inner", JACOBIANS)
def test_perturbation_confusion(outer: Any, inner: Any) -> None:
    """Siskind and Pearlmutter's example: d/dx [x * d/dy (x + y)] at x = 1, y = 1 is 1, not 2."""
    assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == 1.0
    assert outer(lambda x: x * inner(lambda y: x * y)(2.0))(3.0) == 6.0


@pytest.mark.parametrize("outer", JACOBIANS)
@pytest.mark.parametrize("inner", JACOBIANS)
def test_hessians_by_all_four_combinations(outer: Any, inner: Any) -> None:
    A, x = draw(3, 4), draw(4)

    def f(x: Any) -> Any:
        return np.sum(np.tanh(A @ x) ** 3) * x[1] + np.max(x) * np.exp(x[0])

    H = outer(inner(f))(x)
    np.testing.assert_allclose(H, H.T, rtol=1e-11, atol=1e-13)
    modes.check_derivatives(inner(f), x)
    np.testing.assert_allclose(H, modes.jacfwd(modes.grad(f))(x), rtol=1e-11, atol=1e-13)


def test_three_levels_and_chunks() -> None:
    third = modes.jacfwd(modes.jacrev(modes.jacfwd(lambda x: np.sin(x) * x)))(0.7)
    assert third == pytest.approx(-3 * np.sin(0.7) - 0.7 * np.cos(0.7), rel=1e-13)
    x = draw(5)

    def f(x: Any) -> Any:
        return np.sin(x) * x[::-1] + np.sum(x**3)

    expected = modes.jacfwd(modes.jacfwd(f))(x)
    for outer in JACOBIANS:
        for inner in JACOBIANS:
            for chunk_size in (1, 2):
                H = outer(inner(f, 0, chunk_size), 0, chunk_size)(x)
                np.testing.assert_allclose(H, expected, rtol=1e-12, atol=1e-13)


# -- the chains of the suite ------------------------------------------------------------------------------------------
CHAINS: list[dict[str, Any]] = [
    *(
        {"layer": "dense", "activation": activation, "profile": profile}
        for activation in ("tanh", "relu", "sigmoid", "softplus", "sin", "identity")
        for profile in ("uniform", "funnel", "hourglass", "bulge")
    ),
    *({"layer": "residual", "activation": activation} for activation in ("tanh", "relu", "softplus")),
    *(
        {"layer": layer, "activation": activation, "n": 6, "m": 6, "width": 6}
        for layer in ("elementwise", "scalar")
        for activation in ("tanh", "sin", "sigmoid")
    ),
    {"layer": "loss", "activation": "tanh", "m": 1},
]


@pytest.mark.parametrize("options", CHAINS, ids=lambda o: "-".join(map(str, o.values())))
@pytest.mark.parametrize("depth", [1, 2, 5, 16])
def test_both_modes_agree_on_every_chain(options: dict[str, Any], depth: int) -> None:
    """To 1e-12 relative, whole and in chunks, and with differences as far as those go."""
    chain = modes.layer_chain(**{"n": 5, "m": 7, "width": 8, "depth": depth, **options})
    reference = modes.jacrev(chain)(chain.x)
    size = np.max(np.abs(reference))
    assert 0 < size < np.inf
    for chunk_size in (None, 1, 3):
        for jacobian in (modes.jacfwd, modes.jacrev):
            J = jacobian(chain, 0, chunk_size)(chain.x)
            assert np.max(np.abs(J - reference)) <= 1e-12 * size
    modes.check_derivatives(chain, chain.x)
    modes.check_derivatives(lambda p: chain.apply(p, chain.x), chain.parameters, directions=1)


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "sin", "identity"])
@pytest.mark.parametrize("layer", ["dense", "residual"])
def test_chains_against_the_complex_step(layer: str, activation: str) -> None:
    """Im f(x + i h e_j) / h is the derivative to rounding, for functions that are analytic.

    Source: Squire and Trapp, Using complex variables to estimate derivatives of real functions, SIAM Review 1998,
    https://doi.org/10.1137/S003614459631241X
    """
    chain = modes.layer_chain(4, 6, 5, 8, layer=layer, activation=activation)
    h = 1e-30
    expected = np.stack([chain(chain.x + 1j * h * e).imag / h for e in np.eye(4)], axis=1)
    for jacobian in JACOBIANS:
        np.testing.assert_allclose(jacobian(chain)(chain.x), expected, rtol=1e-12, atol=1e-14)


# -- results belong to the caller, inputs stay as they are -----------------------------------------------------------
@BOTH
@CHUNKS
def test_results_share_no_memory_with_arguments(mode: str, chunk_size: int | None) -> None:
    A, x = draw(3, 4), draw(4)
    before = A.copy(), x.copy()
    for f in (lambda x: A @ x, lambda x: x * x, lambda x: x, lambda x: np.reshape(x, (2, 2)), lambda x: np.sum(x * A)):
        J = modes.jacobian(f, mode=mode, chunk_size=chunk_size)(x)
        assert J.flags.writeable
        J[...] = 7.0
        np.testing.assert_array_equal(A, before[0])
        np.testing.assert_array_equal(x, before[1])
    v = draw(4)
    kept = v.copy()
    _, y_dot = modes.jvp(lambda x: x, (x,), (v,))
    y_dot[...] = 7.0
    (x_bar,) = modes.vjp(lambda x: x, x)[1](v)
    x_bar[...] = 7.0
    np.testing.assert_array_equal(v, kept)


@BOTH
def test_a_tangent_that_is_used_twice_is_not_overwritten(mode: str) -> None:
    """Large blocks are scaled in their own memory where nobody else refers to them: here somebody does."""
    A, B, x = draw(80, 70) / 8, draw(70, 80) / 8, draw(70)

    def f(x: Any) -> Any:
        z = A @ (B @ (A @ x))  # its block is a product: large, and the engine's own
        first = np.sin(z)
        u = B @ first
        second = np.tanh(z)
        return np.cos(u) + B @ (first * second) + B @ z + np.sin(np.exp(u)) * u

    J = modes.jacobian(f, mode=mode)(x)
    other = modes.jacobian(f, mode=mode, chunk_size=3)(x)  # small blocks: never in place
    np.testing.assert_allclose(J, other, rtol=1e-11, atol=1e-12)
    modes.check_derivatives(f, x)


# --- float32 constants, float64 argument ------------------------------------------------------------------------
FIRST, SECOND = (
    np.random.default_rng(i).standard_normal(shape).astype(np.float32) for i, shape in enumerate(((5, 4), (3, 5)))
)
PRODUCT = SECOND.astype(float) @ FIRST.astype(float)
FACTORS = np.float32(0.1) + np.arange(5, dtype=np.float32)
POINT = np.linspace(0.5, 1.5, 4)
MIXED: list[tuple[Callable[[Any], Any], np.ndarray]] = [
    (lambda x: SECOND @ (FIRST @ x), PRODUCT),
    (lambda x: SECOND @ (FACTORS * (FIRST @ x)), SECOND.astype(float) @ (FACTORS.astype(float)[:, None] * FIRST)),
    (lambda x: np.float32(0.1) * (SECOND @ (FIRST @ x)), float(np.float32(0.1)) * PRODUCT),
    (lambda x: SECOND[0] @ (FIRST @ x), PRODUCT[0]),
    (lambda x: np.mean(SECOND @ (FIRST @ x)), np.mean(PRODUCT, axis=0)),
    (lambda x: SECOND @ (FIRST @ (FACTORS[:4] * x)), PRODUCT * FACTORS[:4].astype(float)),
    (lambda x: x / FACTORS[:4], np.diag(1 / FACTORS[:4].astype(float))),
    (lambda x: x / np.float32(0.3), np.eye(4) / float(np.float32(0.3))),
    (lambda x: FACTORS[:4] ** x, np.diag(FACTORS[:4].astype(float) ** POINT * np.log(FACTORS[:4].astype(float)))),
    (lambda x: x ** FACTORS[:4], np.diag(FACTORS[:4].astype(float) * POINT ** (FACTORS[:4].astype(float) - 1))),
]


@pytest.mark.parametrize("case", range(len(MIXED)))
@pytest.mark.parametrize("chunk_size", [None, 1, 3])
def test_float32_constants_leave_the_derivatives_of_a_float64_argument_exact(case: int, chunk_size: int | None) -> None:
    f, expected = MIXED[case]
    x = POINT
    found = [modes.jacobian(f, mode=mode, chunk_size=chunk_size)(x) for mode in ("forward", "reverse", "auto")]
    prepared = modes.prepare(f, x)
    for J in (*found, prepared.jacfwd(x), prepared.jacrev(x)):
        assert J.dtype == np.float64
        np.testing.assert_allclose(J, expected, rtol=1e-14, atol=1e-15)


def test_two_float32_factors_of_a_large_float64_block_are_multiplied_in_float64() -> None:
    rng = np.random.default_rng(0)
    W, d, x = rng.random((100, 100)), rng.random(100).astype(np.float32), rng.random(100)
    squares = d.astype(float) ** 2
    for mode in ("forward", "reverse", "auto"):
        rows = modes.jacobian(lambda x: (W @ x) * d * d, mode=mode)(x)
        np.testing.assert_allclose(rows, squares[:, None] * W, rtol=1e-14)
        columns = modes.jacobian(lambda x: W @ (x * d * d), mode=mode)(x)
        np.testing.assert_allclose(columns, W * squares, rtol=1e-14)


# --- whose memory it is -----------------------------------------------------------------------------------------------
CONSTANT = np.ones(4)
VALUES: list[Callable[[Any], Any]] = [
    lambda x: x,
    lambda x: x[1:],
    lambda x: x.T,
    lambda x: np.broadcast_to(x, (2, 4)),
    lambda x: CONSTANT,
]


@pytest.mark.parametrize("f", VALUES)
def test_a_value_is_nobody_elses_array(f: Callable[[Any], Any]) -> None:
    x = np.linspace(0.5, 1.5, 4)
    for y in (modes.jvp(f, (x,), (x,))[0], modes.vjp(f, x)[0]):
        assert y.flags.writeable
        assert not np.shares_memory(y, x)
        assert not np.shares_memory(y, CONSTANT)


@pytest.mark.parametrize("chunk_size", [None, 1, 2])
@pytest.mark.parametrize("mode", ["forward", "reverse", "auto"])
def test_two_jacobians_are_two_arrays(mode: str, chunk_size: int | None) -> None:
    x = np.linspace(0.5, 1.5, 4)
    first, second = modes.jacobian(lambda a, b: np.tanh(FIRST @ (a + b)), (0, 1), mode=mode, chunk_size=chunk_size)(
        x, x
    )
    assert not np.shares_memory(first, second)
    first, second = modes.vjp(lambda a, b: np.tanh(a + b), x, x)[1](x)
    assert not np.shares_memory(first, second)
    first, second = modes.grad(lambda a, b: np.sum(np.tanh(a + b)), (0, 1))(x, x)
    assert not np.shares_memory(first, second)


def test_a_file_mapped_to_memory_is_read_only_by_the_engines(tmp_path: Any) -> None:
    M = np.memmap(tmp_path / "matrix", dtype=float, mode="w+", shape=(3, 3))
    M[:] = np.arange(9.0).reshape(3, 3)
    x = np.memmap(tmp_path / "vector", dtype=float, mode="w+", shape=(3,))
    for mode in ("forward", "reverse", "auto"):
        J = modes.jacobian(lambda x: M @ x, mode=mode)(x)
        assert type(J) is np.ndarray
        assert not np.shares_memory(J, M)
        np.testing.assert_array_equal(J, np.arange(9.0).reshape(3, 3))

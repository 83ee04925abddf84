"""Parameters and tensors, by number (M14 to M23): tensor Jacobians, batches, blocks of parameters, backpropagation."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import modes
from benchmarks import backpropagation, tensors
from benchmarks.apparatus import checks

BOTH = pytest.mark.parametrize("mode", ["forward", "reverse"])
CHUNKS = pytest.mark.parametrize("chunk_size", [None, 1, 5, 100])

rng = np.random.default_rng(5)


def draw(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape)


# -- matrices (M14 to M17) -----------------------------------------------------------------------------------------
@BOTH
@CHUNKS
@pytest.mark.parametrize(("m", "n"), [(3, 4), (1, 4), (3, 1), (1, 1)])
def test_m14_a_matrix_times_a_vector(mode: str, chunk_size: int | None, m: int, n: int) -> None:
    """dy_i/dA_jk = x_k where i = j, else 0: an m x m x n tensor, exactly."""
    A, x = draw(m, n), draw(n)
    T = modes.jacobian(lambda A: A @ x, mode=mode, chunk_size=chunk_size)(A)
    assert T.shape == (m, m, n)
    for i, j, k in np.ndindex(T.shape):
        assert T[i, j, k] == (x[k] if i == j else 0.0)


@BOTH
@CHUNKS
@pytest.mark.parametrize(("size", "n", "m"), [(2, 3, 4), (1, 3, 2), (3, 1, 2), (2, 3, 1)])
def test_m15_a_product_of_matrices(mode: str, chunk_size: int | None, size: int, n: int, m: int) -> None:
    """dY_ij/dA_kl = X_ik where j = l, else 0: an l x m x n x m tensor; dY_ij/dX_kl = A_lj where i = k, else 0."""
    X, A = draw(size, n), draw(n, m)
    by_X, by_A = modes.jacobian(np.matmul, (0, 1), mode=mode, chunk_size=chunk_size)(X, A)
    assert by_A.shape == (size, m, n, m)
    for i, j, k, last in np.ndindex(by_A.shape):
        assert by_A[i, j, k, last] == (X[i, k] if j == last else 0.0)
    assert by_X.shape == (size, m, size, n)
    for i, j, k, last in np.ndindex(by_X.shape):
        assert by_X[i, j, k, last] == (A[last, j] if i == k else 0.0)


@BOTH
def test_m16_the_generalised_product_contracts_two_axes(mode: str) -> None:
    """[i, j] (x)_2 [i, j, k, l] -> [k, l]: dE/dA from dE/dY and the tensor is dE/dA of the composed function."""
    X, A = draw(4, 3), draw(3, 2)

    def loss(Y: Any) -> Any:
        return np.sum(np.tanh(Y) * Y)

    Y_bar = modes.jacobian(loss, mode=mode)(X @ A)
    T = modes.jacobian(lambda A: X @ A, mode=mode)(A)
    expected = modes.jacobian(lambda A: loss(X @ A), mode=mode)(A)
    np.testing.assert_allclose(np.tensordot(Y_bar, T, 2), expected, rtol=1e-13)
    np.testing.assert_allclose(np.einsum("ij,ijkl->kl", Y_bar, T), expected, rtol=1e-13)


@pytest.mark.parametrize(("size", "n", "m"), [(4, 3, 2), (1, 3, 2), (4, 1, 2), (4, 3, 1), (5, 5, 5)])
def test_m17_the_tensor_need_never_be_formed(size: int, n: int, m: int) -> None:
    """dE/dA = X^T dE/dY and dE/dX = dE/dY A^T, by one pull-back."""
    X, A, Y_bar = draw(size, n), draw(n, m), draw(size, m)
    by_X, by_A = modes.vjp(np.matmul, X, A)[1](Y_bar)
    np.testing.assert_allclose(by_A, X.T @ Y_bar, rtol=1e-14)
    np.testing.assert_allclose(by_X, Y_bar @ A.T, rtol=1e-14)
    for way in (tensors.by_tensor, tensors.by_vjp):
        np.testing.assert_allclose(way(X, A, Y_bar), X.T @ Y_bar, rtol=1e-13, atol=1e-15)


def test_m17_no_array_of_the_tensors_size_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that the pull-back of X A multiplies is dE/dY: one product for each operand, of the operands' sizes."""
    from modes import partials

    size, n, m = 16, 12, 8
    X, A, Y_bar = draw(size, n), draw(n, m), draw(size, m)
    _, pullback = modes.vjp(np.matmul, X, A)
    largest = []
    pull = partials.Linear.pull

    def watched(self: Any, c: Any) -> Any:
        block: Any = pull(self, c)
        largest.append(max(c.size, block.size))
        return block

    monkeypatch.setattr(partials.Linear, "pull", watched)
    pullback(Y_bar)
    assert largest
    assert max(largest) == max(size * n, n * m, size * m)


def test_a_wrong_tensor_is_not_timed() -> None:
    X, A, Y_bar = draw(4, 3), draw(3, 2), draw(4, 2)
    with pytest.raises(checks.WrongDerivativeError, match=r"dE/dA is .* away from X"):
        tensors.checked(lambda X, A, Y_bar: X.T @ Y_bar * (1 + 1e-9), X, A, Y_bar)
    with pytest.raises(checks.WrongDerivativeError, match=r"shape \(2, 3\), expected \(3, 2\)"):
        tensors.checked(lambda X, A, Y_bar: Y_bar.T @ X, X, A, Y_bar)


# -- batches (M18) -------------------------------------------------------------------------------------------------
@BOTH
@CHUNKS
def test_m18_a_batch_is_block_diagonal(mode: str, chunk_size: int | None) -> None:
    """Y = tanh(X W^T + b): rows are samples, no layer mixes them, and each block is the sample's own Jacobian."""
    samples, n, m = 5, 4, 3
    X, W, b = draw(samples, n), draw(m, n), draw(m)
    J = modes.jacobian(lambda X: np.tanh(X @ W.T + b), mode=mode, chunk_size=chunk_size)(X)
    assert J.shape == (samples, m, samples, n)
    for i in range(samples):
        own = modes.jacobian(lambda x: np.tanh(W @ x + b), mode=mode)(X[i])
        for j in range(samples):
            if i == j:
                np.testing.assert_allclose(J[i, :, j], own, rtol=1e-13)
            else:
                np.testing.assert_array_equal(J[i, :, j], np.zeros((m, n)))


@BOTH
def test_m18_batches_on_several_axes_and_two_layers(mode: str) -> None:
    X, V, W, b = draw(2, 3, 4), draw(4, 5), draw(5, 2), draw(2)
    J = modes.jacobian(lambda X: np.sin(X @ V) @ W + b, mode=mode)(X)
    assert J.shape == (2, 3, 2, 2, 3, 4)
    for i in np.ndindex(2, 3):
        for j in np.ndindex(2, 3):
            block = J[(*i, slice(None), *j)]
            expected = W.T @ (np.cos(X[i] @ V)[:, None] * V.T) if i == j else np.zeros((2, 4))
            np.testing.assert_allclose(block, expected, rtol=1e-12, atol=1e-14)


def test_m18_parameters_of_a_batched_layer_add_up_over_the_batch() -> None:
    X, W, b, Y_bar = draw(6, 4), draw(3, 4), draw(3), draw(6, 3)
    by_W, by_b = modes.vjp(lambda W, b: X @ W.T + b, W, b)[1](Y_bar)
    np.testing.assert_allclose(by_W, Y_bar.T @ X, rtol=1e-13)
    np.testing.assert_allclose(by_b, np.sum(Y_bar, axis=0), rtol=1e-13)


# -- parameters (M19 to M23) ---------------------------------------------------------------------------------------
def by_hand(chain: modes.Chain) -> list[tuple[np.ndarray, ...]]:
    """J of a dense tanh chain by each (W, b), from the product formula (M19), all factors multiplied out."""
    values = [chain.x]
    for W, b in chain.parameters:
        values.append(np.tanh(W @ values[-1] + b))
    slopes = [1 - value**2 for value in values[1:]]
    blocks: list[tuple[np.ndarray, ...]] = []
    for k, x in enumerate(values[:-1]):
        left = np.eye(chain.m)
        for (W, _), slope in zip(chain.parameters[:k:-1], slopes[:k:-1], strict=True):
            left = left @ (slope[:, None] * W)
        by_b = left * slopes[k]
        blocks.append((by_b[:, :, None] * x, by_b))
    return blocks


@BOTH
@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("m", [1, 3])
def test_m19_one_block_a_parameter(mode: str, depth: int, m: int) -> None:
    chain = modes.layer_chain(4, m, depth, 5)
    J = modes.jacobian(chain.apply, mode=mode)(chain.parameters, chain.x)
    assert len(J) == depth
    for blocks, parameters, expected in zip(J, chain.parameters, by_hand(chain), strict=True):
        assert isinstance(blocks, tuple)
        for block, parameter, reference in zip(blocks, parameters, expected, strict=True):
            assert block.shape == (m, *parameter.shape)
            np.testing.assert_allclose(block, reference, rtol=1e-11, atol=1e-13)


@BOTH
def test_m19_denominator_layout_is_the_transpose_block_by_block(mode: str) -> None:
    chain = modes.layer_chain(4, 3, 3, 5)
    numerator = modes.jacobian(chain.apply, (0, 1), mode=mode)(chain.parameters, chain.x)
    denominator = modes.jacobian(chain.apply, (0, 1), mode=mode, layout="denominator")(chain.parameters, chain.x)
    for (W, b), (by_W, by_b) in zip(numerator[0], denominator[0], strict=True):
        np.testing.assert_array_equal(by_W, np.transpose(W, (1, 2, 0)))
        np.testing.assert_array_equal(by_b, b.T)
    np.testing.assert_array_equal(denominator[1], numerator[1].T)


@BOTH
@pytest.mark.parametrize("layer", ["dense", "residual", "elementwise", "scalar", "loss"])
def test_m19_every_kind_of_layer(mode: str, layer: str) -> None:
    """The blocks of all parameters together, along a direction of all of them, are the chain's own difference."""
    chain = modes.layer_chain(4, 1 if layer == "loss" else 4, 4, 4, layer=layer)
    J = modes.jacobian(chain.apply, mode=mode)(chain.parameters, chain.x)
    v = [tuple(draw(*p.shape) for p in parameters) for parameters in chain.parameters]
    y = np.shape(chain(chain.x))
    along = sum(
        np.tensordot(block, d, np.ndim(d)) if np.ndim(d) else block * d
        for blocks, directions in zip(J, v, strict=True)
        for block, d in zip(blocks, directions, strict=True)
    )
    assert np.shape(along) == y

    def moved(t: Any) -> Any:
        pairs = zip(chain.parameters, v, strict=True)
        return chain.apply([tuple(p + t * d for p, d in zip(*pair, strict=True)) for pair in pairs], chain.x)

    expected = checks.central(lambda t: moved(t[0]), np.zeros(1), np.ones(1))
    np.testing.assert_allclose(along, expected.astype(float), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("activation", ["tanh", "relu", "softplus"])
@pytest.mark.parametrize("depth", [1, 2, 6])
def test_m20_m21_backpropagation_and_the_product_formula_agree(activation: str, depth: int) -> None:
    chain = modes.layer_chain(5, 1, depth, 4, layer="loss", activation=activation)
    once = backpropagation.backpropagation(chain)()
    again = backpropagation.product_formula(chain)()
    for left, right in zip(once, again, strict=True):
        for a, b in zip(left, right, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
    checks.check_gradient(chain, once)


def counted(pullbacks: list[Callable[[Any], Any]], calls: list[int]) -> list[Callable[[Any], Any]]:
    def noted(pullback: Callable[[Any], Any], bar: Any) -> Any:
        calls.append(1)
        return pullback(bar)

    return [partial(noted, pullback) for pullback in pullbacks]


@pytest.mark.parametrize("depth", [1, 2, 7])
def test_m21_the_product_formula_multiplies_the_shared_factors_again(depth: int) -> None:
    """Exactly d (d - 1) / 2 products with a layer's Jacobian by its input, where backpropagation takes d - 1."""
    to_input: list[int] = []
    to_parameters: list[int] = []
    scale = counted([lambda bar: (2.0 * bar,)] * depth, to_input)
    blocks = backpropagation.direct_products(counted([lambda bar: (bar,)] * depth, to_parameters), scale, 1.0)
    assert blocks == [2.0 ** (depth - 1 - k) for k in range(depth)]
    assert len(to_input) == depth * (depth - 1) // 2
    assert len(to_parameters) == depth


@pytest.mark.parametrize("depth", [2, 4, 8])
def test_m20_backpropagation_pulls_through_each_operation_once(depth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of steps on the way back is linear in depth: the same number more for each further layer."""
    from modes import partials

    def steps(depth: int) -> int:
        count = []
        for kind in (partials.Scale, partials.Matrix, partials.Linear, partials.Dot, partials.Reshape):

            def counting(self: Any, c: Any, pull: Any = kind.pull) -> Any:
                count.append(1)
                return pull(self, c)

            monkeypatch.setattr(kind, "pull", counting)
        backpropagation.backpropagation(modes.layer_chain(3, 1, depth, 3, layer="loss"))()
        monkeypatch.undo()
        return len(count)

    assert steps(depth + 2) - steps(depth + 1) == steps(3) - steps(2) > 0


def test_a_wrong_gradient_is_not_timed() -> None:
    chain = modes.layer_chain(5, 1, 3, 4, layer="loss")
    right = backpropagation.backpropagation(chain)()
    checks.check_gradient(chain, right)
    for wrong, message in (
        (right[:-1], "has 4 blocks, expected 5"),
        (
            [(W.T, b) for W, b in right[:-1]] + right[-1:],
            r"block 0 of the gradient has shape \(5, 4\), expected \(4, 5\)",
        ),
        ([(W, 1.001 * b) for W, b in right[:-1]] + right[-1:], "does not fit differences"),
        ([(W * np.nan, b) for W, b in right[:-1]] + right[-1:], "does not fit differences"),
    ):
        with pytest.raises(checks.WrongDerivativeError, match=message):
            checks.check_gradient(chain, wrong)


def test_a_wrong_hessian_is_not_timed() -> None:
    chain = modes.layer_chain(5, 1, 3, 4, layer="loss")
    H = modes.hessian(chain)(chain.x)
    checks.check_hessian(chain, H)
    skewed, scaled = H.copy(), H * 1.0001
    skewed[0, 1] += 1e-9
    for wrong, message in ((skewed, "its transpose"), (scaled, "differences of the gradient"), (H[:-1], "shape")):
        with pytest.raises(checks.WrongDerivativeError, match=message):
            checks.check_hessian(chain, wrong)


@BOTH
def test_m22_cotangents_add_up_where_parameters_are_shared(mode: str) -> None:
    """The same matrix in both layers: the total derivative is the sum of the two partial ones."""
    W, x = draw(4, 4), draw(4)
    total = modes.jacobian(lambda W: np.tanh(W @ np.tanh(W @ x)), mode=mode)(W)
    first, second = modes.jacobian(lambda U, W: np.tanh(W @ np.tanh(U @ x)), (0, 1), mode=mode)(W, W)
    np.testing.assert_allclose(total, first + second, rtol=1e-12, atol=1e-14)


@BOTH
def test_m22_a_residual_connection_adds_the_identity(mode: str) -> None:
    W, b, x = draw(4, 4), draw(4), draw(4)
    J = modes.jacobian(lambda x: x + np.tanh(W @ x + b), mode=mode)(x)
    D = 1 - np.tanh(W @ x + b) ** 2
    np.testing.assert_allclose(J, np.eye(4) + D[:, None] * W, rtol=1e-13, atol=1e-15)


@BOTH
def test_m23_partial_of_a_layer_total_of_the_chain(mode: str) -> None:
    """A layer's derivative by its parameters holds its input fixed; the chain's by its input goes through them all."""
    chain = modes.layer_chain(4, 3, 2, 5)
    (W, b), (V, c) = chain.parameters
    hidden = np.tanh(W @ chain.x + b)
    by_V, by_hidden = modes.jacobian(lambda V, h: np.tanh(V @ h + c), (0, 1), mode=mode)(V, hidden)
    by_W = modes.jacobian(lambda W: np.tanh(W @ chain.x + b), mode=mode)(W)
    ((total_W, _), (total_V, _)), total_x = modes.jacobian(chain.apply, (0, 1), mode=mode)(chain.parameters, chain.x)
    np.testing.assert_allclose(total_V, by_V, rtol=1e-13)
    np.testing.assert_allclose(total_W, np.tensordot(by_hidden, by_W, 1), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(total_x, by_hidden @ ((1 - hidden**2)[:, None] * W), rtol=1e-12, atol=1e-14)


# -- losses (M13, M20) ---------------------------------------------------------------------------------------------
def test_mean_squared_error_of_a_chain() -> None:
    """L = |f - y|^2 / m: dL/dy = -2 (f - y) / m, and every other block is 2 (f - y)^T J / m."""
    chain = modes.layer_chain(4, 1, 3, 5, layer="loss")
    (target,) = chain.parameters[-1]
    dense = chain.parameters[:-1]

    def body(parameters: Any) -> Any:
        x = chain.x
        for W, b in parameters:
            x = np.tanh(W @ x + b)
        return x

    r = body(dense) - target
    gradient = modes.grad(chain.apply)(chain.parameters, chain.x)
    np.testing.assert_allclose(gradient[-1][0], -2 * r / r.size, rtol=1e-12)
    for blocks, expected in zip(gradient[:-1], modes.jacfwd(body)(dense), strict=True):
        for block, J in zip(blocks, expected, strict=True):
            np.testing.assert_allclose(block, np.tensordot(2 * r / r.size, J, 1), rtol=1e-12, atol=1e-14)


def test_mean_squared_error_over_a_batch() -> None:
    """Two layers over N samples: the gradients of the textbook, with the batch summed over."""
    N = 12
    X, T, W, b, V, c = draw(N, 4), draw(N, 2), draw(5, 4), draw(5), draw(2, 5), draw(2)

    def loss(p: Any) -> Any:
        hidden = np.maximum(X @ p["W"].T + p["b"], 0.0)
        return np.mean((hidden @ p["V"].T + p["c"] - T) ** 2)

    p = {"W": W, "b": b, "V": V, "c": c}
    value, gradient = modes.value_and_grad(loss)(p)
    z = X @ W.T + b
    hidden = np.maximum(z, 0.0)
    Y_bar = 2 * (hidden @ V.T + c - T) / T.size
    Z_bar = (Y_bar @ V) * (z > 0)
    assert value == loss(p)
    expected = {"W": Z_bar.T @ X, "b": Z_bar.sum(axis=0), "V": Y_bar.T @ hidden, "c": Y_bar.sum(axis=0)}
    assert gradient.keys() == expected.keys()
    for name, reference in expected.items():
        np.testing.assert_allclose(gradient[name], reference, rtol=1e-12, atol=1e-14)
    forward = modes.jacfwd(loss)(p)
    for name, reference in expected.items():
        np.testing.assert_allclose(forward[name], reference, rtol=1e-12, atol=1e-14)
    assert math.isclose(
        modes.jvp(loss, (p,), (p,))[1], sum(float(np.vdot(expected[k], p[k])) for k in p), rel_tol=1e-12
    )

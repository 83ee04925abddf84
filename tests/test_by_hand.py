"""The derivatives written by hand, which engines are measured against: of Jacobians, products and gradients."""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks import peers
from benchmarks.apparatus import checks
from modes.chains import ACTIVATIONS, Chain, layer_chain

FLOOR = peers.load("floor")
DENSE = [(n, m, depth) for n, m in ((5, 3), (3, 5), (4, 1), (1, 4)) for depth in (1, 2, 4)]


def by_complex_step(chain: Chain) -> np.ndarray:
    """J of a dense chain, column by column, from an imaginary step of 1e-30: no subtraction, no rounding of
    its own."""
    functions: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "tanh": np.tanh,
        "sin": np.sin,
        "identity": lambda z: z,
        "relu": lambda z: np.where(z.real > 0.0, z, 0.0),
        "sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z)),
        "softplus": lambda z: np.log(1.0 + np.exp(z)),
    }
    apply = functions[chain.activation]
    columns = []
    for direction in np.eye(chain.n):
        x = chain.x + 1e-30j * direction
        for W, b in chain.parameters:
            x = apply(W @ x + b)
        columns.append(x.imag / 1e-30)
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("n", "m", "depth"), DENSE)
def test_floor_jacobian_against_complex_steps(n: int, m: int, depth: int, activation: str, mode: str) -> None:
    chain = layer_chain(n, m, depth, 6, activation=activation)
    answer = FLOOR.jacobian(chain, mode, None)(chain.x)
    np.testing.assert_allclose(answer, by_complex_step(chain), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("layer", ["dense", "loss"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("depth", [1, 2, 4])
def test_floor_products_against_differences(layer: str, activation: str, depth: int) -> None:
    chain = layer_chain(5, 1 if layer == "loss" else 3, depth, 6, layer=layer, activation=activation)
    v, y_bar = checks.direction(chain), checks.covector(chain)
    y, y_dot = FLOOR.jvp(chain)(chain.x, v)
    z, x_bar = FLOOR.vjp(chain)(chain.x, y_bar)
    np.testing.assert_allclose(y, chain(chain.x), rtol=1e-13)
    np.testing.assert_allclose(z, chain(chain.x), rtol=1e-13)
    checks.check_jvp(chain, y_dot)
    checks.check_vjp(chain, y_bar, x_bar)
    if layer == "loss":
        checks.check_jacobian(chain, FLOOR.gradient(chain)(chain.x))


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_floor_keeps_float32_and_leaves_the_chain_as_it_was(activation: str, mode: str) -> None:
    chain = layer_chain(5, 3, 3, 6, activation=activation, dtype="float32")
    before = [array.copy() for layer in chain.parameters for array in layer] + [chain.x.copy()]
    v, y_bar = checks.direction(chain), checks.covector(chain)
    v_before, y_bar_before = v.copy(), y_bar.copy()
    answers = [
        FLOOR.jacobian(chain, mode, None)(chain.x),
        FLOOR.jvp(chain)(chain.x, v)[1],
        FLOOR.vjp(chain)(chain.x, y_bar)[1],
    ]
    assert all(answer.dtype == np.float32 for answer in answers)
    after = [array for layer in chain.parameters for array in layer] + [chain.x]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert np.array_equal(v, v_before)
    assert np.array_equal(y_bar, y_bar_before)


def test_floor_refuses_what_it_was_not_written_for() -> None:
    with pytest.raises(ValueError, match="got 'residual'"):
        FLOOR.jacobian(layer_chain(4, 4, 3, 4, layer="residual"), "forward", None)
    with pytest.raises(ValueError, match="no chunks, got chunk_size 2"):
        FLOOR.jacobian(layer_chain(4, 4, 3, 4), "forward", 2)

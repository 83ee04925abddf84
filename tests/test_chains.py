"""Generated chains: what they compute, that they are reproducible, and that they are well scaled.

Plain mathematics and central differences only; the engines meet the chains in tests of their own.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from modes import chains
from modes.chains import ACTIVATIONS, LAYERS, PROFILES, Chain, layer_chain, layer_widths, middle_layer

# The activations and their derivatives as a textbook has them, overflow and all.
TEXTBOOK: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": (lambda z: np.where(z > 0, z, 0.0), lambda z: np.where(z > 0, 1.0, 0.0)),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2),
    "softplus": (lambda z: np.log(1 + np.exp(z)), lambda z: 1 / (1 + np.exp(-z))),
    "sin": (np.sin, np.cos),
    "identity": (lambda z: z, np.ones_like),
}
BINARY = (
    lambda a, w: a + w,
    lambda a, w: a - w,
    lambda a, w: a * w,
    lambda a, w: a / w,
    lambda a, w: np.where(a > w, a, w),
)


def some_chain(layer: str, n: int = 5, m: int = 3, depth: int = 6, width: int = 4, **options: Any) -> Chain:
    """A chain of any kind, with n and m adapted to what the layer allows."""
    if layer in ("elementwise", "scalar"):
        n = m = width
    return layer_chain(n, 1 if layer == "loss" else m, depth, width, layer, **options)


def walk(chain: Chain, x: Any) -> list[tuple[Any, Any, Any]]:
    """The textbook's evaluation: per layer (pre-activation, value before the binary operation, value)."""
    activation = TEXTBOOK[chain.activation][0]
    steps = []
    for i, parameters in enumerate(chain.parameters):
        if chain.layer == "loss" and i == chain.depth - 1:
            z = a = x
            x = np.sum((x - parameters[0]) ** 2) / x.size
        elif chain.layer == "scalar":
            s, b = parameters
            z = s * x + b
            x = a = activation(z)
        elif chain.layer == "elementwise":
            s, b, w = parameters
            z = s * x + b
            a = activation(z)
            x = BINARY[i % 5](a, w)
        else:
            W, b = parameters
            z = np.array([sum(row * x) for row in W]) + b
            a = activation(z)
            x = x + a if chain.layer == "residual" and 0 < i < chain.depth - 1 else a
        steps.append((z, a, x))
    return steps


def partial_products(chain: Chain) -> list[NDArray[Any]]:
    """The derivatives of all x_l of a dense or residual chain by x, from the textbook's slopes."""
    slope = TEXTBOOK[chain.activation][1]
    J, products = np.eye(chain.n), []
    for i, ((W, _), (z, _, _)) in enumerate(zip(chain.parameters, walk(chain, chain.x), strict=True)):
        skip = J if chain.layer == "residual" and 0 < i < chain.depth - 1 else 0.0
        J = skip + slope(z)[:, None] * (W @ J)
        products.append(J)
    return products


def differences(chain: Chain, h: float = 1e-6) -> NDArray[Any]:
    """The Jacobian at chain.x by central differences, m x n."""
    steps = h * np.eye(chain.n)
    return np.stack([np.ravel(chain(chain.x + e) - chain(chain.x - e)) / (2 * h) for e in steps], axis=1)


def rms(x: Any) -> Any:
    return np.sqrt(np.mean(np.square(x)))


def all_arrays(chain: Chain) -> list[NDArray[Any]]:
    return [chain.x, *(array for parameters in chain.parameters for array in parameters)]


# --- widths ---


@pytest.mark.parametrize(
    ("arguments", "widths"),
    [
        ((3, 5, 6, 64, "uniform"), (3, 64, 64, 64, 64, 64, 5)),
        ((3, 5, 6, 64, "funnel"), (3, 64, 45, 32, 23, 16, 5)),
        ((3, 5, 6, 64, "hourglass"), (3, 64, 32, 16, 32, 64, 5)),
        ((3, 5, 6, 64, "bulge"), (3, 16, 32, 64, 32, 16, 5)),
        ((3, 5, 5, 64, "hourglass"), (3, 64, 16, 16, 64, 5)),
        ((3, 5, 5, 64, "bulge"), (3, 16, 64, 64, 16, 5)),
        ((3, 5, 4, 64, "funnel"), (3, 64, 32, 16, 5)),
        ((3, 5, 3, 64, "funnel"), (3, 64, 16, 5)),
        ((3, 5, 3, 64, "hourglass"), (3, 64, 64, 5)),
        ((3, 5, 2, 64, "funnel"), (3, 64, 5)),
        ((3, 5, 2, 64, "bulge"), (3, 16, 5)),
        ((3, 5, 1, 64, "hourglass"), (3, 5)),
        ((1, 1, 4, 1, "bulge"), (1, 1, 1, 1, 1)),
        ((2, 2, 4, 2, "hourglass"), (2, 2, 1, 2, 2)),
        ((9, 8, 4, 7, "waist2"), (9, 7, 2, 7, 8)),
        ((9, 8, 2, 7, "waist2"), (9, 2, 8)),
        ((9, 8, 5, 7, "waist12"), (9, 7, 12, 7, 7, 8)),
        ((9, 8, 4, 7, "waist2-after1"), (9, 2, 7, 7, 8)),
        ((9, 8, 4, 7, "waist2-after3"), (9, 7, 7, 2, 8)),
    ],
)
def test_widths_by_hand(arguments: tuple[Any, ...], widths: tuple[int, ...]) -> None:
    assert layer_widths(*arguments) == widths


@given(st.integers(1, 99), st.integers(1, 99), st.integers(1, 70), st.integers(1, 300))
def test_widths_keep_the_promise_of_their_profile(n: int, m: int, depth: int, width: int) -> None:
    quarter = max(1, round(width / 4))
    for profile in PROFILES:
        widths = layer_widths(n, m, depth, width, profile)
        assert len(widths) == depth + 1
        assert all(type(w) is int for w in widths)
        assert (widths[0], widths[-1]) == (n, m)
        hidden = widths[1:-1]
        assert all(quarter <= w <= width for w in hidden)
        if not hidden:
            continue
        first_half = hidden[: (len(hidden) + 1) // 2]
        if profile == "uniform":
            assert set(hidden) == {width}
        elif profile == "funnel":
            assert hidden[0] == width
            assert all(a >= b for a, b in pairwise(hidden))
            assert len(hidden) == 1 or hidden[-1] == quarter
        elif profile == "hourglass":
            assert hidden == hidden[::-1]
            assert hidden[0] == width
            assert all(a >= b for a, b in pairwise(first_half))
            assert depth < 4 or first_half[-1] == quarter
        else:
            assert hidden == hidden[::-1]
            assert hidden[0] == quarter
            assert all(a <= b for a, b in pairwise(first_half))
            assert depth < 4 or first_half[-1] == width


@pytest.mark.parametrize(
    ("n", "waist", "width", "side"),
    [(1024, 16, 512, 3), (512, 8, 256, 2), (784, 32, 256, 2), (256, 4, 64, 4), (128, 64, 128, 3)],
)
def test_a_waist_has_as_many_layers_on_either_side(n: int, waist: int, width: int, side: int) -> None:
    widths = layer_widths(n, n, 2 * side, width, f"waist{waist}")
    half = (n, *[width] * (side - 1), waist)
    assert widths == half + half[-2::-1]
    assert widths[middle_layer(2 * side, f"waist{waist}")] == waist


@given(st.integers(2, 40), st.integers(1, 300), st.data())
def test_a_waist_is_where_its_profile_says(depth: int, waist: int, data: st.DataObject) -> None:
    after = data.draw(st.integers(1, depth - 1))
    profile = f"waist{waist}-after{after}"
    widths = layer_widths(5, 6, depth, 400, profile)
    assert middle_layer(depth, profile) == after
    assert [i for i, w in enumerate(widths) if w == waist] == ([0] if waist == 5 else []) + [after] + (
        [depth] if waist == 6 else []
    )
    assert layer_widths(5, 6, depth, 400, f"waist{waist}-after{depth // 2}") == layer_widths(
        5, 6, depth, 400, f"waist{waist}"
    )


@pytest.mark.parametrize(
    "profile", ["waist", "waist0", "waist016", "waist-4", "waist4-after", "waist4-after0", "waist4x"]
)
def test_a_waist_that_cannot_be_read_is_refused_with_the_form(profile: str) -> None:
    with pytest.raises(ValueError, match=f"unknown profile '{profile}': a waist says its size.*'waist16-after2'"):
        layer_chain(4, 4, 4, 4, profile=profile)


@pytest.mark.parametrize(("profile", "depth"), [("waist4", 1), ("waist4-after4", 4), ("waist4-after9", 4)])
def test_a_waist_beyond_the_layers_is_refused_with_the_depth_it_needs(profile: str, depth: int) -> None:
    with pytest.raises(ValueError, match=rf"profile '{profile}' needs .* got a depth of {depth}; give a depth of at"):
        layer_widths(4, 4, depth, 4, profile)


def test_a_chain_with_a_waist_is_two_chains() -> None:
    chain = layer_chain(9, 8, 5, 7, profile="waist3")
    after = middle_layer(chain.depth, chain.profile)
    waist = chain.apply(chain.parameters[:after], chain.x)
    assert waist.shape == (3,)
    np.testing.assert_array_equal(chain.apply(chain.parameters[after:], waist), chain(chain.x))


# --- what a chain computes ---


@pytest.mark.parametrize("depth", [1, 2, 3, 7])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("layer", LAYERS)
def test_layers_are_the_documented_ones(layer: str, activation: str, depth: int) -> None:
    chain = some_chain(layer, depth=depth, activation=activation)
    x = chain.x + 0.01
    expected = walk(chain, x)[-1][-1]
    assert np.shape(chain(x)) == (() if layer == "loss" else (chain.m,))
    np.testing.assert_allclose(chain(x), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(chain(x), chain.apply(chain.parameters, x))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layer", LAYERS)
def test_shapes_and_dtypes(layer: str, dtype: str) -> None:
    chain = some_chain(layer, dtype=dtype, seed=3)
    assert chain.widths == layer_widths(chain.n, chain.m, chain.depth, chain.width, chain.profile)
    assert chain.x.shape == (chain.n,)
    assert len(chain.parameters) == chain.depth
    assert all(type(array) is np.ndarray and array.dtype == dtype for array in all_arrays(chain))
    assert chain(chain.x).dtype == dtype
    for (before, after), parameters in zip(pairwise(chain.widths), chain.parameters, strict=True):
        shapes = {
            "dense": [(after, before), (after,)],
            "residual": [(after, before), (after,)],
            "elementwise": [(after,)] * 3,
            "scalar": [(), ()],
            "loss": [(before,)] if parameters is chain.parameters[-1] else [(after, before), (after,)],
        }
        assert [p.shape for p in parameters] == shapes[layer]


def test_apply_uses_the_parameters_it_is_given() -> None:
    chain = layer_chain(3, 2, 3, 4)
    doubled = [(2.0 * W, b) for W, b in chain.parameters]
    assert not np.allclose(chain.apply(doubled, chain.x), chain(chain.x))
    zeros = [(0.0 * W, b) for W, b in chain.parameters]
    np.testing.assert_array_equal(chain.apply(zeros, chain.x), np.tanh(chain.parameters[-1][1]))


def test_dense_identity_chain_is_affine() -> None:
    chain = layer_chain(5, 3, 4, 6, activation="identity")
    J = np.linalg.multi_dot([W for W, _ in reversed(chain.parameters)])
    v = np.array([1.0, -2.0, 3.0, 0.5, 4.0])
    np.testing.assert_allclose(chain(chain.x + v) - chain(chain.x), J @ v, rtol=1e-12)


def test_residual_without_its_branches_skips_the_middle() -> None:
    chain = layer_chain(5, 3, 6, 4, layer="residual")
    (first, *middle, last) = chain.parameters
    silent = [(0.0 * W, 0.0 * b) for W, b in middle]
    short = layer_chain(5, 3, 2, 4, layer="dense")
    np.testing.assert_array_equal(chain.apply([first, *silent, last], chain.x), short.apply([first, last], chain.x))


@pytest.mark.parametrize("layer", ["elementwise", "scalar"])
def test_m9_elementwise_chains_do_not_mix_components(layer: str) -> None:
    chain = some_chain(layer, width=6, depth=11)
    moved = chain.x.copy()
    moved[2] += 0.01
    changed = chain(moved) != chain(chain.x)
    assert list(np.flatnonzero(changed)) in ([2], [])  # [] where a maximum cuts the component off
    J = differences(chain)
    np.testing.assert_array_equal(J, np.diag(np.diag(J)))


def test_m10_scalar_chain_treats_all_components_alike() -> None:
    chain = layer_chain(4, 4, 5, 4, layer="scalar")
    np.testing.assert_array_equal(chain(chain.x[::-1]), chain(chain.x)[::-1])


def test_m13_loss_is_the_mean_squared_distance_to_its_target() -> None:
    chain = layer_chain(6, 1, 1, 4, layer="loss")
    ((target,),) = chain.parameters
    assert chain(target) == 0.0
    assert chain(target + 2.0) == 4.0
    np.testing.assert_allclose(differences(chain)[0], 2 * (chain.x - target) / 6, rtol=1e-8)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("layer", ["dense", "residual"])
def test_m5_derivative_is_the_product_of_the_layers(layer: str, activation: str) -> None:
    chain = layer_chain(5, 3, 6, 7, layer=layer, activation=activation, seed=2)
    J = partial_products(chain)[-1]
    np.testing.assert_allclose(differences(chain), J, rtol=1e-6, atol=1e-7 * np.abs(J).max())


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("activation", ["sigmoid", "softplus", "tanh"])
def test_no_overflow_far_from_the_point(layer: str, activation: str) -> None:
    chain = some_chain(layer, activation=activation)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        for far in (1e4, -1e4):
            assert np.all(np.isfinite(chain(np.full(chain.n, far))))


class Protocols(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that is reached by NumPy's protocols alone, and refuses what no tracer could follow."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("converted to a plain array")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        assert method == "__call__"
        assert not options
        return Protocols(ufunc(*(unwrap(i) for i in inputs)))

    def __array_function__(self, function: Any, _: Any, arguments: tuple[Any, ...], options: Any) -> Any:
        assert not options
        return Protocols(function(*(unwrap(a) for a in arguments)))


def unwrap(value: Any) -> Any:
    return value.value if isinstance(value, Protocols) else value


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("layer", LAYERS)
def test_everything_goes_through_the_protocols(layer: str, activation: str) -> None:
    chain = some_chain(layer, activation=activation)
    before = chain.x.copy()
    wrapped: Any = [tuple(map(Protocols, parameters)) for parameters in chain.parameters]
    for y in (chain(Protocols(chain.x)), chain.apply(wrapped, chain.x)):
        assert isinstance(y, Protocols)
        np.testing.assert_array_equal(y.value, chain(chain.x))
    np.testing.assert_array_equal(chain.x, before)


# --- scaling ---


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("layer", ["dense", "residual"])
def test_derivatives_stay_near_1_in_every_layer(layer: str, activation: str) -> None:
    """Not at the end alone, where the last layer could make up for what went wrong before."""
    for width in (1, 2, 8, 64):
        for seed in range(4):
            chain = layer_chain(width, width, 64, width, layer, activation, seed=seed)
            for J in partial_products(chain):
                assert 1e-2 < np.linalg.norm(J) / np.sqrt(width) < 1e2, (chain, seed)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("layer", ["elementwise", "scalar"])
def test_derivatives_stay_near_1_in_every_component(layer: str, activation: str) -> None:
    for seed in range(8):
        chain = layer_chain(16, 16, 200, 16, layer, activation, seed=seed)
        diagonal = np.abs(np.diag(differences(chain)))
        alive = diagonal[diagonal > 0]
        assert alive.size >= (16 if layer == "scalar" else 8)
        assert np.min(alive) > 0.3
        assert np.max(alive) < 3.0


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("layer", LAYERS)
def test_values_and_derivatives_neither_vanish_nor_overflow(layer: str, activation: str) -> None:
    """At every profile, depth and width: in each layer the values, and for the whole chain J v and J^T w."""
    profiles = (*PROFILES, "waist3", "waist1-after1") if layer in ("dense", "loss") else ("uniform",)
    rng = np.random.default_rng(0)
    for profile in profiles:
        for depth in (1, 2, 4, 16, 64) if profile in PROFILES else (2, 4, 64):
            for width in (1, 2, 8, 64) if depth < 64 else (1, 2, 8, 24):
                chain = some_chain(
                    layer, width, width, depth, width, activation=activation, profile=profile, seed=depth
                )
                with np.errstate(all="raise", under="ignore"):
                    values = [chain.x, *(step[-1] for step in walk(chain, chain.x))]
                    J = differences(chain)
                assert np.all(np.isfinite(J))
                sizes = [rms(value) for value in values]
                assert min(sizes) > 1e-3, chain
                assert max(sizes) < 1e2, chain
                # Root mean squares over several directions of length 1, forward and transposed.
                v = rng.standard_normal((chain.n, 8))
                w = rng.standard_normal((8, chain.m))
                forward = np.linalg.norm(J @ v) / np.sqrt(np.sum(v * v))
                transposed = np.linalg.norm(w @ J) / np.sqrt(np.sum(w * w))
                assert 1e-2 < forward < 1e2, chain
                assert 1e-2 < transposed < 1e2, chain


@pytest.mark.parametrize(("n", "m"), [(1, 64), (64, 1), (3, 40), (40, 3)])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_scaling_of_wide_and_tall_chains(activation: str, n: int, m: int) -> None:
    for layer, depth in [("dense", 1), ("dense", 16), ("residual", 2), ("residual", 16)]:
        chain = layer_chain(n, m, depth, 8, layer, activation)
        assert 1e-1 < rms(chain(chain.x)) < 1e1
        assert 1e-2 < np.linalg.norm(differences(chain)) < 1e2


@pytest.mark.parametrize("layer", ["dense", "elementwise", "residual", "scalar", "loss"])
@pytest.mark.parametrize("width", [1, 2, 3, 8, 33])
def test_relu_keeps_away_from_its_kink_with_half_of_the_units_on(layer: str, width: int) -> None:
    for depth in (1, 4, 64):
        for dtype in ("float64", "float32"):
            chain = some_chain(layer, width, width, depth, width, activation="relu", dtype=dtype)
            for z, _, _ in walk(chain, chain.x)[: -1 if layer == "loss" else None]:
                assert np.min(np.abs(z)) > 1e-3
                assert np.count_nonzero(z > 0) >= z.size / 2
                if layer in ("dense", "residual", "elementwise") and width > 1 and z.size > 1:
                    assert np.any(z < 0)  # both sides of the kink are met


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("width", [1, 2, 8, 33])
def test_maximum_keeps_away_from_its_kink_with_half_of_the_units_on(activation: str, width: int) -> None:
    chain = layer_chain(width, width, 64, width, layer="elementwise", activation=activation)
    steps = walk(chain, chain.x)
    for (_, _, w), (_, a, _) in list(zip(chain.parameters, steps, strict=True))[4::5]:
        assert np.min(np.abs(a - w)) > 1e-3
        assert np.count_nonzero(a > w) >= width / 2
        assert width == 1 or np.any(a < w)
    alive = np.diag(differences(chain)) != 0
    assert np.count_nonzero(alive) >= width / 2


# --- reproducible, bit for bit ---


@pytest.mark.parametrize("layer", LAYERS)
def test_same_arguments_same_bits(layer: str) -> None:
    first, second = some_chain(layer, seed=7), some_chain(layer, seed=7)
    for a, b in zip(all_arrays(first), all_arrays(second), strict=True):
        assert a.tobytes() == b.tobytes()
    assert not np.array_equal(first.x, some_chain(layer, seed=8).x)
    assert any(
        not np.array_equal(a, b)
        for a, b in zip(all_arrays(first)[1:], all_arrays(some_chain(layer, seed=8))[1:], strict=True)
    )


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("layer", LAYERS)
def test_both_dtypes_are_the_same_chain(layer: str, activation: str) -> None:
    double = some_chain(layer, depth=64, activation=activation)
    single = some_chain(layer, depth=64, activation=activation, dtype="float32")
    for a, b in zip(all_arrays(double), all_arrays(single), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(single(single.x), double(double.x), rtol=1e-3, atol=1e-4)


def test_a_global_seed_is_neither_used_nor_moved() -> None:
    np.random.seed(1)  # noqa: NPY002
    state = np.random.get_state(legacy=False)["state"]["key"].copy()  # noqa: NPY002
    layer_chain(3, 3, 3, 3)
    np.testing.assert_array_equal(np.random.get_state(legacy=False)["state"]["key"], state)  # noqa: NPY002


def digest(chain: Chain) -> str:
    sha = hashlib.sha256()
    for array in all_arrays(chain):
        sha.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return sha.hexdigest()[:16]


@pytest.mark.parametrize(
    ("arguments", "recorded"),
    [
        ((8, 8, 4, 8, "dense", "tanh", "uniform", "float64", 0), "59c7f79c57d50784"),
        ((64, 3, 16, 32, "dense", "relu", "hourglass", "float64", 1), "fc56a243393e6a3a"),
        ((5, 7, 6, 16, "dense", "softplus", "bulge", "float32", 2), "c2d40bbe3d219f1b"),
        ((9, 9, 12, 9, "elementwise", "sigmoid", "uniform", "float64", 3), "63b3c388a810480b"),
        ((4, 4, 64, 4, "scalar", "sin", "uniform", "float64", 4), "611b78be6cefd38a"),
        ((6, 2, 9, 12, "residual", "tanh", "uniform", "float64", 5), "4d5b82218bc337d7"),
        ((10, 1, 5, 20, "loss", "identity", "funnel", "float64", 6), "cfc2d55a9cb2ab16"),
    ],
)
def test_parameters_are_those_on_record(arguments: tuple[Any, ...], recorded: str) -> None:
    """A change of the generator changes every benchmark: make it on purpose, and record the new digests."""
    assert digest(layer_chain(*arguments)) == recorded


@pytest.mark.parametrize("activation", ["tanh", "sigmoid", "softplus", "sin"])
@pytest.mark.parametrize("layer", LAYERS)
def test_the_last_bits_of_an_activation_do_not_show(
    layer: str, activation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another machine's tanh may differ in the last bit or two: the parameters must not."""
    here = digest(some_chain(layer, depth=32, width=9, activation=activation))
    exact, rng = chains._ACTIVATIONS[activation], np.random.default_rng(0)

    def elsewhere(z: Any) -> Any:
        return exact(z) * (1 + rng.integers(-2, 3, np.shape(z)) * 2.0**-52)

    monkeypatch.setitem(chains._ACTIVATIONS, activation, elsewhere)
    assert digest(some_chain(layer, depth=32, width=9, activation=activation)) == here


# --- the object, and bad input ---


@pytest.mark.parametrize("layer", LAYERS)
def test_chains_survive_a_pickle(layer: str) -> None:
    chain = some_chain(layer, activation="softplus", seed=1)
    again = pickle.loads(pickle.dumps(chain))
    np.testing.assert_array_equal(again(again.x), chain(chain.x))
    assert repr(again) == repr(chain)


def test_repr_rebuilds_the_chain_and_attributes_stay_put() -> None:
    depth: Any = np.int64(4)
    chain = layer_chain(3, 2, depth, 5, activation="sin", profile="funnel", dtype=np.float32, seed=9)
    again = eval(repr(chain).replace("Chain", "layer_chain"))
    assert digest(again) == digest(chain)
    assert type(chain.depth) is int
    assert (chain.dtype, chain.seed, chain.width) == ("float32", 9, 5)
    with pytest.raises(FrozenInstanceError):
        chain.n = 4  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"layer": "conv"},
            ValueError,
            "unknown layer 'conv'; known are dense, elementwise, scalar, residual, loss",
        ),
        ({"layer": ["dense"]}, ValueError, "unknown layer"),
        ({"activation": "gelu"}, ValueError, "unknown activation 'gelu'; known are tanh, relu, sigmoid"),
        (
            {"profile": "vase"},
            ValueError,
            "unknown profile 'vase'; known are uniform, funnel, hourglass, bulge, and waists such as 'waist16'",
        ),
        ({"n": 0}, ValueError, "n must be at least 1, got 0"),
        ({"m": -1}, ValueError, "m must be at least 1, got -1"),
        ({"depth": 0}, ValueError, "depth must be at least 1, got 0"),
        ({"width": 0}, ValueError, "width must be at least 1, got 0"),
        ({"seed": -1}, ValueError, "seed must be at least 0, got -1"),
        ({"n": 4.0}, TypeError, "n must be an int, got 4.0 of type float"),
        ({"depth": "4"}, TypeError, "depth must be an int, got '4' of type str"),
        ({"width": True}, TypeError, "width must be an int, got True of type bool"),
        ({"seed": None}, TypeError, "seed must be an int, got None"),
        ({"dtype": "int64"}, TypeError, "dtype must be float64 or float32, got int64"),
        ({"dtype": "complex128"}, TypeError, "dtype must be float64 or float32, got complex128"),
        ({"dtype": "double-ish"}, TypeError, "dtype must be float64 or float32, got 'double-ish'"),
        ({"dtype": None}, TypeError, "dtype must be float64 or float32, got None"),
        (
            {"layer": "elementwise", "m": 3},
            ValueError,
            "'elementwise' needs n == m == width, got n=4, m=3, width=4",
        ),
        (
            {"layer": "scalar", "width": 8},
            ValueError,
            "'scalar' needs n == m == width, got n=4, m=4, width=8",
        ),
        ({"layer": "loss"}, ValueError, "layer 'loss' has a single output and needs m=1, got m=4"),
        (
            {"layer": "residual", "profile": "bulge"},
            ValueError,
            "'residual' .* needs profile='uniform', got 'bulge'",
        ),
        (
            {"layer": "residual", "profile": "waist2"},
            ValueError,
            "'residual' .* needs profile='uniform', got 'waist2'",
        ),
        (
            {"layer": "scalar", "profile": "funnel"},
            ValueError,
            "'scalar' .* needs profile='uniform', got 'funnel'",
        ),
    ],
)
def test_bad_arguments_are_named(change: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        layer_chain(**({"n": 4, "m": 4, "depth": 3, "width": 4} | change))

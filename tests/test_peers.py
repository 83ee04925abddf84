"""The engines' adapters, and where each is found. What needs an optional package is skipped, visibly, without it."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import modes
from benchmarks import peers
from benchmarks.apparatus import checks
from benchmarks.catalogue.case import Case
from benchmarks.catalogue.engines import BOTH, ENGINES, Row, row
from benchmarks.peers import cut_engines, layers
from modes.chains import ACTIVATIONS, LAYERS, Chain, layer_chain

EXACT = [name for name in ENGINES if name not in ("modes", "differences")]
# Some are deprecated in what the libraries use themselves.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODES_ENGINES", raising=False)
    monkeypatch.setenv("MODES_PRESET", "standard")
    monkeypatch.setenv("MODES_PAIRS", "2")


def load(name: str) -> peers.Engine:
    if absent := row(name).absent():
        pytest.skip(absent)
    return peers.load(name)


def small(layer: str, activation: str = "tanh", dtype: str = "float64", depth: int = 4) -> Chain:
    n, m, width = {"elementwise": (4, 4, 4), "scalar": (4, 4, 4), "loss": (5, 1, 6)}.get(layer, (5, 3, 6))
    return layer_chain(n, m, depth, width, layer=layer, activation=activation, dtype=dtype)


def answer(engine: peers.Engine, chain: Chain, mode: str, chunk_size: int | None = None) -> np.ndarray:
    return engine.home(engine.jacobian(chain, mode, chunk_size)(engine.array(chain.x)))


# --- the adapters ---


def check_against_modes(name: str, chain: Chain, mode: str) -> None:
    engine = load(name)
    case = Case(layer=chain.layer, n=chain.n, m=chain.m, width=chain.width, dtype=chain.dtype, mode=mode)
    if (lack := row(name).lacks(case)) or (name == "floor" and chain.layer == "loss"):
        pytest.skip(lack.sentence if lack else "the floor has the loss's products only")
    J = answer(engine, chain, mode)
    checks.expect_array("J", J, chain.dtype)
    expected = modes.jacobian(chain, mode="reverse")(chain.x)
    assert J.shape == expected.shape
    tolerance = {"float64": 1e-12, "float32": 1e-4}[chain.dtype]
    assert np.linalg.norm(J - expected) <= tolerance * np.linalg.norm(expected)


@pytest.mark.parametrize("mode", BOTH)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", EXACT)
def test_jacobians_of_dense_chains_equal_those_of_modes(name: str, activation: str, mode: str) -> None:
    check_against_modes(name, small("dense", activation), mode)


@pytest.mark.parametrize("mode", BOTH)
@pytest.mark.parametrize("layer", [layer for layer in LAYERS if layer != "dense"])
@pytest.mark.parametrize("name", EXACT)
def test_jacobians_of_other_layers_equal_those_of_modes(name: str, layer: str, mode: str) -> None:
    check_against_modes(name, small(layer, depth=6), mode)


@pytest.mark.parametrize("mode", BOTH)
@pytest.mark.parametrize("name", EXACT)
def test_jacobians_of_a_single_layer_and_of_float32_equal_those_of_modes(name: str, mode: str) -> None:
    check_against_modes(name, small("dense", depth=1), mode)
    check_against_modes(name, small("dense", dtype="float32"), mode)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("profile", ["waist2", "waist9", "waist1-after1", "waist2-after4", "uniform"])
@pytest.mark.parametrize("name", [name for name, row in ENGINES.items() if "mixed" in row.modes])
def test_mixed_jacobians_equal_those_of_one_mode(name: str, profile: str, dtype: str) -> None:
    chain = layer_chain(8, 7, 5, 6, profile=profile, dtype=dtype)
    engine = load(name)
    for mode in set(row(name).modes) - set(BOTH):
        checks.check_jacobian(chain, answer(engine, chain, mode))


@pytest.mark.parametrize("profile", ["waist3", "waist9", "waist3-after1", "uniform"])
def test_a_cut_by_hand_takes_as_many_passes_as_the_waist_is_wide(profile: str, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = layer_chain(8, 7, 5, 6, profile=profile)
    lower, upper = cut_engines.halves(chain)
    after = {"waist3-after1": 1}.get(profile, 2)
    assert (lower.widths, upper.widths) == (chain.widths[: after + 1], chain.widths[after:])
    for half in (lower, upper):
        assert (half.n, half.m, half.depth) == (half.widths[0], half.widths[-1], len(half.widths) - 1)
        assert half.x.shape == (half.n,)
    np.testing.assert_array_equal(upper(lower(chain.x)), chain(chain.x))
    asked: dict[str, Chain] = {}
    for mode in ("jacfwd", "jacrev"):
        whole = getattr(modes, mode)

        def noted(f: Chain, mode: str = mode, whole: Any = whole) -> Any:
            asked[mode] = f
            return whole(f)

        monkeypatch.setattr(modes, mode, noted)
    answer(load("modes-cut"), chain, "mixed")
    assert (asked["jacfwd"].n, asked["jacrev"].m) == (chain.widths[after], chain.widths[after])


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", ENGINES)
def test_the_value_is_the_chains(name: str, layer: str) -> None:
    engine, chain = load(name), small(layer)
    checks.check_value(chain, engine.home(engine.primal(chain)(engine.array(chain.x))))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layer", LAYERS)
def test_central_differences_keep_their_own_tolerance(layer: str, dtype: str) -> None:
    chain, engine = small(layer, dtype=dtype), peers.load("differences")
    checks.check_jacobian(chain, answer(engine, chain, "forward"), engine.tolerance)


@pytest.mark.parametrize("name", ENGINES)
def test_the_point_and_the_parameters_are_left_as_they_were(name: str) -> None:
    engine, chain, same = load(name), small("dense"), small("dense")
    for mode in row(name).modes:
        answer(engine, chain, mode)
    assert np.array_equal(chain.x, same.x)
    for mine, others in zip(chain.parameters, same.parameters, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(mine, others, strict=True))


@pytest.mark.parametrize("name", ENGINES)
def test_chunks_change_nothing(name: str) -> None:
    engine, chain = load(name), small("dense")
    for mode in row(name).chunks:
        for chunk_size in (1, 2, 3, 7):
            np.testing.assert_allclose(answer(engine, chain, mode, chunk_size), answer(engine, chain, mode), rtol=1e-12)


def test_torch_computes_on_one_thread() -> None:
    load("torch")
    import torch

    assert (torch.get_num_threads(), torch.get_num_interop_threads()) == (1, 1)


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are listed in /proc, on Linux")
def test_jax_computes_on_one_thread() -> None:
    answer(load("jax"), small("dense"), "forward")
    names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
    assert names.count("tf_XLAEigen") <= 1


def test_jax_accounts_for_the_memory_of_its_result() -> None:
    chain = layer_chain(64, 32, 4, 64)
    for mode in BOTH:
        assert 64 * 32 * 8 <= load("jax").peak_bytes(chain, mode, None) < 10 * 64 * 64 * 8


def test_a_jacobian_built_anew_is_traced_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the set-up's time would be that of a cache."""
    engine, chain = load("jax"), small("dense")
    traces: list[object] = []
    from benchmarks.peers import jax_engine

    def counted(*arguments: Any) -> Callable[[Any], Any]:
        f = layers.function(*arguments)

        def traced(x: Any) -> Any:
            traces.append(x)
            return f(x)

        return traced

    monkeypatch.setattr(jax_engine, "function", counted)
    for built in (1, 2, 3):
        J = engine.jacobian(chain, "forward", None)
        J(engine.array(chain.x))
        J(engine.array(chain.x))
        assert len(traces) == built


@pytest.mark.parametrize("mode", BOTH)
@pytest.mark.parametrize(
    ("name", "module", "forward", "reverse"),
    [
        ("jax", "jax", "jacfwd", "jacrev"),
        ("torch", "torch.func", "jacfwd", "jacrev"),
        ("torch-functional", "torch.autograd.functional", "_jacfwd", None),
        ("autograd", "autograd", "make_jvp", "jacobian"),
    ],
)
def test_a_library_takes_the_mode_it_is_asked_for(
    name: str, module: str, forward: str, reverse: str | None, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Jacobians of both are the same: only who is called tells them apart."""
    engine, library = load(name), import_module(module)
    called: list[str] = []
    for kind, function in (("forward", forward), ("reverse", reverse)):
        if function is not None:
            original = getattr(library, function)

            def counted(*a: Any, kind: str = kind, f: Any = original, **k: Any) -> Any:
                called.append(kind)
                return f(*a, **k)

            monkeypatch.setattr(library, function, counted)
    answer(engine, small("dense"), mode)
    assert set(called) == ({mode} if reverse or mode == "forward" else set())


def test_casadi_takes_the_mode_it_is_asked_for() -> None:
    """A direction a column of one, a row of the other: the graph of the cheap one is the smaller."""
    engine: Any = load("casadi")
    tall = layer_chain(2, 20, 4, 8)
    sizes = {mode: engine.graph_of_jacobian(tall, mode).n_instructions() for mode in BOTH}
    assert 2 * sizes["forward"] < sizes["reverse"]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_chain_in_a_librarys_words_is_the_chain(layer: str, activation: str) -> None:
    namespace = layers.Namespace({"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0.0)}, np.maximum, np.mean)
    for depth in (2, 3, 7):
        chain = small(layer, activation, depth=depth)
        np.testing.assert_array_equal(layers.function(chain, namespace, np.asarray)(chain.x), chain(chain.x))


# --- where they are found ---


def test_every_engine_of_the_catalogue_is_a_class_in_a_module_that_needs_no_package() -> None:
    assert list(peers.CLASSES) == list(ENGINES)
    for name, where in peers.CLASSES.items():
        module, _, cls = where.partition(":")
        assert issubclass(getattr(import_module(f"benchmarks.peers.{module}"), cls), peers.Engine), name


def test_the_engines_of_a_run_are_loaded_before_asv_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []

    def load(name: str) -> None:
        loaded.append(name)
        raise ImportError(name)  # which its cells will say

    monkeypatch.setattr(peers, "load", load)
    peers.preload()
    monkeypatch.setenv("MODES_PRELOAD", "floor,abacus,differences")
    peers.preload()
    assert loaded == ["floor", "differences"]


def test_the_base_installation_loads_its_engines() -> None:
    for name in ("modes", "floor", "differences", "complex-step"):
        assert isinstance(peers.load(name), peers.Engine)


def test_a_missing_package_is_a_skip_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "absent", Row(requires=("no_such_package",)))
    with pytest.raises(NotImplementedError, match="not installed: no_such_package"):
        peers.load("absent")


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown engine 'slide rule'; the known ones are modes, floor"):
        peers.load("slide rule")

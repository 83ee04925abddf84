"""The table of engines and its adapters. What needs an optional package is skipped, visibly, without it."""

import ast
import json
import math
import os
import subprocess
import sys
import types
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asv_runner.benchmarks.track import TrackBenchmark

import modes
from benchmarks import __main__ as listing
from benchmarks import engines, harness, peers, published
from benchmarks.apparatus import cases, checks, pairs, relative, single
from benchmarks.peers import layers
from modes.chains import ACTIVATIONS, LAYERS, Chain, layer_chain
from tests.test_benchmarks import ROOT, Machine

EXACT = [name for name in peers.ENGINES if name not in ("modes", "differences")]
# Some are deprecated in what the libraries use themselves.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODES_ENGINES", raising=False)
    monkeypatch.setenv("MODES_PROFILE", "standard")
    monkeypatch.setenv("MODES_PAIRS", "2")


def load(name: str) -> peers.Engine:
    if missing := peers.row(name).missing():
        pytest.skip(f"not installed: {', '.join(missing)}")
    return peers.load(name)


def small(layer: str, activation: str = "tanh", dtype: str = "float64", depth: int = 4) -> Chain:
    n, m, width = {"elementwise": (4, 4, 4), "scalar": (4, 4, 4), "loss": (5, 1, 6)}.get(layer, (5, 3, 6))
    return layer_chain(n, m, depth, width, layer=layer, activation=activation, dtype=dtype)


def answer(engine: peers.Engine, chain: Chain, mode: str, chunk_size: int | None = None) -> np.ndarray:
    return engine.jacobian(chain, mode, chunk_size)(engine.array(chain.x))


# --- the adapters ---


def check_against_modes(name: str, chain: Chain, mode: str) -> None:
    engine, row = load(name), peers.row(name)
    case = cases.Case(layer=chain.layer, n=chain.n, m=chain.m, width=chain.width, dtype=chain.dtype, mode=mode)
    if (reason := row.lacks(case)) or (name == "floor" and chain.layer == "loss"):
        pytest.skip(reason or "the floor has the loss's products only")
    J = answer(engine, chain, mode)
    checks.expect_array("J", J, chain.dtype)
    expected = modes.jacobian(chain, mode="reverse")(chain.x)
    assert J.shape == expected.shape
    tolerance = {"float64": 1e-12, "float32": 1e-4}[chain.dtype]
    assert np.linalg.norm(J - expected) <= tolerance * np.linalg.norm(expected)


@pytest.mark.parametrize("mode", peers.BOTH)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("name", EXACT)
def test_jacobians_of_dense_chains_equal_those_of_modes(name: str, activation: str, mode: str) -> None:
    check_against_modes(name, small("dense", activation), mode)


@pytest.mark.parametrize("mode", peers.BOTH)
@pytest.mark.parametrize("layer", [layer for layer in LAYERS if layer != "dense"])
@pytest.mark.parametrize("name", EXACT)
def test_jacobians_of_other_layers_equal_those_of_modes(name: str, layer: str, mode: str) -> None:
    check_against_modes(name, small(layer, depth=6), mode)


@pytest.mark.parametrize("mode", peers.BOTH)
@pytest.mark.parametrize("name", EXACT)
def test_jacobians_of_a_single_layer_and_of_float32_equal_those_of_modes(name: str, mode: str) -> None:
    check_against_modes(name, small("dense", depth=1), mode)
    check_against_modes(name, small("dense", dtype="float32"), mode)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", peers.ENGINES)
def test_the_value_is_the_chains(name: str, layer: str) -> None:
    engine, chain = load(name), small(layer)
    checks.check_value(chain, engine.primal(chain)(engine.array(chain.x)))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("layer", LAYERS)
def test_central_differences_keep_their_own_tolerance(layer: str, dtype: str) -> None:
    chain, engine = small(layer, dtype=dtype), peers.load("differences")
    checks.check_jacobian(chain, answer(engine, chain, "forward"), engine.tolerance)


@pytest.mark.parametrize("name", peers.ENGINES)
def test_the_point_and_the_parameters_are_left_as_they_were(name: str) -> None:
    engine, chain, same = load(name), small("dense"), small("dense")
    for mode in peers.row(name).modes:
        answer(engine, chain, mode)
    assert np.array_equal(chain.x, same.x)
    for mine, others in zip(chain.parameters, same.parameters, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(mine, others, strict=True))


@pytest.mark.parametrize("name", peers.ENGINES)
def test_chunks_change_nothing(name: str) -> None:
    engine, chain = load(name), small("dense")
    for mode in peers.row(name).chunks:
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
    for mode in peers.BOTH:
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


@pytest.mark.parametrize("mode", peers.BOTH)
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
    sizes = {mode: engine.graph_of_jacobian(tall, mode).n_instructions() for mode in peers.BOTH}
    assert 2 * sizes["forward"] < sizes["reverse"]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_chain_in_a_librarys_words_is_the_chain(layer: str, activation: str) -> None:
    namespace = layers.Namespace({"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0.0)}, np.maximum, np.mean)
    for depth in (2, 3, 7):
        chain = small(layer, activation, depth=depth)
        np.testing.assert_array_equal(layers.function(chain, namespace, np.asarray)(chain.x), chain(chain.x))


# --- the table ---


def test_every_row_names_an_engine_in_a_module_that_needs_no_package() -> None:
    for name, row in peers.ENGINES.items():
        assert issubclass(getattr(import_module(f"benchmarks.peers.{row.module}"), row.name), peers.Engine), name
        assert row.memory in ("traced", "own", ""), name
        assert set(row.chunks) <= set(row.modes) <= set(peers.BOTH), name


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"mode": "primal"}, None),
        ({"mode": "reverse"}, "no reverse mode"),
        ({"mode": "forward/reverse"}, "no reverse mode"),
        ({"layer": "loss", "m": 1}, "no layer 'loss', only dense"),
        ({"dtype": "float32"}, "no float32, only float64"),
        ({"chunk_size": 8}, "no chunks in forward mode, got chunk_size 8"),
        ({"n": 1000}, "more than 1e+06 multiply-adds"),
        ({"n": 1000, "mode": "primal"}, None),
    ],
)
def test_a_row_says_what_its_engine_lacks(changes: dict[str, Any], reason: str | None) -> None:
    row = peers.Row("none", "None", modes=("forward",), layers=("dense",), dtypes=("float64",), most_fma=1.1e6)
    found = row.lacks(cases.Case(**{**changes, "depth": 3}))
    assert found == reason if reason is None else reason in str(found)


def test_the_work_that_is_too_much_is_that_of_the_mode() -> None:
    """n passes of forward mode, m of reverse, over 30 15 + 15 5 multiply-adds of f."""
    case = cases.Case(n=30, m=5, width=15, depth=2)
    for mode, passes in (("forward", 30), ("reverse", 5), ("primal", 1)):
        work = passes * (30 * 15 + 15 * 5)
        assert peers.Row("none", "None", most_fma=work).lacks(case._replace(mode=mode)) is None
        assert peers.Row("none", "None", most_fma=work - 1).lacks(case._replace(mode=mode)) is not None


def test_a_quick_run_takes_the_projects_own_engines_and_others_what_is_installed() -> None:
    assert peers.chosen("quick") == ("modes", "modes-prepared", "floor")
    assert peers.chosen("standard") == peers.chosen("full") == peers.installed()
    assert {"modes", "floor", "differences", "complex-step"} <= set(peers.installed())


def engine_of(cell: list[str]) -> str:
    """The engine of a cell as it is listed: the reprs of its parameters."""
    return cases.Case.of(*map(ast.literal_eval, cell)).engine


def test_the_environment_chooses_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODES_ENGINES", "floor, jax")
    assert peers.chosen("quick") == peers.chosen("full") == ("floor", "jax")
    cells = listing.cells("standard")
    assert {engine_of(cell) for listed in cells.values() for cell in listed} == {"floor", "jax"}  # installed or not
    peers.expect(cases.Case(engine="floor"), "quick")
    with pytest.raises(peers.SkippedError, match="modes is skipped: not chosen; chosen are floor, jax"):
        peers.expect(cases.Case(), "quick")
    monkeypatch.setenv("MODES_ENGINES", "floor,abacus")
    with pytest.raises(ValueError, match="unknown engine 'abacus'; the known ones are modes, floor, jax"):
        peers.chosen("quick")


def test_the_lists_of_parameters_do_not_hang_on_what_is_installed_or_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """asv drops stored cells when they change."""
    monkeypatch.setenv("MODES_ENGINES", "floor")
    for profile in cases.PROFILES:
        assert engines.Cost.grid.lists(profile)[0] == list(peers.ENGINES)


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


def test_an_engine_is_described_as_json_has_it() -> None:
    for name, row in peers.ENGINES.items():
        described = row.described()
        assert json.loads(json.dumps(described)) == described, name
        assert described["most_fma"] == (row.most_fma if math.isfinite(row.most_fma) else None)
        assert described["chunks"] == list(row.chunks)


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_command_line_chooses_and_describes_engines() -> None:
    chosen = json.loads(command("cells", "--engines", "floor").stdout)
    assert {engine_of(cell) for listed in chosen.values() for cell in listed} == {"floor"}
    unknown = command("cells", "--engines", "abacus")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "unknown engine 'abacus'" in unknown.stderr
    described = json.loads(command("engines").stdout)
    assert described.keys() == peers.ENGINES.keys()
    for name, engine in described.items():
        assert set(engine["versions"]) | set(engine["missing"]) == set(peers.row(name).requires)


# --- faults: each marks its own cell ---


class Fake(peers.Engine):
    """The floor, but for what `spoil` makes of its Jacobian."""

    def __init__(self, spoil: Callable[[np.ndarray], Any]) -> None:
        self.spoil = spoil

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Callable[[np.ndarray], np.ndarray]:
        by_hand = peers.load("floor").jacobian(chain, mode, chunk_size)
        return lambda x: self.spoil(by_hand(x))


def failing(error: Exception) -> Callable[[np.ndarray], Any]:
    def spoil(J: np.ndarray) -> None:
        raise error

    return spoil


FAULTS = {
    "good": Fake(lambda J: J),
    "wrong": Fake(lambda J: J * 1.01),
    "not-finite": Fake(lambda J: np.where(J > 0, np.nan, J)),
    "raises": Fake(failing(FloatingPointError("it would not"))),
    "out-of-memory": Fake(failing(MemoryError("too large"))),
    "lacks-a-rule": Fake(failing(modes.MissingRule("no rule"))),
}


@pytest.fixture
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("benchmarks.peers.fakes")
    for name, engine in FAULTS.items():
        setattr(module, name, lambda engine=engine: engine)
        monkeypatch.setitem(peers.ENGINES, name, peers.Row("fakes", name, layers=("dense",)))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(peers, "load", peers.load.__wrapped__)
    monkeypatch.setitem(peers.ENGINES, "missing", peers.Row("fakes", "none", requires=("no_such_package",)))
    monkeypatch.setitem(peers.ENGINES, "broken", peers.Row("no_such_module", "None"))
    monkeypatch.setitem(peers.ENGINES, "forward-only", peers.Row("fakes", "good", modes=("forward",)))


def outcomes(cls: type[cases.Prepared], mode: str) -> dict[str, str]:
    """What asv makes of each engine's cell: it sets up and runs the method as asv's own process does."""
    method = next(name for name in dir(cls) if name.startswith("track_"))
    names = [*FAULTS, "missing", "broken", "forward-only"]
    values = [names, *([value] for value in cases.Case(n=6, m=6, width=6)[1:-1]), [mode]]
    own = type(cls.__name__, (cls,), {"params": values})
    found = {}
    for index, name in enumerate(names):
        instance = own()
        benchmark = TrackBenchmark(method, getattr(instance, method), [instance])
        benchmark.set_param_idx(index)
        try:
            skipped = benchmark.do_setup()
            found[name] = "skipped" if skipped else str(type(benchmark.do_run()).__name__)
        except Exception as error:
            found[name] = type(error).__name__
    return found


FAILURES = {
    "wrong": "WrongDerivativeError",
    "not-finite": "WrongDerivativeError",
    "raises": "FloatingPointError",
    "out-of-memory": "MemoryError",
    "lacks-a-rule": "MissingRule",
    "missing": "skipped",
    "broken": "ModuleNotFoundError",
}


@pytest.mark.usefixtures("_fakes")
@pytest.mark.parametrize("cls", [engines.Cost, engines.OverModes, engines.Preparation], ids=lambda cls: cls.__name__)
def test_a_fault_marks_its_own_cell(cls: type[cases.Prepared], capsys: pytest.CaptureFixture[str]) -> None:
    assert outcomes(cls, "forward") == {**FAILURES, "good": "dict", "forward-only": "dict"}
    assert "engine missing is skipped: not installed: no_such_package" in capsys.readouterr().out


@pytest.mark.usefixtures("_fakes")
def test_a_fault_marks_its_own_crossover(capsys: pytest.CaptureFixture[str]) -> None:
    assert outcomes(engines.Crossover, "forward/reverse") == {**FAILURES, "good": "dict", "forward-only": "skipped"}
    assert "engine forward-only is skipped: it has no reverse mode" in capsys.readouterr().out


# --- what is measured ---


def squares(cls: type[cases.Prepared], profile: str) -> set[tuple[int, int]]:
    """The sizes and depths with n = m = width that a benchmark has of the project's own engine."""
    mine = [case for case in cls.grid.cells(profile) if case.engine == "modes" or cls is engines.OverModes]
    return {(case.n, case.depth) for case in mine if case.n == case.m == case.width}


@pytest.mark.parametrize("cls", [engines.Cost, engines.OverModes, engines.Primal], ids=lambda cls: cls.__name__)
def test_a_standard_run_has_the_squares_up_to_256_at_both_depths(cls: type[cases.Prepared]) -> None:
    assert squares(cls, "standard") >= {(size, depth) for size in (8, 64, 256) for depth in (4, 16)}
    assert squares(cls, "full") >= {(size, depth) for size in (8, 64, 256, 1024) for depth in (4, 16)}


def test_a_full_run_has_every_combination_of_sizes() -> None:
    sizes = (8, 64, 256, 1024)
    for cls in (engines.Cost, engines.OverModes):
        mine = [case for case in cls.grid.cells("full") if case.engine == "modes-prepared"]
        assert {(case.n, case.m, case.width) for case in mine} == {
            (n, m, width) for n in sizes for m in sizes for width in sizes
        }


def test_time_is_measured_over_n_from_16_to_512() -> None:
    over = [case for case in engines.CostOverInputs.grid.cells("standard") if case.engine == "differences"]
    assert {case.n for case in over} == {16, 128, 512}
    assert {(case.m, case.width, case.depth) for case in over} == {(64, 64, 4)}


def test_the_crossover_over_m_is_sought_around_the_diagonal() -> None:
    for profile in cases.PROFILES:
        for m in {case.m for case in engines.Crossover.grid.cells(profile)}:
            mine = [case.n for case in engines.Crossover.grid.cells(profile) if (case.engine, case.m) == ("modes", m)]
            assert min(mine) < m < max(mine)
            assert m in mine


def test_the_harness_is_timed_beside_every_size() -> None:
    mine = [case for case in harness.Overhead.grid.cells("standard") if case.engine == "modes"]
    assert {case.n for case in mine} == {8, 64, 256}


@pytest.mark.parametrize("times", [1, 3, 9, 50, 400])
def test_a_slow_engine_is_timed_against_many_calls_of_modes(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stretch is one call where that is long enough, and the ratio is still that of one call to one."""
    machine = Machine()
    slow, fast = machine.side("engine", 20_000 * times), machine.side("modes", 20_000)
    monkeypatch.setattr(relative, "seconds", partial(single.seconds, clock=machine.clock))
    monkeypatch.setattr(relative, "pairs", partial(pairs.pairs, clock=machine.clock))
    found = relative.over(slow, fast, 5)
    assert found["samples"] == pytest.approx([math.log(times)] * 5)
    if times >= 50:  # 1 ms or more a call: one of the engine's beside 1 ms of the others
        assert machine.calls.endswith("engine" + "modes" * 100 + "engine")


INSTALLED = [cls for cls in vars(engines).values() if isinstance(cls, type) and hasattr(cls, "grid")]


@pytest.mark.parametrize("cls", [*INSTALLED, harness.Overhead], ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("name", [name for name in peers.ENGINES if name not in ("modes", "floor")])
def test_smoke_one_cell_of_each_class_and_peer(name: str, cls: type[cases.Prepared]) -> None:
    load(name)
    mine = [case for case in cls.grid.cells("standard") if case.engine == name]
    if not mine:
        pytest.skip("nothing of this engine is in this benchmark")
    case = min(mine, key=lambda case: case.n * case.m * case.width * case.depth)
    benchmark = cls()
    benchmark.setup(*case)
    result = getattr(benchmark, next(method for method in dir(cls) if method.startswith("track_")))(*case)
    for value in result["samples"] if isinstance(result, dict) else [result]:
        assert math.isfinite(value)


def test_seconds_are_those_of_one_call() -> None:
    machine = Machine()
    assert single.seconds(machine.side("a", 2000), 3, clock=machine.clock) == pytest.approx([2e-6] * 3)


def test_a_slow_call_is_measured_less_often_but_not_less_than_the_fewest() -> None:
    machine = Machine()
    assert len(single.seconds(machine.side("a", 2_000_000_000), 100, clock=machine.clock)) == single.FEWEST
    assert len(single.seconds(machine.side("a", 500_000_000), 100, clock=machine.clock)) == 10
    assert len(single.seconds(machine.side("a", 2_000_000_000), 3, clock=machine.clock)) == 3


def test_setup_is_the_first_call_and_what_precedes_it_beyond_a_later_call() -> None:
    machine = Machine()
    build_ns, first_ns, later_ns = 5000, 900, 100

    def build() -> Callable[[], None]:
        machine.now += build_ns
        price = iter([first_ns])

        def call() -> None:
            machine.now += next(price, later_ns)

        return call

    samples = single.setup_seconds(build, 4, clock=machine.clock)
    assert samples == pytest.approx([(build_ns + first_ns - later_ns) * 1e-9] * 4)


def test_published_ratios_are_those_of_the_tutorial() -> None:
    assert math.exp(-published.PUBLISHED["Tall"]) == pytest.approx(9.4, abs=0.05)
    assert math.exp(published.PUBLISHED["Wide"]) == pytest.approx(7.3, abs=0.05)
    for name, (n, m) in {"Tall": (32, 2048), "Wide": (2048, 32)}.items():
        (case,) = {case._replace(engine="") for case in getattr(published, name).grid.cells("full")}
        assert (case.n, case.m, case.depth, case.layer, case.activation) == (n, m, 1, "dense", "tanh")


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system pins no process to a core")
def test_a_benchmark_runs_on_one_core_unless_it_counts_them() -> None:
    before = os.sched_getaffinity(0)
    engines.Cores().setup(*cases.Case())
    assert os.sched_getaffinity(0) == before
    engines.Cost().setup(*cases.Case())
    assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) <= before

"""The suite's contracts: what is timed is right, pairs run in the promised order, the listing is asv's."""

import gc
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from asv_runner.discovery import disc_benchmarks
from threadpoolctl import threadpool_limits

from benchmarks import __main__ as listing
from benchmarks import crossover, memory, peers
from benchmarks.apparatus import cases, checks, pairs
from modes.chains import ACTIVATIONS, Chain, layer_chain

ROOT = Path(__file__).parent.parent
FLOOR = peers.load("floor")
BENCHMARKS = dict(listing.benchmarks())
NAMES = [
    *("engine", "layer", "profile", "activation"),
    *("n", "m", "width", "depth", "dtype", "chunk_size", "mode"),
]
DENSE = [(n, m, depth) for n, m in ((5, 3), (3, 5), (4, 1), (1, 4)) for depth in (1, 2, 4)]


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """A benchmark's setup leaves BLAS on one thread: its process is its own. Here it is not."""
    with threadpool_limits(None):
        yield


@pytest.fixture(autouse=True)
def _default_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODES_ENGINES", raising=False)


# --- pairs ---


class Machine:
    """A machine whose time passes in calls alone, with a log of who was called.

    Each call takes as long as its side says, and ``drift`` nanoseconds longer for every call before it.
    """

    def __init__(self, drift: int = 0) -> None:
        self.now = 0
        self.calls = ""
        self.drift = drift

    def clock(self) -> int:
        return self.now

    def side(self, name: str, nanoseconds: int) -> Callable[[], None]:
        def call() -> None:
            self.now += nanoseconds + self.drift * len(self.calls)
            self.calls += name

        return call


def test_pairs_run_as_quartets_a_b_b_a() -> None:
    machine = Machine()
    pairs.pairs(machine.side("a", 700), machine.side("b", 1000), 5, clock=machine.clock, stretch_ns=100)
    assert machine.calls[-20:] == "abba" * 5


def test_pairs_give_one_log_ratio_of_a_over_b_a_quartet() -> None:
    machine = Machine()
    ratios = pairs.pairs(machine.side("a", 3000), machine.side("b", 1000), 4, clock=machine.clock)
    assert ratios == [math.log(3.0)] * 4


def test_a_linear_drift_cancels_in_a_quartet() -> None:
    machine = Machine(drift=100)
    a, b = machine.side("a", 10_000), machine.side("b", 10_000)
    assert pairs.pairs(a, b, 6, clock=machine.clock, stretch_ns=50_000) == [0.0] * 6


def test_both_sides_of_a_quartet_run_equally_often_and_the_faster_long_enough() -> None:
    machine = Machine()
    fast, slow = machine.side("a", 300), machine.side("b", 5000)
    pairs.pairs(fast, slow, 1, clock=machine.clock, stretch_ns=10_000)
    loops = len(machine.calls) - len(machine.calls.rstrip("a"))
    assert machine.calls.endswith("a" * loops + "b" * 2 * loops + "a" * loops)
    assert 10_000 <= 300 * loops < 20_000


def test_the_collector_rests_while_the_clock_runs_and_blas_has_one_thread() -> None:
    seen = []
    pairs.pairs(lambda: seen.append((gc.isenabled(), pairs.blas_threads())), lambda: None, 2, stretch_ns=1)
    assert set(seen) <= {(False, 1), (False, 0)}
    assert gc.isenabled()


def test_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        pairs.pairs(lambda: None, lambda: None, 0)


def test_samples_are_what_asv_takes_for_samples() -> None:
    assert pairs.samples(lambda: None, lambda: None, 3).keys() == {"samples", "number"}


# --- the floor ---


def by_complex_step(chain: Chain) -> np.ndarray:
    """J of a dense chain, column by column, from an imaginary step of 1e-30: no subtraction, no rounding of
    its own."""
    apply = {
        "tanh": np.tanh,
        "sin": np.sin,
        "identity": lambda z: z,
        "relu": lambda z: np.where(z.real > 0.0, z, 0.0),
        "sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z)),
        "softplus": lambda z: np.log(1.0 + np.exp(z)),
    }[chain.activation]
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


# --- the check before the clock ---


@pytest.mark.parametrize("layer", ["dense", "residual", "elementwise", "scalar"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_difference_is_the_derivative(layer: str, dtype: str) -> None:
    """The reference itself: two of its columns agree with a Jacobian whose entries are known to more
    digits."""
    chain = layer_chain(4, 4, 3, 4, layer=layer, dtype=dtype)
    v = np.eye(4, dtype=dtype)[1]
    h = 1e-6
    wide = [tuple(array.astype("float64") for array in parameters) for parameters in chain.parameters]
    x = chain.x.astype("float64")
    expected = (chain.apply(wide, x + h * v) - chain.apply(wide, x - h * v)) / (2 * h)
    np.testing.assert_allclose(np.float64(checks.difference(chain, v)), expected, rtol=1e-7, atol=1e-8)


class Planted(peers.Engine):
    """The floor with a mistake in its Jacobian."""

    def __init__(self, wrong: Callable[[np.ndarray], np.ndarray]) -> None:
        self.wrong = wrong

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Callable[[np.ndarray], np.ndarray]:
        return lambda x: self.wrong(FLOOR.jacobian(chain, mode, chunk_size)(x).copy())


def one_entry(J: np.ndarray) -> np.ndarray:
    J[0, 0] *= 1.0 + 1e-9
    return J


def one_nan(J: np.ndarray) -> np.ndarray:
    J[-1, -1] = np.nan
    return J


@pytest.mark.parametrize(
    "wrong",
    [
        one_entry,
        one_nan,
        np.transpose,
        np.negative,
        lambda J: J[:, :-1],
        lambda J: J.astype("float32"),
        lambda J: J.tolist(),
    ],
)
def test_a_wrong_jacobian_is_never_timed(
    wrong: Callable[[np.ndarray], np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "load", lambda name: Planted(wrong) if name == "planted" else FLOOR)
    case = cases.Case(engine="planted", n=6, m=6, width=6)
    with pytest.raises(checks.WrongDerivativeError):
        cases.jacobian(case, case.chain(), "forward")


def test_a_wrong_jacobian_of_a_chain_without_floor_is_found_by_differences() -> None:
    chain = layer_chain(4, 4, 3, 4, layer="residual")
    J = np.stack([checks.difference(chain, column) for column in np.eye(4)], axis=-1).astype(float)
    checks.check_jacobian(chain, J)
    J[2] *= 1.0 + 1e-4
    with pytest.raises(checks.WrongDerivativeError, match="differences"):
        checks.check_jacobian(chain, J)


def test_wrong_products_are_found() -> None:
    chain = layer_chain(4, 3, 3, 4)
    v, y_bar = checks.direction(chain), checks.covector(chain)
    y_dot, x_bar = FLOOR.jvp(chain)(chain.x, v)[1], FLOOR.vjp(chain)(chain.x, y_bar)[1]
    with pytest.raises(checks.WrongDerivativeError, match="JVP"):
        checks.check_jvp(chain, y_dot * 1.001)
    with pytest.raises(checks.WrongDerivativeError, match="VJP"):
        checks.check_vjp(chain, y_bar, x_bar * 1.001)
    with pytest.raises(checks.WrongDerivativeError, match=r"shape \(3,\), expected \(4,\)"):
        checks.check_vjp(chain, y_bar, x_bar[:3])


# --- engines ---


def test_an_approximate_jacobian_passes_only_with_a_tolerance_of_its_own() -> None:
    chain = layer_chain(4, 3, 3, 4)
    J = FLOOR.jacobian(chain, "forward", None)(chain.x) * (1.0 + 1e-8)
    checks.check_jacobian(chain, J, {"float64": 1e-7})
    with pytest.raises(checks.WrongDerivativeError, match=r"1\.0e-08 away from by hand"):
        checks.check_jacobian(chain, J)


def test_a_wrong_value_is_never_timed() -> None:
    chain = layer_chain(4, 3, 3, 4)
    checks.check_value(chain, chain(chain.x))
    with pytest.raises(checks.WrongDerivativeError, match=r"the value is .* away from the chain's"):
        checks.check_value(chain, chain(chain.x) * (1.0 + 1e-9))


def test_the_base_installation_loads_its_engines() -> None:
    for name in ("modes", "floor", "differences", "complex-step"):
        assert isinstance(peers.load(name), peers.Engine)


def test_a_missing_package_is_a_skip_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(peers.ENGINES, "absent", peers.Row("absent_engine", "Absent", requires=("no_such_package",)))
    with pytest.raises(NotImplementedError, match="not installed: no_such_package"):
        peers.load("absent")


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown engine 'slide rule'; the known ones are modes, floor"):
        peers.load("slide rule")


# --- cases and their lists ---


def test_a_case_survives_its_text() -> None:
    case = cases.Case(n=47, mode="forward/reverse")
    assert cases.Case.parse(case.text) == case
    assert cases.Case.of(case.text) == cases.Case.of(*case) == case


@pytest.mark.parametrize("text", ["n=1", "nonsense", "engine=modes depth"])
def test_a_text_that_is_no_case_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a case"):
        cases.Case.parse(text)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_has_the_eleven_parameters_or_one_text_of_them_and_a_version(name: str) -> None:
    benchmark = BENCHMARKS[name]
    named = ["case"] if isinstance(benchmark.grid, cases.Listed) else NAMES
    assert benchmark.param_names == named
    assert len(benchmark.params) == len(benchmark.param_names)
    assert isinstance(benchmark.version, str)
    assert all(value is None or type(value) in (int, str) for values in benchmark.params for value in values)


def test_a_case_has_the_eleven_parameters_in_the_order_that_asv_stores() -> None:
    assert list(cases.Case._fields) == NAMES


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_is_of_the_modes_that_its_metric_compares(name: str) -> None:
    modes = {
        "track_log_ratio": ["forward/forward"] if "Control" in name else ["forward/reverse"],
        "track_blas_threads": ["forward/reverse"],
        "track_log_gradient_over_f": ["reverse"],
        "track_log_gradient_over_floor": ["reverse"],
        "track_f_seconds": ["primal"],
        "track_import_seconds": ["primal"],
        "time_pullback": ["backpropagation", "product-formula"],
        "time_hessian": [f"{a}-over-{b}" for a in ("forward", "reverse") for b in ("forward", "reverse")],
        "track_log_tensor_over_vjp": ["tensor/vjp"],
    }
    found = [cases.Case.of(*values).mode for values in product(*BENCHMARKS[name].params)]
    assert list(dict.fromkeys(found)) == modes.get(name.rsplit(".", 1)[1], ["forward", "reverse"])


@pytest.mark.parametrize("name", BENCHMARKS)
def test_profiles_are_nested_and_list_no_case_twice(name: str) -> None:
    quick, standard, full = (BENCHMARKS[name].grid.cells(profile) for profile in cases.PROFILES)
    assert quick
    assert set(quick) <= set(standard) <= set(full)
    assert len(full) == len(set(full))


@pytest.mark.parametrize("profile", cases.PROFILES)
def test_the_cells_are_the_products_without_what_an_engine_lacks(profile: str) -> None:
    listed = listing.cells(profile)
    assert listed.keys() == BENCHMARKS.keys()
    for name, cells in listed.items():
        grid = BENCHMARKS[name].grid
        every = [cases.Case.of(*values) for values in product(*grid.lists(profile))]
        if isinstance(grid, cases.Grid) and profile in grid.square:
            every = [case for case in every if case.n == case.m == case.width]
        left = [
            case for case in every if case.engine in peers.chosen(profile) and not peers.row(case.engine).lacks(case)
        ]
        assert cells == [[repr(value) for value in grid.parameters(case)] for case in left]


@pytest.mark.parametrize("profile", cases.PROFILES)
def test_every_listed_case_is_one_that_its_layer_can_take(profile: str) -> None:
    for name, benchmark in BENCHMARKS.items():
        for case in benchmark.grid.cells(profile):
            assert case.layer not in ("elementwise", "scalar") or case.n == case.m == case.width, name
            assert (case.layer == "loss") <= (case.m == 1), name


def test_pairs_of_a_profile_are_odd_and_the_environment_overrides_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MODES_PROFILE", "full")
    monkeypatch.delenv("MODES_PAIRS", raising=False)
    assert cases.pair_count() == 101
    assert all(count % 2 for count in cases.PAIRS.values())
    monkeypatch.setenv("MODES_PAIRS", "7")
    assert cases.pair_count() == 7


def test_an_unknown_profile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODES_PROFILE", "hasty")
    with pytest.raises(ValueError, match=r"'hasty'.*quick, standard, full"):
        cases.active_profile()


# --- what asv sees ---


def run(*arguments: str, **environment: str) -> str:
    completed = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout


def test_asv_discovers_what_the_listing_lists() -> None:
    discovered = list(disc_benchmarks(str(ROOT / "benchmarks")))
    assert {benchmark.name for benchmark in discovered} == BENCHMARKS.keys()
    # A module's `setup`, or a class `Setup`, would be called before each of its benchmarks.
    assert {len(benchmark._setups) for benchmark in discovered} == {1}


def test_the_listing_prints_json() -> None:
    assert json.loads(run("-m", "benchmarks", "cells", "--profile", "quick")) == listing.cells("quick")


def test_the_profile_chooses_the_parameter_lists() -> None:
    script = "from benchmarks.crossover import Map; print(Map.params == Map.grid.lists({!r}))"
    for profile in cases.PROFILES:
        assert run("-c", script.format(profile), MODES_PROFILE=profile).strip() == "True"


def test_the_suite_imports_without_optional_packages_and_asks_for_no_engine() -> None:
    script = (
        "import sys\n"
        "for name in ('jax', 'torch', 'autograd', 'casadi', 'asv', 'pandas', 'matplotlib', 'scipy'):\n"
        "    sys.modules[name] = None\n"
        "import benchmarks.__main__ as listing\n"
        "list(listing.benchmarks())\n"
        "from benchmarks import peers\n"
        "assert peers.load.cache_info().currsize == 0"
    )
    run("-c", script)


def test_refinements_come_from_the_file_and_are_not_collected_without(tmp_path: Path) -> None:
    assert not hasattr(crossover, "Refine")
    text = cases.Case(n=5, m=3, width=6, depth=2, mode="forward/reverse").text
    (tmp_path / "cases.json").write_text(json.dumps([text]))
    script = (
        "from benchmarks.crossover import Refine\n"
        "assert Refine.param_names == ['case']\n"
        f"(text,), = Refine.params\nassert text == {text!r}\n"
        "refine = Refine(); refine.setup(text)\n"
        "assert len(refine.track_log_ratio(text)['samples']) == 2"
    )
    run("-c", script, MODES_REFINE=str(tmp_path / "cases.json"), MODES_PAIRS="2")


def test_a_foreign_file_of_refinements_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cases.json"
    path.write_text('{"n": 5}')
    monkeypatch.setenv("MODES_REFINE", str(path))
    with pytest.raises(ValueError, match=r"cases\.json.*expected a JSON list of strings"):
        crossover.refinements()


@pytest.mark.parametrize("name", BENCHMARKS)
def test_smoke_one_cell_of_each_class(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODES_PROFILE", "quick")
    monkeypatch.setenv("MODES_PAIRS", "2")
    grid = BENCHMARKS[name].grid
    smallest = min(grid.cells("quick"), key=lambda case: case.n * case.m * case.width * case.depth)
    parameters = grid.parameters(smallest)
    benchmark = BENCHMARKS[name]()
    benchmark.setup(*parameters)
    benchmark.setup(*parameters)  # asv does, before every sample
    method = name.rsplit(".", 1)[1]
    result = getattr(benchmark, method)(*parameters)
    if isinstance(result, dict):
        assert result["number"] == 1
        paired = method.startswith("track_log_")
        assert len(result["samples"]) == 2 if paired else len(result["samples"]) >= 2
        assert all(math.isfinite(sample) for sample in result["samples"])
    elif method.startswith("track_"):
        assert math.isfinite(result)
        assert result >= 0


def test_peak_bytes_is_that_of_a_warm_call_alone() -> None:
    kept: list[np.ndarray] = []

    def call() -> None:
        if not kept:
            kept.append(np.ones(500_000))
            np.ones(500_000)
        np.ones(50_000)

    assert 400_000 <= memory.peak_bytes(call) < 410_000


def test_peak_bytes_sees_an_array_that_is_gone_at_the_end() -> None:
    def call() -> np.ndarray:
        return np.ones(100_000).sum(keepdims=True)

    assert 800_000 <= memory.peak_bytes(call) < 810_000

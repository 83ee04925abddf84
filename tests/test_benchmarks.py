"""The suite's contracts: which cells there are, what asv sees of them, and that one of each class can be measured."""

import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from asv_runner.discovery import disc_benchmarks
from threadpoolctl import threadpool_limits

from benchmarks import __main__ as listing
from benchmarks import crossover, device
from benchmarks.apparatus import calls, fitting
from benchmarks.apparatus.grids import Grid, Listed
from benchmarks.apparatus.settings import chosen
from benchmarks.apparatus.steady import Settled
from benchmarks.catalogue.case import PARAMETERS, Case
from benchmarks.catalogue.engines import DEVICES, STAND_INS, TWINS, row
from benchmarks.catalogue.metrics import UNITS, metric
from benchmarks.catalogue.presets import PRESETS

ROOT = Path(__file__).parent.parent
BENCHMARKS: dict[str, Any] = dict(listing.benchmarks())


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """A benchmark's setup leaves BLAS on one thread: its process is its own. Here it is not."""
    with threadpool_limits(None):
        yield


@pytest.fixture(autouse=True)
def _default_engines(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """None chosen, but where a benchmark is of engines that the quick preset leaves out: devices, and what stands in
    for them; compiled replay."""
    monkeypatch.delenv("MODES_ENGINES", raising=False)
    name = getattr(request.node, "callspec", None) and request.node.callspec.params.get("name", "")
    if name and name.startswith("device."):
        monkeypatch.setenv("MODES_ENGINES", ",".join([*DEVICES, *STAND_INS]))
    if name and name.startswith("compiled."):
        monkeypatch.setenv("MODES_ENGINES", ",".join(TWINS))


# --- cases and their lists ---


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_has_the_eleven_parameters_or_one_text_of_them_and_a_version(name: str) -> None:
    benchmark = BENCHMARKS[name]
    named = ["case"] if isinstance(benchmark.grid, Listed) else list(PARAMETERS)
    assert benchmark.param_names == named
    assert len(benchmark.params) == len(benchmark.param_names)
    assert isinstance(benchmark.version, str)
    assert all(value is None or type(value) in (int, str) for values in benchmark.params for value in values)


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_has_the_unit_of_its_metric(name: str) -> None:
    assert metric(name) in UNITS
    if ".track_" in name and "Control" not in name:  # asv itself times the others
        assert BENCHMARKS[name].unit == UNITS[metric(name)]


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_is_of_the_modes_that_its_metric_compares(name: str) -> None:
    modes = {
        "track_log_ratio": ["forward/forward"] if "Control" in name else ["forward/reverse"],
        "track_blas_threads": ["forward/reverse"],
        "track_log_gradient_over_f": ["reverse"],
        "track_log_gradient_over_floor": ["reverse"],
        "track_f_seconds": ["primal"],
        "track_import_seconds": ["primal"],
        "track_home_seconds": ["reverse"],
        "track_power_watts": ["reverse"],
        "track_clock_mhz": ["reverse"],
        "time_pullback": ["backpropagation", "product-formula"],
        "time_hessian": [f"{a}-over-{b}" for a in ("forward", "reverse") for b in ("forward", "reverse")],
        "track_log_tensor_over_vjp": ["tensor/vjp"],
        "track_log_mixed_ratio": ["mixed/pure"],
        "track_log_auto_ratio": ["auto/best"],
        "track_log_first_ratio": ["auto/best"],
        "track_log_problem_ratio": [
            *("forward/reverse", "auto/best", "mixed/pure", "pure/primal", "pure/hand", "best/modes", "pure/modes"),
        ],
        "track_log_over_jax": ["pure/pure"],
        "track_log_over_prepared": ["pure/pure"],
        "track_log_gradient_over_jax": ["reverse"],
        "track_log_tape_ratio": ["reverse/hand", "reverse/primal"],
        "mixed.Regions.track_log_mixed_ratio": ["mixed/forward", "mixed/reverse"],
        "mixed.Memory.track_peak_bytes": ["forward", "reverse", "mixed"],
    }
    found = [Case.of(*values).mode for values in product(*BENCHMARKS[name].grid.lists("full"))]
    expected = modes.get(name) or modes.get(name.rsplit(".", 1)[1], ["forward", "reverse"])
    assert list(dict.fromkeys(found)) == expected


@pytest.mark.parametrize("name", BENCHMARKS)
def test_presets_are_nested_and_list_no_case_twice(name: str) -> None:
    first, quick, standard, full = (BENCHMARKS[name].grid.cells(preset) for preset in PRESETS)
    assert quick
    assert set(first) <= set(quick) <= set(standard) <= set(full)
    assert len(full) == len(set(full))


@pytest.mark.slow
@pytest.mark.parametrize("preset", PRESETS)
def test_the_cells_are_the_products_without_what_an_engine_lacks(preset: str) -> None:
    listed = listing.cells(preset)
    assert listed.keys() == BENCHMARKS.keys()
    for name, cells in listed.items():
        grid = BENCHMARKS[name].grid
        every = [Case.of(*values) for values in product(*grid.lists(preset))]
        if isinstance(grid, Grid) and preset in grid.square:
            every = [case for case in every if case.n == case.m == case.width]
        left = [case for case in every if case.engine in chosen(preset) and not row(case.engine).lacks(case)]
        assert cells == [[repr(value) for value in grid.parameters(case)] for case in left]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_listed_case_is_one_that_its_layer_can_take(preset: str) -> None:
    for name, benchmark in BENCHMARKS.items():
        for case in benchmark.grid.cells(preset):
            assert case.layer not in ("elementwise", "scalar") or case.n == case.m == case.width, name
            assert (case.layer == "loss") <= (case.m == 1), name


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
    assert json.loads(run("-m", "benchmarks", "cells", "--preset", "quick")) == listing.cells("quick")


def test_the_preset_chooses_the_parameter_lists() -> None:
    script = "from benchmarks.crossover import Map; print(Map.params == Map.grid.lists({!r}))"
    for preset in PRESETS:
        assert run("-c", script.format(preset), MODES_PRESET=preset).strip() == "True"


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
    text = Case(n=5, m=3, width=6, depth=2, mode="forward/reverse").text
    (tmp_path / "cases.json").write_text(json.dumps([text]))
    script = (
        "from benchmarks.crossover import Refine\n"
        "assert Refine.param_names == ['case']\n"
        f"(text,), = Refine.params\nassert text == {text!r}\n"
        "refine = Refine(); refine.setup(text)\n"
        "assert len(refine.track_log_ratio(text)['samples']) == 1"
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
    monkeypatch.setenv("MODES_PRESET", "quick")
    monkeypatch.setenv("MODES_PAIRS", "2")
    # Their own tests are test_steady's and test_fitting's: here they would take long, or lean on a quiet machine.
    monkeypatch.setattr(calls, "settle", lambda call: call())
    monkeypatch.setattr(device, "settle", lambda call: Settled(0, 0.0))
    monkeypatch.setattr(fitting, "fits", lambda case: case.n <= 3000)
    grid = BENCHMARKS[name].grid
    cells = [case for case in grid.cells("quick") if not row(case.engine).absent()]
    if not cells:
        pytest.skip(row(grid.cells("quick")[0].engine).absent())
    smallest = min(cells, key=lambda case: case.n * case.m * case.width * case.depth)
    parameters = grid.parameters(smallest)
    benchmark = BENCHMARKS[name]()
    if absent := row(getattr(benchmark, "other", smallest.engine)).absent():
        with pytest.raises(NotImplementedError, match=re.escape(absent)):
            benchmark.setup(*parameters)
        pytest.skip(absent)
    benchmark.setup(*parameters)
    benchmark.setup(*parameters)  # asv does, before every sample
    method = name.rsplit(".", 1)[1]
    result = getattr(benchmark, method)(*parameters)
    if isinstance(result, dict):
        assert result["number"] == 1
        paired = method.startswith("track_log_")
        assert len(result["samples"]) == 1 if paired else len(result["samples"]) >= 2
        assert all(math.isfinite(sample) for sample in result["samples"])
    elif method.startswith("track_"):
        assert math.isfinite(result)
        assert result >= 0

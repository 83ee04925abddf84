"""The comparisons of engines: which sizes each preset measures, and that one cell of each class and peer can be."""

import math
import os

import pytest

from benchmarks import engines, harness, published
from benchmarks.apparatus.benchmark import Benchmark
from benchmarks.catalogue.case import Case
from benchmarks.catalogue.engines import ENGINES
from benchmarks.catalogue.presets import PRESETS
from benchmarks.catalogue.published import PUBLISHED
from tests.test_peers import load

# Some are deprecated in what the libraries use themselves.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODES_ENGINES", raising=False)
    monkeypatch.setenv("MODES_PRESET", "standard")
    monkeypatch.setenv("MODES_PAIRS", "2")


def squares(cls: type[Benchmark], preset: str) -> set[tuple[int, int]]:
    """The sizes and depths with n = m = width that a benchmark has of the project's own engine."""
    mine = [case for case in cls.grid.cells(preset) if case.engine == "modes" or cls is engines.OverModes]
    return {(case.n, case.depth) for case in mine if case.n == case.m == case.width}


@pytest.mark.parametrize("cls", [engines.Cost, engines.OverModes, engines.Primal], ids=lambda cls: cls.__name__)
def test_a_standard_run_has_the_squares_up_to_256_at_both_depths(cls: type[Benchmark]) -> None:
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
    for preset in PRESETS:
        for m in {case.m for case in engines.Crossover.grid.cells(preset)}:
            mine = [case.n for case in engines.Crossover.grid.cells(preset) if (case.engine, case.m) == ("modes", m)]
            assert min(mine) < m < max(mine)
            assert m in mine


def test_the_harness_is_timed_beside_every_size() -> None:
    mine = [case for case in harness.Overhead.grid.cells("standard") if case.engine == "modes"]
    assert {case.n for case in mine} == {8, 64, 256}


INSTALLED = [cls for cls in vars(engines).values() if isinstance(cls, type) and hasattr(cls, "grid")]


@pytest.mark.slow
@pytest.mark.parametrize("cls", [*INSTALLED, harness.Overhead], ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("name", [name for name in ENGINES if name not in ("modes", "floor")])
def test_smoke_one_cell_of_each_class_and_peer(name: str, cls: type[Benchmark]) -> None:
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


def test_published_cases_are_those_of_the_tutorial() -> None:
    for name, (n, m) in {"Tall": (32, 2048), "Wide": (2048, 32)}.items():
        (case,) = {case._replace(engine="") for case in getattr(published, name).grid.cells("full")}
        assert (case.n, case.m, case.depth, case.layer, case.activation) == (n, m, 1, "dense", "tanh")
        assert PUBLISHED[name.lower()][:2] == (n, m)


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system pins no process to a core")
def test_a_benchmark_runs_on_one_core_unless_it_counts_them() -> None:
    before = os.sched_getaffinity(0)
    engines.Cores().setup(*Case())
    assert os.sched_getaffinity(0) == before
    engines.Cost().setup(*Case())
    assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) <= before

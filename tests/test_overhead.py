"""How far an engine is from its limits: what the two sides of each ratio are, and which cases a preset can afford."""

import math
import re
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from analysis.running.plan import Batch, pattern
from benchmarks import __main__ as listing
from benchmarks import chunks, elementwise, floor, growth, limit, peers
from benchmarks.apparatus import shapes
from benchmarks.apparatus.benchmark import Benchmark
from benchmarks.apparatus.grids import Listed
from benchmarks.apparatus.pairs import Samples
from benchmarks.apparatus.shapes import Shape, every, squares
from benchmarks.catalogue.case import Case
from benchmarks.catalogue.engines import TWINS
from benchmarks.catalogue.presets import PRESETS
from modes import cost
from modes.chains import Chain, layer_chain

FLOOR = peers.load("floor")
OVER_FLOOR = [floor.Jacobian, floor.Product, floor.Gradient]
OWN = [*OVER_FLOOR, limit.Limit, chunks.Chunks, chunks.Memory, elementwise.Fill, growth.Time, growth.Memory]
MOST_FMA = 10_000_000_000  # about half a second in float64
CHAINS = [
    (6, 4, 2, 5, "uniform"),
    (8, 8, 4, 8, "uniform"),
    (3, 12, 5, 16, "funnel"),
    (12, 3, 3, 16, "hourglass"),
    (1, 1, 4, 8, "bulge"),
]


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    with threadpool_limits(None):
        yield


@pytest.fixture(autouse=True)
def _own_engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODES_ENGINES", "modes,modes-prepared,modes-compiled,floor")
    monkeypatch.setenv("MODES_PAIRS", "1")


# --- shapes ---


def test_the_shapes_are_a_few_dozen_out_of_the_grid() -> None:
    assert 24 <= len(shapes.SHAPES) <= 48
    assert len(set(shapes.SHAPES)) == len(shapes.SHAPES)
    for shape in shapes.SHAPES:
        assert {shape.n, shape.m, shape.width} <= set(shapes.SIZES)
        assert shape.depth in shapes.DEPTHS
    assert set(squares(*shapes.SIZES)) <= set(shapes.SHAPES)
    for size in (8, 64, 256):
        assert {shape.depth for shape in shapes.SHAPES if shape[:3] == (size, size, size)} == set(shapes.DEPTHS)


def test_the_modes_of_a_case_are_next_to_each_other() -> None:
    listed = every([Shape(2, 3, 4), Shape(5, 6, 7, 8)], engine=["modes", "floor"], dtype=["float64", "float32"])
    assert len(listed) == len(set(listed)) == 16
    for forward, reverse in zip(listed[::2], listed[1::2], strict=True):
        assert (forward.mode, reverse.mode) == ("forward", "reverse")
        assert forward._replace(mode="reverse") == reverse
    assert listed[-1] == Case(engine="floor", n=5, m=6, width=7, depth=8, dtype="float32", mode="reverse")


@pytest.mark.parametrize(("n", "m", "depth", "width", "profile"), CHAINS)
def test_the_work_is_that_of_the_whole_jacobian(n: int, m: int, depth: int, width: int, profile: str) -> None:
    chain = layer_chain(n, m, depth, width, profile=profile)
    primal = sum(a * b for a, b in pairwise(chain.widths))
    case = Case(n=n, m=m, width=width, depth=depth, profile=profile)
    assert shapes.work(case) == primal + cost.forward_fma(chain.widths)
    assert shapes.work(case._replace(mode="reverse")) == primal + cost.reverse_fma(chain.widths)
    assert shapes.work(case._replace(chunk_size=1)) == n * primal + cost.forward_fma(chain.widths)


def test_what_standard_affords() -> None:
    within, beyond = every(squares(512)), every([*squares(1024), *squares(256, depth=64)])
    assert shapes.affordable([*within, *beyond]) == within


# --- lists ---


def test_each_preset_adds_its_own_cases_and_none_twice() -> None:
    a, b, c = (Case(n=n) for n in (1, 2, 3))
    listed = Listed([b, b], [a, b], [c, a])
    assert [listed.cells(preset) for preset in PRESETS] == [[], [b], [b, a], [b, a, c]]
    assert listed.lists("standard") == [[b.text, a.text]]
    assert listed.parameters(c) == (c.text,)


def test_a_listed_case_of_an_engine_that_is_not_chosen_or_lacks_it_is_no_cell() -> None:
    chosen, other = Case(engine="modes"), Case(engine="jax")
    lacking = Case(engine="floor", chunk_size=4)
    listed = Listed([other, chosen, lacking])
    assert listed.cells("quick") == [chosen]
    assert listed.lists("quick") == [[other.text, chosen.text, lacking.text]]


def test_the_presets_stay_within_their_budgets() -> None:
    counts = {preset: sum(len(cls.grid.cells(preset)) for cls in OVER_FLOOR) for preset in PRESETS}
    assert counts["quick"] <= 24
    assert 150 <= counts["standard"] <= 200
    assert len(limit.Limit.grid.cells("quick")) <= 8
    for cls in (floor.Jacobian, limit.Limit, chunks.Chunks, chunks.Memory, growth.Time, growth.Memory):
        assert all(shapes.work(case) <= shapes.STANDARD_FMA for case in cls.grid.cells("standard")), cls
        assert all(shapes.work(case) <= MOST_FMA for case in cls.grid.cells("full")), cls


def test_a_pattern_selects_exactly_the_listed_cells_of_a_batch() -> None:
    for name, found in listing.cells("full").items():
        if not name.startswith("floor."):
            continue
        chosen = [tuple(cell) for cell in found[::7]]
        expression = re.compile(pattern(Batch(tuple((name, cell) for cell in chosen))))
        spelled = {tuple(cell): f"{name}({', '.join(cell)})" for cell in found}  # as asv does
        assert [cell for cell, text in spelled.items() if expression.search(text)] == chosen


@pytest.mark.slow
@pytest.mark.parametrize("cls", OWN, ids=lambda cls: f"{cls.__module__}.{cls.__name__}")
def test_some_cases_of_each_benchmark_are_measured(cls: type[Benchmark]) -> None:
    """Every third of the smallest, so that engines, modes and dtypes take their turns."""
    small = sorted((case for case in cls.grid.cells("full") if case.n <= 512), key=shapes.work)[:28:3]
    (method,) = (name for name in dir(cls) if name.startswith(("time_", "track_")))
    for case in small:
        benchmark = cls()
        benchmark.setup(case.text)
        assert benchmark.case == case
        result = getattr(benchmark, method)(case.text)
        values = result["samples"] if isinstance(result, dict) else [0.0 if result is None else result]
        assert all(math.isfinite(value) for value in values)


# --- the two sides of a ratio ---


class Counting(peers.Engine):
    """The floor, counting the calls of what it makes."""

    def __init__(self) -> None:
        self.calls = 0

    def counted(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.calls += 1
            return function(*arguments)

        return call

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Callable[..., Any]:
        return self.counted(FLOOR.jacobian(chain, mode, chunk_size))

    def jvp(self, chain: Chain) -> Callable[..., Any]:
        return self.counted(FLOOR.jvp(chain))

    def vjp(self, chain: Chain) -> Callable[..., Any]:
        return self.counted(FLOOR.vjp(chain))

    def gradient(self, chain: Chain) -> Callable[..., Any]:
        return self.counted(FLOOR.gradient(chain))


def sides(cls: type[Benchmark], case: Case, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """What a benchmark would time: above and below the fraction stroke."""
    taken: list[Any] = []
    module = {floor.Jacobian: floor, floor.Product: floor, floor.Gradient: floor, limit.Limit: limit}.get(
        cls, elementwise
    )

    def samples(*sides: Any) -> Samples:
        taken.extend(sides)
        return {"samples": [0.0], "number": 1}

    monkeypatch.setattr(module, "samples", samples)
    benchmark = cls()
    benchmark.setup(case.text)
    (method,) = (name for name in dir(cls) if name.startswith("track_"))
    getattr(benchmark, method)(case.text)
    above, below, count = taken
    assert count == 1
    return above, below


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("cls", OVER_FLOOR, ids=lambda cls: cls.__name__)
def test_the_engine_is_above_and_the_floor_below(
    cls: type[Benchmark], mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Counting()
    monkeypatch.setattr(peers, "load", lambda name: FLOOR if name == "floor" else engine)
    loss = cls is floor.Gradient
    case = Case(n=5, m=1 if loss else 3, width=6, layer="loss" if loss else "dense", mode=mode)
    above, below = sides(cls, case, monkeypatch)
    before = engine.calls
    above()
    assert engine.calls == before + 1
    below()
    assert engine.calls == before + 1


@pytest.mark.parametrize("engine", TWINS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("cls", OVER_FLOOR, ids=lambda cls: cls.__name__)
def test_both_sides_compute_the_same(
    cls: type[Benchmark], mode: str, dtype: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Jacobian; the value and one product, the one of the mode; a gradient: each of the shape that this takes."""
    loss = cls is floor.Gradient
    case = Case(
        engine=engine, n=5, m=1 if loss else 3, width=6, layer="loss" if loss else "dense", dtype=dtype, mode=mode
    )
    above, below = (side() for side in sides(cls, case, monkeypatch))
    shapes: dict[Any, tuple[int, ...]] = {
        floor.Jacobian: (3, 5),
        floor.Product: (3,) if mode == "forward" else (5,),
        floor.Gradient: (5,),
    }
    if cls is floor.Product:
        np.testing.assert_allclose(above[0], below[0], rtol=1e-5)
        above, below = above[1], below[1]
    assert np.shape(above) == np.shape(below) == shapes[cls]
    assert above.dtype == below.dtype == dtype
    np.testing.assert_allclose(above, below, rtol=1e-11 if dtype == "float64" else 2e-4)


# --- the arithmetic limit ---


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize(("n", "m", "depth", "width", "profile"), CHAINS)
def test_the_limit_s_multiply_adds_are_those_of_the_count(
    n: int, m: int, depth: int, width: int, profile: str, mode: str, dtype: str
) -> None:
    """C2, product by product."""
    chain = layer_chain(n, m, depth, width, profile=profile, dtype=dtype)
    products = limit.products(chain, mode)
    assert all(a.shape[1] == b.shape[0] for a, b, _ in products)
    count = {"forward": cost.forward_fma, "reverse": cost.reverse_fma}[mode]
    assert sum(a.shape[0] * a.shape[1] * b.shape[1] for a, b, _ in products) == count(chain.widths)
    assert len(products) == depth - 1
    assert all(array.dtype == dtype for operands in products for array in operands)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_the_limit_multiplies_matrices_of_the_chain_s_layout_block_after_block(mode: str) -> None:
    chain = layer_chain(3, 12, 5, 16, profile="funnel")
    weights = [W for W, _ in chain.parameters]
    used = [W.T for W in weights[1:]] if mode == "forward" else weights[-2::-1]
    products = limit.products(chain, mode)
    assert [(b.shape, b.strides) for _, b, _ in products] == [(W.shape, W.strides) for W in used]
    assert all(after[0] is before[2] for before, after in pairwise(products))
    assert all(a.flags.c_contiguous and out.flags.c_contiguous for a, _, out in products)
    limit.multiply(products)
    block = products[0][0]
    for _, b, out in products:
        block = block @ b
        np.testing.assert_allclose(out, block, rtol=1e-12)


def test_the_limit_allocates_nothing() -> None:
    call = limit.limit(layer_chain(64, 64, 4, 64), "forward")
    call()
    tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        call()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before < 64 * 64 * 8


@pytest.mark.parametrize("size", [8, 64])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_limit_s_numbers_neither_grow_nor_vanish(size: int, dtype: str) -> None:
    """Subnormal numbers would be slow, and infinities no arithmetic."""
    products = limit.products(layer_chain(size, size, 64, size, dtype=dtype), "forward")
    limit.multiply(products)
    assert 1e-6 < np.linalg.norm(products[-1][2]) / size < 1e6


def test_the_limit_is_below_and_no_case_is_without_a_product(monkeypatch: pytest.MonkeyPatch) -> None:
    above, below = sides(limit.Limit, Case(engine="modes-prepared", n=5, m=3, width=6), monkeypatch)
    assert above().shape == (3, 5)
    assert below.func is limit.multiply
    assert all(case.depth > 1 for case in limit.Limit.grid.cells("full"))


# --- filling, chunks, growth ---


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("engine", TWINS)
def test_filling_makes_a_new_array_like_the_jacobian(engine: str, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(engine=engine, layer="elementwise", n=16, m=16, width=16, depth=16, mode=mode)
    above, below = sides(elementwise.Fill, case, monkeypatch)
    J, filled = above(), below()
    assert np.count_nonzero(J - np.diag(np.diag(J))) == 0
    assert np.count_nonzero(np.diag(J)) > 0
    assert (filled.shape, filled.dtype) == (J.shape, J.dtype)
    assert below() is not filled
    assert above() is not J


def test_the_largest_fill_is_measured_in_standard() -> None:
    listed = elementwise.Fill.grid.cells("standard")
    assert {(case.engine, case.mode) for case in listed if case.n == 4096 and case.depth == 16} == {
        (engine, mode) for engine in TWINS for mode in ("forward", "reverse")
    }


@pytest.mark.parametrize("preset", PRESETS[1:])
def test_chunks_are_measured_in_time_and_memory_and_no_chunk_is_larger_than_the_seeds(preset: str) -> None:
    listed = chunks.Chunks.grid.cells(preset)
    assert listed == chunks.Memory.grid.cells(preset)
    for case in listed:
        assert (case.chunk_size or 1) <= (case.n if case.mode == "forward" else case.m)
    assert {case.mode for case in listed} == {"forward", "reverse"}
    assert None in {case.chunk_size for case in listed}
    assert preset == "quick" or {case.dtype for case in listed} == {"float64", "float32"}


@pytest.mark.parametrize("mode", ["forward", "reverse"])
@pytest.mark.parametrize("axis", Shape._fields)
@pytest.mark.parametrize("preset", ["standard", "full"])
def test_growth_is_measured_at_four_sizes_or_more_along_each_axis(preset: str, axis: str, mode: str) -> None:
    groups: dict[Case, set[int]] = {}
    for case in growth.Time.grid.cells(preset):
        if case.mode == mode:
            elsewhere: dict[str, Any] = {axis: 0}
            groups.setdefault(case._replace(**elsewhere), set()).add(getattr(case, axis))
    sizes = max(groups.values(), key=len)
    assert len(sizes) >= 4
    assert max(sizes) >= 8 * min(sizes)
    assert growth.Memory.grid.cells(preset) == growth.Time.grid.cells(preset)

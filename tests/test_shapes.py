"""Rates by shape: the tables between their entries, what is kept and what is not used, and how rates decide."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import modes
from modes import calibrate, choice, kept, machine, measuring, rates
from modes.blocks import LARGE
from modes.call import Call
from modes.counting import Work, held, written
from modes.planning import Route, route
from modes.shapes import (
    BLOCK,
    BY_ROWS,
    BY_SIZE,
    EDGES,
    FETCHED,
    ITEMS,
    KINDS,
    PASSES,
    ROWS,
    SIZES,
    Axis,
    ShapedRates,
    Table,
    points,
)
from modes.sized import SizedTape

ROOT = Path(__file__).parent.parent
HERE = {"processor": "A", "kernel": "Haswell", "threads": 1, "numpy": "2.0"}
Times = Callable[[str, str, int, int, int], float]


def by(times: Times, step: float = 1e-6, **others: Any) -> ShapedRates:
    """Rates whose products take these seconds, of dtype, kind and sizes, and all else next to nothing."""
    zeros = {edge: [0.0] * (BLOCK - 1) for edge in EDGES}
    plain: dict[str, Any] = {
        "products": {d: {k: [times(d, k, *p) for p in points(ROWS, SIZES, SIZES)] for k in KINDS} for d in ITEMS},
        "edges": {d: dict.fromkeys(KINDS, zeros) for d in ITEMS},
        "passes": {d: {k: [1e-12] * len(ROWS) * len(SIZES) for k in PASSES} for d in ITEMS},
        "spread": {d: [1e-12] * len(SIZES) ** 2 for d in ITEMS},
        "fetch": [0.0] * len(FETCHED),
        **{name: [step] * 3 for name in ("push", "pull")},
        "record": [0.0] * 3,
        "start": 0.0,
        "late": 0.0,
        "many": [0.0, 0.0],
        "operation": 1e-6,
        "number": 1e-15,
    }
    return ShapedRates(**{**plain, **others})


def evenly(dtype: str, kind: str, k: int, p: int, q: int) -> float:
    return 1e-11 * k * p * q


def drawn(seed: int = 0) -> ShapedRates:
    """Rates with all numbers drawn, none of them like another."""
    rng = np.random.default_rng(seed)

    def some(count: int) -> list[float]:
        return [float(f"{x:.4g}") for x in rng.uniform(1e-7, 1e-4, count)]

    edges = {d: {k: {e: some(BLOCK - 1) for e in EDGES} for k in KINDS} for d in ITEMS}
    return by(
        lambda *_: some(1)[0],
        edges=edges,
        passes={d: {k: some(len(ROWS) * len(SIZES)) for k in PASSES} for d in ITEMS},
        fetch=some(len(FETCHED)),
        push=some(3),
        record=some(3),
        pull=some(3),
        start=1e-7,
        late=2e-7,
        many=[3e-6, 5e-6],
    )


@pytest.fixture
def put() -> Iterator[Callable[[Any], None]]:
    """Puts rates in force until the test ends."""
    before = choice.rates_in_force()
    choice.forget()
    yield lambda found: (choice.use_rates(found), None)[1]
    choice.use_rates(before)
    choice.forget()


def planned(f: Any, x: Any) -> Route:
    call, tape = Call(f, (x,), 0), SizedTape()
    _, index = tape.run(call)
    assert index is not None
    return route(tape, index)


# --- tables ---


def test_a_table_is_exact_at_its_entries_and_between_them_in_between() -> None:
    axes = (2, 8, 64), (1, 10)
    times = [3.0, 5.0, 4.0, 6.0, 9.0, 2.0]
    table = Table(tuple(map(Axis, axes)), times)
    assert [table.at(*point) for point in points(*axes)] == pytest.approx(times, rel=1e-12)
    assert table.at(4, 1) == pytest.approx(math.sqrt(3.0 * 4.0))  # the middle of 2 and 8, in the logarithm
    for x in (2.5, 5, 7.9):
        assert 3.0 < table.at(x, 1) < 4.0


def test_a_power_of_the_sizes_is_met_everywhere() -> None:
    """Log time is linear in the logs of the sizes: of c k^a p^b q^d nothing is lost, beyond the grid by the size."""
    table = Table((BY_ROWS, BY_SIZE, BY_SIZE), [1e-9 * k * p * q for k, p, q in points(ROWS, SIZES, SIZES)])
    rng = np.random.default_rng(0)
    for k, p, q in np.exp(rng.uniform(np.log(2), np.log(5000), (200, 3))).tolist():
        assert table.at(k, p, q) == pytest.approx(1e-9 * k * p * q, rel=1e-9)


def test_times_grow_beyond_the_grid_and_stay_below_it() -> None:
    table = Table((BY_ROWS, BY_SIZE, BY_SIZE), drawn().products["float64"]["push"].times)
    largest = table.at(ROWS[-1], SIZES[-1], SIZES[-1])
    assert table.at(4 * ROWS[-1], SIZES[-1], SIZES[-1]) == pytest.approx(4 * largest)
    assert table.at(ROWS[-1], 3 * SIZES[-1], 2 * SIZES[-1]) == pytest.approx(6 * largest)
    assert table.at(1, 1, 1) == pytest.approx(table.at(1, SIZES[0], SIZES[0]))
    beyond = [table.at(k, 700, 900) for k in (256, 300, 500, 4000, 10**9)]
    assert all(a < b < math.inf for a, b in pairwise(beyond))


@pytest.mark.parametrize("wrong", [[1.0], [1.0, 2.0, 0.0, 1.0], [1.0, -1.0, 1.0, 1.0], [1.0, math.nan, 1.0, 1.0]])
def test_a_table_needs_a_positive_time_a_point(wrong: list[float]) -> None:
    with pytest.raises(ValueError, match="expected 4 positive times"):
        Table((Axis((1, 2)), Axis((1, 2))), wrong)


def test_remainders_take_their_own_and_never_less_than_half() -> None:
    edge = {e: [1e-12 * rest for rest in range(1, BLOCK)] for e in EDGES}
    prices = by(evenly, edges={d: dict.fromkeys(KINDS, edge) for d in ITEMS}).bound(8, 0, False)
    assert prices.through(True, False, 64, 32, 128) == pytest.approx(evenly("", "", 64, 32, 128))
    assert prices.through(True, False, 7, 32, 128) == pytest.approx(evenly("", "", 7, 32, 128))  # in the table itself
    left_over = 32 * (3e-12 * 131 + 3e-12 * 67)
    assert prices.through(False, False, 67, 32, 131) == pytest.approx(evenly("", "", 67, 32, 131) + left_over)
    cheap = {e: [-1.0] * (BLOCK - 1) for e in EDGES}
    prices = by(evenly, edges={d: dict.fromkeys(KINDS, cheap) for d in ITEMS}).bound(8, 0, False)
    assert prices.through(True, False, 67, 32, 128) == pytest.approx(0.5 * evenly("", "", 67, 32, 128))


def test_matrices_come_back_from_afar_in_reverse_mode_alone() -> None:
    rising = by(evenly, fetch=[1e-12 * place for place in range(len(FETCHED))])
    assert [rising.refetched(held) for held in (0, FETCHED[0], FETCHED[3])] == pytest.approx([0, 0, 3e-12])
    assert rising.refetched(100 * FETCHED[-1]) == pytest.approx(rising.fetch[-1])
    assert 3e-12 < rising.refetched(FETCHED[3] + FETCHED[2]) < 4e-12
    near, far = rising.bound(8, 0, False), rising.bound(8, FETCHED[-1], False)
    assert near.through(True, False, 8, 64, 64) == far.through(True, False, 8, 64, 64)
    more = far.through(False, False, 8, 64, 64) - near.through(False, False, 8, 64, 64)
    assert more == pytest.approx(rising.fetch[-1] * 64 * 64 * 8)


def test_replayed_there_is_no_tape_and_both_modes_steps_are_alike() -> None:
    prices = drawn().bound(8, 1000, True)
    assert prices.push == prices.pull
    assert (sum(prices.record), prices.start) == (0.0, 0.0)


def test_a_large_block_waits_for_its_slopes() -> None:
    prices = by(evenly, late=1.0).bound(8, 0, False)
    assert prices.scaled(False, LARGE // 8, 8) > 1 > prices.scaled(False, LARGE // 8 - 1, 8)


@pytest.mark.parametrize(("itemsize", "dtype"), [(8, "float64"), (4, "float32"), (2, "float32")])
def test_each_dtype_has_its_own(itemsize: int, dtype: str) -> None:
    rates_of = by(lambda d, kind, k, p, q: {"float64": 2.0, "float32": 1.0}[d])
    assert rates_of.bound(itemsize, 0, False).through(True, False, 8, 8, 8) == pytest.approx(ITEMS[dtype] / 4)


def test_rates_are_the_same_after_a_way_through_json() -> None:
    there = drawn()
    again = ShapedRates(**json.loads(json.dumps(there.as_plain())))
    assert again.as_plain() == there.as_plain()
    assert again.bound(4, 10**7, False).through(False, False, 77, 33, 5) == pytest.approx(
        there.bound(4, 10**7, False).through(False, False, 77, 33, 5), rel=1e-6
    )


# --- what they decide ---


def test_the_plan_adds_up_what_each_step_takes_by_its_shape(put: Any) -> None:
    """By hand, for a chain of three layers: forward mode's first product is of a block turned, reverse mode's first
    step a diagonal through the matrix."""
    mine, (n, w, v, m) = drawn(3), (11, 24, 40, 9)
    put(mine)
    rng = np.random.default_rng(0)
    matrices = [rng.standard_normal(shape) / 5 for shape in ((w, n), (v, w), (m, v))]
    for matrix in matrices:
        matrix.setflags(write=False)

    def f(x: Any) -> Any:
        for matrix in matrices:
            x = np.tanh(matrix @ x)
        return x

    found = planned(f, np.ones(n))
    prices = mine.bound(8, n * w + w * v + v * m, False)
    assert held(tape_of(f, n), tape_of(f, n).sizes) == n * w + w * v + v * m
    forward = [
        prices.scaled(True, n, w),
        *(prices.through(True, True, n, w, v), prices.scaled(False, n, v)),
        *(prices.through(True, False, n, v, m), prices.scaled(False, n, m)),
    ]
    reverse = [
        *(prices.moved(2 * m), prices.spread(False, m, v)),
        *(prices.scaled(False, m, v), prices.through(False, False, m, v, w)),
        *(prices.scaled(False, m, w), prices.through(False, False, m, w, n)),
    ]
    assert found.seconds["forward"] == pytest.approx(sum(forward) + 3 * (mine.push.matrix + mine.push.scale))
    record = 3 * (mine.record.matrix + mine.record.scale)
    assert written(tape_of(f, n), prices) == pytest.approx(record)
    steps = 3 * (mine.pull.matrix + mine.pull.scale) + record + mine.start
    assert found.seconds["reverse"] == pytest.approx(sum(reverse) + steps)


def tape_of(f: Any, n: int) -> SizedTape:
    tape = SizedTape()
    tape.run(Call(f, (np.ones(n),), 0))
    return tape


def slowed(slow: str, most: int = 10**9) -> Times:
    """Three times as long for products of one kind, of up to so many rows."""
    return lambda d, kind, k, p, q: evenly(d, kind, k, p, q) * (3 if kind == slow and k <= most else 1)


def test_where_one_orientation_is_slow_the_other_mode_is_taken(put: Any) -> None:
    """n = m, all else equal: the mode whose products are the faster ones at this shape, whatever they are at others."""
    chain = modes.layer_chain(48, 48, 5, 64)
    for slow, mode in (("pull", "forward"), ("push", "reverse")):
        for most in (100, 10**9):  # at few rows alone, or at all shapes
            put(by(slowed(slow, most)))
            assert planned(chain, chain.x).mode == mode
    put(by(lambda d, kind, k, p, q: evenly(d, kind, k, p, q) * (3 if kind == "pull" and k > 100 else 1), step=1e-7))
    at_ease = planned(chain, chain.x).seconds
    assert at_ease["reverse"] < 1.2 * at_ease["forward"]


def test_the_dtype_decides_where_its_rates_do(put: Any) -> None:
    put(by(lambda d, kind, k, p, q: evenly(d, kind, k, p, q) * (3 if (d, kind) == ("float32", "pull") else 1)))
    double, single = (modes.layer_chain(50, 48, 5, 64, dtype=dtype) for dtype in ("float64", "float32"))
    assert planned(double, double.x).mode == "reverse"
    assert planned(single, single.x).mode == "forward"


def test_a_tape_that_is_dear_to_write_is_not_written(put: Any) -> None:
    chain = modes.layer_chain(60, 48, 5, 64)
    put(by(evenly))
    assert planned(chain, chain.x).mode == "reverse"
    put(by(evenly, record=[1e-3] * 3))
    assert planned(chain, chain.x).mode == "forward"
    put(by(evenly, start=1e-3))
    assert planned(chain, chain.x).mode == "forward"


def test_what_it_takes_to_see_whether_many_seeds_fit_counts_for_the_mode_that_has_many(put: Any) -> None:
    chain = modes.layer_chain(120, 130, 5, 64)
    found = {}
    for many in ((0.0, 0.0), (1e-3, 0.0), (1e-3, 2e-3)):
        put(by(evenly, many=list(many)))
        found[many] = planned(chain, chain.x).seconds
    assert found[1e-3, 2e-3]["forward"] == found[0.0, 0.0]["forward"]  # 120 are not many
    assert found[1e-3, 0.0]["reverse"] == found[0.0, 0.0]["reverse"]
    assert found[1e-3, 2e-3]["reverse"] == pytest.approx(found[0.0, 0.0]["reverse"] + 2e-3)


def test_rates_that_come_into_force_are_chosen_by_at_once(put: Any) -> None:
    chain = modes.layer_chain(48, 48, 5, 64)
    auto = modes.jacobian(chain, mode="auto")
    for slow in ("pull", "push", "pull"):
        put(by(slowed(slow)))
        np.testing.assert_allclose(auto(chain.x), modes.jacrev(chain)(chain.x), rtol=1e-10, atol=1e-13)
        assert modes.plan(chain, chain.x).mode == ("forward" if slow == "pull" else "reverse")


def test_constant_rates_are_what_they_were(put: Any) -> None:
    """Three constants still price every product alike: operations, multiply-adds and numbers add up to the time."""
    put(rates.DEFAULT)
    chain = modes.layer_chain(30, 20, 4, 24, layer="residual", activation="sigmoid")
    total: Work = planned(chain, chain.x).orders["forward"].total
    price = rates.DEFAULT
    assert total.fixed == pytest.approx(total.operations * price.operation)
    assert total.growing == pytest.approx(total.fma * price.fma + total.numbers * price.number)


# --- what is measured ---


@pytest.mark.slow
def test_what_is_measured_is_complete_and_positive() -> None:
    """One short measurement, of two rounds; nothing of its times is asserted but that they are some."""
    shares: list[float] = []
    found = measuring.measure(0.1, lambda share, doing: shares.append(share))
    assert len(shares) > 2
    assert ShapedRates(**found.as_plain()).as_plain() == found.as_plain()
    assert min(found.products["float64"]["push"].times) > 0
    text = calibrate.described(found)
    assert text.count("\n") == 9


# --- what is kept ---


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(kept.VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


def quietly(here: dict[str, Any] = HERE) -> ShapedRates | None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return kept.load(here)


def test_what_is_saved_is_loaded_for_the_same_conditions_alone(cache: Path) -> None:
    assert quietly() is None
    path = kept.save(drawn(), HERE)
    assert path.parent == cache
    found = quietly()
    assert found is not None
    assert found.as_plain() == drawn().as_plain()
    others = {"processor": "B", "kernel": "SkylakeX", "threads": 2, "numpy": "2.1"}
    for name, value in others.items():
        assert quietly({**HERE, name: value}) is None
        kept.save(drawn(7), {**HERE, name: value})
    again = quietly()
    assert again is not None
    assert again.as_plain() == drawn().as_plain()
    assert len(list(cache.iterdir())) == 5
    assert len(kept.forget()) == 5
    assert quietly() is None


def test_a_file_is_replaced_as_a_whole_or_not_at_all(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept.save(drawn(), HERE)

    def fails(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="no space"):
        kept.save(drawn(9), HERE)
    assert [entry.name for entry in cache.iterdir()] == [path.name]  # and nothing half-written
    found = quietly()
    assert found is not None
    assert found.as_plain() == drawn().as_plain()


def spoilt(text: str) -> dict[str, str]:
    record = json.loads(text)
    foreign = {**record, "conditions": {**record["conditions"], "processor": "C"}}
    lacking = {**record, "rates": {name: each for name, each in record["rates"].items() if name != "push"}}
    negative = {**record, "rates": {**record["rates"], "start": -1}}
    return {
        "cut": text[: len(text) // 2],
        "empty": "",
        "list": "[]",
        "foreign": json.dumps(foreign),
        "newer": json.dumps({**record, "format": 99}),
        "lacking": json.dumps(lacking),
        "negative": json.dumps(negative),
        "nan": json.dumps({**record, "rates": {**record["rates"], "operation": math.nan}}),
    }


@pytest.mark.parametrize("how", ["cut", "empty", "list", "foreign", "newer", "lacking", "negative", "nan"])
def test_a_damaged_or_foreign_file_is_ignored_with_the_remedy(
    how: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = kept.save(drawn(), HERE)
    path.write_text(spoilt(path.read_text())[how])
    monkeypatch.setattr(kept, "conditions", lambda: HERE)
    monkeypatch.setattr(rates, "_in_force", None)
    with pytest.warns(RuntimeWarning, match=r"not used: .*python -m modes\.calibrate") as caught:
        assert rates.rates_in_force() == rates.DEFAULT
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rates.rates_in_force() == rates.DEFAULT  # once


def test_a_file_that_is_none_is_ignored(cache: Path) -> None:
    kept.path_for(HERE).mkdir(parents=True)
    with pytest.warns(RuntimeWarning, match="cannot be read"):
        assert kept.load(HERE) is None


def test_the_kept_rates_are_in_force_but_the_variable_and_use_rates_win(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.save(drawn(), HERE)
    monkeypatch.setattr(kept, "conditions", lambda: HERE)
    monkeypatch.setattr(rates, "_in_force", None)
    found = rates.rates_in_force()
    assert isinstance(found, ShapedRates)
    assert found is rates.rates_in_force()  # read once
    mine = rates.Rates(1e-6, 1e-11, 1e-10)
    assert rates.use_rates(mine) is found
    assert rates.rates_in_force() == mine
    assert rates.use_rates(found) == mine
    assert rates.rates_in_force() is found
    monkeypatch.setenv(rates.VARIABLE, rates.as_text(mine))
    monkeypatch.setattr(rates, "_in_force", rates.from_environment())
    assert rates.rates_in_force() == mine


def test_the_folder_is_where_the_platform_keeps_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    platformdirs = pytest.importorskip("platformdirs")
    monkeypatch.delenv(kept.VARIABLE, raising=False)
    assert kept.folder() == platformdirs.user_cache_path(kept.NAME, appauthor=False)
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere/else")
        assert kept.folder() == platformdirs.user_cache_path(kept.NAME, appauthor=False)


def test_the_conditions_are_this_machines() -> None:
    here = kept.conditions()
    assert here["numpy"] == np.__version__
    assert here["processor"]
    assert here["threads"] >= 1
    assert isinstance(here["kernel"], str)
    json.dumps(here)


def test_without_threadpoolctl_the_conditions_are_what_can_be_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "3")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Zen")
    assert machine.blas() == ("Zen", 3)
    monkeypatch.delenv("OPENBLAS_CORETYPE")
    assert machine.blas()[0]


# --- the command ---


def command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    known = {name: value for name, value in os.environ.items() if name != rates.VARIABLE}
    line = [sys.executable, "-W", "error", "-m", "modes.calibrate", *arguments]
    environment = known | variables | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(line, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_calibrated_once_mode_auto_chooses_by_it_until_it_is_forgotten(cache: Path) -> None:
    before = command("--show")
    assert before.returncode == 0
    assert "chooses by the rates that ship" in before.stdout
    done = command("--seconds", "1")
    assert (done.returncode, done.stderr) == (0, "")
    (path,) = cache.iterdir()
    assert str(path) in done.stdout
    assert command("--show").stdout == done.stdout
    told = json.loads(command("--if-needed", "--json").stdout)
    assert told["rates"] == json.loads(path.read_text())["rates"]  # not measured again
    asked = "import modes; print(type(modes.choice.rates_in_force()).__name__)"
    line = [sys.executable, "-W", "error", "-c", asked]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    assert subprocess.run(line, env=environment, capture_output=True, text=True).stdout == "ShapedRates\n"
    assert "which wins" in command("--show", MODES_RATES="1e-6,1e-11,1e-10").stdout
    assert command("--forget").stdout == f"removed {path}\n"
    assert not list(cache.iterdir())


@pytest.mark.slow
def test_where_nothing_can_be_kept_the_command_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = command("--seconds", "1", "--json", MODES_CACHE=str(tmp_path / "file" / "cache"))
    assert done.returncode == 1
    assert "measured, but not kept" in done.stderr
    assert "MODES_CACHE=DIR" in done.stderr
    assert set(json.loads(done.stdout)) == {"conditions", "rates"}


@pytest.mark.parametrize("wrong", [["--seconds", "0"], ["--seconds", "x"], ["--show", "--forget"]])
def test_what_cannot_be_asked_for_is_refused(wrong: list[str]) -> None:
    assert command(*wrong).returncode == 2


def test_importing_modes_reads_no_rates() -> None:
    code = "import modes, sys; sys.exit('modes.kept' in sys.modules or 'modes.machine' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0

"""The plan of a run: what is still to be measured, in which batches, and how long it takes."""

import random
import re
from typing import Any

import pandas as pd
import pytest

from analysis.running.plan import (
    GUESSED_RATIO_SECONDS,
    GUESSED_SECONDS,
    Batch,
    Cell,
    affordable,
    batches,
    expected_seconds,
    pattern,
    processes,
    unfinished,
)
from analysis.running.progress import Progress
from analysis.running.run import finished_cells
from analysis.text import clock, counted
from benchmarks.catalogue.taken import Taken


def test_cells_that_are_finished_are_not_measured_again() -> None:
    wanted = {"a.A.time_x": [["1", "'f'"], ["2", "'f'"]], "b.B.track_y": [["1"]]}
    finished = {("a.A.time_x", ("1", "'f'")), ("b.B.track_y", ("2",))}
    assert unfinished(wanted, finished) == [("a.A.time_x", ("2", "'f'")), ("b.B.track_y", ("1",))]
    assert unfinished(wanted, set()) == [
        ("a.A.time_x", ("1", "'f'")),
        ("a.A.time_x", ("2", "'f'")),
        ("b.B.track_y", ("1",)),
    ]


def test_a_cell_listed_twice_is_measured_once() -> None:
    assert unfinished({"a": [["1"], ["1"]]}, set()) == [("a", ("1",))]


def raw(benchmark: str, status: str, samples: list[float] | None) -> dict[str, Any]:
    return {"benchmark": benchmark, "parameters": ("1",), "status": status, "samples": samples}


def test_a_ratio_is_finished_with_enough_processes_for_the_preset() -> None:
    rows = pd.DataFrame(
        [
            raw("c.Map.track_log_ratio", "ok", [0.0] * 3),
            raw("c.Width.track_log_ratio", "ok", [0.0] * 8),
            raw("c.Depth.track_log_ratio", "failed", None),
            raw("a.Aspect.time_jacobian", "ok", [1.0] * 10),
            raw("m.Memory.track_peak_bytes", "ok", None),
        ]
    )
    single = {("a.Aspect.time_jacobian", ("1",)), ("m.Memory.track_peak_bytes", ("1",))}
    width = ("c.Width.track_log_ratio", ("1",))
    assert finished_cells(rows, 3) == single | {width, ("c.Map.track_log_ratio", ("1",))}
    assert finished_cells(rows, 8) == single | {width}
    assert finished_cells(pd.DataFrame(), 3) == set()


def cells_of(batch: list[Batch]) -> list[Cell]:
    return [cell for each in batch for cell in each.cells]


def test_batches_hold_several_benchmarks_in_order_and_last_about_the_time_asked_for() -> None:
    cells = [(name, (str(i),)) for i in range(10) for name in ("a.time_slow", "a.time_fast", "a.time_new")]
    rates = {"a.time_slow": 5.0, "a.time_fast": 0.1}
    plan = batches(cells, rates, seconds=20.0)
    assert cells_of(plan) == cells
    assert all(expected_seconds(batch.cells, rates) <= 20.0 for batch in plan)
    assert all(len(batch.by_benchmark) == 3 for batch in plan[:-1])
    assert expected_seconds([*plan[0].cells, plan[1].cells[0]], rates) > 20.0


def test_a_cell_longer_than_a_batch_has_one_of_its_own() -> None:
    cells = [("a.time_x", ("1",)), ("a.time_x", ("2",))]
    assert [len(batch.cells) for batch in batches(cells, {"a.time_x": 1e3})] == [1, 1]


def test_processes_take_each_ratio_once_in_an_order_drawn_anew() -> None:
    cells = [("c.track_log_ratio", ("'modes'", str(i))) for i in range(40)]
    rates = {"c.track_log_ratio": 1.0}
    plans = [cells_of(processes(cells, rates, random.Random(seed), seconds=7.0)) for seed in range(2)]
    assert all(sorted(plan) == sorted(cells) for plan in plans)
    assert plans[0] != plans[1]
    assert all(plan != cells for plan in plans)


def test_no_process_holds_two_libraries_with_threads_of_their_own() -> None:
    engines = ("modes", "floor", "jax", "torch", "torch-functional", "autograd")
    cells = [("c.track_log_ratio", (repr(name), str(i))) for i in range(5) for name in engines]
    plan = processes(cells, {}, random.Random(0))
    assert sorted(cells_of(plan)) == sorted(cells)
    heavy = [{name.removesuffix("-functional") for name in batch.engines} - {"modes", "floor"} for batch in plan]
    assert all(len(names) <= 1 for names in heavy)
    assert any(batch.engines == ["floor", "modes"] for batch in plan)


def test_the_time_to_go_is_that_of_all_cells_left() -> None:
    cells = [("a.time_x", ("1",)), ("a.time_x", ("2",)), ("b.time_y", ("1",)), ("c.track_log_ratio", ("1",))]
    expected = 6 + GUESSED_SECONDS + GUESSED_RATIO_SECONDS
    assert expected_seconds(cells, {"a.time_x": 3.0}) == pytest.approx(expected)


@pytest.mark.parametrize(
    "chosen",
    [
        (("'modes'", "1", "'forward'"),),
        (("'modes'", "1", "'forward'"), ("'modes'", "11", "'forward/reverse'")),
        (("None", "1.5", "'a (b) [c] | d'"),),
    ],
)
def test_the_pattern_selects_exactly_the_batch(chosen: tuple[tuple[str, ...], ...]) -> None:
    others = [
        ("'modes'", "1", "'forward/reverse'"),
        ("'modes'", "111", "'forward'"),
        ("None", "105", "'a (b) [c] | d'"),
    ]
    names = ("crossover.Map.track_log_ratio", "crossoverXMap.track_log_ratio", "xcrossover.Map.track_log_ratio")
    expression = pattern(Batch(tuple((names[0], cell) for cell in chosen)))
    for name in names:
        for cell in {*chosen, *others}:
            # what asv makes of a benchmark's name and the repr of its parameters
            selected = re.search(expression, f"{name}({', '.join(cell)})") is not None
            assert selected == (name == names[0] and cell in chosen)


def test_a_pattern_selects_the_cells_of_several_benchmarks() -> None:
    expression = pattern(Batch((("a.track_b", ()), ("c.time_d", ("1", "'x'")), ("c.time_e", ("2",)))))
    for text, selected in (
        ("a.track_b", True),
        ("c.time_d(1, 'x')", True),
        ("c.time_e(2)", True),
        ("c.time_e(1, 'x')", False),
    ):
        assert (re.search(expression, text) is not None) == selected


def test_a_benchmark_without_parameters_is_selected_by_its_name() -> None:
    expression = pattern(Batch((("a.track_b", ()),)))
    assert re.search(expression, "a.track_b")
    assert not re.search(expression, "a.track_bc")
    assert not re.search(expression, "a.track_b(1)")


def test_what_does_not_fit_into_the_time_left_is_named() -> None:
    cells = [("a.time_x", (name,)) for name in "abc"]
    rates = {"a.time_x": 1.0}
    assert affordable(cells, 10.0, rates) == (cells, [])
    assert affordable(cells, 2.5, rates) == (cells[:2], cells[2:])
    assert affordable(cells, 0.5, rates) == ([], cells)
    assert affordable(cells, -5.0, rates) == ([], cells)
    assert affordable([], 10.0, rates) == ([], [])


def test_the_clock_counts_minutes_and_seconds() -> None:
    assert [clock(seconds) for seconds in (-1, 0, 65.4, 3600)] == ["0:00", "0:00", "1:05", "60:00"]


def test_one_is_not_plural() -> None:
    assert [counted(number, "cell") for number in (0, 1, 2)] == ["0 cells", "1 cell", "2 cells"]


def test_the_heading_numbers_the_batches_and_tells_the_time() -> None:
    lines: list[str] = []
    progress = Progress(lines.append)
    left = [Batch((("a.A.time_x", ("1",)), ("a.A.time_x", ("2",)))), Batch((("b.B.track_log_y", ("1",)),))]
    progress.rates["a.A.time_x"] = 4.0
    progress.heading(left, [("a.A.time_x", ("3",))])
    progress.done += 1
    progress.paced([Taken("b.B.track_log_y", (str(i),), "ok", 0.0, seconds) for i, seconds in enumerate((1.0, 3.0))])
    progress.heading(left[1:], [])
    assert lines[0] == "[1] 2 cells: a.A.time_x (0:00 elapsed, about 0:12 to go)"
    assert lines[1] == "[2] 1 ratio in one process: b.B.track_log_y (0:00 elapsed, about 0:02 to go)"
    assert progress.rates == {"a.A.time_x": 4.0, "b.B.track_log_y": 2.0}

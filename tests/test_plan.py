"""The plan of a run: what is still to be measured, in which batches, and how long it takes."""

import re
from typing import Any

import pandas as pd
import pytest

from analysis.running.plan import (
    GUESSED_SECONDS,
    Batch,
    affordable,
    batches,
    pattern,
    remaining_seconds,
    unfinished,
)
from analysis.running.progress import Progress
from analysis.running.run import finished_cells, flattened
from analysis.text import clock, counted


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


def test_a_paired_cell_is_finished_with_enough_pairs_for_the_preset() -> None:
    rows = pd.DataFrame(
        [
            raw("c.Map.track_log_ratio", "ok", [0.0] * 15),
            raw("c.Width.track_log_ratio", "ok", [0.0] * 41),
            raw("c.Depth.track_log_ratio", "failed", None),
            raw("a.Aspect.time_jacobian", "ok", [1.0] * 10),
            raw("m.Memory.track_peak_bytes", "ok", None),
        ]
    )
    single = {("a.Aspect.time_jacobian", ("1",)), ("m.Memory.track_peak_bytes", ("1",))}
    width = ("c.Width.track_log_ratio", ("1",))
    assert finished_cells(rows, 15) == single | {width, ("c.Map.track_log_ratio", ("1",))}
    assert finished_cells(rows, 41) == single | {width}
    assert finished_cells(pd.DataFrame(), 15) == set()


def test_batches_hold_one_benchmark_each_and_last_about_the_time_asked_for() -> None:
    cells = [(name, (str(i),)) for i in range(10) for name in ("slow", "fast", "new")]
    plan = batches(cells, {"slow": 5.0, "fast": 0.1}, seconds=20.0)
    assert [len(batch.cells) for batch in plan if batch.benchmark == "slow"] == [4, 4, 2]
    assert [len(batch.cells) for batch in plan if batch.benchmark == "fast"] == [10]
    assert all(len(batch.cells) * GUESSED_SECONDS <= 20 for batch in plan if batch.benchmark == "new")
    assert sorted(flattened(plan)) == sorted(cells)


def test_a_cell_longer_than_a_batch_has_one_of_its_own() -> None:
    assert [len(batch.cells) for batch in batches([("a", ("1",)), ("a", ("2",))], {"a": 1e3})] == [1, 1]


def test_the_time_to_go_is_that_of_all_batches_left() -> None:
    plan = [Batch("a", (("1",), ("2",))), Batch("b", (("1",),))]
    assert remaining_seconds(plan, {"a": 3.0}) == pytest.approx(6 + GUESSED_SECONDS)


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
    expression = pattern(Batch(names[0], chosen))
    for name in names:
        for cell in {*chosen, *others}:
            # what asv makes of a benchmark's name and the repr of its parameters
            selected = re.search(expression, f"{name}({', '.join(cell)})") is not None
            assert selected == (name == names[0] and cell in chosen)


def test_a_benchmark_without_parameters_is_selected_by_its_name() -> None:
    expression = pattern(Batch("a.track_b", ((),)))
    assert re.search(expression, "a.track_b")
    assert not re.search(expression, "a.track_bc")
    assert not re.search(expression, "a.track_b(1)")


def test_refinements_that_do_not_fit_into_the_time_left_are_named() -> None:
    cases = ["a", "b", "c"]
    assert affordable(cases, 10.0, 1.0) == (cases, [])
    assert affordable(cases, 2.5, 1.0) == (["a", "b"], ["c"])
    assert affordable(cases, 0.5, 1.0) == ([], cases)
    assert affordable(cases, -5.0, 1.0) == ([], cases)
    assert affordable([], 10.0, 1.0) == ([], [])


def test_the_clock_counts_minutes_and_seconds() -> None:
    assert [clock(seconds) for seconds in (-1, 0, 65.4, 3600)] == ["0:00", "0:00", "1:05", "60:00"]


def test_one_is_not_plural() -> None:
    assert [counted(number, "cell") for number in (0, 1, 2)] == ["0 cells", "1 cell", "2 cells"]


def test_the_heading_numbers_the_batches_and_tells_the_time() -> None:
    lines: list[str] = []
    progress = Progress(lines.append)
    left = [Batch("a.A.time_x", (("1",), ("2",))), Batch("b.B.time_y", (("1",),))]
    progress.heading(left[0], left)
    progress.timed(left[0], 8.0)
    progress.heading(left[1], left[1:])
    assert lines[0].startswith("[1/2] a.A.time_x: 2 cells (0:00 elapsed, about 0:0")
    assert lines[1].startswith("[2/2] b.B.time_y: 1 cell (")
    assert progress.rates == {"a.A.time_x": 4.0}

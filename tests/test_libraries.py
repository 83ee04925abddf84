"""The libraries side by side: what the tables say follows from the measurements, and what is missing has its reason."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes

from analysis.figures import FIGURES
from analysis.figures import drawn as drawing
from analysis.figures.engines import looks
from analysis.report.sections.libraries import SECTION, calls, engine
from analysis.report.sections.libraries import noted as column
from analysis.tables.crossover import crossovers
from analysis.tables.findings import Findings
from analysis.tables.libraries import (
    cost,
    crossing,
    fastest,
    harness,
    libraries,
    memory,
    noted,
    published,
    setup,
)
from analysis.tables.libraries.notes import MEMORY
from analysis.tables.shown.libraries import NOT_MEASURED, engines
from benchmarks.catalogue.reasons import SILENT
from tests.drawn import xs, ys
from tests.tables import curve, frame, full_table, pair, row

EVERYTHING: dict[str, Any] = {
    "requires": ["numpy"],
    "modes": ["forward", "reverse"],
    "layers": ["dense"],
    "dtypes": ["float64", "float32"],
    "memory": "traced",
    "most_fma": None,
    "missing": [],
}
ENGINES = {
    "modes": EVERYTHING,
    "jax": {**EVERYTHING, "memory": "own"},
    "torch": {**EVERYTHING, "memory": ""},
    "steps": {**EVERYTHING, "modes": ["forward"]},
    "absent": {**EVERYTHING, "missing": ["one", "two"]},
}


def times(**values: float) -> list[dict[str, Any]]:
    """Seconds of engines by `engine_mode`."""
    rows = []
    for name, value in values.items():
        engine, _, mode = name.rpartition("_")
        rows.append(row("seconds", value, engine=engine.replace("_", "-"), mode=mode))
    return rows


# --- the fastest ---


def test_the_fastest_is_found_among_engines_in_their_faster_mode() -> None:
    rows = times(modes_forward=4.0, modes_reverse=3.0, jax_forward=2.0, jax_reverse=8.0, torch_forward=5.0)
    found = fastest(frame(rows)).iloc[0]
    assert (found["engine"], found["mode"], found["seconds"]) == ("jax", "forward", 2.0)
    assert (found["runner_up"], found["runner_up_mode"], found["factor"]) == ("modes", "reverse", 1.5)
    assert (found["own"], found["own_mode"], found["own_factor"]) == ("modes", "reverse", 1.5)


def test_own_is_the_faster_of_both_forms_and_can_be_the_fastest() -> None:
    rows = times(modes_forward=4.0, modes_prepared_reverse=1.0, jax_forward=2.0)
    found = fastest(frame(rows)).iloc[0]
    assert (found["engine"], found["own"], found["own_factor"]) == ("modes-prepared", "modes-prepared", 1.0)
    assert (found["runner_up"], found["factor"]) == ("jax", 2.0)


def test_the_runner_up_is_another_engine() -> None:
    rows = times(modes_forward=4.0, jax_forward=2.0, jax_reverse=3.0)
    assert fastest(frame(rows))[["runner_up", "factor"]].to_numpy().tolist() == [["modes", 2.0]]


def test_what_failed_is_in_no_table_but_that_of_costs() -> None:
    lost: dict[str, Any] = {"engine": "jax", "status": "failed", "n": 32, "m": 2048, "depth": 1, "mode": "forward"}
    rows = [row(metric, np.nan, **lost) for metric in ("seconds", "setup_seconds", "harness_share", "peak_bytes")]
    table = frame([*rows, pair(np.nan, **{**lost, "mode": "forward/reverse"})])
    for empty in (fastest(table), setup(table), harness(table), published(table), memory(table)):
        assert empty.empty


def test_what_is_written_by_hand_does_not_compete() -> None:
    rows = times(floor_forward=0.1, modes_forward=4.0, jax_forward=5.0)
    assert fastest(frame(rows))[["engine", "runner_up"]].to_numpy().tolist() == [["modes", "jax"]]


def test_each_cell_has_its_own_fastest_and_those_without_a_library_none() -> None:
    rows = times(modes_forward=4.0, jax_forward=2.0)
    rows += [{**each, "n": 8, "value": 6 - each["value"]} for each in rows]
    rows += [{**each, "dtype": "float32"} for each in rows[:1]]  # modes alone
    rows += [{**rows[1], "layer": "residual", "value": 0.1}, {**rows[1], "chunk_size": 4, "value": 0.1}]
    rows += [{**rows[1], "engine": "torch", "status": "failed", "value": np.nan}]
    found = fastest(frame(rows))
    assert found[["n", "engine", "seconds"]].to_numpy().tolist() == [[8, "modes", 2.0], [64, "jax", 2.0]]


def test_a_library_alone_has_no_runner_up() -> None:
    found: Any = fastest(frame(times(jax_forward=2.0)))
    assert found["runner_up"].isna().all()
    assert found["own"].isna().all()
    assert [show(found.to_dict("records")[0]) for show in (engine("runner_up", "runner_up_mode"), engine("own"))] == [
        "\N{EN DASH}",
        "\N{EN DASH}",
    ]


# --- what each costs ---


def test_cost_is_absolute_over_f_and_over_modes() -> None:
    rows = times(modes_forward=6.0, jax_forward=3.0, jax_reverse=12.0)
    rows += [row("f_seconds", 1.5, engine="jax", mode="primal"), row("f_seconds", 3.0, engine="modes", mode="primal")]
    rows += [row("log_over_modes", math.log(0.5), engine="jax", mode="forward", low=math.log(0.4), high=math.log(0.6))]
    found: Any = cost(frame(rows)).set_index("engine")
    assert list(found.index) == ["modes", "jax"]
    assert (found.loc["jax", "forward"], found.loc["jax", "reverse"]) == (3.0, 12.0)
    assert (found.loc["jax", "forward_over_f"], found.loc["jax", "reverse_over_f"]) == (2.0, 8.0)
    names = ["forward_over_modes", "forward_over_modes_low", "forward_over_modes_high"]
    assert found.loc["jax", names].to_list() == pytest.approx([0.5, 0.4, 0.6])
    assert found.loc["modes", "forward_over_f"] == 2.0
    assert pd.isna(found.loc["modes", "reverse"])
    assert pd.isna(found.loc["modes", "forward_over_modes"])


def test_only_the_same_cell_is_compared() -> None:
    rows = times(modes_forward=6.0, jax_forward=3.0)
    rows += [row("f_seconds", 1.5, engine="jax", mode="primal", depth=16)]
    rows += [row("log_over_modes", 1.0, engine="jax", mode="forward", dtype="float32")]
    found = cost(frame(rows)).set_index("engine").loc["jax"]
    assert pd.isna(found["forward_over_f"])
    assert pd.isna(found["forward_over_modes"])


# --- set-up ---


def setups(setup_seconds: float, ratio: float, width: float = 0.01, **other: Any) -> pd.DataFrame:
    log = math.log(ratio)
    rows = [row("setup_seconds", setup_seconds, engine="jax", mode="forward", **other)]
    rows += [row("log_over_modes", log, engine="jax", mode="forward", low=log - width, high=log + width)]
    rows += [row("seconds", 10e-6, mode="forward"), row("setup_seconds", 1e-6, mode="forward")]
    return setup(frame(rows))


@pytest.mark.parametrize(
    ("seconds", "ratio", "width", "expected", "said"),
    [
        (1.0, 0.5, 0.01, 200000, "200000"),  # a call saves 5 microseconds
        (12e-6, 0.5, 0.01, 3, "3"),  # rounded up
        (9e-6, 0.5, 0.01, 0, "no set-up"),  # two calls take 10 microseconds
        (9e-6, 2.0, 0.01, 0, "no set-up"),
        (1.0, 2.0, 0.01, math.inf, "never"),
        (1.0, 0.99, 0.1, math.nan, "not told apart"),
        (1.0, 1.01, 0.1, math.nan, "not told apart"),
    ],
)
def test_a_set_up_has_paid_for_itself_after_so_many_calls(
    seconds: float, ratio: float, width: float, expected: float, said: str
) -> None:
    found: Any
    (found,) = setups(seconds, ratio, width).to_dict("records")  # modes itself has no row
    assert found["calls"] == pytest.approx(expected, nan_ok=True)
    assert calls(found) == said


@pytest.mark.parametrize(("seconds", "low"), [(-1e-6, -3e-6), (1e-6, -1e-6), (0.0, 0.0)])
@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_an_engine_without_set_up_has_nothing_to_pay(seconds: float, low: float, ratio: float) -> None:
    found: Any
    (found,) = setups(seconds, ratio, low=low).to_dict("records")
    assert found["calls"] == 0
    assert calls(found) == "no set-up"


def test_without_pairs_nothing_is_said_of_calls() -> None:
    rows = [row("setup_seconds", 1.0, engine="jax", mode="forward"), row("seconds", 1.0, mode="forward")]
    found: Any
    (found,) = setup(frame(rows)).to_dict("records")
    assert math.isnan(found["calls"])
    assert calls(found) == "\N{EN DASH}"


# --- crossovers, published ratios, memory, the harness ---


def test_each_engines_crossover_stands_beside_that_of_modes() -> None:
    table = frame(
        curve(80) + curve(120, engine="jax") + curve(60, m=8) + [pair(-1, n=n, engine="torch") for n in (8, 64)]
    )
    found: Any = crossing(crossovers(table)).set_index("engine")
    assert list(found.index) == ["modes", "jax", "torch"]  # m = 8 was measured for no library
    assert found.loc["jax", "n_star"] == pytest.approx(120)
    assert found.loc["jax", "n_over_m"] == pytest.approx(120 / 64)
    assert found.loc["jax", "over_modes"] == pytest.approx(1.5)
    assert found.loc["torch", "verdict"] == "forward throughout"
    assert math.isnan(found.loc["torch", "over_modes"])


def test_measured_ratios_are_given_the_way_they_were_published() -> None:
    tall: dict[str, Any] = {"n": 32, "m": 2048, "depth": 1}
    wide: dict[str, Any] = {"n": 2048, "m": 32, "depth": 1}
    rows = [pair(-math.log(5), engine="torch", **tall), pair(math.log(4), engine="torch", **wide)]
    rows += [pair(math.log(2), **tall), pair(1.0, **{**tall, "depth": 4}), pair(1.0, **{**tall, "n": 33})]
    found = published(frame(rows))
    assert found[["case", "engine"]].to_numpy().tolist() == [["tall", "modes"], ["tall", "torch"], ["wide", "torch"]]
    assert found["published"].to_list() == pytest.approx([12.46 / 1.32, 12.46 / 1.32, 7.99 / 1.09])
    assert found["measured"].to_list() == pytest.approx([0.5, 5, 4])  # modes: the other way round
    assert (found["low"] < found["measured"]).all()
    assert (found["measured"] < found["high"]).all()


def test_the_harness_is_worst_where_its_share_is_largest() -> None:
    rows = [row("harness_share", share, n=n, engine="jax", mode="forward") for n, share in ((8, 0.01), (64, 0.001))]
    found = harness(frame(rows)).iloc[0]
    assert (found["engine"], found["cells"], found["share"], found["n"]) == ("jax", 2, 0.01, 8)


# --- what is missing ---


def test_a_missing_engine_or_mode_has_a_row_with_its_reason() -> None:
    table = noted(frame(times(modes_forward=2.0, jax_forward=1.0, jax_reverse=1.0)), ENGINES, {})
    found: Any = cost(table).set_index("engine")
    assert set(found.index) == set(ENGINES)
    assert found.loc["absent", ["forward_note", "reverse_note"]].to_list() == ["not installed: one, two"] * 2
    assert found.loc["steps", ["forward_note", "reverse_note"]].to_list() == [
        "not measured in this run",
        "has no reverse mode",
    ]
    assert found.loc["modes", ["forward_note", "reverse_note"]].to_list() == ["", "not measured in this run"]
    assert found.loc["jax", ["forward_note", "reverse_note"]].to_list() == ["", ""]
    assert column("reverse", str)(found.loc["steps"].to_dict()) == "has no reverse mode"
    assert set(table.loc[table["status"] == "skipped", "metric"]) == {"seconds"}


def test_what_was_not_compared_is_not_missed() -> None:
    table = frame(times(modes_forward=2.0))
    assert len(noted(table, ENGINES, {})) == len(table)
    assert noted(table, {}, {})["note"].to_list() == [""]


def test_the_tables_kinds_of_columns_stay_what_they_are() -> None:
    table = full_table()
    found = noted(table, ENGINES, {})
    assert len(found) > len(table)
    assert found.dtypes.drop("note").to_dict() == table.dtypes.to_dict()
    pd.testing.assert_frame_equal(found.drop(columns="note").head(len(table)), table)


def test_a_failed_cell_has_its_reason() -> None:
    lost: dict[str, Any] = {"status": "failed", "value": np.nan, "mode": "forward"}
    rows = [row("seconds", 1.0, engine="jax", mode="forward"), row("seconds", engine="torch", **lost)]
    rows += [row("seconds", engine="torch", **{**lost, "mode": "reverse"})]
    rows += [row("log_ratio", engine="torch", **{**lost, "mode": "forward/reverse"})]
    case = "'dense', 'uniform', 'tanh', 64, 64, 64, 4, 'float64', None"
    text = "engine=torch layer=dense profile=uniform activation=tanh n=64 m=64 width=64 depth=4 dtype=float64"
    faults = {
        f"engines.Cost.track_seconds('torch', {case}, 'forward')": "MemoryError: too large",
        f"engines.Crossover.track_log_ratio('{text} chunk_size=None mode=forward/reverse')": "ValueError: wrong",
        f"engines.Primal.track_f_seconds('torch', {case}, 'reverse')": "of another metric",
        "other.time_x(1)": "of other parameters",
        "other.time_x": "of none",
    }
    notes = noted(frame(rows), {}, faults)["note"].to_list()
    assert notes == ["", "MemoryError: too large", SILENT, "ValueError: wrong"]


def test_memory_says_how_it_was_measured() -> None:
    rows = [row("peak_bytes", 1e5, engine=engine, mode="forward") for engine in ("modes", "jax")]
    found: Any = memory(noted(frame(rows), ENGINES, {})).set_index("engine")
    assert found.loc["modes", ["forward", "forward_note"]].to_list() == [1e5, "traced"]
    assert found.loc["jax", "forward_note"] == MEMORY["own"]
    assert found.loc["torch", "forward_note"] == MEMORY[""]
    assert found.loc["absent", "forward_note"] == "not installed: one, two"
    shown = SECTION.tables["engines-memory"].columns["forward"]
    assert shown(found.loc["jax"].to_dict()) == f"100 kB, {MEMORY['own']}"
    assert shown(found.loc["torch"].to_dict()) == MEMORY[""]


# --- the figures ---


def drawn(name: str, table: pd.DataFrame) -> list[Axes]:
    figure = drawing(FIGURES[name], Findings(table))
    return [axes for axes in figure.axes if axes.axison]


def lines(axes: Axes) -> dict[str, tuple[list[float], list[float]]]:
    """The points drawn, by label."""
    found = {str(line.get_label()): line for line in axes.lines}
    found |= {str(container.get_label()): container.lines[0] for container in axes.containers}  # type: ignore[attr-defined]
    return {name: (xs(line), ys(line)) for name, line in found.items()}


def test_time_over_inputs_is_one_line_an_engine_and_one_panel_a_mode() -> None:
    seconds = {("modes", "forward"): 1e-6, ("jax", "forward"): 2e-6, ("jax", "reverse"): 3e-6}
    rows = [
        row("seconds", value * n, n=n, engine=name, mode=mode)
        for n in (16, 64)
        for (name, mode), value in seconds.items()
    ]
    forward, reverse = drawn("engines-time", frame(rows))
    assert (forward.get_title(), reverse.get_title()) == ("forward mode", "reverse mode")
    assert lines(forward)["jax"] == ([16, 64], pytest.approx([32, 128]))
    assert lines(reverse)["jax"] == ([16, 64], pytest.approx([48, 192]))
    assert "modes" in lines(forward)
    assert "modes" not in lines(reverse)


def test_crossovers_are_dots_a_row_an_engine_and_none_is_missing() -> None:
    rows = curve(40, engine="jax") + curve(80) + curve(160, m=128, engine="jax")
    rows += [pair(-1.0, n=n, m=m, engine="torch") for m in (64, 128) for n in (8, 64)]
    rows += [pair(1.0, n=n, m=64, engine="autograd") for n in (8, 64)]
    rows += [pair(0.0, n=n, m=64, engine="casadi") for n in (8, 64)]
    (axes,) = drawn("engines-crossover", frame(rows))
    engines = [label.get_text() for label in axes.get_yticklabels()]
    assert engines == ["modes", "autograd", "casadi", "jax", "torch"]
    name = "m 64, width 64, depth 4"
    found = dict(zip(*reversed(lines(axes)[name]), strict=True))
    assert found == {engines.index("modes"): pytest.approx(80 / 64), engines.index("jax"): pytest.approx(40 / 64)}
    signs = {
        str(line.get_marker()): ys(line) for line in axes.lines if len(ys(line)) and str(line.get_marker()) in "<>x"
    }
    assert signs == {">": [engines.index("torch")], "<": [engines.index("autograd")], "x": [engines.index("casadi")]}
    said = " ".join(lines(axes))
    assert all(verdict in said for verdict in ("forward throughout", "reverse throughout", "not identifiable"))


def test_what_was_not_measured_of_an_engine_is_said_in_its_row() -> None:
    rows = [each for m in (16, 64) for name in ("modes", "jax") for each in curve(m * 1.1, m=m, engine=name)]
    rows += curve(20, m=16, engine="torch") + curve(80, m=64, engine="autograd")
    (axes,) = drawn("engines-crossover", frame(rows))
    assert len(axes.texts) == 2  # torch at m = 64, autograd at m = 16
    assert {text.get_text() for text in axes.texts} == {NOT_MEASURED}


def test_where_nothing_is_known_no_mark_stands_for_a_number() -> None:
    fails = pair(0.05, mode="forward/forward", low=0.03, high=0.07)
    (axes,) = drawn("engines-crossover", frame([*curve(80), *curve(40, engine="jax"), fails]))
    assert [text.get_text() for text in axes.texts] == ["not identifiable"] * 2
    assert not [line for line in axes.lines if len(xs(line)) and line.get_marker() in ("o", "x")]


def test_the_headlines_setting_has_the_engines_in_numbers() -> None:
    rows = curve(80) + curve(60, m=8) + curve(40, engine="jax") + curve(9, m=8, engine="jax")
    table = Findings(frame(rows)).engine_headline
    assert table[["engine", "m"]].to_numpy().tolist() == [["modes", 64], ["jax", 64]]
    assert table["n_over_m"].to_list() == pytest.approx([1.25, 0.625])


def test_ten_libraries_look_different_without_colour_and_each_the_same_in_every_figure() -> None:
    names = [f"library-{number}" for number in range(10)]
    table = frame([row("seconds", 1.0, engine=name) for name in (*names, "modes", "modes-prepared", "floor")])
    found = looks(engines(table))
    assert list(found) == ["modes", "modes-prepared", *names, "floor"]
    seen = {(look["marker"], str(look["linestyle"]), look.get("markerfacecolor")) for look in found.values()}
    assert len(seen) == len(found)
    assert looks(engines(table.iloc[::-1])) == found
    assert [look["label"] for look in found.values()] == ["modes", "modes-prepared", *names, "floor (by hand)"]


# --- the section ---


def test_the_section_is_there_where_a_library_was_measured() -> None:
    assert SECTION.measured(Findings(frame(times(jax_forward=1.0))))
    own = times(modes_forward=1.0, modes_prepared_forward=1.0, floor_forward=1.0)
    assert not SECTION.measured(Findings(frame(own)))
    assert not SECTION.measured(Findings(frame([*own, row("seconds", np.nan, engine="jax", status="failed")])))
    assert "python -m analysis run" in SECTION.absent
    assert libraries(full_table()) == ["jax", "torch", "autograd", "jax-gpu"]


def test_every_table_of_the_section_can_be_empty() -> None:
    found = Findings(frame([row("seconds", np.nan, status="failed")]))
    for name, table in SECTION.tables.items():
        assert table.of(found).empty, name

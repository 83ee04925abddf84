"""What is said of a user's own function: of made-up measurements whose truth is known."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.advice import Advice, judged
from analysis.advice.crossing import crossing, files
from analysis.advice.judging import over
from analysis.intervals import t_interval
from analysis.running import advising
from analysis.running.advising import planned
from analysis.running.bar import Bar
from analysis.tables.rules import RULES
from benchmarks.catalogue.advice import Counts, Found, Look, Request, Times, Way

COUNTS = Counts(
    mode="reverse",
    seconds={"forward": 1e-3, "reverse": 5e-4, "mixed": 5e-4},
    fma={"forward": 10, "reverse": 5, "mixed": 5},
    fixed={"forward": 1e-5, "reverse": 1e-5, "mixed": 1e-5},
    cuts=(),
    operations=10,
    chunks={"forward": None, "reverse": None},
    reason="",
)
WAYS = (
    Way(),
    Way(mode="reverse"),
    Way(mode="auto"),
    Way(form="prepared", mode="reverse"),
)


def found(n: int = 64, m: int = 16, seconds: tuple[float, ...] = (2e-3, 1e-3, 1.1e-3, 5e-4), **others: Any) -> Found:
    looks = tuple(Look(way, 1e-3, each, 1, 1, 1000) for way, each in zip(WAYS, seconds, strict=True))
    return Found("m:f", n, m, "float64", 1e-4, looks, **{"counts": COUNTS, **others})


def times(
    seconds: tuple[float, ...] = (2e-3, 1e-3, 1.1e-3, 5e-4),
    processes: int = 7,
    spread: float = 0.01,
    control: float = 1.0,
    busy: float = 1.0,
    seed: int = 0,
) -> list[Times]:
    """Rounds of processes that differ, by way, by a factor of `spread` from one to the next."""
    rng = np.random.default_rng(seed)
    return [
        Times(
            {
                way.name: (each * np.exp(spread * rng.standard_normal() + 0.002 * rng.standard_normal(9))).tolist()
                for way, each in zip(WAYS, seconds, strict=True)
            },
            [],
            busy,
        )
        for _ in range(processes)
    ]


def controlled(each: Times, factor: float) -> Times:
    first = next(iter(each.seconds.values()))
    return Times(each.seconds, [factor * value for value in first], each.busy)


def advice(timed: list[Times], first: Found | None = None) -> Advice:
    basis = {"basis": "Timed.", "setting": "One core"}
    return judged(first or found(), [each if each.control else controlled(each, 1.0) for each in timed], basis)


# --- the answer ---


def test_the_better_mode_is_named_with_its_factor_and_interval() -> None:
    said = advice(times())
    assert said.best == "reverse"
    assert said.sure == "sure"
    assert said.answer.startswith("Reverse mode: 1")
    assert str(said).splitlines()[0].startswith("Reverse mode: ")
    row = {row.way: row for row in said.rows}["forward"]
    low, high = row.ratio_interval
    assert low is not None
    assert high is not None
    assert low < 2.0 < high < 2.2
    assert row.ratio == pytest.approx(2.0, rel=0.03)
    assert any("prepared reverse mode" in remark and "times as fast again" in remark for remark in said.remarks)


def test_the_interval_holds_the_truth_in_19_of_20() -> None:
    hits = 0
    for seed in range(200):
        known = over("forward", "reverse", times(spread=0.05, seed=seed))
        assert known is not None
        _, (low, high) = known
        hits += low is not None and high is not None and low < 2.0 < high
    assert 180 <= hits <= 199  # binomial: 190 +- 3 standard deviations


def test_a_tie_is_called_a_tie() -> None:
    said = advice(times((1e-3, 1e-3, 1e-3, 1e-3), spread=0.004))
    assert said.sure == "a tie"
    assert "either" in said.answer


def test_one_call_each_that_take_the_same_are_no_reason_to_prefer_one() -> None:
    said = advice([], found(seconds=(10.001, 10.0, 10.0, 10.0)))
    assert said.answer == (
        "Reverse mode or forward mode, either, as far as can be told: about 10 s a Jacobian (from one call each)."
    )
    slow = replace(found(seconds=(10.0, 10.0, 10.0, 10.0)), f_seconds=10.0)  # the function is all that takes time
    assert "would take the same" in advice([], slow).changes[0]


def test_with_too_few_processes_there_is_no_interval_and_a_doubt() -> None:
    said = advice(times(processes=2))
    assert said.sure == "likely"
    assert "no interval" in said.answer
    assert any("too little was timed repeatedly" in doubt for doubt in said.doubts)
    said = advice([])
    assert said.sure == "a single look"
    assert any("nothing was timed repeatedly" in doubt for doubt in said.doubts)


def test_nothing_is_sure_on_a_core_that_was_shared_or_below_what_the_control_is_off_by() -> None:
    assert advice([controlled(each, 1.08) for each in times()]).sure == "sure"  # a factor of 2 is more than that
    for timed in (times(busy=0.25), [controlled(each, 2.5) for each in times()]):
        said = advice(timed)
        assert said.sure == "likely"
        assert said.answer.startswith("Reverse mode, likely: ")
        assert said.doubts


def test_a_control_that_is_off_and_a_busy_core_are_doubts() -> None:
    off = [controlled(each, 1.08) for each in times()]
    assert any("one way against itself" in doubt for doubt in advice(off).doubts)
    assert any("something else ran" in doubt for doubt in advice(times(busy=0.7)).doubts)
    assert advice(times()).doubts == ()


def test_rounds_that_another_program_disturbed_do_not_count_where_a_process_says_so() -> None:
    rng = np.random.default_rng(3)
    disturbed = []
    for each in times(spread=0.001, busy=0.6):
        hit = {
            name: (np.array(t) * np.where(rng.random(9) < 0.6, 3.0, 1.0)).tolist() for name, t in each.seconds.items()
        }
        disturbed.append(Times(hit, [], 0.6))
    known = over("forward", "reverse", disturbed)
    assert known is not None
    blind = over("forward", "reverse", [replace(each, busy=1.0) for each in disturbed])
    assert blind is not None
    assert abs(math.log(known[0] / 2)) < 0.1 < abs(math.log((blind[1][1] or 9) / (blind[1][0] or 1)))


def test_a_way_that_failed_is_named_with_its_reason_and_not_the_best() -> None:
    looks = (*found().looks, Look(Way(form="prepared"), note="TracedValueError: a branch", failed=True))
    said = advice(times(), Found("m:f", 64, 16, "float64", 1e-4, looks, COUNTS))
    assert "prepared forward: TracedValueError: a branch" in str(said)


@pytest.mark.parametrize(("n", "m"), [(64, 16), (16, 64), (100, 60), (400, 300)])
def test_each_shipped_rule_costs_what_its_choice_took(n: int, m: int) -> None:
    said = advice(times(spread=1e-6), found(n, m))
    assert {row.when for row in said.rules} == {rule.when for rule in RULES}
    for row in said.rules:
        rule = next(rule for rule in RULES if rule.when == row.when)
        assert row.mode == rule.choose(n, m)
        assert row.cost == pytest.approx(1.0 if row.mode == "reverse" else 2.0, rel=1e-2)


def test_the_crossing_predicted_is_that_of_a_line() -> None:
    """Forward mode takes c + b n; with c what the function and its operations take, the rest grows with n."""
    (change,) = advice(times(spread=1e-6), found()).changes
    c = 1e-4 + 3e-6 * 10
    growing = 2e-3 - c
    crossing_at = 64 * (1e-3 - c) / growing
    assert f"near n = {crossing_at:.0f}" in change
    assert "reverse mode would be" in change


def test_chunks_that_memory_demands_are_said() -> None:
    counts = Counts(**{**COUNTS.__dict__, "chunks": {"forward": 37, "reverse": None}})
    assert any("chunk_size=37" in remark for remark in advice(times(), found(counts=counts)).remarks)


def test_it_is_plain_data_and_prints_within_a_terminal_and_in_a_notebook() -> None:
    said = advice(times(), Found("<lambda>", 64, 16, "float64", 1e-4, found().looks, COUNTS))
    assert json.loads(json.dumps(said.as_dict()))["best"] == "reverse"
    assert max(map(len, str(said).splitlines())) <= 120
    assert repr(said) == str(said)
    html = said._repr_html_()
    assert "<lambda>" not in html
    assert "<b>Reverse mode" in html


def test_students_interval_is_the_known_one() -> None:
    mean, low, high = t_interval([1.0, 2.0, 3.0, 4.0])
    assert mean == 2.5
    assert high - mean == pytest.approx(3.182446 * math.sqrt(5 / 12))
    assert mean - low == pytest.approx(high - mean)
    assert all(map(math.isnan, t_interval([1.0, 2.0])[1:]))


# --- what there is time for ---


def test_the_slower_the_function_the_less_is_timed_and_never_more_than_there_is_time_for() -> None:
    quick = planned([found()], 30.0, 30.0, 0.3, 7)
    assert (quick.processes, len(quick.ways[0])) == (7, 4)
    slower = planned([found(seconds=(0.4, 0.3, 0.4, 0.2))], 25.0, 30.0, 0.3, 7)
    assert 2 <= slower.processes < 7
    slowest = planned([found(seconds=(1.0, 0.8, 0.9, 0.9))], 25.0, 30.0, 0.3, 7)
    assert slowest.processes >= 2
    assert [way.name for way in slowest.ways[0]] == ["reverse", "forward"]
    compiled = Look(Way(form="compiled"), 10.0, 1e-4, 1, 1)  # ten seconds to compile: not in every process
    mixed = Found("m:f", 64, 16, "float64", 1e-4, (*found().looks, compiled), COUNTS)
    assert [way.name for way in planned([mixed], 20.0, 30.0, 0.3, 7).ways[0]] == [
        "reverse",
        "forward",
        "prepared reverse",
        "auto",
    ]
    assert planned([found(seconds=(30.0, 40.0, 30.0, 30.0))], 25.0, 30.0, 0.3, 7).processes == 0


def test_a_process_that_shared_its_core_is_replaced_and_none_is_chosen_by_what_it_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shares = iter([1.0, 0.6, 0.99, 0.7, 1.0, 0.98, 0.97])
    started: list[int] = []

    def asked(requests: Any) -> Any:
        if not requests[0].rounds:
            yield found()
            return
        busy = next(shares)
        started.append(len(started))
        yield Times({"forward": [2e-3], "reverse": [1e-3]}, [1e-3], busy)

    monkeypatch.setattr(advising, "in_a_process", asked)
    monkeypatch.setattr(advising, "PROCESSES", 4)
    measured = advising.measured(Request("m:f", "m:x"), [], lambda share, doing: None)
    assert len(started) == 6  # as many as it takes until four had the core to themselves
    assert [each.busy for each in measured.sizes[0].times] == [1.0, 1.0, 0.99, 0.98]
    assert measured.processes == 4


def test_a_bar_is_a_line_on_a_terminal_and_gone_in_the_end() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        with Bar(stream) as bar:
            bar.at(0.5, "timing")
            bar.at(2.0, "done")
    assert file.getvalue() == ""
    first, second, *_ = terminal.getvalue().split("\r")[1:]
    assert first.count("#") == first.count(".") == 14
    assert second.count("#") == 28
    assert "\n" not in terminal.getvalue()
    assert terminal.getvalue().endswith(" \r")


# --- over sizes ---


def sizes(root: float, runs: str = "n", processes: int = 8, points: tuple[int, ...] = (8, 32, 128, 512)) -> Any:
    """Measurements whose forward over reverse is (size / root)^0.7, falling where m is what runs."""
    rng = np.random.default_rng(1)
    made = []
    for size in points:
        r = 0.7 * math.log(size / root) * (1 if runs == "n" else -1)
        rounds = []
        for _ in range(processes):
            logs = r + 0.01 * rng.standard_normal(9)
            rounds.append(Times({"reverse": [1e-3] * 9, "forward": (1e-3 * np.exp(logs)).tolist()}, [1e-3] * 9))
        n, m = (size, 10) if runs == "n" else (10, size)
        made.append((size, found(n, m, (1e-3 * math.exp(r), 1e-3, 1e-3, 1e-3)), rounds))
    return made


@pytest.mark.parametrize("runs", ["n", "m"])
def test_the_functions_own_crossover_is_found(runs: str) -> None:
    met = crossing(sizes(60.0, runs), "modes")
    assert (met.over, met.verdict) == (runs, "crosses")
    assert met.below == ("forward" if runs == "n" else "reverse")
    low, high = met.interval
    assert met.crossing == pytest.approx(60.0, rel=0.05)
    assert met.crossing is not None
    assert low is not None
    assert high is not None
    assert low <= met.crossing <= high
    assert f"{met.below} mode below {runs} = " in met.text


def test_one_mode_at_all_sizes_and_too_little_to_tell() -> None:
    met = crossing(sizes(3000.0), "modes")
    assert met.verdict == "forward throughout"
    assert met.text.startswith("forward mode at every size from n = 8 to 512")
    assert crossing(sizes(3000.0, "m"), "modes").verdict == "reverse throughout"
    assert crossing(sizes(60.0, processes=3), "modes").verdict == "crosses"
    few = crossing(sizes(60.0, processes=2), "modes")
    assert few.verdict == "not identifiable"
    assert few.crossing is None
    assert "no crossover can be told" in few.text


def test_modes_that_change_places_more_than_once_are_said_to() -> None:
    made = sizes(60.0, points=(8, 32, 128)) + sizes(2000.0, points=(512,)) + sizes(2000.0, points=(4096, 8192))
    met = crossing(made, "modes")
    assert met.verdict == "crosses 3 times"
    assert met.crossing is None
    assert met.text.startswith("the cheaper mode changes 3 times: forward mode below n = 6")
    assert ", reverse mode up to " in met.text
    assert met.text.endswith(", reverse mode above")
    assert b"crosses 3 times" in files(met, "m:f")["crossover.csv"]


def test_its_files_are_two_tables_and_two_pictures() -> None:
    made = files(crossing(sizes(60.0), "modes"), "m:f")
    assert set(made) == {"sizes.csv", "crossover.csv", "crossover.png", "crossover.svg"}
    assert made["crossover.png"].startswith(b"\x89PNG")
    assert b"<svg" in made["crossover.svg"]
    assert len(made["sizes.csv"].splitlines()) == 5
    assert b"m:f,n,forward,crosses,6" in made["crossover.csv"]

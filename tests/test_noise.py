"""Whether a run can say anything: how widely noise spreads a crossover, and controls that fail."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.citing import collect
from analysis.tables.crossover import CROSSES, UNKNOWN, controls, crossovers, curves
from analysis.tables.findings import Findings
from analysis.tables.noise import WIDEST, resolution, spans, spread
from tests.tables import by_processes, curve, frame, pair, row, several

FLAT = [(8, -1.0), (64, -0.001), (200, 0.001), (512, 1.0)]
"""n and r of a curve that lies within its noise of 0 over a factor of three."""


def control(resolution: float, **other: Any) -> dict[str, Any]:
    return pair(0.0, mode="forward/forward", **({"low": -resolution, "high": resolution} | other))


def span(rows: list[dict[str, Any]]) -> float:
    (found,) = Findings(frame(rows)).spans
    return float(found)


def failing(rows: list[dict[str, Any]]) -> str:
    return Findings(frame(rows)).failing


def together(rows: list[dict[str, Any]]) -> tuple[float, float, float]:
    return Findings(frame(rows)).together


def test_a_quiet_run_spreads_it_by_its_own_interval() -> None:
    table = frame(curve(80))
    found = crossovers(table).iloc[0]
    assert span(curve(80)) == pytest.approx(found["high"] / found["low"])
    assert span([*curve(80), control(1e-6)]) == pytest.approx(found["high"] / found["low"])


def test_what_the_controls_cannot_resolve_spreads_it_along_the_curve() -> None:
    """r = log(n / 80) / 2 lies within 0.1 of 0 from 80 exp(-0.2) to 80 exp(0.2), but for the grid's kinks."""
    assert span([*curve(80), control(0.1)]) == pytest.approx(math.exp(0.4))
    assert span([*curve(80), control(0.05), control(0.1, n=8)]) == pytest.approx(math.exp(0.4))
    assert span([*curve(80), control(5.0)]) == math.inf


def test_several_crossings_are_known_as_well_as_the_least_known_of_them() -> None:
    row = crossovers(frame(several())).iloc[0]
    factors = [each.high / each.low for each in row["crossings"]]
    assert span(several()) == pytest.approx(max(factors))
    assert span([*several(), control(0.04)]) == pytest.approx(max(factors))
    # r is 0.05 at n = 6, between the first two: the control cannot tell that from nothing
    assert span([*several(), control(0.06)]) == math.inf


def test_several_crossings_that_the_controls_cannot_tell_have_no_number() -> None:
    (told,) = Findings(frame([*several(), control(0.06)])).told.to_dict("records")
    assert told["verdict"] == UNKNOWN
    assert not told["crossings"]
    (told,) = Findings(frame([*several(), control(0.01)])).told.to_dict("records")
    assert (told["verdict"], len(told["crossings"])) == ("crosses 3 times", 3)
    failing = by_processes(0.2, n=64, mode="forward/forward")
    (told,) = Findings(frame([*several(), failing])).told.to_dict("records")
    assert (told["verdict"], str(told["crossings"])) == (UNKNOWN, "")


def test_over_processes_the_controls_resolve_what_they_do_together() -> None:
    """One whose three processes scatter widely says little alone; it does not take the others' word away."""
    calm = [by_processes(off, count=8, n=n, mode="forward/forward") for n, off in ((8, 0.01), (16, -0.01), (32, 0.0))]
    wild = by_processes(0.01, count=3, spread=0.1, n=64, mode="forward/forward")
    found = controls(frame([*calm, wild]))
    assert found["resolution"].max() > 0.2
    margin = stats.t.ppf(0.975, 3) * stats.sem([0.01, -0.01, 0.0, 0.01])
    assert resolution(found) == pytest.approx(0.0025 + margin)
    assert resolution(controls(frame([wild, *calm[:1]]))) == found["resolution"].max()
    assert resolution(controls(frame([control(0.1), control(0.2, n=8), *calm]))) == pytest.approx(0.2)
    assert span([*several(), *calm, wild]) < WIDEST


def test_controls_of_other_runs_say_nothing_of_this_one() -> None:
    assert span([*curve(80), control(0.5, machine="there")]) < 1.2


def test_without_a_crossing_and_for_memory_there_is_no_span() -> None:
    peaks = [row("peak_bytes", 100.0 * n, n=n, mode="forward") for n in (8, 64)]
    peaks += [row("peak_bytes", 2000.0, n=n, mode="reverse") for n in (8, 64)]
    found = Findings(frame([*(pair(-1.0, n=n) for n in (8, 64)), *peaks]))
    assert len(found.crossovers) == 2
    assert found.spans.isna().all()
    assert spans(found.crossovers.iloc[:0], found.curves, found.controls).empty


def test_a_control_that_fails_is_named() -> None:
    assert failing([control(0.01)]) == ""
    assert failing(curve(80)) == ""
    rows = [control(0.01), pair(0.05, mode="forward/forward", n=8), pair(-0.07, mode="forward/forward", n=16)]
    assert failing(rows) == (
        "2 A/A controls of 3 found forward mode different from itself (ratio 0.9324 at n = 16, m = 64), so that no "
        "ratio can be trusted"
    )


def test_the_controls_together_are_their_mean_with_students_interval() -> None:
    values = [0.01, -0.02, 0.03, 0.0]
    rows = [pair(value, mode="forward/forward", n=n) for n, value in enumerate(values, start=8)]
    value, low, high = together(rows)
    expected = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    assert value == pytest.approx(np.mean(values))
    assert (low, high) == pytest.approx((expected.low, expected.high))
    assert np.isnan(together(rows[:2])).all()
    assert np.isnan(together(curve(80))).all()


@pytest.mark.slow
def test_the_controls_together_cover_1_where_processes_differ_and_single_ones_do_not() -> None:
    """Each process shifts its pairs by a bias of its own, larger than the spread of the pairs within it."""
    rng = np.random.default_rng(0)
    covered = single = 0
    for _ in range(200):
        biases = rng.normal(0, 0.01, 6)
        rows = [
            pair(b, mode="forward/forward", n=n, low=b - 0.002, high=b + 0.002) for n, b in enumerate(biases, start=8)
        ]
        _, low, high = together(rows)
        covered += low <= 0 <= high
        single += int(controls(frame(rows))["covers"].all())
    assert covered >= 0.9 * 200
    assert single == 0


def test_what_is_said_of_a_wide_one() -> None:
    assert "over a factor of 2.5," in spread(2.5)
    assert "over more than the sizes measured," in spread(math.inf)


@pytest.mark.parametrize(
    "rows", [[pair(r, n=n) for n, r in FLAT], [*curve(80), control(0.3)]], ids=["flat curve", "noisy control"]
)
def test_a_crossover_spread_too_widely_is_cited_as_not_identifiable(rows: list[dict[str, Any]]) -> None:
    table = frame(rows)
    assert crossovers(table)["verdict"].to_list() == [CROSSES]
    assert span(rows) > WIDEST
    found = {fact["key"]: fact for fact in collect(Findings(table))}
    for name in ("crossover", "aspect"):
        fact = found[f"modes.{name}-time.m64.width64.depth4.dense.uniform.float64"]
        assert (fact["value"], fact["text"], fact["verdict"]) == (None, UNKNOWN, UNKNOWN)
        assert "do not tell where forward mode stops being" in fact["sentence"]
        assert fact["interval"] != ""


def test_the_order_of_the_crossovers_is_kept() -> None:
    table = frame([*curve(80), *curve(12, m=8), control(0.1)])
    found = crossovers(table).sample(frac=1, random_state=1)
    spread_over = spans(found, curves(table), controls(table))
    pd.testing.assert_index_equal(spread_over.index, found.index)
    assert np.isfinite(spread_over).all()


# --- what may be printed ---


def test_what_noise_spreads_is_told_without_a_number_and_the_rest_as_it_is() -> None:
    rows = [pair(value, n=n) for n, value in FLAT] + curve(80, m=8)
    found = Findings(frame(rows))
    flat, sure = (found.told[found.told["m"] == m].iloc[0] for m in (64, 8))
    assert (flat["verdict"], sure["verdict"]) == (UNKNOWN, CROSSES)
    assert math.isnan(flat["n_star"])
    assert flat["low"] < flat["high"]
    pd.testing.assert_series_equal(sure, found.crossovers[found.crossovers["m"] == 8].iloc[0])


def test_where_a_control_fails_no_time_is_told_and_memory_is() -> None:
    rows = [*curve(80), *[pair(-1.0, n=n, m=8) for n in (8, 64)]]
    rows += [pair(0.05, mode="forward/forward", low=0.03, high=0.07)]
    rows += [row("peak_bytes", 100.0 * n, n=n, mode="forward") for n in (8, 64)]
    rows += [row("peak_bytes", 2000.0, n=n, mode="reverse") for n in (8, 64)]
    found = Findings(frame(rows))
    assert found.failing
    timed = found.told["metric"] == "log_ratio"
    assert set(found.told.loc[timed, "verdict"]) == {UNKNOWN}
    assert found.told.loc[timed, ["n_star", "low", "high", "tie_low", "tie_high"]].isna().all(axis=None)
    pd.testing.assert_frame_equal(found.told[~timed], found.crossovers[~timed])

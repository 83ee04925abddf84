"""Crossovers on tables whose truth is known: exact ones, noisy ones, ones without a crossover."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from analysis import intervals
from analysis.errors import AnalysisError, AnalysisWarning
from analysis.intervals import median_interval, over_processes, sign_test, zero, zero_interval
from analysis.reading.load import read_results
from analysis.reading.tidy import COLUMNS as TIDY_COLUMNS
from analysis.reading.tidy import tidy
from analysis.tables.allocation import Cell, wanted
from analysis.tables.crossover import (
    COLUMNS,
    CROSSES,
    FORWARD,
    REVERSE,
    UNKNOWN,
    brackets,
    controls,
    crosses_several_times,
    crossovers,
    predicted,
)
from benchmarks.catalogue.case import Case

RECORDED = Path(__file__).parent / "data" / "recorded"
CELL: dict[str, Any] = {
    "machine": "here",
    "env": "py",
    "commit": "c0ffee",
    "date": pd.Timestamp("2026-11-01", tz="UTC"),
    "engine": "modes",
    "mode": "forward/reverse",
    "layer": "dense",
    "profile": "uniform",
    "activation": "tanh",
    "m": 8,
    "width": 8,
    "depth": 4,
    "dtype": "float64",
    "chunk_size": None,
    "metric": "log_ratio",
    "unit": "ln",
    "samples": None,
    "status": "ok",
    "low": math.nan,
    "high": math.nan,
}
EXACT = [0.002 * k for k in range(-7, 8)]
"""Fifteen pairs around a median of 0: their interval is about +-0.006."""
LUCKY = [-0.02, -0.01, -0.01] + [0.01, 0.02, 0.03, 0.04] * 3
"""Twelve of fifteen pairs are positive: p = 0.035 by the sign test."""


def cell(n: int, samples: list[float] | None, **other: Any) -> dict[str, Any]:
    """One row of a tidy table; its value and interval are those of its samples."""
    row = {**CELL, "n": n, "samples": samples}
    if samples is not None:
        low, high = median_interval(samples)
        row |= {"value": float(np.median(samples)), "low": low, "high": high}
    return row | other


def fresh(n: int, samples: list[float], **other: Any) -> dict[str, Any]:
    """One row of a tidy table that rests on processes, each with one of the samples."""
    centre = over_processes(samples)
    low, high = centre.interval
    row = {**CELL, "n": n, "samples": samples, "processes": len(samples), "value": centre.value}
    return row | {"low": low, "high": high} | other


def table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    whole = dict.fromkeys(("n", "m", "width", "depth", "chunk_size", "processes"), "Int64")
    floats = dict.fromkeys(("value", "low", "high"), "float64")
    return pd.DataFrame(rows, columns=list(TIDY_COLUMNS), dtype=object).astype({**whole, **floats})


def exact(ratios: dict[int, float], **other: Any) -> pd.DataFrame:
    """A table with the given r at each n, and next to no noise."""
    return table([cell(n, [r + e for e in EXACT], **other) for n, r in ratios.items()])


def by_process(ratios: dict[int, float], spread: float = 0.01, count: int = 4, **other: Any) -> pd.DataFrame:
    """A table with the given r at each n, each of so many processes with that spread: 0.01 of 4 gives +-0.016."""
    steps = np.linspace(-1, 1, count)
    steps *= spread / steps.std(ddof=1)
    return table([fresh(n, list(r + steps), **other) for n, r in ratios.items()])


def only(found: pd.DataFrame) -> Any:
    assert len(found) == 1
    return found.iloc[0]


# --- the curve and its zero ---


def reference_zero(x: np.ndarray, r: np.ndarray) -> float:
    """By scipy's isotonic fit and a search for the sign change."""
    fit = isotonic_regression(r).x
    if fit[0] >= 0:
        return -math.inf
    if fit[-1] < 0:
        return math.inf
    k = int(np.argmax(fit >= 0))
    return float(x[k - 1] + (x[k] - x[k - 1]) * fit[k - 1] / (fit[k - 1] - fit[k]))


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=9))
def test_zero_is_that_of_the_isotonic_fit(values: list[int]) -> None:
    x, r = np.log(np.arange(2.0, 2 + len(values))), np.array(values, dtype=float)
    assert float(zero(x, r)) == pytest.approx(reference_zero(x, r), rel=1e-12)


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=9), st.data())
def test_zero_never_moves_right_when_a_value_grows(values: list[int], data: st.DataObject) -> None:
    r = np.array(values, dtype=float)
    more = r + np.array(data.draw(st.lists(st.integers(0, 9), min_size=r.size, max_size=r.size)))
    x = np.arange(float(r.size))
    assert zero(x, more) <= zero(x, r)


def test_zero_is_vectorised_over_leading_axes() -> None:
    r = np.random.default_rng(0).normal(size=(3, 5, 6))
    x = np.arange(6.0)
    each = [[float(zero(x, r[i, j])) for j in range(5)] for i in range(3)]
    np.testing.assert_array_equal(zero(x, r), each)


def test_without_samples_the_interval_of_the_zero_is_where_the_band_holds_0() -> None:
    low, high = np.array([-2.0, -1.0, 1.0]), np.array([-1.0, 1.0, 2.0])
    assert zero_interval(np.arange(3.0), low, high, None) == (0.5, 1.5)


def test_with_samples_it_holds_the_zeros_of_resampled_medians_too() -> None:
    x, r = np.arange(3.0), np.array([-2.0, -1.0, 1.0])
    first, last = zero_interval(x, r, r, [[v + e for e in EXACT] for v in r])
    assert 1.4 < first < 1.5 < last < 1.6
    band = np.array([-2.0, -1.5, 0.5]), np.array([-1.0, 0.5, 2.0])
    sure = [[v] * 9 for v in r]  # the band is wider than what their resamples give
    assert zero_interval(x, *band, sure) == zero_interval(x, *band, None)
    undecided = [[-2.0] * 9, [-1.0] * 9, [-1.0] * 4 + [1.0] * 5]
    assert zero_interval(x, r, r, undecided) == (1.5, math.inf)


def test_too_few_samples_have_no_interval_and_no_significance() -> None:
    assert np.isnan(median_interval([1.0] * 5)).all()
    assert median_interval([1.0] * 6) == (1.0, 1.0)
    assert sign_test([1.0] * 6) == pytest.approx(2 / 2**6)
    assert sign_test([1.0, -1.0, 0.0]) == 1
    assert sign_test([]) == 1


# --- verdicts ---


def test_a_crossing_is_linear_in_log_n_between_neighbours() -> None:
    row = only(crossovers(exact({4: -0.6, 8: -0.2, 32: 0.6, 64: 0.9})))
    assert row["verdict"] == CROSSES
    assert row["n_star"] == pytest.approx(8 * 4**0.25)
    assert 8 < row["low"] < row["n_star"] < row["high"] < 32
    assert math.isnan(row["tie_low"])
    assert math.isnan(row["tie_high"])


def test_columns_dtypes_and_order() -> None:
    found = crossovers(exact({4: -0.6, 8: -0.2, 32: 0.6}))
    assert tuple(found.columns) == COLUMNS
    for columns in (found, crossovers(exact({}))):
        assert all(columns[name].dtype == "Int64" for name in ("m", "width", "depth"))
        assert all(columns[name].dtype == "float64" for name in ("n_star", "low", "high", "tie_low", "tie_high"))
    shuffled = exact({4: -0.6, 8: -0.2, 32: 0.6}).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(crossovers(shuffled), found)


@pytest.mark.parametrize(("sign", "verdict", "low", "high"), [(-1, FORWARD, 32.0, math.inf), (1, REVERSE, 0.0, 4.0)])
def test_one_side_throughout_is_censored(sign: int, verdict: str, low: float, high: float) -> None:
    row = only(crossovers(exact({4: 0.1 * sign, 8: 0.6 * sign, 32: 0.2 * sign})))
    assert (row["verdict"], row["low"], row["high"]) == (verdict, low, high)
    assert math.isnan(row["n_star"])


def test_a_tie_over_the_whole_grid_is_not_identifiable() -> None:
    row = only(crossovers(exact({4: 0.001, 8: -0.002, 32: 0.001, 64: 0.0})))
    assert row["verdict"] == UNKNOWN
    assert (row["low"], row["high"]) == (0, math.inf)
    assert (row["tie_low"], row["tie_high"]) == (4, 64)


def test_a_curve_that_only_comes_near_zero_is_not_identifiable_and_bounded_on_one_side() -> None:
    row = only(crossovers(exact({4: -0.6, 8: -0.3, 32: -0.1, 64: 0.002})))
    assert row["verdict"] == UNKNOWN
    assert math.isnan(row["n_star"])
    assert 32 < row["low"] < 64
    assert row["high"] == math.inf


def test_one_side_throughout_takes_an_interval_off_zero_at_every_n() -> None:
    row = only(crossovers(exact({4: -0.6, 8: -0.3, 16: -0.001})))
    assert (row["verdict"], row["high"]) == (UNKNOWN, math.inf)


def test_the_more_n_are_tried_the_more_it_takes_to_be_significant() -> None:
    rows = [cell(4, [-0.6] * 15), cell(8, LUCKY)]
    assert only(crossovers(table([rows[0], cell(8, [0.2] * 15)])))["verdict"] == CROSSES
    assert only(crossovers(table(rows)))["verdict"] == UNKNOWN  # p = 0.035 is not below 0.05 / 2


def test_sign_changes_within_the_noise_are_one_crossing_with_a_tie_range() -> None:
    row = only(crossovers(exact({4: -0.6, 8: 0.002, 16: -0.003, 32: 0.001, 64: 0.5})))
    assert row["verdict"] == CROSSES
    assert 8 <= row["n_star"] <= 32
    assert row["low"] <= 8
    assert row["high"] >= 32
    assert (row["tie_low"], row["tie_high"]) == (8, 32)


def test_one_tied_point_is_no_tie_range() -> None:
    row = only(crossovers(exact({4: -0.6, 8: 0.002, 16: 0.6})))
    assert row["verdict"] == CROSSES
    assert math.isnan(row["tie_low"])


@pytest.mark.parametrize("ratios", [{4: -0.6, 8: 0.3, 16: -0.3, 32: 0.6}, {4: 0.5, 8: -0.5}])
def test_signs_that_contradict_each_other_are_not_identifiable(ratios: dict[int, float]) -> None:
    samples = {n: [r + e for e in EXACT] for n, r in ratios.items()}
    row = only(crossovers(table([cell(n, sample) for n, sample in samples.items()])))
    assert row["verdict"] == UNKNOWN
    assert np.isnan([row["n_star"], row["low"], row["high"]]).all()


def test_a_single_n_asks_for_no_crossover() -> None:
    assert crossovers(exact({8: -0.5})).empty
    assert len(crossovers(exact({8: -0.5, 16: 0.5}))) == 1


def test_cells_without_an_interval_are_named_and_left_out() -> None:
    rows = exact({4: -0.6, 16: 0.2})
    quick = table([cell(8, [0.5]), cell(9, [0.5] * 5)])
    with pytest.warns(AnalysisWarning, match=r"m 8, .*n = 8, 9 left out, fewer than 6 pairs.*python -m analysis run"):
        row = only(crossovers(pd.concat([rows, quick])))
    assert row["n_star"] == pytest.approx(4 * 4**0.75)


def test_without_samples_the_given_intervals_count() -> None:
    rows = [cell(n, None, value=r, low=r - 0.1, high=r + 0.1) for n, r in {4: -0.5, 16: 0.5}.items()]
    row = only(crossovers(table(rows)))
    assert row["verdict"] == CROSSES
    assert row["n_star"] == pytest.approx(8)
    assert (row["low"], row["high"]) == (pytest.approx(4 * 4**0.4), pytest.approx(4 * 4**0.6))


def test_failed_rows_other_modes_and_chunked_rows_do_not_count() -> None:
    rows = exact({4: -0.6, 8: -0.2, 32: 0.6})
    others = [cell(16, None, status="failed", value=math.nan), cell(16, EXACT, mode="forward/forward")]
    others += [cell(16, EXACT, chunk_size=1), cell(16, EXACT, metric="max_error")]
    pd.testing.assert_frame_equal(crossovers(pd.concat([rows, table(others)])), crossovers(rows))


@pytest.mark.parametrize("other", [{"m": 9}, {"machine": "there"}, {"commit": "c0ffee+dirty"}, {"dtype": "float32"}])
def test_groups_are_kept_apart(other: dict[str, Any]) -> None:
    found = crossovers(pd.concat([exact({4: -0.6, 8: 0.2}), exact({4: 0.2, 8: 0.6}, **other)]))
    assert set(found["verdict"]) == {CROSSES, REVERSE}


def test_a_group_with_two_activations_is_named_and_left_out() -> None:
    rows = pd.concat([exact({4: -0.6, 8: 0.2}), exact({4: -0.6, 16: 0.2}, activation="relu")])
    with pytest.warns(AnalysisWarning, match=r"m 8, .* left out, measured with activations relu, tanh"):
        assert crossovers(rows).empty


def test_an_n_that_occurs_twice_is_refused() -> None:
    with pytest.raises(AnalysisError, match=r"m 8, .*an n occurs twice"):
        crossovers(pd.concat([exact({4: -0.6, 8: 0.2})] * 2))


def peaks(ratios: dict[int, float]) -> pd.DataFrame:
    """Peak bytes of both modes with the given quotients at each n."""
    modes = [(n, "forward", 512.0 * q) for n, q in ratios.items()] + [(n, "reverse", 512.0) for n in ratios]
    return table([cell(n, None, mode=mode, metric="peak_bytes", value=peak, unit="B") for n, mode, peak in modes])


@pytest.mark.parametrize(
    ("ratios", "verdict", "n_star"),
    [
        ({4: 0.5, 16: 2.0}, CROSSES, 8.0),
        ({4: 0.5, 8: 1.0, 16: 2.0}, CROSSES, 8.0),
        ({4: 0.5, 16: 0.9}, FORWARD, math.nan),
        ({4: 1.5, 16: 2.0}, REVERSE, math.nan),
        ({4: 1.0, 16: 1.0}, UNKNOWN, math.nan),
    ],
)
def test_the_crossover_of_peak_memory_is_counted(ratios: dict[int, float], verdict: str, n_star: float) -> None:
    row = only(crossovers(peaks(ratios)))
    assert (row["metric"], row["verdict"]) == ("log_ratio_bytes", verdict)
    assert row["n_star"] == pytest.approx(n_star, nan_ok=True)
    assert not row["low"] <= n_star <= row["high"]  # counted: no interval around n_star


def test_a_peak_of_nothing_has_no_ratio() -> None:
    row = only(crossovers(peaks({2: 0.0, 4: 0.5, 16: 2.0})))
    assert row["n_star"] == pytest.approx(8)


def test_a_mode_without_its_twin_gives_no_memory_crossover() -> None:
    assert crossovers(peaks({4: 0.5, 16: 2.0}).query("mode == 'forward'")).empty


# --- over processes ---


def test_a_crossing_over_processes_is_where_the_band_of_their_intervals_holds_0() -> None:
    ratios = {4: -0.6, 8: -0.2, 32: 0.6, 64: 0.9}
    row = only(crossovers(by_process(ratios)))
    half = 3.1824 * 0.01 / 2  # the 97.5 % point of t with three degrees of freedom
    assert row["verdict"] == CROSSES
    assert row["n_star"] == pytest.approx(8 * 4**0.25)
    assert row["low"] == pytest.approx(8 * 4 ** ((0.2 - half) / 0.8), rel=1e-4)
    assert row["high"] == pytest.approx(8 * 4 ** ((0.2 + half) / 0.8), rel=1e-4)
    assert not row["crossings"]


def test_three_processes_are_enough_and_two_are_named() -> None:
    assert only(crossovers(by_process({4: -0.6, 16: 0.6}, count=3)))["verdict"] == CROSSES
    rows = pd.concat([by_process({4: -0.6, 16: 0.6}), by_process({8: 0.5}, count=2)])
    with pytest.warns(AnalysisWarning, match=r"m 8, .*n = 8 left out, fewer than 3 processes, too few .*analysis run"):
        assert only(crossovers(rows))["n_star"] == pytest.approx(8)


def test_the_more_n_are_tried_the_surer_the_processes_have_to_be() -> None:
    """Three processes of which one sign has p = 0.02: enough alone, too little as one of several n."""
    doubtful = by_process({32: 0.12}, spread=0.03, count=3)
    assert 0.01 < over_processes(doubtful["samples"].iloc[0]).chance < 0.025
    assert only(crossovers(pd.concat([by_process({4: -0.6}), doubtful])))["verdict"] == CROSSES
    many = by_process({4: -0.6, 6: -0.5, 8: -0.4, 11: -0.3, 16: -0.2})
    assert only(crossovers(pd.concat([many, doubtful])))["verdict"] == UNKNOWN


def test_a_curve_of_processes_and_of_pairs_is_judged_by_its_intervals() -> None:
    rows = pd.concat([by_process({4: -0.6, 8: -0.2}), exact({32: 0.6})])
    assert only(crossovers(rows))["n_star"] == pytest.approx(8 * 4**0.25)


HASWELL = {2: -0.5, 4: -0.2, 6: 0.05, 8: -0.15, 12: 0.12, 32: 0.6}
"""Width 256, m = 8, on OpenBLAS's Haswell kernels: 1.05 at n = 6, 0.86 at 8, 1.12 at 12."""


def test_a_curve_that_surely_crosses_three_times_says_so() -> None:
    row = only(crossovers(by_process(HASWELL, spread=0.008, count=8)))
    assert row["verdict"] == "crosses 3 times"
    assert crosses_several_times(row["verdict"])
    assert not crosses_several_times(CROSSES)
    assert math.isnan(row["n_star"])
    first, second, third = row["crossings"]
    assert [each.rises for each in row["crossings"]] == [True, False, True]
    assert first.n == pytest.approx(4 * 1.5**0.8)
    assert second.n == pytest.approx(6 * (8 / 6) ** 0.25)
    assert third.n == pytest.approx(8 * 1.5 ** (0.15 / 0.27))
    for each, (below, above) in zip(row["crossings"], ((4, 6), (6, 8), (8, 12)), strict=True):
        assert below < each.low < each.n < each.high < above
    assert (row["low"], row["high"]) == (first.low, third.high)
    assert re.fullmatch(
        r"forward < 5\.5 \[5\.\d, 5\.\d\] < reverse < 6\.4 \[6\.\d, 6\.\d\] < forward < 10 \[.*\] < reverse",
        str(row["crossings"]),
    )


def test_two_crossings_leave_the_same_mode_on_both_sides() -> None:
    row = only(crossovers(by_process({4: 0.6, 8: -0.3, 16: -0.3, 32: 0.5})))
    assert row["verdict"] == "crosses 2 times"
    assert str(row["crossings"]).startswith("reverse < ")
    assert str(row["crossings"]).endswith(" < reverse")


@pytest.mark.parametrize(
    ("six", "eight", "spread"),
    [
        (0.015, -0.015, 0.002),  # sure, but less than what layout does
        (0.05, -0.15, 0.0125),  # significant at 5 % over the six n, not at 1 %
    ],
)
def test_signs_that_change_but_not_surely_are_one_crossing_that_reaches_over_all_of_them(
    six: float, eight: float, spread: float
) -> None:
    sure = by_process(HASWELL | {8: eight}, spread=0.002, count=8)
    row = only(crossovers(pd.concat([sure[sure["n"] != 6], by_process({6: six}, spread=spread)])))
    assert row["verdict"] == CROSSES
    assert row["low"] <= 6
    assert row["high"] >= 8


def test_a_change_from_positive_to_negative_alone_is_not_identifiable() -> None:
    row = only(crossovers(by_process({4: 0.5, 8: -0.5})))
    assert row["verdict"] == UNKNOWN
    assert np.isnan([row["n_star"], row["low"], row["high"]]).all()


def test_counted_peaks_that_cross_three_times_have_places_without_intervals() -> None:
    row = only(crossovers(peaks({4: 0.5, 8: 2.0, 16: 0.5, 32: 2.0})))
    assert row["verdict"] == "crosses 3 times"
    assert [each.n for each in row["crossings"]] == pytest.approx([4 * 2**0.5, 8 * 2**0.5, 16 * 2**0.5])
    assert str(row["crossings"]) == "forward < 5.7 < reverse < 11 < forward < 23 < reverse"


def test_controls_over_processes() -> None:
    rows = [by_process({8: 0.0}, count=8, mode="forward/forward"), by_process({16: 0.05}, mode="forward/forward")]
    found = controls(pd.concat(rows))
    assert found["processes"].to_list() == [8, 4]
    assert found["pairs"].isna().all()
    assert found["covers"].to_list() == [True, False]
    assert found["fails"].to_list() == [False, True]
    pairs = controls(table([cell(8, EXACT, mode="forward/forward")]))
    assert pairs["processes"].isna().all()
    assert pairs["pairs"].to_list() == [15]


def test_every_one_of_several_crossings_is_refined() -> None:
    coarse = {2: -0.8, 16: 0.5, 32: -0.5, 128: 0.6}
    found = brackets(by_process(coarse))
    assert set(zip(found["below"], found["above"], strict=True)) == {(2, 16), (16, 32), (32, 128)}
    assert found["n"].to_list() == [6, 64, 23]  # the widest step first


def test_no_refinement_where_the_processes_do_not_tell_the_neighbours_from_0() -> None:
    assert len(brackets(by_process({8: -0.1, 32: 0.1}, spread=0.01))) == 1
    assert brackets(by_process({4: -0.9, 8: -0.1, 32: 0.1, 64: 0.9}, spread=0.1)).empty


# --- where to measure next ---


def test_the_next_n_is_in_the_geometric_middle_of_the_sign_change() -> None:
    row = only(brackets(exact({4: -0.6, 8: -0.2, 32: 0.6})))
    assert (row["below"], row["above"], row["n"]) == (8, 32, 16)
    case = Case.parse(row["case"])
    assert case.n == 16
    assert (case.mode, case.chunk_size, case.m) == ("forward/reverse", None, 8)


@pytest.mark.parametrize(
    "ratios",
    [
        {8: -0.6, 16: -0.2},  # no sign change
        {4: -0.6, 8: 0.002, 16: 0.6},  # the pairs cannot tell the modes apart at 8
        {46: -0.6, 47: 0.6},  # nothing between
        {40: -0.04, 42: -0.01, 44: 0.01},  # a step that is small against the interval
        {4: 0.6, 8: -0.6, 16: 0.6},  # contradiction
    ],
)
def test_no_next_n_where_nothing_is_gained(ratios: dict[int, float]) -> None:
    assert brackets(exact(ratios)).empty


def test_a_finer_step_is_asked_for() -> None:
    rows = exact({40: -0.04, 42: -0.01, 44: 0.01})
    assert only(brackets(rows, steps=0.1))["n"] == 43


def test_the_widest_step_comes_first() -> None:
    rows = pd.concat([exact({8: -0.6, 16: 0.6}), exact({4: -0.6, 64: 0.6}, m=9), exact({8: -0.6, 17: 0.6}, m=10)])
    assert brackets(rows)["m"].to_list() == [9, 10, 8]


def test_bisection_ends_at_the_root() -> None:
    def ratio(n: int) -> float:
        return math.log(n / 47.3) + 0.2 * math.log(n / 47.3) ** 2

    grid = [8, 32, 128]
    for _ in range(10):
        rows = exact({n: ratio(n) for n in sorted(grid)})
        asked = brackets(rows)["n"].to_list()
        if not asked:
            break
        grid += asked
    row = only(crossovers(rows))
    assert row["n_star"] == pytest.approx(47.3, rel=0.01)
    assert row["low"] < 47.3 < row["high"]
    assert len(grid) <= 9


# --- the controls ---


def test_controls() -> None:
    fair, biased = EXACT, [0.05 + e for e in EXACT]
    rows = [cell(n, s, mode="forward/forward") for n, s in ((8, fair), (16, biased))]
    found = controls(table([*rows, cell(8, biased)]))
    assert found["n"].to_list() == [8, 16]
    assert found["covers"].to_list() == [True, False]
    assert found["fails"].to_list() == [False, True]
    assert found["pairs"].to_list() == [15, 15]
    assert found["spread"].to_list() == pytest.approx([0.014, 0.014])
    assert found["resolution"].to_list() == pytest.approx([max(-found["low"][0], found["high"][0]), found["high"][1]])
    assert controls(table([])).empty


def test_one_control_of_many_that_misses_by_chance_is_no_alarm() -> None:
    rows = [cell(8, [2 * x for x in LUCKY], mode="forward/forward")]
    assert controls(table(rows))["fails"].to_list() == [True]
    others = [cell(n, EXACT, mode="forward/forward") for n in (1, 2, 3)]
    assert not controls(table(rows + others))["fails"].any()


@pytest.mark.parametrize(("off", "fails"), [(0.019, False), (-0.019, False), (0.021, True), (-0.021, True)])
def test_a_control_that_is_surely_off_by_little_is_no_alarm_but_limits_what_can_be_told(
    off: float, fails: bool
) -> None:
    found = only(controls(table([cell(8, [off + e / 10 for e in EXACT], mode="forward/forward")])))
    assert not found["covers"]
    assert found["fails"] == fails
    assert found["resolution"] > 0.018


# --- the prediction ---


def test_the_prediction_is_that_of_the_counts() -> None:
    found = crossovers(
        pd.concat(
            [
                exact({4: -0.6, 8: 0.2}),
                exact({4: -0.6, 8: 0.2}, depth=2),
                exact({4: -0.6, 8: 0.2}, depth=5, width=64, profile="funnel"),
                exact({4: -0.6, 8: 0.2}, layer="residual"),
                peaks({4: 0.5, 16: 2.0}),
            ]
        )
    )
    column = predicted(found).set_index(["layer", "depth", "profile", "metric"])["predicted"]
    assert column["dense", 4, "uniform", "log_ratio"] == 8
    assert math.isnan(column["dense", 2, "uniform", "log_ratio"])
    # Inner widths 64, 40, 25, 16: T = 3960, n* = 8 / (1 - 8 (64 - 16) / 3960).
    assert column["dense", 5, "funnel", "log_ratio"] == pytest.approx(8 / (1 - 8 * 48 / 3960))
    assert math.isnan(column["residual", 4, "uniform", "log_ratio"])
    assert math.isnan(column["dense", 4, "uniform", "log_ratio_bytes"])
    assert "predicted" in predicted(found.iloc[:0])


# --- coverage: what the interval promises, on many tables whose truth is known ---

TABLES = 400
PAIRS = 15
RESAMPLES = 299
"""A third of what the analysis takes, so that 3300 tables are done in 20 seconds."""
GRID = (4, 11, 28, 74, 195, 512)
NOISES = ("skewed", "drifting", "outliers", "all at once")


def measure(rng: np.random.Generator, ratio: float, noise: str) -> list[float]:
    """Log ratios as `benchmarks.apparatus.pairs` gives them, of stretches A B B A timed on a noisy machine.

    Skewed: each stretch is longer by a gamma variable of 6 % spread. Drifting: the machine's speed walks at random by
    2 % a stretch, and falls or rises by up to a third over the pairs; a hum of 3 % of each stretch comes on top.
    Outliers: 6 % of the stretches are interrupted, for 80 % of their length in the mean.
    """
    shape = (PAIRS, 4)
    log_time = np.tile([ratio, 0.0, 0.0, ratio], (PAIRS, 1)) + rng.normal(0, 0.03, shape)
    if noise in ("skewed", "all at once"):
        log_time += rng.gamma(1.5, 0.05, shape)
    if noise in ("drifting", "all at once"):
        walk = np.cumsum(rng.normal(0, 0.02, PAIRS * 4)) + rng.uniform(-0.3, 0.3) * np.linspace(0, 1, PAIRS * 4)
        log_time += walk.reshape(shape)
    if noise in ("outliers", "all at once"):
        log_time += np.log1p(rng.exponential(0.8, shape) * (rng.random(shape) < 0.06))
    a1, b1, b2, a2 = np.exp(log_time).T
    return [float(x) for x in np.log((a1 + a2) / (b1 + b2))]


@pytest.fixture
def fewer_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intervals, "RESAMPLES", RESAMPLES)


def synthetic(
    ratio: Callable[[int, float], float], count: int, noise: str, seed: int, refine: bool = False
) -> pd.DataFrame:
    """The crossover table of `count` groups, told apart by m, with r = ratio(m, log n) at the n of a coarse grid.

    With `refine`, further n are measured where `brackets` asks for them.
    """
    rng = np.random.default_rng(seed)
    asked = [(m, n) for m in range(1, count + 1) for n in GRID]
    rows = table([])
    for _ in range(8 if refine else 1):
        new = [cell(n, measure(rng, ratio(m, math.log(n)), noise), m=m) for m, n in asked]
        rows = pd.concat([rows, table(new)]) if len(rows) else table(new)
        if refine:
            found = brackets(rows)
            asked = list(zip(found["m"], found["n"], strict=True))
            if not asked:
                break
    return crossovers(rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("noise", "curvature", "count"),
    [*((noise, 0.0, TABLES) for noise in NOISES), ("all at once", 0.15, 120)],
)
@pytest.mark.usefixtures("fewer_resamples")
def test_the_interval_covers_the_truth(noise: str, curvature: float, count: int) -> None:
    """On straight curves from the coarse grid alone, and on bent ones refined as a run refines them."""
    rng = np.random.default_rng(7)
    truth, slope = rng.uniform(math.log(8), math.log(256), count + 1), rng.uniform(0.4, 1, count + 1)
    bend = rng.choice([-curvature, curvature], count + 1)

    def ratio(m: int, x: float) -> float:
        return slope[m] * (x - truth[m]) + bend[m] * math.tanh(x - truth[m]) ** 2

    found = synthetic(ratio, count, noise, seed=11, refine=curvature != 0)
    assert found["verdict"].isin([CROSSES, UNKNOWN]).all()
    assert (found["verdict"] == CROSSES).mean() > 0.95
    n_star = np.exp(truth[found["m"].to_numpy(dtype=int)])
    covered = (found["low"] <= n_star) & (n_star <= found["high"])
    assert covered.mean() >= 0.93
    # Informative as well: half of the intervals span less than a quarter.
    assert (found["high"] / found["low"]).median() < 1.25


@pytest.mark.slow
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.usefixtures("fewer_resamples")
def test_a_table_without_a_crossover_is_not_called_one(noise: str) -> None:
    """r is 0 throughout, or comes from -0.5 or +0.5 at one end to 0 at the other, which it never leaves."""
    far = np.resize([0.0, -0.5, 0.5], TABLES + 1)

    def ratio(m: int, x: float) -> float:
        fraction = (math.log(GRID[-1]) - x) / math.log(GRID[-1] / GRID[0])
        return float(far[m]) * (fraction if far[m] < 0 else 1 - fraction)

    found = synthetic(ratio, TABLES, noise, seed=13)
    assert (found["verdict"] == CROSSES).mean() <= 0.05


RATIO = "crossover.Map.track_log_ratio"
MACHINES = ("normal", "heavy", "disturbed")


def processes(rng: np.random.Generator, ratio: float, spread: float, kind: str, count: int) -> list[float]:
    """What so many processes say of a cell: noise of pairs in a median of 7, and that between processes."""
    found = ratio + np.median(0.02 * rng.standard_t(3, size=(count, 7)), axis=1)
    if kind == "heavy":
        return list(found + spread * rng.standard_t(3, count) / math.sqrt(3))
    found += spread * rng.normal(size=count)
    if kind == "disturbed":
        off = rng.choice([-1, 1], count) * rng.uniform(0.05, 0.3, count)
        found += off * (rng.random(count) < 0.05)
    return list(found)


def run(ratio: Callable[[int, float], float], count: int, seed: int, most: int = 12) -> pd.DataFrame:
    """The crossover table of a run that takes as many processes as are wanted, and refines as it is asked to.

    It has `count` curves of each of MACHINES' noises, told apart by m.
    """
    rng = np.random.default_rng(seed)
    settings = range(1, len(MACHINES) * count + 1)
    cells: dict[Cell, list[float]] = {(RATIO, (str(m), str(n))): [] for m in settings for n in GRID}
    spreads = 0.012 * np.exp(0.4 * rng.normal(size=(settings.stop, GRID[-1] + 1)))
    for _ in range(4):
        while short := {c: k - len(cells[c]) for c, k in wanted(cells, 3, most).items() if k > len(cells[c])}:
            for cell, more in short.items():
                m, n = map(int, cell[1])
                kind = MACHINES[m % len(MACHINES)]
                cells[cell] += processes(rng, ratio(m, math.log(n)), spreads[m, n], kind, more)
        rows = table([fresh(int(n), samples, m=int(m)) for (_, (m, n)), samples in cells.items()])
        asked = brackets(rows)
        cells |= {(RATIO, (str(m), str(n))): [] for m, n in zip(asked["m"], asked["n"], strict=True)}
        if not len(asked):
            break
    return crossovers(rows)


@pytest.mark.slow
def test_the_interval_over_processes_covers_the_truth() -> None:
    """Of two runs that choose where to measure, and how often, over bent curves; the share's standard error is 1 %."""
    count = 60
    rng = np.random.default_rng(17)
    shape = len(MACHINES) * count + 1
    truth, slope, bend = rng.uniform(2.1, 5.5, shape), rng.uniform(0.3, 1, shape), rng.uniform(-0.15, 0.15, shape)

    def ratio(m: int, x: float) -> float:
        return slope[m] * (x - truth[m]) + bend[m] * math.tanh(x - truth[m]) ** 2

    one, other = (run(ratio, count, seed) for seed in (19, 23))
    for found in (one, other):
        assert (found["verdict"] == CROSSES).mean() > 0.97
        n_star = np.exp(truth[found["m"].to_numpy(dtype=int)])
        assert ((found["low"] <= n_star) & (n_star <= found["high"])).mean() >= 0.94
        assert (found["high"] / found["low"]).median() < 1.12
    assert ((one["low"] <= other["high"]) & (other["low"] <= one["high"])).mean() > 0.97


@pytest.mark.slow
def test_processes_do_not_find_crossovers_where_there_are_none() -> None:
    """r is 0 throughout, or comes from one side to 0 without leaving it."""
    far = np.resize([0.0, 0.0, 0.0, -0.5, -0.5, -0.5, 0.5, 0.5, 0.5], 301)

    def ratio(m: int, x: float) -> float:
        fraction = (math.log(GRID[-1]) - x) / math.log(GRID[-1] / GRID[0])
        return float(far[m]) * (fraction if far[m] < 0 else 1 - fraction)

    found = run(ratio, 100, seed=29, most=8)
    assert (found["verdict"] == CROSSES).mean() <= 0.05
    assert not found["verdict"].map(crosses_several_times).any()


# --- the recorded result ---


def test_the_recorded_result() -> None:
    rows = tidy(read_results(RECORDED))
    found = crossovers(rows).set_index("metric")
    time, memory = found.loc["log_ratio"], found.loc["log_ratio_bytes"]
    assert time["verdict"] == CROSSES
    assert 4 < time["low"] < time["n_star"] < time["high"] < 11
    assert memory["verdict"] == CROSSES
    assert 4 < memory["n_star"] < 8
    assert controls(rows)["covers"].to_list() == [True]
    assert brackets(rows).empty

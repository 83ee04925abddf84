"""The tidy table, on small inline raw tables and on the recorded result."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.errors import AnalysisError, AnalysisWarning
from analysis.reading.load import COLUMNS as RAW_COLUMNS
from analysis.reading.load import read_results
from analysis.reading.tidy import COLUMNS, case_of, tidy
from benchmarks.catalogue.case import PARAMETERS, Case
from benchmarks.catalogue.metrics import metric

RECORDED = Path(__file__).parent / "data" / "recorded"
PAIRS = [0.1, 0.3, 0.2, 0.15, 0.25, 0.22, 0.18]
CASE = "engine=modes layer=dense profile=uniform activation=tanh n=8 m=4 width=16 depth=3 dtype=float64 "
CASE += "chunk_size=None mode=forward/reverse"
PLACE = {"machine": "here", "env": "py", "commit": "c0ffee", "date": pd.Timestamp("2026-11-01", tz="UTC")}
CELL = PLACE | Case.parse(CASE)._asdict() | {"benchmark": "crossover.Map.track_log_ratio", "unit": "ln", "case": None}
CELL |= {"value": 0.2, "samples": PAIRS, "stats": None, "status": "ok"}
REFINED = dict.fromkeys(PARAMETERS) | {
    "benchmark": "crossover.Refine.track_log_ratio",
    "case": CASE,
    "unit": None,
}


def table(*changes: dict[str, Any]) -> pd.DataFrame:
    """The tidy table of raw rows like CELL but for the changes."""
    return tidy(pd.DataFrame([{**CELL, **change} for change in changes], columns=list(RAW_COLUMNS), dtype=object))


def test_columns_and_dtypes() -> None:
    tidied = table({}, {"chunk_size": 2})
    assert tuple(tidied.columns) == COLUMNS
    assert all(tidied[name].dtype == "Int64" for name in ("n", "m", "width", "depth", "chunk_size"))
    assert all(tidied[name].dtype == "float64" for name in ("value", "low", "high"))
    assert tidied["chunk_size"].isna().to_list() == [True, False]
    assert tidied["date"].dt.tz is not None
    assert tidied.iloc[0]["samples"] == PAIRS


def test_an_empty_table_has_the_columns_too() -> None:
    assert tuple(table().columns) == COLUMNS


@pytest.mark.parametrize(
    ("benchmark", "expected"),
    [
        ("aspect.Aspect.time_jacobian", "seconds"),
        ("aspect.Aspect.time_setup", "setup_seconds"),
        ("memory.Memory.track_peak_bytes", "peak_bytes"),
        ("crossover.Map.track_log_ratio", "log_ratio"),
        ("a.B.peakmem_run", "peakmem_run"),
    ],
)
def test_the_metric_is_the_methods_name(benchmark: str, expected: str) -> None:
    assert metric(benchmark) == expected


def test_units() -> None:
    tidied = table({"benchmark": "a.B.time_jacobian", "unit": "seconds"}, {"n": 9}, {**REFINED}, {"unit": None, "m": 5})
    assert tidied["unit"].to_list() == ["s", "ln", "ln", "ln"]


def test_the_interval_is_a_bootstrap_of_the_median_and_always_the_same() -> None:
    rng = np.random.default_rng(1)
    samples = list(rng.normal(0.5, 0.1, 41))
    row = table({"samples": samples, "value": float(np.median(samples))}).iloc[0]
    assert row["value"] == np.median(samples)
    assert row["low"] < row["value"] < row["high"]
    assert {row["low"], row["high"]} <= set(samples)  # an odd number of samples: medians are samples
    # A median's standard error is 1.25 sigma / sqrt(41) = 0.02, so that the interval is some 0.08 wide.
    assert 0.04 < row["high"] - row["low"] < 0.16
    again = table({"n": 7}, {"samples": samples}).iloc[1]
    assert (again["low"], again["high"]) == (row["low"], row["high"])


FRESH = {"version": "2", "samples": [0.1, 0.3, 0.2]}
"""Three processes' medians: mean 0.2, standard error 0.1 / sqrt(3)."""


def test_a_ratio_of_several_processes_is_their_mean_by_students_t() -> None:
    tidied = table(FRESH, {"n": 9, "version": "1", "samples": FRESH["samples"]}, {"n": 10})
    row = tidied.iloc[0]
    assert tidied["processes"].dtype == "Int64"
    assert tidied["processes"].isna().to_list() == [False, True, True]
    assert row["processes"] == 3
    assert row["samples"] == FRESH["samples"]
    assert row["value"] == pytest.approx(0.2)
    # The 97.5 % point of t with two degrees of freedom, from the tables: 4.303.
    assert [row["low"], row["high"]] == pytest.approx(
        [0.2 - 4.303 * 0.1 / 3**0.5, 0.2 + 4.303 * 0.1 / 3**0.5], rel=1e-3
    )


def test_two_processes_have_no_interval_not_even_asvs() -> None:
    row = table({"version": "2", "samples": [0.1, 0.3], "stats": {"ci_99_a": 0.0, "ci_99_b": 0.5}}).iloc[0]
    assert (row["value"], row["processes"]) == (pytest.approx(0.2), 2)
    assert np.isnan([row["low"], row["high"]]).all()


def test_of_a_cell_measured_both_ways_the_processes_count() -> None:
    row = table({}, FRESH, {**REFINED, "version": "2", "samples": [0.4, 0.5]}).iloc[0]
    assert sorted(row["samples"]) == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert row["processes"] == 5
    assert table(FRESH, {}).iloc[0]["value"] == table(FRESH).iloc[0]["value"]


def test_only_paired_metrics_have_processes() -> None:
    row = table({**FRESH, "benchmark": "a.B.time_jacobian", "samples": PAIRS}).iloc[0]
    assert row["processes"] is pd.NA
    assert row["value"] == np.median(PAIRS)


def test_without_samples_asvs_interval_counts_and_an_infinite_one_is_missing() -> None:
    stats = {"ci_99_a": 0.1, "ci_99_b": 0.4}
    quick = {"ci_99_a": -math.inf, "ci_99_b": math.inf}
    tidied = table(
        {"n": 1, "samples": None, "stats": stats},
        {"n": 2, "samples": None, "stats": None},
        {"n": 3, "samples": [0.2], "stats": quick},
        {"n": 4, "samples": [0.2, 0.3, 0.1], "value": 0.2, "stats": stats},
    )
    assert tidied["value"].to_list() == [0.2] * 4
    assert tidied["low"].fillna(-1).to_list() == [0.1, -1, -1, 0.1]
    assert tidied["high"].fillna(-1).to_list() == [0.4, -1, -1, 0.4]
    assert tidied["samples"].iloc[0] is None


def test_a_row_has_a_case_whatever_stands_for_what_is_missing() -> None:
    text = "engine=modes layer=dense profile=uniform activation=tanh n=47 m=64 width=64 depth=4 dtype=float64 "
    row = Case.parse(text + "chunk_size=None mode=forward/reverse")._asdict()
    assert list(row) == list(PARAMETERS)
    assert case_of({**row, "chunk_size": 8, "value": 1.0}).chunk_size == 8
    for missing in (None, pd.NA, np.nan):
        assert case_of({**row, "chunk_size": missing}).text == text + "chunk_size=None mode=forward/reverse"


@pytest.mark.parametrize("case", ["", "n=4", CASE.replace("n=8", "n=eight"), "x=1 " + CASE])
def test_a_case_that_cannot_be_parsed_is_named(case: str) -> None:
    with pytest.raises(AnalysisError, match=r"refinement case: expected a case as 'engine=") as caught:
        table({**REFINED, "case": case})
    assert repr(case) in str(caught.value)


def test_a_cell_that_two_benchmarks_measured_is_one_row_of_all_samples() -> None:
    tidied = table({}, {**REFINED, "samples": [0.5] * 8, "value": 0.5})
    assert len(tidied) == 1
    row = tidied.iloc[0]
    assert sorted(row["samples"]) == sorted(PAIRS + [0.5] * 8)
    assert row["value"] == 0.5
    assert row["n"] == 8
    assert row["unit"] == "ln"


def test_of_two_measurements_the_one_with_samples_and_the_one_that_succeeded_count() -> None:
    failed = {"status": "failed", "value": math.nan, "samples": None}
    assert table({"samples": None, "value": 9.0}, {}).iloc[0]["value"] == 0.2
    assert table(failed, {}).iloc[0]["status"] == "ok"
    assert table(failed, {"status": "skipped", "value": math.nan, "samples": None})["status"].to_list() == ["failed"]


@pytest.mark.parametrize("other", [{"mode": "forward"}, {"commit": "c0ffee+dirty"}, {"n": 9}, {"chunk_size": 1}])
def test_what_differs_in_anything_stays_apart(other: dict[str, Any]) -> None:
    assert len(table({}, other)) == 2


def test_another_metric_of_the_same_cell_stays_apart() -> None:
    assert len(table({}, {"benchmark": "memory.Memory.track_peak_bytes"})) == 2


@pytest.mark.parametrize(
    "bad",
    [
        {"samples": [*PAIRS, math.nan]},
        {"samples": [*PAIRS, math.inf]},
        {"samples": [*PAIRS, "fast"]},
        {"samples": None, "value": -math.inf},
    ],
)
def test_numbers_that_are_not_finite_are_named_and_failed(bad: dict[str, Any]) -> None:
    with pytest.warns(AnalysisWarning, match=r"here, commit c0ffee, crossover.Map.* n=8 .*NaN or infinity") as caught:
        row = table(bad).iloc[0]
    assert str(caught[0].message).endswith("measure it anew: python -m analysis run")
    assert row["status"] == "failed"
    assert row["samples"] is None
    assert np.isnan([row["value"], row["low"], row["high"]]).all()


def test_the_recorded_result() -> None:
    tidied = tidy(read_results(RECORDED, skipped=True))
    assert tidied.groupby("metric")["status"].value_counts().to_dict() == {
        ("log_ratio", "ok"): 5,
        ("peak_bytes", "ok"): 6,
        ("seconds", "ok"): 8,
        ("seconds", "failed"): 2,
        ("seconds", "skipped"): 2,
    }
    pooled = tidied[(tidied["metric"] == "log_ratio") & (tidied["mode"] == "forward/reverse") & (tidied["n"] == 8)]
    assert [len(samples) for samples in pooled["samples"]] == [30]  # Map's 15 pairs and Refine's 15
    ok = tidied[tidied["status"] == "ok"]
    sampled = ok[ok["metric"] != "peak_bytes"]
    assert (sampled["low"] <= sampled["value"]).all()
    assert (sampled["value"] <= sampled["high"]).all()
    assert ok.loc[ok["metric"] == "peak_bytes", ["low", "high"]].isna().all(axis=None)
    assert set(ok.loc[ok["metric"] == "seconds", "unit"]) == {"s"}

"""Crossovers over commits: what is a change and what is noise, and machines beside each other."""

from __future__ import annotations

import json
import math
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.tables import history
from analysis.tables.crossover import COLUMNS, CROSSES, FORWARD, REVERSE, UNKNOWN, crossovers
from analysis.tables.history import MACHINE_COLUMNS, SERIES_COLUMNS, changes, machines, series
from tests.tables import curve, frame
from tests.test_cite import RECORDED, run

SETTING = {
    "machine": "here",
    "env": "py",
    "engine": "modes",
    "layer": "dense",
    "profile": "uniform",
    "m": 64,
    "width": 64,
    "depth": 4,
    "dtype": "float64",
    "metric": "log_ratio",
    "tie_low": math.nan,
    "tie_high": math.nan,
}


def point(commit: int, n_star: float, half: float = 0.03, verdict: str = CROSSES, **other: Any) -> dict[str, Any]:
    """A crossover of a commit with an interval of `half` to either side in log n."""
    ends = {"low": n_star * math.exp(-half), "high": n_star * math.exp(half)}
    if verdict == FORWARD:
        ends, n_star = {"low": n_star, "high": math.inf}, math.nan
    elif verdict == REVERSE:
        ends, n_star = {"low": 0.0, "high": n_star}, math.nan
    elif verdict == UNKNOWN:
        n_star = math.nan
    return {**SETTING, "commit": f"c{commit:03}", "n_star": n_star, **ends, "verdict": verdict, **other}


def over(points: list[dict[str, Any]]) -> pd.DataFrame:
    """The series of points; commit number k is of day k."""
    found = pd.DataFrame(points, columns=list(COLUMNS))
    commits = sorted(set(found["commit"]))
    dates = [pd.Timestamp("2026-01-01", tz="UTC") + pd.Timedelta(days=int(c.strip("c+dirty"))) for c in commits]
    return series(pd.DataFrame({"commit": commits, "date": dates}), found)


def changed(points: list[dict[str, Any]]) -> list[str]:
    return changes(over(points))["commit"].to_list()


def test_a_jump_is_a_change_and_the_reference_from_there_on() -> None:
    found = over([point(1, 80), point(2, 81), point(3, 60), point(4, 61), point(5, 80)])
    assert tuple(found.columns) == SERIES_COLUMNS
    assert found["changed"].to_list() == [False, False, True, False, True]
    assert found["reference"].to_list()[1:] == ["c001", "c001", "c003", "c003"]
    assert found["ratio"].to_list()[1:] == pytest.approx([81 / 80, 60 / 80, 61 / 60, 80 / 60])


def test_commits_are_in_order_of_their_dates() -> None:
    assert changed([point(3, 60), point(1, 80), point(2, 80)]) == ["c003"]


def test_a_drift_is_seen_though_no_step_of_it_is() -> None:
    slow = [point(k, 80 * 1.02**k, half=0.03) for k in range(10)]
    assert len(changed(slow)) >= 1
    assert all(not changed([a, b]) for a, b in pairwise(slow))


def test_what_lies_within_the_intervals_is_noise() -> None:
    assert changed([point(1, 80, half=0.2), point(2, 95, half=0.2)]) == []
    # 5 % apart: z sqrt(2) 0.03 / 1.96 is 4.2 % for one comparison, and more for many.
    pair = [point(1, 80), point(2, 84)]
    assert changed(pair) == ["c002"]
    others = [point(k, 80, m=m) for m in range(100, 200) for k in (1, 2)]
    assert changed([*pair, *others]) == []


@pytest.mark.slow
def test_of_tables_in_which_nothing_changed_one_in_twenty_reports_a_change() -> None:
    rng = np.random.default_rng(5)
    alarms = 0
    for _ in range(200):
        noise = rng.normal(0, 0.03 / 1.96, (4, 6))
        points = [point(k, 80 * math.exp(noise[m, k]), m=m + 1) for m in range(4) for k in range(6)]
        alarms += bool(changed(points))
    assert alarms / 200 <= 0.08


def test_a_crossover_that_appears_or_vanishes() -> None:
    assert changed([point(1, 512, verdict=FORWARD), point(2, 80)]) == ["c002"]
    assert changed([point(1, 80), point(2, 512, verdict=FORWARD)]) == ["c002"]
    assert changed([point(1, 80), point(2, 8, verdict=REVERSE)]) == ["c002"]
    assert changed([point(1, 512, verdict=FORWARD), point(2, 8, verdict=REVERSE)]) == ["c002"]


def test_a_larger_grid_that_finds_the_crossover_beyond_the_smaller_is_no_change() -> None:
    assert changed([point(1, 128, verdict=FORWARD), point(2, 300)]) == []
    assert changed([point(1, 128, verdict=FORWARD), point(2, 512, verdict=FORWARD)]) == []
    assert changed([point(1, 16, verdict=REVERSE), point(2, 8, verdict=REVERSE)]) == []
    assert changed([point(1, 16, verdict=REVERSE), point(2, 10)]) == []


def test_what_cannot_be_told_is_compared_with_nothing() -> None:
    found = over([point(1, 80, verdict=UNKNOWN), point(2, 80), point(3, 300, verdict=UNKNOWN), point(4, 81)])
    assert not found["changed"].any()
    assert found["reference"].fillna("").to_list() == ["", "", "", "c002"]


def test_memory_has_no_noise_but_a_percent() -> None:
    def memory(commit: int, n_star: float) -> dict[str, Any]:
        return point(commit, n_star, metric="log_ratio_bytes") | {"low": math.nan, "high": math.nan}

    assert changed([memory(1, 80), memory(2, 80.5)]) == []
    assert changed([memory(1, 80), memory(2, 82)]) == ["c002"]


def test_an_interval_without_an_end_is_no_evidence() -> None:
    assert changed([point(1, 80) | {"high": math.inf}, point(2, 300)]) == []
    assert changed([point(1, 80), point(2, 300) | {"low": 0.0}]) == []
    assert changed([point(1, 80), point(2, 300) | {"high": math.inf}]) == ["c002"]


def test_settings_and_machines_are_series_of_their_own() -> None:
    points = [point(1, 80), point(2, 20, m=16), point(3, 200, machine="there"), point(4, 200, env="other")]
    assert changed(points) == []


def test_changed_work_trees_are_left_out() -> None:
    assert over([point(1, 80), point(2, 20) | {"commit": "c002+dirty"}])["commit"].to_list() == ["c001"]


def test_machines_are_compared_by_their_newest_commits() -> None:
    found = machines(
        over(
            [
                *(point(1, 300, machine="one"), point(2, 80, machine="one")),
                *(point(1, 81, machine="two"), point(2, 60, machine="three")),
                *(point(2, 80, m=16, machine="one"), point(2, 80, m=32, machine="two")),
            ]
        )
    )
    assert tuple(found.columns) == MACHINE_COLUMNS
    rows = {(row["machine"], row["other_machine"]): row for row in found.to_dict("records")}
    assert set(rows) == {("one", "two"), ("one", "three"), ("three", "two")}
    assert [bool(row["differs"]) for row in rows.values()] == [key != ("one", "two") for key in rows]
    assert rows["one", "two"]["ratio"] == pytest.approx(80 / 81)
    assert rows["one", "two"]["commit"] == "c002"


def test_nothing_to_compare() -> None:
    empty = over([])
    assert tuple(empty.columns) == SERIES_COLUMNS
    assert changes(empty).empty
    assert tuple(machines(empty).columns) == MACHINE_COLUMNS


def test_from_measurements_to_a_change() -> None:
    """Two commits measured: the crossover moves from 80 to 40 for m = 64, and stays for m = 32."""
    later: dict[str, Any] = {"commit": "fedc", "date": pd.Timestamp("2026-12-01", tz="UTC")}
    rows = [*curve(80, m=64), *curve(40, m=64, **later), *curve(30, m=32), *curve(30, m=32, **later)]
    table = frame(rows)
    found = changes(series(table, crossovers(table)))
    assert found["m"].to_list() == [64]
    assert found["ratio"].to_list() == [pytest.approx(0.5, rel=0.05)]


def test_commits_measured_with_other_kernels_are_compared_as_machines_are() -> None:
    later: dict[str, Any] = {"commit": "fedc", "date": pd.Timestamp("2026-12-01", tz="UTC")}
    last: dict[str, Any] = {"commit": "feed", "date": pd.Timestamp("2026-12-02", tz="UTC")}
    table = frame([*curve(80), *curve(40, **later), *curve(40, **last)])
    runs = {tuple(map(str, run)): f"{run[2][0]} kernels" for run in table[history.RUN].to_numpy()}
    assert len(runs) == 3
    apart = history.by_kernels(table, runs)
    found = series(apart, crossovers(apart))
    assert changes(found).empty
    assert machines(found)["differs"].to_list() == [True]
    assert len(changes(series(table, crossovers(table)))) == 1
    for same in (dict.fromkeys(runs, "Haswell kernels"), {}, {next(iter(runs)): "Haswell kernels"}):
        pd.testing.assert_frame_equal(history.by_kernels(table, same), table)


def test_the_command_reports_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = Path(shutil.copytree(RECORDED, tmp_path / "results"))
    path = next(results.glob("*/e55ab1d2-*.json"))
    data = json.loads(path.read_text())
    data |= {"commit_hash": "abcdef0123", "date": data["date"] + 86_400_000}
    for benchmark, value in data["results"].items():
        if benchmark.startswith("crossover.") and "Control" not in benchmark:
            value[0] = [None if x is None else x - 5 for x in value[0]]
            column = data["result_columns"].index("samples")
            value[column] = [cell and [x - 5 for x in cell] for cell in value[column]]
    (path.parent / "abcdef01-existing-py.json").write_text(json.dumps(data))
    output = tmp_path / "deep" / "series.csv"
    assert run("history", "--results", str(results), "--output", str(output)) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2
    assert "time, modes, dense, uniform, m 8, width 8, depth 4, float64: n* = " in said[0]
    assert said[0].endswith("forward throughout at abcdef01 of 2026-11-02")
    assert "2 commits, 1 machine. Beyond noise: 1 change over commits" in said[1]
    assert len(pd.read_csv(output)) == 4

"""The exponents of growth: right where the law is known, apart a group, and apart from the crossovers."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.crossover import crossovers
from analysis.errors import AnalysisWarning
from analysis.growth import COLUMNS, OVER, exponent, growth, sentences
from analysis.tidy import metric

from .tables import curve, frame, row

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "tests" / "data" / "recorded"
DEPTHS = (16, 32, 64, 128)


def depths(power: float, mode: str, **other: Any) -> list[dict[str, Any]]:
    return [
        row("pullback_seconds", 3e-6 * depth**power, depth=depth, mode=mode, layer="loss", m=1, **other)
        for depth in DEPTHS
    ]


@pytest.mark.parametrize("power", [-1.0, 0.5, 1.0, 2.0])
def test_an_exact_power_is_found_with_no_doubt(power: float) -> None:
    assert exponent(np.array([2.0, 3.0, 10.0]), 7.0 * np.array([2.0, 3.0, 10.0]) ** power) == pytest.approx(
        (power, power, power), abs=1e-7
    )


def test_the_interval_covers_as_often_as_it_says() -> None:
    """A power law with noise of 5 %: the true exponent is inside in about 95 of 100 tables."""
    rng = np.random.default_rng(3)
    sizes = np.array(DEPTHS, dtype=float)
    fits = [exponent(sizes, sizes**1.5 * np.exp(0.05 * rng.standard_normal(4))) for _ in range(400)]
    assert 370 <= sum(low <= 1.5 <= high for _, low, high in fits) <= 392


def test_a_sum_of_powers_lies_between_them_and_its_interval_is_wider() -> None:
    sizes = np.array(DEPTHS, dtype=float)
    b, low, high = exponent(sizes, 40 * sizes + sizes**2)
    assert 1 < b < 2
    assert high - low > 0.1


def test_one_row_a_mode_and_size_over_which_it_is_fitted() -> None:
    hessians = [row("hessian_seconds", 1e-6 * n**1.5, n=n, mode="reverse-over-forward") for n in (8, 64, 256)]
    shuffled = [*depths(1.0, "backpropagation"), *depths(2.0, "product-formula"), *hessians][::-1]
    table = growth(frame(shuffled))
    assert tuple(table.columns) == COLUMNS
    found = table.set_index("mode")
    assert found["exponent"].round(6).to_dict() == {
        "backpropagation": 1.0,
        "product-formula": 2.0,
        "reverse-over-forward": 1.5,
    }
    assert found.loc["backpropagation", ["over", "first", "last", "points"]].tolist() == ["depth", 16, 128, 4]
    assert pd.isna(found.loc["backpropagation", "depth"])
    assert found.loc["reverse-over-forward", ["over", "first", "last", "points"]].tolist() == ["n", 8, 256, 3]
    assert found.loc["reverse-over-forward", "depth"] == 4


def test_machines_and_dtypes_are_fitted_apart() -> None:
    rows = [
        *depths(1.0, "backpropagation"),
        *depths(1.2, "backpropagation", machine="other"),
        *depths(1.4, "backpropagation", dtype="float32"),
    ]
    assert sorted(growth(frame(rows))["exponent"].round(6)) == [1.0, 1.2, 1.4]


def test_failed_cells_and_other_metrics_take_no_part() -> None:
    rows = depths(1.0, "backpropagation")
    rows += [row("pullback_seconds", np.nan, depth=256, mode="backpropagation", layer="loss", m=1, status="failed")]
    rows += [row("seconds", 1.0, depth=depth, mode="forward") for depth in DEPTHS]
    table = growth(frame(rows))
    assert table["points"].tolist() == [4]


def test_two_sizes_are_no_fit() -> None:
    with pytest.warns(AnalysisWarning, match="pullback_seconds by backpropagation .* at 2 of the 3 sizes"):
        table = growth(frame(depths(1.0, "backpropagation")[:2]))
    assert tuple(table.columns) == COLUMNS
    assert table.empty


def test_an_empty_table_has_the_columns_too() -> None:
    assert tuple(growth(frame([])).columns) == COLUMNS


def test_the_metrics_are_those_of_the_suite() -> None:
    methods = ("backpropagation.Backpropagation.time_pullback", "hessian.Hessian.time_hessian")
    assert [metric(name) for name in methods] == list(OVER)


def test_other_modes_stay_out_of_the_jacobians_crossovers() -> None:
    jacobians = curve(80.0)
    modes = ("forward-over-reverse", "reverse-over-reverse")
    others = [row("hessian_seconds", 1e-6 * n, n=n, mode=mode) for n in (8, 64, 256) for mode in modes]
    others += [*depths(1.0, "backpropagation"), *depths(2.0, "product-formula")]
    others += [row("log_tensor_over_vjp", 1.0, n=16, m=m, mode="tensor/vjp") for m in (4, 8)]
    pd.testing.assert_frame_equal(crossovers(frame([*jacobians, *others])), crossovers(frame(jacobians)))


def test_a_sentence_names_exponent_interval_and_range() -> None:
    (line,) = sentences(growth(frame(depths(2.0, "product-formula"))))
    assert line == (
        "testbox, commit 01234567: pullback_seconds by product-formula grows as depth^2.00 (95 %: 2.00 to 2.00), "
        "depth 16 to 128, 4 points"
    )


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "analysis.growth", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_command_reads_a_folder_of_results(tmp_path: Path) -> None:
    done = run(RECORDED)
    assert done.returncode == 0, done.stderr
    assert "nothing measured whose growth is fitted: python -m analysis run" in done.stdout
    done = run(tmp_path)
    assert done.returncode == 1
    assert "no asv results here" in done.stderr
    assert "Traceback" not in done.stderr

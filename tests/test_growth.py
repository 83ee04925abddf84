"""The exponents of growth: right where the law is known, apart a group, and apart from the crossovers."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.commands.growth import sentences
from analysis.errors import AnalysisWarning
from analysis.tables.crossover import crossovers
from analysis.tables.growth import COLUMNS, LARGE, OVER, counted_bytes, counted_fma, exponent, growth
from benchmarks.catalogue.metrics import metric
from modes.cost import forward_fma, forward_peak_bytes, reverse_fma, reverse_peak_bytes

from .tables import CHAIN, curve, frame, row

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "tests" / "data" / "recorded"
DEPTHS = (16, 32, 64, 128)


def depths(power: float, mode: str, **other: Any) -> list[dict[str, Any]]:
    return [
        row("pullback_seconds", 3e-6 * depth**power, depth=depth, mode=mode, layer="loss", m=1, **other)
        for depth in DEPTHS
    ]


def jacobians(
    over: str, power: float, sizes: tuple[int, ...] = (128, 256, 512, 1024), **other: Any
) -> list[dict[str, Any]]:
    """Times of a large chain that grow as a power of one size."""
    large: dict[str, Any] = {"n": 256, "m": 256, "width": 256, "mode": "forward"} | other
    return [row("seconds", 1e-6 * size**power, **{**large, over: size}) for size in sizes]


def only(rows: list[dict[str, Any]]) -> pd.Series:
    """The one row of their growth."""
    table = growth(frame(rows))
    assert len(table) == 1
    return table.iloc[0]


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


def test_constant_costs_have_the_exponent_zero() -> None:
    assert exponent(np.array([2.0, 3.0, 10.0]), np.full(3, 7.0)) == (0, 0, 0)


def test_one_row_a_mode_and_size_over_which_it_is_fitted() -> None:
    hessians = [row("hessian_seconds", 1e-6 * n**1.5, n=n, mode="reverse-over-forward") for n in (8, 64, 256)]
    shuffled = [*depths(1.0, "backpropagation"), *depths(2.0, "product-formula"), *hessians][::-1]
    table = growth(frame(shuffled))
    assert tuple(table.columns) == COLUMNS
    found: Any = table.set_index("mode")
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
    rows += [row("setup_seconds", 1.0, depth=depth, mode="forward") for depth in DEPTHS]
    table = growth(frame(rows))
    assert table["points"].tolist() == [4]


def test_two_sizes_are_no_fit() -> None:
    with pytest.warns(AnalysisWarning, match="pullback_seconds by backpropagation .* at 2 of the 3 sizes"):
        table = growth(frame(depths(1.0, "backpropagation")[:2]))
    assert tuple(table.columns) == COLUMNS
    assert table.empty


# --- full Jacobians, beside the counts ---


def slope(sizes: tuple[int, ...], counts: list[float]) -> float:
    return float(np.polyfit(np.log(sizes), np.log(counts), 1)[0])


@pytest.mark.parametrize("over", ["n", "m", "width", "depth"])
@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_the_growth_of_a_jacobian_is_found_over_each_size(over: str, power: float) -> None:
    found = only(jacobians(over, power))
    assert found[["metric", "mode", "over", "first", "last", "points"]].tolist() == [
        *("seconds", "forward", over, 128, 1024, 4)
    ]
    assert found[["exponent", "low", "high"]].tolist() == pytest.approx([power] * 3, abs=1e-6)
    assert pd.isna(found[over])
    assert found["dtype"] == "float64"


def test_c1_c2_what_time_is_expected_is_counted_by_hand() -> None:
    """Widths n, 256, 256, 256, m. With T the products of inner layers: F = n (T + m w) and R = m (T + n w)."""
    sizes, w = (128, 256, 512, 1024), 256
    T = 2 * w * w
    both = growth(frame([*jacobians("n", 1, sizes), *jacobians("n", 1, sizes, mode="reverse")])).set_index("mode")
    assert both.loc["forward", "expected"] == pytest.approx(1)  # n times what does not depend on n
    assert both.loc["reverse", "expected"] == pytest.approx(slope(sizes, [w * (T + n * w) for n in sizes]))
    assert both.loc["forward", "multiplied_out"] == pytest.approx(
        slope(sizes, [n * (n * w + T + w * w) for n in sizes])
    )
    over_m = growth(frame([*jacobians("m", 1, sizes), *jacobians("m", 1, sizes, mode="reverse")])).set_index("mode")
    assert over_m.loc["reverse", "expected"] == pytest.approx(1)
    assert over_m.loc["forward", "expected"] == pytest.approx(both.loc["reverse", "expected"])
    over_depth = only(jacobians("depth", 1, sizes))
    assert over_depth["expected"] == pytest.approx(slope(sizes, [d - 1 for d in sizes]))  # the seed's layer is free
    assert over_depth["multiplied_out"] == pytest.approx(1)


def test_c5_what_memory_is_expected_is_counted_by_hand() -> None:
    """Forward mode: two blocks of n x w, whatever the depth. Reverse mode: those, and w slopes a layer."""
    sizes = (4, 16, 64, 256)
    rows = [
        row("peak_bytes", 1e5 + depth, depth=depth, mode=mode, n=128, m=128, width=128)
        for depth in sizes
        for mode in ("forward", "reverse")
    ]
    found = growth(frame(rows)).set_index("mode")
    assert found.loc["forward", "expected"] == 0
    assert found.loc["reverse", "expected"] == pytest.approx(slope(sizes, [2 * 128 * 128 + 128 * d for d in sizes]))
    assert found["multiplied_out"].isna().all()


def test_a_gradient_is_expected_to_grow_as_m20_and_m21_say() -> None:
    table = growth(frame([*depths(1.0, "backpropagation"), *depths(2.0, "product-formula")]))
    assert table["expected"].tolist() == [1, 2]


def test_the_counts_are_those_of_the_cost_module() -> None:
    chain = CHAIN | {"n": 32, "m": 16, "width": 64, "depth": 3}
    widths = (32, 64, 64, 16)
    assert counted_fma(chain | {"mode": "forward"}) == forward_fma(widths)
    assert counted_fma(chain | {"mode": "reverse"}) == reverse_fma(widths)
    assert counted_fma(chain | {"mode": "reverse"}, False) == reverse_fma(widths, exploit_seed=False)
    assert counted_bytes(chain | {"mode": "forward"}) == forward_peak_bytes(widths)
    assert counted_bytes(chain | {"mode": "reverse", "dtype": "float32"}) == reverse_peak_bytes(widths, itemsize=4)


@pytest.mark.parametrize(
    "other",
    [
        {"n": LARGE - 1},
        {"m": LARGE - 1},
        {"width": LARGE - 1},
        {"dtype": "float32"},
        {"layer": "residual"},
        {"profile": "funnel"},
        {"engine": "floor"},
        {"chunk_size": 8},
        {"status": "failed"},
    ],
)
def test_only_large_dense_jacobians_of_the_engine_take_part(other: dict[str, Any]) -> None:
    assert growth(frame(jacobians("depth", 1.0, **other))).empty


def test_small_sizes_and_a_single_layer_are_left_out_of_a_series() -> None:
    assert only(jacobians("n", 1.0, (8, 64, 128, 256, 512, 1024)))["first"] == 128
    assert only(jacobians("depth", 1.0, (1, 2, 4, 8, 16)))["first"] == 2


def test_three_sizes_of_a_jacobian_are_too_few() -> None:
    assert growth(frame(jacobians("n", 1.0, (128, 256, 512)))).empty


def test_of_several_series_the_largest_chains_speak() -> None:
    sizes = (128, 256, 512, 1024)
    small = jacobians("depth", 0.5, (2, 4, 8, 16, 32), m=128)
    large = jacobians("depth", 1.0, (4, 8, 16, 32))
    found = only([*small, *large])
    assert (found["m"], found["first"], found["points"]) == (256, 4, 4)
    longer = jacobians("n", 1.5, (*sizes, 2048), m=128, width=128)
    assert only([*jacobians("n", 1.0, sizes, m=128, width=128, activation="relu"), *longer])["points"] == 5
    wider = jacobians("n", 1.5, sizes, m=256, width=128)
    assert only([*jacobians("n", 1.0, sizes, m=128, width=128), *wider])["m"] == 256
    assert only([*jacobians("n", 1.0), *jacobians("n", 1.0, activation="relu")])["activation"] == "tanh"


def test_machines_have_rows_of_their_own() -> None:
    rows = [*jacobians("n", 1.0), *jacobians("n", 2.0, machine="other")]
    assert growth(frame(rows)).set_index("machine")["exponent"].round(6).to_dict() == {"testbox": 1.0, "other": 2.0}


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
        "expected 2.00, depth 16 to 128, 4 points, n 64, m 1, width 64"
    )
    (line,) = sentences(growth(frame(jacobians("n", 1.0))))
    assert line.endswith(
        "seconds by forward grows as n^1.00 (95 %: 1.00 to 1.00), expected 1.00, with the seed multiplied out 1.33, "
        "n 128 to 1024, 4 points, m 256, width 256, depth 4"
    )


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "analysis", "growth", "--results", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_command_reads_a_folder_of_results(tmp_path: Path) -> None:
    done = run(RECORDED)
    assert done.returncode == 0, done.stderr
    assert "nothing measured whose growth is fitted: python -m analysis run" in done.stdout
    done = run(tmp_path)
    assert done.returncode == 2
    assert "no asv results here" in done.stderr
    assert "Traceback" not in done.stderr

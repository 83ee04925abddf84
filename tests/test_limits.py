"""Distances from the limits: geometric means, their intervals, the worst cells and the chunks, of known tables."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.report.sections.limits import SECTION, power
from analysis.tables.findings import Findings
from analysis.tables.limits import (
    CHUNK_COLUMNS,
    CLASSES,
    FILL_COLUMNS,
    FLOOR_COLUMNS,
    LIMIT_COLUMNS,
    MEMORY_COLUMNS,
    chunks,
    geometric_mean,
    over_fill,
    over_floor,
    over_limit,
    over_memory,
    size_class,
)
from modes.cost import forward_peak_bytes, reverse_peak_bytes

from .tables import frame, full_table, row

EMPTY = frame([])


def square(metric: str, ratio: float, size: int, **other: Any) -> dict[str, Any]:
    """A cell of n = m = width whose ratio is known."""
    return row(metric, float(np.log(ratio)), **({"n": size, "m": size, "width": size, "mode": "forward"} | other))


# --- means ---


def test_the_geometric_mean_is_that_of_the_ratios() -> None:
    mean, _, _ = geometric_mean(np.log([1.0, 2.0, 4.0]))
    assert mean == pytest.approx(2)


def test_the_interval_contains_the_mean_and_is_the_same_each_time() -> None:
    logs = np.log([1.1, 1.2, 1.5, 2.0, 1.3, 1.0, 1.4])
    mean, low, high = geometric_mean(logs)
    assert 1.0 < low < mean < high < 2.0
    assert geometric_mean(logs) == (mean, low, high)
    assert geometric_mean(np.zeros(8)) == (1, 1, 1)


def test_few_cells_have_a_mean_and_no_interval() -> None:
    mean, low, high = geometric_mean([0.0] * 5)
    assert mean == 1
    assert np.isnan(low)
    assert np.isnan(high)


# --- floor ---


def floor_rows() -> pd.DataFrame:
    rows = [square("log_over_floor", ratio, size) for size, ratio in ((8, 2.0), (32, 4.0), (64, 1.0))]
    rows += [square("log_over_floor", 1.5, 64, dtype="float32"), square("log_over_floor", 9.0, 64, status="failed")]
    rows += [square("log_product_over_floor", 3.0, 8), square("log_product_over_floor", 5.0, 8, mode="reverse")]
    rows += [square("log_gradient_over_floor", 6.0, 8, m=1, layer="loss", mode="reverse")]
    rows += [square("log_over_floor", 1.1, 8, engine="modes-prepared", depth=16)]
    return frame(rows[::-1])


def test_engine_over_floor_has_a_mean_and_the_worst_cell() -> None:
    table = over_floor(floor_rows())
    assert tuple(table.columns) == FLOOR_COLUMNS
    first = table.iloc[0]
    assert first[["engine", "what", "mode", "dtype"]].tolist() == ["modes", "Jacobian", "forward", "float64"]
    assert first["cells"] == 3  # a failed one is none
    assert first["mean"] == pytest.approx(2)
    assert first["worst"] == pytest.approx(4)
    assert first["at"] == "n 32, m 32, width 32, depth 4"


def test_floor_rows_come_by_engine_derivative_mode_and_dtype_and_all_last() -> None:
    table = over_floor(floor_rows())
    assert table[["engine", "what", "mode", "dtype"]].to_numpy().tolist() == [
        ["modes", "Jacobian", "forward", "float64"],
        ["modes", "Jacobian", "forward", "float32"],
        ["modes", "JVP", "forward", "float64"],
        ["modes", "VJP", "reverse", "float64"],
        ["modes", "gradient", "reverse", "float64"],
        ["modes", "all", "all", "all"],
        ["modes-prepared", "Jacobian", "forward", "float64"],
        ["modes-prepared", "all", "all", "all"],
    ]
    whole = table[(table["engine"] == "modes") & (table["what"] == "all")].iloc[0]
    assert whole["cells"] == 7
    assert whole["mean"] == pytest.approx((2 * 4 * 1 * 1.5 * 3 * 5 * 6) ** (1 / 7))
    assert whole["worst"] == pytest.approx(6)
    assert whole["at"] == "gradient, reverse, float64, n 8, m 1, width 8, depth 4"
    assert whole["low"] < whole["mean"] < whole["high"]


# --- limit ---


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((63, 512, 512), "below 64"),
        ((512, 1, 512), "below 64"),
        ((512, 512, 64), "64 to 255"),
        ((255, 512, 512), "64 to 255"),
        ((256, 1024, 256), "256 and more"),
    ],
)
def test_a_chain_is_as_small_as_its_smallest_size(sizes: tuple[int, int, int], expected: str) -> None:
    n, m, width = sizes
    assert size_class(frame([row("log_over_limit", 0.0, n=n, m=m, width=width)])).tolist() == [expected]


def test_the_share_of_the_limit_is_the_inverse_of_the_ratio() -> None:
    rows = [square("log_over_limit", ratio, size) for size, ratio in ((8, 10.0), (256, 1.0), (512, 1.5625), (128, 2.0))]
    rows += [square("log_over_limit", 4.0, 512, depth=16), square("log_over_limit", 1.25, 256, engine="floor")]
    table = over_limit(frame(rows))
    assert tuple(table.columns) == LIMIT_COLUMNS
    assert table["engine"].tolist() == ["modes"] * 4 + ["floor"]
    assert table["sizes"].tolist() == [*CLASSES.values(), "256 and more", "256 and more"]
    assert table["depth"].tolist() == [4, 4, 4, 16, 4]
    np.testing.assert_allclose(table["mean"], [10, 2, 1.25, 4, 1.25])
    np.testing.assert_allclose(table["percent"], [10, 50, 80, 25, 80])
    np.testing.assert_allclose(table["least_percent"], [10, 50, 64, 25, 80])
    assert table.loc[2, "at"] == "n 512, m 512, width 512, depth 4"


def test_fill_is_a_row_a_cell() -> None:
    rows = [square("log_over_fill", 1.5, size, layer="elementwise", low=0.0) for size in (4096, 256)]
    rows += [square("log_over_fill", 1.2, 256, layer="elementwise", engine="modes-prepared")]
    table = over_fill(frame(rows))
    assert tuple(table.columns) == FILL_COLUMNS
    assert table["n"].tolist() == [256, 4096, 256]
    np.testing.assert_allclose(table["ratio"], [1.5, 1.5, 1.2])
    assert table["low"].tolist()[:2] == [1, 1]


# --- memory ---


def test_peaks_stand_over_their_counts() -> None:
    widths = {64: (64,) * 5, 128: (128,) * 5}
    rows = [
        row("peak_bytes", part * count(widths[size]), n=size, m=size, width=size, mode=mode)
        for mode, count in (("forward", forward_peak_bytes), ("reverse", reverse_peak_bytes))
        for size, part in ((64, 1.21), (128, 1.0))
    ]
    others = [
        row("peak_bytes", 1.0, mode="forward", chunk_size=8),
        row("peak_bytes", 1.0, mode="forward", n=63),
        row("peak_bytes", 1.0, mode="forward", layer="elementwise"),
        row("peak_bytes", 1.0, mode="forward", engine="modes-prepared"),
        row("peak_bytes", 1.0, mode="forward", engine="jax"),
    ]
    table = over_memory(frame([*others, *rows]))
    assert tuple(table.columns) == MEMORY_COLUMNS
    assert table["mode"].tolist() == ["forward", "reverse"]
    assert table["cells"].tolist() == [2, 2]
    np.testing.assert_allclose(table["mean"], [1.1, 1.1])
    np.testing.assert_allclose(table["worst"], [1.21, 1.21])
    assert table["at"].tolist() == ["n 64, m 64, width 64, depth 4"] * 2


# --- chunks ---


def test_chunks_stand_over_all_seeds_at_once() -> None:
    rows = []
    for mode, cost in (("forward", 2.0), ("reverse", 3.0)):
        rows += [row("seconds", cost, mode=mode, n=32), row("peak_bytes", 10 * cost, mode=mode, n=32)]
        for size in (8, 32, 64):
            rows += [row("seconds", 8 * cost / size, mode=mode, n=32, chunk_size=size)]
            rows += [row("peak_bytes", cost * size, mode=mode, n=32, chunk_size=size)]
    table = chunks(frame(rows[::-1]))
    assert tuple(table.columns) == CHUNK_COLUMNS
    # forward mode has 32 seeds, reverse mode 64: chunks of that many are all at once
    assert table[["mode", "chunk_size"]].to_numpy().tolist() == [["forward", 8], ["reverse", 8], ["reverse", 32]]
    np.testing.assert_allclose(table["time"], [1, 1, 0.25])
    np.testing.assert_allclose(table["memory"], [0.8, 0.8, 3.2])
    np.testing.assert_allclose(table["seconds"], [2, 3, 0.75])


def test_what_was_not_measured_of_chunks_is_missing() -> None:
    other = {"mode": "forward", "chunk_size": 8}
    table = chunks(frame([row("seconds", 1.0, **other), row("seconds", 1.0, **other, dtype="float32")]))
    assert table["dtype"].tolist() == ["float64", "float32"]
    assert table[["time", "memory", "peak_bytes"]].isna().all(axis=None)
    assert table["seconds"].tolist() == [1, 1]


def test_other_engines_and_failed_cells_are_no_chunks() -> None:
    other = {"mode": "forward", "chunk_size": 8}
    rows = [row("seconds", 1.0, engine="jax", **other), row("seconds", 1.0, status="failed", **other)]
    assert chunks(frame(rows)).empty


# --- all of them ---


@pytest.mark.parametrize("make", [over_floor, over_limit, over_fill, over_memory, chunks])
def test_nothing_measured_is_an_empty_table_with_its_columns(make: Any) -> None:
    columns = {
        over_floor: FLOOR_COLUMNS,
        over_limit: LIMIT_COLUMNS,
        over_fill: FILL_COLUMNS,
        over_memory: MEMORY_COLUMNS,
        chunks: CHUNK_COLUMNS,
    }
    table = make(EMPTY)
    assert table.empty
    assert tuple(table.columns) == columns[make]


@pytest.mark.parametrize("name", SECTION.tables)
def test_each_table_of_the_section_finds_its_data(name: str) -> None:
    table = SECTION.tables[name]
    rows = table.of(Findings(full_table())).to_dict("records")
    assert rows
    for record in rows:
        texts = [show({str(key): value for key, value in record.items()}) for show in table.columns.values()]
        assert all(texts)
        assert "nan" not in "".join(texts).lower()


def test_exponents_have_two_digits_and_no_negative_zero() -> None:
    assert [power(value) for value in (1.006, -0.001, -0.25, np.nan)] == ["1.01", "0.00", "-0.25", "\N{EN DASH}"]

"""The tables on accelerators, from made-up measurements with known answers."""

from typing import Any

import pandas as pd
import pytest

from analysis.report.sections.device import SECTION
from analysis.tables.device import conditions, fitting, home, memory, warm_up
from analysis.tables.findings import Findings
from tests.tables import accelerator, curve, frame, row


@pytest.fixture
def table() -> pd.DataFrame:
    return frame(accelerator())


def only(found: pd.DataFrame) -> dict[Any, Any]:
    assert len(found) == 1
    return {str(key): value for key, value in found.iloc[0].items()}


def test_what_fits_stands_beside_each_other_whole_and_in_chunks(table: pd.DataFrame) -> None:
    found = only(fitting(table))
    assert [found[key] for key in ("forward", "reverse", "forward_chunked", "reverse_chunked")] == [1e4, 2e4, 8e4, 16e4]
    assert (found["chunk_size"], found["ratio"], found["engine"], found["dtype"]) == (256, 2.0, "jax-gpu", "float32")


def test_what_was_not_asked_or_failed_is_missing() -> None:
    rows = [each for each in accelerator() if each["mode"] == "forward" and each["chunk_size"] is pd.NA]
    lost = row("largest_n", 5.0, engine="jax-gpu", m=1024, width=1024, mode="reverse", dtype="float32", status="failed")
    found = only(fitting(frame([*rows, lost])))
    assert found["forward"] == 1e4
    assert all(pd.isna(found[key]) for key in ("reverse", "forward_chunked", "reverse_chunked", "chunk_size", "ratio"))


def test_peaks_are_those_of_engines_on_a_device(table: pd.DataFrame) -> None:
    found = only(memory(frame([*accelerator(), *accelerator(engine="modes")])))
    assert found["engine"] == "jax-gpu"
    assert [found[key] for key in ("forward", "reverse", "forward_chunked", "reverse_chunked")] == [8e8, 4e8, 1e8, 5e7]


def test_the_copy_home_is_a_share_of_itself_and_the_faster_mode(table: pd.DataFrame) -> None:
    found = only(home(table))
    assert (found["home_seconds"], found["jacobian_seconds"]) == (1e-3, 2e-3)
    assert found["home_share"] == pytest.approx(1 / 3)


def test_the_warm_up_has_a_column_a_mode(table: pd.DataFrame) -> None:
    found = only(warm_up(table))
    assert (found["forward"], found["reverse"]) == (0.25, 0.5)


def test_power_and_clock_stand_together_with_the_lowest_clock(table: pd.DataFrame) -> None:
    found = only(conditions(table))
    assert (found["power_watts"], found["clock_mhz"], found["clock_least"]) == (600.0, 1900.0, 1755.0)


def test_a_run_without_a_device_has_no_such_section() -> None:
    assert not SECTION.measured(Findings(frame(curve(80))))
    assert SECTION.measured(Findings(frame(accelerator())))


def test_engines_on_a_device_cross_beside_those_of_the_host_and_rules_are_scored_on_them() -> None:
    found = Findings(frame(curve(80) + curve(200, engine="jax-gpu")))
    crossings = found.engine_crossovers.set_index("engine")["n_star"]
    assert dict(crossings.round()) == {"modes": 80.0, "jax-gpu": 200.0}
    assert {*found.choices["engine"]} == {"modes", "jax-gpu"}


def test_the_words_of_the_section_say_its_numbers(table: pd.DataFrame) -> None:
    found = Findings(table)
    said = {
        name: {key: cell(only(shown.of(found))) for key, cell in shown.columns.items()}
        for name, shown in SECTION.tables.items()
    }
    assert said["device-fitting"]["forward"] == "10000"
    assert said["device-memory"]["reverse, in chunks"] == "50.0"
    assert said["device-home"]["copy / both"] == "33 %"
    assert said["device-conditions"]["lowest"] == "1755 MHz"

"""Is there a device: what the driver says, and what the suite makes of it where it says nothing."""

import ctypes.util
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from analysis.citing.collect import collect
from analysis.errors import AnalysisError
from analysis.reading.provenance import Provenance, engine_version, joined
from analysis.tables.findings import Findings
from analysis.tables.libraries import lacking
from benchmarks import peers
from benchmarks.apparatus.benchmark import expect
from benchmarks.apparatus.settings import chosen
from benchmarks.catalogue import accelerator as found_by
from benchmarks.catalogue import engines
from benchmarks.catalogue.accelerator import Accelerator, accelerator
from benchmarks.catalogue.case import Case
from benchmarks.catalogue.engines import DEVICES, ENGINES, STAND_INS, Row
from tests.tables import curve, frame

H100 = Accelerator("NVIDIA H100 80GB HBM3", "12.8")
NONE = Accelerator(reason="no device: there is no CUDA driver on this machine (libcuda.so.1)")
BARE = Row(device="cuda")
"""The row of an engine on a device that needs no package beside NumPy."""


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    accelerator.cache_clear()
    yield
    accelerator.cache_clear()


def answers(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A driver: any library that can be loaded, and a script in place of the questions to it."""
    library = ctypes.util.find_library("c")
    if library is None:
        pytest.skip("no C library to stand in for the driver")
    monkeypatch.setattr(found_by, "LIBRARY", library)
    monkeypatch.setattr(found_by, "ASK", script)


def with_device(monkeypatch: pytest.MonkeyPatch, device: Accelerator) -> None:
    monkeypatch.setattr(engines, "accelerator", lambda: device)


# --- the driver ---


def test_without_a_driver_there_is_no_device_and_the_reason_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(found_by, "LIBRARY", "libno-such-driver.so.1")
    assert accelerator().reason == "no device: there is no CUDA driver on this machine (libno-such-driver.so.1)"
    assert accelerator().versions == {}


def test_a_driver_says_what_device_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"count": 2, "name": H100.name, "version": 12080}
    answers(monkeypatch, f"print({json.dumps(json.dumps(said))})")
    assert accelerator() == H100
    assert accelerator().versions == {"device": H100.name, "CUDA driver": "12.8"}


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ('print(\'{"count": 0, "name": "", "version": 12080}\')', "the CUDA driver is there and shows none"),
        ('print(\'{"reason": "cuInit ended with CUDA error 100"}\')', "cuInit ended with CUDA error 100"),
        ("import sys; sys.exit(3)", "the CUDA driver could not be asked (CalledProcessError)"),
        ("print('Segmentation fault')", "the CUDA driver could not be asked (JSONDecodeError)"),
        ("import time; time.sleep(20)", "gave no answer within"),
    ],
)
def test_a_driver_without_a_device_says_why(script: str, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, script)
    if "sleep" in script:
        monkeypatch.setattr(found_by, "PATIENCE", 0.2)
    assert reason in accelerator().reason
    assert accelerator().reason.startswith("no device: ")


def test_the_questions_are_asked_in_the_drivers_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a library that has none of its functions the script fails, and is no device."""
    library = ctypes.util.find_library("c")
    if library is None:
        pytest.skip("no C library to stand in for the driver")
    monkeypatch.setattr(found_by, "LIBRARY", library)
    assert accelerator().reason == "no device: the CUDA driver could not be asked (CalledProcessError)"


# --- what the suite makes of it ---


def test_an_engine_without_its_device_is_skipped_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with_device(monkeypatch, NONE)
    monkeypatch.setitem(ENGINES, "jax-gpu", BARE)
    with pytest.raises(NotImplementedError, match=r"engine jax-gpu is skipped: no device: there is no CUDA driver"):
        peers.load.__wrapped__("jax-gpu")
    monkeypatch.setenv("MODES_ENGINES", "jax-gpu")
    with pytest.raises(NotImplementedError, match=r"engine jax-gpu is skipped: no device: there is no CUDA driver"):
        expect(Case(engine="jax-gpu"), "standard")
    assert "jax-gpu" not in engines.installed()
    described = BARE.described()
    assert described["absent"] == NONE.reason
    assert lacking(described, {**Case(engine="jax-gpu")._asdict()}) == NONE.reason
    assert engine_version(described | {"requires": ["jax"], "versions": {"jax": "1"}}, "0.1") == ""


def test_an_engine_with_its_device_takes_part_and_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    with_device(monkeypatch, H100)
    monkeypatch.setitem(ENGINES, "jax-gpu", BARE)
    monkeypatch.delenv("MODES_ENGINES", raising=False)
    assert BARE.absent() == ""
    assert "jax-gpu" in chosen("standard")
    described = BARE.described()
    assert described["versions"]["device"] == H100.name  # type: ignore[index]  # JSON
    described |= {"requires": ["jax"], "versions": {"jax": "0.10.2", **H100.versions}}
    assert engine_version(described, "0.1") == "0.10.2 on NVIDIA H100 80GB HBM3"


def test_a_missing_package_is_said_before_a_missing_device(monkeypatch: pytest.MonkeyPatch) -> None:
    with_device(monkeypatch, NONE)
    assert replace(BARE, requires=("no_such_package",)).absent() == "not installed: no_such_package"


def test_of_two_records_the_one_with_the_device_counts() -> None:
    without = {"missing": [], "absent": NONE.reason, "versions": {}}
    there = {"missing": [], "absent": "", "versions": H100.versions}
    for one, other in ((without, there), (there, without)):
        records = [{"engines": {"jax-gpu": state}, "faults": {}} for state in (one, other)]
        assert joined(*records)["engines"]["jax-gpu"] == there


# --- stand-ins ---


def test_each_library_has_a_stand_in_that_differs_from_its_device_in_nothing_else() -> None:
    for name in STAND_INS:
        own, other = ENGINES[name], ENGINES[ENGINES[name].stands_for]
        assert replace(own, stands_for="", device=other.device, memory=other.memory) == other
    assert {ENGINES[name].stands_for for name in STAND_INS} == {"jax-gpu", "torch-cuda"} <= {*DEVICES}


def test_a_stand_in_takes_part_only_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODES_ENGINES", raising=False)
    for preset in ("quick", "standard", "full"):
        assert not {*chosen(preset)} & {*STAND_INS}
    monkeypatch.setenv("MODES_ENGINES", "jax-stand-in")
    assert chosen("standard") == ("jax-stand-in",)


@pytest.mark.parametrize("name", STAND_INS)
def test_a_stand_ins_numbers_cannot_be_cited(name: str) -> None:
    table = frame(curve(80) + curve(70, engine=name))
    with pytest.raises(AnalysisError, match=f"{name} took part, .* its numbers are no device's and cannot be cited"):
        collect(Findings(table, Provenance()))

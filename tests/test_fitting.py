"""What fits: the search for the largest, and the processes that try."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import peers
from benchmarks.apparatus import fitting
from benchmarks.apparatus.fitting import FittingError, largest
from benchmarks.catalogue.case import Case
from benchmarks.catalogue.engines import row
from benchmarks.peers import SkippedError

SMALL = Case(n=4, m=3, width=5, depth=2)
LIMITED = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="a process's addresses are limited on Linux")

# --- the search ---


@given(st.integers(0, 10**6), st.integers(1, 5000))
def test_the_largest_size_is_found_to_within_a_sixteenth(limit: int, start: int) -> None:
    asked: list[int] = []

    def fits(n: int) -> bool:
        asked.append(n)
        return n <= limit

    found = largest(fits, start)
    assert found <= limit <= max(found + 1, found * (1 + fitting.CLOSE))
    assert len(asked) == len(set(asked)) <= 40
    assert min(asked) >= 1


def test_what_never_stops_to_fit_is_no_crossover() -> None:
    with pytest.raises(FittingError, match="n = 4194304 fits as well"):
        largest(lambda n: True, 1024)


def test_a_search_begins_with_one_or_more() -> None:
    with pytest.raises(ValueError, match="start of at least 1, got 0"):
        largest(lambda n: True, 0)


# --- a process a size ---


@LIMITED
@pytest.mark.slow
def test_a_jacobian_of_the_host_fits_or_does_not() -> None:
    assert fitting.fits(SMALL)
    large = Case(n=200_000, m=64, width=128, depth=2)  # the block of tangents alone: 205 MB, and the Jacobian 102 MB
    assert not fitting.fits(large)
    assert fitting.fits(large._replace(mode="reverse", n=60_000))


@LIMITED
@pytest.mark.slow
def test_jax_runs_out_of_memory_as_it_does_on_a_device() -> None:
    if absent := row("jax-stand-in").absent():
        pytest.skip(absent)
    large = Case(engine="jax-stand-in", n=100_000, m=64, width=128, depth=2)
    found = fitting.tried(large)
    assert not found["fits"]
    assert "RESOURCE_EXHAUSTED" in str(found["error"])


@pytest.mark.slow
def test_torch_runs_out_of_memory_as_it_does_on_a_device() -> None:
    if absent := row("torch-stand-in").absent():
        pytest.skip(absent)
    found = fitting.tried(Case(engine="torch-stand-in", n=100_000, m=64, width=128, depth=2))
    assert not found["fits"]
    assert "can't allocate memory" in str(found["error"])


class Small(peers.Engine):
    """An engine on a made-up device, whose memory is as large as ``room`` says."""

    on_device = True
    room = 10**9
    wrong = 0.0

    def jacobian(self, chain: Any, mode: str, chunk_size: int | None) -> Any:
        own = peers.load("floor").jacobian(chain, mode, None)

        def call(x: Any) -> Any:
            if chain.n * chain.m * 8 > self.room:
                raise FullError("no room\nfor it")
            return own(x) * (1 + self.wrong)

        return call

    def peak_bytes(self, chain: Any, mode: str, chunk_size: int | None) -> int:
        return int(chain.n * chain.m * 8)

    def out_of_memory(self, error: BaseException) -> bool:
        return isinstance(error, FullError)


class FullError(RuntimeError):
    pass


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Small:
    engine, load = Small(), peers.load
    monkeypatch.setattr(peers, "load", lambda name: engine if name == "jax-gpu" else load(name))
    return engine


def on_device(**changes: Any) -> Case:
    return SMALL._replace(engine="jax-gpu", **changes)


def test_what_a_device_has_no_room_for_does_not_fit(small: Small) -> None:
    small.room = 4 * 3 * 8
    assert fitting.taken(on_device()) == {"fits": True}
    assert fitting.taken(on_device(), with_peak=True) == {"fits": True, "peak": 96}
    assert fitting.taken(on_device(n=5)) == {"fits": False, "error": "FullError: no room"}


def test_a_wrong_jacobian_does_not_count_as_one_that_fits(small: Small) -> None:
    small.wrong = 1e-6
    with pytest.raises(ArithmeticError, match="J v"):
        fitting.taken(on_device())


def test_another_error_is_no_lack_of_memory(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's, above all: a chain that it cannot hold says nothing of the device."""
    monkeypatch.setattr(small, "jacobian", lambda *arguments: (_ for _ in ()).throw(MemoryError("host")))
    with pytest.raises(MemoryError, match="host"):
        fitting.taken(on_device())


def told(monkeypatch: pytest.MonkeyPatch, status: int, output: str, errors: str = "") -> list[Any]:
    asked: list[Any] = []

    def run(command: Any, **settings: Any) -> Any:
        asked.append((command, settings))
        return subprocess.CompletedProcess(command, status, output, errors)

    monkeypatch.setattr(fitting.subprocess, "run", run)
    return asked


def test_each_size_is_tried_in_a_process_that_has_the_whole_device(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = told(monkeypatch, 0, "a library's chatter\n" + json.dumps({"fits": True, "peak": 7}))
    assert fitting.peak(on_device()) == 7
    ((command, settings),) = asked
    assert command[0] == sys.executable
    assert command[-2:] == ["--peak", on_device().text]
    assert settings["env"]["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    assert settings["env"]["XLA_CLIENT_MEM_FRACTION"] == "0.95"


def test_a_process_that_dies_has_not_said_that_nothing_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, -9, "", "Traceback\nMemoryError: host")
    with pytest.raises(FittingError, match="neither fitted nor ran out of memory: MemoryError: host"):
        fitting.fits(on_device())


def test_a_peak_of_what_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, 0, json.dumps({"fits": False, "error": "FullError: no room"}))
    with pytest.raises(FittingError, match="expected a Jacobian that fits into memory, got: FullError: no room"):
        fitting.peak(on_device())


def test_where_memory_cannot_be_limited_the_cell_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, 0, json.dumps({"skipped": "memory cannot be limited on this system"}))
    with pytest.raises(SkippedError, match="cannot be limited"):
        fitting.fits(SMALL)


def test_a_device_that_is_not_there_is_a_skip_in_the_process_as_well() -> None:
    if not row("jax-gpu").absent():
        pytest.skip("there is a device")
    with pytest.raises(SkippedError, match=r"engine jax-gpu is skipped: (no device|not installed)"):
        fitting.fits(on_device())

"""Power and clock: a made-up nvidia-smi answers, or does not."""

import os
import stat
from pathlib import Path

import pytest

from benchmarks.apparatus import conditions
from benchmarks.apparatus.conditions import CLOCK, POWER, reading, under
from benchmarks.peers import SkippedError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the made-up nvidia-smi is a shell script")


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    """An nvidia-smi that logs its arguments and then does as the script says."""
    program, log = tmp_path / "nvidia-smi", tmp_path / "log"
    program.write_text(f'#!/bin/sh\necho "$@" >> {log}\n{script}\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return log


def test_a_number_is_asked_of_the_first_visible_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = install(tmp_path, monkeypatch, "echo 431.07")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert reading(POWER) == 431.07
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-1f2e, 3")
    assert reading(CLOCK) == 431.07
    options = "--format=csv,noheader,nounits --id"
    assert log.read_text().splitlines() == [
        f"--query-gpu=power.draw {options} 0",
        f"--query-gpu=clocks.sm {options} GPU-1f2e",
    ]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo '[N/A]'", r"nvidia-smi says '\[N/A\]'"),
        ("echo 'No devices were found' >&2; exit 6", "says 'No devices were found'"),
        ("exit 9", "says 'nothing'"),
        ("echo 12; exit 3", "says '12'"),
    ],
)
def test_what_is_not_known_is_a_skip_that_says_so(
    script: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, script)
    with pytest.raises(SkippedError, match=f"power.draw is not known: .*{expected}"):
        reading(POWER)


def test_without_the_program_nothing_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SkippedError, match="there is no nvidia-smi on this machine"):
        reading(POWER)


def test_a_program_that_hangs_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, "exec sleep 20")
    monkeypatch.setattr(conditions, "PATIENCE", 0.1)
    with pytest.raises(SkippedError, match="gave no answer within"):
        reading(POWER)


def test_readings_are_taken_while_the_device_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, f"cat {tmp_path}/calls | wc -l")
    counted = tmp_path / "calls"
    counted.touch()

    def call() -> None:
        with counted.open("a") as file:
            file.write("x\n")

    found = under(call, POWER, seconds=0.0)
    assert len(found) == conditions.FEWEST
    assert found == sorted(found)
    assert found[-1] > 0


def test_a_device_that_falls_silent_ends_the_watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, f"test -e {tmp_path}/lost && exit 4; touch {tmp_path}/lost; echo 1")
    with pytest.raises(SkippedError, match="says 'nothing'"):
        under(lambda: None, POWER)

"""Runs that are killed, interrupted, or started twice: nothing goes on, nothing is lost, and it is said in one line.

The moments are random, from a seed: a failure names it. All runs of a module share a clone, each going on where the one
before was stopped.
"""

import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.killing import BATCH, Killed, Moment, clone

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="when a process listens to signals is read in /proc"),
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    with tempfile.TemporaryDirectory(prefix="k", dir="/tmp") as short:  # a socket's path must be short
        folder = tmp_path_factory.mktemp("killed")
        (folder / "home").mkdir()
        yield Killed(clone(folder / "clone"), Path(short), folder / "home")


def completed(output: str) -> set[str]:
    """The benchmarks whose batch had ended: another was announced after it."""
    return set([found[1] for line in output.splitlines() if (found := BATCH.match(line))][:-1])


def kept(output: str) -> int:
    """How many cells a run found measured, by its own words."""
    said = re.search(r"(\d+) of them measured before", output)
    return int(said[1]) if said else 0


def test_of_killed_runs_nothing_goes_on_and_the_next_one_does(runs: Killed) -> None:
    for seed, batch in enumerate((1, 2)):
        before = runs.finished()
        status, output, errors = runs.stopped(Moment.of(seed)._replace(batch=batch, pauses=(0.0,)), signal.SIGKILL)
        assert (status, errors) == (-signal.SIGKILL, ""), seed
        assert runs.left() == [], seed
        assert before <= runs.finished(), seed
        assert completed(output) <= {name for name, _ in runs.finished()}, seed
        assert kept(output) == len(before), seed
        assert len(runs.folders()) == 1, seed  # its own: the next one deletes it
    before = runs.finished()
    with runs.run() as child:
        assert child.stdout is not None
        assert kept(child.stdout.readline()) == len(before)
        assert [folder.name.split("-")[1] for folder in runs.folders()] == [str(child.pid)]
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 130
    assert runs.folders() == []


@pytest.mark.parametrize("seed", [0, 2, 5, 9])  # measuring, starting, measuring twice
def test_ctrl_c_however_often_is_one_line(runs: Killed, seed: int) -> None:
    before = runs.finished()
    status, output, errors = runs.stopped(Moment.of(seed), signal.SIGINT)
    assert (status, len(errors.splitlines())) == (130, 1), (output, errors)
    assert "the same command goes on from there" in errors
    assert runs.left() == []
    assert runs.folders() == []
    assert before <= runs.finished()
    assert completed(output) <= {name for name, _ in runs.finished()}


def test_the_second_of_two_runs_is_refused_and_told_by_whom(runs: Killed) -> None:
    with runs.run("--shard", "1/2") as first:
        assert first.stdout is not None
        assert "Part 1 of 2" in first.stdout.readline()
        with runs.run("--shard", "2/2") as second:
            output, errors = second.communicate(timeout=20)
        assert (second.returncode, output) == (2, "")
        (line,) = errors.splitlines()
        assert re.match(
            rf"error: another run is measuring into .*: process {first.pid} on '.*', started \d{{4}}-", line
        )
        assert "--results" in line
        assert "merge" in line
        first.send_signal(signal.SIGTERM)
        assert first.wait(20) == 130
    assert runs.left() == []

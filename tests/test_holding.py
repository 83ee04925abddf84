"""What a run holds: its results folder against other runs, and a temporary folder that nobody takes from it."""

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from filelock import FileLock

from analysis.__main__ import main
from analysis.commands import holding
from analysis.commands.holding import alone, alone_if_measured, beside, scratch
from analysis.errors import AnalysisError
from analysis.running.children import started


@contextmanager
def another(code: str, *arguments: object) -> Iterator[subprocess.Popen[str]]:
    """A process that is inside of a `with`, until it is killed."""
    script = f"import sys, time\nfrom pathlib import Path\nfrom analysis.commands import holding\nwith {code} as got:\n"
    script += "    print(got, flush=True)\n    time.sleep(60)"
    command = [sys.executable, "-c", script, *map(str, arguments)]
    environment = {**os.environ, "TMPDIR": tempfile.gettempdir()}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as child:
        try:
            yield child
        finally:
            child.kill()


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The temporary place; its path is short, for sockets."""
    with tempfile.TemporaryDirectory(prefix="h", dir="/tmp" if Path("/tmp").is_dir() else None) as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder).resolve()


# --- the results folder ---


@pytest.mark.slow
def test_a_folder_that_is_held_is_refused_with_the_process_and_its_start(tmp_path: Path) -> None:
    results = tmp_path / "results"
    (tmp_path / "link").symlink_to(results)
    with another("holding.alone(Path(sys.argv[1]))", results) as other:
        assert other.stdout is not None
        other.stdout.readline()
        for path in (results, tmp_path / "link", tmp_path / "x" / ".." / "results"):
            with (
                pytest.raises(AnalysisError, match=rf"process {other.pid} on .*, started \d{{4}}-.*--results"),
                alone(path),
            ):
                pass
        with pytest.raises(AnalysisError, match=f"process {other.pid}"), alone_if_measured(results):
            pass
        with alone(tmp_path / "other"):
            pass
    with alone(results):  # the lock ended with the process that was killed
        assert beside(results)[1].exists()
    assert not beside(results)[1].exists()


def test_who_measures_is_unknown_for_a_moment_and_that_is_no_error(tmp_path: Path) -> None:
    results = tmp_path / "results"
    with FileLock(beside(results)[0]):
        for note in (None, "", "{", "[]", '{"pid": 1}', '{"pid": 1, "started": 1e400, "host": ""}', "null"):
            if note is not None:
                beside(results)[1].write_text(note)
            with pytest.raises(AnalysisError, match="has not said yet"), alone(results):
                pass


def test_a_folder_is_given_back_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), alone(tmp_path / "results"):
        raise KeyboardInterrupt
    with alone(tmp_path / "results"):
        pass


def test_what_a_killed_writer_left_half_written_is_deleted(tmp_path: Path) -> None:
    for folder in ("results", "results-dirty"):
        (tmp_path / folder / "machine").mkdir(parents=True)
        (tmp_path / folder / "machine" / ".a.json-x1y2.partial").touch()
        (tmp_path / folder / "machine" / "a.json").touch()
    with alone(tmp_path / "results"):
        left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*") if path.is_file()}
    assert left == {"results/machine/a.json", "results-dirty/machine/a.json", "results.lock", "results.running"}


def test_a_folder_that_was_never_measured_into_gets_no_lock(tmp_path: Path) -> None:
    with alone_if_measured(tmp_path / "results"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_locks_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def acquire(self: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(holding.FileLock, "acquire", acquire)
    with pytest.raises(AnalysisError, match=r"cannot be locked \(.*local disk"), alone(tmp_path / "results"):
        pass


# --- the temporary folder ---


def test_a_temporary_folder_is_this_users_alone_and_gone_afterwards(place: Path) -> None:
    with scratch() as folder:
        assert folder.parent == place
        assert folder.name.startswith(f"modes-{os.getpid()}-")
        if os.name != "nt":
            assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "deep").mkdir()
    assert list(place.iterdir()) == []


@pytest.mark.slow
def test_folders_of_dead_runs_are_deleted_and_no_others(place: Path, tmp_path: Path) -> None:
    with another("holding.scratch()") as other:
        assert other.stdout is not None
        dead = Path(other.stdout.readline().strip())
        other.kill()
        other.wait()
    assert dead.exists()
    own = int(started(os.getpid()) or 0)
    reused = place / f"modes-{os.getpid()}-{own - 1000}"  # of a process that had this one's number
    for folder in (reused, place / "modes-1-x", place / "modes-own-data", place / f"modes-{2**22 + 1}-5"):
        folder.mkdir()
    (tmp_path / "kept").touch()
    (place / "modes-77777777-6").symlink_to(tmp_path)
    elsewhere = place / "modes-77777777-7"  # of a process in another container: no such number here, but a lock
    elsewhere.mkdir()
    with FileLock(elsewhere / "lock"), another("holding.scratch()") as other:
        assert other.stdout is not None
        living = Path(other.stdout.readline().strip())
        with scratch() as folder:
            there = {path.name for path in place.iterdir()}
        assert there == {living.name, folder.name, elsewhere.name, "modes-1-x", "modes-own-data", "modes-77777777-6"}
    assert (tmp_path / "kept").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems may not show a process's environment")
def test_what_still_works_in_a_dead_runs_folder_is_ended(place: Path) -> None:
    folder = place / f"modes-{2**22 + 1}-5"
    folder.mkdir()
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=environment) as orphan:
        with scratch():
            pass
        assert not folder.exists()
        assert not psutil.pid_exists(orphan.pid) or orphan.wait(2) < 0


def test_a_path_too_long_for_sockets_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ("x" * 80)).mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / ("x" * 80)))
    with pytest.raises(AnalysisError, match=r"too long a path .* set TMPDIR"), scratch():
        pass


# --- full disks ---


@pytest.mark.skipif(os.name == "nt", reason="a disk is named by where it is mounted")
def test_a_full_disk_is_one_line_that_names_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mkdir = Path.mkdir

    def full(self: Path, *arguments: object, **options: object) -> None:
        if self.name.startswith("modes-"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))
        mkdir(self, *arguments, **options)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(Path, "mkdir", full)
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) in (place, Path("/")))
    remedy = rf"the disk is full \(the disk at {place}: .*\); make room there, or set TMPDIR"
    with pytest.raises(AnalysisError, match=remedy) as said, scratch():
        pass
    assert "\n" not in str(said.value)


def test_where_no_temporary_folder_can_be_had_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in [...]")

    monkeypatch.setattr(tempfile, "gettempdir", none)
    assert main(["run", "--results", str(tmp_path / "results")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: no temporary folder can be had: ")
    assert "is full" not in line
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=0))
    assert main(["run", "--results", str(tmp_path / "results")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "the disk is full" in line
    assert "make room there, or set TMPDIR=DIR to have temporary files elsewhere" in line

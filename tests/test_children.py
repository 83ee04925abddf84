"""What a run starts: its output and its status come back, and nothing of it is left, however it ends."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from analysis.running import keeper
from analysis.running.children import ask, end_users_of, started, stream

TREE = """
import os, subprocess, sys, time
grandchild = "import os, time; os.setpgid(0, 0); print('· grandchild', os.getpid(), flush=True); "
grandchild += "os.close(1); os.close(2); time.sleep(60)"
subprocess.Popen([sys.executable, "-c", grandchild])
print("· child", os.getpid(), flush=True)
time.sleep(60)
"""
"""As asv does it: a process, and one of its own in a process group of its own. Both say who they are."""


def gone(pid: int) -> bool:
    """Whether a process has ended, within two seconds."""
    deadline = time.monotonic() + 2.0
    while keeper.alive([pid]) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not keeper.alive([pid])


def test_output_is_streamed_and_the_status_returned(tmp_path: Path) -> None:
    shown: list[str] = []
    script = "import sys; print('· hello'); print('quiet'); sys.exit(3)"
    code, said = stream([sys.executable, "-c", script], tmp_path, os.environ, shown.append)
    assert (code, said, shown) == (3, ["· hello", "quiet"], ["· hello"])


def test_a_question_has_output_and_complaints_apart(tmp_path: Path) -> None:
    script = "import sys; print('x' * 200000, file=sys.stderr); print('y' * 200000); sys.exit(4)"
    code, said, complaints = ask([sys.executable, "-c", script], tmp_path, os.environ)
    assert (code, said.strip(), complaints) == (4, "y" * 200000, ["x" * 200000 + "\n"])


@pytest.mark.skipif(os.name == "nt", reason="no signals")
def test_a_command_that_a_signal_ended_has_a_status_as_in_a_shell(tmp_path: Path) -> None:
    script = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert stream([sys.executable, "-c", script], tmp_path, os.environ) == (128 + signal.SIGKILL, [])


@pytest.mark.parametrize("interrupted", [KeyboardInterrupt, BrokenPipeError])
def test_an_exception_stops_the_command_and_all_below_it(tmp_path: Path, interrupted: type[BaseException]) -> None:
    pids: list[int] = []

    def show(line: str) -> None:
        pids.append(int(line.split()[2]))
        if len(pids) == 2:
            raise interrupted

    with pytest.raises(interrupted):
        stream([sys.executable, "-c", TREE], tmp_path, os.environ, show)
    assert len(pids) == 2
    assert all(map(gone, pids))


@pytest.mark.skipif(os.name == "nt", reason="no sessions")
def test_what_a_command_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    """As asv's server does where asv is killed."""
    script = TREE.replace("time.sleep(60)\n", "time.sleep(0.5)\n")  # the child ends, and not the grandchild
    code, said = stream([sys.executable, "-c", script], tmp_path, os.environ)
    assert code == 0
    assert len(said) == 2
    assert all(gone(int(line.split()[2])) for line in said)


@pytest.mark.skipif(os.name == "nt", reason="no sessions")
@pytest.mark.parametrize("victim", ["run", "keeper"])
def test_nothing_survives_a_run_that_is_killed_nor_a_keeper(tmp_path: Path, victim: str) -> None:
    script = (
        "import os, sys; from pathlib import Path; from analysis.running.children import stream\n"
        f"stream([sys.executable, '-c', {TREE!r}], Path('.'), os.environ, lambda line: print(line, flush=True))"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        pids = [int(run.stdout.readline().split()[2]) for _ in range(2)]
        (kept,) = psutil.Process(run.pid).children()
        (kept if victim == "keeper" else run).kill()
        assert all(map(gone, [*pids, kept.pid]))


def test_a_process_is_known_by_its_number_and_its_start() -> None:
    now = started(os.getpid())
    assert now is not None
    assert abs(now - psutil.Process().create_time()) < 1
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    assert started(child.pid) is None


@pytest.mark.skipif(sys.platform != "linux", reason="other systems may not show a process's environment")
def test_the_users_of_a_temporary_folder_are_ended_and_nobody_else(tmp_path: Path) -> None:
    script = "import time; print(flush=True); time.sleep(60)"
    environments = [{**os.environ, "TMPDIR": str(tmp_path / name)} for name in ("dead", "living")]
    command = [sys.executable, "-c", script]
    children = [subprocess.Popen(command, env=each, stdout=subprocess.PIPE) for each in environments]
    for child in children:
        assert child.stdout is not None
        child.stdout.readline()
    end_users_of(tmp_path / "dead")
    assert [child.poll() for child in children] == [-signal.SIGKILL, None]
    children[1].kill()
    for child in children:
        child.communicate()

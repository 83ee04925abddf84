"""Starting the programs that a run needs, so that none of them outlives it.

Contract: every program runs below a keeper (`analysis.running.keeper`), which holds the other end of a pipe. When this
process ends, by whatever means, `kill -9` included, the pipe closes and the keeper kills them all, within some
milliseconds. An exception here, KeyboardInterrupt above all, does the same and passes through once they are gone.
Nothing is asked to stop gracefully: asv keeps nothing of a call that is interrupted, and what it writes lies in a
temporary folder.
"""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from analysis.running import keeper
from analysis.running.output import quiet, worth_showing


def stream(
    command: Sequence[str], root: Path, environment: Mapping[str, str], show: Callable[[str], None] = quiet
) -> tuple[int, list[str]]:
    """Run a command, showing its output line by line; returns its exit status and its output's lines."""
    said: list[str] = []
    with kept(command, root, environment, subprocess.STDOUT) as child:
        assert child.stdout is not None  # because of PIPE
        for line in child.stdout:
            said.append(line.rstrip())
            if worth_showing(line):
                show(line.rstrip())
        child.wait()
    return child.returncode, said


def ask(command: Sequence[str], root: Path, environment: Mapping[str, str]) -> tuple[int, str, list[str]]:
    """Run a command; returns its exit status, its standard output, and its standard error's lines."""
    complaints: list[str] = []
    with kept(command, root, environment, subprocess.PIPE) as child:
        assert child.stdout is not None  # because of PIPE
        assert child.stderr is not None
        listener = threading.Thread(target=complaints.extend, args=(child.stderr,), daemon=True)
        listener.start()  # or the command waits for somebody to read what it complains of
        said = child.stdout.read()
        listener.join()
        child.wait()
    return child.returncode, said, complaints


@contextmanager
def kept(
    command: Sequence[str], root: Path, environment: Mapping[str, str], errors: int
) -> Iterator[subprocess.Popen[str]]:
    """A command below its keeper; neither is there any more when this ends."""
    with subprocess.Popen(
        [sys.executable, "-P", keeper.__file__, *command],  # -P: what lies beside the keeper is not to be imported
        cwd=root,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as child:
        guard = threading.Thread(target=bury, args=(child,), daemon=True)
        guard.start()
        try:
            yield child
        finally:
            assert child.stdin is not None  # because of PIPE
            child.stdin.close()
            guard.join(2 * keeper.PATIENCE)


def bury(child: subprocess.Popen[str]) -> None:
    """Wait for the keeper; where somebody killed it, do what it was there for. The output ends only then."""
    if child.wait() < 0:
        keeper.end(lambda: keeper.members(child.pid))


def started(pid: int) -> float | None:
    """When a living process was started, in seconds since 1970; None if there is none with this number."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def end_users_of(folder: Path) -> None:
    """Kill the processes of this user whose temporary folder this is: what a killed run may have left."""
    keeper.end(lambda: keeper.alive(pid for pid in psutil.pids() if temporary_folder_of(pid) == str(folder)))


def temporary_folder_of(pid: int) -> str | None:
    try:
        return psutil.Process(pid).environ().get("TMPDIR")
    except (psutil.Error, OSError):  # gone, or another user's
        return None


def temporary(folder: Path) -> dict[str, str]:
    """What makes `folder` the temporary folder of a child, on every system."""
    return dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))

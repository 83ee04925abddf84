"""A process between a run and what the run starts: when the run is gone, however it went, nothing of it stays.

    python keeper.py COMMAND ARGUMENT...

Contract: it runs the command and ends with its exit status (128 + n where signal n ended it). It leads a session of its
own, in which everything that the command starts stays, process groups of their own included: asv makes one for each of
its servers. When its standard input closes, which the system does for a run that was killed, or when the command has
ended, it kills what is left in that session. It is told nothing by Ctrl-C: the terminal's signals go to the run alone.

It is run by its path and imports nothing of this project, so that it is there within some 50 ms. A parent-death signal
(Linux: prctl) would not do: it does not reach grandchildren, and asv's benchmarks are those. Where there are no
sessions (Windows), the descendants are killed that psutil still finds.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable

import psutil

PATIENCE = 5.0  # seconds for the killed to be gone: the kernel takes milliseconds, unless one hangs in a device
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows knows but one way


def alive(pids: Iterable[int]) -> list[int]:
    """Those of the processes that run, this one and zombies not included."""
    found = []
    for pid in pids:
        try:
            if pid != os.getpid() and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
        except psutil.Error:  # gone meanwhile
            continue
    return found


def members(session: int) -> list[int]:
    """The processes of a session, but for this one."""
    if not hasattr(os, "getsid"):
        try:
            return alive(child.pid for child in psutil.Process(session).children(recursive=True))
        except psutil.Error:  # gone, and nobody knows any more whose children they were
            return []
    return alive(pid for pid in psutil.pids() if session_of(pid) == session)


def session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:  # gone, or not ours to ask
        return None


def end(found: Callable[[], list[int]]) -> None:
    """Kill what is found until nothing is: a process may fork while it is being looked for."""
    deadline = time.monotonic() + PATIENCE
    while (left := found()) and time.monotonic() < deadline:
        for pid in left:
            try:
                os.kill(pid, KILL)
            except OSError:
                continue
        time.sleep(0.005)


def main(command: list[str]) -> int:
    own = os.getpid()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def watch() -> None:
        os.read(0, 1)  # nothing is ever written: this returns when the run has closed the pipe or is gone
        end(lambda: members(own))
        os._exit(128 + KILL)

    threading.Thread(target=watch, daemon=True).start()
    code = child.wait()
    end(lambda: members(own))
    return 128 - code if code < 0 else code


if __name__ == "__main__":
    status = main(sys.argv[1:])
    os._exit(status)  # the thread is still reading

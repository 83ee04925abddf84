"""What a run holds while it goes on: its results folder, which is nobody else's meanwhile, and a temporary folder.

Contract: both are context managers that give back what they took. What a killed run left is taken over: a lock ends
with the process that had it, since the system keeps it (flock; on Windows a locked byte), and leftovers are deleted
when the next run begins. The commands hold, and not `analysis.running`, since whoever chooses a folder answers for it.

What holds where: on local disks always. Over NFS the lock holds between machines from Linux 2.6.12 and NFS 4 on, unless
the share is mounted with `local_lock`; a file system that knows no locks is refused. Of a run on another machine the
process's number is shown with the machine's name; nothing is concluded from it.
"""

import json
import os
import platform
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from analysis.commands.write import (
    PARTIAL,
    cannot_be_written,
    delete_file,
    delete_folder,
    make_folder,
    make_own_folder,
    write_whole,
)
from analysis.errors import AnalysisError
from analysis.running.children import end_users_of, started

SOCKET_PATH = 103  # bytes that every system takes for a socket's path (macOS 103, Linux 107)
SOCKET = "/asv-forkserver-12345678/socket"  # asv's own, in its temporary folder
SCRATCH = re.compile(r"modes-(\d+)-(\d+)")  # process, and the second of its start
SAME_START = 2.0  # seconds: a start is computed from the clock's, which may be set meanwhile


def beside(results: Path) -> tuple[Path, Path]:
    """The lock of a results folder, and the file that says who holds it.

    They lie beside it: what is in a results folder is merged, published and, of changed code, deleted. One lock is for
    the folder itself and the one of changed code.
    """
    folder = results.resolve()
    return folder.with_name(f"{folder.name}.lock"), folder.with_name(f"{folder.name}.running")


@contextmanager
def alone(results: Path) -> Iterator[None]:
    """Hold a results folder; AnalysisError, with the other's process and start, where another run holds it."""
    path, note = beside(results)
    make_folder(path.parent)
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise AnalysisError(
            f"another run is measuring into {results}: {holder(note)}. Wait until it has ended, or choose another "
            "folder with --results; parts of a run (--shard) that are measured at once have a folder each, and "
            "`python -m analysis merge` joins them"
        ) from None
    except (OSError, NotImplementedError) as error:
        raise AnalysisError(
            f"{path} cannot be locked ({error}), so that another run may write there unnoticed; choose a folder on a "
            "local disk with --results"
        ) from None
    try:
        own = {"pid": os.getpid(), "started": started(os.getpid()), "host": platform.node()}
        write_whole(note, json.dumps(own).encode())
        for folder in (results, results.with_name(f"{results.name}-dirty")):
            for path in sorted(folder.rglob(f".*{PARTIAL}")):
                delete_file(folder, path.relative_to(folder).as_posix())
        yield
    finally:
        with suppress(AnalysisError):
            delete_file(note.parent, note.name)
        lock.release()


@contextmanager
def alone_if_measured(results: Path) -> Iterator[None]:
    """Hold a folder into which a run has measured; any other is written at once, and no lock is left beside it."""
    if not beside(results)[0].exists():
        yield
        return
    with alone(results):
        yield


def holder(note: Path) -> str:
    """Who holds a folder, in words."""
    try:
        known = json.loads(note.read_bytes())
        since = datetime.fromtimestamp(float(known["started"])).strftime("%Y-%m-%d %H:%M:%S")
        return f"process {int(known['pid'])} on {str(known['host'])!r}, started {since}"
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return "a process that has not said yet which it is"


@contextmanager
def scratch() -> Iterator[Path]:
    """An empty temporary folder of this process's own; those that killed runs left are deleted first.

    A folder's name carries the process and its start. Its lock, which the process holds, tells that it lives where its
    number does not: in another container, on another machine that has the folder in common.
    """
    try:
        place = Path(tempfile.gettempdir()).resolve()
    except FileNotFoundError as error:
        wished = Path(os.environ.get("TMPDIR", "/tmp"))
        raise AnalysisError(f"no temporary folder can be had: {cannot_be_written(wished, error)}") from None
    clear(place)
    folder = place / f"modes-{os.getpid()}-{int(started(os.getpid()) or 0)}"
    if len(os.fsencode(folder)) + len(SOCKET) > SOCKET_PATH:
        raise AnalysisError(f"{place} is too long a path for the sockets of asv; set TMPDIR to a shorter one")
    make_own_folder(folder)
    lock = FileLock(folder / "lock", timeout=0)
    try:
        lock.acquire()
        yield folder
    except OSError as error:
        if error.filename is None or not Path(os.fsdecode(error.filename)).is_relative_to(folder):
            raise
        raise AnalysisError(cannot_be_written(folder, error)) from None
    finally:
        lock.release()
        with suppress(AnalysisError):  # the next run deletes it
            delete_folder(folder)


def clear(place: Path) -> None:
    """Delete the folders of runs that are dead, and end what is still at work in them."""
    for folder in sorted(place.glob("modes-*-*")):
        name = SCRATCH.fullmatch(folder.name)
        if name is None or not own_folder(folder) or lives(int(name[1]), int(name[2])):
            continue
        lock = FileLock(folder / "lock", timeout=0)
        try:
            lock.acquire()
        except (OSError, NotImplementedError, Timeout):
            continue
        lock.release()
        end_users_of(folder)
        with suppress(AnalysisError):
            delete_folder(folder)


def own_folder(folder: Path) -> bool:
    """Whether it is a folder, no link, and this user's."""
    return folder.is_dir() and not folder.is_symlink() and (os.name == "nt" or folder.stat().st_uid == os.getuid())


def lives(pid: int, start: int) -> bool:
    """Whether the process lives, and is not another that got its number since."""
    since = started(pid)
    return since is not None and abs(since - start) <= SAME_START

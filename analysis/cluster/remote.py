"""What a worker of the cluster does for a run. These functions are sent to it by value: it has none of this project.

Contract: what is imported here is the standard library and what Dask brings; the project's own code a worker has only
as the clone of the commit that is measured, whose programs it starts with its own Python. Every function returns plain
values; what a user can mend comes back as `{"refused": one line}`, anything else raises.

What measures runs below the clone's own keeper (`analysis.running.keeper`): when the worker dies, `kill -9` included,
or its task is given up, the keeper kills all of it. One at a time measures on a machine: a file that a worker locks
while it works says so to the workers of another cluster, and its lock ends with the worker.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMED = "MODES_MACHINE"
"""The variable in a worker's environment that names its machine, where the system's name for it will not do."""
TOPIC = "mode-crossover"
"""Under which a worker tells what its run prints: Dask's events."""
KERNEL = Path("/proc/sys/kernel/random/boot_id")
TICK = 0.2  # seconds from one look at a task's state to the next
KEPT = 7 * 86400.0  # seconds for which a clone is kept that nobody uses
INSTALL = "install what the suite needs into the worker's Python: python -m pip install -e '.[bench,cluster]'"
TAIL = 4  # last lines of what a program printed, for an error


def identity(dask_worker: Any) -> dict[str, Any]:
    """Which machine a worker is on, and where it keeps files. Workers of one `host` are on one machine.

    The kernel's boot is one for all containers of a machine, whose names differ.
    """
    named = os.environ.get(NAMED)
    try:
        booted = KERNEL.read_text(encoding="ascii").strip()
    except OSError:
        booted = platform.node()
    return {
        "name": named or platform.node(),
        "host": named or booted,
        "place": str(Path(dask_worker.local_directory).parent / f"mode-crossover-{named or platform.node()}"),
        "git": shutil.which("git") is not None,
    }


def clients(dask_scheduler: Any) -> list[str]:
    """Who is connected to the scheduler, by the names that Dask gives them."""
    return list(dask_scheduler.clients)


def prepared(job: dict[str, Any], bundle: bytes | None) -> dict[str, Any]:
    """A clone of the job's commit in its `place`, and what the suite there says of this machine.

    `{"lacking": commit}` where the clone has to be made and there is no bundle to make it of.
    """
    commit = job["commit"]
    clone = Path(job["place"]) / commit[:12]
    try:
        with locked(job["host"]):
            if not is_clone(clone, commit):
                if bundle is None:
                    return {"lacking": commit}
                make_clone(clone, commit, bundle)
            os.utime(clone)
            done = subprocess.run(
                [sys.executable, "-m", "analysis.cluster.described"],
                cwd=clone,
                env=environment(clone, job["settings"]),
                capture_output=True,
                text=True,
                check=False,
            )
    except BusyError as busy:
        return {"refused": str(busy)}
    except ModuleNotFoundError as error:
        return {"refused": f"{error.name} is not installed there; {INSTALL}"}
    except (OSError, subprocess.CalledProcessError) as error:
        return {"refused": f"{clone} cannot be made there ({complaint(error)}); see to it, or start the worker with "
                           "--local-directory on another disk"}  # fmt: skip
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        return {"refused": f"the suite cannot be started there ({said[-1].strip()}); {INSTALL}"}
    return {**json.loads(done.stdout), "clone": str(clone)}


def measured(job: dict[str, Any]) -> dict[str, Any]:
    """The results of `python -m analysis run` in the job's `clone`, of its `cells` alone, into an empty folder.

    Returns the files by their paths, the run's exit status and its last lines. Its progress goes to TOPIC meanwhile.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def wanted() -> bool:
        """Whether anybody still waits for this: the client may be gone, or the worker may be told to end."""
        task = worker.state.tasks.get(key)
        return task is not None and task.state in ("executing", "long-running") and worker.status.name in (
            "running", "paused", "closing_gracefully"
        )  # fmt: skip

    def tell(line: str) -> None:
        worker.log_event(TOPIC, {"address": worker.address, "line": line})

    clone, started = Path(job["clone"]), time.monotonic()
    try:
        with locked(job["host"]), tempfile.TemporaryDirectory(prefix="mode-crossover-") as temporary:
            cells, results = Path(temporary) / "cells.json", Path(temporary) / "results"
            cells.write_text(json.dumps(job["cells"]), encoding="utf-8")
            command = [sys.executable, "-P", str(clone / "analysis" / "running" / "keeper.py")]
            command += [sys.executable, "-m", "analysis", "run", *job["arguments"]]
            command += ["--cells", str(cells), "--results", str(results)]
            status, lines = watched(command, clone, environment(clone), wanted, tell)
            paths = [path for path in sorted(results.rglob("*")) if path.is_file()]
            files = {path.relative_to(results).as_posix(): path.read_bytes() for path in paths}
    except BusyError as busy:
        return {"refused": str(busy)}
    seconds = time.monotonic() - started
    return {"files": files, "status": status, "said": lines[-TAIL:], "seconds": seconds}


def watched(
    command: list[str], clone: Path, settings: dict[str, str], wanted: Callable[[], bool], tell: Callable[[str], None]
) -> tuple[int, list[str]]:
    """Run a command below the keeper; its exit status and its lines. It is killed as soon as nobody wants it."""
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=clone,
        env=settings,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as child:
        assert child.stdout is not None  # because of PIPE
        assert child.stdin is not None

        def listen(output: Any) -> None:
            for line in output:
                lines.append(line.rstrip())
                tell(line.rstrip())

        listener = threading.Thread(target=listen, args=(child.stdout,), daemon=True)
        listener.start()
        while child.poll() is None and wanted():
            time.sleep(TICK)
        child.stdin.close()  # the keeper kills what is left
        listener.join()
        return child.wait(), lines


def environment(clone: Path, settings: Mapping[str, str] = {}) -> dict[str, str]:
    """The environment of what is started in the clone: the worker's, with the clone's code before any other."""
    return {**os.environ, **settings, "PYTHONPATH": str(clone), "PYTHONUNBUFFERED": "1"}


# --- the clone ---


def is_clone(clone: Path, commit: str) -> bool:
    """Whether the folder is a clone at the commit, with nothing changed."""
    if not (clone / ".git").is_dir():
        return False
    try:
        return git(clone, "rev-parse", "HEAD") == commit and not git(clone, "status", "--porcelain")
    except subprocess.CalledProcessError:
        return False


def make_clone(clone: Path, commit: str, bundle: bytes) -> None:
    """Make the clone of a bundle. What was there of this commit is removed, and what is of others and was not used for
    a week."""
    begun = clone.with_name(f"{clone.name}.begun")
    begun.parent.mkdir(parents=True, exist_ok=True)
    for folder in begun.parent.iterdir():
        if folder in (begun, clone) or time.time() - folder.stat().st_mtime > KEPT:
            shutil.rmtree(folder)
    begun.mkdir()
    file = begun / "bundle"
    file.write_bytes(bundle)
    git(begun, "init", "--quiet")
    git(begun, "fetch", "--quiet", str(file), "HEAD")
    git(begun, "-c", "advice.detachedHead=false", "checkout", "--quiet", "--detach", commit)
    file.unlink()
    begun.rename(clone)


def git(folder: Path, *arguments: str) -> str:
    """What a git command prints. No hook of the user's takes part."""
    command = ["git", "-c", f"core.hooksPath={os.devnull}", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True)
    return done.stdout.strip()


def complaint(error: OSError | subprocess.CalledProcessError) -> str:
    """What went wrong, in a few words."""
    if isinstance(error, OSError):
        return str(error)
    said = [line for line in (error.stderr or "").splitlines() if line.strip()] or ["no message"]
    return f"git: {said[-1].strip()}"


# --- one at a time on a machine ---


class BusyError(Exception):
    """Somebody else measures on this machine."""


@contextmanager
def locked(host: str) -> Iterator[None]:
    """Hold this machine; BusyError where another worker holds it, perhaps one of another cluster."""
    from filelock import FileLock, Timeout

    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    path = Path(tempfile.gettempdir()) / f"mode-crossover-{user}-{host.replace(os.sep, '-')}.lock"
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise BusyError(
            f"another worker on this machine, perhaps of another cluster, is measuring already ({path} is locked); "
            "wait until it has ended, or stop it"
        ) from None
    try:
        yield
    finally:
        lock.release()

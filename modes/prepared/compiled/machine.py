"""The interpreter of this machine: loaded from disk, or compiled, which is said.

Contract: numba is imported by the first call of `interpreter` and not before.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

__all__ = ["interpreter"]

_lock = Lock()


def interpreter() -> Any:
    """The interpreter, an `Interpreter`; made once a process.

    It is compiled once for a machine, a version of this package, of numba and of Python (20 s or so), and kept where
    numba keeps what it compiles: in NUMBA_CACHE_DIR, beside this package, or in the user's folder for caches; where
    none of them can be written, in a folder of the user's own among the temporary files.

    Raises ModuleNotFoundError without numba, with the remedy.
    """
    with _lock:
        return _interpreter()


@cache
def _interpreter() -> Any:
    try:
        import numba
        from numba.core import event
    except ImportError as missing:
        raise ModuleNotFoundError(
            'expected numba for backend="numba" of modes.prepare, and it cannot be imported '
            f"({missing}); install it (pip install 'mode-crossover[compiled]'), or prepare with backend=\"numpy\""
        ) from missing
    with event.install_listener("numba:compile", _announcer(event.Listener)):
        from .interpreter import build

        try:
            return build(cache=True)
        except RuntimeError as refused:  # what numba raises where no folder can be written
            if "cannot cache function" not in str(refused):
                raise
        folder = _own_folder()
        if folder is None:
            return build(cache=False)
        config: Any = numba.config  # whose names are known at run time alone
        before, config.CACHE_DIR = config.CACHE_DIR, str(folder)
        try:
            return build(cache=True)
        finally:
            config.CACHE_DIR = before


def _announcer(listener: Any) -> Any:
    """Says once that something is compiled."""

    class Announcer(listener):
        said = False

        def on_start(self, event: Any) -> None:
            if not self.said:
                self.said = True
                print("modes: compiling the interpreter of prepared functions, once on this machine", file=sys.stderr)

        def on_end(self, event: Any) -> None:
            pass

    return Announcer()


def _own_folder() -> Path | None:
    """A folder among the temporary files that nobody else can write, for what is kept there is code; else None."""
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    folder = Path(tempfile.gettempdir()) / f"modes-compiled-{user}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    private = not hasattr(os, "getuid") or (found.st_uid == user and not stat.S_IMODE(found.st_mode) & 0o077)
    return folder if stat.S_ISDIR(found.st_mode) and private and os.access(folder, os.W_OK) else None

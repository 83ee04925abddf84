"""A line at the foot of a terminal that says what is being done and for how long: for commands that take seconds.

Contract: where the standard error is no terminal nothing is ever written. The line is gone when the work is done, and
:func:`clear` takes it away before anything else is printed; it comes back by itself. One such line at a time.
"""

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import cycle

from analysis.text import clock, one_line

PATIENCE = 0.4  # seconds before the line is shown: what is done by then needs none
TICK = 0.15
FRAMES = "|/-\\"
ERASE = "\r\x1b[K"
_lock = threading.Lock()
_shown = False


@contextmanager
def working(text: str = "") -> Iterator[Callable[[str], None]]:
    """Show `text` while the block runs, where the standard error is a terminal; what it gives replaces the text, "" by
    no line at all."""
    if not _terminal():
        yield lambda text: None
        return
    doing = _Doing(text)
    over = threading.Event()
    spinner = threading.Thread(target=_spin, args=(doing, over), daemon=True)
    spinner.start()
    try:
        yield doing.now
    finally:
        over.set()
        spinner.join()
        clear()


def clear() -> None:
    """Take the line away, if there is one, so that something else can be printed in its place."""
    global _shown
    with _lock:
        if _shown:
            _write(ERASE)
            _shown = False


class _Doing:
    """What is being done, and since when."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.since = time.monotonic()

    def now(self, text: str) -> None:
        if not self.text:
            self.since = time.monotonic()
        self.text = text


def _spin(doing: _Doing, over: threading.Event) -> None:
    global _shown
    frames = cycle(FRAMES)
    over.wait(PATIENCE)
    while not over.is_set():
        if text := doing.text:
            seconds = clock(time.monotonic() - doing.since)
            room = shutil.get_terminal_size().columns - 1
            with _lock:
                _write(f"{ERASE}{f'{next(frames)} {one_line(text)} ({seconds})'[:room]}")
                _shown = True
        else:
            clear()
        over.wait(TICK)


def _write(text: str) -> None:
    with suppress(OSError, ValueError):  # a terminal that is gone; there is nobody to tell
        sys.stderr.write(text)
        sys.stderr.flush()


def _terminal() -> bool:
    try:
        return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # closed
        return False

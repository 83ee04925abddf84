"""Python's cyclic garbage collector, asked to look less often while something long is written down.

A tape or a recording is many small objects that all stay. The collector's interval counts new objects, so that every
700 of them it goes through the youngest again, and through all of them time after time as they become more: on a long
tape that takes as long as the rest. None of it is garbage, which the collector cannot know.

While at least one `Patience` is at work the collector's first threshold is `INTERVAL`. It is not turned off: cycles
that the user's function leaves behind are collected, a little later. Thresholds are the whole process's, so they are
counted by users, and put back by the last one unless somebody else has set others meanwhile.

Source: Python's documentation of the module gc, https://docs.python.org/3/library/gc.html#gc.set_threshold
"""

from __future__ import annotations

import gc
from threading import Lock

__all__ = ["LONG", "Patience"]

LONG = 500  # entries: below, all of it takes less time than a collection
INTERVAL = 50_000  # new objects; 20 MB of the smallest


class _Users:
    """How many there are, and the thresholds that the first of them found."""

    lock = Lock()
    count = 0
    found: tuple[int, int, int] = (0, 0, 0)


class Patience:
    """One user: from its making to `end`, which may be called twice."""

    __slots__ = ("ended",)

    def __init__(self) -> None:
        self.ended = False
        with _Users.lock:
            if _Users.count == 0:
                _Users.found = gc.get_threshold()
                if 0 < _Users.found[0] < INTERVAL:  # 0: it is turned off
                    gc.set_threshold(INTERVAL, *_Users.found[1:])
            _Users.count += 1

    def end(self) -> None:
        with _Users.lock:
            if self.ended:
                return
            self.ended = True
            _Users.count -= 1
            if _Users.count == 0 and gc.get_threshold() == (INTERVAL, *_Users.found[1:]):
                gc.set_threshold(*_Users.found)

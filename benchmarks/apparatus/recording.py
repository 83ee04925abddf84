"""What a cell says to a run beside its number: that it begins, and why it has none, before asv is told.

The writing side of :mod:`benchmarks.catalogue.reasons`.

Contract: where MODES_REASONS names a file, an exception that leaves :func:`recording` is appended to it as one line, in
one write, and raised on; where it names none, nothing is added. What is timed by asv itself is never wrapped: it was
computed once in ``setup``, whose exceptions are recorded. asv takes NotImplementedError in ``setup`` for a skip.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any

from ..catalogue.reasons import BEGUN, VARIABLE, Reason


@contextmanager
def recording(benchmark: str, parameters: Sequence[Any], skips: type[Exception] | tuple[()] = ()) -> Iterator[None]:
    """Record an exception as the reason of this cell: skipped where it is one of ``skips``, else failed."""
    try:
        yield
    except Exception as error:
        kind = type(error)
        name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
        status = "skipped" if isinstance(error, skips) else "failed"
        append(Reason(benchmark, tuple(map(repr, parameters)), status, name, str(error)))
        raise


def recorded(method: Callable[..., Any]) -> Callable[..., Any]:
    """A ``track_`` method of a benchmark that records why it fails."""

    @wraps(method)
    def track(self: Any, *parameters: Any) -> Any:
        with recording(self.asv_name(), parameters):
            return method(self, *parameters)

    return track


def append(reason: Reason) -> None:
    """To the file that the environment names, if it does."""
    _append(os.environ.get(VARIABLE), reason.line)


def begun(case: str) -> None:
    """That a case is now measured: a line of its text in the file that MODES_BEGUN names, if it names one."""
    _append(os.environ.get(BEGUN), f"{case}\n")


def _append(path: str | None, line: str) -> None:
    """By one write at the file's end, since others write to it, too."""
    if path:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

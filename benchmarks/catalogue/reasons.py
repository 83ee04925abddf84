"""Why a cell has no number, as the cell itself records it: the form of the file that the suite writes and a run reads.

Contract: where the environment names a file by VARIABLE, a cell that fails or is skipped appends one line to it before
it raises: a JSON object with the fields of :class:`Reason`. Each cell is a process of its own, and appends in one
write. Where there are several lines of a cell the last one counts. A cell that was killed or ran past its time limit
has no line: for it the reader says SILENT. A line that is cut short, or is not of this form, is no line.
"""

import json
from collections.abc import Iterable
from typing import NamedTuple

VARIABLE = "MODES_REASONS"
BEGUN = "MODES_BEGUN"
"""The variable that names a file to which each cell appends its case as it begins, a line each: a run's progress."""
TIMED_OUT = 124
"""Exit status of a process that ended itself because a cell went on for longer than its benchmark allows."""
SILENT = "no reason recorded: it timed out, its process died, or asv was run by itself"


class Reason(NamedTuple):
    """Why one cell of a benchmark has no number."""

    benchmark: str
    """As asv spells it: "engines.Cost.track_seconds"."""
    parameters: tuple[str, ...]
    """The `repr` of each, as `python -m benchmarks cells` lists them."""
    status: str
    """"failed", or "skipped" where the engine is missing, not chosen, or lacks what the case asks for."""
    error: str
    """The exception's type: "benchmarks.apparatus.checks.WrongDerivativeError"; without module where built in."""
    message: str

    @property
    def line(self) -> str:
        """The one line of JSON that :func:`parse_reasons` reads, newline included."""
        return json.dumps(self._asdict()) + "\n"

    @property
    def text(self) -> str:
        """As a traceback ends: the type and the first line of the message."""
        first = next(iter(self.message.splitlines()), "")
        return f"{self.error}: {first}" if first else self.error


def parse_reasons(text: str) -> dict[tuple[str, tuple[str, ...]], Reason]:
    """The reasons in a file's text, by benchmark and parameters."""
    found = (reason for line in text.splitlines() if (reason := _reason(line)) is not None)
    return {(reason.benchmark, reason.parameters): reason for reason in found}


def failures(reasons: Iterable[Reason]) -> dict[str, str]:
    """Why cells failed, by name as a run writes it: "engines.Cost.track_seconds('modes', 3, None)"."""
    return {
        f"{reason.benchmark}({', '.join(reason.parameters)})": reason.text
        for reason in reasons
        if reason.status == "failed"
    }


def _reason(line: str) -> Reason | None:
    try:
        fields = json.loads(line)
        return Reason(**{**fields, "parameters": tuple(fields["parameters"])})
    except (ValueError, TypeError, KeyError):
        return None

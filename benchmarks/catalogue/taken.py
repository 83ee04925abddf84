"""What one process says of one ratio that it measured: the form in which the suite hands it to whoever asked.

Contract: `python -m benchmarks take` prints one line a cell, a JSON object with the fields of :class:`Taken`. There is
one number: the median of the interleaved pairs that this process took. Its scatter from process to process, which the
pairs of one process do not show, is what an interval has to know of (T. Kalibera and R. Jones, Rigorous Benchmarking
in Reasonable Time, ISMM 2013, https://doi.org/10.1145/2464157.2464160).
"""

import json
from typing import NamedTuple

OF_PROCESSES = "2"
"""asv's version of every benchmark of a ratio: its samples are one number a process. Those of version 1 were pairs."""
SHARE = 0.9
"""A process that got less of its core while it measured shared it with another program."""
AGAIN = 2
"""How often a ratio is taken again because its process shared its core; then it counts, or a busy machine had none."""


class Taken(NamedTuple):
    """One ratio, from one process."""

    benchmark: str
    """As asv spells it: "crossover.Map.track_log_ratio"."""
    parameters: tuple[str, ...]
    """The `repr` of each, as `python -m benchmarks cells` lists them."""
    status: str
    """"ok", "failed" or "skipped"; why, the file says that MODES_REASONS names (`benchmarks.catalogue.reasons`)."""
    value: float | None = None
    """The natural logarithm of the ratio; None where there is none."""
    seconds: float = 0.0
    """What it took, set-up included."""
    share: float | None = None
    """Processor time over time passed while the pairs were taken; None where that says nothing: on a device,
    or with several threads."""
    switches: int = 0
    """How often the system took the core away meanwhile."""

    @property
    def line(self) -> str:
        """The one line of JSON that :func:`parsed` reads, newline included."""
        return json.dumps(self._asdict()) + "\n"

    @property
    def disturbed(self) -> bool:
        """Whether another program had part of the core."""
        return self.share is not None and self.share < SHARE


def parsed(text: str) -> list[Taken]:
    """What the lines of a text say; a line that is cut short, or is not of this form, is no line."""
    return [taken for line in text.splitlines() if (taken := _parsed(line)) is not None]


def _parsed(line: str) -> Taken | None:
    try:
        fields = json.loads(line)
        return Taken(**{**fields, "parameters": tuple(fields["parameters"])})
    except (ValueError, TypeError, KeyError):
        return None

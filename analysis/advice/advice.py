"""The answer as a value: plain data that prints as text, and as a table in a notebook.

Contract: frozen, of numbers and texts alone; `as_dict` is what `--json` prints. Ratios are of times, above 1 slower
than the best way; a missing end of an interval is None.
"""

from dataclasses import asdict, dataclass
from typing import Any

Ends = tuple[float | None, float | None]


@dataclass(frozen=True)
class Row:
    """One way: seconds of a call with their 95 % interval, the ratio to the best way as it stands with its interval,
    bytes at the peak, seconds before the second call. `note` says what is missing and why."""

    way: str
    seconds: float | None
    interval: Ends
    ratio: float | None
    ratio_interval: Ends
    peak_bytes: int | None
    first_seconds: float | None
    note: str = ""


@dataclass(frozen=True)
class RuleRow:
    """A rule that libraries ship: who goes by it, the mode it takes, and that mode's time over the better one's."""

    when: str
    who: str
    mode: str
    cost: float | None
    interval: Ends


@dataclass(frozen=True)
class Crossing:
    """Where the function's own modes meet, over the sizes that were asked for.

    `over` is what runs: "n" or "m". `below` is the mode that is cheaper below the crossing. `points` has a line a size:
    size, n, m, seconds of both modes, the ratio forward over reverse with its interval.
    """

    over: str
    below: str
    verdict: str
    crossing: float | None
    interval: Ends
    tie: Ends
    points: tuple[dict[str, Any], ...]
    text: str


@dataclass(frozen=True)
class Advice:
    """Which way to differentiate a function. Printed, it is a text; `answer` is its first line."""

    answer: str
    use: str
    best: str
    sure: str
    function: str
    n: int
    m: int
    dtype: str
    f_seconds: float
    rows: tuple[Row, ...]
    rules: tuple[RuleRow, ...]
    remarks: tuple[str, ...]
    changes: tuple[str, ...]
    doubts: tuple[str, ...]
    crossing: Crossing | None
    control: tuple[float | None, float | None, float | None]
    circumstances: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Itself as JSON has it."""
        return asdict(self)

    def __str__(self) -> str:
        from analysis.advice.text import text

        return text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from analysis.advice.html import html

        return html(self)

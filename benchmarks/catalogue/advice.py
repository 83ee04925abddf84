"""What is asked of a user's own function, and what was found: the form in which the two sides of a measurement speak.

Contract: plain data that JSON holds. `analysis` asks, by a :class:`Request`; `benchmarks.advising` answers, in a
process of its own or in the one that asks, by :class:`Found` (a first look), :class:`Times` (one process's rounds) or
:class:`Refused` (one line: what was expected, what came, the remedy).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

FORWARD, REVERSE, MIXED, AUTO = "forward", "reverse", "mixed", "auto"
DIRECT, PREPARED, COMPILED = "", "prepared", "compiled"
FORMS = (DIRECT, PREPARED, COMPILED)
"""How a mode of `modes` is called: as it stands, recorded and replayed by NumPy, replayed compiled."""
ENGINES = ("modes", "jax")
SECONDS = 30.0
"""How long an answer may take, where nothing else is asked for."""


@dataclass(frozen=True)
class Way:
    """A way to the Jacobian: an engine, how it is called, a mode."""

    engine: str = "modes"
    form: str = DIRECT
    mode: str = FORWARD

    @property
    def name(self) -> str:
        """As it is called in a table: "reverse", "prepared forward", "jax reverse"."""
        engine = "" if self.engine == "modes" else self.engine
        return " ".join(word for word in (engine, self.form, self.mode) if word)


@dataclass(frozen=True)
class Request:
    """A function, its arguments, and what is to be done with them.

    `function` and `at` are written MODULE:NAME, to be imported from `folder`; where there is a file `pickled`, both are
    in it. `size` is handed to `at`, where that is a function. Asked for is a first look at `ways` (none: at all), or,
    where `rounds` is not 0, as many rounds of timing them as go into `seconds`.
    """

    function: str
    at: str = ""
    size: int | None = None
    argnums: int | tuple[int, ...] = 0
    engines: tuple[str, ...] = ("modes",)
    folder: str = "."
    pickled: str = ""
    seconds: float = SECONDS
    ways: tuple[Way, ...] = ()
    rounds: int = 0

    @classmethod
    def of(cls, known: dict[str, Any]) -> "Request":
        argnums = known["argnums"]
        return cls(
            **{
                **known,
                "argnums": argnums if isinstance(argnums, int) else tuple(argnums),
                "engines": tuple(known["engines"]),
                "ways": tuple(Way(**way) for way in known["ways"]),
            }
        )


@dataclass(frozen=True)
class Look:
    """One way at a first look. Times in seconds, of one call; memory in bytes.

    `first` is what comes before the second call: recording, compiling, the call itself. `seconds` is a call's time from
    then on; where only `seeds` of `of` seeds were carried, extrapolated from those. `peak` is missing where it cannot
    be seen. `note` says why there is no more; a way with `failed` has no time that counts.
    """

    way: Way
    first: float = 0.0
    seconds: float = 0.0
    seeds: int = 0
    of: int = 0
    peak: int | None = None
    note: str = ""
    failed: bool = False

    @property
    def whole(self) -> bool:
        """Whether a whole Jacobian was computed, and was right."""
        return not self.failed and self.seeds == self.of


@dataclass(frozen=True)
class Counts:
    """What `modes.plan` says of the function: of each mode its multiply-adds, and of its predicted seconds the share
    that does not grow with sizes."""

    mode: str
    seconds: dict[str, float]
    fma: dict[str, int]
    fixed: dict[str, float]
    cuts: tuple[int, ...]
    operations: int
    chunks: dict[str, int | None]
    reason: str


@dataclass(frozen=True)
class Found:
    """A first look at a function: n inputs, m outputs, the ways and what each is like; `took` seconds in all."""

    name: str
    n: int
    m: int
    dtype: str
    f_seconds: float
    looks: tuple[Look, ...]
    counts: Counts | None = None
    doubts: tuple[str, ...] = ()
    blas_threads: int = 1
    numpy: str = ""
    took: float = 0.0

    @classmethod
    def of(cls, known: dict[str, Any]) -> "Found":
        counts = known["counts"]
        return cls(
            **{
                **known,
                "looks": tuple(Look(**{**look, "way": Way(**look["way"])}) for look in known["looks"]),
                "counts": None if counts is None else Counts(**{**counts, "cuts": tuple(counts["cuts"])}),
                "doubts": tuple(known["doubts"]),
            }
        )

    def look(self, name: str) -> Look | None:
        return next((look for look in self.looks if look.way.name == name), None)


@dataclass(frozen=True)
class Times:
    """Seconds a call in each round of one process, by way; `control` is the first of them once more, at the end of
    every round. `busy` is processor time over time passed: below 1 something else ran on the same core."""

    seconds: dict[str, list[float]]
    control: list[float]
    busy: float = 1.0


@dataclass(frozen=True)
class Refused:
    """Why there is nothing to measure, in one line; `theirs`: the function itself raised."""

    line: str
    theirs: bool = False


def requests(text: str) -> list[Request]:
    """What a measuring process is asked for, one after the other."""
    return [Request.of(known) for known in json.loads(text)]


def requested(requests: Sequence[Request]) -> str:
    """What :func:`requests` reads."""
    return json.dumps([asdict(request) for request in requests])


def answer(text: str) -> Found | Times | Refused:
    """What a measuring process printed."""
    kind, known = json.loads(text)
    if kind == "Found":
        return Found.of(known)
    return Times(**known) if kind == "Times" else Refused(**known)


def as_text(answer: Found | Times | Refused) -> str:
    """What :func:`answer` reads, in one line."""
    return json.dumps([type(answer).__name__, asdict(answer)])

"""What the files of a results folder hold, and the one way in which any of them is read.

Contract: :func:`opened` reads a regular file, :func:`checked` its contents, which have to be of one of the forms below;
either raises DamagedError, whose text says in one line what is wrong. What has passed can be relied on: types, lengths,
numbers that fit a float, dates that fit a calendar, texts that UTF-8 can hold, and names that are one component
of a path (`analysis.names`).

The forms are those of version 2 of asv's results and of what the suite keeps beside them. The types are checked by
msgspec, in C: 8 ms for the results of a standard run, 2.3 MB. JSON is Python's, since asv writes NaN, which no other
reader takes.
"""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from analysis.errors import AnalysisError
from analysis.names import component

FORMAT, SUITE_FORMAT, MACHINE_FORMAT = 2, 2, 1
"""The versions of asv's formats: of results, of benchmarks.json, of machine.json."""
MOST_CELLS = 10**7
"""More cells in one benchmark are damage: the suite's largest has fewer than 10^4."""
DEEPEST = 50
"""Lists and objects inside each other; asv's files have five."""

TOO_DEEP = "no JSON of ours: nested too deeply"

Form = TypeVar("Form")
Milliseconds = Annotated[float, Meta(ge=0, le=9e12)]
"""Since 1970; a calendar of nanoseconds in 64 bits ends in 2262."""
Numbers = list[float | None]
# Texts of JSON that no terminal and no file system takes: NUL, and halves of a character outside the first plane.
UNPRINTABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


class DamagedError(AnalysisError):
    """A file is not what it should be. Its text says what is wrong with it, and not where the file is."""


class OtherVersionError(DamagedError):
    """A file is of another version of asv's formats. `found` is that version."""

    def __init__(self, found: int, expected: int) -> None:
        super().__init__(f"asv's format {found}, expected {expected}")
        self.older = found < expected


# --- asv's files ---


class Row(Struct, forbid_unknown_fields=True):
    """One benchmark of a result file; its cells are the product of `params`, the last running fastest.

    None for a column is None in each cell.
    """

    result: Numbers | None = None
    params: list[list[str]] | None = None
    version: str | None = None
    started_at: Milliseconds | None = None
    duration: float | None = None
    samples: list[Numbers | None] | None = None
    profile: str | None = None
    stats: dict[str, Numbers | None] = {}

    @property
    def count(self) -> int:
        """How many cells there are."""
        return math.prod(map(len, self.params or []))

    def __post_init__(self) -> None:
        if self.count > MOST_CELLS:
            raise ValueError(f"{self.count:.0e} cells are too many")
        for column in (self.result, self.samples, *self.stats.values()):
            if column is not None and len(column) != self.count:
                raise ValueError(f"{len(column)} entries for {self.count} cells")


class Traits(Struct):
    """What asv knows of a machine, as texts."""

    machine: str
    cpu: str | int | None = None
    num_cpu: str | int | None = None
    ram: str | int | None = None
    os: str | int | None = None
    arch: str | int | None = None

    def __post_init__(self) -> None:
        named("machine", self.machine)


class Machine(Traits, kw_only=True):
    """The contents of machine.json."""

    version: int


class Results(Struct):
    """The contents of a result file; `rows` are made of `results`, by benchmark."""

    version: int
    commit_hash: str
    env_name: str
    date: Milliseconds
    params: Traits
    results: dict[str, list[Any]]
    result_columns: list[str]
    python: str
    requirements: dict[str, Any]
    env_vars: dict[str, Any] = {}
    durations: dict[str, Any] = {}
    rows: dict[str, Row] = {}

    def __post_init__(self) -> None:
        named("commit", self.commit_hash)
        named("environment", self.env_name)
        if len(set(self.result_columns)) != len(self.result_columns):
            raise ValueError("a column is named twice")
        for name, values in self.results.items():
            named("benchmark", name)
            if len(values) > len(self.result_columns):
                raise ValueError(f"{name}: {len(values)} entries for {len(self.result_columns)} columns")
            row: dict[str, Any] = dict(zip(self.result_columns, values, strict=False))
            row["stats"] = {key[6:]: row.pop(key) for key in list(row) if key.startswith("stats_")}
            self.rows[name] = _converted(row, Row, f"{name}: ")


class Description(Struct):
    """A benchmark as benchmarks.json describes it."""

    name: str
    param_names: list[str]
    version: str | None = None
    unit: str | None = None


# --- the suite's own files ---


class Engine(Struct):
    """An engine as `python -m benchmarks engines` described it; an older suite said less."""

    requires: Annotated[list[str], Meta(min_length=1)]
    versions: dict[str, str]
    missing: list[str]
    modes: list[str] = []
    layers: list[str] = []
    dtypes: list[str] = []
    chunks: list[str] = []
    memory: Literal["traced", "own", ""] = ""
    most_fma: Annotated[float, Meta(ge=0)] | None = None
    cut_of: str = ""
    problems: bool = False
    device: str = ""
    stands_for: str = ""
    absent: str = ""

    def __post_init__(self) -> None:
        if not self.missing and not {*self.requires} <= {*self.versions}:
            raise ValueError("an engine is installed, and the version of a package that it requires is not there")


class Rate(Struct):
    """Gflop/s of one product by one BLAS kernel."""

    kernel: str
    product: str
    dtype: str
    rows: int
    width: int
    gflops: Annotated[float, Meta(gt=0)]
    low: Annotated[float, Meta(gt=0)]
    high: Annotated[float, Meta(gt=0)]


class Kernels(Struct):
    """The BLAS kernels of the machine as `python -m benchmarks kernels` found them, whose docstring explains each; an
    older suite did not look, and nothing is known then."""

    library: str = ""
    own: str = ""
    used: str = ""
    threads: Annotated[int, Meta(ge=1)] = 1
    kernels: list[str] = []
    called: dict[str, str] = {}
    faults: dict[str, str] = {}
    skipped: str = "not looked for"
    rates: list[Rate] = []


class Record(Struct, forbid_unknown_fields=True):
    """The provenance of a run. Merged by hand, or of an older suite, it may lack versions, engines and faults."""

    machine: str
    env: str
    commit: str
    measured: str
    python: str = ""
    numpy: str = ""
    blas: str = ""
    modes: str = ""
    engines: dict[str, Engine] = {}
    faults: dict[str, str] = {}
    kernels: Kernels = field(default_factory=Kernels)
    rates: str = ""

    def __post_init__(self) -> None:
        for name in ("machine", "env", "commit"):
            named(name, getattr(self, name))


# --- reading ---


def opened(path: Path) -> bytes:
    """The contents of a regular file: whoever opens a pipe waits for ever."""
    try:
        if not path.is_file():
            raise DamagedError("missing" if not path.exists() else "not a regular file")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise DamagedError(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None


def checked(content: bytes, form: type[Form]) -> tuple[Any, Form]:
    """The JSON in a file as it stands there, and as `form`."""
    data = json_of(content)
    return data, _converted(data, form)


def results_of(content: bytes) -> tuple[dict[str, Any], Results]:
    """The contents of one of asv's result files."""
    data = json_of(content)
    _check_version(data, FORMAT)
    return data, _converted(data, Results)


def machine_of(content: bytes) -> tuple[dict[str, Any], Machine]:
    """The contents of asv's machine.json."""
    data = json_of(content)
    _check_version(data, MACHINE_FORMAT)
    return data, _converted(data, Machine)


def suite_of(content: bytes) -> tuple[dict[str, Any], dict[str, Description]]:
    """The contents of asv's benchmarks.json: descriptions by the benchmark's name."""
    data = json_of(content)
    _check_version(data, SUITE_FORMAT)
    described = {name: each for name, each in data.items() if name != "version"}
    suite = _converted(described, dict[str, Description])
    if any(each.name != name for name, each in suite.items()):
        raise DamagedError("a benchmark is filed under the name of another")
    return data, suite


def cases_of(content: bytes) -> list[str]:
    """The contents of the file of refinement cases."""
    return checked(content, list[str])[1]


def json_of(content: bytes) -> Any:
    """JSON in UTF-8, not nested too deeply, whose texts are texts: without NUL, and complete."""
    try:
        data = json.loads(content.decode())
        if any(b"\0" in text.encode() for text in _texts(data, UNPRINTABLE.search(content) is not None)):
            raise ValueError("a text holds NUL")
        return data
    except RecursionError:
        raise DamagedError(TOO_DEEP) from None
    except ValueError as error:  # UnicodeError among them
        raise DamagedError(f"no JSON: {' '.join(str(error).split())[:200]}") from None


def _texts(data: Any, suspected: bool) -> Iterator[str]:
    """The texts in JSON, level by level; where they are not `suspected`, none, and the levels are counted alone.

    DamagedError where there are more than DEEPEST.
    """
    level = [data] if isinstance(data, str | list | dict) else []
    for _ in range(DEEPEST):
        if suspected:
            yield from (each for each in level if isinstance(each, str))
            yield from (key for each in level if isinstance(each, dict) for key in each)
        kinds = (str, list, dict) if suspected else (list, dict)
        inside = (each.values() if isinstance(each, dict) else each for each in level if not isinstance(each, str))
        level = [value for values in inside for value in values if isinstance(value, kinds)]
        if not level:
            return
    raise DamagedError(TOO_DEEP)


def named(what: str, name: str) -> str:
    """The name, where it is one component of a path; ValueError names what it should have been the name of."""
    try:
        return component(name)
    except ValueError as error:
        raise ValueError(f"{what} {name[:80]!r} {error}") from None


def _check_version(data: Any, expected: int) -> None:
    found = data.get("version") if isinstance(data, dict) else None
    if not isinstance(found, int) or isinstance(found, bool):
        raise DamagedError("no version of asv's format is named in it")
    if found != expected:
        raise OtherVersionError(found, expected)


def _converted(data: Any, form: Any, place: str = "") -> Any:
    try:
        return msgspec.convert(data, form)
    except (msgspec.ValidationError, RecursionError) as error:
        raise DamagedError(f"{place}{error}") from None

"""A case as data: its chain, what is timed of it, and the lists of cases that each profile measures.

Contract: a :class:`Case` holds the eleven parameters of every benchmark in this suite, the mode last: asv
lets the last parameter run fastest, so that the two modes of a case are measured next to each other. Cases that
are a product of lists are a :class:`Grid`, others are :class:`Listed`.
``jacobian``, ``product`` and ``gradient`` return a callable without arguments that computes what is timed.
By then it has computed it once, and :mod:`benchmarks.apparatus.checks` has raised where that was wrong, so that asv
records a failure and never a time. Where the engine is missing, not chosen, or lacks what the case asks for,
setup raises NotImplementedError with the reason, and asv shows the cell as skipped.
"""

import ctypes
import os
from ast import literal_eval
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import product as combinations
from typing import Any, ClassVar, NamedTuple

from threadpoolctl import threadpool_limits

from modes.chains import Chain, layer_chain

from .. import peers
from .checks import check_jacobian, check_jvp, check_value, check_vjp, covector, direction

Call = Callable[[], Any]


class Case(NamedTuple):
    """One cell of the suite. mode is "forward", "reverse", two of them for a pair: "forward/reverse", or
    "primal" where no derivative is taken."""

    engine: str = "modes"
    layer: str = "dense"
    profile: str = "uniform"
    activation: str = "tanh"
    n: int = 64
    m: int = 64
    width: int = 64
    depth: int = 4
    dtype: str = "float64"
    chunk_size: int | None = None
    mode: str = "forward"

    @classmethod
    def parse(cls, text: str) -> "Case":
        """The case of a string "engine=modes layer=dense ... mode=forward/reverse" that names all
        parameters."""
        fields = dict(field.partition("=")[::2] for field in text.split())
        if set(fields) != set(cls._fields):
            raise ValueError(f"expected a case as 'name=value ...' with the names {cls._fields}, got {text!r}")
        return cls(**{name: _value(value) for name, value in fields.items()})

    @classmethod
    def of(cls, *parameters: Any) -> "Case":
        """The case that asv names: by its eleven parameters, or by one string for :meth:`parse`."""
        return cls.parse(parameters[0]) if len(parameters) == 1 else cls(*parameters)

    @property
    def text(self) -> str:
        """The string that :meth:`parse` reads."""
        return " ".join(f"{name}={value}" for name, value in self._asdict().items())

    def chain(self) -> Chain:
        """The generated function; of seed 0, so that a case is the same function on every machine."""
        return layer_chain(
            self.n,
            self.m,
            self.depth,
            self.width,
            layer=self.layer,
            activation=self.activation,
            profile=self.profile,
            dtype=self.dtype,
        )


def _value(text: str) -> Any:
    try:
        return literal_eval(text)
    except ValueError:
        return text


# --- what is timed, checked once ---


def jacobian(case: Case, chain: Chain, mode: str) -> Call:
    """The full Jacobian at ``chain.x`` in one mode."""
    engine = peers.load(case.engine)
    call = partial(engine.jacobian(chain, mode, case.chunk_size), engine.array(chain.x))
    check_jacobian(chain, call(), engine.tolerance)
    return call


def primal(case: Case, chain: Chain) -> Call:
    """The chain's own value, as the engine's users evaluate it."""
    engine = peers.load(case.engine)
    call = partial(engine.primal(chain), engine.array(chain.x))
    check_value(chain, call())
    return call


def product(case: Case, chain: Chain, mode: str) -> Call:
    """One pass: a JVP in forward mode, a VJP in reverse mode, the value of the chain included."""
    engine = peers.load(case.engine)
    if mode == "forward":
        call = partial(engine.jvp(chain), chain.x, direction(chain))
        check_jvp(chain, call()[1])
    else:
        y_bar = covector(chain)
        call = partial(engine.vjp(chain), chain.x, y_bar)
        check_vjp(chain, y_bar, call()[1])
    return call


def gradient(case: Case, chain: Chain) -> Call:
    """The gradient of a chain with a scalar value."""
    call = partial(peers.load(case.engine).gradient(chain), chain.x)
    check_jacobian(chain, call())
    return call


# --- what the environment chooses ---

PROFILES = ("quick", "standard", "full")
PAIRS = {"quick": 15, "standard": 41, "full": 101}
"""Pairs a paired case takes. Odd, so that a median is one of them."""


def active_profile() -> str:
    """MODES_PROFILE, "standard" where it is not set."""
    return known_profile(os.environ.get("MODES_PROFILE", "standard"))


def known_profile(profile: str) -> str:
    if profile not in PROFILES:
        raise ValueError(f"unknown profile {profile!r} (MODES_PROFILE); the known ones are {', '.join(PROFILES)}")
    return profile


def pair_count() -> int:
    """MODES_PAIRS, or what the active profile asks for."""
    return int(os.environ.get("MODES_PAIRS", PAIRS[active_profile()]))


# --- lists of cases ---

Axis = Sequence[Any] | dict[str, list[Any]]


def nested(quick: Iterable[Any], standard: Iterable[Any] = (), full: Iterable[Any] = ()) -> dict[str, list[Any]]:
    """The values of one parameter a profile: each profile adds its own to those of the one before."""
    lists: dict[str, list[Any]] = {}
    values: list[Any] = []
    for profile, added in zip(PROFILES, (quick, standard, full), strict=True):
        values = [*values, *added]
        lists[profile] = values if isinstance(values[0], str) else sorted(values, key=lambda v: (v is None, v))
    return lists


class Grid:
    """The cases of one benchmark: a list of values a parameter; what is not named is :class:`Case`'s
    default.

    In the profiles named in ``square`` only cases with n == m == width are listed.
    """

    def __init__(self, mode: Sequence[str] = ("forward", "reverse"), square: Sequence[str] = (), **axes: Axis) -> None:
        self.axes: dict[str, Axis] = {**axes, "mode": mode}
        self.square = square

    def lists(self, profile: str) -> list[list[Any]]:
        """One list a parameter, in the order of :class:`Case`; what asv calls ``params``."""
        axes = [self.axes.get(name, [default]) for name, default in Case._field_defaults.items()]
        return [list(axis[profile] if isinstance(axis, dict) else axis) for axis in axes]

    def cells(self, profile: str) -> list[Case]:
        """Every combination that the chosen engines can take, the last parameter fastest."""
        every = (Case(*values) for values in combinations(*self.lists(profile)))
        return possible(
            (case for case in every if profile not in self.square or case.n == case.m == case.width), profile
        )

    def parameters(self, case: Case) -> tuple[Any, ...]:
        """How asv names one of the cases."""
        return tuple(case)


class Listed:
    """The cases of one benchmark, written out where no product of lists makes them.

    Each profile adds its own to those of the one before. asv names a case by one parameter, its text.
    """

    names: ClassVar[list[str]] = ["case"]

    def __init__(self, quick: Iterable[Case], standard: Iterable[Case] = (), full: Iterable[Case] = ()) -> None:
        self.listed: dict[str, list[Case]] = {}
        cases: list[Case] = []
        for profile, added in zip(PROFILES, (quick, standard, full), strict=True):
            self.listed[profile] = cases = list(dict.fromkeys([*cases, *added]))

    def lists(self, profile: str) -> list[list[str]]:
        """The one list of cases, as texts; what asv calls ``params``."""
        return [[case.text for case in self.listed[profile]]]

    def cells(self, profile: str) -> list[Case]:
        """The cases that the chosen engines can take, in the order in which they are listed."""
        return possible(self.listed[profile], profile)

    def parameters(self, case: Case) -> tuple[str]:
        """How asv names one of the cases."""
        return (case.text,)


def possible(cases: Iterable[Case], profile: str) -> list[Case]:
    """Those of the cases that the profile's chosen engines can take."""
    engines = peers.chosen(profile)
    return [case for case in cases if case.engine in engines and peers.row(case.engine).lacks(case) is None]


# --- what asv's classes share ---


def pin_to_one_core() -> None:
    """Keep this process on the core that it runs on, where the system allows it (Linux).

    The scheduler has put it on that one for a reason; always the same one would be shared with the neighbours.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {ctypes.CDLL(None).sched_getcpu()})


class Prepared:
    """Base of every benchmark: one core, one BLAS thread, the case and its chain."""

    param_names: ClassVar[list[str]] = list(Case._fields)
    timeout = 3600.0  # of one cell; the largest of profile full take ten minutes

    pinned = True

    grid: ClassVar[Grid | Listed]
    case: Case
    chain: Chain

    def setup(self, *parameters: Any) -> None:
        self.case = Case.of(*parameters)
        peers.expect(self.case, active_profile())
        if self.pinned:
            pin_to_one_core()
        threadpool_limits(1)
        self.chain = self.case.chain()


class Timed(Prepared):
    """Base of the benchmarks that asv itself times: one call of what `prepare` returns, a Jacobian here, a sample.

    asv takes as many as 50 samples in 0.3 s, and sets up again before each of them; all but the first return at
    once. The calls around the timed one add 0.2 microseconds to a sample.
    """

    rounds = 1
    number = 1
    repeat = (10, 50, 0.3)
    warmup_time = 0.05

    call: Call

    def setup(self, *parameters: Any) -> None:
        if not hasattr(self, "call"):
            super().setup(*parameters)
            self.call = self.prepare()

    def prepare(self) -> Call:
        """What is timed, checked once."""
        return jacobian(self.case, self.chain, self.case.mode)

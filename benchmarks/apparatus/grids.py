"""Lists of cases: what each preset measures of a benchmark.

Contract: cases that are a product of lists are a :class:`Grid`, others are :class:`Listed`. Either says what asv calls
``param_names`` (``names``) and ``params`` (``lists``), the cells that the chosen engines can take (``cells``), and how
asv names a case (``parameters``). Each preset lists what the one before it does, and more.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product as combinations
from typing import Any, ClassVar

from ..catalogue.case import PARAMETERS, Case
from ..catalogue.engines import row
from ..catalogue.presets import PRESETS
from .settings import chosen

FIRST, QUICK = PRESETS[:2]
Axis = Sequence[Any] | dict[str, list[Any]]


def nested(quick: Iterable[Any], standard: Iterable[Any] = (), full: Iterable[Any] = ()) -> dict[str, list[Any]]:
    """The values of one parameter a preset: each preset adds its own to those of the one before, after them.

    In that order, so that asv's graphs, which show the first values of each list, show what a quick run has measured.
    What of them preset first takes is said by the grid.
    """
    lists: dict[str, list[Any]] = {}
    values: list[Any] = []
    for preset, added in zip(PRESETS[1:], (quick, standard, full), strict=True):
        lists[preset] = values = [*values, *added]
    return lists


class Grid:
    """The cases of one benchmark: a list of values a parameter; what is not named is :class:`Case`'s
    default.

    In the presets named in ``square`` only cases with n == m == width are listed. Preset first takes those of quick
    that have the values named in ``first``, and none of a benchmark that names nothing there.
    """

    names: ClassVar[list[str]] = list(PARAMETERS)

    def __init__(
        self,
        mode: Sequence[str] = ("forward", "reverse"),
        square: Sequence[str] = (),
        first: Mapping[str, Sequence[Any]] | None = None,
        **axes: Axis,
    ) -> None:
        self.axes: dict[str, Axis] = {**axes, "mode": mode}
        self.square = square
        self.first = first

    def lists(self, preset: str) -> list[list[Any]]:
        """One list a parameter, in the order of :class:`Case`; what asv calls ``params``."""
        if preset == FIRST:
            return [
                [value for value in values if self.first is not None and value in self.first.get(name, values)]
                for name, values in zip(Case._field_defaults, self.lists(QUICK), strict=True)
            ]
        axes = [self.axes.get(name, [default]) for name, default in Case._field_defaults.items()]
        return [list(axis[preset] if isinstance(axis, dict) else axis) for axis in axes]

    def cells(self, preset: str) -> list[Case]:
        """Every combination that the chosen engines can take, the last parameter fastest."""
        every = (Case(*values) for values in combinations(*self.lists(preset)))
        return possible((case for case in every if preset not in self.square or case.n == case.m == case.width), preset)

    def parameters(self, case: Case) -> tuple[Any, ...]:
        """How asv names one of the cases."""
        return tuple(case)


class Listed:
    """The cases of one benchmark, written out where no product of lists makes them.

    Each preset adds its own to those of the one before, first has none. asv names a case by one parameter, its text.
    """

    names: ClassVar[list[str]] = ["case"]

    def __init__(self, quick: Iterable[Case], standard: Iterable[Case] = (), full: Iterable[Case] = ()) -> None:
        self.listed: dict[str, list[Case]] = {FIRST: []}
        cases: list[Case] = []
        for preset, added in zip(PRESETS[1:], (quick, standard, full), strict=True):
            self.listed[preset] = cases = list(dict.fromkeys([*cases, *added]))

    def lists(self, preset: str) -> list[list[str]]:
        """The one list of cases, as texts; what asv calls ``params``."""
        return [[case.text for case in self.listed[preset]]]

    def cells(self, preset: str) -> list[Case]:
        """The cases that the chosen engines can take, in the order in which they are listed."""
        return possible(self.listed[preset], preset)

    def parameters(self, case: Case) -> tuple[str]:
        """How asv names one of the cases."""
        return (case.text,)


def possible(cases: Iterable[Case], preset: str) -> list[Case]:
    """Those of the cases that the preset's chosen engines can take."""
    engines = chosen(preset)
    return [case for case in cases if case.engine in engines and row(case.engine).lacks(case) is None]

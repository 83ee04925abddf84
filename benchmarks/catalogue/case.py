"""A case as data: what a benchmark's one cell is asked for.

Contract: a :class:`Case` holds the eleven parameters of every benchmark in the suite, the mode last: asv lets the last
parameter run fastest, so that the two modes of a case are measured next to each other. As text a case is
"engine=modes layer=dense ... mode=forward/reverse", which :meth:`Case.parse` reads and :attr:`Case.text` writes.
"""

from collections.abc import Hashable
from functools import lru_cache
from typing import Any, NamedTuple

from modes.chains import PROFILES, Chain, layer_chain, middle_layer, waist_of

INTEGERS = ("n", "m", "width", "depth", "chunk_size")
"""The parameters that are whole numbers; None where a case has none."""

LARGEST = 2**31 - 1
"""Products of three sizes, which counts of work are, are then exact in Python and finite as floats."""


class Case(NamedTuple):
    """One cell of the suite. mode is "forward", "reverse", "mixed", two of them for a pair: "forward/reverse", or
    "primal" where no derivative is taken. In a pair "pure" is the faster of forward and reverse, and "best" the fastest
    of the three: "mixed/pure", "auto/best". profile is the shape of the widths inside the chain; a waist's name says
    its size: "waist16" (`modes.chains.layer_widths`)."""

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
        """The case of a text that names all parameters in their order; ValueError for another text."""
        fields = dict(field.partition("=")[::2] for field in text.split())
        try:
            if tuple(fields) != cls._fields:
                raise ValueError
            values: dict[str, Any] = {
                name: _integer(value) if name in INTEGERS else value for name, value in fields.items()
            }
            return cls(**values)
        except ValueError:
            raise ValueError(
                f"expected a case as {' '.join(f'{name}=...' for name in cls._fields)!r} with integers or None for "
                f"{', '.join(INTEGERS)}, got {text!r}; write it by Case(...).text"
            ) from None

    @classmethod
    def of(cls, *parameters: Any) -> "Case":
        """The case that asv names: by its eleven parameters, or by one string for :meth:`parse`."""
        return cls.parse(parameters[0]) if len(parameters) == 1 else cls(*parameters)

    def check(self) -> None:
        """Raises ValueError where a parameter is none (:func:`check_parameter`, :func:`check_profile`)."""
        for name, value in zip(self._fields, self, strict=True):
            check_parameter(name, value)
        check_profile(self.profile, self.depth)

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


PARAMETERS = Case._fields
"""The names of a case's parameters, in asv's order."""


@lru_cache(maxsize=4096, typed=True)  # thousands of stored cells name a few values; typed: True is no 1
def check_parameter(name: str, value: Hashable) -> None:
    """Raises ValueError where no chain can be made with a parameter of that value, or none be counted: a size that is
    none, a text that is none, an unknown profile. An engine or a layer that is unknown here may be another version's.
    """
    if name not in INTEGERS:
        good = isinstance(value, str) and value.isprintable() and bool(value)
    else:
        good = (name == "chunk_size" and value is None) or (type(value) is int and 0 < value <= LARGEST)
    if not good or (name == "profile" and value not in PROFILES and not _is_waist(str(value))):
        raise ValueError(f"expected {name} of a case, got {str(value)[:80]!r}")


def check_profile(profile: str, depth: int) -> None:
    """Raises ValueError where a chain of that depth has no layer for the waist of that profile."""
    if waist_of(profile) is not None:
        middle_layer(depth, profile)


def _is_waist(profile: str) -> bool:
    """Whether it is a waist whose numbers are sizes; ValueError for what only begins so."""
    found = waist_of(profile)
    return found is not None and max(found[0], found[1] or 0) <= LARGEST


def _integer(text: str) -> int | None:
    return None if text == "None" else int(text)

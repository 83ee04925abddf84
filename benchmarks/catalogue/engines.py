"""The engines that the suite can measure, as data: what each can be asked for, one row an engine.

Contract: a :class:`Row` says what can be known of an engine without its packages; nothing here imports one. How an
engine is loaded is said in :mod:`benchmarks.peers`, which has a class for each row (docs/engines.md).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, NamedTuple

from modes.chains import DTYPES, LAYERS, layer_widths

from .accelerator import accelerator
from .case import Case
from .problems import PROBLEMS

BOTH = ("forward", "reverse")
MODES = (*BOTH, "mixed", "auto")
"""Every mode that an engine can be asked for by name; few have more than BOTH."""
ELEMENTWISE = ("elementwise", "scalar")
"""The layers without a matrix: their widths are n, and their Jacobians diagonal."""


class Lack(NamedTuple):
    """What an engine does not have for a case: as a note in a table, and as the rest of a sentence."""

    note: str
    sentence: str


@dataclass(frozen=True)
class Row:
    """What an engine can be asked for.

    ``memory`` says how the peak of its memory is measured: "traced" by tracemalloc, which sees all of a NumPy
    engine's arrays; "own" by the engine's account; "" not at all. Of Jacobians that take more than ``most_fma``
    multiply-adds (passes times those of f) the engine is not asked: a cell would take half a minute or more.
    ``cut_of`` names the engine that this one is by a hand-made cut: its "mixed" is the Jacobian of the upper half of a
    chain in forward mode times that of the lower half in reverse mode, cut at the chain's waist, the other modes are
    that engine's own. It takes part in questions of mixed accumulation alone.
    ``device`` is "cuda" for an engine that computes on an accelerator, and has nothing to do where there is none.
    ``stands_for`` names such an engine, whose very code this one runs on the CPU: a stand-in, for tests and to rehearse
    a run. Its numbers bear its own name, and it takes part only where it is named.
    """

    requires: tuple[str, ...] = ("numpy",)
    modes: tuple[str, ...] = BOTH
    layers: tuple[str, ...] = LAYERS
    dtypes: tuple[str, ...] = DTYPES
    chunks: tuple[str, ...] = ()
    """The modes that take a chunk_size."""
    memory: str = ""
    most_fma: float = math.inf
    cut_of: str = ""
    problems: bool = False
    """Whether it takes the problems that the field compares on (catalogue.problems)."""
    device: str = ""
    stands_for: str = ""

    @classmethod
    def of(cls, described: Mapping[str, Any]) -> "Row":
        """The row that :meth:`described` told of, perhaps in another run: what a description of an older suite does
        not speak of is not held against the engine."""
        lists: dict[str, Any] = {
            name: tuple(described[name]) for name in ("requires", "modes", "layers", "dtypes") if name in described
        }
        texts: dict[str, Any] = {name: described.get(name, "") for name in ("memory", "cut_of", "device", "stands_for")}
        most = described.get("most_fma")
        return cls(
            **lists,
            **texts,
            chunks=tuple(described.get("chunks", BOTH)),
            most_fma=math.inf if most is None else most,
            problems=described.get("problems", True),
        )

    def missing(self) -> list[str]:
        """The packages it requires that are not installed."""
        return [package for package in self.requires if find_spec(package) is None]

    def absent(self) -> str:
        """Why it cannot compute here, as the rest of a sentence; nothing where it can."""
        if missing := self.missing():
            return f"not installed: {', '.join(missing)}"
        return accelerator().reason if self.device else ""

    def versions(self) -> dict[str, str]:
        """The installed versions of the packages it requires, and the device; nothing is imported for it."""
        found = {package: _version(package) for package in self.requires if find_spec(package) is not None}
        return found | (accelerator().versions if self.device else {})

    def described(self) -> dict[str, object]:
        """What `python -m benchmarks engines` says of it: numbers and texts, as JSON has them."""
        limit = self.most_fma if math.isfinite(self.most_fma) else None
        return {
            **{name: list(getattr(self, name)) for name in ("modes", "layers", "dtypes", "chunks", "requires")},
            "memory": self.memory,
            "most_fma": limit,
            "cut_of": self.cut_of,
            "problems": self.problems,
            "device": self.device,
            "stands_for": self.stands_for,
            "versions": self.versions(),
            "missing": self.missing(),
            "absent": self.absent(),
        }

    def lacks(self, case: Case) -> Lack | None:
        """What of the case the engine does not have; None where it has everything."""
        modes = case.mode.split("/")
        for mode in modes:
            if mode in MODES and mode not in self.modes:
                return Lack(f"has no {mode} mode", f"it has no {mode} mode")
            if case.chunk_size is not None and mode not in self.chunks:
                no_chunks = f"has no chunks in {mode} mode"
                return Lack(no_chunks, f"it {no_chunks}, got chunk_size {case.chunk_size}")
        if case.layer in PROBLEMS:
            return None if self.problems else Lack("has no problems", "it has no problems, only chains")
        if case.layer not in self.layers:
            return Lack(f"has no {case.layer}", f"it has no layer {case.layer!r}, only {', '.join(self.layers)}")
        if case.dtype not in self.dtypes:
            return Lack(f"has no {case.dtype}", f"it has no {case.dtype}, only {', '.join(self.dtypes)}")
        passes = max({"forward": case.n, "reverse": case.m, "pure": max(case.n, case.m)}.get(mode, 1) for mode in modes)
        if passes * case_fma(case) > self.most_fma:
            too_many = f"more than {self.most_fma:.0e} multiply-adds would take it too long"
            return Lack("not asked: would take too long", too_many)
        return None


def case_fma(case: Case) -> int:
    """The price of a case: multiply-adds of one value of its chain; n a layer where layers are element-wise."""
    widths = layer_widths(case.n, case.m, case.depth, case.width, case.profile)
    return sum(a if case.layer in ELEMENTWISE else a * b for a, b in pairwise(widths))


ENGINES = {
    "modes": Row(modes=MODES, chunks=MODES, memory="traced", problems=True),
    "floor": Row(layers=("dense", "loss"), memory="traced"),
    "jax": Row(requires=("jax", "jaxlib"), memory="own", problems=True),
    "torch": Row(requires=("torch",), chunks=("reverse",)),
    "torch-functional": Row(requires=("torch",), most_fma=2e8),
    "autograd": Row(requires=("autograd",), dtypes=("float64",), memory="traced", most_fma=1e9),
    "casadi": Row(requires=("casadi",), dtypes=("float64",), most_fma=5e7),
    # In float32 half of seven digits are left of a difference: not the derivative that is asked for.
    "differences": Row(modes=("forward",), dtypes=("float64",), memory="traced", most_fma=2e8),
    "complex-step": Row(modes=("forward",), memory="traced", most_fma=2e8),
    "modes-prepared": Row(modes=MODES, chunks=MODES, memory="traced", problems=True),
    "modes-cut": Row(modes=(*BOTH, "mixed"), layers=("dense",), memory="traced", cut_of="modes"),
    "jax-cut": Row(requires=("jax", "jaxlib"), modes=(*BOTH, "mixed"), layers=("dense",), cut_of="jax"),
    "modes-compiled": Row(requires=("numpy", "numba"), modes=MODES, chunks=MODES, memory="traced"),
    "jax-gpu": Row(requires=("jax", "jaxlib"), chunks=BOTH, memory="own", device="cuda"),
    "torch-cuda": Row(requires=("torch",), chunks=BOTH, memory="own", device="cuda"),
    "torch-compile": Row(requires=("torch",), memory="own", device="cuda"),
    "jax-stand-in": Row(requires=("jax", "jaxlib"), chunks=BOTH, stands_for="jax-gpu"),
    "torch-stand-in": Row(requires=("torch",), chunks=BOTH, stands_for="torch-cuda"),
}
"""In the order in which asv stores them: append, since asv drops stored cells when a list of parameters
changes."""

CUTS = tuple(name for name, found in ENGINES.items() if found.cut_of)
"""The engines by a hand-made cut, which no other question asks."""
TWINS = ("modes", "modes-prepared", "modes-compiled")
"""The engines of :mod:`modes`: as it stands, prepared, and prepared for the interpreter that numba compiles."""
PLAIN = TWINS[:2]
"""Those of them that need NumPy alone."""
BY_HAND = "floor"
"""Derivatives written by hand, which the twins are measured against."""
OWN = (*TWINS, BY_HAND)
"""This project's own."""
DEVICES = tuple(name for name, found in ENGINES.items() if found.device)
"""The engines that compute on an accelerator."""
STAND_INS = tuple(name for name, found in ENGINES.items() if found.stands_for)
"""The same on the CPU, for tests: no numbers of a device, and in no run that does not name them."""
GLOSSES = {BY_HAND: "by hand", **dict.fromkeys(CUTS, "cut by hand")}
"""What a reader is told beside a name that does not say what it is."""
QUICK = (*PLAIN, BY_HAND, "modes-cut")
"""What takes part in a quick run: this project's own, as far as they need NumPy alone."""


def row(name: str) -> Row:
    """The row of that name; ValueError for an unknown one."""
    if name not in ENGINES:
        raise ValueError(f"unknown engine {name!r}; the known ones are {', '.join(ENGINES)}")
    return ENGINES[name]


def label(name: str) -> str:
    """An engine's name as report, figures and facts write it: the one it has everywhere, and what it is in brackets
    where the name does not say so."""
    return f"{name} ({GLOSSES[name]})" if name in GLOSSES else name


def place(name: str) -> tuple[int, str]:
    """What sorts engines wherever several stand in a list: this project's first, libraries by name, the floor last."""
    known = {**{twin: i for i, twin in enumerate(TWINS)}, BY_HAND: len(TWINS) + 1}
    return known.get(name, len(TWINS)), name


def listed(text: str) -> tuple[str, ...]:
    """The engines in a text, with commas between; ValueError for an unknown one, and where there is none."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise ValueError(f"no engine is named in {text!r}; the known ones are {', '.join(ENGINES)}")
    return tuple(name for name in names if row(name))


def installed() -> tuple[str, ...]:
    """The engines that can compute here: packages, and the device that they need, are all there."""
    return tuple(name for name, found in ENGINES.items() if not (found.stands_for or found.absent()))


def _version(package: str) -> str:
    """A package can be there without the files that name its version: copied, say, or a folder of that name."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"

"""Under which conditions a run measures: whose kernels BLAS takes, and on how many threads.

Contract: pure functions. A condition that was chosen enters the name of asv's environment, as asv's own matrix of
environment variables does: a run is named by machine, environment and commit, so that runs under two conditions are two
runs everywhere, and asv itself (`publish`, `show`, `compare`) tells them apart. A run that leaves the kernels to BLAS,
on one thread, has the name that it always had.

Kernels are chosen among those of OpenBLAS alone, by the variable that it reads (`benchmarks.apparatus.kernels` says
more). Other libraries' own products (XLA's, MKL's in PyTorch) do not know it.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.errors import AnalysisError
from analysis.tables.kernels import FEW, LARGE, Rates, by_kernel
from benchmarks.catalogue.presets import KERNEL, THREADS

THREAD_VARIABLES = [
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
]
NAMED = "OMP_NUM_THREADS"
"""The one of them that an environment is named by; OpenBLAS and MKL obey it."""
LOOKING = {"first": 0.0, "quick": 1.2, "standard": 3.0, "full": 5.0}
"""Seconds, by preset, for the rates of all kernels."""
NO_TIME = "preset first has no time for it"
FASTER = 1.1
"""How many times as fast other kernels have to be before a user is told."""


@dataclass(frozen=True)
class Conditions:
    """`kernel`: the kernels chosen, by the name that OpenBLAS gives them; "" for its own choice."""

    kernel: str = ""
    threads: int = 1

    @property
    def environment(self) -> dict[str, str]:
        """What processes that measure are told."""
        chosen = {KERNEL: self.kernel} if self.kernel else {}
        return dict.fromkeys([*THREAD_VARIABLES, THREADS], str(self.threads)) | chosen

    @property
    def name(self) -> str:
        """What was chosen, as it stands in the name of an environment: -OMP_NUM_THREADS2-OPENBLAS_CORETYPEHaswell."""
        threads = "" if self.threads == 1 else f"-{NAMED}{self.threads}"
        return threads + (f"-{KERNEL}{self.kernel}" if self.kernel else "")

    def matrix(self, configured: Mapping[str, Any]) -> dict[str, Any]:
        """asv's `matrix` with these conditions, which an environment's name is made of."""
        if self == USUAL:
            return dict(configured)
        variables = {NAMED: ["1"]} | configured.get("env_nobuild", {})
        named = {name: [str(self.threads)] for name in variables if name in THREAD_VARIABLES}
        chosen = {KERNEL: [self.kernel]} if self.kernel else {}
        return {**configured, "env_nobuild": {**variables, **named, **chosen}}


USUAL = Conditions()


def available() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def thread_count(text: str, cores: int | None = None, who: str = "this process") -> int:
    """("2") -> 2. Raises AnalysisError for what is no number of threads, or more than `who` has cores (None: those that
    this process may use)."""
    most = available() if cores is None else cores
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= most):
        has = "1 core, hence --threads 1" if most == 1 else f"{most} cores: a number from 1 to {most}"
        raise AnalysisError(f"--threads {text}: expected a thread or more, and a core for each; {who} has {has}")
    return int(text)


def asked_kernel(option: str | None) -> tuple[str, str]:
    """The kernels asked for, and by what: the option, or the variable, which counts as well; "" where nobody asked."""
    if option is not None:
        return option, f"--blas-kernel {option}"
    name = os.environ.get(KERNEL, "")
    return name, f"{KERNEL}={name}"


def resolved(found: Mapping[str, Any], name: str, asked: str) -> str:
    """The kernels that OpenBLAS takes when it is told `name`, of what `python -m benchmarks kernels` found.

    `asked` says how it was asked for. Raises AnalysisError where they cannot be had.
    """
    if not found["own"]:
        raise AnalysisError(
            f"{asked}: expected a NumPy with OpenBLAS, whose kernels can be chosen; this one's BLAS is "
            f"{found['library'] or 'none that threadpoolctl knows'}: leave the choice out, or install NumPy's wheel "
            "(python -m pip install --force-reinstall numpy)"
        )
    works = f"{', '.join(found['kernels'])} (its own choice is {found['own']})"
    if name in found["faults"]:
        raise AnalysisError(
            f"{asked}: these kernels do not run on this processor ({found['faults'][name]}); those that do: {works}"
        )
    taken = str(found["called"].get(name, name))
    if taken.casefold() != name.casefold() and taken == found["own"]:
        raise AnalysisError(
            f"{asked}: {found['library']} has no such kernels for this processor and would silently take its own "
            f"choice; those that work here: {works}"
        )
    return taken


def advice(found: Mapping[str, Any], chosen: str) -> list[str]:
    """What a user is told of the kernels before the run; nothing where BLAS took the right ones by itself."""
    own, rates = found.get("own", ""), by_kernel(found)
    if chosen:
        by_itself = f"; OpenBLAS by itself would take {own}" if own not in ("", chosen) else ""
        return [f"BLAS: {chosen} kernels, as chosen{by_itself}{_against(rates, chosen, own)}."]
    better = {kernel: factor for kernel in rates if (factor := _factor(rates, kernel, own)) > FASTER}
    if not better:
        return []
    best = max(better, key=lambda kernel: better[kernel])
    return [
        f"BLAS: OpenBLAS took its {own} kernels here; {best} kernels are faster{_against(rates, best, own)}. "
        f"To measure with them: --blas-kernel {best}."
    ]


def _factor(rates: Rates, kernel: str, over: str) -> float:
    """How many times as fast, in the kind of products where that is most."""
    if kernel not in rates or over not in rates:
        return 1.0
    return max(rates[kernel][kind] / rates[over][kind] for kind in (FEW, LARGE))


def _against(rates: Rates, kernel: str, over: str) -> str:
    """The rates of two kernels in words, after a comma; nothing where they are the same, or not measured."""
    if kernel == over or kernel not in rates or over not in rates:
        return ""
    said = (
        f"{rates[kernel][kind]:.3g} against {rates[over][kind]:.3g} Gflop/s in {words}"
        for kind, words in ((FEW, "products of few rows"), (LARGE, "large ones"))
    )
    return f": {' and '.join(said)}"

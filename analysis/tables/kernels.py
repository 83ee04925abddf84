"""What a run's record says of the machine's BLAS kernels, in a few numbers and in words. Pure functions of the record.

The record is that of `analysis.reading.provenance`; its form is explained where it is measured, in
`benchmarks.apparatus.kernels`. Nobody looked where it is empty.
"""

import math
from collections.abc import Mapping
from statistics import fmean
from typing import Any

import pandas as pd

from analysis.tables.rows import measured
from analysis.text import counted, number

FEW, LARGE = "few rows", "square"
Rates = Mapping[str, Mapping[str, float]]


def by_kernel(found: Mapping[str, Any]) -> Rates:
    """Gflop/s of each kernel: FEW, the geometric mean over the products of few rows, and LARGE, the large square."""
    logs: dict[str, dict[str, list[float]]] = {}
    for rate in found.get("rates", ()):
        kind = LARGE if rate["product"] == LARGE else FEW
        logs.setdefault(rate["kernel"], {}).setdefault(kind, []).append(math.log(rate["gflops"]))
    return {kernel: {kind: math.exp(fmean(each)) for kind, each in kinds.items()} for kernel, kinds in logs.items()}


def in_words(found: Mapping[str, Any]) -> str:
    """The kernels that work on the machine with their rates: Haswell (its own choice) 10 and 40, SkylakeX 20 and 41
    Gflop/s in products of few rows and large ones; or why there are none."""
    rates = by_kernel(found)
    parts = []
    for kernel in found.get("kernels", ()):
        marks = [word for name, word in (("own", "OpenBLAS's own choice"), ("used", "used")) if found[name] == kernel]
        mark = f" ({', '.join(marks)})" if marks else ""
        both = rates.get(kernel)
        parts.append(kernel + mark + (f" {number(both[FEW])} and {number(both[LARGE])}" if both else ""))
    if not parts:
        return found.get("skipped", "not looked for")
    return ", ".join(parts) + (" Gflop/s in products of few rows and in large ones" if rates else "")


def blas(known: Mapping[str, str], tidy: pd.DataFrame) -> str:
    """The BLAS that NumPy's products ran on: openblas 0.3.31, Haswell kernels, 1 thread; "" where it is not recorded.

    `known` as in `Provenance`; `tidy` is the tidy table of the run, in which the threads in force were measured.
    """
    if "blas" not in known:
        return ""
    threads = float(measured(tidy, "blas_threads")["value"].max())
    return known["blas"] if math.isnan(threads) else f"{known['blas']}, {counted(int(threads), 'thread')}"


def kernels_of(blas: str) -> str:
    """("openblas 0.3.31, Haswell kernels") -> "Haswell kernels"; "" where it names none."""
    last = blas.rpartition(", ")[2]
    return last if last.endswith(" kernels") else ""

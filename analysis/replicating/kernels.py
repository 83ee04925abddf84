"""Why crossovers depend on the BLAS kernel: what each kernel gives, beside where the modes cross on it. Data alone.

The rates are those that each run took of all the machine's kernels before it began (`benchmarks.apparatus.kernels`), of
the products that the two modes are made of: a block of seeds times W, forward mode with W.T. A run gives them half a
second a kernel, and a disturbed moment is a tenth of that: a kernel's rates are the medians over the runs on the
machine of the first run that used it. Kernels that no run used are left out.
"""

from collections.abc import Sequence

import pandas as pd

from analysis.replicating.shown import KIND
from analysis.replicating.sources import Run

RATES = ("kernel", "product", "rows", "width", "gflops", "low", "high", "machine", "commit", "date")
CROSSINGS = ("kernel", "run", "m", "width", "value", "low", "high")
DTYPE = "float64"
MODES = ("t @ W.T", "c @ W")
"""The products of forward and of reverse mode, as the record names them."""
FEWEST = 2
"""Widths below which there is no curve over the width."""


def rates(runs: Sequence[Run]) -> pd.DataFrame:
    """One row (RATES) a kernel that a run used, product of MODES and shape, in Gflop/s."""
    first: dict[str, Run] = {}
    for run in runs:
        used = str(run.found.provenance.kernels.get("used", ""))
        if used and run.found.provenance.kernels.get("rates"):
            first.setdefault(used, run)
    rows = [
        [kernel, *(rate[name] for name in RATES[1:7]), *(where.about[name] for name in RATES[7:])]
        for kernel, where in first.items()
        for run in runs
        if run.about["machine"] == where.about["machine"]
        for rate in run.found.provenance.kernels.get("rates", ())
        if rate["kernel"] == kernel and rate["dtype"] == DTYPE and rate["product"] in MODES
    ]
    table = pd.DataFrame(rows, columns=list(RATES))
    of = [name for name in RATES if name not in ("gflops", "low", "high")]
    return table.groupby(of, as_index=False, sort=False).median()[list(RATES)] if rows else table


def crossings(runs: Sequence[Run]) -> pd.DataFrame:
    """n*/m by width of the project's engine on dense uniform chains of one depth, as each run has it: one row
    (CROSSINGS) a run, m and width; of the m measured at the most widths, and of the smallest at FEWEST or more."""
    rows = []
    for run in runs:
        kernel = str(run.found.provenance.kernels.get("used", "")) or run.conditions["BLAS kernel"]
        for key, fact in run.facts.items():
            engine, kind, *setting = key.split(".")
            if (engine, kind) != ("modes", KIND) or setting[2:] != ["depth4", "dense", "uniform", DTYPE]:
                continue
            if fact["value"] is not None:
                ends = [fact["value"] if fact[name] is None else fact[name] for name in ("low", "high")]
                rows.append([kernel, run.name, int(setting[0][1:]), int(setting[1][5:]), fact["value"], *ends])
    table = pd.DataFrame(rows, columns=list(CROSSINGS))
    widths = table.groupby("m")["width"].nunique()
    enough = widths[widths >= FEWEST]
    sizes = {int(m): int(count) for m, count in zip(enough.index.to_list(), enough.to_list(), strict=True)}
    chosen = {max(sizes, key=lambda m: sizes[m]), min(sizes)} if sizes else set()
    return table[table["m"].isin(chosen)].sort_values(["m", "kernel", "run", "width"]).reset_index(drop=True)

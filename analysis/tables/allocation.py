"""How many fresh processes each cell should have, given what it has: a pure function of the samples so far.

Contract: :func:`wanted` is asked after every pass over the cells, and answers with a number of processes a cell,
between `least` and `most`. Processes are spent where they decide. The half width of the 95 % interval that a cell
should have is

- of a ratio of two ways, whose sign says which is cheaper: a SHARE of its distance from 1, in logarithms, but no less
  than NEAR and no more than FAR. Where one way is far ahead the fewest processes tell that; next to a crossover, where
  r is 0, each interval is as narrow as `most` allows, or as NEAR. An A/A control, whose truth is 0, is known within
  NEAR by the same rule;
- of a ratio that is cited as a number: CITED; of one whose sign counts as well (`mixed/pure`), the lesser of both.

In T. Kalibera and R. Jones's terms (Rigorous Benchmarking in Reasonable Time, ISMM 2013, section 5,
https://doi.org/10.1145/2464157.2464160) processes are the highest level: their number alone, and not that of the pairs
in each, makes the interval narrow, by t(0.975, r - 1) S / sqrt(r), S the spread of the processes' medians. So r is the
smallest number for which that is as asked.

S of three processes is off by a factor of two as often as not, and to stop where it happens to be small makes
intervals that miss too often. So the S that plans is the cell's own, drawn towards that of its benchmark's other cells,
as if they were PRIOR further processes of its own (G. Smyth, Linear Models and Empirical Bayes Methods, 2004,
https://doi.org/10.2202/1544-6115.1027). It plans only: the interval that is reported has the cell's own spread.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from analysis.intervals import over_processes, quantile
from benchmarks.catalogue.metrics import metric

Cell = tuple[str, tuple[str, ...]]
"""A benchmark's name and the `repr` of each of its parameters, as asv writes them."""

NEAR = 0.02
"""Half width of the log ratio that is enough next to a crossover: r grows by 0.5 to 1 while n grows e-fold, so that
0.02 is 2 to 4 % of n*."""
SHARE = 0.25
"""Half width that is enough, as a share of the log ratio's distance from 0."""
FAR = 0.2
"""Half width that is enough wherever one way is far ahead, a factor of 1.2 to either side."""
CITED = 0.05
"""Half width that is enough of a ratio that is cited as a number."""
PRIOR = 8
"""Degrees of freedom that the other cells' spread counts for."""
SIGNED = ("forward/reverse", "forward/forward", "mixed/forward", "mixed/reverse")
"""The modes of a case whose ratio says by its sign which of two ways is cheaper; metric log_ratio has no others."""
BOTH = "mixed/pure"
"""The mode whose ratio is cited as well."""


def wanted(cells: Mapping[Cell, Sequence[float]], least: int, most: int) -> dict[Cell, int]:
    """How many processes each cell should have, least <= number <= most, given one sample a process that it has.

    Cells without samples, or with fewer than `least` finite ones, are asked for `least`: what is not known yet cannot
    be planned with. Raises ValueError where not 1 <= least <= most. Cost: 0.03 ms a cell.
    """
    if not 1 <= least <= most:
        raise ValueError(f"wanted: expected 1 <= least <= most, got {least} and {most}; give a least of 3 or more")
    found = {cell: np.asarray(samples, dtype=float) for cell, samples in cells.items()}
    found = {cell: samples[np.isfinite(samples)] for cell, samples in found.items()}
    known = {cell: over_processes(samples) for cell, samples in found.items() if samples.size >= max(2, least)}
    variances = {cell: one.error**2 * found[cell].size for cell, one in known.items()}
    by_benchmark: dict[str, list[float]] = {}
    for cell, one in known.items():
        by_benchmark.setdefault(cell[0], []).append(variances[cell] / _usual(one.dof))
    typical = {name: float(np.median(others)) for name, others in by_benchmark.items()}
    reach = [quantile(count - 1) / math.sqrt(count) if count > 1 else math.inf for count in range(least, most + 1)]
    answer = dict.fromkeys(cells, least)
    for cell, one in known.items():
        variance = (PRIOR * typical[cell[0]] + one.dof * variances[cell]) / (PRIOR + one.dof)
        allowed = _allowed(cell, one.value)
        enough = (least + i for i, factor in enumerate(reach) if factor * math.sqrt(variance) <= allowed)
        answer[cell] = next(enough, most)
    return answer


def _allowed(cell: Cell, value: float) -> float:
    """The half width that is enough of a cell's log ratio."""
    name, parameters = cell
    asked, told = " ".join(parameters), min(FAR, max(NEAR, SHARE * abs(value)))
    if metric(name) == "log_ratio" or any(mode in asked for mode in SIGNED):
        return told
    return min(CITED, told) if BOTH in asked else CITED


def _usual(dof: int) -> float:
    """The median of a sample variance over the variance (E. Wilson and M. Hilferty, The Distribution of Chi-Square,
    1931): half of the variances of three processes are below 0.7 of the truth."""
    return float((1 - 2 / (9 * dof)) ** 3)

"""How fast a cost grows with n, m, width and depth: the exponent b of cost = a size^b, how sure it is, and the expected
one. Pure functions.

Contract: :func:`growth` fits a straight line to log(cost) against log(size), everything else fixed. The exponent is its
slope; low and high are its 95 % interval, by Student's t on the distances from the line
(least squares, https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.linregress.html). They hold for the
sizes measured, first to last: a fixed price a call bends the curve at small sizes, which lowers the exponent and
widens the interval.

The expected exponent of a Jacobian's cost is the slope of the same fit to the exact counts of `modes.cost` at the same
sizes: of its multiply-adds with the seed's identity exploited (C2), or of the bytes of derivatives held (C5). Few
counts are pure powers of one size, so that most of these slopes are no integers. `multiplied_out` is the slope where
the seed is multiplied out like any other block (C1). A gradient's is the power that M20 and M21 give it.
"""

import warnings
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import MEASURE, AnalysisWarning
from analysis.intervals import LEVEL
from analysis.reading.runs import RUN
from analysis.reading.tidy import INTEGERS, KEY
from modes.chains import layer_widths
from modes.cost import forward_fma, forward_peak_bytes, reverse_fma, reverse_peak_bytes

OVER = {"pullback_seconds": "depth", "hessian_seconds": "n"}
"""The metrics of which every series is fitted, and the size that each is fitted over."""
FEWEST = 3
"""Sizes below which no line is fitted: two are on a line whatever they are."""
GRADIENT = {"backpropagation": 1.0, "product-formula": 2.0}
"""The powers of depth that a gradient's cost grows with, by mode (M20, M21)."""

JACOBIAN = ("seconds", "peak_bytes")
SIZES = ("n", "m", "width", "depth")
LARGE = 128
"""The least n, m and width of a Jacobian that takes part: at 128 four fifths of the time are multiply-adds, at 64 half
of it. Its depth is 2 at least, since one layer alone takes none."""
FEWEST_LARGE = 4
"""Sizes below which a Jacobian's growth is not fitted: with three, the interval is mostly wider than the exponent."""
ITEMSIZE = {"float32": 4, "float64": 8}
COLUMNS = (*KEY, "over", "first", "last", "points", "exponent", "low", "high", "expected", "multiplied_out")


class Series(NamedTuple):
    """The costs of one metric over the sizes `over`, k of each; `where` holds what was fixed, by KEY's names."""

    where: dict[str, Any]
    over: str
    sizes: np.ndarray
    costs: np.ndarray


def growth(tidy: pd.DataFrame) -> pd.DataFrame:
    """One row (COLUMNS) a fit, of a tidy table. KEY names what was held fixed; its column `over` is missing.

    Every series of a metric of OVER; where fewer than FEWEST sizes were measured there is no row, but an
    AnalysisWarning. Of full Jacobians, one series a metric of JACOBIAN, mode and size of SIZES: that of the largest
    chains (`_weight`), among those of `_large` with FEWEST_LARGE sizes or more. Cells that failed are left out.
    `expected` and `multiplied_out` are missing where no count is known.
    """
    good = tidy[tidy["status"] == "ok"]
    fits = []
    for metric, over in OVER.items():
        for series in _series(good, metric, over):
            if series.sizes.size < FEWEST:
                _warn(series)
            else:
                fits.append(series)
    large = _large(good)
    for metric in JACOBIAN:
        for over in SIZES:
            candidates: dict[tuple[Any, ...], list[Series]] = {}
            for series in _series(large, metric, over):
                if series.sizes.size >= FEWEST_LARGE:
                    candidates.setdefault(tuple(series.where[name] for name in (*RUN, "mode")), []).append(series)
            fits += [max(several, key=_weight) for _, several in sorted(candidates.items())]
    table = pd.DataFrame([_row(series) for series in fits], columns=list(COLUMNS))
    return table.astype(dict.fromkeys((*INTEGERS, "first", "last", "points"), "Int64"))


def growth_table(growth: pd.DataFrame) -> pd.DataFrame:
    """The fits of one run without what they have in common."""
    return growth.drop(columns=[*RUN, "engine", "chunk_size"])


def exponent(sizes: np.ndarray, costs: np.ndarray) -> tuple[float, float, float]:
    """b of costs = a sizes^b, and the ends of its 95 % interval; all positive, three points or more."""
    if (costs == costs[0]).all():
        return 0.0, 0.0, 0.0  # linregress has no standard error for these
    line = stats.linregress(np.log(sizes), np.log(costs))
    margin = line.stderr * stats.t.ppf((1 + LEVEL) / 2, sizes.size - 2)
    return float(line.slope), float(line.slope - margin), float(line.slope + margin)


def counted_fma(row: Mapping[Any, Any], exploit_seed: bool = True) -> int:
    """The multiply-adds that `modes.cost` counts for the Jacobian of a row of the tidy table (a dense chain)."""
    count = forward_fma if row["mode"] == "forward" else reverse_fma
    return count(_widths(row), exploit_seed)


def counted_bytes(row: Mapping[Any, Any]) -> int:
    """The peak that `modes.cost` counts for a row of the tidy table (a dense chain, all seeds in one pass)."""
    count = forward_peak_bytes if row["mode"] == "forward" else reverse_peak_bytes
    return count(_widths(row), None, ITEMSIZE[row["dtype"]])


def expected(series: Series) -> tuple[float, float]:
    """The exponents of the counts at the sizes of `series`: as measured, and with the seed multiplied out; nan where
    nothing is counted."""
    metric = series.where["metric"]
    if metric not in JACOBIAN:
        return GRADIENT.get(str(series.where["mode"]), np.nan), np.nan
    rows = [{**series.where, series.over: int(size)} for size in series.sizes]
    if metric == "peak_bytes":
        return _slope(series.sizes, [counted_bytes(row) for row in rows]), np.nan
    slopes = (_slope(series.sizes, [counted_fma(row, exploit) for row in rows]) for exploit in (True, False))
    return next(slopes), next(slopes)


def held_fixed(row: Mapping[Any, Any]) -> str:
    """The sizes of a row of :func:`growth`'s table that were the same at all its points."""
    return ", ".join(f"{name} {row[name]}" for name in SIZES if name != row["over"])


def _large(good: pd.DataFrame) -> pd.DataFrame:
    """Full Jacobians of large uniform dense chains by the engines, all seeds at once, float64."""
    keep = good["metric"].isin(JACOBIAN) & good["mode"].isin(["forward", "reverse"]) & good["chunk_size"].isna()
    for name, value in {"engine": "modes", "layer": "dense", "profile": "uniform", "dtype": "float64"}.items():
        keep &= good[name] == value
    for name in ("n", "m", "width"):
        keep &= good[name].ge(LARGE).fillna(False)
    return good[keep & good["depth"].ge(2).fillna(False)]


def _series(good: pd.DataFrame, metric: str, over: str) -> Iterator[Series]:
    cells = good[good["metric"] == metric].sort_values(over)
    fixed = [name for name in KEY if name != over]
    for key, part in cells.groupby(fixed, dropna=False, sort=False):
        where = {str(name): value for name, value in zip(fixed, key, strict=True)}
        yield Series(where, over, *(part[name].to_numpy(dtype=float) for name in (over, "value")))


def _weight(series: Series) -> tuple[Any, ...]:
    """What is preferred among series of one kind: large chains, by the smallest of their n, m and width; then many
    sizes; then large ones, also of what was held fixed; of several, tanh."""
    least = min(series.sizes[0] if name == series.over else series.where[name] for name in ("n", "m", "width"))
    fixed = float(np.prod([series.where[name] for name in SIZES if name != series.over]))
    return float(least), series.sizes.size, float(series.sizes[-1]), fixed, series.where["activation"] == "tanh"


def _row(series: Series) -> dict[str, Any]:
    sizes = series.sizes
    ends = {"over": series.over, "first": int(sizes[0]), "last": int(sizes[-1]), "points": sizes.size}
    names = ("exponent", "low", "high", "expected", "multiplied_out")
    numbers = (*exponent(sizes, series.costs), *expected(series))
    return {**series.where, **ends, **dict(zip(names, numbers, strict=True))}


def _slope(sizes: np.ndarray, counts: list[int]) -> float:
    return exponent(sizes, np.array(counts, dtype=float))[0]


def _widths(row: Mapping[Any, Any]) -> tuple[int, ...]:
    return layer_widths(row["n"], row["m"], row["depth"], row["width"], row["profile"])


def _warn(series: Series) -> None:
    where = series.where
    warnings.warn(
        f"{where['machine']}, commit {where['commit']}: growth of {where['metric']} by {where['mode']} with "
        f"{series.over} left out, measured at {series.sizes.size} of the {FEWEST} sizes it takes; "
        f"measure more: {MEASURE}",
        AnalysisWarning,
        stacklevel=3,
    )

"""How fast a cost grows with depth or with n: the exponent b of cost = a size^b, and how sure it is. Pure functions.

Contract: :func:`growth` fits, for each metric in OVER, a straight line to log(cost) against log(size), everything else
fixed. The exponent is its slope; low and high are its 95 % interval, by Student's t on the distances from the line
(least squares, https://docs.scipy.org/doc/scipy/reference/generated/scipy.stats.linregress.html). They hold for the
sizes measured, first to last: a fixed price a call bends the curve at small sizes, which lowers the exponent and
widens the interval.

``python -m analysis.growth RESULTS`` prints one line a fit, of a folder of asv results.
"""

import argparse
import sys
import warnings

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import AnalysisError, AnalysisWarning
from analysis.intervals import LEVEL
from analysis.load import MEASURE, read_results
from analysis.tidy import KEY, tidy

OVER = {"pullback_seconds": "depth", "hessian_seconds": "n"}
"""The metrics whose growth is fitted, and the size that each is fitted over."""
FEWEST = 3
"""Sizes below which no line is fitted: two are on a line whatever they are."""
COLUMNS = (*KEY, "over", "first", "last", "points", "exponent", "low", "high")


def growth(tidy: pd.DataFrame) -> pd.DataFrame:
    """One row (COLUMNS) a fit, of a tidy table. KEY names what was held fixed; its column `over` is missing.

    Cells that failed are left out. Where fewer than FEWEST sizes remain there is no row, but an AnalysisWarning.
    """
    rows = []
    for metric, over in OVER.items():
        cells = tidy[(tidy["metric"] == metric) & (tidy["status"] == "ok")].sort_values(over)
        fixed = [name for name in KEY if name != over]
        for key, part in cells.groupby(fixed, dropna=False, sort=False):
            where = dict(zip(fixed, key, strict=True))
            sizes = part[over].to_numpy(dtype=float)
            if sizes.size < FEWEST:
                warnings.warn(
                    f"{where['machine']}, commit {where['commit']}: growth of {metric} by {where['mode']} with {over} "
                    f"left out, measured at {sizes.size} of the {FEWEST} sizes it takes; measure more: {MEASURE}",
                    AnalysisWarning,
                    stacklevel=2,
                )
                continue
            ends = {"over": over, "first": int(sizes[0]), "last": int(sizes[-1]), "points": sizes.size}
            names = ("exponent", "low", "high")
            fit = zip(names, exponent(sizes, part["value"].to_numpy(dtype=float)), strict=True)
            rows.append({**where, **ends, **dict(fit)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def exponent(sizes: np.ndarray, costs: np.ndarray) -> tuple[float, float, float]:
    """b of costs = a sizes^b, and the ends of its 95 % interval; all positive, three points or more."""
    line = stats.linregress(np.log(sizes), np.log(costs))
    margin = line.stderr * stats.t.ppf((1 + LEVEL) / 2, sizes.size - 2)
    return float(line.slope), float(line.slope - margin), float(line.slope + margin)


def sentences(table: pd.DataFrame) -> list[str]:
    """One line a row of :func:`growth`'s table."""
    return [
        f"{row['machine']}, commit {row['commit'][:8]}: {row['metric']} by {row['mode']} grows as {row['over']}^"
        f"{row['exponent']:.2f} (95 %: {row['low']:.2f} to {row['high']:.2f}), "
        f"{row['over']} {row['first']} to {row['last']}, {row['points']} points"
        for row in table.to_dict("records")
    ]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m analysis.growth", description="Print how fast costs grow.")
    parser.add_argument("results", help="folder of asv results, such as .asv/results")
    try:
        lines = sentences(growth(tidy(read_results(parser.parse_args().results))))
    except AnalysisError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(lines) if lines else f"nothing measured whose growth is fitted: {MEASURE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

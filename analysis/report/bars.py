"""The headline's curve as lines of text: what a run shows in the terminal before anybody has opened the report.

A line an n: the ratio of the modes' times with its interval, and a bar from the middle, to the left where forward mode
is cheaper, to the right where reverse mode is. As long as its logarithm; at REACH it is cut off.
"""

import math

import numpy as np

from analysis.tables.crossover import GROUP
from analysis.tables.findings import Findings
from analysis.text import number

REACH = 8.0
SIDE = 18


def bars(found: Findings) -> list[str]:
    """The lines; none where nothing was measured, or where no ratio of the run can be trusted."""
    row = found.headline
    if row is None or found.failing:
        return []
    curve = found.curves[tuple(row[name] for name in (*GROUP, "metric"))]
    lines = [
        f"Time of forward over reverse mode at m = {row['m']}:",
        f"{'n':>6}  {'ratio':<5} {'95 % interval':<16} {'forward is cheaper':>{SIDE}} | reverse is cheaper",
    ]
    for n, value, low, high in zip(curve.n, curve.r, curve.low, curve.high, strict=True):
        said = f"[{number(np.exp(low))}, {number(np.exp(high))}]"
        length = min(SIDE, round(SIDE * abs(value) / math.log(REACH)))
        left, right = ("#" * length, "") if value < 0 else ("", "#" * length)
        lines.append(f"{n:6.0f}  {number(np.exp(value)):<5} {said:<16} {left:>{SIDE}} | {right}".rstrip())
    return lines

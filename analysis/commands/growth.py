"""`python -m analysis growth`: how fast costs grow with n, m, width and depth, one line a fit."""

import argparse
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.commands.inputs import results
from analysis.commands.options import Subparsers, add_results
from analysis.errors import MEASURE
from analysis.reading.tidy import tidy
from analysis.tables.growth import growth, held_fixed


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser("growth", help="print how fast costs grow with n, m, width and depth")
    add_results(parser)


def run(options: argparse.Namespace) -> int:
    """Print one line a fit."""
    lines = sentences(growth(tidy(results(options.results))))
    print("\n".join(lines) if lines else f"nothing measured whose growth is fitted: {MEASURE}")
    return 0


def sentences(table: pd.DataFrame) -> list[str]:
    """One line a row of the table of fits."""
    return [
        f"{row['machine']}, commit {row['commit'][:8]}: {row['metric']} by {row['mode']} grows as {row['over']}^"
        f"{row['exponent']:.2f} (95 %: {row['low']:.2f} to {row['high']:.2f}){beside(row)}, "
        f"{row['over']} {row['first']} to {row['last']}, {row['points']} points, {held_fixed(row)}"
        for row in table.to_dict("records")
    ]


def beside(row: Mapping[Any, Any]) -> str:
    """The exponents of the exact counts, where there are any."""
    parts = [] if np.isnan(row["expected"]) else [f"expected {row['expected']:.2f}"]
    if not np.isnan(row["multiplied_out"]):
        parts.append(f"with the seed multiplied out {row['multiplied_out']:.2f}")
    return "".join(f", {part}" for part in parts)

"""How far the numbers can be trusted, and what is missing: the tables of that section, and the tidy one for its CSV."""

import json

import numpy as np
import pandas as pd

from analysis.tables.rows import CHAIN, as_ratios


def tidy_csv(tidy: pd.DataFrame) -> pd.DataFrame:
    """The tidy table for a CSV file: the samples as JSON."""
    texts = [None if row is None else json.dumps(list(row)) for row in tidy["samples"]]
    return tidy.assign(samples=pd.Series(texts, index=tidy.index, dtype=object))


def control_table(controls: pd.DataFrame) -> pd.DataFrame:
    """The A/A controls, as ratios."""
    ratios = as_ratios(controls)
    kept = controls[["n", "m", "width", "depth", "processes", "covers"]]
    return pd.concat([kept, ratios], axis=1).sort_values("n").reset_index(drop=True)


def joint_control_table(controls: pd.DataFrame, together: tuple[float, float, float]) -> pd.DataFrame:
    """All A/A controls of the run together (`analysis.tables.noise.together`), as one ratio; no row for too few."""
    value, low, high = together
    rows = [[len(controls), *np.exp([value, low, high]), low <= 0 <= high]] if np.isfinite(value) else []
    return pd.DataFrame(rows, columns=["controls", "ratio", "low", "high", "covers"])


def failed_table(noted: pd.DataFrame) -> pd.DataFrame:
    """The cells that were tried and gave no measurement, and why: of the table `noted`."""
    lost = noted[noted["status"] == "failed"]
    return lost[["metric", "engine", "mode", *CHAIN, "chunk_size", "note"]].reset_index(drop=True)

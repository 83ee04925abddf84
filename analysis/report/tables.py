"""The report's tables: numbers in frames, as they go to the CSV files; analysis.report.cells makes text of them.

Pure functions of the tidy and the crossover table. Ratios are ratios here, not their logarithms.
"""

import json

import numpy as np
import pandas as pd

from analysis.figures.rows import measured, unchunked
from analysis.tables.crossover import controls, predicted
from analysis.tables.growth import counted_bytes
from analysis.tables.noise import together

KEYS = ["layer", "profile", "activation", "n", "m", "width", "depth", "dtype"]


def tidy_csv(tidy: pd.DataFrame) -> pd.DataFrame:
    """The tidy table for a CSV file: the samples as JSON."""
    texts = [None if row is None else json.dumps(list(row)) for row in tidy["samples"]]
    return tidy.assign(samples=pd.Series(texts, index=tidy.index, dtype=object))


def crossover_table(crossovers: pd.DataFrame) -> pd.DataFrame:
    """The crossovers of time with n*/m and the prediction by operation counts."""
    table = predicted(crossovers[crossovers["metric"] == "log_ratio"])
    columns = [
        "engine",
        "layer",
        "profile",
        "m",
        "width",
        "depth",
        "dtype",
        "verdict",
        "n_star",
        "low",
        "high",
    ]
    table = table.assign(n_over_m=table["n_star"] / table["m"].astype(float))
    order = ["engine", "layer", "profile", "dtype", "width", "depth", "m"]
    table = table[[*columns, "n_over_m", "predicted", "tie_low", "tie_high"]]
    # backwards by name: modes before floor, uniform before hourglass, float64 before float32
    return table.sort_values(order, ascending=[False, True, False, False, True, True, True]).reset_index(drop=True)


def control_table(tidy: pd.DataFrame) -> pd.DataFrame:
    """The A/A controls, as ratios."""
    table = controls(tidy)
    ratios = as_ratios(table)
    kept = table[["n", "m", "width", "depth", "pairs", "covers"]]
    return pd.concat([kept, ratios], axis=1).sort_values("n").reset_index(drop=True)


def joint_control_table(tidy: pd.DataFrame) -> pd.DataFrame:
    """All A/A controls of the run taken together, as one ratio; no row for too few of them."""
    value, low, high = together(tidy)
    rows = [[len(controls(tidy)), *np.exp([value, low, high]), low <= 0 <= high]] if np.isfinite(value) else []
    return pd.DataFrame(rows, columns=["controls", "ratio", "low", "high", "covers"])


def ratio_table(tidy: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows of a metric that is the logarithm of a ratio, as ratios with their intervals."""
    table = measured(tidy, metric)
    ratios = as_ratios(table)
    kept = table[["engine", "mode", *KEYS]]
    return pd.concat([kept, ratios], axis=1).sort_values(
        ["engine", "dtype", "depth", "width", "mode"], ascending=[False, False, True, True, True]
    )


def as_ratios(table: pd.DataFrame) -> pd.DataFrame:
    """Columns ratio, low, high of a table whose value, low, high are logarithms."""
    columns = {"ratio": "value", "low": "low", "high": "high"}
    return pd.DataFrame(
        {name: np.exp(table[column].to_numpy(dtype=float)) for name, column in columns.items()}, index=table.index
    )


def product_table(tidy: pd.DataFrame) -> pd.DataFrame:
    """Time of one JVP, VJP and gradient over the time of f, by the engine and by hand (engine floor)."""
    products = ratio_table(tidy, "log_product_over_f")
    gradients = ratio_table(tidy, "log_gradient_over_f")
    name = products["mode"].map({"forward": "JVP", "reverse": "VJP"})
    both = [products.assign(product=name), gradients.assign(product="gradient")]
    table = pd.concat([part for part in both if len(part)] or both)
    table.insert(0, "product", table.pop("product"))
    return table.drop(columns="mode").reset_index(drop=True)


def memory_table(tidy: pd.DataFrame) -> pd.DataFrame:
    """Traced peak of one Jacobian beside the count of `modes.cost`, in bytes."""
    table = unchunked(measured(tidy, "peak_bytes", engine="modes", layer="dense"))
    counted = [counted_bytes(row) for row in table.to_dict("records")]
    table = table.assign(peak_bytes=table["value"], counted_bytes=counted)
    kept = ["mode", *KEYS, "peak_bytes", "counted_bytes"]
    return table[kept].sort_values(["n", "m", "width", "mode", "depth"]).reset_index(drop=True)


def failed_table(tidy: pd.DataFrame) -> pd.DataFrame:
    """The cells that were tried and gave no measurement, and why, where the tidy table has notes."""
    table = tidy if "note" in tidy else tidy.assign(note="")
    lost = table[table["status"] == "failed"]
    return lost[["metric", "engine", "mode", *KEYS, "chunk_size", "note"]].reset_index(drop=True)

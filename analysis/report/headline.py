"""The finding in words: the headline, what the other settings say, and the doubts that belong in the first lines.

The headline speaks of one setting, chosen before looking at its result: a dense chain of uniform width; of the pairs of
width and depth, the one measured at the most m (the smallest where several are); the m nearest to that width.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.crossover import CROSSES, FORWARD, REVERSE, UNKNOWN, controls
from analysis.figures.rows import match, measured
from analysis.text import counted, size

WIDE = 0.1
"""A resolution of the log ratio above which the noise is called wide: differences of 10 % are lost in it."""


@dataclass(frozen=True)
class About:
    """Where the numbers come from: the machine's facts as asv recorded them, and the versions, as far as known."""

    cpu: str
    facts: dict[str, str]
    left_out: tuple[str, ...] = ()


def headline_row(crossovers: pd.DataFrame) -> dict[str, Any] | None:
    """The row of the crossover table that the headline speaks of, or None where nothing fits the rule."""
    dense = match(crossovers, engine="modes", layer="dense", profile="uniform", metric="log_ratio")
    if dense.empty:
        return None
    # float64 before float32: the larger name first
    counts = dense.groupby(["dtype", "width", "depth"])["m"].nunique().reset_index()
    counts = counts.sort_values(["dtype", "m", "width", "depth"], ascending=[False, False, True, True])
    first = counts.iloc[0]
    part = match(dense, dtype=first["dtype"], width=first["width"], depth=first["depth"])
    distance = np.abs(np.log(part["m"].to_numpy(dtype=float) / float(first["width"])))
    return {str(key): value for key, value in part.iloc[int(distance.argmin())].items()}


def headline(tidy: pd.DataFrame, crossovers: pd.DataFrame, about: About) -> str:
    """One sentence that says where forward mode stops being cheaper, as far as the measurements tell."""
    row = headline_row(crossovers)
    if row is None:
        return (
            f"On {about.cpu}, no crossover of a dense chain has been measured yet: python -m analysis run measures it."
        )
    keys = ("engine", "layer", "profile", "m", "width", "depth", "dtype")
    ratios = measured(tidy, "log_ratio", mode="forward/reverse", **{key: row[key] for key in keys})
    smallest, largest = ratios["n"].min(), ratios["n"].max()
    version = about.facts.get("modes")
    setting = f"width {row['width']}, depth {row['depth']}, {ratios['activation'].iloc[0]}, {row['dtype']}"
    setting += f", modes {version}" if version else ""
    outputs = f"m = {row['m']} outputs ({setting})"
    found = interval(row["low"], row["high"], smallest, largest)
    if row["verdict"] == CROSSES:
        tie = ""
        if not math.isnan(row["tie_low"]):
            tie = f" From n = {size(row['tie_low'])} to {size(row['tie_high'])} the two cannot be told apart."
        return (
            f"On {about.cpu}, forward mode stops being the cheaper way to a full Jacobian at "
            f"n* = {size(row['n_star'])} {found} inputs for {outputs}: n*/m = {row['n_star'] / row['m']:.2f}.{tie}"
        )
    if row["verdict"] == FORWARD:
        return (
            f"On {about.cpu}, forward mode is the cheaper way to a full Jacobian at every size measured, up to "
            f"n = {largest} inputs for {outputs}: a crossover, if there is one, lies beyond."
        )
    if row["verdict"] == REVERSE:
        return (
            f"On {about.cpu}, reverse mode is the cheaper way to a full Jacobian at every size measured, down to "
            f"n = {smallest} inputs for {outputs}: a crossover, if there is one, lies below."
        )
    known = "" if math.isnan(row["low"]) else f"; it lies within {found}"
    return (
        f"On {about.cpu}, these measurements do not tell where forward mode stops being the cheaper way to a full "
        f"Jacobian for {outputs}, over n = {smallest} to {largest} inputs{known}."
    )


def interval(low: float, high: float, smallest: int, largest: int) -> str:
    """An interval of n: [76, 83]; an end beyond the sizes measured as [<8, 83] or [76, >512]."""
    start = f"<{smallest}" if low <= 0 else size(low)
    end = f">{largest}" if math.isinf(high) else size(high)
    return f"[{start}, {end}]"


def elsewhere(crossovers: pd.DataFrame) -> str:
    """One sentence on all settings of dense chains measured: how many cross, and between which n*/m."""
    dense = match(crossovers, engine="modes", layer="dense", metric="log_ratio")
    counts = dense["verdict"].value_counts()
    crossing = match(dense, verdict=CROSSES)
    parts = []
    if len(crossing):
        ratio = crossing["n_star"] / crossing["m"].astype(float)
        parts.append(f"{len(crossing)} cross, at n*/m from {ratio.min():.2f} to {ratio.max():.2f}")
    parts += [f"{counts[verdict]}: {verdict}" for verdict in (FORWARD, REVERSE, UNKNOWN) if verdict in counts]
    return f"Of {len(dense)} settings of dense chains measured, {'; '.join(parts)}." if parts else ""


def doubts(tidy: pd.DataFrame, about: About) -> list[str]:
    """What a reader has to know before trusting the headline, one sentence each; none is the good case."""
    said = []
    if tidy["commit"].astype(str).str.endswith("+dirty").any():
        said.append("Measured on a changed work tree: these numbers belong to no commit and cannot be cited.")
    control = controls(tidy)
    failing, missing = control[control["fails"]], control[~control["covers"]]
    if control.empty:
        said.append("No A/A control (forward mode against itself) was measured: the noise is unknown.")
    elif len(failing):
        said.append(
            f"Do not trust the ratios: {len(failing)} of {len(control)} A/A controls find forward mode different from "
            f"itself ({ratios_of(failing)}). Something else was running, or the clock misleads; run "
            "again on a quiet machine."
        )
    elif len(missing):
        said.append(
            f"In {len(missing)} of {len(control)} A/A controls (forward mode against itself) the interval does not "
            f"hold a ratio of 1 ({ratios_of(missing)}); one in twenty does so by chance. Take smaller differences for "
            "noise."
        )
    wide = control["resolution"].max()
    if wide > WIDE:
        said.append(
            f"The machine was noisy: the A/A control tells ratios apart only where they differ by more than "
            f"{100 * np.expm1(wide):.0f} %."
        )
    threads = measured(tidy, "blas_threads")["value"]
    if (threads > 1).any():
        said.append(f"BLAS ran on {threads.max():.0f} threads, not on one.")
    failed = int((tidy["status"] == "failed").sum())
    if failed:
        said.append(f"{counted(failed, 'cell')} failed; the list is at the end.")
    if about.left_out:
        said.append(
            f"{counted(len(about.left_out), 'refinement')} left out for lack of time, so that some intervals are wider "
            "than they need be; the same command measures them."
        )
    return said


def ratios_of(control: pd.DataFrame) -> str:
    """The ratios of A/A controls with their intervals: 1.0136 [1.0002, 1.0304]."""
    values = np.exp(control[["value", "low", "high"]].to_numpy(dtype=float))
    return "; ".join(f"{value:.4f} [{low:.4f}, {high:.4f}]" for value, low, high in values)

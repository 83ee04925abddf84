"""The finding in words: the headline, what the other settings say, and the doubts that belong in the first lines.

The headline speaks of one setting, chosen before looking at its result: a dense chain of uniform width; of the pairs of
width and depth, the one measured at the most m (the smallest where several are); the m nearest to that width. Where
the run cannot say anything (`analysis.tables.noise`), the finding is that sentence, and there is no number in it.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analysis.figures.rows import match, measured
from analysis.tables.crossover import CROSSES, FORWARD, REVERSE, UNKNOWN, controls
from analysis.tables.noise import AGAIN, WIDEST, failing, spans, spread, together
from analysis.text import counted, size

WIDE = 0.1
"""A resolution of the log ratio above which the noise is called wide: differences of 10 % are lost in it."""


@dataclass(frozen=True)
class About:
    """Where the numbers come from: the machine's facts as asv recorded them, and the versions, as far as known.

    `engines` and `faults` are those of `analysis.reading.provenance`: the state of every engine, the last words of
    failed cells.
    """

    cpu: str
    facts: dict[str, str]
    left_out: tuple[str, ...] = ()
    engines: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)


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
    """Where forward mode stops being cheaper, as far as the measurements tell; or that they cannot, and why."""
    known = crossovers.assign(span=spans(tidy, crossovers))
    row = headline_row(known)
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
    reason = failing(tidy) or (spread(row["span"]) if row["span"] > WIDEST else "")
    if reason:
        return (
            f"On {about.cpu}, these measurements cannot tell where forward mode stops being the cheaper way to a full "
            f"Jacobian for {outputs}: {reason}.{tie(row)} {AGAIN}."
        )
    if row["verdict"] == CROSSES:
        return (
            f"On {about.cpu}, forward mode stops being the cheaper way to a full Jacobian at "
            f"n* = {size(row['n_star'])} {found} inputs for {outputs}: n*/m = {row['n_star'] / row['m']:.2f}.{tie(row)}"
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
    bounds = "" if math.isnan(row["low"]) else f"; it lies within {found}"
    return (
        f"On {about.cpu}, these measurements do not tell where forward mode stops being the cheaper way to a full "
        f"Jacobian for {outputs}, over n = {smallest} to {largest} inputs{bounds}."
    )


def tie(row: dict[str, Any]) -> str:
    """A sentence on the tie range, after a space; "" where there is none."""
    if math.isnan(row["tie_low"]):
        return ""
    return f" From n = {size(row['tie_low'])} to {size(row['tie_high'])} the two cannot be told apart."


def interval(low: float, high: float, smallest: int, largest: int) -> str:
    """An interval of n: [76, 83]; an end beyond the sizes measured as [<8, 83] or [76, >512]."""
    start = f"<{smallest}" if low <= 0 else size(low)
    end = f">{largest}" if math.isinf(high) else size(high)
    return f"[{start}, {end}]"


def elsewhere(tidy: pd.DataFrame, crossovers: pd.DataFrame) -> str:
    """One sentence on all settings of dense chains measured: how many cross, and between which n*/m.

    Nothing where no ratio of the run can be trusted.
    """
    dense = match(crossovers, engine="modes", layer="dense", metric="log_ratio")
    if dense.empty or failing(tidy):
        return ""
    wide = spans(tidy, dense) > WIDEST
    counts = dense.loc[~wide, "verdict"].value_counts()
    crossing = match(dense[~wide], verdict=CROSSES)
    parts = []
    if len(crossing):
        ratio = crossing["n_star"] / crossing["m"].astype(float)
        parts.append(f"{len(crossing)} cross, at n*/m from {ratio.min():.2f} to {ratio.max():.2f}")
    parts += [f"{counts[verdict]}: {verdict}" for verdict in (FORWARD, REVERSE, UNKNOWN) if verdict in counts]
    parts += [f"{wide.sum()}: too noisy to say"] if wide.any() else []
    return f"Of {len(dense)} settings of dense chains measured, {'; '.join(parts)}."


def doubts(tidy: pd.DataFrame, about: About) -> list[str]:
    """What a reader has to know before trusting the headline, one sentence each; none is the good case."""
    said = []
    if tidy["commit"].astype(str).str.endswith("+dirty").any():
        said.append("Measured on a changed work tree: these numbers belong to no commit and cannot be cited.")
    control = controls(tidy)
    fails, missing = control[control["fails"]], control[~control["covers"]]
    if control.empty:
        said.append("No A/A control (forward mode against itself) was measured: the noise is unknown.")
    elif len(fails):
        said.append(
            f"Do not trust the ratios: {len(fails)} of {len(control)} A/A controls find forward mode different from "
            f"itself ({ratios_of(fails)}). Something else was running, or the clock misleads. {AGAIN}."
        )
    elif len(missing):
        said.append(
            f"In {len(missing)} of {len(control)} A/A controls (forward mode against itself) the interval does not "
            f"hold a ratio of 1 ({ratios_of(missing)}); one in twenty does so by chance. Take smaller differences for "
            f"noise.{joint_ratio(tidy)}"
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


def joint_ratio(tidy: pd.DataFrame) -> str:
    """What all A/A controls say together, as a further sentence; nothing for too few of them."""
    value, low, high = np.exp(together(tidy))
    return f" Together they give {value:.4f} [{low:.4f}, {high:.4f}]." if np.isfinite(value) else ""


def ratios_of(control: pd.DataFrame) -> str:
    """The ratios of A/A controls with their intervals: 1.0136 [1.0002, 1.0304]."""
    values = np.exp(control[["value", "low", "high"]].to_numpy(dtype=float))
    return "; ".join(f"{value:.4f} [{low:.4f}, {high:.4f}]" for value, low, high in values)

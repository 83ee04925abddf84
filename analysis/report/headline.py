"""The finding in words: the headline, what the other settings say, and the doubts that belong in the first lines.

Which setting the headline speaks of is said in `analysis.tables.summary`. Where the run cannot say anything
(`analysis.tables.noise`), the finding is that sentence, and there is no number in it.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.errors import MEASURE
from analysis.tables.crossover import CROSSES, FORWARD, REVERSE, crosses_several_times, in_words
from analysis.tables.findings import Findings
from analysis.tables.noise import AGAIN, NO_CONTROL, WIDEST, resolution, spread
from analysis.text import counted, interval, size

WIDE = 0.1
"""A resolution of the log ratio above which the noise is called wide: differences of 10 % are lost in it."""


def headline(found: Findings) -> str:
    """Where forward mode stops being cheaper, as far as the measurements tell; or that they cannot, and why."""
    on = f"On {processor(found)}{f' with {found.blas}' if found.blas else ''},"
    row = found.headline
    if row is None:
        return f"{on} no crossover of a dense chain has been measured yet: {MEASURE} measures it."
    smallest, largest = row["smallest"], row["largest"]
    version = found.provenance.known.get("modes")
    setting = f"width {row['width']}, depth {row['depth']}, {row['activation']}, {row['dtype']}"
    setting += f", modes {version}" if version else ""
    outputs = f"m = {row['m']} outputs ({setting})"
    ends = interval(row["low"], row["high"], smallest, largest)
    reason = found.failing or (spread(row["span"]) if row["span"] > WIDEST else "")
    if reason:
        return (
            f"{on} these measurements cannot tell where forward mode stops being the cheaper way to a full "
            f"Jacobian for {outputs}: {reason}.{tie(row)} {AGAIN}."
        )
    if row["verdict"] == CROSSES:
        return (
            f"{on} forward mode stops being the cheaper way to a full Jacobian at "
            f"n* = {size(row['n_star'])} {ends} inputs for {outputs}: n*/m = {row['n_star'] / row['m']:.2f}.{tie(row)}"
        )
    if crosses_several_times(row["verdict"]):
        return (
            f"{on} the cheaper way to a full Jacobian changes {len(row['crossings'])} times for {outputs}: "
            f"{in_words(row['crossings'])}.{tie(row)}"
        )
    if row["verdict"] == FORWARD:
        return (
            f"{on} forward mode is the cheaper way to a full Jacobian at every size measured, up to "
            f"n = {largest} inputs for {outputs}: a crossover, if there is one, lies beyond."
        )
    if row["verdict"] == REVERSE:
        return (
            f"{on} reverse mode is the cheaper way to a full Jacobian at every size measured, down to "
            f"n = {smallest} inputs for {outputs}: a crossover, if there is one, lies below."
        )
    bounds = "" if math.isnan(row["low"]) else f"; it lies within {ends}"
    return (
        f"{on} these measurements do not tell where forward mode stops being the cheaper way to a full "
        f"Jacobian for {outputs}, over n = {smallest} to {largest} inputs{bounds}."
    )


def processor(found: Findings) -> str:
    """The processor's name, or else the machine's."""
    return found.provenance.known.get("cpu", found.summary.machine)


def tie(row: dict[str, Any]) -> str:
    """A sentence on the tie range, after a space; "" where there is none."""
    if math.isnan(row["tie_low"]):
        return ""
    return f" From n = {size(row['tie_low'])} to {size(row['tie_high'])} the two cannot be told apart."


def elsewhere(found: Findings) -> str:
    """One sentence on all settings of dense chains measured: how many cross, and between which n*/m.

    Nothing where no ratio of the run can be trusted.
    """
    every, crossing, least, most, others, noisy = found.settings
    if not every or found.failing:
        return ""
    parts = [f"{crossing} cross, at n*/m from {least:.2f} to {most:.2f}"] if crossing else []
    parts += [f"{number}: {verdict}" for verdict, number in others.items()]
    parts += [f"{noisy}: too noisy to say"] if noisy else []
    return f"Of {every} settings of dense chains measured, {'; '.join(parts)}."


def doubts(found: Findings, left_out: Sequence[str] = ()) -> list[str]:
    """What a reader has to know before trusting the headline, one sentence each; none is the good case.

    `left_out` names the ratios that a run had no time to make surer.
    """
    said = []
    if found.summary.dirty:
        said.append("Measured on a changed work tree: these numbers belong to no commit and cannot be cited.")
    control = found.controls
    fails, missing = control[control["fails"]], control[~control["covers"]]
    if control.empty:
        said.append(NO_CONTROL)
    elif len(fails):
        said.append(
            f"Do not trust the ratios: {len(fails)} of {len(control)} A/A controls find forward mode different from "
            f"itself ({ratios_of(fails)}). Something else was running, or the clock misleads. {AGAIN}."
        )
    elif len(missing):
        said.append(
            f"In {len(missing)} of {len(control)} A/A controls (forward mode against itself) the interval does not "
            f"hold a ratio of 1 ({ratios_of(missing)}); one in twenty does so by chance. Take smaller differences for "
            f"noise.{joint_ratio(found)}"
        )
    wide = resolution(control)
    if wide > WIDE:
        said.append(
            f"The machine was noisy: the A/A control tells ratios apart only where they differ by more than "
            f"{100 * np.expm1(wide):.0f} %."
        )
    if found.summary.threads > 1:
        said.append(f"BLAS ran on {found.summary.threads:.0f} threads, not on one.")
    if found.summary.failed:
        said.append(f"{counted(found.summary.failed, 'cell')} failed; the list is under “How sure this is”.")
    if left_out:
        said.append(
            f"{counted(len(left_out), 'ratio')} not taken as often as would be needed, for lack of time, so that some "
            "intervals are wider than they need be; the same command goes on with them."
        )
    return said


def joint_ratio(found: Findings) -> str:
    """What all A/A controls say together, as a further sentence; nothing for too few of them."""
    value, low, high = np.exp(found.together)
    return f" Together they give {value:.4f} [{low:.4f}, {high:.4f}]." if np.isfinite(value) else ""


def ratios_of(control: pd.DataFrame) -> str:
    """The ratios of A/A controls with their intervals: 1.0136 [1.0002, 1.0304]."""
    values = np.exp(control[["value", "low", "high"]].to_numpy(dtype=float))
    return "; ".join(f"{value:.4f} [{low:.4f}, {high:.4f}]" for value, low, high in values)

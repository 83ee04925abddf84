"""Whether a run can say anything at all: its controls, and how widely noise spreads a crossover.

Contract: pure functions of tables. A number is printed, or cited, only where both hold.

- No A/A control of the run fails (`analysis.tables.crossover.controls`): forward mode that differs from itself makes
  every ratio doubtful.
- The crossover is known within a factor of WIDEST. The rules that libraries ship put n*/m between 1 and 2.03; a
  crossover spread over more than that decides between none of them.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.intervals import t_interval, zero
from analysis.reading.runs import RUN
from analysis.tables.crossover import CROSSES, GROUP, UNKNOWN, Crossings, Curve, crosses_several_times
from analysis.text import counted, number

WIDEST = 2.0
"""The factor over which a crossover may be spread before it says nothing."""
RANGES = ("low", "high", "tie_low", "tie_high")
FEWEST = 3
"""Controls below which nothing is said of them together."""
NO_CONTROL = "No A/A control (forward mode against itself) was measured: the noise is unknown."
AGAIN = "Measure again on a quiet machine, into a folder of its own: python -m analysis run --results DIR"


def word(controls: pd.DataFrame) -> str:
    """What the A/A controls of one run (`analysis.tables.crossover.controls`) say of the machine, as a sentence."""
    if controls.empty:
        return NO_CONTROL
    worst = controls.iloc[int(controls["resolution"].fillna(math.inf).to_numpy().argmax())]
    value, low, high = np.exp([float(worst[end]) for end in ("value", "low", "high")])
    measured = f"{value:.3f} [{low:.3f}, {high:.3f}]" if math.isfinite(low) else f"{value:.3f}, of too few measurements"
    said = f"Control (A/A): at worst forward mode takes {measured} times as long as itself"
    if reason := failing(controls):
        return f"{said}. Do not trust this run: {reason}. {AGAIN}."
    told = 100 * float(np.expm1(resolution(controls)))
    if not math.isfinite(told):
        return f"{said}."
    return (
        f"{said}: modes that differ by more than {number(told)} % are told apart ({counted(len(controls), 'control')})."
    )


def failing(controls: pd.DataFrame) -> str:
    """What the A/A controls of one run (`analysis.tables.crossover.controls`) say against all its ratios, as
    the end of a sentence; "" where none fails."""
    fails = controls[controls["fails"]]
    if fails.empty:
        return ""
    worst = fails.iloc[int(fails["value"].abs().argmax())]
    return (
        f"{counted(len(fails), 'A/A control')} of {len(controls)} found forward mode different from itself (ratio "
        f"{np.exp(worst['value']):.4f} at n = {worst['n']}, m = {worst['m']}), so that no ratio can be trusted"
    )


def together(controls: pd.DataFrame) -> tuple[float, float, float]:
    """The A/A controls of one run taken together: the mean of their log ratios and its 95 % interval.

    By Student's t over the controls, so that what a control has in all its processes counts as noise too: where the
    code and the arrays of that size happen to lie (T. Mytkowicz, A. Diwan, M. Hauswirth, P. Sweeney, Producing Wrong
    Data Without Doing Anything Obviously Wrong!, 2009, https://doi.org/10.1145/1508244.1508275). Missing for fewer than
    FEWEST controls.
    """
    values = controls["value"].to_numpy(dtype=float)
    return t_interval(values) if values.size >= FEWEST else (math.nan, math.nan, math.nan)


def resolution(controls: pd.DataFrame) -> float:
    """The log ratio below which the A/A controls of one run, or of one engine of it, cannot tell what is there.

    Over processes it is how far the interval of all `together` reaches from 0: what differs from process to process is
    in every ratio's own interval, and what the controls add is what they have in common, or each to itself. Where there
    are fewer than FEWEST controls, or they are of one process, which knows of no other, how far the widest interval
    reaches. Missing where none has an interval.
    """
    if controls["processes"].notna().all() and len(controls) >= FEWEST:
        _, low, high = together(controls)
        return max(abs(low), abs(high))
    return float(controls["resolution"].max())


def together_by_engine(controls: pd.DataFrame) -> dict[str, tuple[float, float, float]]:
    """The A/A controls of each engine taken together."""
    return {str(engine): together(part) for engine, part in controls.groupby("engine")}


def spans(crossovers: pd.DataFrame, curves: Mapping[tuple[Any, ...], Curve], controls: pd.DataFrame) -> pd.Series:
    """The factor within which each crossover of time is known: float64, by the crossover table's index.

    `curves` and `controls` are those of the same runs. It is the larger one of two: high / low of n*'s interval; and
    that of the range of n whose ratio the A/A controls of the same run cannot tell from 1, where the curve lies within
    their `resolution` of 0. Of several crossings it is that of the widest interval, and infinite where the
    controls cannot tell from 1 the ratio between two of them. Missing where nothing crosses, and for memory, which is
    counted.
    """
    noise = {key: resolution(part) for key, part in controls.groupby(list(RUN))}
    found = []
    for row in crossovers.to_dict("records"):
        several = crosses_several_times(row["verdict"])
        if not (several or row["verdict"] == CROSSES) or row["metric"] != "log_ratio":
            found.append(math.nan)
            continue
        curve = curves[tuple(row[name] for name in (*GROUP, "metric"))]
        shift = float(np.nan_to_num(noise.get(tuple(row[name] for name in RUN), 0.0)))
        if several:
            told = min(_between(curve, row["crossings"])) > shift
            found.append(max(each.high / each.low for each in row["crossings"]) if told else math.inf)
            continue
        first, last = (float(np.exp(zero(np.log(curve.n), curve.r + off))) for off in (shift, -shift))
        ranges = ((float(row["low"]), float(row["high"])), (first, last))
        found.append(max(high / low if low > 0 else math.inf for low, high in ranges))
    return pd.Series(found, index=crossovers.index, dtype="float64")


def _between(curve: Curve, crossings: Crossings) -> list[float]:
    """The largest |r| of each stretch of a curve between two crossings, before the first and after the last."""
    stretches = np.searchsorted([each.n for each in crossings], curve.n)
    return [float(np.abs(curve.r[stretches == place]).max(initial=0.0)) for place in range(len(crossings) + 1)]


def told(crossovers: pd.DataFrame, spans: pd.Series, failing: str) -> pd.DataFrame:
    """The crossover table of one run as it may be printed: the contract at the top, row by row.

    A crossover that noise spreads too widely is not identifiable, and has its interval alone. Where a control fails no
    crossover of times has a number. Memory is counted, and stays. `spans` and `failing` are those of the same run.
    """
    timed = crossovers["metric"] == "log_ratio"
    doubtful = timed & ((spans > WIDEST) | bool(failing))
    kept = [Crossings() if out else each for out, each in zip(doubtful, crossovers["crossings"], strict=True)]
    found = crossovers.assign(
        verdict=crossovers["verdict"].mask(doubtful, UNKNOWN),
        n_star=crossovers["n_star"].mask(doubtful),
        crossings=pd.Series(kept, index=crossovers.index, dtype=object),
    )
    ranges = {name: found[name].mask(timed) for name in RANGES}
    return found.assign(**ranges) if failing else found


def told_waists(crossovers: pd.DataFrame, failing: str) -> pd.DataFrame:
    """The table of crossover waists (`analysis.tables.mixed.waist_crossovers`) as it may be printed: `told`, for it."""
    nothing = dict.fromkeys(("k_star", *RANGES), math.nan)
    return crossovers.assign(verdict=UNKNOWN, **nothing) if failing else crossovers


def spread(span: float) -> str:
    """What a span above WIDEST says against a crossover, as the end of a sentence."""
    width = f"a factor of {number(span)}" if math.isfinite(span) else "more than the sizes measured"
    return f"noise spreads the crossover over {width}, and the rules that libraries ship differ by a factor of two"

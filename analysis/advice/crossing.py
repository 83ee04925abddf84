"""The function's own crossover over the sizes that were asked for, by the same analysis as the chains'.

Contract: the measurements become rows of the tidy table, a size a row, the samples one number a process; verdict,
crossing, interval and tie range are those of `analysis.tables.crossover.crossovers`. What runs is the number of inputs,
or, where that stays, of outputs. Forward over reverse is taken for increasing in the inputs and decreasing in the
outputs; where the data say the contrary of a function whose inputs and outputs grow together, the crossing the other
way round is looked for.
"""

import io
import platform
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis.advice.advice import Crossing
from analysis.advice.judging import log_ratios, over, typical
from analysis.advice.words import duration, listed, ratio
from analysis.errors import AnalysisWarning
from analysis.figures.advice import advice_figure
from analysis.intervals import FEWEST_PROCESSES, over_processes
from analysis.tables.crossover import CROSSES, FORWARD, REVERSE, UNKNOWN, Crossings, crosses_several_times, crossovers
from analysis.tables.noise import WIDEST
from analysis.text import size
from benchmarks.catalogue.advice import Found, Times, Way

Size = tuple[int, Found, Sequence[Times]]
SWAPPED = {FORWARD: REVERSE, REVERSE: FORWARD, CROSSES: CROSSES, UNKNOWN: UNKNOWN}
DPI = 160


def crossing(sizes: Sequence[Size], engine: str) -> Crossing:
    """Where the two modes of an engine meet over the sizes."""
    names = {mode: Way(engine=engine, mode=mode).name for mode in ("forward", "reverse")}
    points = [point(*each, names) for each in sizes]
    inputs, outputs = ([each[key] for each in points] for key in ("n", "m"))
    over_n = len(set(inputs)) == len(inputs) or len(set(outputs)) < len(outputs)
    column = "n" if over_n else "m"
    both = len(set(inputs)) > 1 and len(set(outputs)) > 1
    table = rows(sizes, points, names, column, rising=over_n)
    found, below = located(table), "forward" if over_n else "reverse"
    if found["verdict"] == UNKNOWN and both:
        other = located(rows(sizes, points, names, column, rising=not over_n))
        if other["verdict"] == CROSSES:
            found, below = other, "reverse" if over_n else "forward"
    verdict = found["verdict"] if below == "forward" else SWAPPED.get(found["verdict"], found["verdict"])
    low, high = (missing(found[key]) for key in ("low", "high"))
    sure = verdict == CROSSES and bool(low) and high is not None and low is not None and high / low <= WIDEST
    n_star = missing(found["n_star"]) if sure else None
    tie = (missing(found["tie_low"]), missing(found["tie_high"]))
    if crosses_several_times(verdict):
        text = said_of_several(found["crossings"], column, below)
    else:
        text = said(verdict, column, below, n_star, (low, high), tie, points)
    return Crossing(column, below, verdict, n_star, (low, high), tie, tuple(points), text)


def point(size: int, found: Found, times: Sequence[Times], names: dict[str, str]) -> dict[str, Any]:
    """What was measured at one size."""
    seconds = {}
    for mode, name in names.items():
        medians = [typical(each, name) for each in times if name in each.seconds]
        looked = found.look(name)
        alone = looked.seconds if looked is not None and looked.seconds else None
        seconds[mode] = float(np.median(medians)) if medians else alone
    known = over(names["forward"], names["reverse"], times)
    factor, (low, high) = known or (None, (None, None))
    if factor is None and seconds["forward"] and seconds["reverse"]:
        factor = seconds["forward"] / seconds["reverse"]
    return {
        "size": size,
        "n": found.n,
        "m": found.m,
        "forward_seconds": seconds["forward"],
        "reverse_seconds": seconds["reverse"],
        "ratio": factor,
        "low": low,
        "high": high,
    }


def rows(
    sizes: Sequence[Size], points: Sequence[dict[str, Any]], names: dict[str, str], column: str, rising: bool
) -> pd.DataFrame:
    """The tidy table of the measured ratios, the column that runs as n."""
    found = []
    for (_, first, times), each in zip(sizes, points, strict=True):
        logs = log_ratios(names["forward"], names["reverse"], times)
        if not logs:
            continue
        samples = logs if rising else [-log for log in logs]
        centre, name = over_processes(samples), first.name
        ends = (*centre.interval, samples, len(samples))
        found.append((name, name, name, first.dtype, each[column], centre.value, *ends))
    columns = ["layer", "profile", "activation", "dtype", "n", "value", "low", "high", "samples", "processes"]
    table = pd.DataFrame(found, columns=columns).drop_duplicates("n")
    same: dict[str, Any] = {"machine": platform.node(), "env": "", "commit": "", "engine": "modes"}
    same |= {"m": 1, "width": 1, "depth": 1, "chunk_size": None}
    return table.assign(**same, mode="forward/reverse", metric="log_ratio", status="ok")


def located(table: pd.DataFrame) -> dict[str, Any]:
    """The one row of the crossover table; one that says nothing where too little was measured."""
    nothing = {**dict.fromkeys(("n_star", "low", "high", "tie_low", "tie_high"), np.nan), "verdict": UNKNOWN}
    if len(table) < 2 or min(map(len, table["samples"])) < FEWEST_PROCESSES:
        return nothing
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AnalysisWarning)
        found = crossovers(table).to_dict("records")
    return {str(key): value for key, value in found[0].items()} if found else nothing


def missing(value: float) -> float | None:
    return None if not np.isfinite(value) else float(value)


def said(
    verdict: str,
    column: str,
    below: str,
    n_star: float | None,
    ends: Sequence[float | None],
    tie: Sequence[float | None],
    points: Sequence[dict[str, Any]],
) -> str:
    """The verdict in a sentence."""
    first, last = points[0][column], points[-1][column]
    what = "inputs" if column == "n" else "outputs"
    if verdict == CROSSES and n_star is not None and ends[0] is not None and ends[1] is not None:
        above = "reverse" if below == "forward" else "forward"
        return (
            f"{below} mode below {column} = {size(n_star)}, {above} mode above "
            f"(95 % interval {size(ends[0])} to {size(ends[1])})"
        )
    if verdict in (FORWARD, REVERSE):
        mode = verdict.split()[0]
        ratios = [each["ratio"] for each in points if each["ratio"]]
        least = min(max(r, 1 / r) for r in ratios)
        most = max(max(r, 1 / r) for r in ratios)
        factor = ratio(least) if least == most else f"{ratio(least)} to {ratio(most)}"
        return f"{mode} mode at every size from {column} = {first} to {last}, by a factor of {factor}"
    if tie[0] is not None and tie[1] is not None:
        return (
            f"no crossover can be told: the modes take the same from {column} = {size(tie[0])} to {size(tie[1])} {what}"
        )
    between = f"between {column} = {first} and {last}"
    return f"no crossover can be told {between}: other sizes, or more time (--seconds), may show one"


def said_of_several(crossings: Crossings, column: str, below: str) -> str:
    """Several crossings in a sentence; `below` is the mode that is cheaper below one where the table's r rises."""
    above = "reverse" if below == "forward" else "forward"
    parts = []
    for place, each in enumerate(crossings):
        ends = f"{size(each.n)} (95 % interval {size(each.low)} to {size(each.high)})"
        parts.append(f"{below if each.rises else above} mode {'up to' if place else f'below {column} ='} {ends}")
    last = above if crossings[-1].rises else below
    return f"the cheaper mode changes {len(crossings)} times: {', '.join(parts)}, {last} mode above"


# --- files ---


def files(crossing: Crossing, name: str) -> dict[str, bytes]:
    """The table and the figure, by file name."""
    table = pd.DataFrame(crossing.points)
    keys = ("function", "over", "below", "verdict", "crossing", "low", "high", "tie_low", "tie_high")
    values = (
        name,
        crossing.over,
        crossing.below,
        crossing.verdict,
        crossing.crossing,
        *crossing.interval,
        *crossing.tie,
    )
    summary = pd.DataFrame([dict(zip(keys, values, strict=True))])
    found = {"sizes.csv": table.to_csv(index=False).encode(), "crossover.csv": summary.to_csv(index=False).encode()}
    for kind in ("png", "svg"):
        figure = Figure(figsize=(7.0, 4.4), layout="constrained", facecolor="white")
        title = f"{name}: {crossing.text}"
        advice_figure(figure, crossing.points, crossing.over, crossing.crossing, crossing.interval, title)
        content = io.BytesIO()
        figure.savefig(content, format=kind, dpi=DPI, metadata={"Date": None} if kind == "svg" else {"Software": None})
        found[f"crossover.{kind}"] = content.getvalue()
    return found


def in_words(crossing: Crossing) -> list[str]:
    """The points, a line each."""
    lines = []
    for each in crossing.points:
        took = [each["forward_seconds"], each["reverse_seconds"]]
        times = listed([duration(seconds) for seconds in took if seconds])
        lines.append(f"size {each['size']}: n = {each['n']}, m = {each['m']}, {times}")
    return lines

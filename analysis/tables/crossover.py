"""Where the cheaper mode changes: crossovers, their intervals, verdicts and tie ranges. Pure functions of tables.

Contract: at everything else fixed, r(n) = log(T_forward(n) / T_reverse(n)), measured in interleaved pairs in several
fresh processes, and n* is its root, linear in log n between neighbouring n. Forward mode's cost grows faster with n
than reverse mode's, so that r is taken for increasing, unless the data surely say otherwise: forward mode is cheaper
below n*, reverse mode above.

The verdict says no more than the data do:

- "forward throughout", "reverse throughout": the 95 % interval of r lies on that side of 0 at every n
  measured;
- "crosses": below the root some r is significantly negative, above it some r is significantly positive.
  Significantly: by Student's t over the processes, at 5 % divided by the number of n, because the more n are tried, the
  likelier one of them errs;
- "crosses 3 times": r changes its sign more than once, each time between n at which it is surely negative and surely
  positive: at 1 % divided by the number of n, since one wrong sign would make two crossings of none, and by more than
  MARGIN. There is no one n* then: n_star is missing, and `crossings` (Crossings, elsewhere empty) has each; low is the
  lower end of the first one's interval, high the upper end of the last one's. Signs that change, but not as surely as
  that, are taken for one crossing, and n*'s interval reaches over all of them;
- "not identifiable": everything else. n_star is then missing.

low and high are n*'s 95 % interval, whatever the verdict: low 0 means that it may lie below all n measured,
high inf that it may lie above them. "forward throughout" has (largest n, inf), "reverse throughout" (0,
smallest n). Both are missing where nothing is known: fewer than two n with an interval, or r that surely changes from
positive to negative alone. tie_low and tie_high are the first and the last n of the widest run of two or more
neighbouring n at which the interval of r touches 0, or missing: there, the measurements cannot tell the modes apart.

The intervals know of what differs from pair to pair and from process to process, such as where memory lies. What
differs from run to run, and from machine to machine, no single run can say (`python -m analysis replicate`).

Rows of the pairs of one process (`processes` missing, see `analysis.reading.tidy`) are judged by the sign test over the
pairs and a bootstrap of them, and signs that contradict each other are not identifiable.

Peak memory gives the metric "log_ratio_bytes" in the same way. It is counted, not sampled: every difference counts, and
n_star has no interval.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from analysis.errors import MEASURE, AnalysisError, AnalysisWarning
from analysis.intervals import FEWEST, FEWEST_PROCESSES, LEVEL, Floats, over_processes, sign_test, zero, zero_interval
from analysis.reading.runs import RUN
from analysis.reading.tidy import case_of
from analysis.text import interval, size
from modes.chains import layer_widths
from modes.cost import predicted_crossover

GROUP = (*RUN, "engine", "layer", "profile", "m", "width", "depth", "dtype")
COLUMNS = (*GROUP, "metric", "n_star", "low", "high", "verdict", "crossings", "tie_low", "tie_high")
BRACKET_COLUMNS = (*GROUP, "activation", "below", "above", "n", "case")
MEASURED = ("n", "value", "low", "high", "pairs", "processes", "spread", "resolution", "covers", "fails")
CONTROL_COLUMNS = (*GROUP, "activation", *MEASURED)
MARGIN = 0.02
"""A log ratio that a control may be off by before it fails: layout effects are small and everywhere (T. Mytkowicz et
al., Producing Wrong Data Without Doing Anything Obviously Wrong!, 2009). Two of 12 controls were surely off by 1 %."""
CROSSES, FORWARD, REVERSE, UNKNOWN = "crosses", "forward throughout", "reverse throughout", "not identifiable"
SURELY = 0.99
"""How sure a sign is, over all n of a curve, that counts for several crossings."""


class Curve(NamedTuple):
    """r at increasing n with its 95 % intervals, and the samples (None: counted, or not kept), one number a process, or
    one a pair where not `processes`."""

    n: Floats
    r: Floats
    low: Floats
    high: Floats
    samples: list[list[float]] | None
    processes: bool = False


class Crossing(NamedTuple):
    """A place where the cheaper mode changes, with its 95 % interval (missing where counted), and whether r rises
    there: forward mode is the cheaper one below it."""

    n: float
    low: float
    high: float
    rises: bool

    @property
    def below(self) -> str:
        """The cheaper mode below it."""
        return "forward" if self.rises else "reverse"

    @property
    def above(self) -> str:
        """The cheaper mode above it."""
        return "reverse" if self.rises else "forward"


class Crossings(tuple[Crossing, ...]):
    """A curve's crossings by increasing n. As text a number line: `forward < 81 [77, 85] < reverse`."""

    def __str__(self) -> str:
        parts = [f"{each.below} < {size(each.n)} {interval(each.low, each.high)}".strip() for each in self]
        return " < ".join([*parts, self[-1].above]) if self else ""


class Root(NamedTuple):
    n_star: float
    low: float
    high: float
    verdict: str
    crossings: Crossings = Crossings()


def crossovers(tidy: pd.DataFrame) -> pd.DataFrame:
    """The crossover table (COLUMNS) of a tidy table: one row a group of GROUP and metric.

    Only Jacobians taken in one pass (chunk_size missing) count. A group of one cell alone asks no such question and is
    left out: a published case at its n and m, say. Cells without an interval (fewer than three processes) are left out,
    and so is a group of several activations, which the table's columns could not tell apart: each with an
    AnalysisWarning. Raises AnalysisError where an n occurs twice. Cost: 3 ms a group of ten n.
    """
    return located(curves(tidy))


def curves(tidy: pd.DataFrame) -> dict[tuple[Any, ...], Curve]:
    """The measured curves that `crossovers` speaks of, by GROUP and metric; warns and raises as it does."""
    found = {}
    for metric, table in (("log_ratio", _ratios(tidy)), ("log_ratio_bytes", _byte_ratios(tidy))):
        for key, part in _groups(table):
            if len(part) > 1:
                found[*key, metric] = curve_over(part, "n")
    return found


def located(curves: Mapping[tuple[Any, ...], Curve]) -> pd.DataFrame:
    """The crossover table (COLUMNS) of `curves`."""
    rows = []
    for key, curve in curves.items():
        n_star, low, high, verdict, crossings = find_root(curve)
        kept = crossings if crosses_several_times(verdict) else Crossings()
        rows.append([*key, n_star, low, high, verdict, kept, *tie_range(curve)])
    numbers = dict.fromkeys(("n_star", "low", "high", "tie_low", "tie_high"), "float64")
    whole = dict.fromkeys(("m", "width", "depth"), "Int64")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({**numbers, **whole})


def with_ends(table: pd.DataFrame, curves: Mapping[tuple[Any, ...], Curve]) -> pd.DataFrame:
    """A crossover table with the ends of the n that each row rests on, as `smallest` and `largest`."""
    sizes = [curves[tuple(row[name] for name in (*GROUP, "metric"))].n for row in table.to_dict("records")]
    ends = {"smallest": [n.min(initial=np.inf) for n in sizes], "largest": [n.max(initial=-np.inf) for n in sizes]}
    return table.assign(**{name: np.array(values, dtype=float) for name, values in ends.items()})


def find_root(curve: Curve) -> Root:
    """The crossover of one curve, by the definitions at the top."""
    n, r, low, high, samples, processes = curve
    if n.size < 2:
        return Root(math.nan, math.nan, math.nan, UNKNOWN)
    if (high < 0).all():
        return Root(math.nan, float(n[-1]), math.inf, FORWARD)
    if (low > 0).all():
        return Root(math.nan, 0.0, float(n[0]), REVERSE)
    counted = samples is None and bool((low == high).all())
    sure = _sure_crossings(curve) if processes or counted else Crossings()
    if len(sure) > 1:
        return Root(math.nan, sure[0].low, sure[-1].high, several(len(sure)), sure)
    negative, positive = significant(curve)
    astray = positive.any() and negative.any() and n[positive].min() < n[negative].max()
    if astray and (not processes or (sure and not sure[0].rises)):
        return Root(math.nan, math.nan, math.nan, UNKNOWN)
    root = float(np.exp(zero(np.log(n), r)))
    first, last = map(float, np.exp(zero_interval(np.log(n), low, high, None if processes else samples)))
    if astray:
        left, right = n[negative & (n < n[positive].min())], n[positive & (n > n[negative].max())]
        first, last = min(first, left.max(initial=0)), max(last, right.min(initial=math.inf))
    if not (negative[n < root].any() and positive[n > root].any()):
        return Root(math.nan, first, last, UNKNOWN)
    if counted:
        first = last = math.nan
    return Root(root, first, last, CROSSES, Crossings([Crossing(root, first, last, True)]))


def several(count: int) -> str:
    """The verdict on a curve that crosses so many times."""
    return f"{CROSSES} {count} times"


def crosses_several_times(verdict: str) -> bool:
    return verdict.startswith(f"{CROSSES} ")


def places(crossovers: pd.DataFrame) -> pd.DataFrame:
    """One row a crossing of a crossover table: the rows that cross once as they are, and those that cross several times
    once a crossing, with its own n_star, low and high."""
    crossing = crossovers[crossovers["verdict"].astype(str).str.startswith(CROSSES)].reset_index(drop=True)
    each = [
        row.get("crossings") or [Crossing(row["n_star"], row["low"], row["high"], rises=True)]
        for row in crossing.to_dict("records")
    ]
    numbers = np.array([found[:3] for crossings in each for found in crossings], dtype=float).reshape(-1, 3)
    found = crossing.loc[crossing.index.repeat([len(crossings) for crossings in each])].reset_index(drop=True)
    return found.assign(**dict(zip(("n_star", "low", "high"), numbers.T, strict=True)))


def in_words(crossings: Crossings, over: float = 1, written: Callable[[float], str] = size, name: str = "n") -> str:
    """Several crossings, their n over `over`: `forward mode below n = 5.5 [5.2, 5.7], reverse mode up to 6.4 ...`."""
    parts: list[str] = []
    for each in crossings:
        known = interval(each.low / over, each.high / over, written=written)
        until = "up to" if parts else f"below {name} ="
        parts.append(f"{each.below} mode {until} {written(each.n / over)} {known}".strip())
    return f"{', '.join(parts)}, {crossings[-1].above} mode above"


def significant(curve: Curve, level: float = LEVEL) -> tuple[np.ndarray, np.ndarray]:
    """Where r is negative and where it is positive, whatever the number of n that were tried: two masks (k,)."""
    if curve.samples is None:
        return curve.high < 0, curve.low > 0
    chance = (lambda sample: over_processes(sample).chance) if curve.processes else sign_test
    sure = np.array([chance(sample) for sample in curve.samples]) < (1 - level) / curve.n.size
    return sure & (curve.r < 0), sure & (curve.r > 0)


def _sure_crossings(curve: Curve) -> Crossings:
    """Where r surely changes its sign, each in the stretch from the first n that has the one sign for sure to the last
    that has the other, up to the next such change."""
    negative, positive = significant(curve, SURELY)
    large = np.abs(curve.r) > MARGIN if curve.samples is not None else np.full(curve.n.size, True)
    places = np.flatnonzero((negative | positive) & large)
    signs = np.where(positive[places], 1, -1)
    runs = np.split(places, np.flatnonzero(np.diff(signs)) + 1)
    found = []
    for before, after in pairwise(runs):
        stretch = slice(int(before[0]), int(after[-1]) + 1)
        x, r, low, high = np.log(curve.n[stretch]), curve.r[stretch], curve.low[stretch], curve.high[stretch]
        rises = bool(positive[after[0]])
        if not rises:
            r, low, high = -r, -high, -low
        ends = (math.nan, math.nan) if (low == high).all() else np.exp(zero_interval(x, low, high, None))
        found.append(Crossing(float(np.exp(zero(x, r))), float(ends[0]), float(ends[1]), rises))
    return Crossings(found)


def tie_range(curve: Curve) -> tuple[float, float]:
    """The ends of the widest run (in log n) of two or more n where r's interval touches 0; nan without one."""
    touches = (curve.low <= 0) & (curve.high >= 0)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], touches, [False]]).astype(int)))
    runs = [(curve.n[a], curve.n[b - 1]) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= 2]
    widest = max(runs, key=lambda run: run[1] / run[0], default=(math.nan, math.nan))
    return float(widest[0]), float(widest[1])


def brackets(tidy: pd.DataFrame, steps: float = 2.0) -> pd.DataFrame:
    """Where to measure next: one row (BRACKET_COLUMNS) a crossing that a further n would make surer.

    `n` is the integer in the geometric middle of the neighbours `below` and `above` around the root, `case` its
    parameters as the refinement benchmark takes them; widest step first. No row where nothing is gained:

    - the verdict is not "crosses" or "crosses 3 times", or the neighbours are consecutive integers;
    - r's interval touches 0 at one of the neighbours: it cannot tell the modes apart there. What more processes at that
      n would say is another question (`analysis.tables.allocation`), to be asked first;
    - the step in log n is at most `steps` times as wide as n*'s interval. A bend c (log n - log n*)^2 of
      r moves the root by c step^2 / (4 slope) at most: some 3 % of the interval for step 0.3 and c = slope / 5.

    A cell that failed does not count as measured: whoever measures has to remember what was tried.
    """
    rows = []
    for key, part in _groups(_ratios(tidy)):
        curve = curve_over(part, "n")
        for crossing in find_root(curve).crossings:
            right = int(np.searchsorted(curve.n, crossing.n))
            below, above = int(curve.n[right - 1]), int(curve.n[right])
            rising = curve.high[right - 1] < 0 < curve.low[right]
            told_apart = rising if crossing.rises else curve.high[right] < 0 < curve.low[right - 1]
            middle = round(math.sqrt(below * above))
            width = math.log(crossing.high / crossing.low) if crossing.low > 0 else math.inf
            wide = math.log(above / below) > steps * width
            if told_apart and wide and below < middle < above:
                case = case_of({**part.iloc[0].to_dict(), "n": middle}).text
                rows.append([*key, part["activation"].iloc[0], below, above, middle, case])
    found = pd.DataFrame(rows, columns=list(BRACKET_COLUMNS))
    found = found.astype(dict.fromkeys(("m", "width", "depth", "below", "above", "n"), "Int64"))
    step = (found["above"] / found["below"]).astype(float)
    return found.loc[step.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def controls(tidy: pd.DataFrame) -> pd.DataFrame:
    """The A/A controls, forward mode against itself: one row (CONTROL_COLUMNS) a cell.

    `processes` is how many it rests on, `pairs` how many pairs where it is those of one process; the other is missing.
    `spread` is the interquartile range of the samples and `resolution` how far the interval reaches from 0, both of the
    log ratio: a smaller effect cannot be seen. `covers`: the 95 % interval contains 0; one control in twenty misses it
    by chance. `fails`, which is worth an alarm: it is off by more than MARGIN, and 0 is rejected (by t over the
    processes, or the sign test over pairs) at 5 % divided by the number of controls of the same machine, environment
    and commit.
    """
    rows = _ratios(tidy, "forward/forward").copy()
    samples = [row or [] for row in rows["samples"]]
    one_process = rows["processes"].isna().to_numpy(dtype=bool)
    rows["pairs"] = pd.array([len(sample) for sample in samples], dtype="Int64")
    rows.loc[~one_process, "pairs"] = pd.NA
    rows["spread"] = np.array([stats.iqr(sample) if sample else math.nan for sample in samples], dtype=float)
    rows["resolution"] = np.maximum(rows["low"].abs(), rows["high"].abs())
    rows["covers"] = (rows["low"] <= 0) & (rows["high"] >= 0)
    together = rows.groupby(RUN, dropna=False)["value"].transform("size")
    chances = [
        sign_test(sample) if pairs else over_processes(sample).chance
        for sample, pairs in zip(samples, one_process, strict=True)
    ]
    rows["fails"] = (np.array(chances, dtype=float) < (1 - LEVEL) / together) & (rows["value"].abs() > MARGIN)
    return rows[list(CONTROL_COLUMNS)].reset_index(drop=True)


def predicted(table: pd.DataFrame) -> pd.DataFrame:
    """The crossover table with a column `predicted` (float64): n* of a dense chain's time by its counts (C2).

    inf where forward mode takes fewer operations at every n; missing where both modes take the same at every
    n (depth 1 and 2), and where the counts do not apply: other layers, other metrics.
    """
    counts = pd.Series(math.nan, index=table.index)
    for row, m, depth, width, profile in table.loc[
        (table["layer"] == "dense") & (table["metric"] == "log_ratio"), ["m", "depth", "width", "profile"]
    ].itertuples():
        inner = layer_widths(1, int(m), int(depth), int(width), profile)[1:-1]  # the same for every n
        counts[row] = predicted_crossover(inner, int(m))
    return table.assign(predicted=counts)


def _ratios(tidy: pd.DataFrame, mode: str = "forward/reverse") -> pd.DataFrame:
    """The rows of measured time ratios."""
    return tidy[(tidy["metric"] == "log_ratio") & (tidy["mode"] == mode) & (tidy["status"] == "ok")]


def _byte_ratios(tidy: pd.DataFrame) -> pd.DataFrame:
    """The log ratios of the two modes' peaks, as measured ratios; the interval is the value itself."""
    peaks = tidy[(tidy["metric"] == "peak_bytes") & (tidy["status"] == "ok") & (tidy["value"] > 0)]
    cell = [*GROUP, "activation", "chunk_size", "n"]
    forward, reverse = (peaks[peaks["mode"] == mode][[*cell, "value"]] for mode in ("forward", "reverse"))
    both = forward.merge(reverse, on=cell, suffixes=("_forward", "_reverse"))
    ratio = np.log(both["value_forward"] / both["value_reverse"])
    return both[cell].assign(value=ratio, low=ratio, high=ratio, samples=None, processes=None)


def _groups(table: pd.DataFrame) -> Iterator[tuple[tuple[Any, ...], pd.DataFrame]]:
    """The groups of GROUP with their rows in order of n, but for the cells and groups that cannot be used."""
    table = table[table["chunk_size"].isna()].sort_values("n")
    for key, part in table.groupby(list(GROUP), dropna=False):
        where = ", ".join(f"{name} {value}" for name, value in zip(GROUP, key, strict=True))
        activations = sorted(map(str, part["activation"].unique()))
        if len(activations) > 1:
            _warn(f"{where}: left out, measured with activations {', '.join(activations)}; give one at a time")
            continue
        if part["n"].duplicated().any():
            raise AnalysisError(f"{where}: an n occurs twice; analysis.reading.tidy.tidy joins such rows")
        unsure = part["low"].isna() | part["high"].isna()
        if unsure.any():
            sizes = ", ".join(map(str, part.loc[unsure, "n"]))
            _warn(
                f"{where}: n = {sizes} left out, {few(part[unsure])}, too few for an interval; "
                f"measure them anew: {MEASURE}"
            )
        yield key, part


def curve_over(part: pd.DataFrame, column: str) -> Curve:
    """The points of a group that have an interval, by increasing values of a column, which are the curve's n."""
    part = part[part["low"].notna() & part["high"].notna()].sort_values(column)
    n, r, low, high = (part[name].to_numpy(dtype=float) for name in (column, "value", "low", "high"))
    samples, of_processes = list(part["samples"]), part["processes"].notna()
    if of_processes.all():
        return Curve(n, r, low, high, samples, processes=True)
    kept = not of_processes.any() and all(sample is not None and len(sample) >= FEWEST for sample in samples)
    return Curve(n, r, low, high, samples if kept else None)


def few(rows: pd.DataFrame) -> str:
    """What rows without an interval have too few of: `fewer than 3 processes`."""
    of_processes = rows["processes"].notna().any()
    return f"fewer than {FEWEST_PROCESSES} processes" if of_processes else f"fewer than {FEWEST} pairs"


def _warn(text: str) -> None:
    warnings.warn(text, AnalysisWarning, stacklevel=4)

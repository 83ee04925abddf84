"""Every fact over several runs: on how many it holds, its range, and what it depends on. Pure functions of facts.

The definitions are those at the top of `analysis.replicating`. What is compared is a run's interval: where a fact has
none, as peak memory, which is counted, and the worst case seen, which is a maximum, its number alone; where a crossover
lies beyond every size measured, all that lies beyond.

Of many runs, the intervals of all rarely have a value in common though the truth is one: of four 95 % intervals in 97
of 100 cases, of ten in 85. So that no more than one fact in twenty is called dependent by chance, the intervals of six
runs or more are taken longer, by the studentized range (J. Tukey; scipy.stats.studentized_range).
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from analysis.citing import Fact
from analysis.citing.collect import ON_NUMPY
from analysis.intervals import LEVEL
from analysis.replicating.pooling import NOTHING, Pooled, pooled
from analysis.replicating.sources import Run
from analysis.tables.crossover import FORWARD, REVERSE, UNKNOWN
from analysis.text import size

CARE = 0.05
"""Two numbers that differ by less are the same to a reader: 5 %, or this many hundredths for one in percent.

At 5 % beside a crossover the two modes differ by some 2 % of the time (r grows about half as fast as log n), which is
what an A/A control may be off by (`analysis.tables.crossover.MARGIN`)."""
CARE_PERCENT = 1.0
"""The same for a fact in percent, in points."""
CARE_LOSS = 0.005
"""The same for a mean time over the best choice's, which is told by what it has over 1: 1.004 is not 1.044."""
LOSSES = ("regret-mean", "problem-regret-mean", "two-modes-mean", "control-ratio")
"""Kinds of facts that CARE_LOSS is for."""
HOLDS, TOO_FEW, BY_RUN, DEPENDS = "holds", "not enough runs", "changes from run to run", "depends on"
LOGARITHMIC = ("inputs", "inputs per output", "ratio", "values")
"""Units of numbers that differ by a factor; others differ by a difference."""
COUNTED = ("inputs", "values")
"""Units of whole things."""
OF_NUMPY = ("BLAS kernel", "number of BLAS threads")
"""Conditions of the engines whose matrix products are NumPy's."""
QUANTILE = float(stats.norm.ppf((1 + LEVEL) / 2))
COLUMNS = (
    *("key", "engine", "kind", "unit", "runs", "holds", "verdict", "depends"),
    *("least", "most", "span", "range", "general", "said"),
    *Pooled._fields,
)
VALUE_COLUMNS = ("key", "run", "value", "low", "high", "text", "interval", "verdict", "error")


class Told(NamedTuple):
    """What one run says of a fact: its point (nan: none), and the ends between which the truth lies, on its scale."""

    run: int
    fact: Fact
    point: float
    low: float
    high: float
    word: str
    """What stands in the place of a number, where there is neither number nor interval."""

    @property
    def error(self) -> float:
        """The standard error that the interval's half width is of; nan where there is none."""
        half = (self.high - self.low) / 2
        return half / QUANTILE if 0 < half < math.inf and not math.isnan(self.point) else math.nan


def judged(runs: Sequence[Run]) -> pd.DataFrame:
    """One row (COLUMNS) a fact that any of the runs has, in order of keys.

    `runs` is how many tell it, `holds` on how many of them it holds, `least` and `most` the ends of the numbers, `span`
    the share by which they are apart (points, of percent), `range` both in words; `general` what may be said of all
    runs, where it holds, and under more than one condition; the rest is the random-effects mean, on the scale of the
    number, `tau2` on that of its logarithm where the number is one of LOGARITHMIC.
    """
    keys = sorted({key for run in runs for key in run.facts})
    rows = [_row(key, _telling(key, runs), runs) for key in keys]
    whole = {"runs": "int64", "holds": "int64"}
    numbers = dict.fromkeys(("least", "most", "span", *Pooled._fields), "float64")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({**whole, **numbers})


def values(runs: Sequence[Run]) -> pd.DataFrame:
    """What each run has of each fact: one row (VALUE_COLUMNS) a fact and run; `error` is on the fact's scale."""
    rows = []
    for key in sorted({key for run in runs for key in run.facts}):
        errors = {told.run: told.error for told in _telling(key, runs)}
        for place, run in enumerate(runs):
            if (fact := run.facts.get(key)) is not None:
                known = [math.nan if fact[name] is None else fact[name] for name in ("value", "low", "high")]
                texts = [fact[name] for name in ("text", "interval", "verdict")]
                rows.append([key, run.name, *known, *texts, errors.get(place, math.nan)])
    numbers = dict.fromkeys(("value", "low", "high", "error"), "float64")
    return pd.DataFrame(rows, columns=list(VALUE_COLUMNS)).astype(numbers)


def kind(key: str) -> str:
    """What a fact is of, whatever the setting: `crossover-time`, `regret-mean`."""
    return key.split(".")[1]


# --- one fact ---


def _row(key: str, told: Sequence[Told], runs: Sequence[Run]) -> list[Any]:
    any_fact = next(run.facts[key] for run in runs if key in run.facts)
    unit = str(any_fact["unit"])
    holding = max((len(group) for group in _agreeing(told)), default=0)
    depends = ""
    if len(told) < 2:
        verdict = TOO_FEW
    elif holding == len(told):
        verdict = HOLDS
    else:
        depends = _explained(told, runs)
        verdict = f"{DEPENDS} {depends}" if depends else BY_RUN
    numbers = [each.fact["value"] for each in told if each.fact["value"] is not None]
    least, most = (min(numbers), max(numbers)) if numbers else (math.nan, math.nan)
    span = most - least if unit not in LOGARITHMIC else most / least - 1 if least > 0 else math.nan
    said = _range(told)
    found = _pooled(told, unit)
    varied = len({tuple(runs[each.run].conditions[name] for name in _names(told, runs)) for each in told}) > 1
    general = _general(told, unit, found) if verdict == HOLDS and varied else ""
    sentence = _sentence(said, len(told), holding, verdict, varied)
    head = [key, any_fact["engine"], kind(key), unit, len(told), holding, verdict, depends]
    return [*head, least, most, span, said, general, sentence, *found]


def _telling(key: str, runs: Sequence[Run]) -> list[Told]:
    """What the runs say of a fact; a run that has it not, or cannot tell, says nothing."""
    found = []
    for place, run in enumerate(runs):
        fact = run.facts.get(key)
        if fact is None or (fact["value"] is None and fact["verdict"] == UNKNOWN):
            continue
        low, high = fact["low"], fact["high"]
        if fact["value"] is None and not fact["interval"]:
            found.append(Told(place, fact, math.nan, math.nan, math.nan, str(fact["verdict"])))
            continue
        scale = _scale(str(fact["unit"]))
        point = math.nan if fact["value"] is None else scale(fact["value"])
        if not fact["interval"]:
            low = high = fact["value"]
        ends = -math.inf if low is None else scale(low), math.inf if high is None else scale(high)
        found.append(Told(place, fact, point, *ends, ""))
    return found


def _scale(unit: str) -> Callable[[float], float]:
    """The scale on which numbers of a unit are compared."""
    if unit in LOGARITHMIC:
        return lambda value: math.log(value) if value > 0 else -math.inf
    return float


def _agreeing(told: Sequence[Told]) -> Iterable[list[Told]]:
    """Sets of runs that have a value in common, the largest of them among these."""
    for word in {each.word for each in told} - {""}:
        yield [each for each in told if each.word == word]
    care = _care(told) / 2
    ends = {}
    reach = _reach(len(told))
    for each in told:
        if each.word:
            continue
        if math.isnan(each.point):  # beyond all that was measured: one end
            ends[each.run] = each.low - care, each.high + care
        else:
            low, high = each.point - reach * (each.point - each.low), each.point + reach * (each.high - each.point)
            ends[each.run] = min(low, each.point - care), max(high, each.point + care)
    for place in {low for low, _ in ends.values()}:  # where most overlap, one of them begins
        yield [each for each in told if each.run in ends and ends[each.run][0] <= place <= ends[each.run][1]]


def _care(told: Sequence[Told]) -> float:
    """What is taken for no difference, on the fact's scale."""
    if not told or told[0].fact["unit"] not in LOGARITHMIC:
        return CARE_PERCENT
    return math.log1p(CARE_LOSS if kind(told[0].fact["key"]) in LOSSES else CARE)


@cache
def _reach(count: int) -> float:
    """By how much the intervals of so many runs are lengthened."""
    return max(1.0, float(stats.studentized_range.ppf(LEVEL, count, np.inf)) / (2 * QUANTILE)) if count > 2 else 1.0


def _explained(told: Sequence[Told], runs: Sequence[Run]) -> str:
    """The conditions under which runs agree, though all together they do not; "" where there are none."""
    names = _names(told, runs)
    single = [f"the {name}" for name in names if _agree_within(told, runs, [name])]
    if single:
        return " or ".join(single)
    return " and ".join(f"the {name}" for name in names) if _agree_within(told, runs, names) else ""


def _names(told: Sequence[Told], runs: Sequence[Run]) -> list[str]:
    """The conditions that are not the same in all these runs, of those that this engine can depend on."""
    names = (
        runs[0].conditions if told and told[0].fact["engine"] in ON_NUMPY else runs[0].conditions.keys() - {*OF_NUMPY}
    )
    return [
        name
        for name in runs[0].conditions
        if name in names and len({runs[each.run].conditions[name] for each in told}) > 1
    ]


def _agree_within(told: Sequence[Told], runs: Sequence[Run], names: Sequence[str]) -> bool:
    """Whether runs that are the same in `names` agree."""
    groups: dict[tuple[str, ...], list[Told]] = {}
    for each in told:
        groups.setdefault(tuple(runs[each.run].conditions[name] for name in names), []).append(each)
    return all(any(len(agreeing) == len(group) for agreeing in _agreeing(group)) for group in groups.values())


def _pooled(told: Sequence[Told], unit: str) -> Pooled:
    """The random-effects mean of the runs with a number and an interval."""
    known = [each for each in told if not math.isnan(each.error)]
    if len(known) < 2:
        return NOTHING
    found = pooled([each.point for each in known], [each.error for each in known])
    if unit in LOGARITHMIC:
        ends = {name: math.exp(getattr(found, name)) for name in ("mean", "low", "high")}
        with np.errstate(over="ignore"):
            further = {name: float(np.exp(getattr(found, name))) for name in ("further_low", "further_high")}
        return found._replace(**ends, **further)
    return found


# --- in words ---


def _range(told: Sequence[Told]) -> str:
    """The numbers' range, and the verdicts that stand for numbers: 4.5 to 17; 69; reverse throughout."""
    numbers = sorted((each.fact["value"], str(each.fact["text"])) for each in told if each.fact["value"] is not None)
    words = {str(each.fact["text"]) for each in told if each.fact["value"] is None}
    parts = []
    if numbers:
        ends = dict.fromkeys((numbers[0][1], numbers[-1][1]))
        parts.append(" to ".join(ends))
    # Beyond the sizes measured lies the end of a range, not something beside it.
    return ", or ".join(
        [
            *([REVERSE] if REVERSE in words else []),
            *parts,
            *sorted(words - {REVERSE, FORWARD}),
            *([FORWARD] if FORWARD in words else []),
        ]
    )


def _general(told: Sequence[Told], unit: str, found: Pooled) -> str:
    """What may be said of all runs: their common number, or their verdict."""
    words = {str(each.fact["text"]) for each in told if each.fact["value"] is None}
    numbers = [each for each in told if each.fact["value"] is not None]
    if not numbers:
        return " or ".join(sorted(words))
    mean = found.mean if not math.isnan(found.mean) else float(np.mean([each.fact["value"] for each in numbers]))
    if unit in COUNTED:
        return size(mean)
    decimals = max(len(str(each.fact["text"]).partition(".")[2]) for each in numbers)
    return f"{mean:.{decimals}f}"


def _sentence(said: str, count: int, holding: int, verdict: str, varied: bool) -> str:
    """A range with what it rests on: 0.95 to 1.56 over 4 runs (depends on the BLAS kernel)."""
    if count == 0:
        return "no run tells it"
    if count == 1:
        return f"{said} in one run, which is not enough"
    if verdict == HOLDS:
        return (
            f"{said} over {count} runs, on all of which it holds{'' if varied else ' (all under the same conditions)'}"
        )
    return f"{said} over {count} runs ({verdict}; at most {holding} agree)"


def heterogeneity(row: Mapping[Any, Any]) -> str:
    """What a row's tau squared means, in words."""
    if math.isnan(row["tau2"]):
        return "no two runs have an interval, so that only the range can be told"
    if row["tau2"] == 0:
        return "the runs are no further apart than their own intervals explain"
    tau = math.sqrt(row["tau2"])
    by = f"{100 * math.expm1(tau):.2g} %" if row["unit"] in LOGARITHMIC else f"{tau:.2g} points"
    text = f"the runs' truths differ by {by} (tau, one standard deviation), which is {100 * row['i2']:.0f} % of the "
    return text + "variance seen"

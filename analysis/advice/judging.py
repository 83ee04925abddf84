"""What the measurements of a function say: the best way, how much it saves, how sure that is, what would change it.

Contract: pure functions of `analysis.running.advising.Measured`'s numbers. A ratio is the mean over processes of each
process's median log ratio, with Student's t interval over the processes (`analysis.intervals.t_interval`); what they
share is in no interval: the control says how far a ratio can be trusted.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analysis.advice.advice import Advice, Crossing, Ends, Row, RuleRow
from analysis.advice.words import duration, listed, ratio, span, volume
from analysis.intervals import t_interval
from analysis.tables.crossover import MARGIN
from analysis.tables.rules import RULES
from analysis.text import size
from benchmarks.catalogue.advice import AUTO, COMPILED, DIRECT, FORWARD, MIXED, PREPARED, REVERSE, Found, Look, Times

Logs = dict[str, list[float]]

SURE, TIE, LIKELY, UNTIMED = "sure", "a tie", "likely", "a single look"
OTHER = {FORWARD: REVERSE, REVERSE: FORWARD}
BUSY = 0.95
"""Processor time over time passed below which something else ran on the core."""
OPERATION = 3e-6
"""Seconds that an engine takes for an operation whatever its sizes, its call of NumPy included."""
CALLS = {
    DIRECT: 'modes.jacobian(f, {argnums}mode="{mode}")(*args)',
    PREPARED: 'p = modes.prepare(f, *args{last}); p.jacobian(*args, mode="{mode}")',
    COMPILED: 'p = modes.prepare(f, *args{last}, backend="numba"); p.jacobian(*args, mode="{mode}")',
}


def judged(
    found: Found,
    times: Sequence[Times],
    circumstances: Mapping[str, Any],
    argnums: int | tuple[int, ...] = 0,
    crossing: Crossing | None = None,
) -> Advice:
    """What there is to say of a function by its first look and each process's rounds."""
    looks = {look.way.name: look for look in found.looks if look.seconds and not look.failed}
    logs = {name: [math.log(typical(each, name)) for each in times if name in each.seconds] for name in looks}
    seconds = {name: math.exp(np.mean(logs[name])) if logs[name] else look.seconds for name, look in looks.items()}
    plain = [name for name, look in looks.items() if look.way.form == DIRECT and look.way.mode != AUTO]
    best = min(plain, key=lambda name: seconds[name])
    among = [name for name in plain if name != best and looks[name].way.engine == looks[best].way.engine]
    second = sorted(among, key=lambda name: seconds[name])[:1]
    rows = tuple(row(look, seconds, logs, times, best) for look in found.looks)
    sure, factor, ends = compared(second[0], best, seconds, times) if second else (UNTIMED, math.nan, (None, None))
    control = controlled(times)
    if sure == SURE and (shared(times) or abs(math.log(factor)) <= off(control)):
        sure = LIKELY
    answer = first_line(found, looks, seconds, best, second, sure, factor, ends)
    return Advice(
        answer=answer,
        use=call_of(looks[best], argnums),
        best=best,
        sure=sure,
        function=found.name,
        n=found.n,
        m=found.m,
        dtype=found.dtype,
        f_seconds=found.f_seconds,
        rows=rows,
        rules=rules(found, looks, seconds, times),
        remarks=tuple(remarks(found, looks, seconds, times, best, argnums)),
        changes=() if crossing is not None else tuple(changes(found, looks, seconds)),
        doubts=(*found.doubts, *doubts(looks, times, plain, control, sure)),
        crossing=crossing,
        control=control,
        circumstances=dict(circumstances),
    )


# --- ratios ---


def log_ratios(above: str, below: str, times: Sequence[Times]) -> list[float]:
    """Of each process the median over its rounds of the log of one way's time over another's.

    Of a process that shared its core the log of the ratio of both least times: most of its rounds were disturbed.
    """
    both = [each for each in times if above in each.seconds and below in each.seconds]
    return [log_ratio(each, each.seconds[above], each.seconds[below]) for each in both]


def log_ratio(one: Times, above: Sequence[float], below: Sequence[float]) -> float:
    if one.busy >= BUSY:
        return float(np.median(np.log(np.divide(above, below))))
    return math.log(min(above) / min(below))


def typical(one: Times, name: str) -> float:
    """A way's seconds in a process: the median; where another program ran on the core, the least, which it did not
    disturb (J. Chen and J. Revels, Robust benchmarking in noisy environments, 2016, https://arxiv.org/abs/1608.04295)."""
    found = one.seconds[name]
    return float(np.median(found)) if one.busy >= BUSY else min(found)


def over(above: str, below: str, times: Sequence[Times]) -> tuple[float, Ends] | None:
    """A way's time over another's, with its interval; None where they were not timed together."""
    logs = log_ratios(above, below, times)
    return exponential(t_interval(logs)) if logs else None


def exponential(found: tuple[float, float, float]) -> tuple[float, Ends]:
    mean, low, high = found
    return math.exp(mean), ((None, None) if math.isnan(low) else (math.exp(low), math.exp(high)))


def compared(above: str, below: str, seconds: Mapping[str, float], times: Sequence[Times]) -> tuple[str, float, Ends]:
    """How sure it is that `below` is the faster, the ratio, its interval."""
    found = over(above, below, times)
    if found is None:
        return UNTIMED, seconds[above] / seconds[below], (None, None)
    factor, (low, high) = found
    if low is None or high is None:
        return LIKELY, factor, (None, None)
    if low > 1 and factor > 1 + MARGIN:
        return SURE, factor, (low, high)
    return (TIE if high < 1.1 else LIKELY), factor, (low, high)


def controlled(times: Sequence[Times]) -> tuple[float | None, float | None, float | None]:
    """The A/A control, one way over itself: ratio and interval."""
    logs = [log_ratio(each, each.control, next(iter(each.seconds.values()))) for each in times if each.control]
    if not logs:
        return None, None, None
    factor, (low, high) = exponential(t_interval(logs))
    return factor, low, high


def off(control: tuple[float | None, float | None, float | None]) -> float:
    """By how much, as a logarithm, one way against itself was off: what a ratio has to be further from 1 than. 0 where
    the control's interval covers 1."""
    factor, low, high = control
    if factor is None or low is None or high is None or low <= 1 <= high:
        return 0.0
    return abs(math.log(factor))


def shared(times: Sequence[Times]) -> bool:
    """Did most processes have to share their core?"""
    return bool(times) and float(np.median([each.busy for each in times])) < BUSY


# --- rows ---


def row(look: Look, seconds: Mapping[str, float], logs: Logs, times: Sequence[Times], best: str) -> Row:
    name = look.way.name
    if name not in seconds:
        return Row(name, None, (None, None), None, (None, None), None, None, look.note)
    note = look.note
    if look.seeds < look.of:
        note = f"extrapolated from {look.seeds} of {look.of} seeds"
    elif not logs[name]:
        note = "one call"
    _, ends = exponential(t_interval(logs[name])) if logs[name] else (0.0, (None, None))
    found = (1.0, (None, None)) if name == best else over(name, best, times)
    factor, factors = found or (seconds[name] / seconds[best], (None, None))
    first = look.first if look.whole else None
    return Row(name, seconds[name], ends, factor, factors, look.peak, first, note)


def rules(
    found: Found, looks: Mapping[str, Look], seconds: Mapping[str, float], times: Sequence[Times]
) -> tuple[RuleRow, ...]:
    """What each shipped rule takes here and what that costs, a row a rule; those that agree in words are one."""
    engine = next(iter(looks.values())).way.engine
    names = {
        mode: Look(way=look.way).way.name for look in looks.values() for mode in OTHER if plain(look, engine, mode)
    }
    better = min(names.values(), key=lambda name: seconds[name])
    by_when: dict[str, list[str]] = {}
    for rule in RULES:
        by_when.setdefault(rule.when, []).append(rule.name)
    rows = []
    for when, who in by_when.items():
        rule = next(rule for rule in RULES if rule.when == when)
        mode = rule.choose(found.n, found.m)
        name = names.get(mode)
        if name is None:
            rows.append(RuleRow(when, listed(who), mode, None, (None, None)))
        elif name == better:
            rows.append(RuleRow(when, listed(who), mode, 1.0, (None, None)))
        else:
            factor, ends = over(name, better, times) or (seconds[name] / seconds[better], (None, None))
            rows.append(RuleRow(when, listed(who), mode, factor, ends))
    return tuple(sorted(rows, key=lambda row: (row.cost is None, row.cost or 0.0)))


def plain(look: Look, engine: str, mode: str) -> bool:
    return (look.way.engine, look.way.form, look.way.mode) == (engine, DIRECT, mode)


# --- words ---


def called(name: str) -> str:
    """A way as a subject: "Reverse mode", "JAX's reverse mode"."""
    engine, _, mode = name.rpartition(" ")
    return f"JAX's {mode} mode" if engine == "jax" else f"{mode} mode"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def first_line(
    found: Found,
    looks: Mapping[str, Look],
    seconds: Mapping[str, float],
    best: str,
    second: Sequence[str],
    sure: str,
    factor: float,
    ends: Ends,
) -> str:
    """The answer."""
    took = f"{duration(seconds[best])} a Jacobian"
    if not second:
        return f"{capital(called(best))}: {took}; nothing else could be measured."
    other = called(second[0])
    if sure == SURE:
        return (
            f"{capital(called(best))}: {took}, {ratio(factor)} times as fast as {other} (95 % interval {span(ends)})."
        )
    if sure == TIE:
        names = [capital(called(best)), other]
        less = memory(looks, best, second[0])
        within = 100 * (max(ends[1] or 1.0, 1 / (ends[0] or 1.0)) - 1)
        return f"{names[0]} or {names[1]}, either: both take {took}, within {max(within, 1):.0f} %{less}."
    whole = all(looks[name].whole for name in (best, second[0]))
    if sure == LIKELY:
        said = f"95 % interval {span(ends)}" if ends[0] is not None else "no interval: too few processes"
    else:
        said = "from one call each" if whole else "extrapolated from a few of the seeds"
    if factor < 1 + MARGIN:
        return f"{capital(called(best))} or {other}, either, as far as can be told: about {took} ({said})."
    how = "likely" if factor < 1.5 or sure == LIKELY else "very likely"
    return f"{capital(called(best))}, {how}: about {took}, about {ratio(factor)} times as fast as {other} ({said})."


def memory(looks: Mapping[str, Look], one: str, other: str) -> str:
    """Which of two holds less, as the end of a sentence."""
    peaks = {name: looks[name].peak for name in (one, other)}
    if any(peak is None for peak in peaks.values()):
        return ""
    (less, small), (_, large) = sorted(peaks.items(), key=lambda item: item[1] or 0)
    if not small or not large or large < 1.2 * small:
        return ""
    return f"; {called(less)} holds less memory, {volume(small)} against {volume(large)}"


def call_of(look: Look, argnums: int | tuple[int, ...]) -> str:
    """What to write."""
    if look.way.engine == "jax":
        name = {FORWARD: "jacfwd", REVERSE: "jacrev"}[look.way.mode]
        return f"jax.jit(jax.{name}(f{'' if argnums == 0 else f', {argnums}'}))(*args)"
    first, last = ("", "") if argnums == 0 else (f"{argnums}, ", f", argnums={argnums}")
    return CALLS[look.way.form].format(argnums=first, last=last, mode=look.way.mode)


def remarks(
    found: Found,
    looks: Mapping[str, Look],
    seconds: Mapping[str, float],
    times: Sequence[Times],
    best: str,
    argnums: int | tuple[int, ...],
) -> list[str]:
    """What to know besides: replaying, memory, what mode="auto" does, the other engine."""
    said = []
    others = [name for name, look in looks.items() if look.way.form == DIRECT and look.way.mode != AUTO]
    others = [name for name in others if looks[name].way.engine != looks[best].way.engine]
    if others:
        other = min(others, key=lambda name: seconds[name])
        factor, ends = over(other, best, times) or (seconds[other] / seconds[best], (None, None))
        within = f" ({span(ends)})" if ends[0] is not None else ""
        said.append(f"{capital(called(other))} takes {ratio(factor)} times as long{within}.")
    replayed = [name for name, look in looks.items() if look.way.form != DIRECT]
    if replayed:
        fastest = min(replayed, key=lambda name: seconds[name])
        sure, factor, ends = compared(best, fastest, seconds, times)
        look = looks[fastest]
        if sure in (SURE, UNTIMED, LIKELY) and factor > 1.05:
            within = f" (95 % interval {span(ends)})" if ends[0] is not None else ""
            # Whichever is compiled first loads, or compiles, what all of them need.
            once = max(each.first for each in looks.values() if each.way.form == look.way.form)
            said.append(
                f"Called often, {look.way.form} {called(look.way.mode)} takes {duration(seconds[fastest])}, "
                f"{ratio(factor)} times as fast again{within}, after {duration(once)} once; right for functions "
                f"that do the same operations whatever the values: {call_of(look, argnums)}"
            )
        elif factor <= 1.05:
            said.append("Preparing (modes.prepare) gains nothing here worth having.")
    automatic = looks.get(AUTO)
    if automatic and found.counts is not None:
        among = [name for name in (FORWARD, REVERSE, MIXED) if name in looks]
        better = min(among, key=lambda name: seconds[name])
        factor, ends = over(AUTO, better, times) or (seconds[AUTO] / seconds[better], (None, None))
        within = f" ({span(ends)})" if ends[0] is not None else ""
        said.append(
            f'mode="auto" takes {found.counts.mode} here, and {ratio(factor)} times the best of its modes{within}.'
        )
        for mode, chunk in found.counts.chunks.items():
            if chunk is not None:
                said.append(
                    f"Memory binds in {mode} mode: the seeds go in chunks of {chunk} (chunk_size={chunk}), by the "
                    "budget of modes.chunking.set_budget; a larger budget is faster where there is memory."
                )
    return said


def changes(found: Found, looks: Mapping[str, Look], seconds: Mapping[str, float]) -> list[str]:
    """When it would change: a prediction by the counts of `modes.plan`, scaled to what was measured."""
    counts = found.counts
    if counts is None or not {FORWARD, REVERSE} <= set(looks):
        return []
    overhead = found.f_seconds + OPERATION * counts.operations
    counted = {mode: min(counts.seconds[mode] - counts.fixed[mode], seconds[mode]) for mode in OTHER}
    growing = {mode: max(seconds[mode] - overhead, counted[mode]) for mode in OTHER}
    fixed = {mode: seconds[mode] - growing[mode] for mode in OTHER}
    twice = fixed[FORWARD] + 2 * growing[FORWARD]
    faster, slower = sorted(((twice, FORWARD), (seconds[REVERSE], REVERSE)))
    factor = slower[0] / faster[0]
    would = f"{faster[1]} mode would be {ratio(factor)} times as fast as {slower[1]} mode"
    if factor < 1 + MARGIN:
        would = "the two modes would take the same"
    said = [f"With n twice as large ({2 * found.n}) and all else as it is, {would}"]
    if growing[FORWARD] > 0 and seconds[REVERSE] > fixed[FORWARD]:
        crossing = found.n * (seconds[REVERSE] - fixed[FORWARD]) / growing[FORWARD]
        if crossing >= 1:
            said.append(f"the two would meet near n = {size(crossing)}")
    elif seconds[REVERSE] <= fixed[FORWARD]:
        said.append("reverse mode would win at any n: forward mode's operations alone take longer")
    if growing[REVERSE] > 0 and seconds[FORWARD] > fixed[REVERSE]:
        crossing = found.m * (seconds[FORWARD] - fixed[REVERSE]) / growing[REVERSE]
        if crossing >= 1:
            said.append(f"with m alone growing, near m = {size(crossing)}")
    return [f"{'; '.join(said)}."]


def doubts(
    looks: Mapping[str, Look],
    times: Sequence[Times],
    plain: Sequence[str],
    control: tuple[float | None, float | None, float | None],
    sure: str,
) -> list[str]:
    """What speaks against the numbers."""
    said = []
    factor, low, high = control
    if off(control) > MARGIN and factor is not None:
        said.append(
            f"the control, one way against itself, came to {ratio(factor)} ({span((low, high))}): ratios nearer to 1 "
            "than that say nothing; try again on a quiet machine"
        )
    if shared(times):
        taken = 100 * (1 - float(np.median([each.busy for each in times])))
        said.append(f"something else ran on the same core ({taken:.0f} % of the time): try again when it is quiet")
    if len(times) < 3:
        said.append(
            f"{'nothing' if not times else 'too little'} was timed repeatedly, for lack of time: there is no interval; "
            "more of it gives one (--seconds)"
        )
    extrapolated = [look for name in plain if (look := looks[name]).seeds < look.of]
    if extrapolated:
        said.append(
            f"{listed([called(look.way.name) for look in extrapolated])}: whole Jacobians were not computed, and not "
            "compared"
        )
    return said

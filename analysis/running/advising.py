"""A user's own function, looked at and timed: in processes of its own, or, where it cannot be imported, in this one.

Contract: :func:`measured` spends about the time that the request allows, however long the function takes: what cannot
be timed often is timed seldom, and the answer says so. One process looks first (`benchmarks.advising`), then several
fresh ones time the ways that count, each in rounds that take all of them in turn. What is wrong with the function or
the request raises AnalysisError, whose line says what was expected, what came and the remedy.
"""

import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis.errors import AnalysisError
from analysis.running.children import kept
from benchmarks.catalogue.advice import (
    AUTO,
    DIRECT,
    FORWARD,
    REVERSE,
    Found,
    Look,
    Refused,
    Request,
    Times,
    Way,
    answer,
    requested,
)

ROOT = Path(__file__).resolve().parents[2]
START = (
    "-P",  # nothing of the user's folder is to stand in for what this project imports
    "-c",
    "from benchmarks.advising import serve; serve()",
)
PROCESSES = 7
"""Fresh processes that a ratio rests on: six at least give an interval of a median, seven a sign test at 2 %."""
ROUNDS = 15
STRETCH = 1e-3
"""Seconds that a stretch of calls lasts at least (`benchmarks.apparatus.pairs`)."""
SETUP = 0.02
"""A way that takes more than this share of the time before its second call is left out where time is short, since every
process would take it anew."""
BEHIND = 3.0
"""A way that takes so many times as long as the fastest is left out first where time is short."""

BUSY = 0.95
"""Processor time over time passed, below which another program ran on the same core; such processes are measured again
while there is time."""

Say = Callable[[float, str], None]


@dataclass(frozen=True)
class Sized:
    """What was found at one size (None: the arguments as they are): the first look, and each process's rounds."""

    size: int | None
    found: Found
    times: tuple[Times, ...]


@dataclass(frozen=True)
class Measured:
    """All that was found. `processes` were started for the rounds; `alone`: all was done in this one."""

    sizes: tuple[Sized, ...]
    processes: int
    alone: bool
    seconds: float


def measured(
    request: Request, sizes: Sequence[int], say: Say, alone: tuple[Callable[..., Any], tuple[Any, ...]] | None = None
) -> Measured:
    """The function of the request at its arguments, or at each of the sizes: all ways at the last one, the two modes
    at the others. `alone`: the function and its arguments themselves, for this process."""

    def asking(asked: Sequence[Request]) -> Iterator[Found | Times]:
        return in_a_process(asked) if alone is None else here(asked, *alone)

    started = time.monotonic()
    two = tuple(Way(engine, DIRECT, mode) for engine in request.engines for mode in (FORWARD, REVERSE))
    asked = [replace(request, size=size, ways=() if size == sizes[-1] else two) for size in sizes] or [request]
    asked = [replace(each, seconds=request.seconds / len(asked)) for each in asked]
    say(0.02, "looking at the function")
    looked: list[Found] = []
    for answered in asking(asked):
        assert isinstance(answered, Found)
        looked.append(answered)
        say(0.3 * len(looked) / len(asked), "looking at the function")
    took = time.monotonic() - started
    overhead = 0.0 if alone else max(took - sum(found.took for found in looked), 0.05)
    processes = PROCESSES + math.ceil(math.log2(len(asked)))
    plan = planned(looked, request.seconds - took, request.seconds, overhead, processes)
    timed = [
        replace(each, ways=ways, rounds=plan.rounds, seconds=plan.share)
        for each, ways in zip(asked, plan.ways, strict=True)
        if ways and plan.processes
    ]
    places = [i for i, ways in enumerate(plan.ways) if ways]
    rounds: list[list[Times]] = []  # of each process, a size each
    begun = time.monotonic()
    while timed and len(rounds) < 2 * plan.processes:
        number, quiet = len(rounds), sum(map(undisturbed, rounds))
        each = (time.monotonic() - begun) / number if number else 0.0
        late = time.monotonic() - started + each > (1.3 if number < plan.processes else 1.0) * request.seconds
        if quiet >= plan.processes or (number >= 2 and late):
            break
        say(
            0.3 + 0.7 * min(quiet, number) / plan.processes,
            f"timing, {'block' if alone else 'process'} {number + 1} of {max(plan.processes, number + 1)}",
        )
        rounds.append([found for found in asking(timed) if isinstance(found, Times)])
    # Those that had the core to themselves: chosen by that alone, not by what they found.
    kept = sorted(rounds, key=lambda one: min(found.busy for found in one), reverse=True)[: plan.processes]
    times: list[list[Times]] = [[] for _ in asked]
    for one in kept:
        for place, found in zip(places, one, strict=True):
            times[place].append(found)
    say(1.0, "done")
    places_of: Sequence[int | None] = sizes or [None]
    return Measured(
        tuple(Sized(size, first, tuple(found)) for size, first, found in zip(places_of, looked, times, strict=True)),
        len(kept) if alone is None else 0,
        alone is not None,
        time.monotonic() - started,
    )


def undisturbed(rounds: Sequence[Times]) -> bool:
    """Whether a process had its core to itself."""
    return min(found.busy for found in rounds) >= BUSY


# --- what there is time for ---


@dataclass(frozen=True)
class Rounds:
    """How many processes time which ways of each size, in at most how many rounds, that last how long for each size."""

    processes: int
    ways: list[tuple[Way, ...]]
    rounds: int
    share: float


def planned(looked: Sequence[Found], seconds: float, whole: float, overhead: float, processes: int) -> Rounds:
    """What can be timed in so many seconds: as many ways as there are, before as many processes, before as many rounds.

    The two modes are timed as long as there is time for a round of them in two processes: of `seconds`, which are what
    the first look has left, or of all that was asked for.
    """
    every = [candidates(found) for found in looked]
    ready = [[look for look in looks if look.first <= SETUP * seconds] for looks in every]  # without long compilations
    few = [best(looks) for looks in every]
    counts = [count for count in (processes, 5, 3, 2) if count <= processes]
    wishes = [(looks, count, seconds) for looks in (every, ready, few) for count in counts]
    for looks, count, there in (*wishes, (few, counts[-1], whole)):
        each = overhead + sum(look.first + look.seconds for size in looks for look in size)
        least = each + sum(4 * max(look.seconds, STRETCH) for size in looks for look in size)
        if count * least <= there:
            share = min((there / count - each) / len(looks), 0.6 if len(looks) == 1 else 0.35)
            return Rounds(count, [tuple(look.way for look in size) for size in looks], ROUNDS, share)
    return Rounds(0, [() for _ in looked], 0, 0.0)


def candidates(found: Found) -> list[Look]:
    """The ways worth timing, the fastest as it stands first: rounds are compared with that one."""
    whole = [look for look in found.looks if look.whole]
    if not whole:
        return []
    whole.sort(key=lambda look: (look.way.form != DIRECT or look.way.mode == AUTO, look.seconds))
    return whole


def best(looks: Sequence[Look]) -> list[Look]:
    """Those of the ways that may be the best as they stand: the first two, and what is not far behind."""
    plain = [look for look in looks if look.way.form == DIRECT and look.way.mode != AUTO]
    if len(plain) < 2:
        return []
    least = plain[0].seconds  # they are in order
    return [look for i, look in enumerate(plain) if i < 2 or look.seconds <= BEHIND * least]


# --- asked here, or in a process ---


def here(asked: Sequence[Request], f: Callable[..., Any], args: tuple[Any, ...]) -> Iterator[Found | Times]:
    """The answers, from this process."""
    from benchmarks import advising  # brings the engines along, which no other command needs

    for request in asked:
        try:
            subject = advising.checked(f, args, request)
            yield advising.timed(subject, request, pinned=False) if request.rounds else advising.look(subject, request)
        except advising.RefusedError as refused:
            raise AnalysisError(str(refused)) from refused


def in_a_process(asked: Sequence[Request]) -> Iterator[Found | Times]:
    """The answers, as they come, from a process that is there for nothing else."""
    # What was pickled is imported as this process imported it.
    paths = sys.path if asked[0].pickled else [os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), *paths)))}
    complaints: list[str] = []
    count = 0
    with kept([sys.executable, *START, requested(asked)], Path(asked[0].folder), environment, subprocess.PIPE) as child:
        assert child.stdout is not None  # because of PIPE
        assert child.stderr is not None
        listener = threading.Thread(target=complaints.extend, args=(child.stderr,), daemon=True)
        listener.start()  # or the process waits for somebody to read what it complains of
        for line in child.stdout:
            found = answer(line)
            if isinstance(found, Refused):
                raise AnalysisError(found.line)
            count += 1
            yield found
        child.wait()
        listener.join(1.0)
    if count < len(asked):
        last = next((line.strip() for line in reversed(complaints) if line.strip()), "it said nothing")
        signal = f"signal {child.returncode - 128}" if child.returncode > 128 else f"exit status {child.returncode}"
        raise AnalysisError(
            f"{asked[0].function}: expected an answer of the process that measured it, it ended with {signal} "
            f"({last}); where memory ran out, try smaller arguments"
        )

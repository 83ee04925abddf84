"""The ways that count, timed in turn in this process, and the first of them against itself.

Contract: as :mod:`benchmarks.apparatus.rounds`; every way has computed its Jacobian before.
"""

import time

from ..apparatus.cores import pin_to_cores
from ..apparatus.rounds import rounds
from ..catalogue.advice import Request, Times
from .subject import RefusedError, Subject, place, said
from .ways import build


def timed(subject: Subject, request: Request, pinned: bool = True) -> Times:
    """Rounds of the request's ways, as many as it asks for and its seconds allow."""
    try:
        calls = [build(way, subject) for way in (*request.ways, request.ways[0])]
        for call in calls:
            call()
    except Exception as error:
        raise RefusedError(
            f"{subject.name} raised {said(error)}{place(error)} in one process and not in another; let it depend on "
            "its arguments alone",
            theirs=True,
        ) from error
    if pinned:
        pin_to_cores()
    start, busy = time.perf_counter(), time.process_time()
    *times, control = rounds(calls, request.rounds, request.seconds)
    passed = time.perf_counter() - start
    share = (time.process_time() - busy) / passed
    names = (way.name for way in request.ways)
    return Times(dict(zip(names, times, strict=True)), control, round(share, 3))

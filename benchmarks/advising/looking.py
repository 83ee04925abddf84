"""A first look: which ways there are, what one call of each takes and holds, and whether all agree.

Contract: :func:`look` spends about a third of the time that the request allows, and less where the function is quick;
what would take longer is extrapolated (`seeds`), or left out with a word on why. A way whose Jacobian is not that of
the others has failed, and has no time that counts. Where forward and reverse mode themselves disagree, nothing is
measured.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

import modes

from ..apparatus.cores import threads
from ..apparatus.memory import standing_bytes
from ..apparatus.pairs import blas_threads
from ..catalogue.advice import AUTO, COMPILED, DIRECT, FORWARD, PREPARED, REVERSE, Counts, Found, Look, Request, Way
from .seeds import carried
from .subject import RefusedError, Subject, chosen, elsewhere, leaves, place, said
from .ways import build, possible, ready

SHARE = 1 / 6
"""Of the time allowed, what one way may take at a first look before it is extrapolated, or left out."""
QUICK = 0.02
"""Seconds: a function that takes less is not asked twice what it takes."""
RECORDING = 1e-4
"""Seconds to record an operation for replaying, at most."""
NEAR = 2.0**-10
"""How far away, relatively, a replay is compared with the function itself."""


def look(subject: Subject, request: Request) -> Found:
    """What there is, and what it is like. Raises RefusedError where nothing can be measured."""
    started = time.perf_counter()
    with threadpool_limits(threads()):
        y, first = clocked(subject.value)
        f_seconds = min(first, clocked(subject.value)[1]) if first < SHARE / 4 * request.seconds else first
        outputs = [np.asarray(leaf) for leaf in leaves(y)]
        if not outputs or any(leaf.dtype.kind != "f" for leaf in outputs):
            numbers = bool(outputs) and outputs[0].dtype.kind in "biuc"
            came = f"dtype {outputs[0].dtype}" if numbers else type(y).__name__
            raise RefusedError(
                f"{subject.name}: expected it to return real numbers of a float dtype, got {came}; return an array"
            )
        n = sum(np.size(leaf) for tree in chosen(subject) for leaf in leaves(tree))
        m = sum(leaf.size for leaf in outputs)
        if m == 0:
            raise RefusedError(f"{subject.name}: expected an output of one number at least, got arrays of none")
        doubts: list[str] = []
        if not all(np.isfinite(leaf).all() for leaf in outputs):
            doubts.append("the function's value is not finite here: its derivatives may be NaN")
        counts, why = None, ""
        if "modes" in request.engines:
            try:
                counts = counted(subject)
            except Exception as error:
                why = f"{said(error)}{place(error)}"
                if request.engines == ("modes",):
                    raise RefusedError(f"{subject.name} cannot be differentiated: {why}", theirs=True) from error
        looks = Looking(subject, request, n, m, f_seconds, counts, why).all()
        doubts += against_differences(subject, request, f_seconds, counts)
    return Found(
        name=subject.name,
        n=n,
        m=m,
        dtype=str(outputs[0].dtype),
        f_seconds=f_seconds,
        looks=tuple(looks),
        counts=counts,
        doubts=tuple(doubts),
        blas_threads=1 if blas_threads() else 0,
        numpy=np.__version__,
        took=time.perf_counter() - started,
    )


def counted(subject: Subject) -> Counts:
    """What `modes.plan` says of it."""
    found = modes.plan(subject.f, *subject.args, argnums=subject.argnums)
    return Counts(
        mode=found.mode,
        seconds=dict(found.seconds),
        fma=dict(found.fma),
        fixed=dict(found.fixed),
        cuts=found.cuts,
        operations=sum(operations for _, _, operations in found.segments),
        chunks=dict(found.chunks),
        reason=found.reason,
    )


class Looking:
    """A first look at the ways of one function, one after the other, each compared with the first that was whole."""

    def __init__(
        self, subject: Subject, request: Request, n: int, m: int, f_seconds: float, counts: Counts | None, why: str
    ) -> None:
        self.subject = subject
        self.request = request
        self.seeds = {FORWARD: n, REVERSE: m}
        self.m = m
        self.f_seconds = f_seconds
        self.counts = counts
        self.why = why
        self.allowed = SHARE * request.seconds
        self.reference: tuple[Way, list[Any]] | None = None
        self.direct: dict[str, Look] = {}

    def all(self) -> list[Look]:
        found = []
        for way in self.request.ways or possible(self.request, bool(self.counts and self.counts.cuts)):
            looked = self.at(way)
            if way.engine == "modes" and way.form == DIRECT:
                self.direct[way.mode] = looked
            found.append(looked)
        if not any(looked.seconds for looked in found):
            raise RefusedError(f"{self.subject.name} cannot be differentiated: {found[0].note}", theirs=True)
        return found

    def at(self, way: Way) -> Look:
        if way.engine == "modes" and self.counts is None:
            return Look(way, note=self.why, failed=True)
        try:
            return self.tried(way)
        except RefusedError:
            raise
        except Exception as error:
            other = "" if way.engine == "modes" else f"no function of {way.engine}? "
            return Look(way, note=f"{other}{said(error)}{place(error)}", failed=True)

    def tried(self, way: Way) -> Look:
        """What a way is like; raises what it raises."""
        total = self.seeds.get(way.mode, 1)
        if way.engine == "modes" and (reason := self.too_long(way)):
            if way.form != DIRECT or way.mode not in self.seeds:
                return Look(way, note=reason, failed=True)
            assert self.counts is not None
            each = (self.counts.seconds[way.mode] - self.counts.fixed[way.mode]) / total
            few = carried(self.subject, way.mode, total, self.allowed, each)
            if few.seconds > self.allowed:
                return Look(way, seconds=few.seconds, seeds=few.seeds, of=total)
        if way.form == COMPILED:
            ready()
        (call, J), first = clocked(partial(self.begin, way))
        off = self.wrong(way, J)
        if off:
            return Look(way, first=first, seeds=total, of=total, note=off, failed=True)
        seconds = first
        if way.form != DIRECT or way.engine != "modes" or first < self.allowed / 4:
            seconds = min(clocked(call)[1] for _ in range(1 if first > QUICK else 3))
        if way.form in (PREPARED, COMPILED) and seconds < self.allowed / 4 and (off := self.frozen(way, call)):
            return Look(way, first=first, seeds=total, of=total, note=off, failed=True)
        peak = self.peak(way) if first < self.allowed / 4 else None
        return Look(way, first=max(first - seconds, 0.0), seconds=seconds, seeds=total, of=total, peak=peak)

    def begin(self, way: Way) -> tuple[Callable[[], Any], Any]:
        call = build(way, self.subject)
        return call, call()

    def too_long(self, way: Way) -> str:
        """Why a way might take more than it is allowed; "" where it surely does not."""
        assert self.counts is not None
        seconds = self.f_seconds + 4e-6 * self.counts.operations + 2 * self.counts.seconds.get(way.mode, 0.0)
        if way.mode == AUTO:
            seconds = max((self.direct[mode].seconds for mode in self.direct), default=0.0)
        elif way.form != DIRECT and way.mode in self.direct:
            recording = RECORDING * self.counts.operations * (10 if way.form == COMPILED else 1)
            seconds = recording + 2 * self.direct[way.mode].seconds
        whole = 2 * self.f_seconds if way.form == DIRECT and way.mode in self.seeds else 0.0  # one seed takes as long
        if seconds <= max(whole, self.allowed / 4 if way.form == DIRECT else self.allowed):
            return ""
        return f"not tried: it would take more than {seconds:.0f} s to begin with"

    def wrong(self, way: Way, J: Any) -> str:
        """What tells this Jacobian from the first one; "" where they agree to rounding."""
        arrays = [np.asarray(leaf) for leaf in leaves(J)]
        if self.reference is None:
            self.reference = way, arrays
            return ""
        first, expected = self.reference
        found = apart(expected, arrays)
        if (
            found
            and {way.mode, first.mode} == {FORWARD, REVERSE}
            and (way.engine, way.form) == (first.engine, first.form)
        ):
            raise RefusedError(
                f"{self.subject.name}: expected {first.mode} and {way.mode} mode to give one Jacobian, they do not: "
                f"{found}; modes.check_derivatives(f, *args) looks for the reason"
            )
        return found and f"wrong: not the Jacobian that {first.name} mode gives, {found}"

    def frozen(self, way: Way, call: Any) -> str:
        """What tells a replay at another point from the function itself there; "" where they agree, or nothing can be
        said."""
        moved = elsewhere(
            self.subject, lambda leaf: leaf * type(leaf)(1 + NEAR) if np.ndim(leaf) == 0 else nudged(leaf)
        )
        try:
            expected = [np.asarray(leaf) for leaf in leaves(build(replace(way, form=DIRECT), moved)())]
        except Exception:  # the function is not defined there
            return ""
        came = [np.asarray(leaf) for leaf in leaves(call.func(*moved.args, **call.keywords))]
        found = apart(expected, came)
        return found and (
            f"wrong at another point, {found}: the function does what a recording cannot see (random numbers, values "
            "that NumPy computes of its surroundings)"
        )

    def peak(self, way: Way) -> int | None:
        if way.engine != "modes":
            return None
        return standing_bytes(partial(build, way, self.subject))


def nudged(leaf: Any) -> Any:
    return leaf * np.asarray(1 + NEAR, dtype=leaf.dtype)


def apart(expected: list[Any], came: list[Any]) -> str:
    """In what two Jacobians differ; "" where it is rounding. Infinite and missing entries have to be the same."""
    for one, other in zip(expected, came, strict=True):
        if one.shape != other.shape:
            return f"shape {other.shape} for {one.shape}"
        eps = float(np.finfo(np.result_type(one, other)).eps)
        finite = np.isfinite(one)
        if not np.array_equal(finite, np.isfinite(other)):
            return "other entries are infinite or NaN"
        difference = np.abs(one[finite].astype(float) - other[finite].astype(float)).max(initial=0.0)
        size = float(np.abs(one[finite]).max(initial=0.0))
        if difference > np.sqrt(eps) * size:
            return f"largest difference {difference:.2g} of entries up to {size:.2g}"
    return ""


def against_differences(subject: Subject, request: Request, f_seconds: float, counts: Counts | None) -> list[str]:
    """What differences say against the derivatives, as a doubt; they are compared where there is time for it."""
    if counts is None or 60 * (f_seconds + 4e-6 * counts.operations) > SHARE * request.seconds:
        return []
    trees, numbers = chosen(subject), (subject.argnums,) if isinstance(subject.argnums, int) else subject.argnums

    def of(*some: Any) -> Any:
        args = list(subject.args)
        for number, value in zip(numbers, some, strict=True):
            args[number] = value
        return subject.f(*args)

    try:
        with np.errstate(all="ignore"):
            modes.check_derivatives(of, *trees, directions=1)
    except modes.DerivativeError as error:
        return [
            f"differences of the function do not confirm its derivative: is it smooth at this point? ({said(error)})"
        ]
    except Exception:  # it is not defined around the point
        return ["the derivative could not be compared with differences: the function raises near this point"]
    return []


def clocked(call: Callable[[], Any]) -> tuple[Any, float]:
    """What a call gives, and its seconds."""
    start = time.perf_counter()
    found = call()
    return found, time.perf_counter() - start

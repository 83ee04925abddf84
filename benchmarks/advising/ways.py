"""The ways to a function's Jacobian, and how each is called as its users call it.

Contract: :func:`build` returns a callable without arguments that computes the whole Jacobian; building it is set-up,
calling it is what is timed. Which ways there are is said by :func:`possible`, for what is installed.
"""

import inspect
import sys
from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib.util import find_spec
from typing import Any

import numpy as np

import modes

from .. import peers
from ..apparatus.pairs import Call
from ..catalogue.advice import AUTO, COMPILED, DIRECT, FORWARD, MIXED, PREPARED, REVERSE, Request, Way
from .subject import Subject, leaves, replaced


def possible(request: Request, cuts: bool) -> Iterator[Way]:
    """The ways to be looked at, the two modes of each engine first; mixed where there is something to cut at."""
    if "modes" in request.engines:
        among = (FORWARD, REVERSE, *([MIXED] if cuts else []))
        yield from (Way("modes", DIRECT, mode) for mode in (*among, AUTO))
        yield from (Way("modes", PREPARED, mode) for mode in among)
        if compiles():
            yield from (Way("modes", COMPILED, mode) for mode in among)
    if "jax" in request.engines:
        yield from (Way("jax", DIRECT, mode) for mode in (FORWARD, REVERSE))


def compiles() -> bool:
    """Whether prepared functions can be compiled here."""
    return "backend" in inspect.signature(modes.prepare).parameters and find_spec("numba") is not None


@cache
def ready() -> None:
    """The interpreter that compiled ways share, loaded, or compiled once a machine: the set-up of no function."""
    modes.prepare(np.sin, np.ones(1), backend="numba").jacobian(np.ones(1), mode=FORWARD)


def build(way: Way, subject: Subject) -> Call:
    """A callable that computes the Jacobian in this way, its set-up done but for what the first call does."""
    return BUILDERS[way.engine](way, subject)


def _modes(way: Way, subject: Subject) -> Call:
    f, args, argnums, _ = subject
    if way.form == DIRECT:
        return partial(modes.jacobian(f, argnums, mode=way.mode), *args)
    backend = {"backend": "numba"} if way.form == COMPILED else {}
    prepared = modes.prepare(f, *args, argnums=argnums, **backend)
    return partial(prepared.jacobian, *args, mode=way.mode)


def _jax(way: Way, subject: Subject) -> Call:
    jax = sys.modules.get("jax") or peers.load("jax").jax  # type: ignore[attr-defined] # its own
    f, args, argnums, _ = subject
    transform = {FORWARD: jax.jacfwd, REVERSE: jax.jacrev}[way.mode]
    compiled = jax.jit(transform(f, argnums))
    given = [jax.device_put(arg) if all(map(np.ndim, leaves(arg))) else arg for arg in args]

    def call() -> Any:
        """Waits for the result, and brings it home."""
        return at_home(jax.block_until_ready(compiled(*given)))

    return call


BUILDERS: dict[str, Callable[[Way, Subject], Call]] = {"modes": _modes, "jax": _jax}


def at_home(tree: Any) -> Any:
    return replaced(tree, map(np.asarray, leaves(tree)))

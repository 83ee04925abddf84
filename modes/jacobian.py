"""The Jacobian by the mode of one's choice, in the layout of one's choice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .call import ArgNums, Call
from .choice import jacauto, jacmixed
from .forward import jacfwd
from .reverse import jacrev
from .trees import flatten, rebuild

__all__ = ["LAYOUTS", "MODES", "jacobian"]

MODES: dict[str, Callable[..., Callable[..., Any]]] = {
    "forward": jacfwd,
    "reverse": jacrev,
    "mixed": jacmixed,
    "auto": jacauto,
}
LAYOUTS = ("numerator", "denominator")


def jacobian(
    f: Callable[..., Any],
    argnums: ArgNums = 0,
    *,
    mode: str,
    chunk_size: int | None = None,
    layout: str = "numerator",
    has_aux: bool = False,
    insist: bool = False,
) -> Callable[..., Any]:
    """The total Jacobian of f (M23), by the mode that is asked for, as a function of f's arguments.

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns one array or scalar of shape (*out), or a tree of them.
    argnums : the argument, or tuple of arguments, to differentiate; each may be a tree of arrays.
    mode : "forward" (modes.jacfwd: n tangents), "reverse" (modes.jacrev: m cotangents), "mixed" (cut at the narrow
        values that every path from the arguments to the output goes through, and put together in the order that takes
        the least work; where cutting gains no arithmetic, the better of the two), or "auto" (whichever of the three the
        function's own operations say takes the least time, see modes.choice). All give the same Jacobian; modes.plan
        says what the last two do, and why.
    chunk_size : how many seeds travel at once, in each sweep where there are several; None for all, or as many as the
        memory budget allows (modes.chunking).
    layout : "numerator" for shape (*out, *in), J[i, j] = dy_i / dx_j; "denominator" for its transpose (*in, *out) (M3).
    has_aux : whether f returns a pair (y, aux), of which aux is not differentiated.
    insist : try even where the Jacobian does not fit into the memory available.

    Returns
    -------
    A function of the same arguments, whose value has the structure of the argument(s) chosen, an array for each array.
    Where f returns a tree, such a structure for each of its arrays: J[of y][of x], as in JAX; with has_aux (J, aux).
    Keyword arguments go to f as constants.

    Cost: that of the mode. "mixed" and "auto" record f on a tape, and plan: two to three microseconds an operation for
    a structure that is new, a tenth of a microsecond for one that was planned before. So the first call by "auto" takes
    one and a half to three times as long as the better mode. What it chose is remembered (modes.remembered): the calls
    that follow, of the same function (or one written alike: a lambda in a loop) with arguments of the same shapes, go
    by that mode itself and take a microsecond more. It is chosen anew after 15 calls, then after 31, 63, and so on. As
    all modes give the same Jacobian to rounding, a choice that no longer fits costs nothing but time;
    modes.choice.forget() makes it new at once. Mixed accumulation keeps the whole
    tape, the Jacobians of the parts, and the result: a limit on the tape's memory would change the plan (evaluate parts
    again, or record them when they are needed), and is not planned for.

    Raises ValueError for an unknown mode or layout, with the known ones; what modes.jacfwd and modes.jacrev raise.
    """
    if mode not in MODES:
        raise ValueError(f"expected mode to be one of {', '.join(map(repr, MODES))}, got {mode!r}")
    if layout not in LAYOUTS:
        raise ValueError(f"expected layout to be one of {', '.join(map(repr, LAYOUTS))}, got {layout!r}")
    numerator = MODES[mode](f, argnums, chunk_size, has_aux=has_aux, insist=insist)
    if layout == "numerator":
        return numerator

    def denominator(*args: Any, **keywords: Any) -> Any:
        axes = [x.ndim for x in Call(f, args, argnums).primals]
        found = numerator(*args, **keywords)
        J, aux = found if has_aux else (found, None)
        leaves = flatten(J)  # for each result of f one by each array
        turned = rebuild(J, iter([_turned(J, axes[i % len(axes)]) for i, J in enumerate(leaves)]))
        return (turned, aux) if has_aux else turned

    return denominator


def _turned(J: Any, ndim: int) -> Any:
    """(*out, *in) -> (*in, *out), where `in` is ndim axes."""
    return np.transpose(J, (*range(J.ndim - ndim, J.ndim), *range(J.ndim - ndim)))

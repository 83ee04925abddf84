"""np.einsum with any subscripts: multilinear, and every partial an einsum again, with a letter more for the seed axis.

The call is brought to one form, with explicit subscripts and no ellipsis, for which `contract` has the row:

- push: the block takes the operand's place, with the seed letter in front of its subscripts and the result's;
- pull: the cotangent is contracted with the other operands. A letter that only the operand has was summed over, so
  the cotangent is repeated along it (a vector of ones); a letter that the operand has twice picked out a diagonal, so
  the cotangent is put on that diagonal (an identity matrix).
"""

from __future__ import annotations

import functools
import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..operands import as_array
from ..partials import Linear, Partial, sum_to
from .table import composite, constant, primitive, written

LETTERS = string.ascii_uppercase + string.ascii_lowercase  # in NumPy's order: of sublists, and of implicit results
LARGEST = 63  # operands of one np.einsum (NumPy's own limit, less one)


@primitive
def contract(subscripts: str, *operands: Any, optimize: Any = False) -> Any:
    """np.einsum of explicit subscripts, without blanks or ellipses."""
    return np.einsum(subscripts, *operands, optimize=optimize)


def _contract(i: int, y: Any, subscripts: str, *operands: Any, optimize: Any = False) -> Partial:
    """With respect to operand i."""
    terms, result = _parts(subscripts)
    own, inner = terms[i], np.shape(operands[i])
    other_terms, others = terms[:i] + terms[i + 1 :], operands[:i] + operands[i + 1 :]
    fresh = iter(_unused(subscripts, 1 + len(own) - len(set(own))))
    seed = next(fresh)

    # The block goes first: of two operands, one matrix product over all seeds at once.
    there = f"{','.join([seed + own, *other_terms])}->{seed}{result}"

    target = seed
    masks: list[tuple[str, Any]] = []
    for letter, size in zip(own, inner, strict=True):
        if letter in target:
            masks.append((letter + (copy := next(fresh)), np.eye(size, dtype=y.dtype)))
            target += copy
        else:
            target += letter
            # An operand of length 1 at this letter does not say how often the cotangent is repeated.
            met = zip(other_terms, others, strict=True)
            sizes = [np.shape(x)[term.index(letter)] for term, x in met if letter in term]
            if letter not in result and size not in sizes:
                masks.append((letter, np.ones(size, y.dtype)))
    back = f"{','.join([seed + result, *other_terms, *(letters for letters, _ in masks)])}->{target}"

    def push(t: Any) -> Any:
        return contract(there, t, *others, optimize=True)

    def pull(c: Any) -> Any:
        # sum_to: an axis of length 1 may have met a longer one of the same letter, and was then repeated along it.
        return sum_to(contract(back, c, *others, *(mask for _, mask in masks), optimize=True), inner)

    return Linear(push, pull)


def _parts(subscripts: str) -> tuple[list[str], str]:
    inputs, result = subscripts.split("->")
    return inputs.split(","), result


def _unused(subscripts: str, count: int) -> str:
    letters = [letter for letter in LETTERS if letter not in subscripts]
    if len(letters) < count:
        raise ValueError(f"expected subscripts that leave {count} of the 52 letters free, got {subscripts!r}")
    return "".join(letters[:count])


# --- to one form ------------------------------------------------------------------------------------------------------
def _einsum(*operands: Any, optimize: Any = False) -> Any:
    if operands and not isinstance(operands[0], str):
        subscripts, arrays = _from_sublists(operands)
    else:
        subscripts, arrays = operands[0].replace(" ", ""), operands[1:]
    arrays = [as_array(a) for a in arrays]
    return contract(_explicit(subscripts, [np.ndim(a) for a in arrays]), *arrays, optimize=optimize)


def _from_sublists(operands: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """The subscripts as a string, of a call such as einsum(a, [0, 1], b, [1, 2], [0, 2])."""
    count = len(operands) // 2
    terms = [_letters(sublist) for sublist in operands[1 : 2 * count : 2]]
    result = f"->{_letters(operands[-1])}" if len(operands) % 2 else ""
    return ",".join(terms) + result, operands[0 : 2 * count : 2]


def _letters(sublist: Any) -> str:
    return "".join("..." if i is Ellipsis else LETTERS[i] for i in sublist)


def _explicit(subscripts: str, ndims: Sequence[int]) -> str:
    """The subscripts with the ellipses spelled out and the result given.

    Raises ValueError where they do not fit the operands' numbers of axes.
    """
    inputs, arrow, result = subscripts.partition("->")
    terms = inputs.split(",")
    if len(terms) != len(ndims):
        raise ValueError(f"expected {len(terms)} operand(s) for the subscripts {subscripts!r}, got {len(ndims)}")
    hidden = [ndim - len(term.replace("...", "")) for term, ndim in zip(terms, ndims, strict=True)]
    for term, ndim, axes in zip(terms, ndims, hidden, strict=True):
        if axes < 0 or (axes > 0 and "..." not in term):
            raise ValueError(f"expected an operand with axes {term!r} in {subscripts!r}, got one of {ndim} axes")
    if not arrow:
        once = sorted(letter for letter in set(inputs) - set(".,") if inputs.count(letter) == 1)
        result = ("..." if "..." in inputs else "") + "".join(once)
    longest = max(hidden, default=0)
    if longest and "..." not in result:
        raise ValueError(f"expected '...' in the result of {subscripts!r}: the ellipsis stands for {longest} axes")
    ellipsis = _unused(subscripts, longest)
    spelled = [term.replace("...", ellipsis[longest - axes :]) for term, axes in zip(terms, hidden, strict=True)]
    return f"{','.join(spelled)}->{result.replace('...', ellipsis)}"


composite(np.einsum, _einsum)
constant(np.einsum_path)
written(contract, None, *(functools.partial(_contract, i) for i in range(LARGEST)))

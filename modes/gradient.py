"""Gradients: one cotangent of a scalar, pulled back along a tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .blocks import Identity
from .call import ArgNums, Call
from .ownership import apart, fresh
from .reverse import cotangent
from .tape import Tape

__all__ = ["grad", "value_and_grad"]


def value_and_grad(
    f: Callable[..., Any], argnums: ArgNums = 0, *, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """The value and the gradient of a scalar function, as a function of f's arguments.

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, that returns a scalar (shape ()).
    argnums : the argument, or tuple of arguments, to differentiate; each may be a tree of arrays.
    has_aux : whether f returns a pair (y, aux), of which aux (arrays, tuples, lists and dicts of them, and what else is
        not traced) is not differentiated.

    Returns
    -------
    A function of the same arguments, whose value is (y, gradient), with has_aux ((y, aux), gradient); the gradient has
    the structure, shapes and dtypes of the argument(s) chosen. Keyword arguments go to f as constants.

    Cost: one pass and one pull-back, 3 to 4 times f for scalar operations (C4), however many inputs there are.

    Raises ValueError, with the shape that came, where f returns anything but a scalar.
    """

    def value_and_gradient(*args: Any, **keywords: Any) -> tuple[Any, Any]:
        call = Call(f, args, argnums, keywords, has_aux)
        tape = Tape()
        y, index = tape.run(call)
        if call.results is not None:
            raise ValueError(
                f"expected a function that returns a scalar (shape ()) to take the gradient of, got a tree of "
                f"{len(call.results.leaves)}; return (y, aux) with has_aux=True, or use modes.jacrev"
            )
        if y.shape != ():
            raise ValueError(
                f"expected a function that returns a scalar (shape ()) to take the gradient of, got shape {y.shape}; "
                f"use modes.jacrev, or sum the output"
            )
        blocks = tape.pull(index, Identity.of(y), last=True)
        gradients = [cotangent(x, block) for x, block in zip(call.primals, blocks, strict=True)]
        return call.handed(fresh(y, call.primals, index is None)), call.rebuild(apart(gradients))

    return value_and_gradient


def grad(f: Callable[..., Any], argnums: ArgNums = 0, *, has_aux: bool = False) -> Callable[..., Any]:
    """The gradient of a scalar function, as a function of f's arguments: value_and_grad without the value; with
    has_aux (gradient, aux)."""
    both = value_and_grad(f, argnums, has_aux=has_aux)

    def gradient(*args: Any, **keywords: Any) -> Any:
        value, gradient = both(*args, **keywords)
        return (gradient, value[1]) if has_aux else gradient

    return gradient

"""Who owns a result: what is handed out shows no argument, nobody else's array, and no other result.

Contract: each function returns what it was given, or a copy where that is needed; nothing is written to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["apart", "fresh", "owned"]


def fresh(y: Any, primals: Sequence[Any], constant: bool) -> Any:
    """A value as it is handed out: a copy if it shows an argument, or another array that the function only read.

    `constant`: it depends on no argument, so that nothing is known of who else has it.
    """
    if type(y) is np.ndarray and (constant or not y.flags.owndata or any(y is x for x in primals)):
        return y.copy()
    return y


def apart(results: list[Any]) -> list[Any]:
    """Results as they are handed out: no two in the same memory (the two gradients of a + b are one block)."""
    if len(results) > 1:
        seen: set[int] = set()
        for i, result in enumerate(results):
            if type(result) is np.ndarray:
                root = id(result if result.base is None else result.base)
                if root in seen:
                    results[i] = result.copy()
                seen.add(root)
    return results


def owned(array: Any, dtype: Any) -> Any:
    """A result as it is handed out: in the dtype, and a copy if it shows somebody else's array (modes.blocks)."""
    if array.dtype is not dtype and array.dtype != dtype:
        return array.astype(dtype)
    return array.copy() if type(array) is np.ndarray and not array.flags.writeable else array

"""Arrays with some entries changed: a new array instead of a write into one.

The way of writing is that of JAX (`x.at[index].set(values)`), as a function, since it is for NumPy's arrays as well.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .instead import shown
from .operands import as_array, is_foreign
from .rules.selection import is_basic, numbers
from .rules.updating import added, replaced

__all__ = ["Place", "at"]


def at(x: Any, index: Any) -> Place:
    """The entries of x at an index, to be changed in a copy: what `x[index] = values` does to x itself.

    `y = modes.at(x, index).set(values)` leaves x as it is. Both x and the values may be differentiated, in both modes
    and any number of times, or plain: outside of a derivative it is NumPy's assignment to a copy.

    Parameters
    ----------
    x : an array, traced or plain.
    index : what NumPy takes as one: an int, a slice, an ellipsis, np.newaxis, integer or boolean arrays, a tuple of
        them; np.s_[1:, 0] writes one with slices.

    Returns
    -------
    A Place, with the methods set, add, multiply, min and max, each of which gives a new array of x's shape and dtype.

    Cost: a copy of x for each update. Put many entries together at once: with one index for all of them, or np.stack.

    Source: Bradbury et al., JAX, jax.numpy.ndarray.at,
    https://docs.jax.dev/en/latest/_autosummary/jax.numpy.ndarray.at.html

    >>> import numpy as np, modes
    >>> modes.grad(lambda x: np.sum(modes.at(np.ones(3), 1).set(x[0] ** 2)))(np.array([3.0, 1.0]))
    array([6., 0.])
    """
    return Place(x, index)


class Place:
    """Entries of an array, to be changed in a copy; see `at`. Values are broadcast to them, and converted to its dtype.

    Raises IndexError or ValueError, NumPy's own, where the index or the values do not fit, TypeError where the array's
    dtype cannot take the values (floats into integers).
    """

    __slots__ = ("_index", "_x")

    def __init__(self, x: Any, index: Any) -> None:
        self._x = as_array(x)
        items = index if isinstance(index, tuple) else (index,)
        self._index = tuple(np.asarray(item) if isinstance(item, list | tuple) else item for item in items)
        if isinstance(index, list) and not index:
            self._index = (np.empty(0, np.intp),)  # np.asarray([]) is of floats

    def __repr__(self) -> str:
        return f"modes.at({self._x!r}, {self._shown()})"

    def set(self, values: Any) -> Any:
        """With the values; where the index takes an entry more than once, the last one, as NumPy has it."""
        return replaced(self._x, self._fitting(values), *self._index)

    def add(self, values: Any) -> Any:
        """With the values added; where the index takes an entry more than once, all of them, as np.add.at has it."""
        return added(self._x, self._fitting(values), *self._index)

    def multiply(self, values: Any) -> Any:
        """With the entries times the values. Raises ValueError where the index takes an entry more than once."""
        return self.set(self._each_once("multiply") * as_array(values))

    def min(self, values: Any) -> Any:
        """With the smaller of entry and value. Raises ValueError where the index takes an entry more than once."""
        return self.set(np.minimum(self._each_once("min"), as_array(values)))

    def max(self, values: Any) -> Any:
        """With the larger of entry and value. Raises ValueError where the index takes an entry more than once."""
        return self.set(np.maximum(self._each_once("max"), as_array(values)))

    def _shown(self) -> str:
        return shown(self._index[0] if len(self._index) == 1 else self._index)

    def _fitting(self, values: Any) -> Any:
        """The values in the array's dtype."""
        values, dtype = as_array(values), self._x.dtype
        if values.dtype == dtype:
            return values
        if not np.can_cast(values.dtype, dtype, "same_kind"):
            raise TypeError(
                f"expected values that an array of dtype {dtype} can hold, got dtype {values.dtype}; make the array "
                f"one of floats: x.astype(float)"
            )
        return values.astype(dtype)

    def _each_once(self, name: str) -> Any:
        """The entries, each of them one of its own."""
        if not all(map(is_basic, self._index)) and not any(map(is_foreign, self._index)):
            positions = np.ravel(numbers(self._x.shape)[self._index])
            if len(np.unique(positions)) < len(positions):
                raise ValueError(
                    f"expected an index that takes each entry once for .{name}, got {self._shown()}; put the "
                    f"values of an entry together first, or take .set (the last one counts) or .add (all of them do)"
                )
        return self._x[self._index]

"""What a block of seeds can be: rows of an identity, a diagonal, dense, or dense with a factor still to come.

A block of k seeds of an array of shape S stands for an array of shape (k, *S): the seed axis comes first, in both
modes. What a block has to be able to do is `Block`: times a derivative, through a matrix, plus another block. A dense
block is just that array. The classes here stand for other blocks (`Structured`) and carry the same algebra, so that a
rule is written once, as if every block were dense:

- `Identity`: rows start..stop of the identity on arrays of shape S, never multiplied out. Through a matrix they are
  rows of that matrix; through an element-wise function they are a diagonal.
- `Diagonal`: the same rows, each with a factor of its own. It stays one through element-wise functions, at a cost of k
  numbers, not k times the size of S.
- `Guarded`: a block that may hold infinite numbers, for which 0 * inf is 0 (modes.rules.singular).
- `Pending`: a large dense block and the derivatives it still has to be multiplied by. Element-wise functions in a row
  then cost one pass over the block, made in its own memory where nobody else refers to it.

`dense` gives the plain array, for the rules that need it. Values may be arrays that an outer trace follows, so only
operations that such arrays know are used on them.

The aliasing contract: a block that shows somebody else's array (the rows of a user's matrix, say) is read-only, and so
is every view of it. Who hands a block out copies it first if it is read-only.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from .dispatch import primitive
from .residuals import is_fixed

__all__ = [
    "LARGE",
    "Array",
    "Block",
    "Diagonal",
    "Guarded",
    "Identity",
    "Pending",
    "Structured",
    "borrowed",
    "dense",
    "multiplied",
    "one_seed",
    "through",
    "times",
]

Array: TypeAlias = NDArray[Any]
"""An array, or what stands for one by NumPy's protocols: a traced array of an outer trace."""


class Block(Protocol):
    """What every block of k seeds of an array of shape S can do. It stands for an array of shape (k, *S), and may be
    that array; d, J and `other` stay what they are, and so does the block, but for what nobody else refers to.

    d and J are arrays, `other` is a block; declared as Any, since NumPy's own types know nothing of blocks.
    """

    def __len__(self) -> int:
        """k."""

    def __mul__(self, d: Any, /) -> Block:
        """Each seed times d, broadcastable to S: through an element-wise function."""

    def __matmul__(self, J: Any, /) -> Block:
        """Each seed, of shape (p,), times J of shape (p, q): through a matrix."""

    def __add__(self, other: Any, /) -> Block:
        """Seed by seed: where two paths meet."""


class Structured(Block, Protocol):
    """A block that is no array yet."""

    def __radd__(self, other: Any, /) -> Block:
        """The same sum, where the array came first."""

    def dense(self) -> Array:
        """The block as an array of shape (k, *S); at a cost of k times the size of S where it has to be filled."""


def borrowed(array: Array) -> Array:
    """A read-only view of an array that is not ours to hand out (an outer trace's array as it is)."""
    if type(array) is np.ndarray:
        array = array.view()
        array.flags.writeable = False
    return array


def one_seed(x: Array) -> Array:
    """An array as a block of the one seed, which shows it: read-only."""
    block = x[None]
    if type(block) is np.ndarray:
        block.flags.writeable = False
    return block


def precise(array: Array | float, dtype: Any) -> Any:
    """An array that takes a seed's place, in no less than the seed's dtype: float32 constants do not make the
    derivatives of a float64 argument less precise."""
    if isinstance(array, int | float) and not isinstance(array, np.floating):
        return array  # Python's numbers take the dtype of what they meet
    if array.dtype == dtype or (own := np.result_type(array.dtype, dtype)) == array.dtype:
        return array
    return array.astype(own)


@primitive  # so that a recorder sees one operation, and an engine the rule in modes.rules.shape
def filled(values: Array, start: int, size: int) -> Array:
    """Zeros of shape (k, size) but for values[i], i = 0..k-1, at column start + i of row i."""
    block = np.zeros((len(values), size), values.dtype)
    block.reshape(-1)[start :: size + 1] = values
    return block


class _Rows:
    """Rows start..stop of a square matrix on arrays of `shape`, one entry a row at most."""

    __slots__ = ("dtype", "shape", "start", "stop")
    __array_ufunc__ = None  # ndarray defers to the reflected operators here

    def __init__(self, shape: tuple[int, ...], start: int, stop: int, dtype: Any) -> None:
        self.shape = shape  # of one seed, without the seed axis
        self.start = start
        self.stop = stop
        self.dtype = dtype

    def __len__(self) -> int:
        return self.stop - self.start

    def _own(self, d: Array) -> Array:
        """The entries of d (a scalar, or of this shape) that meet the rows' own: shape () or (k,)."""
        if type(d) is np.ndarray and d.shape == self.shape == (self.stop - self.start,):
            return d  # all rows of a vector's: np.ndim and np.shape would take as long as the product
        if np.ndim(d) == 0:
            return d
        if np.shape(d) != self.shape:
            d = np.broadcast_to(d, self.shape)
        flat = d if len(self.shape) == 1 else np.reshape(d, (-1,))
        return flat if self.stop - self.start == flat.shape[0] else flat[self.start : self.stop]

    def reshape(self, shape: tuple[int, ...]) -> _Rows:
        """The same rows, for seeds of another shape of the same size."""
        raise NotImplementedError

    def entries(self) -> Array:
        """The one entry of each row, shape (k,)."""
        raise NotImplementedError

    def dense(self) -> Array:
        """The block as an array of shape (k, *shape)."""
        size = math.prod(self.shape)
        return np.reshape(filled(self.entries(), self.start, size), (len(self), *self.shape))

    def __add__(self, other: Block) -> Block:
        if isinstance(other, Guarded):
            return NotImplemented  # the sum is guarded, too
        if isinstance(other, _Rows):
            return Diagonal(self.shape, self.start, self.stop, self.dtype, self.entries() + other.entries())
        return self.dense() + dense(other)

    __radd__ = __add__


class Identity(_Rows):
    """Rows start..stop of the identity on arrays of `shape`: the seeds of a full Jacobian, or a chunk of them."""

    __slots__ = ()

    @classmethod
    def of(cls, array: Array, start: int = 0, stop: int | None = None) -> Identity:
        """The seeds start..stop (default: all) for `array`: as many rows as asked for, in its dtype."""
        return cls(array.shape, start, array.size if stop is None else stop, array.dtype)

    def reshape(self, shape: tuple[int, ...]) -> Identity:
        return Identity(shape, self.start, self.stop, self.dtype)

    def entries(self) -> Array:
        return np.ones(len(self), self.dtype)

    def __mul__(self, d: Array) -> Diagonal:
        own = self._own(d)
        # A derivative may be a bool or a scalar; the entries are numbers of the seed's dtype, one a row.
        plain = type(own) is np.ndarray and own.ndim == 1 and own.dtype.kind == "f"
        if not plain and (np.ndim(own) == 0 or own.dtype.kind != "f"):
            own = self.entries() * own
        return Diagonal(self.shape, self.start, self.stop, self.dtype, precise(own, self.dtype))

    def __matmul__(self, J: Array) -> Array:
        whole = self.stop - self.start == J.shape[0]
        rows = J if whole else J[self.start : self.stop]
        own = precise(rows, self.dtype)
        if own is not rows or type(rows) is not np.ndarray:
            return own
        # The block lasts longer than the call, and whoever has J may write into it meanwhile.
        return borrowed(rows) if is_fixed(rows) else rows.copy("K")


class Diagonal(_Rows):
    """Rows start..stop of a diagonal matrix on arrays of `shape`; `values`, shape (k,), are its entries."""

    __slots__ = ("values",)

    def __init__(self, shape: tuple[int, ...], start: int, stop: int, dtype: Any, values: Array) -> None:
        self.shape = shape
        self.start = start
        self.stop = stop
        self.dtype = dtype
        self.values = values

    def reshape(self, shape: tuple[int, ...]) -> Diagonal:
        return Diagonal(shape, self.start, self.stop, self.dtype, self.values)

    def entries(self) -> Array:
        return self.values

    def __mul__(self, d: Array) -> Diagonal:
        return Diagonal(self.shape, self.start, self.stop, self.dtype, self.values * self._own(d))

    def __matmul__(self, J: Array) -> Array:
        whole = self.stop - self.start == J.shape[0]
        rows = J if whole else J[self.start : self.stop]
        values = self.values
        if type(values) is type(rows) is np.ndarray and rows.ndim == 2:
            return values[:, None] * rows
        return (values if np.ndim(rows) == 1 else np.reshape(values, (-1, 1))) * rows


# From this many numbers on, a block waits for its factor; below, the bookkeeping costs more than the product.
LARGE = 4096


class Pending:
    """A dense block of shape (k, *S) times d (broadcastable to S), multiplied out when it is needed, once."""

    __slots__ = ("array", "d")
    __array_ufunc__ = None

    def __init__(self, array: Array, d: Array | float | None) -> None:
        self.array = array
        self.d = d

    def __len__(self) -> int:
        return len(self.array)

    def __mul__(self, d: Array | float) -> Pending:
        if self.d is None:
            return Pending(self.array, d)
        dtype = self.array.dtype
        return Pending(self.array, precise(self.d, dtype) * precise(d, dtype))

    def __matmul__(self, J: Array) -> Array:
        return self.dense() @ J

    def __add__(self, other: Block) -> Array:
        return self.dense() + (other.dense() if isinstance(other, Pending) else other)

    __radd__ = __add__

    def dense(self) -> Array:
        """The block as an array of shape (k, *S)."""
        if self.d is not None:
            flags = self.array.flags if type(self.array) is type(self.d) is np.ndarray else None
            own = flags is not None and flags.owndata and flags.writeable
            del flags  # it refers to the array as well
            if own and self.references() == _SOLE:
                # Nobody else refers to the block, so it is multiplied in its own memory: 10 % of a whole Jacobian at
                # width 256, and one block less at the peak.
                np.multiply(self.array, self.d, out=self.array)
            else:
                self.array = self.array * self.d
            self.d = None
        return self.array

    def references(self) -> int:
        """How many references to the array there are, as seen from here; -1 where Python does not count them."""
        return sys.getrefcount(self.array) if hasattr(sys, "getrefcount") else -1


# What `references` says of an array that its block alone refers to. Measured, because it depends on the interpreter;
# an array that anything else refers to, a view included, has more.
_SOLE = Pending(np.empty(1), None).references()


def multiplied(block: Block, d: Array | float) -> Block:
    """A block of any structure times d, of the shape of one seed (or a scalar): at once, or later for a large one."""
    if type(block) is not np.ndarray:
        return block * d
    if block.size >= LARGE:
        return Pending(block, d)
    # NumPy multiplies arrays of one shape, here (1, *S), in half the time that a broadcast takes.
    return block * d[None] if len(block) == 1 and type(d) is np.ndarray else block * d


def dense(block: Block) -> Array:
    """The block as an array of shape (k, *S), multiplied out if it was not.

    Cost: k times the size of S numbers for a structured block, nothing for a dense one.
    """
    if isinstance(block, STRUCTURED):
        return block.dense()
    return block  # type: ignore[return-value]  # what is not structured is the array itself


def _product(c: Array, d: Array) -> Array:
    """c * d for arrays, with 0 * inf = 0 * NaN = 0 whichever of the two is 0."""
    if isinstance(d, int | float) or d.dtype.kind == "b":
        d = np.asarray(d, c.dtype)
    void = ((c == 0) & ~np.isfinite(d)) | ((d == 0) & ~np.isfinite(c))
    return np.where(void, 0, c) * np.where(void, 0, d)


def times(block: Block, d: Array) -> Block:
    """The same for a block of any structure."""
    if isinstance(block, Guarded):
        block = block.block
    if isinstance(block, Diagonal | Identity):
        rows = block.shape, block.start, block.stop, block.dtype
        return Diagonal(*rows, _product(block.entries(), (Identity(*rows) * d).entries()))
    return _product(dense(block), d)


class Guarded:
    """A block (of any structure) that may hold infinite numbers: element-wise factors of 0 make them 0."""

    __slots__ = ("block",)
    __array_ufunc__ = None

    def __init__(self, block: Block) -> None:
        self.block = block

    def __len__(self) -> int:
        return len(self.block)

    def __mul__(self, d: Array) -> Guarded:
        return Guarded(times(self.block, d))

    def __matmul__(self, J: Array) -> Guarded:
        return Guarded(self.dense() @ J)

    def __add__(self, other: Block) -> Guarded:
        return Guarded(self.dense() + dense(other))

    __radd__ = __add__

    def dense(self) -> Array:
        """The block as an array of shape (k, *S)."""
        return dense(self.block)


STRUCTURED = (_Rows, Pending, Guarded)


@overload
def through(linear: Callable[[Array], Block], block: Array) -> Array: ...
@overload
def through(linear: Callable[[Array], Block], block: Block) -> Block: ...
def through(linear: Callable[[Array], Any], block: Block) -> Block:
    """A linear map of the dense block; what came guarded stays so."""
    return Guarded(linear(block.dense())) if isinstance(block, Guarded) else linear(dense(block))

"""The Jacobian of a function that does the same with every row of a batch: one block a row, all of them in one pass.

The name is TensorFlow's (`GradientTape.batch_jacobian`); in JAX and torch.func it is vmap of a Jacobian, and of a
function of one row. A NumPy function takes the batch as it is, so it is that which is differentiated here.

A seed goes through all rows at once, n of them, or m, for the whole batch, where the full Jacobian takes n or m a row
and is zero but for the blocks on its diagonal. That is right only if no row depends on another, and it is checked: the
seeds go through once more, with a weight of its own for each row. Where rows are independent each row's block is
multiplied by its weight; where row i depends on row k it is not, by J_ik (w_k - w_i).

Contract: as forward and reverse mode, whose traces are used. Weights are drawn from a fixed seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np

from .blocks import Array, Block, dense
from .call import ArgNums, Call
from .chunking import fitting, stretches
from .dual import Forward
from .ownership import owned
from .still import forward_pass
from .tape import Tape

__all__ = ["batch_jacobian"]

FORWARD, REVERSE, AUTO = MODES = ("forward", "reverse", "auto")


def batch_jacobian(
    f: Callable[..., Any],
    argnums: ArgNums = 0,
    *,
    mode: str,
    chunk_size: int | None = None,
    has_aux: bool = False,
    check: bool = True,
) -> Callable[..., Any]:
    """The Jacobian of each row of f's result by the same row of its argument, as a function of f's arguments.

    Parameters
    ----------
    f : a function of arrays, in plain NumPy, of a batch of b rows: of an array of shape (b, *in) it makes one of shape
        (b, *out), or a tree of such, row i from row i. What it takes besides it may use as it likes.
    argnums : the argument, or tuple of arguments, to differentiate; each a batch of b rows, or a tree of such.
    mode : "forward" (as many seeds as a row of the argument has entries), "reverse" (as many as a row of the results
        has) or "auto" (whichever is fewer; forward mode where they are as many).
    chunk_size : how many seeds travel at once; None for all, or as many as the memory budget allows (modes.chunking).
    has_aux : whether f returns a pair (y, aux), of which aux is not differentiated.
    check : whether to check that no row depends on another. Without, a function that mixes rows gets numbers that mean
        nothing.

    Returns
    -------
    A function of the same arguments, whose value has the structure of modes.jacobian's, with one axis for the batch:
    for each array of shape (b, *in) an array of shape (b, *out, *in), in y's dtype. Keyword arguments go to f as
    constants.

    Cost: n or m seeds for all b rows, twice as many with the check (forward mode once a differentiated array), where
    the Jacobian of the whole takes b times that; memory two blocks of those seeds, no zeros outside of the blocks.

    Raises ValueError where rows depend on each other (by more than sqrt(eps) of the entry), where
    batches differ in their number of rows, and for an unknown mode; what modes.jacfwd and modes.jacrev raise.

    Source: Abadi et al., TensorFlow, tf.GradientTape.batch_jacobian,
    https://www.tensorflow.org/api_docs/python/tf/GradientTape#batch_jacobian

    >>> import numpy as np, modes
    >>> rotated = modes.batch_jacobian(lambda p: np.stack([p[:, 0] * p[:, 1], p[:, 1] ** 2], axis=1), mode="forward")
    >>> rotated(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[[2., 1.],
            [0., 4.]],
    <BLANKLINE>
           [[4., 3.],
            [0., 8.]]])
    """
    if mode not in MODES:
        raise ValueError(f"expected mode to be one of {', '.join(map(repr, MODES))}, got {mode!r}")

    def jacobian(*args: Any, **keywords: Any) -> Any:
        call = Call(f, args, argnums, keywords, has_aux)
        rows = _rows_of([x.shape for x in call.primals], "argument", f)
        pass_by = _by_columns if mode == FORWARD else _by_rows
        return call.arranged(pass_by(call, rows, chunk_size, check, mode == AUTO))

    return jacobian


def _rows_of(shapes: Sequence[tuple[int, ...]], what: str, f: Callable[..., Any], rows: int | None = None) -> int:
    for shape in shapes:
        if not shape or (rows is not None and shape[0] != rows):
            wanted = "a batch, an array of shape (rows, ...)" if rows is None else f"a batch of {rows} rows"
            name = getattr(f, "__name__", "f")
            raise ValueError(f"expected every {what} of {name} to be {wanted}, got shape {shape}")
        rows = shape[0]
    if rows is None:
        raise ValueError(f"expected a batch to differentiate by, got no array in the {what}s chosen")
    return rows


# -- the seeds of all rows at once -------------------------------------------------------------------------------------
def _weights(rows: int) -> Array:
    return np.random.default_rng(0).uniform(1.0, 2.0, rows)


def _seeds(start: int, stop: int, size: int, rows: int, dtype: Any, check: bool) -> Array:
    """Columns start..stop of an identity on a row of `size` entries, in every row: (k, rows, size). With the check, the
    same again, times the weights."""
    one = np.zeros((stop - start, 1, size), dtype)
    one[np.arange(stop - start), 0, np.arange(start, stop)] = 1
    every = np.broadcast_to(one, (stop - start, rows, size))
    if not check:
        return np.array(every)
    return np.concatenate([every, every * _weights(rows).astype(dtype)[:, None]])


def _stretches(size: int, chunk_size: int | None, entries: int, itemsize: int) -> list[tuple[int, int]]:
    if chunk_size is None and (fits := fitting(2 * size, entries, itemsize)) < 2 * size:
        chunk_size = max(fits // 2, 1)
    return stretches(size, chunk_size)


# -- forward mode ------------------------------------------------------------------------------------------------------
def _by_columns(call: Call, rows: int, chunk_size: int | None, check: bool, auto: bool) -> list[list[Array]]:
    """For each array of the arguments a Jacobian for each result, by tangents."""
    every = []
    for leaf, x in enumerate(call.primals):
        size = prod(x.shape[1:])
        seeds: list[Block | None] = [None] * len(call.primals)
        parts = []
        for start, stop in _stretches(size, chunk_size, x.size, x.dtype.itemsize):
            flat = _seeds(start, stop, size, rows, x.dtype, check)
            seeds[leaf] = np.reshape(flat, (len(flat), *x.shape))
            y, block = forward_pass(Forward(), call, seeds)
            pushed = np.zeros((len(flat), *y.shape), y.dtype) if block is None else dense(block)
            parts.append(_split(call, np.moveaxis(pushed, 0, -1)))
        values = _split(call, y)
        _rows_of([value.shape for value in values], "result", call.f, rows)
        found = []
        for value, blocks in zip(values, zip(*parts, strict=True), strict=True):
            J, again = _halves(blocks, check)
            if check:
                entries = (rows, prod(value.shape[1:]), size)
                _check(np.reshape(J, entries), np.reshape(again, entries), value, x, call.f)
            found.append(_owned(np.reshape(J, (*value.shape, *x.shape[1:])), value.dtype))
        every.append(found)
    return every


def _halves(blocks: Sequence[Array], check: bool) -> tuple[Array, Array]:
    """Of blocks (*, k) of each stretch the whole, without weights and with them."""
    if not check:
        return np.concatenate(blocks, axis=-1) if len(blocks) > 1 else blocks[0], blocks[0]
    plain = [block[..., : block.shape[-1] // 2] for block in blocks]
    weighted = [block[..., block.shape[-1] // 2 :] for block in blocks]
    if len(blocks) == 1:
        return plain[0], weighted[0]
    return np.concatenate(plain, axis=-1), np.concatenate(weighted, axis=-1)


def _split(call: Call, joined: Any) -> list[Any]:
    return [joined] if call.results is None else call.results.parts(joined)


# -- reverse mode ------------------------------------------------------------------------------------------------------
def _by_rows(call: Call, rows: int, chunk_size: int | None, check: bool, auto: bool) -> list[list[Array]]:
    """For each array of the arguments a Jacobian for each result, by cotangents; by tangents where that is to be chosen
    and takes no more of them."""
    tape = Tape()
    y, index = tape.run(call)
    values = _split(call, y)
    _rows_of([value.shape for value in values], "result", call.f, rows)
    if auto and sum(x.size for x in call.primals) <= sum(value.size for value in values):
        return _by_columns(call, rows, chunk_size, check, auto)
    every: list[list[Array]] = [[] for _ in call.primals]
    end = 0
    for value in values:
        size = prod(value.shape[1:])
        begin, end = end, end + value.size
        parts: list[list[Array]] = [[] for _ in call.primals]
        for start, stop in _stretches(size, chunk_size, y.size, y.dtype.itemsize):
            seeds = _seeds(start, stop, size, rows, y.dtype, check)
            seeds = np.reshape(seeds, (len(seeds), value.size))
            if len(values) > 1:
                seeds = np.pad(seeds, ((0, 0), (begin, y.size - end)))
            blocks = tape.pull(index, np.reshape(seeds, (len(seeds), *y.shape)), last=False)
            for x, block, into in zip(call.primals, blocks, parts, strict=True):
                pulled = np.zeros((len(seeds), *x.shape), y.dtype) if block is None else dense(block)
                into.append(np.moveaxis(pulled, 0, -1))
        for x, blocks_of_x, found in zip(call.primals, parts, every, strict=True):
            J, again = (
                np.swapaxes(np.reshape(half, (rows, prod(x.shape[1:]), size)), 1, 2)
                for half in _halves(blocks_of_x, check)
            )
            if check:
                _check(J, again, value, x, call.f)
            found.append(_owned(np.reshape(J, (*value.shape, *x.shape[1:])), value.dtype))
    return every


def _owned(J: Any, dtype: Any) -> Any:
    """A Jacobian in an array of its own, without the weighted half beside it."""
    return owned(np.array(J, order="C") if type(J) is np.ndarray else J, dtype)


# -- are the rows independent? -----------------------------------------------------------------------------------------
def _check(J: Any, again: Any, y: Any, x: Any, f: Callable[..., Any]) -> None:
    """Compare Jacobians (rows, m, n) with those of weighted seeds, entry by entry, since each has its own unit.

    What is left of rounding is not a dependence: below sqrt(eps) of the entry, or below 100 eps as the relative change
    of a result by that of an argument. Infinity and NaN say nothing either way.
    """
    rows, m, n = J.shape
    if not rows:
        return
    eps = float(np.finfo(J.dtype).eps)
    sizes = np.max(np.where(np.isfinite(x), np.abs(x), 0), axis=0)
    sizes = np.reshape(np.where(sizes == 0, 1, sizes), (1, 1, n))
    with np.errstate(invalid="ignore", over="ignore"):
        allowed = 2 * eps**0.5 * np.abs(J) + 100 * eps * np.abs(np.reshape(y, (rows, m, 1))) / sizes
        difference = np.abs(again - J * np.reshape(_weights(rows).astype(J.dtype), (rows, 1, 1)))
        mixed = difference > allowed
    if bool(np.any(mixed)):
        row = int(np.flatnonzero(np.any(mixed, axis=(1, 2)))[0])
        raise ValueError(
            f"expected {getattr(f, '__name__', 'f')} to make each row of its result from the same row of its "
            f"arguments, but row {row} depends on other rows as well; use modes.jacobian, or take apart what mixes the "
            f"rows (a sum, a mean, a sort over the batch)"
        )

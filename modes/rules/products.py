"""Products: bilinear functions, one partial for each of the two operands, each with its transpose (M11, M17).

`np.matmul` is the row written out; the others are written in terms of it or of element-wise products. np.einsum is in
modes.rules.contraction, np.convolve in modes.rules.convolution.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..partials import Dot, Linear, Matrix, Partial, sum_to
from .table import composite, written


def _matmul_left(y: Any, a: Any, b: Any) -> Partial:
    """With respect to a in y = a @ b."""
    if a.ndim == 1:
        # a row times a matrix is the matrix' transpose on a column
        return Dot(b) if b.ndim == 1 else Matrix(b.T) if b.ndim == 2 else _stack_row(a.shape, b)
    if b.ndim == 1:
        # a stack of rows, each dotted with b: dY = dA b, dA = dY b^T
        return Linear(lambda t: t @ b, lambda c: c[..., None] * b)
    return _stack_left(a.shape, b)


def _matmul_right(y: Any, a: Any, b: Any) -> Partial:
    """With respect to b in y = a @ b."""
    if b.ndim == 1:
        return Matrix(a) if a.ndim == 2 else Dot(a) if a.ndim == 1 else _stack_column(b.shape, a)
    if a.ndim == 1:
        # a row times a stack of matrices
        return Linear(lambda t: a @ t, lambda c: a[:, None] * c[..., None, :])
    return _stack_right(b.shape, a)


def swap(x: Any) -> Any:
    """The transpose of every matrix of a stack."""
    return np.swapaxes(x, -1, -2)


def lift(t: Any, ndim: int) -> Any:
    """Insert axes behind the seed axis so that a block's stack broadcasts against one of ndim axes."""
    missing = ndim + 1 - t.ndim
    return np.reshape(t, (t.shape[0], *(1,) * missing, *t.shape[1:])) if missing > 0 else t


def _stack_left(inner: tuple[int, ...], b: Any) -> Partial:
    """(.., p, q) @ (.., q, r) with respect to the first: dY = dA B, dA = dY B^T, summed over the broadcast."""
    if len(inner) == 2 and b.ndim == 2:
        # One product over all seeds at once, not one a seed: the seeds join the rows.
        return Linear(lambda t: _rows(t, b), lambda c: _rows(c, b.T))
    return Linear(lambda t: lift(t, b.ndim) @ b, lambda c: sum_to(c @ swap(b), inner))


def _rows(block: Any, matrix: Any) -> Any:
    k, p, q = block.shape
    return np.reshape(np.reshape(block, (k * p, q)) @ matrix, (k, p, matrix.shape[1]))


def _stack_right(inner: tuple[int, ...], a: Any) -> Partial:
    """(.., p, q) @ (.., q, r) with respect to the second: dY = A dB, dB = A^T dY, summed over the broadcast."""
    return Linear(lambda t: a @ lift(t, a.ndim), lambda c: sum_to(swap(a) @ c, inner))


def _stack_row(inner: tuple[int, ...], b: Any) -> Partial:
    """(q,) @ (.., q, r) with respect to the row."""
    stack = tuple(range(1, b.ndim - 1))

    def push(t: Any) -> Any:
        return np.squeeze(lift(t[:, None, :], b.ndim) @ b, -2)

    def pull(c: Any) -> Any:
        return np.sum(np.squeeze(b @ c[..., None], -1), axis=stack)

    return Linear(push, pull)


def _stack_column(inner: tuple[int, ...], a: Any) -> Partial:
    """(.., p, q) @ (q,) with respect to the column."""
    stack = tuple(range(1, a.ndim - 1))

    def push(t: Any) -> Any:
        return np.squeeze(a @ lift(t[:, :, None], a.ndim), -1)

    def pull(c: Any) -> Any:
        return np.sum(np.squeeze(swap(a) @ c[..., None], -1), axis=stack)

    return Linear(push, pull)


written(np.matmul, _matmul_left, _matmul_right)


# --- the others, in terms of matmul -----------------------------------------------------------------------------
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Contract the named axes: one matrix product of the two operands with those axes brought together (M16)."""
    if isinstance(axes, int):
        left, right = tuple(range(np.ndim(a) - axes, np.ndim(a))), tuple(range(axes))
    else:
        left, right = (tuple(np.atleast_1d(side).tolist()) for side in axes)
    left, right = (tuple(i % np.ndim(x) for i in side) for side, x in ((left, a), (right, b)))
    free_a = [i for i in range(np.ndim(a)) if i not in left]
    free_b = [i for i in range(np.ndim(b)) if i not in right]
    shape_a, shape_b = np.shape(a), np.shape(b)
    size = math.prod(shape_a[i] for i in left)
    rows = np.reshape(np.transpose(a, (*free_a, *left)), (math.prod(shape_a[i] for i in free_a), size))
    columns = np.reshape(np.transpose(b, (*right, *free_b)), (size, math.prod(shape_b[i] for i in free_b)))
    return np.reshape(rows @ columns, tuple(shape_a[i] for i in free_a) + tuple(shape_b[i] for i in free_b))


def _dot(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    return np.matmul(a, b) if np.ndim(b) <= 2 else _tensordot(a, b, (-1, -2))


def _inner(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return np.multiply(a, b)
    return np.matmul(a, b) if np.ndim(b) == 1 else _tensordot(a, b, (-1, -1))


composite(np.tensordot, _tensordot)
composite(np.dot, _dot)
composite(np.inner, _inner)
composite(np.vdot, lambda a, b: np.matmul(np.reshape(a, (-1,)), np.reshape(b, (-1,))))
composite(np.outer, lambda a, b: np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1)))

composite(np.linalg.matmul, lambda x1, x2: np.matmul(x1, x2))
composite(np.linalg.tensordot, lambda x1, x2, *, axes=2: _tensordot(x1, x2, axes))


def _outer(x1: Any, x2: Any) -> Any:
    if np.ndim(x1) != 1 or np.ndim(x2) != 1:
        raise ValueError(f"expected two vectors, got shapes {np.shape(x1)} and {np.shape(x2)}; np.outer flattens them")
    return x1[:, None] * x2[None, :]


def _vecdot(x1: Any, x2: Any, axis: int = -1) -> Any:
    if np.ndim(x1) == np.ndim(x2) == 1:
        return np.matmul(x1, x2)
    return np.sum(np.moveaxis(x1, axis, -1) * np.moveaxis(x2, axis, -1), axis=-1)


composite(np.linalg.outer, _outer)
composite(np.linalg.vecdot, _vecdot)
composite(np.vecdot, _vecdot)
if hasattr(np, "matvec"):  # from NumPy 2.2 on
    composite(np.matvec, lambda x1, x2: np.squeeze(np.matmul(x1, np.expand_dims(x2, -1)), -1))
    composite(np.vecmat, lambda x1, x2: np.squeeze(np.matmul(np.expand_dims(x1, -2), x2), -2))


# --- Kronecker and vector products --------------------------------------------------------------------------------
def _kron(a: Any, b: Any) -> Any:
    """Every entry of a times the whole of b: the axes of the two side by side, in pairs, then joined."""
    ndim = max(np.ndim(a), np.ndim(b))
    left, right = ((1,) * (ndim - np.ndim(x)) + np.shape(x) for x in (a, b))
    pairs = np.reshape(a, [n for size in left for n in (size, 1)]) * np.reshape(
        b, [n for size in right for n in (1, size)]
    )
    return np.reshape(pairs, tuple(m * n for m, n in zip(left, right, strict=True)))


def _cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    sizes = (np.shape(a)[-1], np.shape(b)[-1])
    if not set(sizes) <= {2, 3}:
        raise ValueError(f"expected vectors of 2 or 3 components along the axis, got {sizes[0]} and {sizes[1]}")
    # A vector of two components lies in the plane: its third is zero.
    x, y, z = (a[..., i] if i < sizes[0] else 0.0 for i in range(3))
    u, v, w = (b[..., i] if i < sizes[1] else 0.0 for i in range(3))
    if sizes == (2, 2):
        return x * v - y * u
    return np.stack([y * w - z * v, z * u - x * w, x * v - y * u], axis=axisc)


def _cross_of_three(x1: Any, x2: Any, *, axis: int = -1) -> Any:
    sizes = (np.shape(x1)[axis], np.shape(x2)[axis])
    if sizes != (3, 3):
        raise ValueError(f"expected vectors of 3 components along the axis, got {sizes[0]} and {sizes[1]}")
    return _cross(x1, x2, axis=axis)


composite(np.kron, _kron)
composite(np.cross, _cross)
composite(np.linalg.cross, _cross_of_three)

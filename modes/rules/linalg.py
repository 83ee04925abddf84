"""Linear algebra on stacks of matrices: inverses, solutions, determinants, powers and products of several.

Every function takes (..., n, n), as NumPy's does; a block of seeds is one more axis in front of the stack.

- solve: NumPy 2's meaning, a right-hand side is a vector only where it has one axis. One factorisation for all seeds.
- det: the derivative is the cofactor matrix, finite and right for singular matrices too. The second derivative is
  written with the inverse, so it is for regular matrices only (numpy.linalg.LinAlgError otherwise).
- slogdet: the sign is a constant; the logarithm has no derivative at a singular matrix (LinAlgError).
- pinv: the rank is taken as constant around the operand, as it must be for a derivative to exist.

Sources: Giles, An extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation, 2008, https://people.maths.ox.ac.uk/gilesm/files/NA-08-01.pdf; for pinv, Golub and Pereyra, The
differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate, SIAM J. Numer. Anal.
10, 1973, https://doi.org/10.1137/0710036
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..partials import Linear, Partial, sum_to
from .products import lift, swap
from .table import composite, constant, primitive, refused, written


# --- inverse and solution -----------------------------------------------------------------------------------------
def _inv(y: Any, a: Any) -> Partial:
    """Y = A^-1: dY = -Y dA Y."""
    return Linear(lambda t: -(y @ t @ y), lambda c: -(swap(y) @ c @ swap(y)))


def _solve(a: Any, b: Any) -> Any:
    return np.squeeze(solve_matrix(a, np.expand_dims(b, -1)), -1) if np.ndim(b) == 1 else solve_matrix(a, b)


@primitive
def solve_matrix(a: Any, b: Any) -> Any:
    """X with A X = B, for stacks (..., n, n) and (..., n, r) that broadcast against each other."""
    return np.linalg.solve(a, b)


def _solve_block(a: Any, block: Any) -> Any:
    """The solutions for a block (k, ..., n, r) of right-hand sides: the seeds join the columns, A is factored once."""
    k, n, r = block.shape[0], block.shape[-2], block.shape[-1]
    columns = np.moveaxis(block, 0, -1)
    x = solve_matrix(a, np.reshape(columns, (*columns.shape[:-2], r * k)))
    return np.moveaxis(np.reshape(x, (*x.shape[:-2], n, r, k)), -1, 0)


def _solve_left(y: Any, a: Any, b: Any) -> Partial:
    """A X = B with respect to A: dX = -A^-1 dA X, dA = -A^-T dX X^T."""
    return Linear(
        lambda t: -_solve_block(a, lift(t, y.ndim) @ y),
        lambda c: sum_to(-(_solve_block(swap(a), c) @ swap(y)), a.shape),
    )


def _solve_right(y: Any, a: Any, b: Any) -> Partial:
    """A X = B with respect to B: dX = A^-1 dB, dB = A^-T dX."""
    return Linear(lambda t: _solve_block(a, t), lambda c: sum_to(_solve_block(swap(a), c), b.shape))


def _tensorinv(a: Any, ind: int = 2) -> Any:
    if ind <= 0:
        raise ValueError(f"expected ind of 1 or more, got {ind}")
    shape = np.shape(a)
    rows = math.prod(shape[:ind])
    return np.reshape(np.linalg.inv(np.reshape(a, (rows, -1))), (*shape[ind:], *shape[:ind]))


def _tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    if axes is not None:
        a = np.moveaxis(a, axes, range(np.ndim(a) - len(axes), np.ndim(a)))
    inner = np.shape(a)[np.ndim(b) :]
    size = math.prod(inner)
    return np.reshape(np.linalg.solve(np.reshape(a, (-1, size)), np.reshape(b, (-1,))), inner)


written(np.linalg.inv, _inv)
written(solve_matrix, _solve_left, _solve_right)
composite(np.linalg.solve, _solve)
composite(np.linalg.tensorinv, _tensorinv)
composite(np.linalg.tensorsolve, _tensorsolve)
refused(np.linalg.lstsq, "use np.linalg.pinv(a) @ b, or np.linalg.solve where the matrix is square")


def _pinv(y: Any, a: Any, rcond: Any = None, *, rtol: Any = None) -> Partial:
    """P = A^+ of constant rank: dP = -P dA P + P P^T dA^T (1 - A P) + (1 - P A) dA^T P^T P."""
    P = y
    left, right = np.eye(a.shape[-2], dtype=a.dtype) - a @ P, np.eye(a.shape[-1], dtype=a.dtype) - P @ a
    columns, rows = P @ swap(P), swap(P) @ P

    def push(t: Any) -> Any:
        return -(P @ t @ P) + columns @ swap(t) @ left + right @ swap(t) @ rows

    def pull(c: Any) -> Any:
        return -(swap(P) @ c @ swap(P)) + left @ swap(c) @ columns + rows @ swap(c) @ right

    return Linear(push, pull)


written(np.linalg.pinv, _pinv)
constant(np.linalg.matrix_rank)


# --- determinants -------------------------------------------------------------------------------------------------
@primitive
def cofactor(a: Any) -> Any:
    """(..., n, n): the matrix of cofactors, d det / dA, by the singular values; right for singular matrices too."""
    u, s, vh = np.linalg.svd(a)
    orientation = np.rint(np.linalg.det(u) * np.linalg.det(vh))[..., None]  # 1 or -1
    # of every singular value, the product of all others
    others = np.prod(np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]), axis=-1)
    return (u * (orientation * others)[..., None, :]) @ vh


def _inner(m: Any) -> Partial:
    """A scalar function of a matrix with the derivative m: dy = <m, dA>."""
    return Linear(lambda t: np.sum(t * m, axis=(-2, -1)), lambda c: c[..., None, None] * m)


def _cofactor(y: Any, a: Any) -> Partial:
    """C = det(A) A^-T: dC = <A^-T, dA> C - A^-T dA^T C, which is its own transpose."""
    try:
        inverse = swap(np.linalg.inv(a))
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError(
            "the second derivative of numpy.linalg.det is written with the inverse, and the matrix is singular; the "
            "first derivative is right there, so use differences of that"
        ) from None

    def apply(t: Any) -> Any:
        return np.sum(t * inverse, axis=(-2, -1), keepdims=True) * y - inverse @ swap(t) @ y

    return Linear(apply, apply)


@primitive
def log_abs_det(a: Any) -> Any:
    """log |det A|, without forming the determinant."""
    return np.linalg.slogdet(a)[1]


@primitive
def sign_of_det(a: Any) -> Any:
    """The sign of det A: 1, -1, or 0."""
    return np.linalg.slogdet(a)[0]


SlogdetResult: Any = type(np.linalg.slogdet(np.eye(1)))

written(np.linalg.det, lambda y, a: _inner(cofactor(a)))
written(cofactor, _cofactor)
written(log_abs_det, lambda y, a: _inner(swap(np.linalg.inv(a))))
constant(sign_of_det)
composite(np.linalg.slogdet, lambda a: SlogdetResult(sign_of_det(a), log_abs_det(a)))


# --- products of several matrices ---------------------------------------------------------------------------------
def _multi_dot(arrays: Sequence[Any]) -> Any:
    """The product in the order of fewest multiplications (matrix-chain dynamic programme), as NumPy's own."""
    arrays = list(arrays)
    if len(arrays) < 2:
        raise ValueError(f"expected at least two arrays, got {len(arrays)}")
    first, last = arrays[0], arrays[-1]  # each may be a vector: a row, a column
    sizes = [
        1 if np.ndim(first) == 1 else np.shape(first)[0],
        *(np.shape(a)[0] for a in arrays[1:]),
        1 if np.ndim(last) == 1 else np.shape(last)[1],
    ]

    @functools.cache
    def best(i: int, j: int) -> tuple[int, int]:
        """The fewest multiplications for factors i..j, and where to split them."""
        if i == j:
            return 0, i
        return min((best(i, s)[0] + best(s + 1, j)[0] + sizes[i] * sizes[s + 1] * sizes[j + 1], s) for s in range(i, j))

    def multiply(i: int, j: int) -> Any:
        if i == j:
            return arrays[i]
        split = best(i, j)[1]
        return np.matmul(multiply(i, split), multiply(split + 1, j))

    return multiply(0, len(arrays) - 1)


def _matrix_power(a: Any, n: int) -> Any:
    """By repeated squaring: 2 log2(n) products at most; a negative n powers the inverse; n = 0 is constant."""
    try:
        n = operator.index(n)
    except TypeError:
        raise TypeError(f"expected an integer exponent, got {n!r}") from None
    if n == 0:
        return np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape).copy()
    if n < 0:
        a, n = np.linalg.inv(a), -n
    result = None
    while n:
        if n & 1:
            result = a if result is None else np.matmul(result, a)
        n >>= 1
        if n:
            a = np.matmul(a, a)
    return result


composite(np.linalg.multi_dot, _multi_dot)
composite(np.linalg.matrix_power, _matrix_power)


# --- the last two axes under another name -------------------------------------------------------------------------
def _diagonal(x: Any, *, offset: int = 0) -> Any:
    rows, columns = np.shape(x)[-2:]
    i = np.arange(max(-offset, 0), max(min(rows, columns - offset), 0))
    return x[..., i, i + offset]


composite(np.linalg.diagonal, _diagonal)
composite(np.linalg.trace, lambda x, *, offset=0: np.sum(_diagonal(x, offset=offset), axis=-1))
composite(np.linalg.matrix_transpose, lambda x: swap(x))

"""Spectral decompositions of stacks of matrices: eigh and svd, and their values alone.

A decomposition has several results, a row of the table has one: `eigenpairs` and `singular_triplets` put the parts
below each other in one array, which costs one decomposition and has one rule; NumPy's function, in terms of it, cuts
the array up again into NumPy's own named tuple.

Conventions, the same in both modes:

- A matrix that NumPy takes as symmetric (eigh and eigvalsh read one triangle) is taken so here: the derivative is that
  along (dA + dA^T) / 2, and a gradient is symmetric.
- Vectors keep the sign that NumPy gives them, so the derivative is that of the continuation of this choice.
- Vectors of a repeated value (apart by no more than rounding) have no derivative: ValueError. Values alone (eigvalsh,
  svdvals) have one along the vectors that NumPy chose, so that symmetric functions of the values, such as their sum,
  are right there too. Their second derivatives need the vectors.
- svd: the thin one. The vectors of a singular value of 0 have no derivative unless the matrix is square: ValueError.

Sources: Giles, An extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation, 2008, https://people.maths.ox.ac.uk/gilesm/files/NA-08-01.pdf;
Townsend, Differentiating the singular value decomposition, 2016, https://j-towns.github.io/papers/svd-derivative.pdf
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import MissingRule
from ..partials import Linear, Partial
from .factorizations import symmetric
from .products import swap
from .table import composite, constant, primitive, refused, written

EighResult: Any = type(np.linalg.eigh(np.eye(1)))
SVDResult: Any = type(np.linalg.svd(np.eye(1)))


# --- eigenvalues and eigenvectors of a symmetric matrix -----------------------------------------------------------
@primitive
def repeated(values: Any, rows: int) -> bool:
    """Whether two neighbouring values (..., n), in order, are apart by no more than the rounding of a decomposition.

    That is a small multiple, here 8, of rows * eps * the largest value (LAPACK Users' Guide, 3rd ed., section 4.7,
    https://www.netlib.org/lapack/lug/).
    """
    if values.shape[-1] < 2:
        return False
    largest = np.max(np.abs(values), axis=-1, keepdims=True)
    return bool(np.any(np.abs(np.diff(values, axis=-1)) <= 8 * rows * np.finfo(values.dtype).eps * largest))


constant(repeated)


def _reciprocal_differences(values: Any) -> Any:
    """F_ij = 1 / (values_j - values_i), and 0 on the diagonal."""
    eye = np.eye(values.shape[-1], dtype=values.dtype)
    return (1 - eye) / (values[..., None, :] - values[..., :, None] + eye)


@primitive
def eigenpairs(a: Any, UPLO: Any) -> Any:
    """(..., n, n) -> (..., 1 + n, n): the eigenvalues in a row, above the eigenvectors."""
    w, V = np.linalg.eigh(a, UPLO)
    return np.concatenate([w[..., None, :], V], axis=-2)


def _eigenpairs(y: Any, a: Any, UPLO: Any) -> Partial:
    """A V = V diag(w): with P = V^T dA V, dw = diag(P) and dV = V (F o P)."""
    w, V = y[..., 0, :], y[..., 1:, :]
    n = a.shape[-1]
    if repeated(w, n):
        raise ValueError(
            "eigenvectors of a repeated eigenvalue have no derivative (numpy.linalg.eigh on a traced array); where "
            "eigenvalues alone are needed use np.linalg.eigvalsh"
        )
    F = _reciprocal_differences(w)
    eye = np.eye(n, dtype=a.dtype)

    def push(t: Any) -> Any:
        P = swap(V) @ symmetric(t) @ V
        return np.concatenate([np.sum(P * eye, axis=-2)[..., None, :], V @ (F * P)], axis=-2)

    def pull(c: Any) -> Any:
        P = c[..., :1, :] * eye + F * (swap(V) @ c[..., 1:, :])
        return symmetric(V @ P @ swap(V))

    return Linear(push, pull)


def _eigh(a: Any, UPLO: Any = "L") -> Any:
    pairs = eigenpairs(a, UPLO)
    return EighResult(pairs[..., 0, :], pairs[..., 1:, :])


def _values(left: Any, right: Any) -> Partial:
    """Values with the vectors in the columns of left and right: dw_i = left_i^T dA right_i."""
    return Linear(
        lambda t: np.sum(left * (t @ right), axis=-2),
        lambda c: (left * c[..., None, :]) @ swap(right),
    )


def _eigvalsh(y: Any, a: Any, UPLO: Any = "L") -> Partial:
    V = np.linalg.eigh(a, UPLO)[1]
    return _values(V, V)


written(eigenpairs, _eigenpairs)
composite(np.linalg.eigh, _eigh)
written(np.linalg.eigvalsh, _eigvalsh)
refused(np.linalg.eig, "its results are complex in general; use np.linalg.eigh where the matrix is symmetric")
refused(np.linalg.eigvals, "its result is complex in general; use np.linalg.eigvalsh where the matrix is symmetric")


# --- singular values and vectors ----------------------------------------------------------------------------------
@primitive
def singular_triplets(a: Any) -> Any:
    """(..., m, n) -> (..., m + 1 + n, k), k = min(m, n): U above the singular values in a row above V."""
    U, s, Vh = np.linalg.svd(a, full_matrices=False)
    return np.concatenate([U, s[..., None, :], swap(Vh)], axis=-2)


def _parts(y: Any, m: int) -> tuple[Any, Any, Any]:
    return y[..., :m, :], y[..., m : m + 1, :], y[..., m + 1 :, :]


def _singular_triplets(y: Any, a: Any) -> Partial:
    """A = U S V^T: with P = U^T dA V and F_ij = 1 / (s_j^2 - s_i^2),

    dS = diag(P), dU = U (F o (P S + S P^T)) + (1 - U U^T) dA V / S and
    dV = V (F o (S P + P^T S)) + (1 - V V^T) dA^T U / S.
    """
    m, n = a.shape[-2:]
    U, s, V = _parts(y, m)
    values = s[..., 0, :]
    if repeated(values, max(m, n)):
        raise ValueError(
            "singular vectors of a repeated singular value have no derivative (numpy.linalg.svd on a traced array); "
            "where singular values alone are needed use np.linalg.svdvals, or compute_uv=False"
        )
    if m != n and vanishes(values, max(m, n)):
        raise ValueError(
            "singular vectors of a singular value of 0 have no derivative where the matrix is not square "
            "(numpy.linalg.svd on a traced array); where singular values alone are needed use np.linalg.svdvals"
        )
    eye = np.eye(min(m, n), dtype=a.dtype)
    F = _reciprocal_differences(values) / (s + swap(s) + eye)  # eye: nothing is divided by 0 on F's diagonal of zeros

    def push(t: Any) -> Any:
        right, left = t @ V, swap(t) @ U
        P = swap(U) @ right
        dU = U @ (F * (P * s + swap(P * s)))
        dV = V @ (F * (swap(s) * P + swap(swap(s) * P)))
        if m > n:
            dU = dU + (right - U @ P) / s
        if n > m:
            dV = dV + (left - V @ swap(P)) / s
        return np.concatenate([dU, np.sum(P * eye, axis=-2)[..., None, :], dV], axis=-2)

    def pull(c: Any) -> Any:
        cU, cs, cV = _parts(c, m)
        GU, GV = swap(U) @ cU, swap(V) @ cV
        P = cs * eye + (F * GU + swap(F * GU)) * s + swap(s) * (F * GV + swap(F * GV))
        out = U @ P @ swap(V)
        if m > n:
            out = out + ((cU - U @ GU) / s) @ swap(V)
        if n > m:
            out = out + (U / s) @ swap(cV - V @ GV)
        return out

    return Linear(push, pull)


@primitive
def vanishes(values: Any, rows: int) -> bool:
    """Whether the smallest of the singular values (..., k), largest first, is 0 but for rounding."""
    if not values.size:
        return False
    return bool(np.any(values[..., -1] <= 8 * rows * np.finfo(values.dtype).eps * values[..., 0]))


constant(vanishes)


def _svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    if hermitian:
        raise MissingRule("numpy.linalg.svd covers no hermitian=True on traced arrays; use np.linalg.eigh")
    if not compute_uv:
        return np.linalg.svdvals(a)
    m, n = np.shape(a)[-2:]
    if full_matrices and m != n:
        raise MissingRule(
            f"numpy.linalg.svd on a traced array of shape {np.shape(a)}: the vectors beyond the {min(m, n)} singular "
            f"values are arbitrary and have no derivative; write np.linalg.svd(a, full_matrices=False)"
        )
    U, s, V = _parts(singular_triplets(a), m)
    return SVDResult(U, s[..., 0, :], swap(V))


def _svdvals(y: Any, x: Any) -> Partial:
    U, _, Vh = np.linalg.svd(x, full_matrices=False)
    return _values(U, swap(Vh))


written(singular_triplets, _singular_triplets)
composite(np.linalg.svd, _svd)
written(np.linalg.svdvals, _svdvals)

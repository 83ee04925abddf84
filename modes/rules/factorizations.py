"""Factorizations of stacks of matrices: cholesky and qr.

Conventions, the same in both modes:

- cholesky: NumPy reads one triangle of a matrix that it takes as symmetric. It is taken so here: the derivative is that
  along (dA + dA^T) / 2, and a gradient is symmetric.
- qr: of full rank, with the signs that NumPy gives. It has two results, a row of the table has one: `thin_qr` puts Q
  above R in one array, which costs one factorization and has one rule, and np.linalg.qr cuts them apart again.

Sources: Giles, An extended collection of matrix derivative results for forward and reverse mode algorithmic
differentiation, 2008, https://people.maths.ox.ac.uk/gilesm/files/NA-08-01.pdf;
for qr, Walter and Lehmann, Algorithmic differentiation of linear algebra functions with application in optimum
experimental design, 2010, https://arxiv.org/abs/1001.1654
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import MissingRule
from ..partials import Linear, Partial
from .products import swap
from .table import composite, primitive, written

QRResult: Any = type(np.linalg.qr(np.eye(1)))


def symmetric(m: Any) -> Any:
    """The symmetric part of every matrix of a stack."""
    return (m + swap(m)) / 2


def _triangle(n: int, k: int, dtype: Any) -> Any:
    """The mask of the upper triangle from diagonal k on."""
    return np.triu(np.ones((n, n), dtype), k)


# --- cholesky -----------------------------------------------------------------------------------------------------
def _cholesky(y: Any, a: Any, *, upper: bool = False) -> Partial:
    """A = L L^T: dL = L Phi(L^-1 dA L^-T); Phi keeps the lower triangle and half of the diagonal."""
    L = swap(y) if upper else y
    inverse = np.linalg.inv(L)
    n = a.shape[-1]
    phi = _triangle(n, 0, a.dtype).T - np.eye(n, dtype=a.dtype) / 2

    def push(t: Any) -> Any:
        out = L @ (phi * (inverse @ symmetric(t) @ swap(inverse)))
        return swap(out) if upper else out

    def pull(c: Any) -> Any:
        c = swap(c) if upper else c
        return symmetric(swap(inverse) @ (phi * (swap(L) @ c)) @ inverse)

    return Linear(push, pull)


written(np.linalg.cholesky, _cholesky)


# --- qr -----------------------------------------------------------------------------------------------------------
@primitive
def thin_qr(a: Any) -> Any:
    """(..., m, n), m >= n -> (..., m + n, n): the thin Q above R."""
    return np.concatenate(np.linalg.qr(a), axis=-2)


def _thin_qr(y: Any, a: Any) -> Partial:
    """A = Q R: with M = Q^T dA R^-1 and N = its upper triangle plus its strict lower one transposed,

    dR = N R and dQ = dA R^-1 - Q N.
    """
    m, n = a.shape[-2:]
    Q, R = y[..., :m, :], y[..., m:, :]
    inverse = np.linalg.inv(R)
    upper, strict = _triangle(n, 0, a.dtype), _triangle(n, 1, a.dtype)

    def push(t: Any) -> Any:
        X = t @ inverse
        M = swap(Q) @ X
        N = upper * M + strict * swap(M)
        return np.concatenate([X - Q @ N, N @ R], axis=-2)

    def pull(c: Any) -> Any:
        cQ, cR = c[..., :m, :], c[..., m:, :]
        N = cR @ swap(R) - swap(Q) @ cQ
        M = upper * N + swap(strict * N)
        return (cQ + Q @ M) @ swap(inverse)

    return Linear(push, pull)


def _qr(a: Any, mode: str = "reduced") -> Any:
    m, n = np.shape(a)[-2:]
    if mode not in ("reduced", "r") and not (mode == "complete" and m <= n):
        raise MissingRule(
            f"numpy.linalg.qr covers no mode={mode!r} on a traced array of shape {np.shape(a)}; write mode='reduced'"
        )
    pair = thin_qr(a[..., :m])
    Q, R = pair[..., :m, :], pair[..., m:, :]
    if m < n:  # the further columns of a wide matrix are turned by the Q of the first m
        R = np.concatenate([R, swap(Q) @ a[..., m:]], axis=-1)
    return R if mode == "r" else QRResult(Q, R)


written(thin_qr, _thin_qr)
composite(np.linalg.qr, _qr)

"""Cases for products, linear algebra and decompositions; the other rows' are in tests/rule_cases.py."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from modes.rules import contraction, convolution, factorizations, linalg, norms, spectral

Cases = list[tuple[Callable[..., Any], tuple[Any, ...]]]

_rng = np.random.default_rng(20240301)


def real(*size: int) -> np.ndarray:
    """Entries of either sign, well apart from each other and from 0, and so are their sums (no even spacing)."""
    count = int(np.prod(size))
    values = ((np.arange(count) + 0.5) / max(count, 1)) ** 1.3 * 1.4 + 0.1
    return np.reshape(_rng.permutation(values) * _rng.choice([-1.0, 1.0], count), size)


def spread(*size: int) -> np.ndarray:
    """Matrices with singular values 1, 2, ..., so that no two vectors are nearly exchangeable."""
    m, n = size[-2:]
    k = min(m, n)
    left = np.linalg.qr(_rng.standard_normal((*size[:-2], m, k)))[0]
    right = np.linalg.qr(_rng.standard_normal((*size[:-2], n, k)))[0]
    return (left * np.arange(1.0, k + 1)) @ np.swapaxes(right, -1, -2)


def definite(*size: int) -> np.ndarray:
    """Symmetric matrices with eigenvalues 1, 2, ..."""
    Q = np.linalg.qr(_rng.standard_normal(size))[0]
    return (Q * np.arange(1.0, size[-1] + 1)) @ np.swapaxes(Q, -1, -2)


def symmetric(f: Callable[..., Any]) -> Callable[..., Any]:
    """f of the symmetric part: what functions of symmetric matrices are differentiated as."""
    return lambda a: f((a + np.swapaxes(a, -1, -2)) / 2)


def joined(f: Callable[..., Any]) -> Callable[..., Any]:
    """All results of a function that has several, in one vector."""
    return lambda *args: np.concatenate([np.reshape(part, (-1,)) for part in f(*args)])


def matrices(func: Callable[..., Any], *pairs: tuple[tuple[int, ...], tuple[int, ...]]) -> Cases:
    return [(func, (real(*a), real(*b))) for a, b in pairs]


def einsum(subscripts: str, *shapes: tuple[int, ...], **kwargs: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    return (lambda *args: np.einsum(subscripts, *args, **kwargs), tuple(real(*shape) for shape in shapes))


CASES: dict[Callable[..., Any], Cases] = {}

# --- einsum -------------------------------------------------------------------------------------------------------
CASES[np.einsum] = [
    einsum("ij,jk->ik", (2, 3), (3, 4)),
    einsum("ij,jk", (2, 3), (3, 4), optimize=True),
    einsum("ba", (2, 3)),
    einsum("ij -> i", (2, 3)),
    einsum("ii->i", (3, 3)),
    einsum("ii", (3, 3)),
    einsum("iji->j", (2, 3, 2)),
    einsum("iii,i->i", (2, 2, 2), (2,)),
    einsum("ij,k->k", (2, 3), (2,)),
    einsum("i,i->i", (1,), (3,)),
    einsum(",ij->ji", (), (2, 3)),
    einsum("...ij,...jk->...ik", (2, 2, 3), (3, 2)),
    einsum("i...,i...", (2, 3), (2, 1, 3)),
    einsum("bij,bjk,bk->bi", (2, 3, 2), (2, 2, 3), (2, 3), optimize="greedy"),
    einsum("ij,jk,kl,li->", (2, 3), (3, 2), (2, 3), (3, 2)),
    (lambda a, b: np.einsum(a, [0, 30], b, [30, 2], [2, 0]), (real(2, 3), real(3, 2))),
    (lambda a, b: np.einsum(a, [0, ...], b, [..., 1]), (real(2, 3), real(3, 2))),
    (lambda a: np.einsum("ij,ij->j", a, a), (real(2, 3),)),
]
CASES[contraction.contract] = [(lambda a, b: contraction.contract("ij,kj->ik", a, b), (real(2, 3), real(2, 3)))]

# --- products -----------------------------------------------------------------------------------------------------
CASES[np.kron] = matrices(
    np.kron, ((2,), (3,)), ((2, 3), (3, 2)), ((2, 2), (3,)), ((3,), (2, 2)), ((), (2, 2)), ((2, 1, 2), (2, 3))
)
CASES[np.cross] = [
    *matrices(np.cross, ((3,), (3,)), ((2, 3), (3,)), ((4, 1, 3), (2, 3))),
    *matrices(lambda a, b: np.cross(a, b, axis=0), ((3, 2), (3, 2))),
    *matrices(lambda a, b: np.cross(a, b, axisa=0, axisc=0), ((3, 2), (2, 3))),
]
CASES[np.linalg.cross] = matrices(lambda a, b: np.linalg.cross(a, b, axis=0), ((3, 2), (3, 2)))
CASES[np.linalg.matmul] = matrices(np.linalg.matmul, ((2, 3), (3, 4)), ((5, 2, 3), (3,)))
CASES[np.linalg.tensordot] = matrices(lambda a, b: np.linalg.tensordot(a, b, axes=1), ((2, 3), (3, 4)))
CASES[np.linalg.outer] = matrices(np.linalg.outer, ((2,), (3,)))
CASES[np.vecdot] = [
    *matrices(np.vecdot, ((3,), (3,)), ((2, 3), (3,)), ((4, 1, 3), (2, 3))),
    *matrices(partial(np.vecdot, axis=0), ((3, 2), (3, 2))),
]
CASES[np.linalg.vecdot] = matrices(partial(np.linalg.vecdot, axis=0), ((3, 2), (3, 2)))
if hasattr(np, "matvec"):
    CASES[np.matvec] = matrices(np.matvec, ((2, 3), (3,)), ((2, 3), (4, 3)), ((4, 2, 3), (4, 3)))
    CASES[np.vecmat] = matrices(np.vecmat, ((3,), (3, 2)), ((4, 3), (3, 2)), ((4, 3), (4, 3, 2)))
CASES[np.linalg.multi_dot] = [
    (lambda *args: np.linalg.multi_dot(args), tuple(real(*shape) for shape in shapes))
    for shapes in (
        ((2, 3), (3, 2)),
        ((4, 2), (2, 5), (5, 1), (1, 3)),
        ((2,), (2, 3), (3,)),
        ((2,), (2, 3), (3, 4)),
    )
]
CASES[np.linalg.matrix_power] = [
    (lambda a, n=n: np.linalg.matrix_power(a, n), (spread(2, 2),)) for n in (-3, -1, 1, 2, 5)
] + [(lambda a: np.linalg.matrix_power(a, 3), (spread(2, 2, 2),))]

# --- convolution --------------------------------------------------------------------------------------------------
_lengths = ((4, 2), (2, 5), (3, 3), (1, 3), (5, 1), (4, 3))
CASES[np.convolve] = [
    case
    for mode in ("full", "same", "valid")
    for case in matrices(lambda a, v, m=mode: np.convolve(a, v, m), *(((p,), (q,)) for p, q in _lengths))
]
CASES[np.correlate] = [
    case
    for mode in ("full", "same", "valid")
    for case in matrices(lambda a, v, m=mode: np.correlate(a, v, mode=m), *(((p,), (q,)) for p, q in _lengths))
]
CASES[convolution.windows] = [(lambda x: convolution.windows(x, 3), (real(2, 5),))]
CASES[convolution.overlap] = [(convolution.overlap, (real(2, 3, 4),))]

CASES[np.fft.fftshift] = [(np.fft.fftshift, (real(3, 4),)), (lambda x: np.fft.fftshift(x, axes=-1), (real(2, 3),))]
CASES[np.fft.ifftshift] = [(np.fft.ifftshift, (real(3, 4),)), (lambda x: np.fft.ifftshift(x, axes=(1,)), (real(2, 3),))]

# --- inverses, solutions, determinants ----------------------------------------------------------------------------
CASES[np.linalg.inv] = [(np.linalg.inv, (spread(*size),)) for size in ((1, 1), (3, 3), (2, 2, 2))]
CASES[np.linalg.solve] = [
    (np.linalg.solve, (spread(*a), real(*b)))
    for a, b in (
        ((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (3,)), ((2, 3, 3), (3, 2)), ((3, 3), (2, 3, 1)),
        ((2, 1, 2, 2), (3, 2, 2)), ((1, 2, 2), (3, 2, 1)),
    )
]  # fmt: skip
_fixed, _right = spread(3, 3), real(3)
CASES[linalg.solve_matrix] = [
    (lambda b: np.linalg.solve(_fixed, b), (real(3),)),
    (lambda a: np.linalg.solve(a, _right), (spread(3, 3),)),
]
CASES[np.linalg.tensorinv] = [
    (lambda a: np.linalg.tensorinv(np.reshape(a, (2, 2, 4))), (spread(4, 4),)),
    (lambda a: np.linalg.tensorinv(np.reshape(a, (4, 2, 2)), ind=1), (spread(4, 4),)),
]
CASES[np.linalg.tensorsolve] = [
    (lambda a, b: np.linalg.tensorsolve(np.reshape(a, (2, 2, 4)), b), (spread(4, 4), real(2, 2))),
    (lambda a, b: np.linalg.tensorsolve(np.reshape(a, (2, 2, 2, 2)), b, axes=(0, 2)), (spread(4, 4), real(2, 2))),
]
CASES[np.linalg.pinv] = [(np.linalg.pinv, (spread(*size),)) for size in ((3, 2), (2, 3), (2, 2), (2, 3, 2))] + [
    # rank 1, and so around the point
    (lambda a, b: np.linalg.pinv(np.outer(a, b), rcond=1e-8), (real(3), real(2))),
    (lambda a, b: np.linalg.pinv(np.outer(a, b), rtol=1e-8), (real(2), real(3))),
]
CASES[np.linalg.det] = [(np.linalg.det, (spread(*size),)) for size in ((1, 1), (3, 3), (2, 2, 2))] + [
    (np.linalg.det, (sign * definite(3, 3),)) for sign in (1, -1)
]
CASES[linalg.cofactor] = [(linalg.cofactor, (spread(*size),)) for size in ((1, 1), (3, 3), (2, 3, 3))]
CASES[np.linalg.slogdet] = [
    (lambda a: np.linalg.slogdet(a)[1], (spread(*size),)) for size in ((1, 1), (3, 3), (2, 2, 2))
] + [(lambda a: np.linalg.slogdet(a).sign * np.linalg.slogdet(a).logabsdet, (-definite(3, 3),))]
CASES[linalg.log_abs_det] = [(linalg.log_abs_det, (spread(3, 3),))]
for _func in (np.linalg.diagonal, np.linalg.trace):
    CASES[_func] = [
        (lambda x, f=_func, k=offset: f(x, offset=k), (real(*size),))
        for size in ((3, 3), (2, 2, 4), (4, 2))
        for offset in (0, 1, -1)
    ]
CASES[np.linalg.matrix_transpose] = [(np.linalg.matrix_transpose, (real(2, 3, 4),))]

# --- decompositions -----------------------------------------------------------------------------------------------
_square = ((1, 1), (3, 3), (2, 2, 2))
CASES[np.linalg.cholesky] = [(symmetric(np.linalg.cholesky), (definite(*size),)) for size in _square] + [
    (symmetric(lambda a: np.linalg.cholesky(a, upper=True)), (definite(*size),)) for size in _square
]
CASES[np.linalg.eigh] = [(symmetric(joined(np.linalg.eigh)), (definite(*size),)) for size in _square] + [
    (symmetric(lambda a: np.linalg.eigh(a, UPLO="U").eigenvectors), (definite(3, 3),)),
    (symmetric(lambda a: np.linalg.eigh(a)[0]), (definite(3, 3),)),
]
CASES[spectral.eigenpairs] = [(symmetric(lambda a: spectral.eigenpairs(a, "L")), (definite(2, 2),))]
CASES[np.linalg.eigvalsh] = [(symmetric(np.linalg.eigvalsh), (definite(*size),)) for size in _square]
_sizes = ((1, 1), (3, 3), (2, 3), (4, 2), (3, 1), (1, 3), (2, 2, 2), (2, 3, 2), (2, 2, 3))
CASES[np.linalg.svd] = [
    (joined(lambda a: np.linalg.svd(a, full_matrices=False)), (spread(*size),)) for size in _sizes
] + [
    (joined(np.linalg.svd), (spread(3, 3),)),
    (lambda a: np.linalg.svd(a, compute_uv=False), (spread(2, 3),)),
]
CASES[spectral.singular_triplets] = [(spectral.singular_triplets, (spread(3, 2),))]
CASES[np.linalg.svdvals] = [(np.linalg.svdvals, (spread(*size),)) for size in _sizes]
CASES[np.linalg.qr] = [
    # Of one row, Q is constant and R linear: squares, so that there is a second derivative to compare.
    (joined(lambda a: np.linalg.qr(a * a) if a.shape[0] == 1 else np.linalg.qr(a)), (spread(*size),))
    for size in _sizes
] + [
    (lambda a: np.linalg.qr(a, mode="r"), (spread(3, 2),)),
    (lambda a: np.linalg.qr(a, mode="complete").Q, (spread(2, 3),)),
]
CASES[factorizations.thin_qr] = [(factorizations.thin_qr, (spread(3, 2),))]

# --- norms --------------------------------------------------------------------------------------------------------
_vector_orders = (None, 2, 1, np.inf, -np.inf, 3, 2.5, -1.5)
_matrix_orders = (None, "fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf)
CASES[np.linalg.norm] = [
    *((lambda x, p=p: np.linalg.norm(x, p), (real(4),)) for p in _vector_orders),
    *((lambda x, p=p: np.linalg.norm(x, p, axis=0), (real(3, 2),)) for p in _vector_orders),
    *((lambda x, p=p: np.linalg.norm(x, p, axis=-1, keepdims=True), (real(2, 2, 3),)) for p in (2, np.inf, 3)),
    *((lambda x, p=p: np.linalg.norm(x, p), (spread(3, 2),)) for p in _matrix_orders),
    *((lambda x, p=p: np.linalg.norm(x, p, axis=(2, 0), keepdims=True), (real(3, 2, 2),)) for p in _matrix_orders),
    *((lambda x, p=p: np.linalg.norm(x, p, axis=(0, -1)), (real(2, 2, 3),)) for p in _matrix_orders),
    (np.linalg.norm, (real(2, 3, 2),)),
    (partial(np.linalg.norm, keepdims=True), (real(2, 3),)),
]
CASES[np.linalg.vector_norm] = [
    (np.linalg.vector_norm, (real(2, 3),)),
    (lambda x: np.linalg.vector_norm(x, ord=3, axis=(0, 2)), (real(2, 3, 2),)),
    (lambda x: np.linalg.vector_norm(x, ord=np.inf, axis=1, keepdims=True), (real(2, 3),)),
]
CASES[np.linalg.matrix_norm] = [
    (lambda x, p=p: np.linalg.matrix_norm(x, ord=p, keepdims=p == 2), (spread(2, 3, 2),)) for p in _matrix_orders[1:]
]
CASES[norms.p_norm] = [(lambda x: norms.p_norm(x, 3, (-1,), False), (real(2, 3),))]
CASES[np.linalg.cond] = [
    *((lambda x, p=p: np.linalg.cond(x, p), (spread(3, 3),)) for p in _matrix_orders),
    (np.linalg.cond, (spread(2, 3, 2),)),
]

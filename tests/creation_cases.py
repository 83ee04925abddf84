"""Cases for the rows that make arrays of numbers (`like=`), and for some that sum; see tests/rule_cases.py."""

from __future__ import annotations

import numpy as np

import modes
from modes.rules.reductions import log_of_sum
from modes.rules.updating import added, cleared, replaced

from .rule_cases import Cases, positive, real

X = real(2, 2)

CASES: dict[object, Cases] = {
    np.array: [
        (lambda x: np.array([x[0], 1.0, x[1]], like=x), (real(3),)),
        (lambda x: np.array([[x[0], 2.0], (x[1], x[2])], like=x), (real(3),)),
        (lambda x: np.array([x, [1.0, x[0], 2.0]], like=x) * np.array(np.ones(3), ndmin=2, like=x), (real(3),)),
        (lambda x: np.array(x, ndmin=3, like=x), (real(2, 3),)),
        (lambda x: x * np.array(x, dtype=int, like=x), (real(3),)),
        (lambda x: np.array([[x, 1.0 * x], [X, 2.0 * x]], like=x), (real(2, 2),)),
    ],
    np.asarray: [(lambda x: np.asarray(x, like=x) * np.asarray((x[0], 1, x[1]), float, like=x), (real(3),))],
    np.asanyarray: [(lambda x: np.asanyarray([x[1], x[0]], like=x), (real(3),))],
    np.ascontiguousarray: [
        (lambda x: np.ascontiguousarray(x[0], like=x) * np.ascontiguousarray(x, like=x), (real(3),))
    ],
    np.asfortranarray: [(lambda x: np.asfortranarray([x, x], like=x), (real(3),))],
    np.require: [(lambda x: np.require([x[0], 2.0], requirements="C", like=x), (real(3),))],
    np.fromiter: [
        (lambda x: np.fromiter((v * v for v in x), x.dtype, like=x), (real(3),)),
        (lambda x: np.fromiter((v * v for v in x), x.dtype, 2, like=x), (real(3),)),
    ],
    np.fromfunction: [(lambda x: np.fromfunction(lambda i, j: x[i] * x[j], (2, 3), dtype=int, like=x), (real(3),))],
    np.full: [
        (lambda x: np.full((2, 3), x[0], like=x), (real(3),)),
        (lambda x: np.full((2, 3), [x[0], 1.0, x[1]], like=x) * np.full(3, 2.0, like=x), (real(3),)),
    ],
    np.zeros: [(lambda x: np.zeros((2, 3), x.dtype, like=x) + x, (real(3),))],
    np.ones: [(lambda x: np.ones((2, 3), x.dtype, like=x) * x, (real(3),))],
    np.empty: [(lambda x: np.empty((2, 3), x.dtype, like=x) * 0 + x, (real(3),))],
    np.eye: [(lambda x: np.eye(2, 3, 1, x.dtype, like=x) @ x, (real(3),))],
    np.identity: [(lambda x: np.identity(3, x.dtype, like=x) @ x, (real(3),))],
    np.tri: [(lambda x: np.tri(2, 3, 1, x.dtype, like=x) @ x, (real(3),))],
    np.arange: [
        (lambda x: np.arange(3, dtype=x.dtype, like=x) * x + np.arange(1, 4, like=x), (real(3),)),
        (lambda x: np.arange(0.5, 2, 0.5, dtype=x.dtype, like=x) * x, (real(3),)),
    ],
    np.vander: [
        (np.vander, (real(4),)),
        (lambda x: np.vander(x, 5, increasing=True), (real(3),)),
        (lambda x: np.vander(x, N=1), (real(3),)),
    ],
    np.bincount: [
        (lambda x: np.bincount([0, 2, 2], weights=x), (real(3),)),
        (lambda x: np.bincount(np.array([4, 0, 4]), x, 7), (real(3),)),
        (lambda x: np.bincount(x.astype(int), x * x, minlength=2), (positive(4),)),
    ],
    replaced: [
        (lambda x, v: modes.at(x, [0, 2, 0]).set(v), (real(3, 2), real(3, 2))),
        (lambda x, v: modes.at(x, np.s_[1:, None]).set(v), (real(3, 2), real(2))),
        (lambda x, v: modes.at(x * x, (slice(None), [True, False])).set(v * v), (real(3, 2), real())),
    ],
    added: [
        (lambda x, v: modes.at(x, [0, 2, 0]).add(v), (real(3, 2), real(3, 2))),
        (lambda x, v: modes.at(x, np.s_[1:, None]).add(v), (real(3, 2), real(2))),
        (lambda v: modes.at(np.ones((2, 3), v.dtype), ([[0], [1]], [1, 1])).add(v), (real(2, 2),)),
    ],
    cleared: [
        (lambda x: cleared(x, slice(1, None), 0), (real(2, 3, 2),)),
        (lambda x: cleared(x, [1, 1]), (real(2, 3),)),
    ],
    log_of_sum: [
        (np.logaddexp.reduce, (real(4),)),
        (lambda x: np.logaddexp.reduce(x, axis=1, keepdims=True), (real(2, 3),)),
        (lambda x: np.logaddexp.reduce(x, (0, 2)), (3 * real(2, 3, 2),)),
    ],
}

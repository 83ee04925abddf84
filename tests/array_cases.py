"""Cases, as in tests/rule_cases.py, for the rows that move, pick and join the entries of arrays."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from modes import blocks
from modes.rules import selection, shape

from .rule_cases import Cases, parts, real

CASES: dict[Any, Cases] = {}

# --- shape --------------------------------------------------------------------------------------------------------
CASES[shape.cast] = [(lambda x: x.astype(np.float64) * x, (real(3),))]
CASES[blocks.filled] = [(lambda x: blocks.filled(x, 2, 7) * x[1], (real(3),))]
CASES[np.reshape] = [
    (lambda x: np.reshape(x, (3, 2)), (real(2, 3),)),
    (lambda x: x.reshape(-1), (real(2, 3),)),
    (lambda x: np.sin(x).reshape(3, -1), (real(2, 3),)),
]
CASES[np.reshape] += [
    (lambda x: np.reshape(x, (4, 3), order="F"), (real(2, 3, 2),)),
    (lambda x: np.reshape(x, 6, "F"), (real(2, 3),)),
]
CASES[np.ravel] = [
    (np.ravel, (real(2, 3),)),
    (lambda x: x.flatten(), (real(3),)),
    (lambda x: np.ravel(x, "F"), (real(2, 3),)),
    (lambda x: x.flatten("F"), (real(2, 3, 2),)),
]
CASES[np.expand_dims] = [(lambda x: np.expand_dims(x, (0, -1)), (real(2, 3),))]
CASES[np.squeeze] = [
    (np.squeeze, (real(2, 1, 3, 1),)),
    (lambda x: np.squeeze(x, axis=1), (real(2, 1, 3, 1),)),
]
CASES[np.transpose] = [
    (np.transpose, (real(2, 3, 4),)),
    (lambda x: np.transpose(x, (2, 0, -2)), (real(2, 3, 4),)),
    (lambda x: x.T @ x, (real(2, 3),)),
]
CASES[np.swapaxes] = [(lambda x: np.swapaxes(x, 0, -1), (real(2, 3, 4),))]
CASES[np.moveaxis] = [
    (lambda x: np.moveaxis(x, 0, -1), (real(2, 3, 4),)),
    (lambda x: np.moveaxis(x, (0, 1), (2, 0)), (real(2, 3, 4),)),
]
CASES[np.broadcast_to] = [
    (lambda x: np.broadcast_to(x, (2, 4, 3)), (real(4, 1),)),
    (lambda x: np.broadcast_to(x, (2, 3)), (real(),)),
]
CASES[np.concatenate] = [
    (lambda a, b: np.concatenate([a, b]), (real(2), real(3))),
    (lambda a, b: np.concatenate((a, np.ones((2, 1)), b, a), axis=-1), (real(2, 2), real(2, 1))),
    (lambda a, b: np.concatenate([a, b], axis=None), (real(2, 2), real(3))),
]
CASES[np.stack] = [
    (lambda a, b, axis=axis: np.stack([a, b, a], axis=axis), (real(2, 3), real(2, 3))) for axis in (0, 1, -1)
]
CASES[np.vstack] = [(lambda a, b: np.vstack([a, b]), (real(3), real(2, 3)))]
CASES[np.hstack] = [
    (lambda a, b: np.hstack([a, b]), (real(3), real(2))),
    (lambda a, b: np.hstack([a, b]), (real(2, 1), real(2, 3))),
]

CASES[np.vstack] += [(lambda a, b: np.vstack([a, b, 2.0]), (real(), real(1)))]
CASES[np.hstack] += [(lambda a, b: np.hstack([a, b, 1.0]), (real(), real(2)))]
CASES[np.dstack] = [
    (lambda a, b: np.dstack([a, b]), (real(3), real(3))),
    (lambda a, b: np.dstack((a, b)), (real(2, 3), real(2, 3, 2))),
]
CASES[np.column_stack] = [(lambda a, b: np.column_stack([a, b, a]), (real(3), real(3, 2)))]
CASES[np.append] = [
    (np.append, (real(2, 2), real(3))),
    (lambda a, b: np.append(a, b, axis=-1), (real(2, 2), real(2, 1))),
]
CASES[np.block] = [
    (lambda a, b: np.block([[a, np.ones((2, 1))], [b, 3.0]]), (real(2, 2), real(1, 2))),
    (lambda a, b: np.block([a, b, a]), (real(2), real(3))),
]
CASES[np.split] = [
    (lambda x: parts(np.split(x, 3)), (real(6),)),
    (lambda x: parts(np.split(x, [1, 1, 4], axis=-1)), (real(2, 5),)),
]
CASES[np.array_split] = [(lambda x: parts(np.array_split(x, 3, axis=1)), (real(2, 5),))]
CASES[np.hsplit] = [(lambda x: parts(np.hsplit(x, 2)), (real(2, 4),)), (lambda x: parts(np.hsplit(x, [1])), (real(4),))]
CASES[np.vsplit] = [(lambda x: parts(np.vsplit(x, 2)), (real(2, 3),))]
CASES[np.dsplit] = [(lambda x: parts(np.dsplit(x, [2])), (real(2, 1, 3),))]
if hasattr(np, "unstack"):
    CASES[np.unstack] = [(lambda x: parts(np.unstack(x, axis=-1)), (real(2, 3),))]
_func: Any
for _func in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    CASES[_func] = [(_func, (real(*size),)) for size in ((), (2,), (2, 3), (2, 1, 2))]
    CASES[_func] += [(lambda a, b, f=_func: parts(f(a, b)), (real(), real(2)))]
CASES[np.broadcast_arrays] = [(lambda a, b: np.multiply(*np.broadcast_arrays(a, b)), (real(3), real(2, 1)))]
CASES[np.meshgrid] = [
    (lambda a, b: np.multiply(*np.meshgrid(a, b)), (real(2), real(3))),
    (lambda a, b: parts(np.meshgrid(a, b, a, indexing="ij")), (real(2), real(1))),
    (lambda a, b: np.subtract(*np.meshgrid(a, b, sparse=True)), (real(2), real(3))),
]
CASES[np.tile] = [
    (lambda x: np.tile(x, 2), (real(3),)),
    (lambda x: np.tile(x, (2, 1, 3)), (real(2, 2),)),
    (lambda x: np.tile(x, (2,)), (real(2, 2),)),
]
CASES[np.repeat] = [
    (lambda x: np.repeat(x, 2), (real(2, 2),)),
    (lambda x: np.repeat(x, 3, axis=-1), (real(2, 2),)),
    (lambda x: x.repeat([1, 0, 2], axis=0), (real(3, 2),)),
]
CASES[np.roll] = [
    (lambda x: np.roll(x, 2), (real(2, 3),)),
    (lambda x: np.roll(x, -1, axis=0), (real(3, 2),)),
    (lambda x: np.roll(x, (1, 2), axis=(0, -1)), (real(3, 4),)),
    (lambda x: np.roll(x, 1, axis=(0, 1)), (real(3, 4),)),
]
CASES[np.flip] = [
    (np.flip, (real(2, 3),)),
    (lambda x: np.flip(x, -1), (real(2, 3),)),
    (lambda x: np.flip(x, (0, 2)), (real(2, 3, 2),)),
]
CASES[np.flipud] = [(np.flipud, (real(3, 2),))]
CASES[np.fliplr] = [(np.fliplr, (real(3, 2),))]
CASES[np.rot90] = [(lambda x, k=k: np.rot90(x, k, axes=(0, -1)), (real(2, 3),)) for k in (0, 1, 2, 3, -1)]
CASES[np.pad] = [
    (lambda x: np.pad(x, 1), (real(3),)),
    (lambda x: np.pad(x, ((1, 2), (0, 1)), constant_values=((1.0, 2.0), (3.0, 4.0))), (real(2, 2),)),
    *(
        (lambda x, m=m: np.pad(x, ((1, 2), (2, 0)), mode=m), (real(3, 4),))
        for m in ("edge", "reflect", "symmetric", "wrap")
    ),
]
CASES[np.diag] = [
    *((lambda x, k=k: np.diag(x, k), (real(3),)) for k in (0, 2, -1)),
    *((lambda x, k=k: np.diag(x, k), (real(3, 4),)) for k in (0, 1, -2)),
]
CASES[np.diagflat] = [(lambda x: np.diagflat(x, 1), (real(2, 2),))]
CASES[np.diagonal] = [
    (np.diagonal, (real(3, 4),)),
    (lambda x: x.diagonal(-1, 2, 0), (real(3, 2, 4),)),
]
for _func in (np.tril, np.triu):
    CASES[_func] = [
        (_func, (real(3, 3),)),
        (lambda x, f=_func: f(x, 1), (real(2, 3, 4),)),
        (lambda x, f=_func: f(x, -1), (real(3),)),
    ]
CASES[np.insert] = [
    (lambda x, v: np.insert(x, 1, v), (real(4), real())),
    (lambda x, v: np.insert(x, [0, 2, 2], v, axis=1), (real(2, 3), real(2, 3))),
    (lambda x, v: np.insert(x, 1, v, axis=-1), (real(2, 3), real(2))),
    (lambda x, v: np.insert(x, slice(0, 2), v, axis=0), (real(3, 2), real(2))),
    (lambda x: np.insert(x, -1, 7.0, axis=0), (real(3, 2),)),
]
CASES[np.delete] = [
    (lambda x: np.delete(x, 1), (real(2, 2),)),
    (lambda x: np.delete(x, [0, -1], axis=1), (real(2, 4),)),
    (lambda x: np.delete(x, slice(1, None), 0), (real(3, 2),)),
]
CASES[np.resize] = [(lambda x: np.resize(x, (3, 2)), (real(2, 2),)), (lambda x: np.resize(x, 3), (real(2, 2),))]
CASES[np.rollaxis] = [
    (lambda x, a=a, s=s: np.rollaxis(x, a, s), (real(2, 3, 4),)) for a, s in ((2, 0), (0, 2), (-1, 1), (0, 3), (1, -1))
]
CASES[np.matrix_transpose] = [(np.matrix_transpose, (real(2, 3, 4),))]
CASES[np.full_like] = [(lambda x: np.full_like(x, x[:1]) * x, (real(2, 3),))]
for _func in (np.copy, np.real, np.real_if_close):
    CASES[_func] = [(lambda x, f=_func: f(x) * x, (real(2, 3),))]
if hasattr(np, "astype"):
    CASES[np.astype] = [(lambda x: np.astype(x, np.float64) * x, (real(3),))]

# --- selection ----------------------------------------------------------------------------------------------------
_index = np.array([[0, 2], [2, 1]])
CASES[operator.getitem] = [
    (lambda x: x[1], (real(3),)),
    (lambda x: x[1:, None, ::-2], (real(3, 4),)),
    (lambda x: x[..., 0], (real(2, 3, 2),)),
    (lambda x: x[_index], (real(3, 2),)),
    (lambda x: x[_index, :, _index], (real(3, 2, 3),)),
    (lambda x: x[0, :, _index], (real(3, 2, 3),)),
    (lambda x: x[x > 0], (real(2, 5),)),
    (lambda x: x[[0, 0, 1]], (real(2, 2),)),
    (lambda x: np.stack([row * row[0] for row in x]), (real(2, 3),)),
]
CASES[selection.gather] = [(lambda x: selection.gather(x, _index), (real(2, 3),))]
CASES[selection.scatter] = [(lambda x: selection.scatter(x, _index, 4), (real(2, 2, 2),))]
CASES[selection.assign] = [(lambda x: selection.assign(x, (slice(1, None),), (4,)), (real(2, 3),))]
CASES[np.where] = [
    (lambda x, z: np.where(x > 0, x * z, z), (real(2, 3), real(3))),
    (lambda x: np.where(x > 0, x, 0.0), (real(4),)),
    (lambda x: np.where(x > 0, np.log(np.where(x > 0, x, 1.0)), x), (real(4),)),
]
CASES[np.take] = [
    (lambda x: np.take(x, [3, 0, 3]), (real(2, 3),)),
    (lambda x: x.take(_index, axis=1), (real(2, 3),)),
    (lambda x: np.take(x, 1, axis=-1), (real(2, 3),)),
    (lambda x: np.take(x, [-1, 4], axis=0, mode="wrap"), (real(3, 2),)),
]
CASES[np.take_along_axis] = [
    (lambda x: np.take_along_axis(x, np.argsort(x, axis=0), 0), (real(3, 2),)),
    (lambda x: np.take_along_axis(x, np.array([[0], [2]]), -1), (real(2, 3),)),
    (lambda x: np.take_along_axis(x, np.array([1, 1]), None), (real(2, 3),)),
]
CASES[np.compress] = [
    (lambda x: np.compress([True, False, True], x, axis=-1), (real(2, 3),)),
    (lambda x: x.compress([False, True]), (real(2, 3),)),
]
CASES[np.extract] = [(lambda x: np.extract(x > 0, x), (real(2, 5),))]
CASES[np.select] = [
    (lambda a, b: np.select([a > 1, a > 0], [a * b, b], a), (real(2, 3), real(3))),
    (lambda a: np.select([a > 1, a > -1], [a, 2 * a]), (real(5),)),
]
CASES[np.choose] = [
    (lambda a, b: np.choose(np.array([0, 2, 1]), [a, b, a * b]), (real(3), real(2, 1))),
    (lambda a, b: np.choose(np.array([0, 5, -1]), [a, b], mode="clip"), (real(3), real())),
]
CASES[np.piecewise] = [
    (lambda x: np.piecewise(x, [x < 0, x >= 1], [lambda v: -v, lambda v: v**2]), (real(2, 5),)),
    (lambda x: np.piecewise(x, [x < 0, x < 1], [np.sin, 2.0, np.exp]), (real(5),)),
    (lambda x: np.piecewise(x, x > 0, [np.cos, np.sin]), (real(5),)),
    (lambda x: np.piecewise(x, x > 0, [np.cos, np.sin]), (real(),)),
]

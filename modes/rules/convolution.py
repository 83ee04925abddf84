"""Convolution and correlation of vectors, without ever forming the matrix of the convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..partials import Linear, Matrix, Partial
from .table import composite, primitive, written


# A window that slides along the last axis, and the sum of overlapping windows: each other's transpose. The windows are
# a view, so the matrix of a convolution takes no memory. Primitives, so that derivatives of derivatives go through.
@primitive
def windows(x: Any, size: int) -> Any:
    """(..., n) -> (..., n - size + 1, size): row i is x[..., i : i + size]. A read-only view."""
    return np.lib.stride_tricks.sliding_window_view(x, size, axis=-1)


@primitive
def overlap(w: Any) -> Any:
    """(..., rows, size) -> (..., rows + size - 1): every row added in at its place; the transpose of windows."""
    rows, size = w.shape[-2:]
    out = np.zeros((*w.shape[:-2], rows + size - 1), w.dtype)
    for j in range(size):
        out[..., j : j + rows] += w[..., j]
    return out


written(windows, lambda y, x, size: Linear(lambda t: windows(t, size), overlap))
written(overlap, lambda y, w: Linear(overlap, lambda c: windows(c, w.shape[-1])))


def _padded(x: Any, before: int, after: int) -> Any:
    """Zeros on both ends of the last axis."""
    ends = [np.zeros((*x.shape[:-1], count), x.dtype) for count in (before, after)]
    return np.concatenate([ends[0], x, ends[1]], axis=-1)


def _convolve(x: Any, other: Any, mode: str) -> Partial:
    """With respect to x, of p entries, in y_i = sum_j x_j other_(i - j), other of q entries.

    Cost: the result's size times min(p, q) a seed, as the convolution itself.
    """
    p, q = x.shape[0], other.shape[0]
    start, stop = _kept(p, q, mode)
    if p <= q:
        return Matrix(windows(_padded(other, p - 1, p - 1), p)[start:stop, ::-1])

    def push(t: Any) -> Any:
        return (windows(_padded(t, q - 1, q - 1), q) @ other[::-1])[:, start:stop]

    def pull(c: Any) -> Any:
        return windows(_padded(c, start, p + q - 1 - stop), q) @ other

    return Linear(push, pull)


def _kept(p: int, q: int, mode: str) -> tuple[int, int]:
    """The stretch of the full convolution, of p + q - 1 entries, that a mode keeps."""
    small, large = min(p, q), max(p, q)
    start = {"full": 0, "same": (small - 1) // 2, "valid": small - 1}.get(mode)
    if start is None:
        raise ValueError(f"expected mode 'full', 'same' or 'valid' on traced arrays, got {mode!r}")
    length = {"full": small + large - 1, "same": large, "valid": large - small + 1}[mode]
    return start, start + length


def _correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    # NumPy slides the shorter operand along the longer; where it has to exchange them, the result is reversed.
    if np.shape(a)[0] < np.shape(v)[0]:
        return np.convolve(v, a[::-1], mode)[::-1]
    return np.convolve(a, v[::-1], mode)


def _convolve_first(y: Any, a: Any, v: Any, mode: str = "full") -> Partial:
    return _convolve(a, v, mode)


def _convolve_second(y: Any, a: Any, v: Any, mode: str = "full") -> Partial:
    return _convolve(v, a, mode)


written(np.convolve, _convolve_first, _convolve_second)
composite(np.correlate, _correlate)

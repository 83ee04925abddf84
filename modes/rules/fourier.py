"""Fourier transforms: refused, because the engines differentiate real functions of real arrays only.

A transform there and back (a filter) is a real, linear function: as a primitive with its transpose for a rule it takes
four lines, which the refusal shows and a test runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .table import composite, refused

_REMEDY = """\
its values are complex, and the engines differentiate real functions only; give the whole real function a rule, for a \
filter
    @modes.primitive
    def smooth(x, H): return np.fft.irfft(np.fft.rfft(x) * H, x.shape[-1])
    modes.rules.written(smooth, lambda y, x, H: modes.partials.Linear(
        lambda t: smooth(t, H), lambda c: smooth(c, np.conj(H))))
or write it with np.convolve, or as the product with a matrix"""

for _name in (
    "fft", "ifft", "fft2", "ifft2", "fftn", "ifftn", "rfft", "irfft", "rfft2", "irfft2", "rfftn", "irfftn",
    "hfft", "ihfft",
):  # fmt: skip
    refused(getattr(np.fft, _name), _REMEDY)


def _shift(x: Any, axes: Any, to_front: Callable[[int], int]) -> Any:
    """The last entries along each axis moved to its front, as many as `to_front` says of its length."""
    axes = range(np.ndim(x)) if axes is None else (axes,) if isinstance(axes, int) else axes
    for axis in axes:
        n = np.shape(x)[axis]
        before = (slice(None),) * (axis % np.ndim(x))
        split = n - to_front(n)
        x = np.concatenate([x[(*before, slice(split, None))], x[(*before, slice(0, split))]], axis=axis)
    return x


composite(np.fft.fftshift, lambda x, axes=None: _shift(x, axes, lambda n: n // 2))
composite(np.fft.ifftshift, lambda x, axes=None: _shift(x, axes, lambda n: n - n // 2))

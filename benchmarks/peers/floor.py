"""The floor: derivatives of dense chains written by hand in plain NumPy, the least that an engine can hope
to cost.

Contract: for a chain of layer "dense" (Jacobian, JVP, VJP) or "loss" (JVP, VJP, gradient), in its own dtype
and with any of its activations, the callables return what an engine's would. The seed of a Jacobian is an
identity and is never multiplied out: the first product is the scaled weight matrix itself. A block of
tangents or cotangents keeps its seed axis first, so that a slope scales it along rows, and each layer is
one matrix product and one scaling in place.

`dot` is used instead of `@`: a product of width 8 takes 0.4 microseconds less. Preallocated blocks were
measured and gained nothing: malloc hands the same pages back.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modes.chains import Chain

from . import Engine, Function, Product

Vector = NDArray[np.floating]
Layers = Sequence[tuple[Vector, ...]]  # (W, b) each
Activation = Callable[[Vector], tuple[Vector, Vector | None]]


# --- activations: z -> (value, slope), overwriting z; a slope of None is 1 everywhere ---


def _tanh(z: Vector) -> tuple[Vector, Vector]:
    y = np.tanh(z, out=z)
    slope = y * y
    return y, np.subtract(1.0, slope, out=slope)


def _relu(z: Vector) -> tuple[Vector, Vector]:
    slope = (z > 0.0).astype(z.dtype)
    return np.maximum(z, 0.0, out=z), slope


def _logistic(z: Vector) -> Vector:
    z *= 0.5
    y = np.tanh(z, out=z)  # 1 / (1 + exp(-z)) would overflow
    y *= 0.5
    y += 0.5
    return y


def _sigmoid(z: Vector) -> tuple[Vector, Vector]:
    y = _logistic(z)
    slope = 1.0 - y
    slope *= y
    return y, slope


def _softplus(z: Vector) -> tuple[Vector, Vector]:
    return np.logaddexp(0.0, z), _logistic(z)


def _sin(z: Vector) -> tuple[Vector, Vector]:
    slope = np.cos(z)
    return np.sin(z, out=z), slope


def _identity(z: Vector) -> tuple[Vector, None]:
    return z, None


ACTIVATIONS: dict[str, Activation] = {
    "tanh": _tanh,
    "relu": _relu,
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "sin": _sin,
    "identity": _identity,
}


# --- Jacobians in vector mode ---


def jacobian_forward(layers: Layers, activate: Activation, x: Vector) -> Vector:
    """J by n tangents at once, the block of shape (n, width); returned as a transposed view of shape (m,
    n)."""
    block = None
    for W, b in layers:
        x = W.dot(x)
        x += b
        x, slope = activate(x)
        if block is None:
            block = W.T * (1.0 if slope is None else slope)
        else:
            block = block.dot(W.T)
            if slope is not None:
                block *= slope
    assert block is not None, "a chain has at least one layer"
    return block.T


def jacobian_reverse(layers: Layers, activate: Activation, x: Vector) -> Vector:
    """J by m cotangents at once, the block of shape (m, width)."""
    slopes = []
    for W, b in layers:
        x = W.dot(x)
        x += b
        x, slope = activate(x)
        slopes.append(slope)
    (W, _), slope = layers[-1], slopes[-1]
    block = W * (1.0 if slope is None else slope[:, None])
    for (W, _), slope in zip(layers[-2::-1], slopes[-2::-1], strict=True):
        if slope is not None:
            block *= slope
        block = block.dot(W)
    return block


# --- single products; `target` is the loss head's, None for a chain without one ---


def jvp(layers: Layers, activate: Activation, target: Vector | None, x: Vector, x_dot: Vector) -> tuple[Vector, Vector]:
    """(y, J x_dot)."""
    for W, b in layers:
        x = W.dot(x)
        x += b
        x, slope = activate(x)
        x_dot = W.dot(x_dot)
        if slope is not None:
            x_dot *= slope
    if target is None:
        return x, x_dot
    r = x - target
    return r.dot(r) / r.size, 2.0 * r.dot(x_dot) / r.size


def vjp(layers: Layers, activate: Activation, target: Vector | None, x: Vector, y_bar: Any) -> tuple[Vector, Vector]:
    """(y, J^T y_bar)."""
    slopes = []
    for W, b in layers:
        x = W.dot(x)
        x += b
        x, slope = activate(x)
        slopes.append(slope)
    if target is not None:
        r = x - target
        x, y_bar = r.dot(r) / r.size, r * (2.0 / r.size * y_bar)
    for (W, _), slope in zip(reversed(layers), reversed(slopes), strict=True):
        if slope is not None:
            y_bar = y_bar * slope
        y_bar = y_bar.dot(W)
    return x, y_bar


# --- the row of the table ---


def _parts(chain: Chain, layers: tuple[str, ...]) -> tuple[Layers, Activation, Vector | None]:
    if chain.layer not in layers:
        raise ValueError(
            f"here the floor is written for layer {' or '.join(layers)}, got {chain.layer!r}; choose engine 'modes'"
        )
    head = chain.layer == "loss"
    dense = chain.parameters[:-1] if head else chain.parameters
    return dense, ACTIVATIONS[chain.activation], chain.parameters[-1][0] if head else None


class Floor(Engine):
    """Derivatives by hand, for layer "dense" and for the products of "loss"."""

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        if chunk_size is not None:
            raise ValueError(f"the floor has no chunks, got chunk_size {chunk_size}; choose chunk_size None")
        layers, activate, _ = _parts(chain, ("dense",))
        return partial({"forward": jacobian_forward, "reverse": jacobian_reverse}[mode], layers, activate)

    def jvp(self, chain: Chain) -> Product:
        return partial(jvp, *_parts(chain, ("dense", "loss")))

    def vjp(self, chain: Chain) -> Product:
        return partial(vjp, *_parts(chain, ("dense", "loss")))

    def gradient(self, chain: Chain) -> Function:
        product = partial(vjp, *_parts(chain, ("loss",)))
        return lambda x: product(x, 1.0)[1]

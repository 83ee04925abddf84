"""Generated chains R^n -> R^m of any depth and width: the functions that the benchmarks differentiate.

A chain is a plain NumPy function: operators and NumPy functions only, nothing written in place, so that it
runs on every array that speaks NumPy's protocols. With x_0 = x and a the activation, layer l = 1..depth is

    dense        x_l = a(W @ x_(l-1) + b)              parameters (W, b)
    elementwise  x_l = a(s * x_(l-1) + b) o w          (s, b, w), vectors; o cycles: + - * / maximum
    scalar       x_l = a(x_(l-1) * s + b)              (s, b), of shape ()
    residual     x_l = x_(l-1) + a(W @ x_(l-1) + b)    (W, b); the first and the last layer are dense
    loss         dense, but the last layer is the mean of (x_(depth-1) - y)^2    (y,)

The same arguments give the same parameters, bit for bit. The draws are whole numbers from PCG64, which NumPy
promises to keep as it is (https://numpy.org/doc/stable/reference/random/bit_generators/pcg64.html). What is
computed from the chain's values is rounded to a coarse grid or to a power of two, so that the last bit of a
machine's tanh does not show. Every parameter is exact in float32: both dtypes are the same chain.

At its own point `chain.x` a chain of any width and depth is well scaled: its parameters are drawn along with
its value and one tangent (`_Walk`), which stay near 1, with relu and maximum about 1/4 or more away from
their kinks. The Jacobian's norm then stays near 1 as well. Its smaller singular values do not: a deep dense
Jacobian is nearly of rank 1, as products of random matrices are.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle, islice
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
Layer = tuple[Array, ...]
Activation = Callable[[Any], Any]


def relu(z: Any) -> Any:
    return np.maximum(z, 0.0)


def sigmoid(z: Any) -> Any:
    return 0.5 * np.tanh(0.5 * z) + 0.5  # 1 / (1 + exp(-z)) overflows


def softplus(z: Any) -> Any:
    return np.logaddexp(0.0, z)


def identity(z: Any) -> Any:
    return z


_ACTIVATIONS: dict[str, Activation] = {
    "tanh": np.tanh,
    "relu": relu,
    "sigmoid": sigmoid,
    "softplus": softplus,
    "sin": np.sin,
    "identity": identity,
}
_OPERATIONS = (np.add, np.subtract, np.multiply, np.divide, np.maximum)


# What a chain computes: one loop a kind of layer, so that Python adds next to nothing to NumPy's own price.


def _dense(activation: Activation, parameters: Iterable[Layer], x: Any) -> Any:
    for W, b in parameters:
        x = activation(W @ x + b)
    return x


def _elementwise(activation: Activation, parameters: Iterable[Layer], x: Any) -> Any:
    for (s, b, w), operation in zip(parameters, cycle(_OPERATIONS), strict=False):
        x = operation(activation(s * x + b), w)
    return x


def _scalar(activation: Activation, parameters: Iterable[Layer], x: Any) -> Any:
    for s, b in parameters:
        x = activation(x * s + b)
    return x


def _residual(activation: Activation, parameters: Sequence[Layer], x: Any) -> Any:
    x = _dense(activation, parameters[:1], x)
    for W, b in parameters[1:-1]:
        x = x + activation(W @ x + b)
    return _dense(activation, parameters[1:][-1:], x)  # at depth 1 nothing is left for it


def _loss(activation: Activation, parameters: Sequence[Layer], x: Any) -> Any:
    (y,) = parameters[-1]
    r = _dense(activation, parameters[:-1], x) - y
    return np.mean(r * r)


_LAYERS: dict[str, Callable[[Activation, Sequence[Layer], Any], Any]] = {
    "dense": _dense,
    "elementwise": _elementwise,
    "scalar": _scalar,
    "residual": _residual,
    "loss": _loss,
}

LAYERS = tuple(_LAYERS)
ACTIVATIONS = tuple(_ACTIVATIONS)
PROFILES = ("uniform", "funnel", "hourglass", "bulge")
"""The profiles that take no parameter; beside them there are waists, "waist16" and "waist16-after2"."""
DTYPES = ("float64", "float32")


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Chain:
    """A generated function R^n -> R^m with a seeded point `x` of shape (n,). `layer_chain` makes it.

    `chain(x)` has shape (m,), and shape () for layer "loss". `parameters` has one tuple of arrays a layer, in
    `dtype` like `x`; the module's docstring lists them. `widths` are the depth + 1 sizes from n to m.
    """

    n: int
    m: int
    depth: int
    width: int
    layer: str
    activation: str
    profile: str
    dtype: str
    seed: int
    widths: tuple[int, ...] = field(repr=False)
    x: Array = field(repr=False)
    parameters: list[Layer] = field(repr=False)
    _apply: Callable[[Sequence[Layer], Any], Any] = field(repr=False)

    def __call__(self, x: Any) -> Any:
        """The chain's value at x, of shape (n,)."""
        return self._apply(self.parameters, x)

    def apply(self, parameters: Sequence[Layer], x: Any) -> Any:
        """The chain with other parameters of the same shapes, for derivatives with respect to them."""
        return self._apply(parameters, x)


def layer_widths(n: int, m: int, depth: int, width: int, profile: str = "uniform") -> tuple[int, ...]:
    """The depth + 1 sizes of a chain: n, the depth - 1 hidden widths, m.

    A funnel falls geometrically from `width` to a quarter of it. An hourglass falls from `width` at both ends
    to a quarter in the middle; a bulge rises from a quarter at both ends to `width`. Widths are rounded to
    the nearest int (halves to the even one) and at least 1. A middle apart from the ends takes three hidden
    layers, hence depth 4. Depth 1 has no hidden layer, and no use for `width`.

    >>> layer_widths(3, 5, 6, 64, "funnel")
    (3, 64, 45, 32, 23, 16, 5)
    >>> layer_widths(3, 5, 6, 64, "hourglass")
    (3, 64, 32, 16, 32, 64, 5)
    >>> layer_widths(3, 5, 5, 64, "bulge")
    (3, 16, 64, 64, 16, 5)
    >>> layer_widths(3, 5, 1, 64)
    (3, 5)

    A waist, "waist16", is a value of that size in the middle of a uniform chain, an encoder and a decoder: of its
    depth = 2 d layers d lead to it and d away from it, n -> width ... -> 16 -> width ... -> m, with d - 1 values of
    `width` on either side. Where the depth is odd the decoder has the further layer. Halves of other lengths say after
    how many layers the waist comes: "waist16-after1". It may be as wide as one likes, and is none where it is wider
    than what is beside it.

    >>> layer_widths(100, 90, 6, 64, "waist16")
    (100, 64, 64, 16, 64, 64, 90)
    >>> layer_widths(100, 90, 6, 64, "waist16-after1")
    (100, 16, 64, 64, 64, 64, 90)

    Raises TypeError for a size that is no int, ValueError for one below 1, for an unknown profile, and for a waist
    that comes after fewer than 1 or more than depth - 1 layers.
    """
    n, m, depth, width = _int("n", n), _int("m", m), _int("depth", depth), _int("width", width)
    if (waist := waist_of(profile)) is not None:
        inner = [width] * (depth - 1)
        inner[middle_layer(depth, profile) - 1] = waist[0]
        return (n, *inner, m)
    _check_known("profile", profile, PROFILES)
    last, middle = max(1, depth - 2), max(1, (depth - 2) // 2)
    falls: dict[str, Callable[[int], float]] = {
        "uniform": lambda i: 0.0,
        "funnel": lambda i: i / last,
        "hourglass": lambda i: min(i, depth - 2 - i) / middle,
        "bulge": lambda i: 1.0 - min(i, depth - 2 - i) / middle,
    }
    fall = falls[profile]
    return (n, *(max(1, round(width * 0.25 ** fall(i))) for i in range(depth - 1)), m)


def middle_layer(depth: int, profile: str = "uniform") -> int:
    """After how many of its layers a chain has its waist; of a chain without one, half of them, rounded down.

    >>> middle_layer(6, "waist16"), middle_layer(6, "waist16-after1"), middle_layer(5)
    (3, 1, 2)

    Raises TypeError and ValueError as `layer_widths` does, and ValueError for a depth of 1, which has no middle.
    """
    depth, waist = _int("depth", depth), waist_of(profile)
    after = depth // 2 if waist is None or waist[1] is None else waist[1]
    if not 1 <= after < depth:
        raise ValueError(
            f"profile {profile!r} needs a value after {max(after, 1)} of its layers that is not the last, got a depth "
            f"of {depth}; give a depth of at least {max(after, 1) + 1}"
        )
    return after


def waist_of(profile: str) -> tuple[int, int | None] | None:
    """The size of a profile's waist, and after how many layers it comes if it says so; None for another profile.

    >>> waist_of("waist16"), waist_of("waist16-after2"), waist_of("funnel")
    ((16, None), (16, 2), None)

    Raises ValueError for what begins as a waist does and is none.
    """
    if not isinstance(profile, str) or not profile.startswith("waist"):
        return None
    size, says_where, after = profile.removeprefix("waist").partition("-after")
    if not _is_count(size) or (says_where and not _is_count(after)):
        raise ValueError(
            f"unknown profile {profile!r}: a waist says its size, and may say after how many layers it comes, each "
            "from 1 on: 'waist16', 'waist16-after2'"
        )
    return int(size), int(after) if says_where else None


def _is_count(text: str) -> bool:
    """Digits without leading zeros: each profile has one name."""
    return text.isascii() and text.isdecimal() and not text.startswith("0")


def _constant(p: Any) -> Any:
    """A parameter, read-only: a chain is the same function for ever, and no engine has to guard against less."""
    p.setflags(write=False)
    return p


def layer_chain(
    n: int,
    m: int,
    depth: int,
    width: int,
    layer: str = "dense",
    activation: str = "tanh",
    profile: str = "uniform",
    dtype: DTypeLike = "float64",
    seed: int = 0,
) -> Chain:
    """A chain of `depth` layers from R^n to R^m, as the module's docstring and `layer_widths` define it.

    A loss needs m == 1. Elementwise and scalar chains need n == m == width; they and the residual chain,
    whose hidden layers all have `width`, need the uniform profile. With activation "identity" a dense chain
    is affine. Cost: a few passes over the parameters (64 layers of 512 x 512: about half a second).

    Raises TypeError for a size or seed that is no int and for a dtype other than float64 and float32;
    ValueError for unknown names, sizes below 1, a seed below 0, and sizes or a profile that do not fit.
    """
    _check_known("layer", layer, LAYERS)
    _check_known("activation", activation, ACTIVATIONS)
    widths = layer_widths(n, m, depth, width, profile)
    _check_fit(layer, n, m, width, profile)
    dtype, seed = _dtype_name(dtype), _int("seed", seed, least=0)
    walk = _Walk(widths[0], activation, seed)
    if layer == "scalar":
        # One s and one b serve all components, so they have to stay where an activation is nearly straight.
        walk.x = _on_grid(0.5 + walk.x / 64)
    x = walk.x
    return Chain(
        n=widths[0],
        m=widths[-1],
        depth=len(widths) - 1,
        width=operator.index(width),
        layer=layer,
        activation=activation,
        profile=profile,
        dtype=dtype,
        seed=seed,
        widths=widths,
        x=x.astype(dtype),
        parameters=[tuple(_constant(p.astype(dtype)) for p in drawn) for drawn in _draw(walk, layer, widths)],
        _apply=partial(_LAYERS[layer], _ACTIVATIONS[activation]),
    )


def _draw(walk: _Walk, layer: str, widths: tuple[int, ...]) -> list[Layer]:
    hidden, last = widths[1:-1], widths[-1]
    depth = len(hidden) + 1
    if layer == "elementwise":
        # One half for all layers: what one maximum or relu has cut off is cut off for good.
        upper = _upper_half(walk.x)
        return [walk.elementwise(operation, upper) for operation in islice(cycle(_OPERATIONS), depth)]
    if layer == "scalar":
        # Each layer mirrors what the last one did, so that what curvature there is cancels out.
        return [walk.scalar((-1.0) ** i) for i in range(depth)]
    if layer == "residual":
        # At most depth branches, as good as independent: together they add about 1 to a tangent of size 1.
        size = depth**-0.5
        return [*map(walk.dense, hidden[:1]), *(walk.residual(size) for _ in hidden[1:]), walk.dense(last)]
    return [*map(walk.dense, hidden), walk.loss() if layer == "loss" else walk.dense(last)]


class _Walk:
    """Draws parameters layer by layer, carrying the chain's value x and one tangent t through the layers.

    The bias is chosen so that the pre-activation hits fresh draws of magnitude 1/4 to 1, where every
    activation has a usable slope. The weights are multiplied by the power of two that brings the root mean
    square of t nearest to 1. Errors do not pile up: each layer starts from the t that the last one left.
    """

    def __init__(self, n: int, activation: str, seed: int) -> None:
        self.bits = np.random.PCG64(seed)
        self.activation = _ACTIVATIONS[activation]
        self.kinked = activation == "relu"
        self.x = self.uniform(n)
        self.t = _sign(self.uniform(n) >= 0)

    def uniform(self, *shape: int) -> Array:
        """Float64 in [-1, 1), whole multiples of 2^-23."""
        return (self.bits.random_raw(shape) >> 40) * 2.0**-23 - 1.0

    def aim(self, upper: Array) -> Array:
        """Pre-activations to aim at; relu's are positive where `upper` is true."""
        u = self.uniform(upper.size)
        return _sign(upper if self.kinked else u >= 0) * _magnitude(u, 0.25)

    def slope(self, z: Array) -> Array:
        """The activation's derivative, as a central difference: only a power of two hangs on it."""
        h = 2.0**-10
        return (self.activation(z + h) - self.activation(z - h)) / (2 * h)

    def affine(self, width: int, size: float = 1.0) -> tuple[Layer, Array, Array]:
        """(W, b) of a(W @ x + b), its value, and its tangent, of a root mean square near `size`."""
        z = self.aim(_upper_half(self.uniform(width)))
        slope = self.slope(z)
        typical = _rms(slope) * np.sqrt(np.sum(self.t * self.t) / 3)  # 1/3 is the variance of a drawn weight
        while True:
            W = self.uniform(width, self.x.size)
            t = slope * _product(W, self.t)
            # A narrow layer may all but ignore t. Scaled up for that, it would blow up every other tangent.
            if _rms(t) >= 0.5 * typical:
                break
        scale = _power_of_two(_rms(t) / size)
        W *= scale
        Wx = _product(W, self.x)
        b = _on_grid(z - Wx)
        return (W, b), self.activation(Wx + b), scale * t

    def dense(self, width: int) -> Layer:
        parameters, self.x, self.t = self.affine(width)
        return parameters

    def residual(self, size: float) -> Layer:
        parameters, value, tangent = self.affine(self.x.size, size)
        self.x, self.t = self.x + value, self.t + tangent
        return parameters

    def elementwise(self, operation: np.ufunc, upper: Array) -> Layer:
        z = self.aim(upper)
        slope = self.slope(z)
        s = _power_of_two(np.abs(slope * self.t))
        b = _on_grid(z - s * self.x)
        value, tangent = self.activation(s * self.x + b), slope * s * self.t
        w = self.uniform(z.size)
        if operation is np.maximum:
            w = _on_grid(value - _sign(upper) * _magnitude(w, 0.25))
            tangent = np.where(upper, tangent, 0.0)
        elif operation in (np.multiply, np.divide):
            w = _sign(w >= 0) * _magnitude(w, 0.5)
            tangent = operation(tangent, w)
        self.x, self.t = operation(value, w), tangent
        return s, b, w

    def scalar(self, orientation: float) -> Layer:
        u, v = self.uniform(2)
        z = _sign(u >= 0) * _magnitude(u, 0.5) / 16 + (0.5 if self.kinked else 0.0)
        s = orientation * _on_grid(0.75 + v / 4)
        s *= _power_of_two(np.abs(s * self.slope(z)) * _rms(self.t))
        b = _on_grid(z - s * np.mean(self.x))
        z = self.x * s + b
        self.x, self.t = self.activation(z), self.slope(z) * s * self.t
        return np.asarray(s), np.asarray(b)

    def loss(self) -> Layer:
        # The differences have the signs of t, so that the derivative along t is a sum without cancellation.
        r = _sign(self.t >= 0) * _magnitude(self.uniform(self.x.size), 0.5)
        return (_on_grid(self.x - r),)


def _sign(positive: Array) -> Array:
    return np.where(positive, 1.0, -1.0)


def _upper_half(u: Array) -> Array:
    return u >= np.median(u)


def _magnitude(u: Array, least: float) -> Array:
    """Numbers in [-1, 1) to magnitudes between `least` and 1."""
    return least + (1.0 - least) * np.abs(u)


def _rms(t: Array) -> Any:
    return np.sqrt(np.mean(t * t))


def _product(W: Array, x: Array) -> Array:
    return np.sum(W * x, axis=1)  # BLAS adds up in another order on another machine


def _power_of_two(gain: Any) -> Array:
    """The power of two that brings a gain nearest to 1, by ratio; 1 for a gain of 0."""
    return np.ldexp(1.0, -np.rint(np.log2(np.where(gain > 0, gain, 1.0))).astype(int))


def _on_grid(values: Any) -> Array:
    """Rounded to multiples of 2^-16, and to float32 where that is coarser."""
    return (np.rint(values * 2.0**16) * 2.0**-16).astype(np.float32).astype(np.float64)


def _int(name: str, value: int, least: int = 1) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an int, got {value!r} of type {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return operator.index(value)


def _check_known(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        others = ", and waists such as 'waist16'" if name == "profile" else ""
        raise ValueError(f"unknown {name} {value!r}; known are {', '.join(known)}{others}")


def _check_fit(layer: str, n: int, m: int, width: int, profile: str) -> None:
    if layer in ("elementwise", "scalar") and not n == m == width:
        raise ValueError(f"layer {layer!r} needs n == m == width, got n={n}, m={m}, width={width}")
    if layer == "loss" and m != 1:
        raise ValueError(f"layer 'loss' has a single output and needs m=1, got m={m}")
    if layer in ("elementwise", "scalar", "residual") and profile != "uniform":
        raise ValueError(f"layer {layer!r} keeps its width and needs profile='uniform', got {profile!r}")


def _dtype_name(dtype: DTypeLike) -> str:
    try:
        name = "None" if dtype is None else np.dtype(dtype).name  # NumPy reads None as float64
    except TypeError:
        name = repr(dtype)
    if name not in DTYPES:
        raise TypeError(f"dtype must be {' or '.join(DTYPES)}, got {name}")
    return name

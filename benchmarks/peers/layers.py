"""The generated chains in a library's own words: for engines that cannot differentiate plain NumPy.

Contract: ``function(chain, namespace, convert)`` is x -> chain(x) over arrays of the library's, with the same
parameters, the same layers as :mod:`modes.chains` defines them, and no library named here: what two of them
spell differently is in a :class:`Namespace`.
"""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any

from modes.chains import Chain

Array = Any
Layers = Sequence[tuple[Array, ...]]


@dataclass(frozen=True)
class Namespace:
    """The functions of a library that a chain is made of; matrix products and arithmetic are operators."""

    activations: Mapping[str, Callable[[Array], Array]]
    maximum: Callable[[Array, Array], Array]
    mean: Callable[[Array], Array]


def identity(z: Array) -> Array:
    return z


def function(chain: Chain, namespace: Namespace, convert: Callable[[Any], Array]) -> Callable[[Array], Array]:
    """x -> chain(x) for the library's arrays; ``convert`` makes one of a NumPy array."""
    return partial(parametrised(chain, namespace), [tuple(map(convert, layer)) for layer in chain.parameters])


def parametrised(chain: Chain, namespace: Namespace) -> Callable[[Layers, Array], Array]:
    """(parameters, x) -> chain(x): for a library that would take up into its program whatever a function closes
    over."""
    activation, apply = namespace.activations[chain.activation], LAYERS[chain.layer]
    return lambda parameters, x: apply(namespace, activation, parameters, x)


def _dense(_: Namespace, activation: Any, parameters: Layers, x: Array) -> Array:
    for W, b in parameters:
        x = activation(W @ x + b)
    return x


def _elementwise(namespace: Namespace, activation: Any, parameters: Layers, x: Array) -> Array:
    operations = (operator.add, operator.sub, operator.mul, operator.truediv, namespace.maximum)
    for (s, b, w), operation in zip(parameters, cycle(operations), strict=False):
        x = operation(activation(s * x + b), w)
    return x


def _scalar(_: Namespace, activation: Any, parameters: Layers, x: Array) -> Array:
    for s, b in parameters:
        x = activation(x * s + b)
    return x


def _residual(_: Namespace, activation: Any, parameters: Layers, x: Array) -> Array:
    last = len(parameters) - 1
    for layer, (W, b) in enumerate(parameters):
        y = activation(W @ x + b)
        x = x + y if 0 < layer < last else y
    return x


def _loss(namespace: Namespace, activation: Any, parameters: Layers, x: Array) -> Array:
    (y,) = parameters[-1]
    r = _dense(namespace, activation, parameters[:-1], x) - y
    return namespace.mean(r * r)


LAYERS: dict[str, Callable[[Namespace, Any, Layers, Array], Array]] = {
    "dense": _dense,
    "elementwise": _elementwise,
    "scalar": _scalar,
    "residual": _residual,
    "loss": _loss,
}

"""How does the cost of a gradient with respect to all parameters grow with depth: by backpropagation, and by the direct
product formula?

Both begin with the value of the loss and every layer's local derivatives at hand: the forward pass is the same work for
both, linear in depth, and is not timed. What is timed is the way back, one block a parameter:

- backpropagation carries dL/dx_k from layer to layer and multiplies twice at each (M20): linear in depth;
- the product formula multiplies the Jacobians of all later layers for each block anew (M19, M21): depth^2 / 2 products.

``python -m analysis growth`` fits both exponents and prints them, of what ``python -m analysis run`` measured, or
``asv run --python=same --set-commit-hash HEAD -b backpropagation``.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

import modes
from modes.chains import Chain, layer_chain

from .apparatus.benchmark import Timed
from .apparatus.checks import check_gradient
from .apparatus.grids import Grid, nested
from .apparatus.pairs import Call

Pullback = Callable[[Any], tuple[Any, ...]]


class Backpropagation(Timed):
    grid = Grid(
        layer=["loss"],
        n=[16],
        m=[1],
        width=[16],
        depth=nested([16, 32, 64, 96, 128], [192, 256], [8, 512]),
        mode=["backpropagation", "product-formula"],
    )
    version = "1"

    def prepare(self) -> Call:
        call = {"backpropagation": backpropagation, "product-formula": product_formula}[self.case.mode](self.chain)
        check_gradient(self.chain, call())
        return call

    def time_pullback(self, *case: object) -> None:
        self.call()


def backpropagation(chain: Chain) -> Call:
    """The gradient by one reverse pass of the engine."""
    y, pullback = modes.vjp(lambda parameters: chain.apply(parameters, chain.x), chain.parameters)
    return lambda: pullback(np.ones_like(y))[0]


def product_formula(chain: Chain) -> Call:
    """The gradient block by block, each from its own product of the layers' Jacobians, from the left (M19)."""
    by_parameters, by_input, y = [], [], chain.x
    for layer, own in zip(layers(chain), chain.parameters, strict=True):
        by_parameters.append(modes.vjp(lambda p, layer=layer, x=y: layer(p, x), own)[1])
        y, pullback = modes.vjp(partial(layer, own), y)
        by_input.append(pullback)
    return partial(direct_products, by_parameters, by_input, np.ones_like(y))


def direct_products(by_parameters: Sequence[Pullback], by_input: Sequence[Pullback], y_bar: Any) -> list[Any]:
    """y_bar J_xd L_d ... J_x(k+1) L_(k+1) J_tk L_k for each layer k, of d layers' partial derivatives as pull-backs.

    Cost: d (d - 1) / 2 pull-backs to an input, d to parameters.
    """
    blocks = []
    for k, last in enumerate(by_parameters):
        bar = y_bar
        for pullback in reversed(by_input[k + 1 :]):
            (bar,) = pullback(bar)
        blocks.append(last(bar)[0])
    return blocks


def layers(chain: Chain) -> list[Callable[[Any, Any], Any]]:
    """The layers of a chain with a loss, each as a function of its parameters and its input."""
    dense = layer_chain(1, 1, 1, 1, activation=chain.activation)  # one layer; `apply` takes parameters of any size
    return [lambda p, x: dense.apply([p], x)] * (chain.depth - 1) + [lambda p, x: chain.apply([p], x)]

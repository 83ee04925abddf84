"""Mixed accumulation by hand, as users of an engine without it would do it: one cut, at the chain's waist.

The Jacobian is that of the upper half, in forward mode at the waist's value, times that of the lower half in reverse
mode: as many passes as the waist is wide, up and down, and one product. In the other modes each is the engine that it
is a cut of, so that a ratio says what the cut is worth to that engine's users. Where a chain has no waist it is cut in
the middle of its layers.
"""

from dataclasses import replace

import numpy as np

import modes
from modes.chains import Chain, middle_layer

from . import Array, Function
from .jax_engine import Jax
from .modes_engine import Modes


class ModesCut(Modes):
    """`modes.jacfwd` of the upper half times `modes.jacrev` of the lower."""

    def jacobian(self, chain: Chain, mode: str, chunk_size: int | None) -> Function:
        if mode != "mixed":
            return super().jacobian(chain, mode, chunk_size)
        lower, upper = halves(chain)
        down, up = modes.jacrev(lower), modes.jacfwd(upper)
        return lambda x: up(lower(x)) @ down(x)


class JaxCut(Jax):
    """`jax.jit` of `jax.jacfwd` of the upper half times `jax.jacrev` of the lower."""

    def _jacobian(self, chain: Chain, mode: str) -> Function:
        if mode != "mixed":
            return super()._jacobian(chain, mode)
        lower, upper = map(self._function, halves(chain))
        down, up = self.jax.jacrev(lower), self.jax.jacfwd(upper)

        def product(x: Array) -> Array:
            return up(lower(x)) @ down(x)

        return product


def halves(chain: Chain) -> tuple[Chain, Chain]:
    """A dense chain as two, whose composition it is: up to its waist, and from there on."""
    after = middle_layer(chain.depth, chain.profile)
    size = chain.widths[after]
    lower = replace(chain, m=size, depth=after, widths=chain.widths[: after + 1], parameters=chain.parameters[:after])
    return lower, replace(
        chain,
        n=size,
        depth=chain.depth - after,
        widths=chain.widths[after:],
        x=np.asarray(lower(chain.x)),
        parameters=chain.parameters[after:],
    )

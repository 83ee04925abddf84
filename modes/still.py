"""A forward pass by one of several arrays in which the others are traced as well, with tangents that are not computed.

Such a pass takes the others as plain arrays, and does nothing for them. But NumPy hands a list of traced numbers over
only where something else in the call is traced (np.concatenate([[x[0]], y]), by x), and like=y asks y. Where that ends
in a plain array, which is refused, f is evaluated once more with all of its arrays traced, as in reverse mode.

Contract: as modes.dual.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .array import TracedArray, escaped
from .blocks import Array, Block
from .call import Call
from .dual import Dual, Forward
from .errors import TracedValueError
from .partials import Partial

__all__ = ["forward_pass"]

NOTHING: Any = object()  # the tangent of what does not move


class Still(Dual):
    """A dual number that does not move, and nothing that is made of such alone."""

    __slots__ = ()

    def extend(self, y: Array, partial: Partial) -> Still:
        if not self.owner.open:
            escaped(self)
        return Still(self.owner, y, NOTHING)

    shifted: Any = TracedArray.shifted
    scaled: Any = TracedArray.scaled
    mapped: Any = TracedArray.mapped


def _dual(trace: Forward, x: Array, tangent: Block) -> Dual:
    return Still(trace, x, NOTHING) if tangent is NOTHING else Dual(trace, x, tangent)


class Whole(Forward):
    """The forward trace of such a pass."""

    __slots__ = ()

    dual: Any = staticmethod(_dual)

    def join(self, y: Array, operands: Sequence[Any], partials: Sequence[Partial | None]) -> Any:
        moving = [pair for pair in zip(operands, partials, strict=True) if type(pair[0]) is not Still]
        if moving:
            return super().join(y, [operand for operand, _ in moving], [partial for _, partial in moving])
        if not self.open:
            escaped(operands[0])
        return Still(self, y, NOTHING)

    def run(self, call: Call, seeds: Sequence[Block | None]) -> tuple[Array, Block | None]:
        y, block = super().run(call, [NOTHING if seed is None else seed for seed in seeds])
        return y, None if block is NOTHING else block


def forward_pass(trace: Forward, call: Call, seeds: Sequence[Block | None]) -> tuple[Array, Block | None]:
    """trace.run(call, seeds), or such a pass where that ends in a plain array of a traced one."""
    try:
        return trace.run(call, seeds)
    except TracedValueError:
        if None not in seeds:
            raise
    return Whole().run(call, seeds)

"""A low-rank adapter: a layer's outputs by the two narrow matrices that are trained in place of its weights.

E. Hu et al., LoRA: low-rank adaptation of large language models, 2021 (https://arxiv.org/abs/2106.09685).
"""

from typing import Any

import numpy as np

from .problem import Array, Known, Problem, drawn, split

RANK, EXAMPLES = 2, 8


def problem(size: int) -> Problem:
    """A square layer of `size`, an adapter of rank 2, 8 examples: n = 4 `size`, m = 8 `size`."""
    W, X = drawn(1, size, size) / size**0.5, drawn(2, EXAMPLES, size)

    def f(x: Any, xp: Any) -> Any:
        flat_a, flat_b = split(x, RANK * size, RANK * size)
        A, B = flat_a.reshape(RANK, size), flat_b.reshape(size, RANK)
        return (X @ W.T + (X @ A.T) @ B.T).reshape(-1)

    def jacobian(x: Array) -> Array:
        flat_a, flat_b = split(x, RANK * size, RANK * size)
        A, B = flat_a.reshape(RANK, size), flat_b.reshape(size, RANK)
        by_a = np.einsum("ik,tl->tikl", B, X)
        by_b = np.einsum("ij,tk->tijk", np.eye(size), X @ A.T)
        return np.concatenate([part.reshape(EXAMPLES * size, -1) for part in (by_a, by_b)], axis=1)

    untrained = np.concatenate([drawn(3, RANK * size), np.zeros(RANK * size)])
    known = Known("closed form: with B = 0, as training begins, the layer itself", untrained, (X @ W.T).ravel(), 1e-14)
    return Problem(drawn(4, 2 * RANK * size), f, jacobian, (known,))

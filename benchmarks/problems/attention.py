"""A block of attention: each token's numbers made anew from all tokens', by all of them. n = m.

A. Vaswani et al., Attention is all you need, 2017 (https://arxiv.org/abs/1706.03762): one head, what goes in added to
what comes out, and J. Ba, J. Kiros and G. Hinton, Layer normalization, 2016 (https://arxiv.org/abs/1607.06450).
"""

from typing import Any

import numpy as np

from .problem import Array, Known, Problem, drawn

NUMBERS = 8
SMALL = 1e-5


def attend(tokens: Any, Q: Array, K: Array, V: Array, xp: Any = np) -> Any:
    """Of tokens (t, d): softmax(X Q (X K)^T / sqrt(d)) X V."""
    scores = (tokens @ Q) @ (tokens @ K).T / np.sqrt(Q.shape[1])
    weights = xp.exp(scores - xp.max(scores, axis=1, keepdims=True))
    return (weights / xp.sum(weights, axis=1, keepdims=True)) @ (tokens @ V)


def normalised(tokens: Any, xp: Any) -> Any:
    """Each token with mean 0 and variance 1."""
    centred = tokens - xp.mean(tokens, axis=1, keepdims=True)
    return centred / xp.sqrt(xp.mean(centred**2, axis=1, keepdims=True) + SMALL)


def problem(size: int) -> Problem:
    """`size` tokens of 8 numbers."""
    Q, K, V, W = drawn(1, 4, NUMBERS, NUMBERS) * (3.0 / NUMBERS) ** 0.5

    def f(x: Any, xp: Any) -> Any:
        tokens = x.reshape(size, NUMBERS)
        return normalised(tokens + attend(tokens, Q, K, V, xp) @ W, xp).reshape(-1)

    alike = np.tile(drawn(2, NUMBERS), (size, 1))
    added = alike + alike @ V @ W  # equal tokens attend to themselves, whatever the weights
    centred = added - added.mean(axis=1, keepdims=True)
    expected = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + SMALL)
    known = Known("closed form: tokens that are all alike", alike.ravel(), expected.ravel(), 1e-13)
    return Problem(drawn(3, size * NUMBERS), f, known=(known,))

"""Exact operation and memory counts of a layer chain's Jacobian, per mode, for any widths.

`widths` are a chain's sizes (w_0 = n, w_1, ..., w_d = m), as `modes.chains.layer_widths` gives them. The
Jacobian is the product J_d ... J_1 with J_l = D_l W_l of shape w_l x w_(l-1). Forward mode makes it of n
columns, reverse mode of m rows, all at once or in chunks of at most `chunk_size`.

Operations are the fused multiply-adds (flops are twice that) of the products with the W_l. Left out, as of
lower order, are activations and D_l: w_l operations a column or row, where a product takes w_l w_(l-1).

The same for a chain of any programs, given what a tangent through each takes: `jacobian_chain`.

Counts are ints, exact at any size. A mode is "forward" or "reverse". Every function raises TypeError for a
size that is no int; ValueError for a size below 1, for fewer than two widths, and for an unknown mode.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from math import inf, nan

# C4: what a pass costs over f where f is made of scalar operations, at least and at most, each as (constant,
# per direction): p tangents at once take 1 + p to 1 + 1.5 p times f, q cotangents 1 + 2 q to 1.5 + 2.5 q.
# Andreas Griewank and Andrea Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, ch. 3 and 4,
# https://doi.org/10.1137/1.9780898717761
TANGENT_BOUNDS = ((1.0, 1.0), (1.0, 1.5))
COTANGENT_BOUNDS = ((1.0, 2.0), (1.5, 2.5))


def forward_fma(widths: Sequence[int], exploit_seed: bool = True) -> int:
    """Derivative work of forward mode: n columns, whatever the chunks.

    The seed is an identity, or a chunk's slice of it, and is not multiplied out: layer 1 takes no work (C2).
    With `exploit_seed=False` it does (C1).
    """
    widths = _checked(widths)
    products = _products(widths)
    return widths[0] * sum(products[1:] if exploit_seed else products)


def reverse_fma(widths: Sequence[int], exploit_seed: bool = True) -> int:
    """Derivative work of reverse mode: m rows, whatever the chunks.

    Layer d, next to the seed, takes no work (C2) unless `exploit_seed=False` (C1).
    """
    widths = _checked(widths)
    products = _products(widths)
    return widths[-1] * sum(products[:-1] if exploit_seed else products)


def best_order_fma(widths: Sequence[int]) -> int:
    """The least work of the product J_d ... J_1 over all orders of association (C3), in O(d^3) time.

    Forward and reverse mode, with the seed exploited, are two of these orders. Neither need be the best.
    """
    widths = _checked(widths)
    d = len(widths) - 1
    least = {(i, i + 1): 0 for i in range(d)}  # at (i, j): of the product J_j ... J_(i+1)
    for length in range(2, d + 1):
        for i in range(d - length + 1):
            j = i + length
            least[i, j] = min(least[i, k] + least[k, j] + widths[i] * widths[k] * widths[j] for k in range(i + 1, j))
    return least[0, d]


def jacobian_chain(segments: Sequence[tuple[int, int, int]]) -> dict[str, int | str]:
    """The least price of a chain's Jacobian F'_q ... F'_1, over all orders of multiplying, pushing and pulling.

    Naumann's dynamic programme, which knows nothing of seeds that need no product (C2). With C[j, j] = |E_j| min(n_j,
    m_j), the price of the Jacobian of F_j o ... o F_i is the least over i <= k < j of

        C[j, k+1] + C[k, i] + m_j m_k n_i            multiply two accumulated Jacobians
        C[k, i] + n_i (|E_(k+1)| + ... + |E_j|)      push the n_i columns of the lower one on (tangent)
        C[j, k+1] + m_j (|E_i| + ... + |E_k|)        pull the m_j rows of the upper one back (adjoint)

    Parameters
    ----------
    segments : (n_i, m_i, |E_i|) for i = 1..q, input first: F_i maps R^(n_i) to R^(m_i), and one tangent or cotangent
        through it takes |E_i| fused multiply-adds. m_i is n_(i+1).

    Returns
    -------
    A dict of exact ints: "tangent", n_1 times the sum of all |E| (forward mode); "adjoint", m_q times it (reverse
    mode); "preaccumulate", the least where every F'_i is accumulated by itself, at C[i, i], and then multiplied as a
    matrix in the best order; "optimal", C[q, 1]. And a str, "order": how "optimal" is reached, with F2' for an
    accumulated Jacobian, (A B) for the product of two, F3(A) for the columns of A pushed on through F3, and F1*(A) for
    the rows of A pulled back through F1.

    >>> jacobian_chain([(100, 2, 300), (2, 90, 200), (90, 100, 10000)])
    {'tangent': 1050000, 'adjoint': 1050000, 'preaccumulate': 919000, 'optimal': 41000, 'order': "(F3(F2') F1')"}

    Cost: O(q^3) time.

    Raises TypeError for what is no int, ValueError for sizes below 1, a price below 0, no segment, and sizes that do
    not chain.

    Source: Uwe Naumann, Optimization of Generalized Jacobian Chain Products without Memory Constraints, 2020,
    https://arxiv.org/abs/2003.05755
    """
    chain = _chained(segments)
    q, n, m = len(chain), [s[0] for s in chain], [s[1] for s in chain]
    price = [0, *accumulate(s[2] for s in chain)]  # of all segments below
    best: dict[tuple[int, int], tuple[int, str]] = {}  # at (j, i), counted from 0: C and its order
    matrices: dict[tuple[int, int], int] = {}  # the same where all is accumulated and multiplied
    for j in range(q):
        matrices[j, j] = chain[j][2] * min(n[j], m[j])
        best[j, j] = matrices[j, j], f"F{j + 1}'"
        for i in range(j - 1, -1, -1):
            orders = []
            for k in range(i, j):
                (upper, above), (lower, below), product = best[j, k + 1], best[k, i], m[j] * m[k] * n[i]
                orders += [
                    (upper + lower + product, f"({above} {below})"),
                    (lower + n[i] * (price[j + 1] - price[k + 1]), _through(range(k + 1, j + 1), "", below)),
                    (upper + m[j] * (price[k + 1] - price[i]), _through(range(k, i - 1, -1), "*", above)),
                ]
            best[j, i] = min(orders, key=operator.itemgetter(0))
            matrices[j, i] = min(matrices[j, k + 1] + matrices[k, i] + m[j] * m[k] * n[i] for k in range(i, j))
    optimal, order = best[q - 1, 0]
    return {
        "tangent": n[0] * price[q],
        "adjoint": m[-1] * price[q],
        "preaccumulate": matrices[q - 1, 0],
        "optimal": optimal,
        "order": order,
    }


def primal_fma(widths: Sequence[int], mode: str, chunk_size: int | None = None) -> int:
    """Work on primal values. Forward mode has no tape, and evaluates the chain again for every chunk.

    Reverse mode evaluates it once, and pulls every chunk of cotangents back through the same tape.
    """
    path = _path(widths, mode)
    evaluations = -(-path[0] // _chunk(path, chunk_size)) if mode == "forward" else 1
    return evaluations * sum(_products(path))


def total_fma(widths: Sequence[int], mode: str, chunk_size: int | None = None, exploit_seed: bool = True) -> int:
    """Work of one Jacobian: on primal values and on derivatives."""
    derivative = forward_fma if mode == "forward" else reverse_fma
    return primal_fma(widths, mode, chunk_size) + derivative(widths, exploit_seed)


def diagonal_fma(n: int, depth: int) -> int:
    """Derivative work of an element-wise chain R^n -> R^n, the same in both modes (M9).

    Every J_l is diagonal, and so are their products: n operations a layer, none in the one next to the seed.
    Filling the n x n result is not counted.
    """
    return _int("n", n) * (_int("depth", depth) - 1)


def predicted_crossover(inner_widths: Sequence[int], m: int) -> float:
    """The n* below which forward mode takes less derivative work than reverse mode, above which more (C2).

    `inner_widths` are (w_1, ..., w_(d-1)). With T the sum of w_l w_(l-1) over l = 2..d-1,

        F = n (T + m w_(d-1)),   R = m (T + n w_1),   n* = m / (1 - m (w_1 - w_(d-1)) / T).

    inf where forward mode takes less at every n: n* has no positive denominator then. nan where the modes tie
    at every n: at d = 2, where there is one product and one order of it, and at d = 1, which takes none.
    """
    inner, m = [_int("a width", width) for width in inner_widths], _int("m", m)
    if len(inner) < 2:
        return nan
    T = sum(_products(inner))
    denominator = T - m * (inner[0] - inner[-1])
    return m * T / denominator if denominator > 0 else inf


def forward_peak_bytes(widths: Sequence[int], chunk_size: int | None = None, itemsize: int = 8) -> int:
    """Bytes of derivatives that forward mode holds at most, independent of depth (C5):

    - two neighbouring blocks of tangents, k x w_(l-1) and k x w_l, at the l where they are largest, with
      k = min(chunk_size, n). The seed is never materialised, so that layer 1 has the second one only;
    - with more than one chunk, the m x n result that chunks are copied to. Else it is the last block itself.

    Parameters and primal values are not counted.
    """
    return _int("itemsize", itemsize) * _blocks(_path(widths, "forward"), chunk_size)


def reverse_peak_bytes(widths: Sequence[int], chunk_size: int | None = None, itemsize: int = 8) -> int:
    """Bytes of derivatives that reverse mode holds at most, linear in depth (C5):

    - the tape: per layer the diagonal of D_l, w_l numbers. The W_l are parameters, and not counted, though the tape
      has copies of those up to 32 KiB (modes.residuals).
      Counted whole, since it has to last for all chunks;
    - two neighbouring blocks of cotangents, k x w_l and k x w_(l-1), at the l where they are largest, with
      k = min(chunk_size, m). The seed is never materialised, so that layer d has the second one only;
    - with more than one chunk, the m x n result that chunks are copied to. Else it is the last block itself.

    Parameters and primal values are not counted.
    """
    path = _path(widths, "reverse")
    return _int("itemsize", itemsize) * (sum(path[:-1]) + _blocks(path, chunk_size))


def _through(places: Iterable[int], star: str, matrix: str) -> str:
    """A matrix through the segments at these places, one after the other: F3(F2(A))."""
    for i in places:
        matrix = f"F{i + 1}{star}{matrix if matrix.startswith('(') else f'({matrix})'}"
    return matrix


def _chained(segments: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    chain = []
    for segment in segments:
        if not isinstance(segment, tuple | list) or len(segment) != 3:
            raise ValueError(f"expected a segment as (n, m, price), got {segment!r}")
        n, m, price = segment
        chain.append((_int("a segment's n", n), _int("a segment's m", m), _int("a segment's price", price, least=0)))
    if not chain:
        raise ValueError("expected at least one segment (n, m, price), got none")
    for i, ((_, m, _), (n, _, _)) in enumerate(pairwise(chain), 1):
        if m != n:
            raise ValueError(f"expected segments that chain, got m = {m} of segment {i} and n = {n} of segment {i + 1}")
    return chain


def _blocks(path: Sequence[int], chunk_size: int | None) -> int:
    k = _chunk(path, chunk_size)
    pair = max([path[1], *(a + b for a, b in pairwise(path[1:]))])
    return k * pair + (path[0] * path[-1] if k < path[0] else 0)


def _path(widths: Sequence[int], mode: str) -> Sequence[int]:
    """The sizes in the order in which the mode meets them, from its seed on."""
    if mode not in ("forward", "reverse"):
        raise ValueError(f"unknown mode {mode!r}; known are forward, reverse")
    widths = _checked(widths)
    return widths if mode == "forward" else widths[::-1]


def _chunk(path: Sequence[int], chunk_size: int | None) -> int:
    return path[0] if chunk_size is None else min(path[0], _int("chunk_size", chunk_size))


def _products(widths: Sequence[int]) -> list[int]:
    """Work of one column or row, per layer."""
    return [a * b for a, b in pairwise(widths)]


def _checked(widths: Sequence[int]) -> list[int]:
    checked = [_int("a width", width) for width in widths]
    if len(checked) < 2:
        raise ValueError(f"expected at least two widths, those of the input and the output, got {checked}")
    return checked


def _int(name: str, value: int, least: int = 1) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an int, got {value!r} of type {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")
    return operator.index(value)

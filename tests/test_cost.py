"""Operation and memory counts: C1 to C5 and M9 of the mathematics, by number."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from math import inf, isinf, isnan, prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modes import cost
from modes.chains import PROFILES, layer_widths

NO_INT: Any = 2.0
NO_NUMBER: Any = "3"
sizes = st.integers(1, 40)
chains_of = st.lists(sizes, min_size=2, max_size=8)
WORKED = [
    # widths, forward, reverse, best order, forward and reverse without the exploit
    ((30, 35, 15, 5, 10, 20, 25), 40500, 47500, 15125, 72000, 60000),
    ((8, 64, 32, 16, 8), 21504, 24576, None, 25600, 25600),
    ((128, 128, 4, 128, 128), 2228224, 2228224, 196608, 4325376, 4325376),
]


@pytest.mark.parametrize(("widths", "forward", "reverse", "best", "forward_all", "reverse_all"), WORKED)
def test_c3_worked_counts(
    widths: list[int], forward: int, reverse: int, best: int, forward_all: int, reverse_all: int
) -> None:
    assert cost.forward_fma(widths) == forward
    assert cost.reverse_fma(widths) == reverse
    assert best is None or cost.best_order_fma(widths) == best
    assert cost.forward_fma(widths, exploit_seed=False) == forward_all
    assert cost.reverse_fma(widths, exploit_seed=False) == reverse_all


@given(chains_of)
def test_c1_ratio_of_the_modes_is_n_over_m(widths: list[int]) -> None:
    """C1: F = n S and R = m S, so F / R = n / m whatever the depth and the widths."""
    n, m = widths[0], widths[-1]
    S = sum(a * b for a, b in pairwise(widths))
    assert cost.forward_fma(widths, exploit_seed=False) == n * S
    assert cost.forward_fma(widths, False) * m == cost.reverse_fma(widths, False) * n


@given(chains_of)
def test_c2_counts_are_those_of_multiplying_the_layers_out(widths: list[int]) -> None:
    """C2: count the multiplications of J_d ... J_1, in either order, matrix by matrix."""

    def multiply_out(shapes: list[tuple[int, int]]) -> int:
        (rows, _), work = shapes[0], 0
        for inner, columns in shapes[1:]:
            work += rows * inner * columns
        return work

    right_to_left = list(pairwise(widths))  # the transposes: J_1^T first
    left_to_right = list(pairwise(widths[::-1]))
    assert cost.forward_fma(widths) == multiply_out(right_to_left)
    assert cost.reverse_fma(widths) == multiply_out(left_to_right)


@given(chains_of)
def test_c2_the_seed_next_layer_is_what_the_exploit_saves(widths: list[int]) -> None:
    n, m = widths[0], widths[-1]
    assert cost.forward_fma(widths, False) - cost.forward_fma(widths) == n * n * widths[1]
    assert cost.reverse_fma(widths, False) - cost.reverse_fma(widths) == m * m * widths[-2]


@given(st.lists(sizes, min_size=2, max_size=7))
def test_c3_best_order_against_every_order(widths: list[int]) -> None:
    """Brute force: whichever product is done last, over all ways to put the brackets."""

    @cache
    def least(i: int, j: int) -> int:
        orders = (least(i, k) + least(k, j) + widths[i] * widths[k] * widths[j] for k in range(i + 1, j))
        return min(orders, default=0)

    best = cost.best_order_fma(widths)
    assert best == least(0, len(widths) - 1)
    assert best == cost.best_order_fma(widths[::-1])
    assert best <= min(cost.forward_fma(widths), cost.reverse_fma(widths))


@given(st.lists(sizes, min_size=2, max_size=6), st.integers(1, 60))
def test_c2_predicted_crossover_is_where_the_counts_cross(inner: list[int], m: int) -> None:
    """The signs of F - R over the integers n change at n*, and nowhere else."""
    crossover = cost.predicted_crossover(inner, m)
    assert crossover > 0
    for n in range(1, 200):
        difference = cost.forward_fma([n, *inner, m]) - cost.reverse_fma([n, *inner, m])
        if difference == 0:
            assert crossover == pytest.approx(n, rel=1e-12)
        else:
            assert (difference > 0) == (n > crossover)


def test_c2_predicted_crossover_of_equal_widths_is_m() -> None:
    """Where w_1 = w_(d-1), n* = m: uniform chains, hourglasses and bulges alike."""
    for profile in ("uniform", "hourglass", "bulge"):
        inner = layer_widths(1, 1, 9, 64, profile)[1:-1]
        assert cost.predicted_crossover(inner, 48) == 48.0


def test_c2_predicted_crossover_verdicts() -> None:
    funnel, widening = (64, 32, 16), (16, 32, 64)
    assert cost.predicted_crossover(funnel, 8) == pytest.approx(8 / (1 - 8 * 48 / 2560))
    assert isinf(cost.predicted_crossover(funnel, 64))
    assert cost.predicted_crossover(funnel, 64) == inf
    assert cost.predicted_crossover((4, 2), 4) == inf  # F / R -> 1 as n grows: the denominator is 0
    assert all(cost.forward_fma([n, *funnel, 64]) < cost.reverse_fma([n, *funnel, 64]) for n in (1, 10, 10**9))
    assert cost.predicted_crossover(widening, 64) < 64


@given(sizes, sizes, sizes)
def test_c2_depth_two_and_one_tie_at_every_n(n: int, w: int, m: int) -> None:
    assert cost.forward_fma([n, w, m]) == cost.reverse_fma([n, w, m]) == n * w * m
    assert isnan(cost.predicted_crossover([w], m))
    assert cost.forward_fma([n, m]) == cost.reverse_fma([n, m]) == cost.best_order_fma([n, m]) == 0
    assert isnan(cost.predicted_crossover([], m))


def test_c4_bounds_of_one_and_of_many_passes() -> None:
    def at(bounds: Any, k: Any) -> Any:
        return tuple(constant + slope * k for constant, slope in bounds)

    assert at(cost.TANGENT_BOUNDS, 1) == (2.0, 2.5)
    assert at(cost.COTANGENT_BOUNDS, 1) == (3.0, 4.0)
    assert at(cost.TANGENT_BOUNDS, 10) == (11.0, 16.0)
    assert at(cost.COTANGENT_BOUNDS, 10) == (21.0, 26.5)
    # Many directions: n tangents cost as much as m cotangents at n / m between 1.5 and 2.
    for (_, tangent), (_, cotangent) in zip(cost.TANGENT_BOUNDS, cost.COTANGENT_BOUNDS, strict=True):
        assert 1.5 <= cotangent / tangent <= 2.0


@pytest.mark.parametrize("chunk_size", [1, 2, 3, 9, 10, 11, 100, None])
def test_chunks_repeat_the_primal_in_forward_mode_only(chunk_size: int | None) -> None:
    widths = (10, 7, 5, 6)
    S = 10 * 7 + 7 * 5 + 5 * 6
    starts = range(0, 10, chunk_size or 10)
    assert cost.primal_fma(widths, "forward", chunk_size) == len(starts) * S
    assert cost.primal_fma(widths, "reverse", chunk_size) == S


@given(chains_of, st.integers(1, 50), st.booleans())
def test_chunks_sum_to_the_whole_derivative(widths: list[int], chunk_size: int, exploit: bool) -> None:
    """Columns are independent of each other: the chunks' work adds up to that of all columns at once."""
    n, m = widths[0], widths[-1]
    forward, reverse = cost.forward_fma(widths, exploit), cost.reverse_fma(widths, exploit)
    parts = [min(chunk_size, n - start) for start in range(0, n, chunk_size)]
    assert sum(k * (forward // n) for k in parts) == forward
    assert cost.total_fma(widths, "forward", chunk_size, exploit) == forward + len(parts) * sum(
        a * b for a, b in pairwise(widths)
    )
    whole = cost.total_fma(widths, "reverse", None, exploit)
    assert cost.total_fma(widths, "reverse", chunk_size, exploit) == whole
    assert whole - reverse == cost.primal_fma(widths, "reverse")
    assert reverse % m == 0


def test_m9_diagonals_cost_n_a_layer() -> None:
    assert cost.diagonal_fma(2000, 1) == 0
    assert cost.diagonal_fma(2000, 8) == 7 * 2000
    # A dense chain of the same sizes takes n^2 times that.
    assert cost.forward_fma([20] * 9) == 20**2 * cost.diagonal_fma(20, 8)


def test_c5_forward_memory_does_not_grow_with_depth() -> None:
    peaks = {cost.forward_peak_bytes([5, *[32] * depth, 4]) for depth in (2, 4, 64)}
    assert peaks == {8 * 5 * (32 + 32)}


def test_c5_reverse_memory_grows_linearly_with_depth() -> None:
    peaks = [cost.reverse_peak_bytes([5, *[32] * depth, 4]) for depth in (2, 4, 6, 8)]
    assert {b - a for a, b in pairwise(peaks)} == {8 * 2 * 32}


@pytest.mark.parametrize("itemsize", [4, 8])
def test_c5_terms_of_the_peaks(itemsize: int) -> None:
    widths = (6, 10, 20, 4, 3)
    # forward: blocks k x 10 and k x 20; reverse: the tape, and blocks k x 20 and k x 10
    assert cost.forward_peak_bytes(widths, itemsize=itemsize) == itemsize * 6 * 30
    assert cost.reverse_peak_bytes(widths, itemsize=itemsize) == itemsize * (37 + 3 * 30)
    # chunked: fewer columns or rows at a time, and the result of 3 x 6 beside them
    assert cost.forward_peak_bytes(widths, 4, itemsize) == itemsize * (4 * 30 + 18)
    assert cost.reverse_peak_bytes(widths, 2, itemsize) == itemsize * (37 + 2 * 30 + 18)
    # a chunk of everything is no chunk
    assert cost.forward_peak_bytes(widths, 6, itemsize) == cost.forward_peak_bytes(widths, None, itemsize)
    assert cost.reverse_peak_bytes(widths, 99, itemsize) == cost.reverse_peak_bytes(widths, None, itemsize)


def test_c5_the_seed_takes_no_memory() -> None:
    # The n x n identity, and the pair that it would form with the first block, would be the largest by far.
    assert cost.forward_peak_bytes([1000, 2, 3]) == 8 * 1000 * (2 + 3)
    assert cost.reverse_peak_bytes([3, 2, 1000]) == 8 * (1000 + 2 + 1000 * (2 + 3))
    # Depth 1: the result alone, and the tape.
    assert cost.forward_peak_bytes([7, 5]) == 8 * 35
    assert cost.reverse_peak_bytes([7, 5]) == 8 * (35 + 5)


@given(chains_of)
def test_twins_mirror_each_other(widths: list[int]) -> None:
    """Reverse mode is forward mode on the chain read backwards; its memory has the tape besides."""
    mirrored = widths[::-1]
    assert cost.reverse_fma(widths) == cost.forward_fma(mirrored)
    tape = 8 * sum(widths[1:])
    assert cost.reverse_peak_bytes(widths) - tape == cost.forward_peak_bytes(mirrored)


@pytest.mark.parametrize("profile", PROFILES)
def test_profiles_take_their_widths_from_the_chains(profile: str) -> None:
    widths = layer_widths(9, 5, 6, 64, profile)
    assert cost.total_fma(widths, "forward") == cost.forward_fma(widths) + sum(map(prod, pairwise(widths)))


def test_counts_are_exact_ints_at_any_size() -> None:
    huge = [10**7, 10**7 + 1, 10**7 + 3, 10**7]
    assert cost.forward_fma(huge) == 10**7 * ((10**7 + 1) * (10**7 + 3) + (10**7 + 3) * 10**7)
    numpy_sizes: Any = np.array(huge, dtype=np.int32)  # products of these overflow
    assert cost.forward_fma(numpy_sizes) == cost.forward_fma(huge)
    assert type(cost.reverse_peak_bytes(numpy_sizes)) is int


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: cost.forward_fma([4]), ValueError, "at least two widths"),
        (lambda: cost.reverse_fma([]), ValueError, "at least two widths"),
        (lambda: cost.forward_fma([4, 0, 2]), ValueError, "at least 1, got 0"),
        (lambda: cost.reverse_fma([4, -3]), ValueError, "at least 1, got -3"),
        (lambda: cost.best_order_fma([4, NO_INT]), TypeError, "must be an int, got 2.0 of type float"),
        (lambda: cost.best_order_fma([True, 2]), TypeError, "got True of type bool"),
        (
            lambda: cost.primal_fma([4, 2], "backward"),
            ValueError,
            "unknown mode 'backward'; known are forward",
        ),
        (lambda: cost.total_fma([4, 2], "auto"), ValueError, "unknown mode 'auto'"),
        (lambda: cost.primal_fma([4, 2], "forward", 0), ValueError, "chunk_size must be at least 1"),
        (lambda: cost.forward_peak_bytes([4, 2], NO_INT), TypeError, "chunk_size must be an int"),
        (lambda: cost.reverse_peak_bytes([4, 2], itemsize=0), ValueError, "itemsize must be at least 1"),
        (lambda: cost.reverse_peak_bytes([4]), ValueError, "at least two widths"),
        (lambda: cost.diagonal_fma(0, 3), ValueError, "n must be at least 1"),
        (lambda: cost.diagonal_fma(3, 0), ValueError, "depth must be at least 1"),
        (lambda: cost.predicted_crossover([4, 0], 3), ValueError, "at least 1, got 0"),
        (lambda: cost.predicted_crossover([4, 4], NO_NUMBER), TypeError, "m must be an int, got '3'"),
    ],
)
def test_bad_arguments_are_named(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()

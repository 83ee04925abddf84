"""Operation and memory counts: C1 to C5 and M9 of the mathematics, by number."""

from __future__ import annotations

import re
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


# --- chains of any programs: Naumann's dynamic programme ---
Segments = list[tuple[int, int, int]]


def every_order(segments: Segments) -> int:
    """The least price over all ways to make the chain's Jacobian, each tried by itself, without a table.

    To accumulate a single segment, by tangents or by cotangents; to multiply the Jacobians of two parts; to push the
    Jacobian of all but the last segment on through that, or pull that of all but the first back through that. To push
    through several is to push through one after the other.
    """
    (n, _, first), (_, m, last) = segments[0], segments[-1]
    if len(segments) == 1:
        return min(n * first, m * first)
    splits = range(1, len(segments))
    return min(
        every_order(segments[:-1]) + n * last,
        every_order(segments[1:]) + m * first,
        *(every_order(segments[:k]) + every_order(segments[k:]) + m * segments[k][0] * n for k in splits),
    )


def every_product(segments: Segments) -> int:
    """The same where accumulated matrices are multiplied, and nothing else is done."""
    (n, _, price), (_, m, _) = segments[0], segments[-1]
    if len(segments) == 1:
        return min(n, m) * price
    splits = range(1, len(segments))
    return min(every_product(segments[:k]) + every_product(segments[k:]) + m * segments[k][0] * n for k in splits)


class Made:
    """A Jacobian of some of the segments, and what it took: what an order's text is read as."""

    def __init__(self, segments: Segments, low: int, high: int, price: int) -> None:
        self.segments, self.low, self.high, self.price = segments, low, high, price
        self.n, self.m = segments[low][0], segments[high][1]

    def __matmul__(self, lower: Made) -> Made:
        assert self.low == lower.high + 1
        price = self.price + lower.price + self.m * self.n * lower.n
        return Made(self.segments, lower.low, self.high, price)

    def pushed(self, i: int) -> Made:
        assert i == self.high + 1
        return Made(self.segments, self.low, i, self.price + self.n * self.segments[i][2])

    def pulled(self, i: int) -> Made:
        assert i == self.low - 1
        return Made(self.segments, i, self.high, self.price + self.m * self.segments[i][2])


def read(order: str, segments: Segments) -> Made:
    """What an order as printed makes."""
    text = re.sub(r"F(\d+)'", r"own[\1]", order)
    text = re.sub(r"F(\d+)\*", r"pull[\1]", text)
    text = re.sub(r"F(\d+)", r"push[\1]", text)
    places = range(len(segments))
    names = {
        "own": {i + 1: Made(segments, i, i, min(segments[i][:2]) * segments[i][2]) for i in places},
        "push": {i + 1: lambda made, i=i: made.pushed(i) for i in places},
        "pull": {i + 1: lambda made, i=i: made.pulled(i) for i in places},
    }
    made = eval(text.replace(" ", "@"), names)
    assert isinstance(made, Made)
    return made


@st.composite
def chains_of_programs(draw: st.DrawFn) -> Segments:
    widths = draw(st.lists(st.integers(1, 60), min_size=2, max_size=7))
    return [(n, m, draw(st.integers(0, 4 * n * m))) for n, m in pairwise(widths)]


@given(segments=chains_of_programs())
def test_c7_jacobian_chain_is_the_least_of_all_orders(segments: Segments) -> None:
    found = cost.jacobian_chain(segments)
    whole = sum(price for *_, price in segments)
    assert found["tangent"] == segments[0][0] * whole
    assert found["adjoint"] == segments[-1][1] * whole
    assert found["preaccumulate"] == every_product(segments)
    assert found["optimal"] == every_order(segments)
    assert all(type(found[name]) is int for name in ("tangent", "adjoint", "preaccumulate", "optimal"))
    made = read(str(found["order"]), segments)
    assert (made.low, made.high, made.price) == (0, len(segments) - 1, found["optimal"])


# Chains of the tests of the reference implementation, and from its solutions to them what the parts of each take: the
# sums of the prices of its steps (Simon Maertens and Uwe Naumann, https://github.com/STCE-at-RWTH/Jacobian-Chaining,
# additionals/package/test/data/01 and 02). Its solutions of the whole chains are for two processors at once.
SEVEN = [(168, 56, 63834), (56, 195, 44366), (195, 162, 17957), (162, 63, 20301), (63, 349, 25538), (349, 58, 13803)]
SEVEN += [(58, 257, 10088)]
ELEVEN = [(418, 437, 72211), (437, 198, 47016), (198, 190, 73840), (190, 495, 63985), (495, 335, 43578)]
ELEVEN += [
    (335, 166, 60077),
    (166, 279, 4225),
    (279, 139, 72361),
    (139, 106, 71444),
    (106, 62, 27090),
    (62, 436, 80214),
]
PUBLISHED = [
    *((SEVEN, 0, 1, 3574704), (SEVEN, 1, 2, 2484496), (SEVEN, 1, 3, 2484496 + 1005592)),
    *((SEVEN, 1, 4, 2484496 + 1005592 + 1136856), (SEVEN, 5, 6, 800574), (SEVEN, 4, 6, 800574 + 1481204)),
    *((ELEVEN, 0, 1, 72211 * 418), (ELEVEN, 1, 2, 9309168), (ELEVEN, 0, 2, 9309168 + 14297778)),
    *((ELEVEN, 9, 10, 1679580), (ELEVEN, 8, 10, 6109108), (ELEVEN, 7, 10, 10595490), (ELEVEN, 6, 10, 10857440)),
    *((ELEVEN, 5, 10, 14582214), (ELEVEN, 4, 10, 17284050), (ELEVEN, 3, 10, 21251120), (ELEVEN, 2, 10, 25829200)),
    (ELEVEN, 10, 11, 4973268),
]


@pytest.mark.parametrize(("chain", "start", "stop", "price"), PUBLISHED)
def test_c7_jacobian_chain_takes_what_is_published(chain: Segments, start: int, stop: int, price: int) -> None:
    assert cost.jacobian_chain(chain[start:stop])["optimal"] == price


@pytest.mark.parametrize(
    ("widths", "optimal"), [((30, 35, 15, 5, 10, 20, 25), 15750), ((128, 128, 4, 128, 128), 200704)]
)
def test_c3_without_the_exploit_the_seed_takes_work_too(widths: tuple[int, ...], optimal: int) -> None:
    """Dense layers, |E_l| = w_l w_(l-1). C3's best orders read accumulated matrices off; here each first product next
    to a seed of min(n, m) rows or columns is multiplied out."""
    segments = [(n, m, n * m) for n, m in pairwise(widths)]
    found = cost.jacobian_chain(segments)
    assert (found["tangent"], found["adjoint"]) == (
        cost.forward_fma(widths, exploit_seed=False),
        cost.reverse_fma(widths, exploit_seed=False),
    )
    assert found["optimal"] == every_order(segments) == optimal
    assert optimal > cost.best_order_fma(widths)


@given(widths=chains_of)
def test_free_matrices_are_the_classical_problem(widths: list[int]) -> None:
    """Where a matrix is there for nothing, and a push through it takes what the product with it does: C3's orders."""
    segments = [(n, m, n * m) for n, m in pairwise(widths)]
    seeds = sum(min(n, m) * n * m for n, m in pairwise(widths))
    assert cost.jacobian_chain(segments)["preaccumulate"] == seeds + cost.best_order_fma(widths)


def test_how_an_order_is_printed() -> None:
    assert cost.jacobian_chain([(3, 4, 5)])["order"] == "F1'"
    assert cost.jacobian_chain([(1, 9, 9), (9, 9, 9), (9, 9, 9)])["order"] == "F3(F2(F1'))"
    assert cost.jacobian_chain([(9, 9, 9), (9, 9, 9), (9, 1, 9)])["order"] == "F1*(F2*(F3'))"
    assert cost.jacobian_chain([(9, 9, 9), (9, 1, 9), (1, 9, 9), (9, 9, 9)])["order"] == "(F4(F3') F1*(F2'))"


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
        (lambda: cost.jacobian_chain([]), ValueError, "at least one segment"),
        (lambda: cost.jacobian_chain([(2, 3, 6), (4, 5, 20)]), ValueError, "m = 3 of segment 1 and n = 4 of segment 2"),
        (lambda: cost.jacobian_chain([(2, 3, -1)]), ValueError, "a segment's price must be at least 0, got -1"),
        (lambda: cost.jacobian_chain([(2, 0, 1)]), ValueError, "a segment's m must be at least 1, got 0"),
        (lambda: cost.jacobian_chain([(2, 3, NO_INT)]), TypeError, "a segment's price must be an int, got 2.0"),
        (lambda: cost.jacobian_chain([NO_INT]), ValueError, "expected a segment as \\(n, m, price\\), got 2.0"),
    ],
)
def test_bad_arguments_are_named(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()

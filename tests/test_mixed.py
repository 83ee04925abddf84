"""Mixed accumulation: where a program is cut, what the orders take, and that all of them give the Jacobian."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import modes
from modes import choice, chunking, cost, mixed, planning, rates, remembered
from modes.call import Call
from modes.dominators import MOST, dominators, narrow
from modes.partials import Matrix
from modes.planning import MULTIPLY, PULL, PULL_BACK, PUSH, PUSH_ON, Route, route
from modes.sized import SizedTape
from modes.tape import Tape
from modes.trees import flatten
from tests.cuts import cut_at_random, random_order
from tests.test_programs import SEEDS, close, quietly

Function = Callable[..., Any]


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """What is planned here is planned here."""
    choice.forget()


def dense(widths: tuple[int, ...], seed: int = 0) -> tuple[Function, np.ndarray]:
    """A tanh chain with these widths, and a point."""
    rng = np.random.default_rng(seed)
    matrices = [rng.standard_normal((b, a)) / np.sqrt(a) for a, b in pairwise(widths)]

    def f(x: Any) -> Any:
        for W in matrices:
            x = np.tanh(W @ x)
        return x

    return f, rng.standard_normal(widths[0])


def recorded(f: Function, *args: Any) -> tuple[SizedTape, int]:
    tape = SizedTape()
    _, index = tape.run(Call(f, args, tuple(range(len(args)))))
    assert index is not None
    return tape, index


@contextmanager
def counted_alone() -> Iterator[None]:
    """Multiply-adds are all that has a price."""
    before = rates.use_rates(rates.Rates(1e-30, 1.0, 1e-30))
    try:
        yield
    finally:
        rates.use_rates(before)


# -- where a program can be cut ----------------------------------------------------------------------------------------
@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[Any]]:
    """The parents of a tape's entries: numbers, or tuples of them where operands meet."""
    leaves = draw(st.integers(1, 3))
    parents: list[Any] = [()] * leaves
    for i in range(leaves, leaves + draw(st.integers(0, 9))):
        near = st.integers(max(0, i - 3), i - 1)
        parents.append(draw(st.one_of(near, st.lists(near, min_size=1, max_size=3).map(tuple))))
    return leaves, parents


def reaches(parents: list[Any], leaves: int, index: int, without: int | None) -> bool:
    """Whether there is a path back from an entry to a leaf that does not touch one entry."""
    if index == without:
        return False
    if index < leaves:
        return True
    above = parents[index]
    return any(reaches(parents, leaves, p, without) for p in (above if isinstance(above, tuple) else (above,)))


@given(graph=graphs(), place=st.integers(0, 11))
@quietly(300)
def test_c8_dominators_are_the_entries_without_which_no_path_is_left(graph: tuple[int, list[Any]], place: int) -> None:
    leaves, parents = graph
    tape = Tape()
    tape.leaves, tape.parents = leaves, parents
    index = place % len(parents)
    expected = [i for i in range(leaves, index) if not reaches(parents, leaves, index, i)]
    assert dominators(tape, index) == expected


def test_a_blocks_sum_is_such_a_value_and_its_inside_is_not() -> None:
    W = np.eye(3)
    tape, index = recorded(lambda x: np.tanh(x + np.tanh(W @ x) + 1.0), np.ones(3))
    assert dominators(tape, index) == [3]  # the leaf, W @ x, its tanh, the sum with x, tanh


@pytest.mark.parametrize(
    ("sizes", "places"),
    [
        ((8, 4, 8), [1]),
        ((8, 8, 4, 4, 8), [3]),  # the last of a run
        ((8, 4, 2), []),  # on a slope, its narrow end is where to begin
        ((2, 4, 8), []),
        ((4, 8, 4), []),
        ((8, 8, 8), []),
        ((9, 10, 100, 10, 9), [1, 3]),  # 100 is wide: what lies between the tens is made by itself
        ((9, 4, 9, 3, 9), [1, 3]),
        ((5, 5), []),
        ((7,), []),
    ],
)
def test_c8_cuts_are_narrow(sizes: tuple[int, ...], places: list[int]) -> None:
    assert narrow(sizes) == places


def test_of_many_cuts_the_narrowest_are_left() -> None:
    sizes = [100]
    for i in range(2 * MOST):
        sizes += [10 + i, 100]
    assert [sizes[i] for i in narrow(sizes)] == list(range(10, 10 + MOST))


# -- what the orders take ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("widths", "best", "cuts"),
    [((30, 35, 15, 5, 10, 20, 25), 15125, (5,)), ((128, 128, 4, 128, 128), 196608, (4,))],
)
def test_c3_the_plan_takes_the_best_order(widths: tuple[int, ...], best: int, cuts: tuple[int, ...]) -> None:
    f, x = dense(widths)
    plan = modes.plan(f, x)
    assert plan.fma == {"forward": cost.forward_fma(widths), "reverse": cost.reverse_fma(widths), "mixed": best}
    assert best == cost.best_order_fma(widths)
    assert plan.cuts == cuts
    with counted_alone():  # so small, what a tape takes to be written decides for forward mode, and rightly
        assert modes.plan(f, x).mode == "mixed"


@given(widths=st.lists(st.integers(1, 40), min_size=2, max_size=8).map(tuple))
@quietly(100)
def test_no_plan_takes_more_than_the_modes_or_less_than_the_best_order(widths: tuple[int, ...]) -> None:
    f, x = dense(widths)
    with counted_alone():
        fma = modes.plan(f, x).fma
    assert fma["forward"] == cost.forward_fma(widths)
    assert fma["reverse"] == cost.reverse_fma(widths)
    assert cost.best_order_fma(widths) <= fma["mixed"] <= min(fma["forward"], fma["reverse"])


@given(low=st.integers(1, 20), high=st.lists(st.integers(21, 60), min_size=4, max_size=7))
@quietly(50)
def test_around_one_waist_it_is_the_best_order_through_it(low: int, high: list[int]) -> None:
    """On slopes that fall to the waist and rise from it, where the exact optimum is known to go through it."""
    down, up = sorted(high[::2], reverse=True), sorted(high[1::2])
    widths = (*down, low, *up)
    f, x = dense(widths)
    with counted_alone():
        assert modes.plan(f, x).fma["mixed"] == cost.best_order_fma(widths)


class Multiplied:
    """The multiply-adds that were done with dense blocks, counted where they are done."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.fma = 0
        for name in ("push", "pull"):
            patch.setattr(Matrix, name, self.through(getattr(Matrix, name)))
        product = mixed._product

        def counted(upper: Any, lower: Any) -> Any:
            self.fma += upper.shape[0] * upper.shape[1] * lower.shape[1]
            return product(upper, lower)

        patch.setattr(mixed, "_product", counted)

    def through(self, method: Any) -> Any:
        def counted(partial: Matrix, block: Any) -> Any:
            came = block.dense() if isinstance(block, modes.blocks.Pending) else block
            if isinstance(came, np.ndarray):
                self.fma += len(came) * partial.J.size
            return method(partial, block)

        return counted


@given(widths=st.lists(st.integers(1, 40), min_size=2, max_size=8).map(tuple))
@quietly(60)
def test_c7_what_is_planned_is_what_is_done(widths: tuple[int, ...]) -> None:
    f, x = dense(widths)
    with counted_alone(), pytest.MonkeyPatch.context() as patch:
        plan = modes.plan(f, x)
        for mode in ("mixed", "auto"):
            done = Multiplied(patch)
            modes.jacobian(f, mode=mode)(x)
            assert done.fma == plan.fma[plan.mode if mode == "auto" else mode]
            patch.undo()


def test_several_arguments_are_one_input() -> None:
    rng = np.random.default_rng(0)
    A, B, C = rng.standard_normal((3, 20)), rng.standard_normal((3, 30)), rng.standard_normal((40, 3))

    def f(x: Any, y: Any) -> Any:
        return np.tanh(C @ np.tanh(A @ x + B @ y))

    plan = modes.plan(f, np.ones(20), np.ones(30), argnums=(0, 1))
    assert plan.cuts == (3,)
    assert [segment[:2] for segment in plan.segments] == [(50, 3), (3, 40)]
    assert plan.fma["mixed"] == 40 * 3 * 50  # the rest is rows and columns of matrices as they are
    assert modes.plan(f, np.ones(20), np.ones(30), argnums=1).segments[0][:2] == (30, 3)


# -- that all orders give the Jacobian ---------------------------------------------------------------------------------
Piece = Callable[[Any, Any, np.random.Generator], Any]


def layer(size: int) -> Piece:
    """A dense layer."""
    return lambda h, x, rng: np.tanh(rng.standard_normal((size, h.shape[0])) / np.sqrt(h.shape[0]) @ h)


PIECES: dict[str, Piece] = {
    **{f"layer of {size}": layer(size) for size in (1, 2, 3, 5, 7)},
    "residual block": lambda h, x, rng: h + np.tanh(rng.standard_normal((h.size, h.size)) / h.size @ h),
    "fan-out": lambda h, x, rng: h * np.sin(h) + np.cumsum(h) / h.size,
    "element-wise": lambda h, x, rng: np.sin(h * rng.standard_normal(h.size)),
    "past it": lambda h, x, rng: h + np.sum(np.tanh(x[0])),
    "to a matrix and back": lambda h, x, rng: np.ravel(np.tanh(h[:, None] * rng.standard_normal(2)).T),
    "sum and spread": lambda h, x, rng: np.sin(np.sum(h) * rng.standard_normal(4)),
    "unused": lambda h, x, rng: (np.tanh(h), h)[1],
    "norm": lambda h, x, rng: np.sqrt(np.sum(h * h) + 1) * rng.standard_normal(3),
}


class Waisted:
    """Pieces one after the other, of arguments that are joined first; the output in a shape of its own."""

    __name__ = "waisted"

    def __init__(self, names: list[str], seed: int, matrix: bool) -> None:
        self.names, self.seed, self.matrix = names, seed, matrix

    def __call__(self, *x: Any) -> Any:
        rng = np.random.default_rng(self.seed)
        h = sum(rng.standard_normal((6, part.size)) @ np.ravel(part) / 6 for part in x)
        for name in self.names:
            h = PIECES[name](h, x, rng)
        return np.reshape(h, (1, -1)) * rng.standard_normal((2, 1)) if self.matrix else h


waisted = {
    "names": st.lists(st.sampled_from(sorted(PIECES)), min_size=1, max_size=7),
    "seed": SEEDS,
    "count": st.integers(1, 3),
    "matrix": st.booleans(),
}


def program(names: list[str], seed: int, count: int, matrix: bool) -> tuple[Waisted, list[Any], Any]:
    """It, its arguments, and argnums."""
    rng = np.random.default_rng(seed)
    args = [rng.standard_normal(((4,), (2, 3), ())[(seed + i) % 3]) for i in range(count)]
    return Waisted(names, seed, matrix), args, tuple(range(count)) if count > 1 else 0


@given(**waisted, chunk_size=st.sampled_from([None, 1, 2, 5]))
@quietly(250)
def test_c8_any_order_gives_the_jacobian_of_both_modes(
    names: list[str], seed: int, count: int, matrix: bool, chunk_size: int | None
) -> None:
    f, args, argnums = program(names, seed, count, matrix)
    expected = flatten(modes.jacrev(f, argnums)(*args))
    for came, J in zip(flatten(modes.jacfwd(f, argnums)(*args)), expected, strict=True):
        close(came, J, 1e-12)
    with cut_at_random(seed) as taken:
        found = modes.jacobian(f, argnums, mode="mixed", chunk_size=chunk_size)(*args)
        prepared = modes.prepare(f, *args, argnums=argnums)
        again = [prepared.jacobian(*args, mode="mixed", chunk_size=chunk_size) for _ in range(2)]
    assert taken
    assert isinstance(found, tuple) == (count > 1)
    for results in (found, *again):
        for x, came, J in zip(args, flatten(results), expected, strict=True):
            assert came.flags.writeable
            assert came.dtype == J.dtype
            assert came.shape == J.shape
            assert not np.may_share_memory(came, x)
            close(came, J, 1e-12)
    for mode in ("mixed", "auto"):
        for came, J in zip(flatten(modes.jacobian(f, argnums, mode=mode)(*args)), expected, strict=True):
            close(came, J, 1e-12)


@given(**waisted | {"count": st.just(1)})
@quietly(80)
def test_inside_a_gradient_and_around_one(names: list[str], seed: int, count: int, matrix: bool) -> None:
    f, (x,), _ = program(names, seed, count, matrix)

    def scalar(jacobian: Function) -> Function:
        return lambda x: np.sum(np.sin(jacobian(x)))

    expected = modes.grad(scalar(modes.jacrev(f)))(x)
    around = modes.jacrev(modes.grad(lambda x: np.sum(f(x) ** 2)))(x)
    with cut_at_random(seed):
        close(modes.grad(scalar(modes.jacobian(f, mode="mixed")))(x), expected, 1e-12)
        close(modes.jvp(scalar(modes.jacobian(f, mode="mixed")), (x,), (x,))[1], np.sum(expected * x), 1e-12)
        close(modes.jacobian(modes.grad(lambda x: np.sum(f(x) ** 2)), mode="mixed")(x), around, 1e-12)


def test_every_kind_of_step_is_tested_here() -> None:
    """The orders drawn above have them all, below and above each other."""
    found = set()
    for seed in range(200):
        for step in random_order(0, 4, np.random.default_rng(seed)).steps():
            found.add((step.kind, getattr(step.lower, "kind", None), getattr(step.upper, "kind", None)))
    kinds = (PUSH, PULL, MULTIPLY, PUSH_ON, PULL_BACK)
    assert {kind for kind, _, _ in found} == set(kinds)
    assert {(lower, upper) for kind, lower, upper in found if kind == MULTIPLY} >= {
        (a, b) for a in (PUSH, PULL) for b in kinds
    }


@pytest.mark.parametrize("mode", ["mixed", "auto"])
def test_layout_trees_and_scalars(mode: str) -> None:
    f, x = dense((40, 3, 50))
    J = modes.jacobian(f, mode=mode, layout="denominator")(x)
    np.testing.assert_allclose(J, modes.jacrev(f)(x).T, rtol=1e-12, atol=1e-15)
    by_tree = modes.jacobian(lambda p: f(p["x"]) * p["s"], mode=mode)({"x": x, "s": np.float64(2.0)})
    np.testing.assert_allclose(by_tree["x"], 2 * J.T, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(by_tree["s"], f(x), rtol=1e-12)
    single = modes.jacobian(f, mode=mode)(x.astype(np.float32))
    assert single.dtype == np.float64  # the matrices are, and so is the output
    assert modes.jacobian(lambda x: np.ones(2), mode=mode)(x).shape == (2, 40)
    np.testing.assert_array_equal(modes.jacobian(lambda x: x, mode=mode)(x), np.eye(40))


@pytest.mark.parametrize("seed", range(12))
def test_arguments_that_enter_by_their_sum_and_one_that_does_not(seed: int) -> None:
    rng = np.random.default_rng(seed)
    A, B = rng.standard_normal((3, 5)), rng.standard_normal((5, 3))
    args = [rng.standard_normal(5) for _ in range(3)]

    def f(x: Any, y: Any, unused: Any) -> Any:
        return np.tanh(B @ np.sin(A @ np.tanh(x + y)))

    expected = modes.jacrev(f, 0)(*args)
    with cut_at_random(seed):
        by_x, by_y, by_unused = found = modes.jacobian(f, (0, 1, 2), mode="mixed")(*args)
    close(by_x, expected, 1e-12)
    close(by_y, expected, 1e-12)
    np.testing.assert_array_equal(by_unused, np.zeros((5, 5)))
    assert all(J.flags.writeable for J in found)
    assert not np.may_share_memory(by_x, by_y)


def test_float32_stays_float32() -> None:
    rng = np.random.default_rng(0)
    down, up = (rng.standard_normal(shape).astype(np.float32) for shape in ((2, 60), (60, 2)))
    f, x = (lambda x: np.tanh(up @ np.tanh(down @ x))), np.full(60, 0.01, np.float32)
    assert modes.plan(f, x).cuts == (2,)
    J = modes.jacobian(f, mode="mixed")(x)
    assert J.dtype == np.float32
    np.testing.assert_allclose(J, modes.jacfwd(f)(x), rtol=1e-4, atol=1e-5)


def test_zero_times_infinity_is_zero_as_in_both_modes() -> None:
    """The product of two matrices could not keep the convention of modes.rules.singular: such a program is not cut."""
    rng = np.random.default_rng(0)
    down, up = 0.1 + rng.random((40, 40)), rng.random((40, 1)) / 40

    def f(x: Any) -> Any:
        s = np.sqrt(down @ x)[:1]  # its derivative at 0 is infinite, and that of its square 0
        return np.tanh(up @ (s * s))

    x = np.zeros(40)
    with np.errstate(divide="ignore", invalid="ignore"):
        assert modes.plan(f, x).cuts == (1,)
        expected = modes.jacrev(f)(x)
        came = modes.jacobian(f, mode="mixed")(x)
    np.testing.assert_array_equal(expected, np.zeros((40, 40)))
    np.testing.assert_array_equal(came, expected)
    near = np.full(40, 0.1)
    np.testing.assert_allclose(modes.jacobian(f, mode="mixed")(near), modes.jacrev(f)(near), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("outer", ["forward", "reverse", "mixed", "auto"])
@pytest.mark.parametrize("inner", ["mixed", "auto"])
def test_hessians_by_mixed_accumulation(outer: str, inner: str) -> None:
    f, x = dense((12, 2, 12))

    def scalar(x: Any) -> Any:
        return np.sum(f(x) ** 2)

    expected = modes.hessian(scalar)(x)
    close(modes.hessian(scalar, outer=outer, inner=inner)(x), expected, 1e-12)
    with cut_at_random(0):
        close(modes.hessian(scalar, outer=outer, inner=inner)(x), expected, 1e-12)


# -- memory ------------------------------------------------------------------------------------------------------------
def test_seeds_go_in_chunks_where_all_at_once_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    f, x = dense((300, 400, 200, 400, 300))
    assert modes.plan(f, x).cuts == (200,)
    expected = modes.jacrev(f)(x)
    lengths: list[int] = []
    for name in ("push", "pull"):
        method = getattr(Matrix, name)

        def noted(partial: Matrix, block: Any, method: Any = method) -> Any:
            lengths.append(len(block))
            return method(partial, block)

        monkeypatch.setattr(Matrix, name, noted)
    np.testing.assert_allclose(modes.jacobian(f, mode="mixed")(x), expected, rtol=1e-12, atol=1e-14)
    assert set(lengths) == {200}
    lengths.clear()
    monkeypatch.setattr(chunking, "SMALL", 0)
    monkeypatch.setattr(chunking, "_budget", 2 * 400 * 8 * 64)
    np.testing.assert_allclose(modes.jacobian(f, mode="mixed")(x), expected, rtol=1e-12, atol=1e-14)
    assert set(lengths) == {64, 200 % 64}


def test_a_result_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    f, x = dense((400, 4, 400))
    monkeypatch.setattr(chunking, "SMALL", 0)
    monkeypatch.setattr(chunking, "available", lambda: 100_000)
    with pytest.raises(MemoryError, match=r'shape \(400, 400\) takes .* modes.jacobian\(mode="mixed"\)'):
        modes.jacobian(f, mode="mixed")(x)
    assert modes.jacobian(f, mode="mixed", insist=True)(x).shape == (400, 400)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True])
def test_a_chunk_size_that_is_none_is_refused(wrong: Any) -> None:
    f, x = dense((40, 4, 40))
    with pytest.raises((TypeError, ValueError), match="expected chunk_size"):
        modes.jacobian(f, mode="mixed", chunk_size=wrong)(x)


def test_what_has_one_operand_is_written_as_such() -> None:
    """A constant that is added adds no entry, by whichever way it came: here as a list."""
    tape, index = recorded(lambda x: np.tanh(np.add(x, [1.0, 2.0, 3.0])), np.ones(3))
    assert (tape.parents[1:], index) == ([0], 1)


# -- planning once, and choosing without a tape ------------------------------------------------------------------------
def test_a_structure_is_planned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    planned: list[int] = []
    plan = planning._planned

    def noted(*args: Any) -> Route:
        planned.append(1)
        return plan(*args)

    monkeypatch.setattr(planning, "_planned", noted)
    monkeypatch.setattr(planning, "_known", {})
    for seed in range(3):  # other functions, other numbers
        remembered.forget()
        f, x = dense((20, 2, 21), seed)
        modes.jacobian(f, mode="mixed")(x)
    assert len(planned) == 1
    for widths in ((20, 2, 22), (20, 2, 21, 21)):
        f, x = dense(widths)
        modes.jacobian(f, mode="auto")(x)
    assert len(planned) == 3
    f, x = dense((20, 2, 21))
    with counted_alone():
        modes.plan(f, x)
    assert len(planned) == 4


@pytest.mark.parametrize("bound", ["_ROUTES", "_ENTRIES"])
def test_plans_that_are_kept_are_bounded(bound: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "_known", {})
    for m in (21, 22):
        modes.plan(*dense((20, 3, m)))
    assert len(planning._known) == 2
    monkeypatch.setattr(planning, bound, 2)
    modes.plan(*dense((20, 3, 23)))
    assert len(planning._known) == 1  # it began anew


def test_recordings_of_the_same_shapes_but_other_partials_are_told_apart() -> None:
    W = np.ones((4, 4)) / 4
    found = {
        recorded(f, np.ones(4))[0].signature(1)
        for f in (np.tanh, lambda x: W @ x, np.cumsum, lambda x: np.stack([x, x])[0], lambda x: x * x, lambda x: x + x)
    }
    assert len(found) == 6


# -- what a plan says --------------------------------------------------------------------------------------------------
def test_a_plan_is_a_value_that_says_what_is_done() -> None:
    f, x = dense((256, 64, 64, 4, 64, 64, 256))
    plan = modes.plan(f, x)
    assert plan == modes.plan(f, x)
    assert (plan.mode, plan.cuts) == ("mixed", (4,))
    assert list(plan.fma) == list(plan.seconds) == ["forward", "reverse", "mixed"]
    assert plan.seconds["mixed"] < min(plan.seconds["forward"], plan.seconds["reverse"])
    assert [segment[:2] for segment in plan.segments] == [(256, 4), (4, 256)]
    assert sum(segment[2] for segment in plan.segments) == 12
    text = str(plan)
    assert text.startswith("mixed: cut at 4, ")
    for number in plan.fma.values():
        assert str(number) in text
    assert len(plan.steps) == 3
    assert plan.steps[-1].startswith("multiply the Jacobians, 256 x 4 and 4 x 256")
    with pytest.raises(AttributeError):
        plan.mode = "forward"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (lambda x: np.tanh(np.ones((9, 9)) @ x), "is narrower than what lies on its sides"),
        (lambda x: x + np.sum(x), "there is no value that all paths from input to output go through"),
        (lambda x: np.ones(3), "depends on no argument"),
        (lambda x: np.ones((3, 2)) @ np.tanh(np.ones((2, 9)) @ x), "cut at 2 it would take"),
    ],
)
def test_a_plan_says_why_nothing_is_cut(f: Function, reason: str) -> None:
    plan = modes.plan(f, np.ones(9))
    assert plan.mode != "mixed"
    assert reason in str(plan)


def test_steps_are_said_in_words() -> None:
    f, x = dense((90, 100, 300, 100, 90))
    plan = modes.plan(f, x)
    assert plan.steps == (
        "push the 100 columns of the identity on 100 to 90: 3900000 multiply-adds",
        "pull the 90 rows of the Jacobian by 100 back to 90: 810000 multiply-adds",
    )
    assert plan.cuts == (100,)
    assert plan.fma["mixed"] == 4710000 < plan.fma["forward"]


def test_sizes_of_the_tape_are_those_of_the_values() -> None:
    tape, index = recorded(lambda x: np.concatenate([np.ones((2, 3)) @ x, x]) * 2.0 + 1.0, np.ones(3))
    assert tape.shapes == [(3,), (2,), (5,), (5,)]
    assert tape.sizes == [prod(shape) for shape in tape.shapes]
    assert index == 3


# -- prepared ----------------------------------------------------------------------------------------------------------
def test_prepared_jacobians_by_every_mode() -> None:
    f, x = dense((60, 3, 70))
    prepared = modes.prepare(f, x)
    for mode in ("forward", "reverse", "mixed", "auto"):
        for chunk_size in (None, 2):
            for _ in range(2):
                J = prepared.jacobian(x, mode=mode, chunk_size=chunk_size)
                assert J.flags.writeable
                close(J, modes.jacrev(f)(x), 1e-12)
    y = x + 1.0
    close(prepared.jacobian(y, mode="mixed"), modes.jacrev(f)(y), 1e-12)
    with pytest.raises(ValueError, match="expected mode to be one of 'forward', 'reverse', 'mixed', 'auto', got 'up'"):
        prepared.jacobian(x, mode="up")


def test_a_prepared_plan_is_made_while_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    f, x = dense((60, 3, 70))
    prepared = modes.prepare(f, x)
    first = prepared.jacobian(x, mode="mixed")
    monkeypatch.setattr(choice, "route", lambda *_: pytest.fail("planned at a replay"))
    np.testing.assert_array_equal(prepared.jacobian(x, mode="mixed"), first)


def test_what_is_one_of_the_two_modes_is_recorded_once() -> None:
    f, x = dense((16,) * 5)
    prepared = modes.prepare(f, x)
    for mode in ("auto", "mixed", "reverse"):
        for _ in range(2):
            np.testing.assert_array_equal(prepared.jacobian(x, mode=mode), prepared.jacrev(x))
    assert list(prepared._programs) == [("reverse", None)]
    outer = modes.jacfwd(lambda x: prepared.jacobian(x, mode="auto"))(x)
    close(outer, modes.jacfwd(modes.jacrev(f))(x), 1e-12)


def test_replayed_a_tie_goes_to_reverse_mode() -> None:
    f, x = dense((16,) * 5)
    tape, index = recorded(f, x)
    assert route(tape, index).mode == "forward"
    assert route(tape, index, replayed=True).mode == "reverse"
    chain = modes.layer_chain(16, 16, 4, 16)  # with biases, which are operands of their own when they are recorded
    prepared = modes.prepare(chain, chain.x)
    prepared.jacobian(chain.x, mode="auto")
    assert list(prepared._programs) == [("reverse", None)]
    f, x = dense((8, 64, 64, 8))  # few seeds in wide values: no tie in time
    assert route(*recorded(f, x), replayed=True).mode == "forward"

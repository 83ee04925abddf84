"""Functions that give several results: trees of arrays come back as trees, of values and of derivatives, as in JAX.

Data beside the result (has_aux) comes back plain; keyword arguments are constants; nothing traced leaves by any of it.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import modes

from .rule_cases import real

W, V, B = real(2, 3), real(3), np.array(0.7)
P = {"w": W, "rest": (V, B)}
MODES = ("forward", "reverse", "mixed", "auto")


class Pair(NamedTuple):
    low: Any
    high: Any


def several(p: Any, scale: float = 1.0) -> Any:
    """A dict with a vector, a scalar, a matrix, a named tuple, and a constant."""
    w, (v, b) = p["w"], p["rest"]
    return {
        "vector": scale * np.tanh(w @ v) * b,
        "inner": [np.sum(v * v), Pair(w * b, np.sin(v[:1]))],
        "constant": np.ones((2, 2)),
    }


def flat(p: Any, scale: float = 1.0) -> Any:
    """The same results as one vector."""
    y = several(p, scale)
    parts = (y["vector"], y["inner"][0], y["inner"][1].low, y["inner"][1].high, y["constant"])
    return np.concatenate([np.ravel(part) for part in parts])


SHAPES = ((2,), (), (2, 3), (1,), (2, 2))


def leaves(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [x for branch in tree.values() for x in leaves(branch)]
    return [x for branch in tree for x in leaves(branch)] if isinstance(tree, tuple | list) else [tree]


def cut(y: Any) -> list[Any]:
    """A vector of all results, or a Jacobian with one axis for them, as one array each."""
    sizes = [int(np.prod(shape)) for shape in SHAPES]
    ends = np.cumsum(sizes)
    return [
        np.reshape(y[end - size : end], (*shape, *y.shape[1:]))
        for end, size, shape in zip(ends, sizes, SHAPES, strict=True)
    ]


def same(came: Any, expected: Any) -> None:
    """Trees of one structure, numbers and shapes; nothing traced is in them."""
    if isinstance(expected, tuple | list | dict):
        assert type(came) is type(expected)
    if isinstance(expected, dict):
        assert list(came) == list(expected)
        for key, branch in expected.items():
            same(came[key], branch)
    elif isinstance(expected, tuple | list):
        assert len(came) == len(expected)
        for pair in zip(came, expected, strict=True):
            same(*pair)
    else:
        assert isinstance(came, np.ndarray | np.floating)
        np.testing.assert_allclose(came, expected, rtol=1e-12, atol=1e-13)
        assert np.shape(came) == np.shape(expected)


def tree(parts: list[Any]) -> Any:
    vector, total, low, high, constant = parts
    return {"vector": vector, "inner": [total, Pair(low, high)], "constant": constant}


# --- trees of results -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("chunk_size", [None, 2])
def test_a_jacobian_is_a_tree_of_results_and_in_it_of_arguments(mode: str, chunk_size: int | None) -> None:
    rows = modes.jacrev(flat)(P, scale=1.5)
    by_leaf = [cut(J) for J in leaves(rows)]
    expected = tree([{"w": w, "rest": (v, b)} for w, v, b in zip(*by_leaf, strict=True)])
    same(modes.jacobian(several, mode=mode, chunk_size=chunk_size)(P, scale=1.5), expected)
    turned = modes.jacobian(several, mode=mode, layout="denominator")(P, scale=1.5)
    np.testing.assert_allclose(turned["inner"][1].low["w"], np.moveaxis(expected["inner"][1].low["w"], (0, 1), (2, 3)))


def test_products_take_and_give_trees() -> None:
    dot = {"w": real(2, 3), "rest": (real(3), np.array(0.3))}
    y, y_dot = modes.jvp(several, (P,), (dot,))
    same(y, several(P))
    same(y_dot, tree(cut(modes.jvp(flat, (P,), (dot,))[1])))
    y, pullback = modes.vjp(several, P)
    same(y, several(P))
    y_bar = tree([real(*shape) for shape in SHAPES])
    expected = modes.vjp(flat, P)[1](np.concatenate([np.ravel(part) for part in leaves(y_bar)]))
    same(pullback(y_bar), expected)
    same(pullback(dict(reversed(y_bar.items()))), expected)  # a dict's order makes no difference
    modes.check_derivatives(several, P)
    modes.check_derivatives(lambda c: modes.vjp(several, P)[1](c)[0], y_bar)


def test_second_derivatives_of_trees() -> None:
    H = modes.hessian(several)(P)
    by_pair = modes.hessian(flat)(P)
    same(H["inner"][1].low["w"]["rest"][1], cut(by_pair["w"]["rest"][1])[2])
    same(H["vector"]["rest"][0]["w"], cut(by_pair["rest"][0]["w"])[0])
    same(H["inner"][0]["rest"][0]["rest"][0], 2 * np.eye(3))
    for outer in ("forward", "reverse"):
        for inner in ("forward", "reverse"):
            same(modes.hessian(several, outer=outer, inner=inner)(P), H)
    same(modes.jacfwd(modes.jacrev(several))(P), H)


def test_a_prepared_function_gives_trees() -> None:
    prepared = modes.prepare(functools.partial(several, scale=2.0), P)
    other = {"w": 2 * W, "rest": (V + 1, B)}
    same(prepared.value(other), several(other, 2.0))
    for mode in MODES:
        same(prepared.jacobian(other, mode=mode), modes.jacrev(several)(other, scale=2.0))
    same(prepared.jvp((other,), (P,)), modes.jvp(functools.partial(several, scale=2.0), (other,), (P,)))
    y_bar = tree([real(*shape) for shape in SHAPES])
    same(prepared.vjp(other)[1](y_bar), modes.vjp(functools.partial(several, scale=2.0), other)[1](y_bar))
    same(copy.copy(prepared).value(P), several(P, 2.0))
    nested = modes.jacfwd(lambda p: prepared.vjp(p)[1](y_bar))(P)
    same(nested, modes.jacfwd(lambda p: modes.vjp(functools.partial(several, scale=2.0), p)[1](y_bar))(P))
    # one array in, two out
    two = modes.prepare(lambda x: (x * x, np.sum(x)), V)
    same(two.jacrev(2 * V), modes.jacfwd(lambda x: (x * x, np.sum(x)))(2 * V))
    with pytest.raises(ValueError, match="expected a cotangent with 2 branches"):
        two.vjp(V)[1](np.ones(4))


def test_results_of_numpys_own() -> None:
    A = real(3, 3) + 3 * np.eye(3)
    J = modes.jacrev(np.linalg.svd)(A)
    assert J._fields == ("U", "S", "Vh")
    same(J, modes.jacfwd(np.linalg.svd)(A))
    parts = modes.jacfwd(lambda x: np.split(x, [1]))(V)
    same(parts, [np.eye(3)[:1], np.eye(3)[1:]])
    modes.check_derivatives(np.linalg.slogdet, A)
    modes.check_derivatives(lambda x: np.gradient(np.outer(x, x)), V)


@pytest.mark.parametrize("one", [lambda y: (y,), lambda y: [y], lambda y: {"y": y}, lambda y: [{"y": (y,)}]])
@pytest.mark.parametrize("x", [V, 0.3, W], ids=["vector", "scalar", "matrix"])
def test_a_tree_of_one_result_is_a_tree(one: Callable[[Any], Any], x: Any) -> None:
    for mode in MODES:
        same(modes.jacobian(lambda x: one(x * x), mode=mode)(x), one(modes.jacobian(lambda x: x * x, mode=mode)(x)))
    y, pullback = modes.vjp(lambda x: one(x * x), x)
    same(y, one(x * x))
    same(pullback(one(x)), (2 * x * x,))
    same(modes.jvp(lambda x: one(x * x), (x,), (x,))[1], one(2 * x * x))


def test_each_result_keeps_its_dtype() -> None:
    x = V.astype(np.float32)

    def f(x: Any) -> Any:
        return x * x, x.astype(np.float64) * 2, np.sum(x)

    expected = [np.float32, np.float64, np.float32]
    for mode in MODES:
        assert [J.dtype for J in modes.jacobian(f, mode=mode)(x)] == expected
    assert [y.dtype for y in modes.jvp(f, (x,), (x,))[1]] == expected
    y, pullback = modes.vjp(f, x)
    assert [part.dtype for part in y] == expected
    assert pullback(y)[0].dtype == np.float32
    assert [H.dtype for H in modes.hessian(f)(x)] == expected


def test_results_are_nobody_elses_memory() -> None:
    y, pullback = modes.vjp(lambda x: (x, np.exp(x), x), V)
    expected = pullback((V, V, V))
    for part in y:
        part[:] = 0
    same(pullback((V, V, V)), expected)
    first, second = modes.jvp(lambda x: (x, x), (V,), (V,))[0]
    assert not np.shares_memory(first, second)
    assert not np.shares_memory(first, V)


@pytest.mark.parametrize(
    ("f", "error", "message"),
    [
        (lambda x: (x, "a"), TypeError, "got str among them; return what is not .* has_aux=True"),
        (lambda x: {"y": x, "n": 1}, TypeError, "got int among them"),
        (lambda x: [x, None], TypeError, "got NoneType among them"),
        (lambda x: (), TypeError, "expected .* to return arrays or scalars, got an empty tuple"),
    ],
)
def test_what_is_no_result(f: Callable[[Any], Any], error: type[Exception], message: str) -> None:
    calls: list[Callable[[], Any]] = [
        *(lambda mode=mode: modes.jacobian(f, mode=mode)(V) for mode in MODES),
        lambda: modes.jvp(f, (V,), (V,)),
        lambda: modes.vjp(f, V),
        lambda: modes.prepare(f, V),
        lambda: modes.plan(f, V),
        lambda: modes.check_derivatives(f, V),
    ]
    for call in calls:
        with pytest.raises(error, match=message):
            call()


def test_wrong_trees_are_refused_with_what_was_expected() -> None:
    with pytest.raises(ValueError, match=r"the gradient of, got a tree of 2; return .y, aux. with has_aux=True"):
        modes.grad(lambda x: (np.sum(x), x))(V)
    _, pullback = modes.vjp(lambda x: {"a": x, "b": x[0]}, V)
    with pytest.raises(ValueError, match="expected a cotangent with the keys"):
        pullback({"a": V})
    with pytest.raises(ValueError, match=r"of shape \(3,\), the shape of its primal, got shape \(2,\)"):
        pullback({"a": V[:2], "b": 1.0})
    with pytest.raises(TypeError, match=r"expected argument 0 of several to be a float, got int 2; write 2\.0"):
        modes.jacfwd(several)({"w": W, "rest": (V, 2)})

    def f(x: Any, n: Any) -> Any:
        return x * n

    with pytest.raises(TypeError, match=r"expected argument 1 of f to be a float, got int 3; write 3\.0"):
        modes.jacrev(f, (0, 1))(V, 3)


def test_the_plan_is_that_of_all_results() -> None:
    assert modes.plan(several, P).fma == modes.plan(flat, P).fma


# --- keyword arguments ------------------------------------------------------------------------------------------------
def test_keyword_arguments_go_to_f_as_they_are() -> None:
    seen: list[Any] = []

    def f(x: Any, *, power: int, A: Any, name: str = "") -> Any:
        seen.append((power, A, name))
        return np.sum(A @ x**power)

    A = real(2, 3)
    keywords: dict[str, Any] = {"power": 3, "A": A, "name": "here"}
    expected = 3 * V**2 * A.sum(0)
    calls: list[Any] = [modes.jacobian(f, mode=mode) for mode in MODES]
    calls += [
        modes.grad(f),
        modes.jacobian(f, mode="auto", layout="denominator"),
        lambda *a, **k: modes.value_and_grad(f)(*a, **k)[1],
    ]
    for call in calls:
        for _ in range(2):  # mode="auto" goes by forward mode the second time, if it did the first
            np.testing.assert_allclose(call(V, **keywords), expected)
    np.testing.assert_allclose(modes.hessian(f)(V, **keywords), np.diag(6 * V * A.sum(0)))
    for power, matrix, name in seen:
        assert type(power) is int
        assert matrix is A
        assert name == "here"


# --- data beside the result -------------------------------------------------------------------------------------------
def test_aux_comes_back_plain_beside_each_result() -> None:
    def f(x: Any) -> Any:
        y = x * x
        return np.sum(y), {"y": y, "n": 3, "text": "kept", "nested": [(y[0], None)], "plain": V, "kind": x.astype(int)}

    aux = {"y": V * V, "n": 3, "text": "kept", "nested": [(V[0] * V[0], None)], "plain": V, "kind": V.astype(int)}

    def check(came: Any) -> None:
        assert came["text"] == "kept"
        assert came["nested"][0][1] is None
        assert type(came["y"]) is np.ndarray
        assert isinstance(came["nested"][0][0], np.float64)
        np.testing.assert_array_equal(came["y"], aux["y"])
        np.testing.assert_array_equal(came["kind"], aux["kind"])

    gradient, came = modes.grad(f, has_aux=True)(V)
    np.testing.assert_array_equal(gradient, 2 * V)
    check(came)
    (y, came), gradient = modes.value_and_grad(f, has_aux=True)(V)
    assert y == np.sum(V * V)
    check(came)
    for mode in MODES:
        for chunk_size in (None, 1):
            J, came = modes.jacobian(f, mode=mode, chunk_size=chunk_size, has_aux=True)(V)
            np.testing.assert_array_equal(J, 2 * V)
            check(came)
    check(modes.jacobian(f, mode="forward", layout="denominator", has_aux=True)(V)[1])
    *_, came = modes.jvp(f, (V,), (V,), has_aux=True)
    check(came)
    _, pullback, came = modes.vjp(f, V, has_aux=True)
    np.testing.assert_array_equal(pullback(1.0)[0], 2 * V)
    check(came)
    for outer in ("forward", "reverse"):
        H, came = modes.hessian(f, outer=outer, has_aux=True)(V)
        np.testing.assert_array_equal(H, 2 * np.eye(3))
        check(came)


def test_aux_of_an_inner_derivative_is_followed_by_the_outer_one() -> None:
    def f(x: Any) -> Any:
        g, aux = modes.grad(lambda z: (np.sum(z * z * x), z * x), has_aux=True)(x)
        return g + aux

    for jacobian in (modes.jacfwd, modes.jacrev):
        np.testing.assert_allclose(jacobian(f)(V), np.diag(6 * V))


@dataclasses.dataclass
class State:
    x: Any


def test_nothing_traced_leaves_with_aux() -> None:
    class Slots:
        __slots__ = ("x",)
        x: Any

    slotted = Slots()
    kept: list[Any] = []

    def hiding(hide: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: (np.sum(x), hide(x))

    def in_slots(x: Any) -> Any:
        slotted.x = x
        return slotted

    def leaked(x: Any) -> Any:
        kept.append(x)
        return [kept[0]]

    hides: list[Callable[[Any], Any]] = [State, in_slots, lambda x: [State([x])], lambda x: {x.size: {1: State(x)}}]
    hides += [lambda x: [frozenset([Whole(x)])]]
    for has in (modes.grad, modes.jacfwd, functools.partial(modes.jacobian, mode="auto")):
        for hide in hides:
            with pytest.raises(modes.TracedValueError, match=r"with a traced array of shape .* whose trace has ended"):
                has(hiding(hide), has_aux=True)(V)
        kept.clear()
        has(hiding(lambda x: [leaked(x)]), has_aux=True)(V)
        with pytest.raises(modes.TracedValueError, match="used after its trace had ended"):
            has(hiding(leaked), has_aux=True)(V)
        # plain objects go through as they are
        state = State(V)
        assert has(hiding(lambda x: state), has_aux=True)(V)[1] is state  # noqa: B023

        def objects(x: Any) -> Any:
            a = np.empty(2, object)
            a[0], a[1] = x[0], "text"
            return a

        _, (came,) = has(hiding(lambda x: [objects(x)]), has_aux=True)(V)
        assert came[0] == V[0]
        assert isinstance(came[0], np.float64)
        # as trees they come back plain
        assert type(has(hiding(lambda x: dataclasses.asdict(State(x))), has_aux=True)(V)[1]["x"]) is np.ndarray
        assert type(has(hiding(lambda x: dataclasses.astuple(State([x]))), has_aux=True)(V)[1][0][0]) is np.ndarray


class Whole:
    """Hashable, with an attribute."""

    def __init__(self, x: Any) -> None:
        self.x = x


def test_nothing_traced_leaves_in_a_tree_of_results() -> None:
    kept: list[Any] = []

    def keeps(x: Any) -> Any:
        kept.append(x * 1.0)
        return x

    def generator(x: Any) -> Any:
        yield from (x[i] * 2 for i in range(3))

    started: list[Any] = []

    def starts(x: Any) -> Any:
        started.append(generator(x))
        return next(started[-1])

    modes.jvp(keeps, (V,), (V,))
    modes.vjp(keeps, V)
    modes.grad(starts)(V)
    for old in kept:
        trees: list[Callable[[Any, Any], Any]] = [lambda o, x: [o], lambda o, x: (x, {"o": o}), lambda o, x: State(o)]
        for f in [functools.partial(hidden, old) for hidden in trees]:
            for mode in MODES:
                with pytest.raises(TypeError, match=r"used after its trace had ended|got State"):
                    modes.jacobian(f, mode=mode)(V)
            with pytest.raises(TypeError, match=r"used after its trace had ended|got State"):
                modes.prepare(f, V)
    with pytest.raises(modes.TracedValueError, match="used after its trace had ended"):
        next(started[0])
    with pytest.raises(TypeError, match="got generator"):
        modes.jacfwd(generator)(V)

    # an inner derivative's array, handed to the outer function in a tree, is of a trace that has ended there
    def inside(x: Any) -> Any:
        box: list[Any] = []
        modes.grad(lambda z: box.append(z) or np.sum(z))(x)  # type: ignore[func-returns-value]
        return {"box": box}

    for jacobian in (modes.jacfwd, modes.jacrev):
        with pytest.raises(modes.TracedValueError, match="used after its trace had ended"):
            jacobian(inside)(V)


@pytest.mark.parametrize("value", [1, (1, 2, 3), None, [1.0, 2], V])
def test_has_aux_wants_a_pair(value: Any) -> None:
    with pytest.raises(TypeError, match=r"to return a pair \(y, aux\), because of has_aux=True, got"):
        modes.grad(lambda x: value, has_aux=True)(V)

"""Derivatives inside of a recorded function: gradients, Hessians and their products are replayed like anything else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import modes

C = np.array([0.3, -1.2, 2.0])
A = np.random.default_rng(5).standard_normal((4, 3))
L = np.diag([3.0, 5.0, 7.0])


def cost(c: Any) -> Any:
    return np.sum(np.tanh(A @ c) ** 2)


# Scalar functions whose gradients take the engines through decisions on values (is it finite?), indices and matrices.
COSTS: dict[str, Callable[[Any], Any]] = {
    "tanh": cost,
    "exp": lambda c: np.sum(np.exp(c) * c / (1 + c * c)),
    "sqrt": lambda c: np.sum(np.sqrt(c * c + 1) ** 3),
    "norm": lambda c: np.linalg.norm(c) * np.log(np.sum(c * c)),
    "entries": lambda c: c[0] * c[1] ** 2 + np.sum(c[[0, 0, 2]] ** 3),
    "max": lambda c: np.max(c) ** 2 * np.sum(np.maximum(c, 0.1)),
    "log of sum": lambda c: np.logaddexp.reduce(c * c),
    "product": lambda c: np.prod(c) * np.std(c),
    "solve": lambda c: np.sum(np.linalg.solve(np.outer(c, c) + L, c)),
    "eigh": lambda c: np.sum(np.linalg.eigh(np.outer(c, c) + L)[0] ** 2),
    "where": lambda c: np.sum(np.where(c > 0, c**2, np.exp(c))),
    "sort": lambda c: np.sum(np.sort(c) ** 2 * np.arange(3)),
    "at": lambda c: np.sum(modes.at(c, [0, 1]).set(c[1:] ** 2) ** 2),
    "interp": lambda c: np.sum(np.interp(c, [-5.0, 0.0, 5.0], [0.0, 1.0, 4.0]) ** 2),
    "list": lambda c: np.sum(np.concatenate([[c[0] * c[1]], c]) ** 2),
}

DERIVATIVES: dict[str, Callable[[Callable[[Any], Any]], Callable[[Any], Any]]] = {
    "grad": modes.grad,
    "jacfwd": modes.jacfwd,
    "jvp": lambda f: lambda c: modes.jvp(f, (c,), (2 * c,))[1],
    "vjp": lambda f: lambda c: modes.vjp(f, c)[1](3.0)[0],
    "value_and_grad": lambda f: lambda c: modes.value_and_grad(f)(c)[0] * modes.value_and_grad(f)(c)[1],
}


def agree(f: Callable[[Any], Any], point: Any, *others: Any) -> None:
    """Recorded once, replayed elsewhere: the value, and its derivatives by each method."""
    prepared = modes.prepare(f, point)
    for x in (point, *others):
        y = f(x)
        np.testing.assert_allclose(prepared.value(x), y, rtol=1e-10, atol=1e-12)
        expected = modes.jacfwd(f)(x)
        for mode in ("forward", "reverse", "auto"):
            np.testing.assert_allclose(prepared.jacobian(x, mode=mode), expected, rtol=1e-8, atol=1e-11)
        np.testing.assert_allclose(prepared.jacfwd(x, chunk_size=2), expected, rtol=1e-8, atol=1e-11)
        np.testing.assert_allclose(prepared.jvp((x,), (C,))[1], expected @ C, rtol=1e-8, atol=1e-11)
        w = np.cos(np.arange(y.size)).reshape(y.shape)
        expected_bar = np.tensordot(w, expected, w.ndim)
        np.testing.assert_allclose(prepared.vjp(x)[1](w)[0], expected_bar, rtol=1e-8, atol=1e-11)


@pytest.mark.parametrize("name", COSTS)
def test_gradients_and_hessian_products_are_replayed(name: str) -> None:
    agree(modes.grad(COSTS[name]), C, 0.7 * C, np.array([1.1, 0.4, -0.9]))


@pytest.mark.parametrize("name", DERIVATIVES)
def test_every_derivative_inside(name: str) -> None:
    agree(DERIVATIVES[name](cost), C, -1.3 * C)


def test_hessians_newton_steps_and_products() -> None:
    def convex(c: Any) -> Any:
        return np.sum(c**4 + np.exp(c))

    agree(modes.hessian(convex), C, 0.5 * C)
    agree(lambda c: c - np.linalg.solve(modes.hessian(convex)(c), modes.grad(convex)(c)), C, 0.5 * C)
    product = modes.prepare(lambda c, v: modes.jvp(modes.grad(convex), (c,), (v,))[1], C, C)
    for c, v in ((C, C), (0.5 * C, -C)):
        np.testing.assert_allclose(product.value(c, v), modes.hessian(convex)(c) @ v)


def test_aux_and_trees_inside() -> None:
    agree(lambda c: modes.grad(lambda c: (cost(c), c * c), has_aux=True)(c)[1] * 2, C, 2 * C)
    agree(lambda c: modes.jacrev(lambda c: {"a": c * c, "b": np.sum(c)})(c)["a"] @ c, C, 2 * C)


def test_what_an_engine_decided_is_decided_anew() -> None:
    """At 0 the gradient takes another way (a derivative that is infinite, zeros in a product): right all the same."""
    for f in (
        lambda c: np.sum(np.where(c > 0, np.sqrt(np.where(c > 0, c, 0.0)), 0.0) * c),
        lambda c: np.prod(c),
        lambda c: np.sum(np.where(c > 0, np.sqrt(np.abs(c)), 1.0)),
    ):
        for point, other in ((C, np.array([0.0, 1.0, 4.0])), (np.array([0.0, 1.0, 4.0]), C)):
            with np.errstate(divide="ignore", invalid="ignore"):
                prepared = modes.prepare(modes.grad(f), point)
                for x in (other, point, other):
                    np.testing.assert_array_equal(prepared.value(x), modes.grad(f)(x))
                    np.testing.assert_allclose(prepared.jacrev(x), modes.jacrev(modes.grad(f))(x))
                    np.testing.assert_allclose(prepared.jvp((x,), (C,))[1], modes.jvp(modes.grad(f), (x,), (C,))[1])


def test_the_operations_are_not_done_by_an_engine_again() -> None:
    """A replay calls neither the function nor an engine, once it has been recorded."""
    calls: list[int] = []

    def counted(c: Any) -> Any:
        calls.append(1)
        return cost(c)

    prepared = modes.prepare(modes.grad(counted), C)
    prepared.value(C)
    prepared.jacfwd(C)
    count = len(calls)
    for k in (0.5, 1.5, -2.0):
        np.testing.assert_allclose(prepared.value(k * C), modes.grad(cost)(k * C))
        np.testing.assert_allclose(prepared.jacfwd(k * C), modes.hessian(cost)(k * C))
    assert len(calls) == count == 1


def test_the_users_own_branch_is_refused_inside_as_well() -> None:
    def branching(c: Any) -> Any:
        return np.sum(c) if c[0] > 0 else np.sum(c * c)

    for derivative in (modes.grad, modes.jacfwd):
        with pytest.raises(modes.TracedValueError, match=r"a branch on a value .* while modes\.prepare"):
            modes.prepare(derivative(branching), C)

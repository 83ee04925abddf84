"""Every row of the rule table, in both modes: by random projection, by differences, nested once, in every structure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import modes
from modes.errors import name_of
from modes.rules import RULES
from modes.rules.shape import cast
from modes.rules.table import CONSTANT

from . import array_cases, creation_cases, linalg_cases, reduction_cases, rule_cases, special_cases

CASES = (
    rule_cases.CASES
    | reduction_cases.CASES
    | array_cases.CASES
    | linalg_cases.CASES
    | creation_cases.CASES
    | special_cases.CASES
)

DIFFERENTIABLE = [func for func, rule in RULES.items() if rule.kind != CONSTANT]


def _parameters() -> list[Any]:
    return [
        pytest.param(f, args, id=f"{name_of(func)}-{i}")
        for func, cases in CASES.items()
        for i, (f, args) in enumerate(cases)
    ]


@pytest.mark.parametrize("func", DIFFERENTIABLE, ids=name_of)
def test_every_row_has_a_case(func: Callable[..., Any]) -> None:
    assert CASES.get(func), f"add a case for {name_of(func)} to tests/rule_cases.py"


@pytest.mark.parametrize(("f", "args"), _parameters())
def test_projections_and_differences(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    modes.check_derivatives(f, *args)


@pytest.mark.parametrize(("f", "args"), _parameters())
def test_nested_once(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """The gradient of a projection of f is itself differentiated, in both modes and by differences."""
    w = np.cos(np.arange(np.size(f(*args)))).reshape(np.shape(f(*args)))
    gradient = modes.grad(lambda *z: np.sum(w * f(*z)), tuple(range(len(args))))

    def flat(*z: Any) -> Any:
        return np.concatenate([np.reshape(part, (-1,)) for part in gradient(*z)])

    modes.check_derivatives(flat, *args, directions=1, rtol=1e-6)


@pytest.mark.parametrize(("f", "args"), _parameters())
def test_twins_agree_in_every_structure(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Identity seeds, whole or in chunks, diagonals and dense blocks give the same Jacobian in both modes."""

    def inner(*z: Any) -> Any:  # an element-wise layer first, so that the block that arrives is diagonal
        return f(*(part * 1.5 - 0.5 * part for part in z))

    argnums = tuple(range(len(args)))
    for g in (f, inner):
        expected = modes.jacrev(g, argnums)(*args)
        for jacobian in (modes.jacfwd, modes.jacrev):
            for chunk_size in (None, 1, 2):
                for J, K in zip(jacobian(g, argnums, chunk_size)(*args), expected, strict=True):
                    np.testing.assert_allclose(J, K, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(("f", "args"), _parameters())
def test_float32_stays_float32(f: Callable[..., Any], args: tuple[Any, ...]) -> None:
    if any(f is case for case, _ in CASES[cast]) or any(f is c for c, _ in CASES[np.float_power]):
        pytest.skip("converts to float64 by its own definition")
    single = tuple(np.asarray(x, np.float32)[()] for x in args)
    argnums = tuple(range(len(args)))
    y = f(*single)
    if y.dtype != np.float32:
        pytest.skip("NumPy itself gives float64 here: a float64 constant takes part")
    for jacobian in (modes.jacfwd, modes.jacrev):
        for J, K in zip(jacobian(f, argnums)(*single), jacobian(f, argnums)(*args), strict=True):
            assert J.dtype == np.float32
            np.testing.assert_allclose(J, K, rtol=2e-4, atol=2e-5)


def test_a_planted_wrong_rule_is_caught() -> None:
    """The check itself is checked: a wrong derivative, and a pull that is not the push's transpose."""
    square = modes.primitive(lambda x: x * x)
    modes.rules.elementwise(square, lambda y, x: 3.0 * x)
    try:
        with pytest.raises(modes.DerivativeError, match="differences"):
            modes.check_derivatives(square, np.array([1.0, 2.0]))
        from modes.partials import Linear

        modes.rules.written(square, lambda y, x: Linear(lambda t: 2.0 * x * t, lambda c: 2.1 * x * c))
        with pytest.raises(modes.DerivativeError, match="transpose"):
            modes.check_derivatives(square, np.array([1.0, 2.0]))
        modes.rules.elementwise(square, lambda y, x: 2.0 * x)
        modes.check_derivatives(square, np.array([1.0, 2.0]))
    finally:
        del RULES[square]

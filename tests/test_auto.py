"""mode="auto": what it counts, what it chooses, and that both of its sweeps give the Jacobian."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import modes
from modes import choice, cost, rates
from modes.call import Call
from modes.chains import PROFILES
from modes.counting import Work
from modes.planning import Route, route
from modes.sized import SizedTape

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """What is chosen here is chosen here, and what is forced is not remembered."""
    choice.forget()
    yield
    choice.forget()


def planned(f: Any, *args: Any) -> Route:
    call = Call(f, args, tuple(range(len(args))))
    tape = SizedTape()
    _, index = tape.run(call)
    assert index is not None
    return route(tape, index)


def works(f: Any, *args: Any) -> dict[str, Work]:
    return {mode: order.total for mode, order in planned(f, *args).orders.items()}


def force(monkeypatch: pytest.MonkeyPatch, mode: str) -> list[str]:
    """Let mode="auto" take this mode; the list has an item for each time that it did."""
    forced: list[str] = []

    def instead(tape: SizedTape, index: int, replayed: bool = False) -> Route:
        forced.append(mode)
        return route(tape, index, replayed)._replace(mode=mode)

    monkeypatch.setattr(choice, "route", instead)
    return forced


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("n", "m", "depth", "width"), [(5, 7, 4, 8), (16, 3, 6, 12), (1, 1, 1, 1), (9, 9, 2, 4)])
def test_c2_the_multiplications_counted_along_the_tape_are_the_exact_ones(
    profile: str, n: int, m: int, depth: int, width: int
) -> None:
    chain = modes.layer_chain(n, m, depth, width, profile=profile)
    counted = works(chain, chain.x)
    assert counted["forward"].fma == cost.forward_fma(chain.widths)
    assert counted["reverse"].fma == cost.reverse_fma(chain.widths)


def test_m9_a_diagonal_is_counted_as_n_numbers_not_n_squared() -> None:
    chain = modes.layer_chain(500, 500, 8, 500, layer="elementwise")
    for counted in works(chain, chain.x).values():
        assert counted.fma == 0
        assert counted.numbers < 500 * 500 + 500 * 4 * counted.operations  # the result itself, and O(n) an operation


CASES = {
    "dense": (lambda: modes.layer_chain(6, 4, 5, 8), None),
    "residual": (lambda: modes.layer_chain(4, 6, 5, 8, layer="residual"), None),
    "elementwise": (lambda: modes.layer_chain(6, 6, 5, 6, layer="elementwise"), None),
    "loss": (lambda: modes.layer_chain(6, 1, 4, 8, layer="loss"), None),
    "input": (lambda: lambda x: x, np.ones(3)),
    "constant": (lambda: lambda x: np.ones(2), np.ones(3)),
    "twice": (lambda: lambda x: x * x + np.sum(x) * x[::-1] - x * x, np.arange(1.0, 5.0)),
    "matrix": (lambda: lambda x: np.tanh(x @ x.T), np.arange(6.0).reshape(2, 3) / 6),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("chunk_size", [None, 1, 2])
@pytest.mark.parametrize("forced", [None, "forward", "reverse"])
def test_either_sweep_gives_the_jacobian(
    name: str, chunk_size: int | None, forced: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [] if forced is None else force(monkeypatch, forced)
    make, x = CASES[name]
    f: Any = make()
    x = f.x if x is None else x
    J = modes.jacobian(f, mode="auto", chunk_size=chunk_size)(x)
    expected = modes.jacrev(f)(x)
    assert len(times) == (forced is not None and name != "constant")
    assert J.shape == expected.shape
    assert J.flags.writeable
    np.testing.assert_allclose(J, expected, rtol=1e-12, atol=1e-13)


def test_several_arguments_and_nesting(monkeypatch: pytest.MonkeyPatch) -> None:
    A, x = np.arange(6.0).reshape(2, 3) / 6, np.ones(3)
    for forced in ("forward", "reverse"):
        force(monkeypatch, forced)

        def f(p: Any, x: Any) -> Any:
            return np.tanh(p["A"] @ x)

        auto = modes.jacobian(f, (0, 1), mode="auto")({"A": A}, x)
        by_A, by_x = modes.jacrev(f, (0, 1))({"A": A}, x)
        np.testing.assert_allclose(auto[0]["A"], by_A["A"], rtol=1e-13)
        np.testing.assert_allclose(auto[1], by_x, rtol=1e-13)
        gradient = modes.grad(lambda x: np.sum(np.tanh(A @ x) ** 2))
        H = modes.jacobian(gradient, mode="auto")(x)
        np.testing.assert_allclose(H, modes.jacfwd(gradient)(x), rtol=1e-12)
        H = modes.jacfwd(modes.jacobian(lambda x: np.sum(np.tanh(A @ x) ** 2), mode="auto"))(x)
        np.testing.assert_allclose(H, modes.jacfwd(gradient)(x), rtol=1e-12)


@pytest.mark.parametrize(("n", "m", "mode"), [(300, 20, "reverse"), (20, 300, "forward")])
def test_far_from_the_diagonal_the_choice_is_that_of_every_rule(n: int, m: int, mode: str) -> None:
    chain = modes.layer_chain(n, m, 4, 64)
    assert planned(chain, chain.x).mode == mode


def test_the_operations_decide_where_n_and_m_mislead() -> None:
    """n = 2 m, so that every rule on n and m chooses reverse mode; but the layers are wide at the input, where reverse
    mode carries its block through the large matrices and forward mode reads the first of them off."""
    rng = np.random.default_rng(0)
    first, second = rng.standard_normal((1000, 80)) / 9, rng.standard_normal((40, 1000)) / 31
    middle = rng.standard_normal((40, 40)) / 6

    def f(x: Any) -> Any:
        x = np.tanh(first @ x)
        x = np.tanh(second @ x)
        for _ in range(3):
            x = np.tanh(middle @ x)
        return x

    forward, reverse = (works(f, np.ones(80))[mode].fma for mode in ("forward", "reverse"))
    widths = (80, 1000, 40, 40, 40, 40)
    assert (forward, reverse) == (cost.forward_fma(widths), cost.reverse_fma(widths))
    assert planned(f, np.ones(80)).mode == min((forward, "forward"), (reverse, "reverse"))[1]


def test_a_plan_says_which_chunks_memory_demands_and_what_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    W = np.ones((200, 150)) / 150
    plan = modes.plan(lambda x: np.tanh(W @ x), np.ones(150))
    assert plan.chunks == {"forward": None, "reverse": None}
    price = choice.rates_in_force().operation
    assert plan.fixed["forward"] == pytest.approx(2 * price)  # a product and a slope
    assert plan.fixed["reverse"] > plan.fixed["forward"]  # the tape
    assert all(plan.fixed[mode] <= plan.seconds[mode] for mode in plan.seconds)
    monkeypatch.setattr(modes.chunking, "SMALL", 0)
    monkeypatch.setattr(modes.chunking, "_budget", 2 * 200 * 8 * 40)  # two blocks of 40 seeds of the widest value
    plan = modes.plan(lambda x: np.tanh(W @ x), np.ones(150))
    assert plan.chunks == {"forward": 40, "reverse": 40}


def test_rates_are_measured_put_in_force_and_checked() -> None:
    measured = choice.measure_rates(repeats=1)
    assert all(0 < rate < 1 for rate in measured)
    before = choice.use_rates(measured)
    try:
        assert choice.rates_in_force() == measured
    finally:
        choice.use_rates(before)
    for wrong in (choice.Rates(0.0, 1.0, 1.0), choice.Rates(1.0, math.nan, 1.0), choice.Rates(1.0, 1.0, math.inf)):
        with pytest.raises(ValueError, match="expected three positive rates"):
            choice.use_rates(wrong)
    assert choice.rates_in_force() == before


# --- the calibration command, and the variable ---


def python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, in which every warning is an error."""
    known = {name: value for name, value in os.environ.items() if name != rates.VARIABLE}
    environment = known | variables | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


IN_FORCE = "import modes; print(*modes.choice.rates_in_force())"


def test_the_help_of_calibrate_measures_nothing() -> None:
    done = python("-m", "modes.calibrate", "--help")
    assert done.returncode == 0
    assert "usage: python -m modes.calibrate" in done.stdout
    assert "measured" not in done.stdout.lower().replace("measure for", "")
    assert python("-m", "modes.calibrate", "--no-such-option").returncode == 2


def test_the_variable_is_three_numbers() -> None:
    found = python("-c", IN_FORCE, MODES_RATES="1e-06, 2e-11,3e-10").stdout.split()
    assert [float(x) for x in found] == [1e-6, 2e-11, 3e-10]


@pytest.mark.parametrize("unset", ["", " "])
def test_an_empty_variable_is_none(unset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(rates.VARIABLE, unset)
    assert rates.from_environment() is None
    monkeypatch.setattr(rates, "_in_force", rates.from_environment())
    assert rates.rates_in_force() == rates.DEFAULT


@pytest.mark.parametrize("wrong", ["1e-6", "1,2,3,4", "a,b,c", "1,2,-3", "1,2,nan", "1,inf,3", "1,,2", "0,1,1"])
def test_a_variable_that_cannot_be_read_is_named(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(rates.VARIABLE, wrong)
    with pytest.raises(
        ValueError, match=r"^MODES_RATES=.*: expected three positive numbers .* python -m modes\.calibrate$"
    ):
        rates.from_environment()


def test_such_a_variable_stops_the_import() -> None:
    done = python("-c", "import modes", MODES_RATES="fast")
    assert done.returncode != 0
    assert done.stderr.splitlines()[-1].startswith("ValueError: MODES_RATES=fast: expected three positive numbers")


def test_the_rates_in_force_decide() -> None:
    """By one constant alone, the choice is the mode that takes less of it: here multiplications and numbers differ."""
    chain = modes.layer_chain(70, 64, 4, 256)
    counted = works(chain, chain.x)
    chosen = set()
    for place, name in ((1, "fma"), (2, "numbers")):
        weights = [1e-30] * 3
        weights[place] = 1.0
        before = choice.use_rates(choice.Rates(*weights))
        try:
            chosen.add(found := planned(chain, chain.x).mode)
        finally:
            choice.use_rates(before)
        assert found == min(counted, key=lambda mode: getattr(counted[mode], name))
    assert len(chosen) == 2

"""Known problems: their values are those that others published, and every way to their Jacobians agrees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import modes
from benchmarks.apparatus.calls import of_problem
from benchmarks.apparatus.checks import WrongDerivativeError, check_problem
from benchmarks.catalogue.case import Case
from benchmarks.catalogue.engines import ENGINES
from benchmarks.catalogue.problems import PROBLEMS, case_at, cases
from benchmarks.problems import (
    MAKERS,
    Problem,
    bundle_adjustment,
    coating,
    combustion,
    gaussian_mixture,
    hand_tracking,
    heart_dipole,
    load,
)
from benchmarks.problems.attention import attend
from benchmarks.problems.descent import argmax, argmin
from benchmarks.problems.problem import drawn
from benchmarks.problems.roe_flux import roe, states

SIZES = [(name, size) for name, row in PROBLEMS.items() for size in (*row.quick, *row.standard)]
SMALL = [(name, min((*row.quick, *row.standard))) for name, row in PROBLEMS.items()]
ONCE = [(name, size) for name, size in SMALL if not PROBLEMS[name].branches]
REPLAYED = [pytest.param(*one, marks=pytest.mark.slow if one[0] == "lstm" else ()) for one in ONCE]
ROUNDING = 1e-12


def close(a: Any, b: Any, tolerance: float = ROUNDING) -> None:
    """Relative to the largest entry."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    assert np.max(np.abs(a - b)) <= tolerance * max(np.max(np.abs(b)), 1e-300)


def both(problem: Problem) -> tuple[Any, Any]:
    return tuple(modes.jacobian(problem, mode=mode)(problem.x) for mode in ("forward", "reverse"))


# --- the table ---


def test_every_row_has_a_maker_a_source_and_a_size_of_each_preset() -> None:
    assert MAKERS.keys() == PROBLEMS.keys()
    for name, row in PROBLEMS.items():
        assert row.quick or row.standard, name
        assert any(word in row.source for word in ("http", "1948")), name
        assert not {*row.quick} & {*row.standard} & {*row.full}, name
        assert Case.parse(case_at(name, 1).text).layer == name
    assert len({row.title for row in PROBLEMS.values()}) == len(PROBLEMS)


@pytest.mark.parametrize(("name", "size"), SIZES)
def test_a_problem_has_the_shape_that_its_row_says(name: str, size: int) -> None:
    problem, (n, m) = load(name, size), PROBLEMS[name].shape(size)
    assert problem.x.shape == (n,)
    y = np.asarray(problem(problem.x))
    assert y.shape in [(m,), ()]
    assert y.size == m
    assert np.isfinite(y).all()
    assert problem.jacobian is not None or not PROBLEMS[name].by_hand


def test_an_unknown_problem_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown problem 'travelling-salesman'; the known ones are gaussian-mixture"):
        load("travelling-salesman", 3)
    with pytest.raises(ValueError, match="problem particle has no size 3"):
        load("particle", 3)


def test_cases_of_a_preset_are_those_that_it_adds() -> None:
    assert [(case.layer, case.width) for case in cases("quick", ["ode", "observation"])] == [
        ("ode", 8),
        ("observation", 1),
    ]
    case = case_at("adapter", 8)
    assert (case.n, case.m, case.width, case.depth, case.activation) == (32, 64, 8, 1, "none")


# --- values ---


@pytest.mark.parametrize(("name", "size"), SIZES)
def test_a_value_is_the_published_one(name: str, size: int) -> None:
    problem = load(name, size)
    for known in problem.known:
        found = np.asarray(known.of(problem(known.x)), dtype=float)
        scale = np.max(np.abs(known.value)) or 1.0
        assert found.shape == np.shape(known.value), known.source
        assert np.max(np.abs(found - known.value)) <= known.tolerance * scale, known.source


def test_all_but_the_recurrence_have_something_published() -> None:
    """Its value is the mean of the ODE's, which has."""
    without = {name for name in PROBLEMS if not any(load(at, size).known for at, size in SIZES if at == name)}
    assert without == {"recurrence", "bundle-adjustment"}
    x = load("ode", 64).x
    close(load("recurrence", 64)(x), np.mean(load("ode", 64)(x)))


def test_all_observations_are_as_each_by_itself() -> None:
    problem, cameras = load("bundle-adjustment", 8), bundle_adjustment.CAMERAS
    camera, point, weight = np.split(problem.x, [11 * cameras, 11 * cameras + 24])
    features = 100.0 * drawn(6, 16, 2)
    errors = [
        bundle_adjustment.reprojection(
            camera.reshape(-1, 11)[i % cameras], point.reshape(-1, 3)[i // cameras], weight[i], features[i]
        )
        for i in range(16)
    ]
    close(problem(problem.x), np.concatenate([np.ravel(errors), 1 - weight**2]))


def test_a_mixture_of_one_component_is_a_gaussian_with_its_prior() -> None:
    """SciPy's densities, which share no formula with the simplified one."""
    stats = pytest.importorskip("scipy.stats")
    points, mu, q, lower = drawn(1, 20, 3), drawn(2, 1, 3), drawn(3, 1, 3), drawn(4, 1, 3)
    Q = gaussian_mixture.factors(q, lower)[0]
    assert np.array_equal(Q, np.tril(Q))
    precision, gamma, freedom = Q.T @ Q, 1.3, 2
    expected = stats.multivariate_normal(mu[0], np.linalg.inv(precision)).logpdf(points).sum()
    expected += stats.wishart(3 + freedom + 1, np.eye(3) / gamma**2).logpdf(precision)
    close(gaussian_mixture.log_posterior(np.array([0.7]), mu, q, lower, points, gamma, freedom), expected, 1e-10)


def test_a_hand_is_turned_bone_by_bone() -> None:
    """By the definition, a vertex and a bone at a time."""
    hand, theta = hand_tracking.drawn_hand(6), 0.5 * drawn(8, 26)
    angles = np.append(theta, 0.0)[hand_tracking.places(22)]
    absolutes: list[Any] = []
    for bone, parent in enumerate(hand.parents):
        x, z, y = angles[bone]
        turn = np.eye(4)
        about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
        about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
        about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
        turn[:3, :3] = about_z @ about_y @ about_x
        own = hand.relatives[bone] @ turn
        absolutes.append(own if parent < 0 else absolutes[parent] @ own)
    skin = sum(
        hand.weights[:, [bone]] * (hand.positions @ (absolutes[bone] @ hand.inverse_absolutes[bone]).T)
        for bone in range(22)
    )
    Rotation = pytest.importorskip("scipy.spatial.transform").Rotation
    expected = Rotation.from_rotvec(theta[:3]).apply(skin[:, :3]) + theta[3:6]
    close(hand_tracking.vertices(theta, hand), expected)


def test_attention_is_a_weighted_mean_for_each_token_by_itself() -> None:
    tokens, Q, K, V = drawn(1, 5, 8), drawn(2, 8, 3), drawn(3, 8, 3), drawn(4, 8, 2)
    for token, found in zip(tokens, attend(tokens, Q, K, V), strict=True):
        scores = np.array([(token @ Q) @ (other @ K) for other in tokens]) / np.sqrt(3)
        weights = np.exp(scores) / np.exp(scores).sum()
        close(found, sum(weight * (other @ V) for weight, other in zip(weights, tokens, strict=True)))


def test_newton_finds_the_roots_of_minpack_2() -> None:
    """From the standard starting points, by our Jacobians."""
    for problem, steps in ((heart_dipole.problem(1), 60), (combustion.problem(1), 60)):
        optimize = pytest.importorskip("scipy.optimize")
        found = optimize.least_squares(
            problem, problem.x, jac=modes.jacobian(problem, mode="forward"), xtol=1e-15, max_nfev=40 * steps
        )
        assert np.max(np.abs(problem(found.x))) < 1e-6


def test_the_coatings_least_sum_of_squares_is_the_published_one() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    problem = coating.problem(1)
    found = optimize.least_squares(problem, coating.START, jac=modes.jacobian(problem, mode="reverse"))
    assert 2 * found.cost == pytest.approx(coating.LEAST, rel=1e-6)


def test_a_flux_from_the_left_is_the_left_state_where_all_waves_go_right() -> None:
    left, right = states(3, 4, 1), states(3, 4, 3)
    for state in (left, right):  # three times as fast as sound
        added = 4.0 * state[0]
        state[-1] += 0.5 * ((state[1] + added) ** 2 - state[1] ** 2) / state[0]
        state[1] += added
    close(roe(left, right), roe(left, left))


def test_descent_ends_where_the_gradient_does() -> None:
    lowest = argmin(lambda x: np.sum((x - 3.0) ** 2), lambda x: 2.0 * (x - 3.0), np.zeros(2))
    np.testing.assert_allclose(lowest, 3.0, atol=1e-4)
    highest = argmax(lambda x: -np.sum((x - 3.0) ** 2), lambda x: -2.0 * (x - 3.0), np.zeros(2))
    np.testing.assert_allclose(highest, 3.0, atol=1e-4)


def test_what_is_drawn_is_the_same_everywhere() -> None:
    assert drawn(1, 3).tolist() == [0.023643249400513433, 0.9009273926518706, -0.7116807745607325]
    assert drawn(5, 1000).min() >= -1
    assert drawn(5, 1000).max() < 1
    assert drawn(1, 2, 0).shape == (2, 0)


# --- derivatives ---


@pytest.mark.parametrize(("name", "size"), SMALL)
def test_modes_agree_with_each_other_with_differences_and_with_what_is_written_by_hand(name: str, size: int) -> None:
    problem = load(name, size)
    forward, reverse = both(problem)
    check_problem(problem, forward)  # differences, and by hand
    close(reverse, forward)
    for mode in ("mixed", "auto"):
        close(modes.jacobian(problem, mode=mode)(problem.x), forward)


@pytest.mark.parametrize(("name", "size"), REPLAYED)
def test_what_is_replayed_is_what_was_recorded(name: str, size: int) -> None:
    problem = load(name, size)
    recorded = modes.prepare(problem, problem.x)
    there = problem.x * (1.0 + 1e-3 * drawn(11, *problem.x.shape))
    for x in (problem.x, there):
        expected = modes.jacobian(problem, mode="forward")(x)
        close(recorded.value(x), problem(x))
        for mode in ("forward", "reverse", "auto"):
            close(recorded.jacobian(x, mode=mode), expected)


def test_what_branches_on_values_cannot_be_recorded() -> None:
    for name, row in PROBLEMS.items():
        if row.branches:
            with pytest.raises(modes.TracedValueError):
                modes.prepare(load(name, 1), load(name, 1).x)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), [("heart-dipole", 1), ("adapter", 8), ("black-scholes", 1), ("coating", 1)])
def test_jax_says_the_same_of_the_same_function(name: str, size: int) -> None:
    pytest.importorskip("jax")
    case = case_at(name, size)._replace(engine="jax")
    for mode in ("forward", "reverse"):
        of_problem(case, load(name, size), mode)  # which checks it


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), ONCE)
def test_a_function_is_the_same_in_the_namespace_of_jax(name: str, size: int) -> None:
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    problem = load(name, size)
    close(problem.over(jax.numpy)(problem.x), problem(problem.x), 1e-10)


# --- the check before a time ---


def test_a_wrong_jacobian_is_no_time() -> None:
    for name in ("heart-dipole", "combustion"):  # with and without one by hand
        problem = load(name, 1)
        J = modes.jacobian(problem, mode="forward")(problem.x)
        check_problem(problem, J)
        J[2, 0] += 1e-3 * np.max(np.abs(J))
        with pytest.raises(WrongDerivativeError):
            check_problem(problem, J)
        with pytest.raises(WrongDerivativeError, match="shape"):
            check_problem(problem, J[:2])


def test_engines_with_problems_take_them_and_no_other_does() -> None:
    case = case_at("heart-dipole", 1)
    for name, row in ENGINES.items():
        assert (row.lacks(case._replace(engine=name, mode="forward")) is None) == row.problems
    lack = ENGINES["casadi"].lacks(case)
    assert lack is not None
    assert lack.note == "has no problems"
    assert {name for name, row in ENGINES.items() if row.problems} == {"modes", "modes-prepared", "jax"}

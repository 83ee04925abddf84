"""The tool of GradBench: its protocol, and every eval on small inputs, in each mode, without its own programs."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import modes
from benchmarks.problems import bundle_adjustment, hand_tracking, load
from benchmarks.problems.problem import drawn
from examples.gradbench.evals import EVALS, Derivative, landing_in
from examples.gradbench.protocol import answer, session
from modes.jacobian import MODES

ROOT = Path(__file__).parent.parent
ONCE = {"min_runs": 1, "min_seconds": 0}
REVERSE = Derivative("reverse")


def mixture() -> dict[str, Any]:
    """Two components in three dimensions, as GradBench's README has it."""
    about = {"d": 3, "k": 2, "n": 7, "m": 1, "gamma": 1.5, "x": drawn(1, 7, 3).tolist()}
    parts = {"alpha": drawn(2, 2), "mu": drawn(3, 2, 3), "q": drawn(4, 2, 3), "l": drawn(5, 2, 3)}
    return about | {name: part.tolist() for name, part in parts.items()}


def bundle() -> dict[str, Any]:
    """The first camera, point, weight and feature of ADBench's data set 1, for 2 cameras, 3 points, 4 observations."""
    camera = [-0.758453, -1.109613, -0.845551, 34.556073, 39.676747, 53.881673, 419.194514, 5.864426, -8.518870]
    camera += [0.087812, 0.002739]
    seen = {"x": [7.203245, 0.001144, 3.023326], "w": 0.417022, "feat": [271.760969, 834.209256]}
    return {"n": 2, "m": 3, "p": 4, "cam": camera, **seen}


def sequence() -> dict[str, Any]:
    given = {"main_params": drawn(1, 4, 12), "extra_params": drawn(2, 3, 3), "state": drawn(3, 4, 3)}
    bits = (drawn(4, 5, 3) > 0).astype(float)
    return {name: part.tolist() for name, part in (given | {"sequence": bits}).items()}


def hand(us: bool) -> dict[str, Any]:
    drawn_hand = hand_tracking.drawn_hand(6)
    model = {
        "bone_count": 22,
        "bone_names": [f"bone {i}" for i in range(22)],
        "parents": drawn_hand.parents,
        "base_relatives": drawn_hand.relatives.tolist(),
        "inverse_base_absolutes": drawn_hand.inverse_absolutes.tolist(),
        "base_positions": drawn_hand.positions.tolist(),
        "weights": drawn_hand.weights.tolist(),
        "triangles": drawn_hand.triangles.tolist(),
        "is_mirrored": True,
    }
    data = {"model": model, "correspondences": [2, 0, 5, 2], "points": drawn(1, 4, 3).tolist()}
    return {"theta": (0.4 * drawn(2, 26)).tolist(), "data": data, "us": (drawn(3, 4, 2) / 4).tolist() if us else []}


def numbers(n: int) -> list[float]:
    listed: list[float] = drawn(1, n).tolist()
    return listed


INPUTS: dict[str, list[dict[str, Any]]] = {
    "gmm": [mixture()],
    "ba": [bundle()],
    "lstm": [sequence()],
    "ht": [hand(False), hand(True)],
    "kmeans": [{"points": drawn(1, 30, 2).tolist(), "centroids": drawn(1, 30, 2)[-4:].tolist()}],
    "det": [{"A": numbers(9), "ell": 3}],
    "llsq": [{"x": numbers(4), "n": 10}],
    "lse": [{"x": numbers(20)}],
    "ode": [{"x": numbers(5), "s": 3}],
}
VALUE = {name: next(iter(functions)) for name, functions in EVALS.items()}
DERIVED = {name: list(functions)[1] for name, functions in EVALS.items() if name in INPUTS}


def asked(module: str, function: str, given: Any, derivative: Derivative = REVERSE) -> Any:
    """The output of one message, which has to succeed."""
    message = {"id": 3, "kind": "evaluate", "module": module, "function": function, "input": given}
    said = json.loads(json.dumps(answer(message, derivative), allow_nan=False))
    assert said["success"], said["error"]
    assert said["id"] == 3
    return said["output"]


def flat(output: Any) -> np.ndarray:
    """All numbers of an output, in its order."""
    if isinstance(output, dict):
        return np.concatenate([flat(part) for part in output.values()])
    return np.ravel(np.asarray(output, dtype=float))


# --- the protocol ---


def test_a_session_answers_line_by_line() -> None:
    messages = [
        {"id": 0, "kind": "start", "eval": "hello"},
        {"id": 1, "kind": "define", "module": "hello"},
        {"id": 2, "kind": "evaluate", "module": "hello", "function": "double", "input": 3.5},
        {"id": 3, "kind": "analysis", "of": 2, "valid": True},
        {"id": 4, "kind": "define", "module": "sorting"},
    ]
    said = [json.loads(line) for line in session(map(json.dumps, messages), REVERSE)]
    assert [one["id"] for one in said] == [0, 1, 2, 3, 4]
    assert said[0]["tool"] == "mode-crossover"
    assert said[0]["config"]["mode"] == "reverse"
    assert said[1] == {"id": 1, "success": True}
    assert said[2]["output"] == 7.0
    assert [timing["name"] for timing in said[2]["timings"]] == ["evaluate"]
    assert said[3] == {"id": 3}
    assert not said[4]["success"]
    assert "no module 'sorting'; the known ones are hello, gmm" in said[4]["error"]


def test_what_goes_wrong_is_told_and_the_next_message_answered() -> None:
    wrong = {"id": 1, "kind": "evaluate", "module": "lse", "function": "gradient", "input": {"x": "text", **ONCE}}
    said = answer(wrong, REVERSE)
    assert not said["success"]
    assert "could not convert" in said["error"]
    unknown = answer(wrong | {"function": "hessian"}, REVERSE)
    assert "no function 'hessian' in 'lse'; the known ones: primal, gradient" in unknown["error"]
    assert asked("lse", "primal", {"x": [0.0, 0.0], **ONCE}) == pytest.approx(math.log(2))


def test_a_function_is_run_as_often_and_as_long_as_asked() -> None:
    message = {"id": 1, "kind": "evaluate", "module": "lse", "function": "primal"}
    often = answer({**message, "input": {"x": [1.0], "min_runs": 5, "min_seconds": 0}}, REVERSE)
    assert len(often["timings"]) == 5
    long = answer({**message, "input": {"x": [1.0], "min_runs": 1, "min_seconds": 0.01}}, REVERSE)
    assert sum(timing["nanoseconds"] for timing in long["timings"]) >= 1e7


@pytest.mark.slow
def test_it_runs_as_a_program_and_ends_with_its_input() -> None:
    square = {"id": 1, "kind": "evaluate", "module": "hello", "function": "square", "input": 4}
    lines = "\n".join([json.dumps({"id": 0, "kind": "start"}), json.dumps(square), ""])
    command = [sys.executable, "-m", "examples.gradbench", "--mode", "forward"]
    done = subprocess.run(command, cwd=ROOT, input=lines, capture_output=True, text=True, check=True)
    first, second = map(json.loads, done.stdout.splitlines())
    assert first["config"]["mode"] == "forward"
    assert second["output"] == 16.0


# --- the evals ---


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("prepared", [False, True])
@pytest.mark.parametrize("module", INPUTS)
def test_a_derivative_is_the_same_in_every_mode_and_prepared(module: str, prepared: bool, mode: str) -> None:
    for given in INPUTS[module]:
        expected = flat(asked(module, DERIVED[module], given | ONCE))
        found = flat(asked(module, DERIVED[module], given | ONCE, Derivative(mode, prepared)))
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


def moved(given: dict[str, Any], names: list[str], step: float) -> dict[str, Any]:
    """The input with the independent variables moved along a direction."""
    return given | {
        name: (np.asarray(given[name]) + step * drawn(90 + place, *np.shape(given[name]))).tolist()
        for place, name in enumerate(names)
    }


VARIABLES = {
    "gmm": ["alpha", "mu", "q", "l"],
    "lstm": ["main_params", "extra_params"],
    "det": ["A"],
    "llsq": ["x"],
    "lse": ["x"],
    "ode": ["x"],
}


@pytest.mark.parametrize("module", VARIABLES)
def test_a_gradient_is_that_of_the_value_that_is_told(module: str) -> None:
    """Against differences of the tool's own values, through its JSON."""
    (given,), names, step = INPUTS[module], VARIABLES[module], 1e-6
    above, below = (flat(asked(module, VALUE[module], moved(given, names, end) | ONCE))[-1] for end in (step, -step))
    direction = np.concatenate([drawn(90 + place, *np.shape(given[name])).ravel() for place, name in enumerate(names)])
    gradient = flat(asked(module, DERIVED[module], given | ONCE))
    assert gradient @ direction == pytest.approx((above - below) / (2 * step), rel=1e-6, abs=1e-8)


def test_the_hand_s_jacobian_has_a_block_of_its_own_point_before_theta() -> None:
    for us in (False, True):
        given, step = hand(us), 1e-6
        J = np.array(asked("ht", "jacobian", given | ONCE))
        assert J.shape == (12, 28 if us else 26)
        direction = drawn(90, 26)
        ends = [moved(given, ["theta"], end) for end in (step, -step)]
        above, below = (np.array(asked("ht", "objective", end | ONCE)) for end in ends)
        np.testing.assert_allclose(J[:, -26:] @ direction, (above - below) / (2 * step), atol=1e-7)
        if us:
            ends = [moved(given, ["us"], end) for end in (step, -step)]
            above, below = (np.array(asked("ht", "objective", end | ONCE)) for end in ends)
            own = np.repeat(drawn(90, 4, 2), 3, axis=0)
            np.testing.assert_allclose(np.sum(J[:, :2] * own, axis=1), (above - below) / (2 * step), atol=1e-7)


def test_bundle_adjustment_s_matrix_is_the_dense_one_without_its_zeros() -> None:
    given = bundle()
    matrix = asked("ba", "jacobian", given | ONCE)
    assert [len(matrix[name]) for name in ("rows", "cols", "vals")] == [12 + 1 + 1, 31, 31]
    assert matrix["rows"][:3] == [0, 15, 30]
    assert matrix["rows"][-1] == 30 * 4 + 4
    weights = 11 * 2 + 3 * 3
    assert matrix["cols"][:15] == [*range(11), 22, 23, 24, weights]
    assert matrix["cols"][-1] == weights + 3
    assert matrix["vals"][-1] == pytest.approx(-2 * given["w"])
    problem = load("observation", 1)
    x = np.array([*given["cam"], *given["x"], given["w"]])
    # Of the first observation, whose feature is another than the problem's: it is only subtracted, but times w.
    J = modes.jacobian(problem, mode="reverse")(x)[:2]
    J[:, 14] += [-332.65 - given["feat"][0], 262.09 - given["feat"][1]]
    np.testing.assert_allclose(np.reshape(matrix["vals"][:30], (2, 15)), J, rtol=1e-9, atol=1e-9)
    value = asked("ba", "objective", given | ONCE)
    assert value["reproj_error"]["repeated"] == value["w_err"]["repeated"] == 4
    assert value["w_err"]["element"] == pytest.approx(1 - given["w"] ** 2)


def test_every_entry_of_the_bundle_adjustment_s_matrix_is_in_its_place() -> None:
    """GradBench looks at the first observation alone; here all, by differences of the errors of all."""
    given = bundle() | ONCE
    starts, columns, values = EVALS["ba"]["jacobian"](given, REVERSE).run()
    n, m, p = given["n"], given["m"], given["p"]
    J = np.zeros((3 * p, 11 * n + 3 * m + p))
    for row, (start, end) in enumerate(pairwise(starts)):
        J[row, columns[start:end]] = values[start:end]
    x = np.concatenate([np.tile(given["cam"], n), np.tile(given["x"], m), np.full(p, given["w"])])
    seen, features = np.array([(i % n, i % m) for i in range(p)]), np.tile(given["feat"], (p, 1))

    def errors(x: Any) -> Any:
        cameras, points, weights = np.split(x, [11 * n, 11 * n + 3 * m])
        return bundle_adjustment.residuals(cameras.reshape(n, 11), points.reshape(m, 3), weights, seen, features)

    v, step = drawn(1, len(x)), 1e-6
    expected = (errors(x + step * v) - errors(x - step * v)) / (2 * step)
    np.testing.assert_allclose(J @ v, expected, atol=1e-5 * np.max(np.abs(expected)))


def test_k_means_moves_each_centroid_to_the_mean_of_its_points() -> None:
    given = INPUTS["kmeans"][0]
    points, centroids = np.array(given["points"]), np.array(given["centroids"])
    nearest = np.argmin(np.sum((points[:, None] - centroids) ** 2, axis=2), axis=1)
    expected = [centroids[j] - points[nearest == j].mean(axis=0) for j in range(len(centroids))]
    np.testing.assert_allclose(asked("kmeans", "dir", given | ONCE), expected, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("function", ["fr", "rf"])
def test_the_saddle_is_found_where_gradbench_expects_it(function: str) -> None:
    found = asked("saddle", function, {"start": [1.0, 1.0], **ONCE})
    np.testing.assert_allclose(found, 4 * [8.246324826140356e-06], rtol=1e-6)


@pytest.mark.parametrize("outer", ["forward", "reverse"])
@pytest.mark.parametrize("inner", ["f", "r"])
def test_the_particle_s_derivative_is_that_by_a_force_written_by_hand(outer: str, inner: str) -> None:
    """Its whole descent takes GradBench's own eval half a minute: one gradient of many."""
    problem = load("particle", 1)
    for w in (0.0, 0.2):
        x = np.array([w])
        nested, by_hand = (modes.jacobian(f, mode=outer)(x) for f in (landing_in(inner), problem))
        np.testing.assert_allclose(nested, by_hand, rtol=1e-8)


def test_the_particle_stays_where_it_is_steered_right() -> None:
    best = 0.2071918746486116
    assert asked("particle", "rf", {"w": best, **ONCE}) == best

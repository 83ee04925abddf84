"""GradBench's evals, a function each: from an input as its JSON has it to a call that can be repeated.

Contract: ``EVALS[module][function](input, derivative)`` decodes the input once and returns a :class:`Task`, whose `run`
takes no argument and is what is timed, and whose `encode` makes JSON of what it returns. `derivative` says how
Jacobians are taken (:class:`Derivative`). The forms of input and output are those of each eval's README
(https://github.com/gradbench/gradbench/tree/main/evals).
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import modes
from benchmarks.problems import bundle_adjustment, gaussian_mixture, hand_tracking, particle, saddle
from benchmarks.problems.descent import argmax, argmin
from benchmarks.problems.determinant import determinant
from benchmarks.problems.k_means import cost
from benchmarks.problems.least_squares import objective
from benchmarks.problems.log_sum_exp import log_sum_exp
from benchmarks.problems.lstm import loss
from benchmarks.problems.ode import solution

Array = NDArray[np.float64]
Json = Any
LETTERS = {"f": "forward", "r": "reverse"}


class Task(NamedTuple):
    run: Callable[[], Any]
    encode: Callable[[Any], Json]


class Derivative(NamedTuple):
    """The mode of every Jacobian, and whether a function is recorded once and replayed."""

    mode: str
    prepared: bool = False

    def jacobian(self, f: Callable[..., Any], *args: Any, argnums: Any = 0) -> Callable[[], Any]:
        """The Jacobian at the arguments, as a call that can be repeated; recording is no part of it."""
        if self.prepared:
            recorded = modes.prepare(f, *args, argnums=argnums)
            recorded.jacobian(*args, mode=self.mode)
            return partial(recorded.jacobian, *args, mode=self.mode)
        return partial(modes.jacobian(f, argnums, mode=self.mode), *args)

    def blocks(self, f: Callable[..., Any], *args: Array, argnums: Any = 0) -> Callable[[], Any]:
        """Of a function of each row by itself, the Jacobian of each row, (p, k, c): that no row takes from another is
        known of these functions, and not checked anew."""
        mode = self.mode if self.mode in LETTERS.values() else "auto"
        return partial(modes.batch_jacobian(f, argnums, mode=mode, check=False), *args)


def numbers(values: Any) -> Array:
    return np.asarray(values, dtype=np.float64)


def listed(y: Any) -> Json:
    return np.asarray(y).tolist()


# --- hello ---


def square(x: Any) -> Any:
    return x * x


def hello_square(given: Json, derivative: Derivative) -> Task:
    return Task(partial(square, numbers(given)), listed)


def hello_double(given: Json, derivative: Derivative) -> Task:
    return Task(derivative.jacobian(square, numbers(given)), listed)


# --- gmm ---

INDEPENDENT = ("alpha", "mu", "q", "l")


def mixture(given: Json) -> tuple[Callable[..., Any], list[Array]]:
    components, dimension = given["k"], given["d"]
    points, gamma, freedom = numbers(given["x"]).reshape(given["n"], dimension), given["gamma"], given["m"]
    columns = (dimension, dimension, dimension * (dimension - 1) // 2)
    shapes = [(components,), *((components, each) for each in columns)]

    def f(alpha: Any, mu: Any, q: Any, lower: Any) -> Any:
        return gaussian_mixture.log_posterior(alpha, mu, q, lower, points, gamma, freedom)

    return f, [numbers(given[name]).reshape(shape) for name, shape in zip(INDEPENDENT, shapes, strict=True)]


def gmm_objective(given: Json, derivative: Derivative) -> Task:
    f, args = mixture(given)
    return Task(partial(f, *args), listed)


def gmm_jacobian(given: Json, derivative: Derivative) -> Task:
    f, args = mixture(given)
    run = derivative.jacobian(f, *args, argnums=(0, 1, 2, 3))
    return Task(run, lambda blocks: dict(zip(INDEPENDENT, map(listed, blocks), strict=True)))


# --- ba ---


class Scene(NamedTuple):
    """Cameras, points and weights as each observation sees them, a row an observation, and which it sees."""

    cameras: Array
    points: Array
    weights: Array
    features: Array
    seen: tuple[Any, Any]
    counts: tuple[int, int, int]


def scene(given: Json) -> Scene:
    n, m, p = given["n"], given["m"], given["p"]
    cameras, points = np.tile(numbers(given["cam"]), (n, 1)), np.tile(numbers(given["x"]), (m, 1))
    seen = np.arange(p) % n, np.arange(p) % m
    weights, features = np.full((p, 1), float(given["w"])), np.tile(numbers(given["feat"]), (p, 1))
    return Scene(cameras[seen[0]], points[seen[1]], weights, features, seen, (n, m, p))


def ba_objective(given: Json, derivative: Derivative) -> Task:
    at = scene(given)

    def run() -> tuple[Array, Array]:
        weights = at.weights[:, 0]
        return bundle_adjustment.reprojection(at.cameras, at.points, weights, at.features), 1.0 - weights**2

    def encode(errors: tuple[Array, Array]) -> Json:
        by_reprojection, by_weight = errors
        return {
            "reproj_error": {"elements": listed(by_reprojection[0]), "repeated": len(by_reprojection)},
            "w_err": {"element": float(by_weight[0]), "repeated": len(by_weight)},
        }

    return Task(run, encode)


def ba_jacobian(given: Json, derivative: Derivative) -> Task:
    """The rows of a sparse matrix: of each observation two, and after them one of each weight."""
    at = scene(given)
    n, m, p = at.counts

    def both(camera: Any, point: Any, weight: Any) -> Any:
        errors = bundle_adjustment.reprojection(camera, point, weight[:, 0], at.features)
        return np.concatenate([errors, 1.0 - weight**2], axis=1)

    jacobian = derivative.blocks(both, at.cameras, at.points, at.weights, argnums=(0, 1, 2))
    camera, point = at.seen
    weight_columns = 11 * n + 3 * m + np.arange(p)

    def run() -> tuple[Any, Any, Array]:
        by_camera, by_point, by_weight = jacobian()
        blocks = np.concatenate([by_camera[:, :2], by_point[:, :2], by_weight[:, :2]], axis=2)
        values = np.concatenate([blocks.reshape(-1), by_weight[:, 2, 0]])
        of_camera, of_point = 11 * camera[:, None] + np.arange(11), 11 * n + 3 * point[:, None] + np.arange(3)
        columns = np.concatenate([of_camera, of_point, weight_columns[:, None]], axis=1)
        entries = np.concatenate([np.repeat(columns, 2, axis=0).reshape(-1), weight_columns])
        starts = np.concatenate([[0], np.cumsum(np.repeat([15, 1], [2 * p, p]))])
        return starts, entries, values

    def encode(matrix: tuple[Any, Any, Array]) -> Json:
        """The first 30 and the last of each: the others repeat them."""
        return {
            name: [*listed(part[:30]), part[-1].item()]
            for name, part in zip(("rows", "cols", "vals"), matrix, strict=True)
        }

    return Task(run, encode)


# --- lstm ---


def recurrent(given: Json) -> tuple[Callable[..., Any], Array, Array]:
    state, sequence = numbers(given["state"]), numbers(given["sequence"])
    f = lambda main, extra: loss(main, extra, state, sequence)  # noqa: E731
    return f, numbers(given["main_params"]), numbers(given["extra_params"])


def lstm_objective(given: Json, derivative: Derivative) -> Task:
    f, *args = recurrent(given)
    return Task(partial(f, *args), listed)


def lstm_jacobian(given: Json, derivative: Derivative) -> Task:
    f, *args = recurrent(given)
    run = derivative.jacobian(f, *args, argnums=(0, 1))
    return Task(run, lambda blocks: listed(np.concatenate([block.reshape(-1) for block in blocks])))


# --- ht ---


class Tracked(NamedTuple):
    """A hand, the points that were measured, and where: theta, and us, or None where a point is at a vertex."""

    hand: hand_tracking.Hand
    correspondences: Any
    points: Array
    theta: Array
    us: Array | None


def tracked(given: Json) -> Tracked:
    model = given["data"]["model"]
    hand = hand_tracking.Hand(
        parents=model["parents"],
        relatives=numbers(model["base_relatives"]),
        inverse_absolutes=numbers(model["inverse_base_absolutes"]),
        positions=numbers(model["base_positions"]),
        weights=numbers(model["weights"]),
        triangles=np.asarray(model["triangles"], dtype=int),
        mirrored=model["is_mirrored"],
    )
    us = numbers(given["us"]) if given["us"] else None
    data = given["data"]
    return Tracked(hand, np.asarray(data["correspondences"], dtype=int), numbers(data["points"]), given["theta"], us)


def ht_objective(given: Json, derivative: Derivative) -> Task:
    at = tracked(given)
    theta = numbers(at.theta)
    return Task(partial(hand_tracking.distances, theta, at.us, at.hand, at.correspondences, at.points), listed)


def ht_jacobian(given: Json, derivative: Derivative) -> Task:
    """By theta; before it, where there are us, each point's distances by its own two, a block a point."""
    at = tracked(given)
    theta = numbers(at.theta)

    def f(theta: Any) -> Any:
        return hand_tracking.distances(theta, at.us, at.hand, at.correspondences, at.points)

    by_theta = derivative.jacobian(f, theta)
    if at.us is None:
        return Task(by_theta, listed)
    us = at.us

    def run() -> Array:
        corners = hand_tracking.vertices(theta, at.hand)[at.hand.triangles[at.correspondences]]
        by_us = derivative.blocks(lambda us: hand_tracking.in_triangles(us, corners, at.points), us)()
        return np.concatenate([by_us.reshape(-1, 2), by_theta()], axis=1)

    return Task(run, listed)


# --- kmeans ---


def kmeans_cost(given: Json, derivative: Derivative) -> Task:
    return Task(partial(cost, numbers(given["points"]), numbers(given["centroids"])), listed)


def kmeans_dir(given: Json, derivative: Derivative) -> Task:
    """The gradient over the Hessian, which is diagonal: its product with ones is all of it."""
    points, centroids = numbers(given["points"]), numbers(given["centroids"])
    gradient = modes.jacobian(partial(cost, points), mode=derivative.mode)
    ones = np.ones_like(centroids)

    def run() -> Array:
        slope, curvature = modes.jvp(gradient, (centroids,), (ones,))
        direction: Array = slope / curvature
        return direction

    return Task(run, listed)


# --- det, llsq, lse, ode: a value and a gradient ---


def det_primal(given: Json, derivative: Derivative) -> Task:
    return Task(partial(determinant, numbers(given["A"]).reshape(given["ell"], -1)), listed)


def det_gradient(given: Json, derivative: Derivative) -> Task:
    run = derivative.jacobian(determinant, numbers(given["A"]).reshape(given["ell"], -1))
    return Task(run, lambda gradient: listed(gradient.reshape(-1)))


def llsq_primal(given: Json, derivative: Derivative) -> Task:
    return Task(partial(objective, numbers(given["x"]), given["n"]), listed)


def llsq_gradient(given: Json, derivative: Derivative) -> Task:
    return Task(derivative.jacobian(lambda x: objective(x, given["n"]), numbers(given["x"])), listed)


def lse_primal(given: Json, derivative: Derivative) -> Task:
    return Task(partial(log_sum_exp, numbers(given["x"])), listed)


def lse_gradient(given: Json, derivative: Derivative) -> Task:
    return Task(derivative.jacobian(log_sum_exp, numbers(given["x"])), listed)


def ode_primal(given: Json, derivative: Derivative) -> Task:
    return Task(partial(solution, numbers(given["x"]), given["s"]), listed)


def ode_gradient(given: Json, derivative: Derivative) -> Task:
    """Of the last element."""
    return Task(derivative.jacobian(lambda x: solution(x, given["s"])[-1], numbers(given["x"])), listed)


# --- particle, saddle: a derivative inside of what is differentiated, each in a mode of its own ---


def landing_in(inner: str) -> Callable[[Any], Any]:
    """Where the particle crosses the axis, by w of shape (1,); the force is a gradient in a mode of its own."""
    slope = modes.jacobian(particle.potential, mode=LETTERS[inner])
    return lambda w: particle.landing(w[0], lambda x, w: -slope(x, w))


def particle_in(outer: str, inner: str) -> Callable[[Json, Derivative], Task]:
    landing = landing_in(inner)

    def start(given: Json, derivative: Derivative) -> Task:
        gradient = modes.jacobian(landing, mode=LETTERS[outer])
        return Task(partial(argmin, landing, gradient, numbers([given["w"]])), lambda w: float(w[0]))

    return start


def saddle_in(outer: str, inner: str) -> Callable[[Json, Derivative], Task]:
    """The second search takes its gradient in the mode of the first's outer one."""
    by_y = {letter: modes.jacobian(saddle.objective, 1, mode=mode) for letter, mode in LETTERS.items()}

    def start(given: Json, derivative: Derivative) -> Task:
        begin = numbers(given["start"])

        def highest(x: Any) -> Any:
            return saddle.highest(x, by_y[inner], begin)

        def run() -> Array:
            x = argmin(highest, modes.jacobian(highest, mode=LETTERS[outer]), begin)
            y = argmax(partial(saddle.objective, x), partial(by_y[outer], x), begin)
            return np.concatenate([x, y])

        return Task(run, listed)

    return start


PAIRS = [(outer, inner) for outer in LETTERS for inner in LETTERS]
EVALS: dict[str, dict[str, Callable[[Json, Derivative], Task]]] = {
    "hello": {"square": hello_square, "double": hello_double},
    "gmm": {"objective": gmm_objective, "jacobian": gmm_jacobian},
    "ba": {"objective": ba_objective, "jacobian": ba_jacobian},
    "lstm": {"objective": lstm_objective, "jacobian": lstm_jacobian},
    "ht": {"objective": ht_objective, "jacobian": ht_jacobian},
    "kmeans": {"cost": kmeans_cost, "dir": kmeans_dir},
    "det": {"primal": det_primal, "gradient": det_gradient},
    "llsq": {"primal": llsq_primal, "gradient": llsq_gradient},
    "lse": {"primal": lse_primal, "gradient": lse_gradient},
    "ode": {"primal": ode_primal, "gradient": ode_gradient},
    "particle": {outer + inner: particle_in(outer, inner) for outer, inner in PAIRS},
    "saddle": {outer + inner: saddle_in(outer, inner) for outer, inner in PAIRS},
}
"""By GradBench's names."""

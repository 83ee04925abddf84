"""A chain of ordinary differential equations, by four steps of Runge and Kutta a unit: a recurrence of slices.

y_0' = x_0 and y_i' = x_i y_(i-1), from y = 0 to time 2, by the classic method of fourth order. From the definition in
GradBench's eval ode (https://github.com/gradbench/gradbench/tree/main/evals/ode), after B. Bell's cmpad
(https://cmpad.readthedocs.io/an_ode.html), where the exact solution is: y_i(t) = x_0 ... x_i t^(i+1) / (i+1)!. The
method is exact for polynomials up to the fourth degree, the first four components.
"""

import math
from typing import Any

import numpy as np

from .problem import Array, Known, Problem, drawn

END, STEPS = 2.0, 8


def slope(x: Any, y: Any, xp: Any = np) -> Any:
    return xp.concatenate([x[:1], x[1:] * y[:-1]])


def solution(x: Any, steps: int, xp: Any = np) -> Any:
    """y at time 2."""
    h = END / steps
    y = np.zeros(len(x))
    for _ in range(steps):
        k1 = slope(x, y, xp)
        k2 = slope(x, y + h * k1 / 2.0, xp)
        k3 = slope(x, y + h * k2 / 2.0, xp)
        k4 = slope(x, y + h * k3, xp)
        y = y + h * (k1 + 2.0 * k2 + 2.0 * k3 + k4) / 6.0
    return y


def pulled_back(x: Array, y_bar: Array, steps: int) -> Array:
    """The gradient of <y_bar, y> by x, by hand: the steps once forwards, their stages kept, and once backwards."""
    h = END / steps
    y = np.zeros(len(x))
    kept = []
    for _ in range(steps):
        a = y
        k1 = slope(x, a)
        b = y + h * k1 / 2.0
        k2 = slope(x, b)
        c = y + h * k2 / 2.0
        k3 = slope(x, c)
        d = y + h * k3
        k4 = slope(x, d)
        y = y + h * (k1 + 2.0 * k2 + 2.0 * k3 + k4) / 6.0
        kept.append((a, b, c, d))
    x_bar = np.zeros(len(x))
    y_bar = y_bar.copy()

    def back(k_bar: Array, at: Array) -> Array:
        """What a stage's cotangent makes of that of the point it was taken at."""
        x_bar[0] += k_bar[0]
        x_bar[1:] += k_bar[1:] * at[:-1]
        at_bar = np.zeros(len(x))
        at_bar[:-1] = k_bar[1:] * x[1:]
        return at_bar

    for a, b, c, d in reversed(kept):
        sixth = h / 6.0 * y_bar
        d_bar = back(sixth, d)
        c_bar = back(2.0 * sixth + h * d_bar, c)
        b_bar = back(2.0 * sixth + h / 2.0 * c_bar, b)
        y_bar += d_bar + c_bar + b_bar + back(sixth + h / 2.0 * b_bar, a)
    return x_bar


def problem(size: int) -> Problem:
    """All of y, of `size` components: n = m."""

    def f(x: Any, xp: Any) -> Any:
        return solution(x, STEPS, xp)

    def jacobian(x: Array) -> Array:
        return np.stack([pulled_back(x, row, STEPS) for row in np.eye(size)])

    x = 1.0 + 0.5 * drawn(1, size)
    first = min(size, 4)
    exact = np.cumprod(x[:first]) * [END ** (i + 1) / math.factorial(i + 1) for i in range(first)]
    known = Known("closed form (cmpad)", x, exact, 1e-14, lambda y: y[:first])
    return Problem(x, f, jacobian, (known,))


def recurrence(size: int) -> Problem:
    """The mean of y: one output, so that reverse mode is its tape's price and little else."""

    def f(x: Any, xp: Any) -> Any:
        return xp.mean(solution(x, STEPS, xp))

    def jacobian(x: Array) -> Array:
        return pulled_back(x, np.full(size, 1.0 / size), STEPS)

    return Problem(1.0 + 0.5 * drawn(1, size), f, jacobian)

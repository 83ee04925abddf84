"""The problems that the field compares on, a module each: plain NumPy, written from their definitions, as data.

Contract: ``load(name, size)`` makes the :class:`Problem` of a row of :mod:`benchmarks.catalogue.problems`, of the shape
that the row says. A module's functions take their data as arguments, so that others (examples/gradbench) can hand in
their own; its ``problem(size)`` is the case that the suite measures. No engine is imported here.

A further problem is a module, a line in MAKERS and a row of the catalogue; the tests run over the table.
"""

from functools import cache
from importlib import import_module

from ..catalogue.problems import PROBLEMS
from .problem import Array, Known, Problem

MAKERS = {
    "gaussian-mixture": "gaussian_mixture:problem",
    "observation": "bundle_adjustment:observation",
    "bundle-adjustment": "bundle_adjustment:problem",
    "lstm": "lstm:problem",
    "hand-tracking": "hand_tracking:problem",
    "hand-surface": "hand_tracking:surface",
    "k-means": "k_means:problem",
    "determinant": "determinant:problem",
    "least-squares": "least_squares:problem",
    "log-sum-exp": "log_sum_exp:problem",
    "ode": "ode:problem",
    "recurrence": "ode:recurrence",
    "particle": "particle:problem",
    "saddle": "saddle:problem",
    "heart-dipole": "heart_dipole:problem",
    "combustion": "combustion:problem",
    "coating": "coating:problem",
    "channel-flow": "channel_flow:problem",
    "robot-arm": "robot_arm:problem",
    "roe-flux": "roe_flux:problem",
    "roe-flux-solid": "roe_flux:solid",
    "black-scholes": "black_scholes:problem",
    "autoencoder": "autoencoder:problem",
    "attention": "attention:problem",
    "adapter": "adapter:problem",
    "burgers": "burgers:problem",
}
"""Where each problem of the catalogue is made: a module of this package, and its function."""

__all__ = ["MAKERS", "Array", "Known", "Problem", "load"]


@cache
def load(name: str, size: int) -> Problem:
    """The problem of that name at that size, made once a process.

    Raises ValueError for an unknown name, with the known ones, and for a size that the problem does not have.
    """
    if name not in PROBLEMS:
        raise ValueError(f"unknown problem {name!r}; the known ones are {', '.join(PROBLEMS)}")
    module, _, maker = MAKERS[name].partition(":")
    made: Problem = getattr(import_module(f".{module}", __package__), maker)(size)
    if made.x.shape != (n := PROBLEMS[name].shape(size)[0],):
        raise ValueError(f"problem {name} has no size {size}: expected {n} inputs, got {made.x.size}")
    return made

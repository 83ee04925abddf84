"""The metrics: their names, by the method of a benchmark that measures them, and their units.

Contract: a metric's name is what the tidy table calls it. Names that begin with "log_" are natural logarithms of a
ratio that rests on interleaved pairs.
"""

SECONDS, BYTES = "seconds", "bytes"

UNITS = {
    "seconds": SECONDS,
    "f_seconds": SECONDS,
    "setup_seconds": SECONDS,
    "import_seconds": SECONDS,
    "pullback_seconds": SECONDS,
    "hessian_seconds": SECONDS,
    "log_ratio": "ln(forward / reverse)",
    "log_over_modes": "ln(engine / modes)",
    "log_over_floor": "ln(engine / by hand)",
    "log_product_over_floor": "ln(engine / by hand)",
    "log_gradient_over_floor": "ln(engine / by hand)",
    "log_over_limit": "ln(engine / its multiply-adds alone)",
    "log_over_fill": "ln(Jacobian / filling its result)",
    "log_over_jax": "ln(engine / jitted JAX)",
    "log_product_over_jax": "ln(engine / jitted JAX)",
    "log_gradient_over_jax": "ln(engine / jitted JAX)",
    "log_over_prepared": "ln(compiled replay / plain replay)",
    "log_product_over_f": "ln(time of one product / time of f)",
    "log_gradient_over_f": "ln(time of the gradient / time of f)",
    "log_tensor_over_vjp": "ln(by the tensor / by a VJP)",
    "log_mixed_ratio": "ln(mixed / the mode beside it)",
    "log_auto_ratio": "ln(auto / fastest mode)",
    "log_first_ratio": "ln(first call of auto / fastest mode)",
    "log_problem_ratio": "ln(one way / the way beside it)",
    "log_tape_ratio": "ln(reverse mode / what is beside it), Python's collector on",
    "peak_bytes": BYTES,
    "home_seconds": SECONDS,
    "warm_up_seconds": SECONDS,
    "largest_n": "inputs",
    "power_watts": "W",
    "clock_mhz": "MHz",
    "max_error": "largest error of an entry over the largest entry",
    "harness_share": "time of a call that does nothing over that of a Jacobian",
    "cores_in_use": "processor time over time passed",
    "blas_threads": "threads",
}
"""Every metric of the suite with its unit, as asv stores it; a control's log_ratio is of one mode to itself, and has a
unit of its own."""


def metric(benchmark: str) -> str:
    """The metric that a benchmark measures, by its method's name: `time_jacobian` is "seconds", `time_x` "x_seconds",
    `track_x` "x"."""
    method = benchmark.rsplit(".", 1)[-1]
    kind, _, what = method.partition("_")
    if kind == "time":
        return "seconds" if what == "jacobian" else f"{what}_seconds"
    return what if kind == "track" else method


def paired(name: str) -> bool:
    """Whether a metric's samples are interleaved pairs, one ratio a pair."""
    return name.startswith("log_")

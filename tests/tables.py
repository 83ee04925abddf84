"""Made-up tidy tables with known answers, for the tests of figures, report and command line."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.intervals import over_processes
from analysis.reading.tidy import COLUMNS

RUN = {"machine": "testbox", "env": "py", "commit": "0123456789abcdef", "date": pd.Timestamp("2026-11-01", tz="UTC")}
CHAIN: dict[str, Any] = {
    "engine": "modes",
    "layer": "dense",
    "profile": "uniform",
    "activation": "tanh",
    "n": 64,
    "m": 64,
    "width": 64,
    "depth": 4,
    "dtype": "float64",
    "chunk_size": pd.NA,
}
SPREAD = [i / 500 for i in range(-7, 8)]
"""Fifteen pairs around a median: enough for a verdict over ten n."""


def row(metric: str, value: float, **other: Any) -> dict[str, Any]:
    """One row; without `low` and `high` its interval is 1 % to either side."""
    ends = {"low": value - 0.01 * abs(value), "high": value + 0.01 * abs(value)}
    return {
        **RUN,
        **CHAIN,
        "metric": metric,
        "value": value,
        **ends,
        "unit": "",
        "samples": None,
        "status": "ok",
    } | other


def pair(log_ratio: float, **other: Any) -> dict[str, Any]:
    """One paired measurement: its samples lie around `log_ratio`."""
    samples = [log_ratio + difference for difference in SPREAD]
    ends = {"low": log_ratio - 0.02, "high": log_ratio + 0.02, "samples": samples, "mode": "forward/reverse"}
    return row("log_ratio", log_ratio, **(ends | other))


def by_processes(log_ratio: float, count: int = 8, spread: float = 0.004, **other: Any) -> dict[str, Any]:
    """One paired measurement of so many processes, whose standard deviation is `spread`."""
    steps = np.linspace(-1, 1, count)
    samples = [float(x) for x in log_ratio + steps * spread / steps.std(ddof=1)]
    centre = over_processes(samples)
    ends = dict(zip(("low", "high"), centre.interval, strict=True))
    found = {**ends, "samples": samples, "processes": count, "mode": "forward/reverse"}
    return row("log_ratio", centre.value, **(found | other))


def several(**other: Any) -> list[dict[str, Any]]:
    """A curve that crosses three times, at n = 5.5, 6.4 and 10, as one of m = 8 and width 256 was seen to."""
    ratios = {2: -0.5, 4: -0.2, 6: 0.05, 8: -0.15, 12: 0.12, 32: 0.6}
    return [by_processes(r, n=n, m=8, **other) for n, r in ratios.items()]


def frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """A tidy table of rows."""
    whole = dict.fromkeys(("n", "m", "width", "depth", "chunk_size", "processes"), "Int64")
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(whole)


def curve(n_star: float, sizes: tuple[int, ...] = (8, 16, 32, 64, 128, 256, 512), **other: Any) -> list[dict[str, Any]]:
    """Pairs over n whose log ratio is log(n / n_star) / 2: the crossover is n_star."""
    return [pair(float(np.log(n / n_star) / 2), n=n, **other) for n in sizes]


def limits(size: int) -> list[dict[str, Any]]:
    """What is measured beside the limits at n = m = width: engine, prepared and by hand, both modes."""
    square: dict[str, Any] = {"n": size, "m": size, "width": size}
    rows = []
    for mode in ("forward", "reverse"):
        for engine, part in (("modes", 1.0), ("modes-prepared", 0.5), ("modes-compiled", 0.4)):
            over = square | {"mode": mode, "engine": engine}
            rows += [row("log_over_floor", part / size, **over), row("log_over_floor", part / 2, depth=16, **over)]
            rows += [row("log_product_over_floor", 2 * part / size, **over)]
            rows += [row("log_over_fill", part, layer="elementwise", **over)]
        for engine, part in (("modes", 2.0), ("modes-prepared", 1.5), ("modes-compiled", 1.2), ("floor", 1.0)):
            rows += [row("log_over_limit", part / size, mode=mode, engine=engine, **square)]
            rows += [row("log_over_limit", part / 2, mode=mode, engine=engine, n=size, m=2 * size, width=size)]
    loss = {"layer": "loss", "m": 1, "n": size, "width": size, "mode": "reverse"}
    return [*rows, row("log_gradient_over_floor", 0.5, **loss)]


ENGINES = {
    "modes": 1.0,
    "modes-prepared": 0.8,
    "modes-compiled": 0.4,
    "floor": 0.5,
    "jax": 0.9,
    "torch": 4.0,
    "autograd": 30.0,
}
"""The time of each engine over that of modes, in every cell."""


def engines() -> list[dict[str, Any]]:
    """What is measured to compare engines: at n = m = width = 64 and 8, over n, m, width and depth."""
    rows = []
    for name, part in ENGINES.items():
        for size in (8, 64):
            square: dict[str, Any] = {"engine": name, "n": size, "m": size, "width": size, "depth": 16}
            rows += [row("f_seconds", 1e-6 * size * part, mode="primal", **square)]
            for mode, times in (("forward", 5.0), ("reverse", 4.0)):
                here = {**square, "mode": mode}
                rows += [row("seconds", 1e-6 * size * times * part, **here), row("harness_share", 1e-3 / size, **here)]
                if name != "modes":
                    rows += [row("log_over_modes", float(np.log(part)), **here)]
                rows += [row("setup_seconds", 0.5 if name == "jax" else 0.0, **here)]
        if name != "modes":
            rows += [row("seconds", 1e-6 * n * part, n=n, engine=name, mode="forward") for n in (16, 64, 256)]
            rows += [row("seconds", 1e-4 * part, n=n, engine=name, mode="reverse") for n in (16, 64, 256)]
            at: tuple[dict[str, Any], ...] = ({"m": 64}, {"m": 256}, {"width": 256}, {"depth": 16})
            for fixed in at:
                rows += curve(80 * part**0.2 * fixed.get("m", 64) / 64, engine=name, **fixed)
        rows += [row("peak_bytes", 1e5, depth=4, engine=name, mode="forward") for _ in "x" if name in ("floor", "jax")]
        rows += [pair(-2.0, engine=name, n=32, m=2048, depth=1), pair(1.9, engine=name, n=2048, m=32, depth=1)]
    return rows


def cut(log_ratio: float, mode: str = "mixed/pure", **other: Any) -> dict[str, Any]:
    """One paired measurement of mixed accumulation over what the mode names; of mode="auto" where it says so."""
    metric = "log_auto_ratio" if mode.startswith("auto") else "log_mixed_ratio"
    return pair(log_ratio, mode=mode, **{"profile": "waist8", **other}) | {"metric": metric}


def waist_curve(
    k_star: float, waists: tuple[int, ...] = (4, 8, 16, 32, 64, 96, 128), **other: Any
) -> list[dict[str, Any]]:
    """Cuts by hand over the waist whose log ratio is log(k / k_star) / 2: the crossover waist is k_star."""
    rows = {"engine": "modes-cut", **other}
    return [cut(float(np.log(k / k_star) / 2), profile=f"waist{k}", **rows) for k in waists]


def mixed() -> list[dict[str, Any]]:
    """What is measured of mixed accumulation: at n = m = 64 the crossover waist is 50, and mixed takes half the time of
    either mode; where n or m is 16 one of the two is the fastest."""
    rows = waist_curve(50) + waist_curve(20, engine="jax-cut") + waist_curve(50, n=256, m=256, waists=(4, 8))
    rows += [cut(min(-0.01, 0.5 * float(np.log(k / 50))), profile=f"waist{k}") for k in (4, 16, 64)]
    rows += [cut(0.05, engine=name, profile="uniform") for name in ("modes", "modes-prepared")]
    rows += [cut(0.03, "auto/best"), cut(0.01, "auto/best", engine="modes-prepared")]
    for n, m, forward, reverse in ((16, 16, 0.3, 0.2), (64, 16, -1.0, 0.4), (16, 64, 0.4, -1.0), (64, 64, -0.7, -0.8)):
        rows += [cut(forward, "mixed/forward", n=n, m=m), cut(reverse, "mixed/reverse", n=n, m=m)]
    return rows + [row("peak_bytes", 1e4 * k, mode=name, profile="waist8") for k, name in enumerate(WAYS, 1)]


WAYS = ("mixed", "forward", "reverse")


def accelerator(**other: Any) -> list[dict[str, Any]]:
    """What is asked of a device: reverse mode fits twice what forward mode does, the copy is a third of the whole."""
    large: dict[str, Any] = {"engine": "jax-gpu", "n": 1024, "m": 1024, "width": 1024, "dtype": "float32", **other}
    rows = [row("home_seconds", 1e-3, mode="reverse", **large)]
    for mode, times in (("forward", 1), ("reverse", 2)):
        rows += [
            row("seconds", 4e-3 / times, mode=mode, **large),
            row("warm_up_seconds", 0.25 * times, mode=mode, **large),
        ]
        for chunk_size in (pd.NA, 256):
            more = 1 if chunk_size is pd.NA else 8
            rows += [row("largest_n", 1e4 * times * more, mode=mode, **{**large, "chunk_size": chunk_size})]
            rows += [row("peak_bytes", 8e8 / times / more, mode=mode, **{**large, "chunk_size": chunk_size})]
    rows += [row("power_watts", 600.0, mode="reverse", samples=[590.0, 600.0, 610.0], **large)]
    return [*rows, row("clock_mhz", 1900.0, mode="reverse", samples=[1900.0, 1755.0, 1905.0], **large)]


def problem(log_ratio: float, layer: str, mode: str, metric: str = "log_problem_ratio", **other: Any) -> dict[str, Any]:
    """One paired measurement on a known problem."""
    about = {"layer": layer, "activation": "none", "depth": 1, "width": 1, "mode": mode}
    return pair(log_ratio, **(about | other)) | {"metric": metric}


def problems() -> list[dict[str, Any]]:
    """What is measured of known problems: on the first n <= m is wrong and costs a factor of 2, on the second it is
    right and reverse mode alone is wrong by e, on the third nobody can tell."""
    sizes: list[dict[str, Any]] = [{"n": n, "m": m} for n, m in ((9, 1), (6, 12), (8, 8))]
    wide, tall, even = sizes
    rows = [
        problem(-float(np.log(2)), "determinant", "forward/reverse", **wide),
        problem(-1.0, "robot-arm", "forward/reverse", **tall),
        problem(0.001, "heart-dipole", "forward/reverse", **even),
    ]
    for name, size in (("determinant", wide), ("robot-arm", tall), ("heart-dipole", even)):
        for engine, part in (("modes", 0.3), ("modes-prepared", 0.0)):
            rows += [problem(part, name, "auto/best", engine=engine, **size)]
        rows += [problem(0.1, name, "mixed/pure", **size), problem(2.0, name, "pure/primal", **size)]
        rows += [problem(-0.5, name, "best/modes", engine="modes-prepared", **size)]
    rows += [
        problem(1.0, "robot-arm", "pure/hand", **tall),
        problem(-1.5, "robot-arm", "pure/modes", engine="jax", **tall),
    ]
    for n, times in ((100, 8.0), (1000, 6.0)):
        tape: dict[str, Any] = {"metric": "log_tape_ratio", "n": n, "m": 1, "width": n}
        rows += [problem(float(np.log(times)), "recurrence", "reverse/hand", **tape)]
    return rows


def full_table() -> pd.DataFrame:
    """Every metric and every figure's data; at m, width 64 and depth 4 the crossover is 80."""
    rows = []
    for n in (8, 16, 32, 64, 128, 256):
        rows += [row("seconds", 1e-6 * (20 + n), n=n, mode="forward"), row("seconds", 1e-4, n=n, mode="reverse")]
    for m in (8, 16, 32, 128):
        rows += curve(1.5 * m, m=m)
    for depth in (2, 4, 16, 64):
        rows += curve(64 * (1 + 1 / depth), depth=depth)
        rows += [row("peak_bytes", 1e5, depth=depth, mode="forward", low=np.nan, high=np.nan)]
        rows += [row("peak_bytes", 1e5 + 1e3 * depth, depth=depth, mode="reverse", low=np.nan, high=np.nan)]
        rows += [row("seconds", 1e-5 * depth, depth=depth, mode=mode, n=32, m=32) for mode in ("forward", "reverse")]
    for width in (16, 256):
        rows += curve(100, width=width)
    for profile in ("funnel", "hourglass", "bulge"):
        rows += curve(100, profile=profile)
    for size in (8, 64, 256):
        rows += limits(size)
        for engine, cost in (("modes", 1.2), ("floor", 0.6)):
            rows += [row("log_product_over_f", cost, width=size, mode="forward", engine=engine)]
            rows += [row("log_product_over_f", cost + 0.1, width=size, mode="reverse", engine=engine)]
            loss = {"width": size, "mode": "reverse", "engine": engine, "layer": "loss", "m": 1}
            rows += [row("log_gradient_over_f", cost + 0.2, **loss)]
    for mode in ("forward", "reverse"):
        for seeds in (4, 16, 32):
            rows += [row("seconds", 1e-2 / seeds, mode=mode, chunk_size=seeds)]
            rows += [row("peak_bytes", 9e4 + 1e3 * seeds, mode=mode, chunk_size=seeds)]
        for n in (128, 256, 512, 1024):
            large: dict[str, Any] = {"n": n, "m": 256, "width": 256, "mode": mode}
            rows += [row("seconds", 1e-5 * n, **large), row("peak_bytes", 4096.0 * n, **large)]
    rows += engines() + mixed() + problems() + accelerator()
    rows += [pair(0.0, n=n, mode="forward/forward") for n in (16, 64)]
    rows += [row("blas_threads", 1.0, mode="forward/reverse"), row("max_error", 1e-15, mode="forward", n=16, m=16)]
    rows += [row("seconds", np.nan, n=999, mode="reverse", status="failed")]
    return frame(rows)

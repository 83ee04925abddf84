"""What the numbers hold for, in words, and what to type to measure the same again."""

import math

import pandas as pd

from analysis.errors import MEASURE
from analysis.report.headline import processor
from analysis.tables.findings import Findings
from analysis.tables.kernels import in_words
from analysis.text import gigabytes, short_commit
from benchmarks.catalogue.presets import LEAST

UNKNOWN = "not recorded"
RENAMED = pd.Timestamp("2026-11-21", tz="UTC")
"""Commits before that day know the size of a run as --profile."""


def circumstances(found: Findings) -> dict[str, str]:
    """What the numbers hold for, name by name."""
    known, run = found.provenance.known, found.summary
    threads = UNKNOWN if math.isnan(run.threads) else f"{run.threads:.0f}"
    failed = len(found.tidy) - run.measured
    dirty = " and uncommitted changes" if run.commit.endswith("+dirty") else ""
    processes = "one" if math.isnan(run.most) else " to ".join(f"{n:.0f}" for n in sorted({run.fewest, run.most}))
    return {
        "Machine": run.machine,
        "Processor": processor(found),
        "Cores": known.get("num_cpu", UNKNOWN),
        "Memory": gigabytes(known.get("ram", UNKNOWN)),
        "System": f"{known.get('os', UNKNOWN)}, {known.get('arch', UNKNOWN)}",
        "BLAS": f"{known.get('blas', UNKNOWN)}, threads: {threads}",
        "BLAS kernels here": in_words(found.provenance.kernels),
        "Python, NumPy": f"{known.get('python', UNKNOWN)}, {known.get('numpy', UNKNOWN)}",
        "modes": known.get("modes", UNKNOWN) + imported(run.import_seconds),
        "Libraries": installed(found) or UNKNOWN,
        "Commit": f"{short_commit(run.commit).removesuffix('+dirty')} of {run.date:%Y-%m-%d}{dirty}",
        "Measured on": known.get("measured", UNKNOWN),
        "Cells": f"{run.measured} measured, {failed} failed",
        "Processes a ratio": processes,
        "Largest error (float64)": "not measured"
        if math.isnan(run.error)
        else f"{run.error:.1e} of the largest entry, against a reference",
    }


def installed(found: Findings) -> str:
    """The libraries with their versions, and those that were not installed."""
    engines, known = found.provenance.engines, found.provenance.known
    others = {
        name: state
        for name, state in engines.items()
        if list(state["requires"]) != ["numpy"] and not (state.get("cut_of") or state.get("stands_for"))
    }
    texts = [f"{name} {known[name]}" for name in others if name in known]
    without = [name for name, state in others.items() if state.get("absent") and not state["missing"]]
    texts += [f"{name} not installed" for name, state in others.items() if state["missing"]]
    return ", ".join([*texts, *(f"{name}: {others[name]['absent']}" for name in without)])


def imported(seconds: float) -> str:
    """What importing modes adds to importing NumPy, as the end of a line; nothing where it was not measured."""
    return "" if math.isnan(seconds) else f" (its import adds {1e3 * seconds:.0f} ms to NumPy's)"


def commands(found: Findings) -> list[str]:
    """What to type to measure the same again."""
    commit, fewest = found.summary.commit.removesuffix("+dirty"), found.summary.fewest
    preset = next((name for name in reversed(LEAST) if LEAST[name] <= fewest), "quick")  # the smallest come first
    option = "--profile" if found.summary.date < RENAMED else "--preset"
    return [f"git checkout {commit[:8]}", f"{MEASURE} {option} {preset}"]

"""On an accelerator: what fits, what the copy home costs, how long the warm-up took, at which power and clock."""

from collections.abc import Callable

import pandas as pd

from analysis.report.cells import DASH, Columns, Row, inputs, ratio, seconds, significant, text
from analysis.report.section import Section, Table
from analysis.report.sections.libraries import engine, percent_of
from analysis.tables.findings import Findings

CELL: Columns = {key: text(key) for key in ("n", "m", "width", "depth", "dtype")}


def measured(found: Findings) -> bool:
    """Whether anything was asked of a device, or of what stands in for one."""
    return not all(table.of(found).empty for table in SECTION.tables.values())


def size(key: str) -> Callable[[Row], str]:
    """A column of numbers of inputs."""
    return lambda row: inputs(row[key])


def megabytes(key: str) -> Callable[[Row], str]:
    """A column of bytes."""
    return lambda row: DASH if pd.isna(row[key]) else significant(row[key] / 1e6)


def time(key: str) -> Callable[[Row], str]:
    """A column of times."""
    return lambda row: DASH if pd.isna(row[key]) else seconds(row[key])


def number(key: str, unit: str) -> Callable[[Row], str]:
    """A column of readings."""
    return lambda row: DASH if pd.isna(row[key]) else f"{significant(row[key])} {unit}"


SECTION = Section(
    "On an accelerator",
    "The same chains with parameters and point on the device, the Jacobian left there, computed and waited for; "
    "float32 without TF32. Times stand beside those of the host in the tables of the libraries, crossovers and the "
    "regret of the shipped rules in theirs, by the engines' names. An engine whose name ends in -stand-in ran a "
    "device's code on the CPU: a rehearsal, whose numbers are no device's. docs/accelerator.md says what is measured.",
    {},
    {
        "device-fitting": Table(
            lambda found: found.device_fitting,
            "What fits into memory",
            "The largest number of inputs n whose Jacobian fits into the device's memory, all seeds at once and in "
            "chunks, to within a sixteenth; each size was tried in a process of its own. Engines of the host, "
            "stand-ins among them, had 256 MiB.",
            {
                **{key: text(key) for key in ("m", "width", "depth", "dtype")},
                "engine": engine(),
                "forward": size("forward"),
                "reverse": size("reverse"),
                "forward, in chunks": size("forward_chunked"),
                "reverse, in chunks": size("reverse_chunked"),
                "seeds a chunk": text("chunk_size"),
                "reverse / forward": ratio("ratio"),
            },
        ),
        "device-memory": Table(
            lambda found: found.device_memory,
            "Memory by the device's account",
            "The most that one Jacobian holds at a time beyond parameters and point, in MB, as the library's allocator "
            "on the device counts it, in a process of its own; all seeds at once and in chunks.",
            {
                **CELL,
                "engine": engine(),
                "forward": megabytes("forward"),
                "reverse": megabytes("reverse"),
                "forward, in chunks": megabytes("forward_chunked"),
                "reverse, in chunks": megabytes("reverse_chunked"),
                "seeds a chunk": text("chunk_size"),
            },
        ),
        "device-home": Table(
            lambda found: found.device_home,
            "The copy home",
            "The time it takes to copy a Jacobian from the device into a new NumPy array, which no other time has in "
            "it, beside the time of the Jacobian in the faster mode.",
            {
                **CELL,
                "engine": engine(),
                "copy": time("home_seconds"),
                "Jacobian": time("jacobian_seconds"),
                "copy / both": percent_of("home_share"),
            },
        ),
        "device-warm-up": Table(
            lambda found: found.device_warm_up,
            "The warm-up",
            "How long a Jacobian was called until its time was steady, found by changepoints. One whose time never "
            "became steady has failed, and stands among the failed cells.",
            {**CELL, "engine": engine(), "forward": time("forward"), "reverse": time("reverse")},
        ),
        "device-conditions": Table(
            lambda found: found.device_conditions,
            "Power and clock",
            "What nvidia-smi said while the device was kept busy with Jacobians: medians, and the lowest clock.",
            {
                **CELL,
                "engine": engine(),
                "power": number("power_watts", "W"),
                "clock": number("clock_mhz", "MHz"),
                "lowest": number("clock_least", "MHz"),
            },
        ),
    },
    measured=measured,
)

"""Measures: in short batches, from where the last run stopped, each ratio in several fresh processes spread over the
run; then more of them where they decide, and between the sizes measured around a crossover.

Contract: :func:`measure` leaves asv's results in a folder and returns what was measured. It draws and reports nothing,
and what it writes it has written by the `Writer` that it is handed. An interruption (KeyboardInterrupt) passes through;
every batch that had ended is kept by then, and the next call with the same folder goes on from there.

The caller holds the folders (`analysis.commands.holding`): nobody else may measure into them meanwhile. What is started
ends with this process, however that ends.

    plan, output -> progress; plan -> storing; writer -> checkout; keeper, output -> children
    plan, storing, checkout, children, conditions -> suite
    suite, progress -> run; cores, versions, run -> this
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis.reading.merge import shard
from analysis.reading.provenance import with_versions
from analysis.running.calibrating import calibrated
from analysis.running.checkout import read_checkout, results_folder
from analysis.running.conditions import LOOKING, NO_TIME, Conditions, advice, asked_kernel, resolved
from analysis.running.cores import judged, sentences
from analysis.running.output import quiet
from analysis.running.plan import picked
from analysis.running.progress import Progress
from analysis.running.run import Run
from analysis.running.suite import Suite
from analysis.running.versions import current_versions
from analysis.running.writer import Writer
from benchmarks.catalogue.presets import TIME_LIMIT

REPORT_SECONDS = {"first": 8.0, "quick": 20.0, "standard": 20.0, "full": 20.0}  # kept free for the report

__all__ = ["Measured", "measure"]


@dataclass(frozen=True)
class Measured:
    """Where the results are, which run of them this was, and what is missing from it."""

    results: Path
    run: dict[str, str]
    failed: tuple[str, ...]
    left_out: tuple[str, ...]


def measure(
    root: Path,
    preset: str,
    results: Path,
    generated: Iterable[Path],
    scratch: Path,
    show: Callable[[str], None],
    writer: Writer,
    engines: str | None = None,
    part: tuple[int, int] = (1, 1),
    kernel: str | None = None,
    threads: int = 1,
    only: Mapping[str, Sequence[Sequence[str]]] | None = None,
    status: Callable[[str], None] = quiet,
) -> Measured:
    """Measure what a preset's cells still lack in `results`, for the code checked out in `root`, then refine.

    `engines` names them, separated by commas (None: the suite's own choice); `part` is (i, k) for part i of k; `only`
    names cells (`python -m benchmarks cells`), and of the preset no others are measured. `kernel` names the kernels
    that OpenBLAS is to take (None: what the environment says, or else its own choice), `threads` how many threads BLAS
    has.

    `generated` names what the caller writes, which is not part of the code; `scratch` is an empty temporary folder,
    which the caller deletes. Lines for the user go to `show`, what is being done at the moment to `status`. Raises
    AnalysisError where the checkout, the results folder or asv does not allow it.
    """
    generated = [results, results.with_name(results.name + "-dirty"), *generated]
    checkout = read_checkout(root, generated)
    folder = results_folder(results, checkout, writer)
    if checkout.digest is not None:
        show(f"The work tree differs from commit {checkout.commit[:8]}: results go to {folder}, marked as dirty.")
    suite = Suite(root, folder, scratch, checkout, preset, lambda: read_checkout(root, generated), show, writer)
    suite = replace(suite, conditions=chosen(suite, kernel, threads))
    run = Run(suite, suite.machine_name(), suite.environment_name(), Progress(show, status))
    wanted = suite.cells(preset, engines)
    if part != (1, 1):
        wanted = shard(wanted, *part)
        show(f"Part {part[0]} of {part[1]}: `python -m analysis merge` joins the parts' results.")
    if only is not None:
        wanted = picked(wanted, only, preset)
    count = sum(map(len, wanted.values()))
    missing = run.unfinished(wanted)
    kept = f", {count - len(missing)} of them measured before" if len(missing) < count else ""
    show(f"Preset {preset}: {count} cells{kept}; machine {run.machine}, commit {run.commit[:8]}.")
    status("")
    kernels: dict[str, Any] = {}
    rates = ""
    if missing:
        status("Trying the cores")
        cores = judged(suite.quietness())
        status("")
        for line in sentences(cores):
            show(line)
        if len(cores) > 1:
            run.suite = replace(suite, core=cores[0].number)
        status("Trying the BLAS kernels")
        seconds = LOOKING[preset]
        kernels = run.suite.kernels(seconds) if seconds else {"threads": threads, "skipped": NO_TIME}
        status("")
        for line in advice(kernels, suite.conditions.kernel):
            show(line)
        status("Measuring the rates by shape")
        rates = calibrated(root, preset, run.suite.environment(), show)
        status("")
    versions = current_versions(root, suite.conditions.kernel)
    run.record(
        with_versions(folder, **run.place, versions=versions, engines=suite.engines(), kernels=kernels, rates=rates)
    )
    run.measure(missing)
    left_out = run.sharpen(TIME_LIMIT[preset] - REPORT_SECONDS[preset])
    return Measured(folder, run.place, run.failed(), tuple(left_out))


def chosen(suite: Suite, kernel: str | None, threads: int) -> Conditions:
    """The conditions asked for, the kernels by the name that OpenBLAS gives them. AnalysisError where it has none."""
    name, asked = asked_kernel(kernel)
    if not name:
        return Conditions(threads=threads)
    found = suite.kernels(0, name)
    ignored = kernel is None and not found["own"]  # a variable that this BLAS does not read
    return Conditions("" if ignored else resolved(found, name, asked), threads)

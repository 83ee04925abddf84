"""`python -m analysis run`: measure what a preset still lacks, then report."""

import argparse
import re
import sys
from pathlib import Path

from analysis.commands import write
from analysis.commands.clustered import add_cluster, over_cluster
from analysis.commands.holding import alone, beside, scratch
from analysis.commands.inputs import results
from analysis.commands.options import Subparsers, add_conditions, add_report, add_results
from analysis.commands.report import tell, write_report
from analysis.commands.working import clear, working
from analysis.errors import AnalysisError
from analysis.reading.merge import parse_shard
from analysis.reading.schema import DamagedError, checked, opened
from analysis.reading.tidy import tidy
from analysis.report.bars import bars
from analysis.running import measure
from analysis.running.conditions import thread_count
from analysis.tables.noise import word
from analysis.text import counted
from benchmarks.catalogue.engines import listed
from benchmarks.catalogue.option import add_preset

ROOT = Path(__file__).resolve().parents[2]
DONE, SOME_FAILED = 0, 1


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser("run", help="measure, then report")
    add_results(parser)
    add_report(parser)
    add_preset(
        parser,
        "how much: first takes 20 s, quick (the default) 3 minutes, standard 25 (more with every library), full hours",
    )
    parser.add_argument("--engines", metavar="A,B", help="only these engines, e.g. modes,jax (see docs/engines.md)")
    add_conditions(parser)
    parser.add_argument(
        "--shard", default="1/1", metavar="I/K", help="only part I of K, e.g. 2/8 on the second of eight machines"
    )
    parser.add_argument(
        "--cells",
        type=Path,
        metavar="FILE",
        help="only these of the preset's cells (JSON, as `python -m benchmarks cells` prints them), and no report",
    )
    add_cluster(parser)


def run(options: argparse.Namespace) -> int:
    """Measure what is missing, and report."""
    if options.engines is not None:
        try:
            listed(options.engines)
        except ValueError as error:
            raise AnalysisError(f"--engines: {error}") from None
    if options.blas_kernel is not None and not re.fullmatch(r"\w+", options.blas_kernel, re.ASCII):
        raise AnalysisError(
            f"--blas-kernel {options.blas_kernel!r}: expected a name, such as Haswell; leave it out for OpenBLAS's own "
            "choice"
        )
    if options.scheduler is not None or options.everywhere:
        return over_cluster(ROOT, options, show)
    threads = thread_count(options.threads)
    folder, report = options.results.absolute(), options.report.absolute()
    with alone(folder), scratch() as temporary, working("Reading the checkout") as status:
        measured = measure(
            ROOT,
            options.preset,
            folder,
            [report, *beside(folder)],
            temporary,
            show,
            write,
            engines=options.engines,
            part=parse_shard(options.shard),
            kernel=options.blas_kernel,
            threads=threads,
            only=None if options.cells is None else cells_in(options.cells),
            status=status,
        )
    if measured.failed:
        shown = "\n".join(f"  {name}" for name in measured.failed)
        print(f"{counted(len(measured.failed), 'cell')} failed:\n{shown}", file=sys.stderr)
    if measured.left_out:
        ratios = counted(len(measured.left_out), "ratio")
        print(f"Not as sure as they should be, for lack of time: {ratios}; the same command goes on.")
    if options.cells is not None:
        return SOME_FAILED if measured.failed else DONE
    with working("Making the report: tables and figures"):
        rows = tidy(results(measured.results))
        found = write_report(rows, measured.run, measured.results, options.report, measured.left_out)
    for line in bars(found):
        print(line)
    print(word(found.controls))
    tell(found, options.report)
    return SOME_FAILED if measured.failed else DONE


def cells_in(path: Path) -> dict[str, list[list[str]]]:
    """The cells that a file names."""
    try:
        return checked(opened(path), dict[str, list[list[str]]])[1]
    except DamagedError as error:
        raise AnalysisError(
            f"--cells {path}: {error}; expected {{benchmark: [[repr of each parameter], ...]}}, as "
            "`python -m benchmarks cells` prints it"
        ) from None


def show(line: str) -> None:
    """A line of progress, at once."""
    clear()
    print(line, flush=True)

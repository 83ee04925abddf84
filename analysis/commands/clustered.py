"""`python -m analysis run --scheduler ADDRESS`: the run over the machines of a Dask cluster, and what is said of it."""

import argparse
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

from analysis.commands import write
from analysis.commands.holding import alone, beside, scratch
from analysis.commands.inputs import results
from analysis.commands.report import tell, write_report
from analysis.commands.working import working
from analysis.errors import AnalysisError
from analysis.names import component
from analysis.reading.tidy import tidy
from analysis.report.bars import bars
from analysis.running.conditions import Conditions, thread_count
from analysis.tables.noise import word
from analysis.text import counted, short_commit

DONE, SOME_FAILED = 0, 1
MOST_THREADS = 4096
"""How many cores a machine of the cluster has its own run says; this process's are another's."""
NEEDED = ("dask", "distributed")


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """The options of a run over a cluster."""
    parser.add_argument(
        "--scheduler", action="append", metavar="ADDRESS", help="measure on the workers of this Dask scheduler"
    )
    parser.add_argument(
        "--everywhere", action="store_true", help="with --scheduler: each machine measures everything, for `replicate`"
    )
    parser.add_argument(
        "--machine", metavar="NAME", help="with --scheduler: what its machines, of one kind, are called together"
    )


def over_cluster(root: Path, options: argparse.Namespace, show: Callable[[str], None]) -> int:
    """Measure what is missing on the machines of the cluster; then report, where they measured one run together."""
    check(options)
    from analysis.cluster import Orders, spread  # takes a second, and the extra

    folder, report = options.results.absolute(), options.report.absolute()
    conditions = Conditions(options.blas_kernel or "", thread_count(options.threads, MOST_THREADS))
    orders = Orders(options.preset, options.engines, options.everywhere, options.machine, conditions)
    with alone(folder), scratch() as temporary, working("Asking who is there") as doing:
        generated = [report, *beside(folder)]
        runs = spread(root, folder, generated, temporary, show, write, options.scheduler[0], orders, doing)
    failed = [name for run in runs for name in run.failed]
    if failed:
        shown = "\n".join(f"  {name}" for name in failed)
        print(f"{counted(len(failed), 'cell')} failed:\n{shown}", file=sys.stderr)
    status = SOME_FAILED if failed else DONE
    if options.everywhere:
        for run in runs:
            show(f"{run.run['machine']}, commit {short_commit(run.run['commit'])}: measured.")
        print(f"The report of one: python -m analysis report --results {options.results} --machine NAME")
        return status
    with working("Making the report: tables and figures"):
        found = write_report(tidy(results(folder)), runs[0].run, folder, options.report, ())
    for line in bars(found):
        print(line)
    print(word(found.controls))
    tell(found, options.report)
    return status


def check(options: argparse.Namespace) -> None:
    """Raises AnalysisError where options do not go together, or Dask is not installed."""
    if options.scheduler is None:
        raise AnalysisError("--everywhere is about the machines of a cluster: name its scheduler, --scheduler ADDRESS")
    if len(options.scheduler) > 1:
        raise AnalysisError(
            f"--scheduler is given {len(options.scheduler)} times ({', '.join(options.scheduler)}), and a run is over "
            "one cluster: give one; what several have measured joins `python -m analysis merge`"
        )
    if options.shard != "1/1" or options.cells is not None:
        raise AnalysisError("--scheduler deals the cells out by itself: leave --shard and --cells out")
    if options.machine is not None and options.everywhere:
        raise AnalysisError("--machine names machines that measure together; with --everywhere each has its own name")
    if options.machine is not None:
        try:
            component(options.machine)
        except ValueError as error:
            raise AnalysisError(f"--machine {options.machine!r} {error}") from None
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise AnalysisError(
            f"--scheduler needs {' and '.join(missing)}, here and on every worker: "
            "python -m pip install -e '.[bench,cluster]'"
        )

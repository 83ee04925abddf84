"""The command line, and the only module that writes what users keep.

Commands: run, table, figures, report, and those of analysis.commands (cite, check, history, merge).
Exit status: 0 done; 1 done, but some cells failed; 2 an error, said in one line; 130 interrupted.
"""

import argparse
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from analysis.commands import COMMANDS
from analysis.commands.write import write_whole
from analysis.errors import AnalysisError, AnalysisWarning, NoResultsError
from analysis.profiles import PAIRS
from analysis.reading.load import read_machines, read_results
from analysis.reading.merge import parse_shard
from analysis.reading.provenance import read_engines, read_facts, read_faults
from analysis.reading.tidy import tidy
from analysis.report import (
    About,
    choose_run,
    figure_files,
    headline,
    named,
    narrowed,
    only_run,
    options_between,
    report_files,
)
from analysis.report.tables import tidy_csv
from analysis.running import measure
from analysis.tables.crossover import crossovers
from analysis.text import counted

ROOT = Path(__file__).resolve().parent.parent
DONE, SOME_FAILED, ERROR, INTERRUPTED = 0, 1, 2, 130


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(prog="python -m analysis", description=__doc__.splitlines()[0])
    commands = top.add_subparsers(dest="command", metavar="command")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--results", type=Path, default=Path(".asv/results"), metavar="DIR", help="asv's results (%(default)s)"
    )
    output = argparse.ArgumentParser(add_help=False)
    output.add_argument(
        "--report", type=Path, default=Path("report"), metavar="DIR", help="where to write (%(default)s)"
    )
    choice = argparse.ArgumentParser(add_help=False)
    choice.add_argument("--machine", help="of several machines' results, those of this one")
    choice.add_argument("--commit", help="of several commits' results, those of this one (not the newest)")
    choice.add_argument(
        "--env", help="of several environments' results, those of this one (a part of its name will do)"
    )

    run = commands.add_parser("run", parents=[common, output], help="measure, then report")
    run.add_argument(
        "--profile",
        choices=list(PAIRS),
        default="quick",
        help="how much: quick (the default) takes 3 minutes, standard 15 (25 with every library), full hours",
    )
    run.add_argument("--engines", metavar="A,B", help="only these engines, e.g. modes,jax (see docs/engines.md)")
    run.add_argument(
        "--shard", default="1/1", metavar="I/K", help="only part I of K, e.g. 2/8 on the second of eight machines"
    )
    table = commands.add_parser(
        "table", parents=[common, choice], help="print the tidy or the crossover table of all results as CSV"
    )
    table.add_argument("which", choices=["tidy", "crossover"], nargs="?", default="crossover")
    table.add_argument("--output", type=Path, metavar="FILE", help="write to this file instead")
    commands.add_parser("figures", parents=[common, output, choice], help="draw the figures of existing results")
    commands.add_parser("report", parents=[common, output, choice], help="write the report of existing results")
    for command in COMMANDS.values():
        command.add_parser(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = parser().parse_args(arguments)
    if options.command is None:
        parser().print_help()
        return DONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", AnalysisWarning)
        warnings.showwarning = OneLine()
        try:
            own = {"run": run, "table": table, "figures": figures, "report": report}
            further = {name: command.run for name, command in COMMANDS.items()}
            return {**own, **further}[options.command](options)
        except AnalysisError as error:
            print(f"error: {error}", file=sys.stderr)
            return ERROR
        except KeyboardInterrupt:
            print("Interrupted. What had been measured is kept; the same command goes on from there.", file=sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:
            sys.stderr.close()  # the reader of a pipe has left; there is nobody to tell
            return DONE


def run(options: argparse.Namespace) -> int:
    """Measure what is missing, and report."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # whoever stops this stops the measuring too
    try:
        measured = measure(
            ROOT,
            options.profile,
            options.results.absolute(),
            options.report.absolute(),
            show,
            engines=options.engines,
            part=parse_shard(options.shard),
        )
    finally:
        signal.signal(signal.SIGTERM, before)
    if measured.failed:
        shown = "\n".join(f"  {name}" for name in measured.failed)
        print(f"{counted(len(measured.failed), 'cell')} failed:\n{shown}", file=sys.stderr)
    if measured.left_out:
        print(f"Left out for lack of time: {counted(len(measured.left_out), 'refinement')}; the same command goes on.")
    run = {"machine": measured.machine, "env": measured.env, "commit": measured.commit}
    rows = only_run(tidy(results(measured.results)), run)
    write_report(rows, measured.results, options.report, run, measured.left_out)
    return SOME_FAILED if measured.failed else DONE


def table(options: argparse.Namespace) -> int:
    """The tidy or the crossover table, as CSV: of all results, or of those that the options name."""
    rows = tidy(results(options.results))
    kept = narrowed(rows, options.machine, options.commit, options.env)
    if kept.empty:
        chosen(rows, options)  # which says what there is
    rows = kept
    text = (tidy_csv(rows) if options.which == "tidy" else crossovers(rows)).to_csv(index=False)
    if options.output is None:
        print(text, end="")
    else:
        write_whole(options.output, text.encode())
    return DONE


def figures(options: argparse.Namespace) -> int:
    """The figures of one run."""
    rows = tidy(results(options.results))
    rows = only_run(rows, chosen(rows, options))
    write_all(options.report, figure_files(rows, crossovers(rows)))
    print(f"The figures are in {options.report / 'figures'}.")
    return DONE


def report(options: argparse.Namespace) -> int:
    """The report of one run."""
    rows = tidy(results(options.results))
    run = chosen(rows, options)
    write_report(only_run(rows, run), options.results, options.report, run)
    return DONE


def write_report(
    rows: pd.DataFrame,
    folder: Path,
    target: Path,
    run: dict[str, str],
    left_out: tuple[str, ...] = (),
) -> None:
    """Write the report on one run, whose `rows` came from `folder`; print its headline and where it lies."""
    if rows.empty:
        raise NoResultsError(f"{folder}: nothing was measured of commit {run['commit'][:8]}: python -m analysis run")
    found = crossovers(rows)
    about = circumstances(folder, run, left_out)
    write_all(target, report_files(rows, found, about))
    print(headline(rows, found, about))
    print(f"The report is {target / 'report.html'}")


def circumstances(folder: Path, run: dict[str, str], left_out: tuple[str, ...]) -> About:
    """What is recorded of the run's machine and versions."""
    machines = read_machines(folder).set_index("machine")
    known = machines.loc[run["machine"]].dropna() if run["machine"] in machines.index else pd.Series(dtype=object)
    facts = {str(name): str(value) for name, value in known.items()} | read_facts(folder, **run)
    cpu = facts.pop("cpu", run["machine"])
    return About(cpu, facts, left_out, read_engines(folder, **run), read_faults(folder, **run))


def results(folder: Path) -> pd.DataFrame:
    """The raw results; where there are none, the error says so of results of a changed work tree, too."""
    try:
        return read_results(folder)
    except NoResultsError as error:
        changed = folder.with_name(folder.name + "-dirty")
        if changed.is_dir():
            raise NoResultsError(
                f"{error}; results of a changed work tree are in {changed}: --results {changed}"
            ) from None
        raise


def chosen(rows: pd.DataFrame, options: argparse.Namespace) -> dict[str, str]:
    """The run that the options ask for; a line says which, where there are several."""
    try:
        run = choose_run(rows, options.machine, options.commit, options.env)
    except KeyError as error:
        raise AnalysisError(f"{options.results}: no results of {error.args[0]}; there are: {named(rows)}") from None
    runs = rows[["machine", "env", "commit"]].drop_duplicates()
    if len(runs) > 1:
        env = f", {run['env']}" if runs["env"].nunique() > 1 else ""
        which = f"{run['machine']}, commit {run['commit'][:8]}{env}"
        print(f"Of {len(runs)} runs: {which}; choose another by {options_between(runs)}.")
    return run


def write_all(folder: Path, files: dict[str, bytes]) -> None:
    """Write files by their path inside `folder`; the page last, when all that it names is there."""
    for name, content in sorted(files.items(), key=lambda item: item[0] == "report.html"):
        write_whole(folder / name, content)


def show(line: str) -> None:
    """A line of progress, at once."""
    print(line, flush=True)


class OneLine:
    """Shows a warning as a line of its own, without the place in the code that gave it, and only once."""

    def __init__(self) -> None:
        self.shown: set[str] = set()

    def __call__(self, message: Warning | str, *_: object, **__: object) -> None:
        if str(message) not in self.shown:
            self.shown.add(str(message))
            print(f"warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

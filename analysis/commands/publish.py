"""`python -m analysis publish --into DIR --machine-name NAME`: one run as a folder to publish, raw results included;
with `--runs DIR DIR` the raw results of further runs as well, and on how many of all of them each fact holds."""

import argparse
import warnings
from collections.abc import Callable
from pathlib import Path

from analysis import replicating
from analysis.citing import FILE, Fact, citable, collected, facts_bytes
from analysis.citing.publishing import MANIFEST, PAGE, RAW, RUNS, measured_sections, outdated, page, picked, raw_files
from analysis.commands.options import Subparsers, add_choice, add_results
from analysis.commands.working import working
from analysis.commands.write import check_all, check_apart, delete_file, temporary_folder, write_all, write_whole
from analysis.errors import MEASURE, AnalysisError
from analysis.names import component
from analysis.reading.folder import read_folder
from analysis.reading.load import read_results
from analysis.reading.runs import RUN, single_run
from analysis.reading.schema import DamagedError, opened
from analysis.replicating.records import over_runs
from analysis.report import figure_files, table_files
from analysis.tables.findings import Findings
from analysis.text import counted, short_commit


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser("publish", help="write one run as a folder to publish, its raw results included")
    add_results(parser)
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="where to, e.g. docs/results")
    parser.add_argument("--machine-name", required=True, metavar="NAME", help="what the machine is to be called there")
    parser.add_argument(
        "--runs",
        nargs="+",
        default=[],
        metavar="DIR",
        help="results folders of further runs of the same commit: facts then say on how many they hold; a run of "
        "another machine as DIR=NAME, what that is to be called",
    )
    add_choice(parser)


def run(options: argparse.Namespace) -> int:
    """Make all files of the run, then write them; the manifest names what is there at every moment."""
    with working("Reading the results") as doing:
        said = published(options, doing)
    print(said)
    return 0


def published(options: argparse.Namespace, doing: Callable[[str], None]) -> str:
    """Publish the run; returns what is said of it. What is being done at the moment goes to `doing`."""
    check_apart(options.into, options.results)
    before = manifest(options.into)
    stored = read_results(options.results)
    chosen = single_run(stored, str(options.results), options.machine, options.commit, options.env)
    raw = raw_files(read_folder(options.results), chosen, options.machine_name, str(options.results))
    doing("Computing its facts from the raw results, as anybody will")
    facts, found = read_back(raw, options.results)
    runs: list[dict[str, str]] = []
    further: dict[str, bytes] = {}
    if options.runs:
        compared, further = beside(options, chosen["commit"], found, doing)
        facts = replicating.with_ranges(facts, compared)
        runs = replicating.listed(compared, [RAW, *(f"{RUNS}/{run.name}" for run in compared[1:])])
        further |= over_runs(compared)
    doing("Drawing the figures")
    files = picked(figure_files(found), measured_sections(found)) | table_files(found) | further
    text = page(facts, found, files, shown(options.into), runs)
    files |= {f"{RAW}/{path}": content for path, content in raw.items()}
    files |= {FILE: facts_bytes(facts, runs), PAGE: text.encode()}
    there = set(read_folder(options.into)) if options.into.exists() else set()
    gone = outdated(there, before, files, str(options.into))
    check_all(options.into, [*files, *gone, MANIFEST])
    write_whole(options.into / MANIFEST, listed({*files, *gone}))
    write_all(options.into, files)
    for path in gone:
        delete_file(options.into, path)
    write_whole(options.into / MANIFEST, listed(files))
    size = sum(map(len, files.values())) / 1e6
    over = f" over {counted(len(runs), 'run')}" if runs else ""
    return (
        f"{counted(len(facts), 'fact')} of {chosen['machine']}, commit {short_commit(chosen['commit'])},{over} in "
        f"{options.into}: {counted(len(files), 'file')}, {size:.1f} MB; begin with {options.into / PAGE}."
    )


def beside(
    options: argparse.Namespace, commit: str, found: Findings, doing: Callable[[str], None]
) -> tuple[list[replicating.Run], dict[str, bytes]]:
    """The run that is published with the further ones, and the raw results of these by their paths.

    Raises AnalysisError for two folders of one name, and for results of another commit, whose code may be another.
    """
    given = [folder.partition("=") for folder in options.runs]
    folders = [Path(folder) for folder, _, _ in given]
    names = [named(folder) for folder in [options.results, *folders]]
    double = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if double is not None:
        raise AnalysisError(f"--runs: two runs would be called {double!r}, after their folders; rename one of these")
    where = {name: str(getattr(found.summary, name)) for name in RUN}
    runs = [replicating.run_found(names[0], options.results, where, found)]
    files: dict[str, bytes] = {}
    for (folder, _, machine), path, name in zip(given, folders, names[1:], strict=True):
        check_apart(options.into, path)
        run = single_run(read_results(path), folder)
        if run["commit"] != commit:
            raise AnalysisError(
                f"{folder}: of commit {short_commit(run['commit'])}, and {options.results} of {short_commit(commit)}; "
                f"facts are of one commit: measure it there too (git checkout {short_commit(commit)} && {MEASURE} "
                "--results DIR)"
            )
        doing(f"Computing the facts of {name}")
        raw = raw_files(read_folder(path), run, machine or options.machine_name, folder, slim=True)
        with temporary_folder() as stage:
            write_all(stage, raw)
            runs.append(replicating.published_run(name, stage))
        files |= {f"{RUNS}/{name}/{file}": content for file, content in raw.items()}
    return runs, files


def named(folder: Path) -> str:
    """What a run is called: as its folder, whose name goes into a path and a page."""
    try:
        return component(folder.resolve().name)
    except ValueError as error:
        raise AnalysisError(f"--runs {folder}: {folder.resolve().name!r} {error}; rename the folder") from None


def read_back(raw: dict[str, bytes], results: Path) -> tuple[list[Fact], Findings]:
    """The facts and the findings of the raw results to be published, read as anybody will read them.

    What is wrong with them is said of the folder `results` that they come from.
    """
    with temporary_folder() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # said already, when that folder was read
        write_all(folder, raw)
        try:
            found = citable(folder, None, None)
            return collected(found, folder), found
        except AnalysisError as error:
            raise AnalysisError(str(error).replace(str(folder), str(results))) from None


def manifest(folder: Path) -> list[str]:
    """The paths that an earlier `publish` wrote into the folder."""
    path = folder / MANIFEST
    if not path.exists():
        return []
    try:
        return opened(path).decode().splitlines()
    except (DamagedError, ValueError) as error:
        raise AnalysisError(
            f"{path}: not the list of what `publish` wrote there ({error}); delete it with the files that it wrote, or "
            "choose another folder"
        ) from None


def listed(paths: set[str] | dict[str, bytes]) -> bytes:
    return "".join(f"{path}\n" for path in sorted(paths)).encode()


def shown(folder: Path) -> str:
    """The folder as the page names it: from the working folder; nothing above that is the reader's business."""
    whole, here = folder.resolve(), Path.cwd().resolve()
    return whole.relative_to(here).as_posix() if here in whole.parents else folder.name

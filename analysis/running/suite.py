"""Measuring a batch and storing it, in a staging folder, so that stored results are replaced whole or not at all.

asv measures what it measures once, a batch a call. It writes its result file in place and forgets a call that is
interrupted. It therefore works on a copy of the commit's results in `scratch`, a temporary folder; the copy replaces
the stored file only once asv has ended, and only if the work tree is still the one that the run began with.

Ratios a process of the suite's own takes, one number of each cell of the batch (`python -m benchmarks take`); they are
added to the samples in asv's file, in the same way, by `analysis.running.storing`. asv itself starts a process a cell,
or forks it from one that holds the suite, and either is too dear, or too much alike, for several of each.

Why a cell failed its own process says, in a file that the environment names (`benchmarks.catalogue.reasons`).
"""

import ast
import errno
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asv.config import Config
from asv.environment import get_environments
from asv.machine import Machine, MachineCollection
from asv.util import UserError, load_json

from analysis.errors import AnalysisError
from analysis.reading.merge import REFINED
from analysis.reading.provenance import Engines
from analysis.reading.schema import DamagedError, cases_of, opened, results_of
from analysis.running.checkout import Checkout
from analysis.running.children import ask, stream, temporary
from analysis.running.conditions import USUAL, Conditions
from analysis.running.output import failure
from analysis.running.plan import REFINE, Batch, Cell, pattern
from analysis.running.storing import added, durations
from analysis.running.writer import Writer
from benchmarks.catalogue import presets, reasons
from benchmarks.catalogue.taken import Taken, parsed

STAGE = "batch"  # the folder in `scratch` of the batch in hand
SOME_FAILED = 2  # asv's exit status when it ran to its end and some benchmarks failed


@dataclass(frozen=True)
class Suite:
    """The benchmarks of the checkout in `root`, measured into the folder `results`.

    `scratch` is the temporary folder of all that is started here; `recheck` reads the checkout anew; `show` prints a
    line; `writer` writes, in `scratch` as in `results`; `core` is the one to measure on (None: each process's own);
    `conditions` hold for all that is measured.
    """

    root: Path
    results: Path
    scratch: Path
    checkout: Checkout
    preset: str
    recheck: Callable[[], Checkout]
    show: Callable[[str], None]
    writer: Writer
    core: int | None = None
    conditions: Conditions = USUAL

    @property
    def refine_file(self) -> Path:
        """The list of every refinement case ever measured into these results, as JSON."""
        return self.results / REFINED

    def environment(self) -> dict[str, str]:
        """The environment that benchmarks run in: the conditions, full parameter lists, the code of `root`."""
        settings = self.conditions.environment
        settings |= {presets.VARIABLE: "full", "MODES_PAIRS": str(presets.PAIRS[self.preset]), "PYTHONUNBUFFERED": "1"}
        settings["MODES_PROCESSES"] = "1"  # where asv itself takes a ratio, it takes one number of it
        settings["ASV_PYTHONPATH"] = settings["PYTHONPATH"] = str(self.root)
        settings |= temporary(self.scratch)
        if self.core is not None:
            settings[presets.CORE] = str(self.core)
        if self.refine_file.exists():
            settings["MODES_REFINE"] = str(self.refine_file)
        inherited = {key: value for key, value in os.environ.items() if key not in ("MODES_REFINE", presets.FORMER)}
        return {**inherited, **settings}

    def cells(self, preset: str, engines: str | None = None) -> dict[str, list[list[str]]]:
        """The cells of a preset, as `python -m benchmarks cells` lists them; of these `engines`, if any are named."""
        cells: dict[str, list[list[str]]] = self.described(
            "cells", "--preset", preset, *(() if engines is None else ("--engines", engines))
        )
        return cells

    def engines(self) -> Engines:
        """Every engine that there is, installed or not, as `python -m benchmarks engines` describes it."""
        engines: Engines = self.described("engines")
        return engines

    def quietness(self) -> list[dict[str, Any]]:
        """What the cores of this machine give, as `python -m benchmarks quietness` finds it in a few seconds."""
        found: list[dict[str, Any]] = self.described("quietness")
        return found

    def kernels(self, seconds: float, name: str = "") -> dict[str, Any]:
        """The BLAS kernels of this machine, as `python -m benchmarks kernels` finds them in so many seconds, rates
        included; for 0 seconds without. `name` is tried as well."""
        found: dict[str, Any] = self.described("kernels", "--seconds", str(seconds), "--kernel", name)
        return found

    @property
    def begun(self) -> Path:
        """The file to which each cell of the batch in hand appends that it begins."""
        return self.scratch / STAGE / "begun"

    def described(self, *arguments: str) -> Any:
        """What the suite says of itself."""
        command = [sys.executable, "-m", "benchmarks", *arguments]
        code, said, complaints = ask(command, self.root, self.environment())
        if code != 0:
            raise AnalysisError(failure(command, code, complaints))
        return json.loads(said)

    def environment_name(self) -> str:
        """The name under which asv files results of this Python."""
        config = Config.from_json(staged_config(self.root, self.results, self.conditions))
        (environment,) = get_environments(config, [":same"])
        name: str = environment.name
        return name

    def machine_name(self) -> str:
        """The name under which asv files results of this machine; the machine is described to asv if it was not yet.

        A description that the user gave to asv (in ~/.asv-machine.json) is never replaced.
        """
        try:
            stored = MachineCollection.load(Machine.get_unique_machine_name())
        except UserError:
            code, said = stream([sys.executable, "-m", "asv", "machine", "--yes"], self.root, self.environment())
            if code != 0:
                raise AnalysisError(failure(["asv", "machine", "--yes"], code, said)) from None
            stored = MachineCollection.load(Machine.get_unique_machine_name())
        name: str = stored["machine"]
        return name

    def measure(self, batch: Batch) -> tuple[dict[str, str], dict[str, float]]:
        """Measure one batch by asv and store it. Returns why cells failed, by the cell's name, of those that could say
        so, and the seconds that each benchmark's cells took.

        Raises AnalysisError where asv fails as a whole, or where the work tree has changed meanwhile; the stored
        results are then as they were before the batch.
        """
        with self.staging() as stage:
            self.stage(stage / "results")
            config = stage / "asv.conf.json"
            self.writer.write_whole(
                config, json.dumps(staged_config(self.root, stage / "results", self.conditions)).encode()
            )
            command = [sys.executable, "-m", "asv", "run", "--config", str(config), "--python=same"]
            command += [
                "--set-commit-hash",
                self.checkout.commit,
                "--record-samples",
                "--launch-method",
                "forkserver",
            ]
            code, said = stream([*command, "-b", pattern(batch)], self.root, self.settings(stage, batch), self.show)
            self.check_room(said)
            if code not in (0, SOME_FAILED):
                raise AnalysisError(failure(["asv", "run", "-b", *batch.by_benchmark], code, said))
            self.keep(stage)
            took: dict[str, float] = {}
            for path in self.files(self.results):
                took |= durations(path, batch)
            return self.failures(stage), took

    def take(self, batch: Batch) -> tuple[list[Taken], dict[str, str]]:
        """One number of each ratio of a batch, from one fresh process, stored nowhere. Returns what it said of each
        cell, and why cells failed.

        A process that dies fails the cell that it was at; a further one goes on behind that.
        """
        with self.staging() as stage:
            refine = stage / REFINED
            self.writer.write_whole(refine, json.dumps(refinement_list(self.refine_file, batch.cells)).encode())
            settings = self.settings(stage, batch) | {"MODES_REFINE": str(refine)}
            command = [sys.executable, "-m", "benchmarks", "take", "--cells", str(stage / "cells")]
            found: list[Taken] = []
            deaths: dict[str, str] = {}
            while left := batch.cells[len(found) :]:
                self.writer.write_whole(stage / "cells", json.dumps(left).encode())
                code, said, complaints = ask(command, self.root, settings)
                found += parsed(said)
                if code == 0 and len(found) >= len(batch.cells):
                    break
                if code == 0 or not self.begun.exists():  # it could not even begin, or says less than it was asked
                    raise AnalysisError(failure(["python", "-m", "benchmarks", "take"], code, complaints))
                name, parameters = batch.cells[len(found)]
                found.append(Taken(name, parameters, "failed"))
                deaths[f"{name}({', '.join(parameters)})"] = ended(code)
            faults = self.failures(stage) | deaths
            self.check_room(faults.values())
            return found, faults

    def store(self, found: Sequence[Taken], place: Path) -> None:
        """Add what processes said of some cells to the result file at `place` in the results folder. Raises
        AnalysisError as `measure` does."""
        with self.staging() as stage:
            self.stage(stage / "results")
            # asv takes a case that joins the list without a number for a failed one: no others join it.
            cases = refinement_list(self.refine_file, [(taken.benchmark, taken.parameters) for taken in found])
            added(stage / "results" / place, self.results, found, cases)
            self.keep(stage)
            if any(taken.benchmark == REFINE for taken in found):
                self.writer.write_whole(self.refine_file, json.dumps(cases).encode())

    def settings(self, stage: Path, batch: Batch) -> dict[str, str]:
        """The environment of one batch. Its engines take part, chosen by name or not: by itself the suite would leave a
        stand-in out."""
        settings = self.environment() | dict.fromkeys(("MODES_PRELOAD", "MODES_ENGINES"), ",".join(batch.engines))
        return settings | {reasons.VARIABLE: str(stage / "reasons"), reasons.BEGUN: str(self.begun)}

    def keep(self, stage: Path) -> None:
        """Replace the stored results by those in the stage, if the work tree is still the same."""
        if self.recheck() != self.checkout:
            raise AnalysisError(
                "the work tree changed while it was measured; the batch in hand was dropped, those before it are "
                "kept: leave the files alone during a run, and run again"
            )
        for path in sorted((stage / "results").rglob("*.json")):
            self.writer.write_whole(self.results / path.relative_to(stage / "results"), path.read_bytes())

    def failures(self, stage: Path) -> dict[str, str]:
        """Why cells failed, of those that could say so."""
        said = stage / "reasons"
        lines = said.read_text(encoding="utf-8") if said.exists() else ""
        return reasons.failures(reasons.parse_reasons(lines).values())

    def check_room(self, said: Iterable[str]) -> None:
        """AnalysisError where a full disk was taken for a fault of the cells."""
        if any(os.strerror(errno.ENOSPC) in line for line in said):
            raise AnalysisError(self.writer.cannot_be_written(self.scratch, OSError(errno.ENOSPC, "benchmarks")))

    def files(self, folder: Path) -> list[Path]:
        """This commit's result files in a results folder: one for each machine and environment."""
        return sorted(folder.glob(f"*/{self.checkout.commit[:8]}-*.json"))

    @contextmanager
    def staging(self) -> Iterator[Path]:
        """A folder for one batch."""
        folder = self.scratch / STAGE
        self.writer.make_folder(folder)
        try:
            yield folder
        finally:
            self.writer.delete_folder(folder)

    def stage(self, folder: Path) -> None:
        """Copy what asv adds to: this commit's results, if they can be read."""
        for path in self.files(self.results):
            try:
                results_of(opened(path))
            except DamagedError as error:
                raise AnalysisError(
                    f"{path} is damaged ({error}); delete it with `rm '{path}'` and run again: its cells are then "
                    "measured anew"
                ) from None
            self.writer.write_whole(folder / path.relative_to(self.results), path.read_bytes())


def refinement_list(stored: Path, cells: Iterable[Cell]) -> list[str]:
    """The refinement cases in the file `stored` (none where there is no file), and those of the cells after them."""
    try:
        before = cases_of(opened(stored)) if stored.exists() else []
    except DamagedError as error:
        raise AnalysisError(f"{stored} is damaged ({error}); delete it with `rm '{stored}'` and run again") from None
    return list(dict.fromkeys([*before, *(ast.literal_eval(cell[1][0]) for cell in cells if cell[0] == REFINE)]))


def ended(code: int) -> str:
    """How a process ended that should have gone on."""
    if code == reasons.TIMED_OUT:
        return "it took longer than its benchmark allows, and was ended"
    return f"its process was ended by signal {-code}" if code < 0 else f"its process ended with status {code}"


def staged_config(root: Path, results: Path, conditions: Conditions = USUAL) -> dict[str, object]:
    """The project's asv configuration with absolute paths and the conditions, for a file that lies elsewhere.

    asv looks up the branches named in it even when it is told the commit, and fails in a clone without them: HEAD is
    always there.
    """
    path = root / "asv.conf.json"
    try:
        config: dict[str, Any] = load_json(str(path), js_comments=True)
    except (OSError, UserError, ValueError) as error:
        raise AnalysisError(f"{path} cannot be read ({error}); restore it: git checkout asv.conf.json") from None
    for key, default in {"benchmark_dir": "benchmarks", "env_dir": "env", "html_dir": "html"}.items():
        config[key] = str(root / str(config.get(key, default)))
    config["matrix"] = conditions.matrix(config.get("matrix", {}))
    return config | {"repo": str(root), "branches": ["HEAD"], "results_dir": str(results)}

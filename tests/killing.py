"""A run to be killed: `python -m analysis run` as users start it, in a clone of its own, on cells that sleep."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import NamedTuple

import psutil

from analysis.errors import NoResultsError
from analysis.reading.load import read_results
from benchmarks.catalogue.case import Case
from tests.repository import git, new_repository

ROOT = Path(__file__).parent.parent
MARK = "MODES_KILLED_BY"  # in the environment of a run and of all that it starts
QUESTIONS = 8
BATCH = re.compile(r"\[\d+\] \d+ cells?: ([\w.]+)")  # what announces a batch
SIZES = [4, 8, 16]
SETTING = Case(mode="forward")._asdict()
PARAMS = [SIZES if name == "n" else [value] for name, value in SETTING.items()]
SUITE = f"""
import time
class Question:
    params, param_names, version = {PARAMS}, {list(SETTING)}, "1"
    def track_it(self, *case):
        time.sleep(0.2)
        return 1
"""


def clone(folder: Path) -> Path:
    """A repository with this project's analysis, and a suite that sleeps."""
    repository = new_repository(folder)
    for package in ("analysis", "benchmarks", "modes"):
        shutil.copytree(ROOT / package, repository / package, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (repository / "benchmarks").glob("*.py"):
        if path.name != "__init__.py":
            path.unlink()
    for path in (repository / "benchmarks").iterdir():
        if path.is_dir() and path.name != "catalogue":
            shutil.rmtree(path)
    plan = repository / "analysis" / "running" / "plan.py"
    text, long = plan.read_text(), "BATCH_SECONDS = 20.0"
    assert long in text
    plan.write_text(text.replace(long, "BATCH_SECONDS = 1.2"))  # a batch a question
    names = [f"Q{number}" for number in range(QUESTIONS)]
    cells = {f"crossover.{name}.track_it": [list(map(repr, case)) for case in product(*PARAMS)] for name in names}
    answers = {
        "cells": cells,
        "engines": {"modes": {"requires": ["numpy"], "versions": {"numpy": "2.4.6"}, "missing": []}},
        "quietness": [],
        "kernels": {"skipped": "a suite of milliseconds"},
    }
    # asv imports this module as well
    answer = f"import json, sys\nif __name__ == '__main__':\n    print(json.dumps({answers!r}[sys.argv[1]]))\n"
    (repository / "benchmarks" / "__main__.py").write_text(answer)
    classes = "".join(f"\nclass {name}(Question):\n    pass\n" for name in names)
    (repository / "benchmarks" / "crossover.py").write_text(SUITE + classes + "\ndel Question\n")
    config = {"version": 1, "project": "x", "repo": ".", "environment_type": "virtualenv", "dvcs": "git"}
    (repository / "asv.conf.json").write_text(json.dumps(config))
    (repository / ".gitignore").write_text("__pycache__\n.asv\nreport\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-m", "suite")
    return repository


@dataclass
class Killed:
    """Runs in one clone, one after the other; what each must have kept, and what must not be there any more."""

    clone: Path
    temporary: Path
    home: Path

    @contextmanager
    def run(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        """A run that has begun to listen to signals."""
        environment = {**os.environ, MARK: str(self.temporary), "TMPDIR": str(self.temporary), "HOME": str(self.home)}
        command = [sys.executable, "-m", "analysis", "run", "--preset", "quick", *options]
        with subprocess.Popen(
            command,
            cwd=self.clone,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=hear,
        ) as child:
            try:
                while not listens(child.pid):
                    time.sleep(0.002)
                yield child
            finally:
                child.kill()

    def stopped(self, at: "Moment", number: signal.Signals) -> tuple[int, str, str]:
        """A run that gets a signal at a moment, perhaps several times; its status and what it said."""
        with self.run() as child:
            assert child.stdout is not None
            said: list[str] = []
            while sum(bool(BATCH.match(line)) for line in said) < at.batch and (line := child.stdout.readline()):
                said.append(line)
            time.sleep(at.after)
            for pause in at.pauses:
                time.sleep(pause)
                child.send_signal(number)
            output, errors = child.communicate(timeout=60)
        return child.returncode, "".join(said) + output, errors

    def finished(self) -> set[tuple[str, tuple[str, ...]]]:
        """The cells that are stored with a number."""
        try:
            rows = read_results(self.clone / ".asv" / "results")
        except NoResultsError:
            return set()
        return {
            (row["benchmark"], tuple(row["parameters"])) for row in rows.to_dict("records") if row["status"] == "ok"
        }

    def alive(self) -> list[str]:
        """The command lines of what still runs of all runs here."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == str(self.temporary):
                    found.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return found

    def left(self) -> list[str]:
        """What still runs two seconds later."""
        deadline = time.monotonic() + 2.0
        while (found := self.alive()) and time.monotonic() < deadline:
            time.sleep(0.02)
        return found

    def folders(self) -> list[Path]:
        """The temporary folders of runs."""
        return sorted(self.temporary.iterdir())


def hear() -> None:
    """Take signals as in a terminal: a process that a script started in the background ignores Ctrl-C."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def listens(pid: int) -> bool:
    """Whether the process catches SIGTERM, which Python alone does not: the last of those that a run takes over."""
    caught = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigCgt")]
    return bool(int(caught[0].split()[1], 16) >> (signal.SIGTERM - 1) & 1)


class Moment(NamedTuple):
    """When to signal a run: so long after it began to listen, or to measure its n-th batch; and the pauses between."""

    batch: int
    after: float
    pauses: tuple[float, ...]

    @classmethod
    def of(cls, seed: int) -> "Moment":
        rng = random.Random(seed)
        batch = rng.choice([0, 1, 2])
        pauses = [rng.choice([0.0, rng.uniform(0, 0.01), rng.uniform(0, 0.2)]) for _ in range(rng.choice([0, 1, 4]))]
        return cls(batch, rng.uniform(0, 2), (0.0, *pauses))

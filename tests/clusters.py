"""A Dask cluster of processes on this machine, and a project whose suite takes a moment, for runs over the one of it.

A worker process counts as a machine of its own where MODES_MACHINE names it.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.catalogue.case import Case
from tests.repository import git, new_repository

ROOT = Path(__file__).parent.parent
WAIT = 30.0
SECONDS, TOUCHED = "MODES_TEST_SECONDS", "MODES_TEST_TOUCHED"
"""In a worker's environment: how long a cell takes there, and a file that each makes."""
OFFSET = 1e-6
"""What a worker called "two" adds to each ratio, so that it can be told who has measured it."""
SUITE = f"""
import json, os, pathlib, random, time
NAMES = {list(Case._fields)}
FIXED = {Case(mode="forward/reverse")._asdict()}
def params(sizes):
    return [sizes.get(name, [FIXED[name]]) for name in NAMES]
OFFSET = {OFFSET} if os.environ.get("MODES_MACHINE") == "two" else 0.0
def value(n):
    if "{TOUCHED}" in os.environ:
        pathlib.Path(os.environ["{TOUCHED}"]).touch()
    time.sleep(float(os.environ.get("{SECONDS}", "0")))
    return (n - 11) / 20 + random.choice(range(-7, 8)) / 1000 + OFFSET
def samples(value):
    return {{"samples": [value], "number": 1}}
class Control:
    params, param_names, version = params({{"mode": ["forward/forward"]}}), NAMES, "2"
    def track_log_ratio(self, *case):
        return samples(0.0)
class Map:
    params, param_names, version = params({{"m": OUTPUTS, "n": [4, 8, 16]}}), NAMES, "2"
    def track_log_ratio(self, *case):
        return samples(value(case[4]))
CASES = json.loads(pathlib.Path(os.environ["MODES_REFINE"]).read_text()) if "MODES_REFINE" in os.environ else []
if CASES:
    class Refine:
        params, param_names, version = [CASES], ["case"], "2"
        def track_log_ratio(self, case):
            return samples(value(int(case.split(" n=")[1].split()[0])))
"""
ENVIRONMENT = """
from .crossover import NAMES, params
class Environment:
    params, param_names, version = params({}), NAMES, "1"
    def track_blas_threads(self, *case):
        return 1
"""
ANSWERS = """
import ast, itertools, json, os, sys
from .crossover import Control, Map, value
from .environment import Environment
def taken(benchmark, parameters):
    values = [ast.literal_eval(each) for each in parameters]
    n = int(values[0].split(" n=")[1].split()[0]) if len(values) == 1 else values[4]
    with open(os.environ["MODES_BEGUN"], "a") as file:
        file.write(f"n={n}\\n")
    found = value(11 if "Control" in benchmark else n)
    said = {"benchmark": benchmark, "parameters": parameters, "status": "ok", "value": found}
    return {**said, "seconds": 0.01, "share": 1.0}
if __name__ == "__main__":  # asv imports this module as well
    if sys.argv[1] == "take":
        with open(sys.argv[sys.argv.index("--cells") + 1]) as file:
            for cell in json.load(file):
                print(json.dumps(taken(*cell)), flush=True)
        sys.exit()
    state = {"requires": ["numpy"], "versions": {"numpy": os.environ.get("MODES_TEST_NUMPY", "2.4.6")}, "missing": []}
    kernels = {"library": "openblas 0.3.31", "own": "Zen", "used": "Zen", "threads": 1, "kernels": ["Zen", "Haswell"],
               "called": {}, "faults": {}, "skipped": "no time", "rates": []}
    named = {f"crossover.{each.__name__}.track_log_ratio": each for each in (Control, Map)}
    named["environment.Environment.track_blas_threads"] = Environment
    cells = {name: [[repr(value) for value in case] for case in itertools.product(*each.params)]
             for name, each in named.items()}
    print(json.dumps({"cells": cells, "engines": {"modes": state}, "quietness": [], "kernels": kernels}[sys.argv[1]]))
"""


def project(folder: Path, outputs: list[int]) -> Path:
    """A repository with this project's analysis, and a suite of a control and a curve with a crossover for each m."""
    repository = new_repository(folder)
    ignored = shutil.ignore_patterns("__pycache__")
    for package in ("analysis", "modes"):
        shutil.copytree(ROOT / package, repository / package, ignore=ignored)
    (repository / "benchmarks").mkdir()
    shutil.copytree(ROOT / "benchmarks" / "catalogue", repository / "benchmarks" / "catalogue", ignore=ignored)
    (repository / "benchmarks" / "__init__.py").touch()
    (repository / "benchmarks" / "__main__.py").write_text(ANSWERS)
    (repository / "benchmarks" / "crossover.py").write_text(f"OUTPUTS = {outputs}\n{SUITE}")
    (repository / "benchmarks" / "environment.py").write_text(ENVIRONMENT)
    config = {"version": 1, "project": "x", "repo": ".", "environment_type": "virtualenv", "dvcs": "git"}
    (repository / "asv.conf.json").write_text(json.dumps(config))
    (repository / ".gitignore").write_text("__pycache__\n/.asv\n/report\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-m", "suite")
    return repository


@dataclass
class Local:
    """A scheduler and its workers, each a process; all end with the block that :func:`local` is."""

    folder: Path
    home: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """That of every process: asv keeps its description of the machine in the home."""
        return {**os.environ, "HOME": str(self.home), "TMPDIR": str(self.folder)}

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[bytes]:
        log = (self.folder / f"{len(self.processes)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_worker", *arguments]
                if arguments[0] != "scheduler"
                else [sys.executable, "-m", "distributed.cli.dask_scheduler", *arguments[1:]],
                cwd=self.folder,
                env={**self.environment, **variables},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)
        return process

    @property
    def address(self) -> str:
        """Of the scheduler, as soon as it listens."""
        file = self.folder / "scheduler.json"
        deadline = time.monotonic() + WAIT
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        found: str = json.loads(file.read_text())["address"]
        return found

    def worker(
        self, name: str, *options: str, resources: str = "measuring=1", **variables: str
    ) -> subprocess.Popen[bytes]:
        """A worker that counts as a machine called `name`."""
        given = ["--resources", resources] if resources else []
        fixed = ["--no-nanny", "--no-dashboard", "--nthreads", "1", "--memory-limit", "0", "--name", name]
        where = ["--local-directory", str(self.folder / "local")]
        return self.start(self.address, *fixed, *given, *where, **{"MODES_MACHINE": name, **variables})


@contextmanager
def local(folder: Path, home: Path) -> Iterator[Local]:
    """A scheduler without workers."""
    cluster = Local(folder, home)
    try:
        options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"]
        cluster.start("scheduler", *options, "--scheduler-file", str(folder / "scheduler.json"))
        yield cluster
    finally:
        for process in reversed(cluster.processes):
            process.kill()
            process.wait()

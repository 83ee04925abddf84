"""What does ``import modes`` add to ``import numpy``? Timed in an interpreter of its own, NumPy loaded before.

The package is compiled beforehand, as an installed one is; its bytecode goes to a temporary folder.
"""

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import modes

from .apparatus.benchmark import Benchmark
from .apparatus.grids import Grid
from .apparatus.pairs import Samples
from .apparatus.single import stored
from .catalogue.metrics import UNITS

TIMED = """
import time, numpy
start = time.perf_counter()
import modes
print(time.perf_counter() - start)
"""
STARTS = 11


class Import(Benchmark):
    grid = Grid(mode=["primal"])
    unit = UNITS["import_seconds"]
    version = "1"

    def track_import_seconds(self, *case: object) -> Samples:
        with TemporaryDirectory() as compiled:
            one_import(compiled)
            return stored([one_import(compiled) for _ in range(STARTS)])


def one_import(compiled: str) -> float:
    """The seconds of one import, in a fresh interpreter that finds the package measured here."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", TIMED],
        cwd=Path(modes.__file__).parent.parent,
        env={**environment, "PYTHONPYCACHEPREFIX": compiled},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)

"""What every test leaves behind as it found it; and which tests can run where only the engines' requirements are."""

import ast
import importlib.util
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# No test, and no process that one starts, chooses by what this machine's user keeps, or keeps anything.
os.environ["MODES_CACHE"] = str(HERE / "conftest.py" / "no folder")
os.environ.setdefault("MODES_PROCESSES", "1")  # what a benchmark measures, it measures in the test's own process
ENGINES = {"hypothesis", "modes", "numpy", "pytest", "tests"}


@cache
def needs(name: str) -> frozenset[str]:
    """What a file here imports, or another one that it imports, but for the engines and their requirements."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").split(".")[0] == "tests"):
            inside = (node.module or "").removeprefix("tests").removeprefix(".")
            for inner in [inside] if inside else [alias.name for alias in node.names]:
                found |= needs(inner.split(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return frozenset(found - ENGINES - set(sys.stdlib_module_names))


# With NumPy, pytest and hypothesis alone: the tests of modes (.ci/run, with the oldest NumPy).
if importlib.util.find_spec("pandas") is None:
    collect_ignore = [path.name for path in HERE.glob("test_*.py") if needs(path.stem)]


@pytest.fixture(autouse=True)
def _cores() -> Iterator[None]:
    """A benchmark's setup pins its process to one core. This process is not a benchmark's."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, cores)

"""What asv does not record of an environment: the versions of Python, NumPy, BLAS and modes that were measured.

Contract: one JSON file `facts` in the results folder (without a suffix: asv takes every .json file for a result), a
list of records with FIELDS. Only this module opens it.
"""

import datetime
import json
import platform
import tomllib
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from analysis.errors import AnalysisError
from analysis.write import write_whole

FILE = "facts"
WHERE = ("machine", "env", "commit")
VERSIONS = ("python", "numpy", "blas", "modes")
FIELDS = (*WHERE, *VERSIONS, "measured")

Facts = dict[str, str]


def current_versions(root: Path) -> Facts:
    """VERSIONS of this process and of the project in `root`."""
    with open(root / "pyproject.toml", "rb") as file:
        version = tomllib.load(file)["project"]["version"]
    every = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    pools = [pool for pool in every if "numpy" in pool["filepath"]] or every  # SciPy brings one of its own
    blas = ", ".join(sorted({f"{pool['internal_api']} {pool['version']}" for pool in pools})) or "not recognised"
    return {"python": platform.python_version(), "numpy": np.__version__, "blas": blas, "modes": str(version)}


def read_facts(folder: Path, machine: str, env: str, commit: str) -> Facts:
    """The record of one run in a results folder: FIELDS, or nothing where none was made."""
    where = {"machine": machine, "env": env, "commit": commit}
    return next((record for record in _records(folder) if {key: record.get(key) for key in WHERE} == where), {})


def store_facts(folder: Path, machine: str, env: str, commit: str, versions: Facts) -> None:
    """Record the `versions` that one run is measured with; the first record of a run stands.

    Raises AnalysisError where the run was begun with other versions: its cells would not be comparable.
    """
    known = read_facts(folder, machine, env, commit)
    changed = [f"{key} {known[key]} (now {versions[key]})" for key in VERSIONS if known and known[key] != versions[key]]
    if changed:
        raise AnalysisError(
            f"{folder}: this commit was measured here with {', '.join(changed)}, and the two do not mix; measure into "
            "a folder of its own: python -m analysis run --results DIR"
        )
    if not known:
        today = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
        record = {"machine": machine, "env": env, "commit": commit, **versions, "measured": today}
        text = json.dumps([*_records(folder), record], indent=1)
        write_whole(folder / FILE, text.encode())


def _records(folder: Path) -> list[Facts]:
    path = folder / FILE
    if not path.exists():
        return []
    try:
        records = json.loads(path.read_bytes())
        if not all(isinstance(record, dict) and set(record) == set(FIELDS) for record in records):
            raise ValueError
    except (ValueError, TypeError):
        raise AnalysisError(f"{path} is damaged; delete it: rm '{path}'") from None
    return list(records)

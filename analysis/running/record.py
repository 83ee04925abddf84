"""Recording what a run is measured with: the provenance that :mod:`analysis.reading.provenance` reads.

Contract: the first record of a run stands. A run does not go on with other versions than it was begun with.
"""

import datetime
import json
import platform
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

from analysis.commands.write import write_whole
from analysis.errors import AnalysisError
from analysis.reading.provenance import FILE, Engines, Record, Versions, changes, joined, read_record, read_records
from analysis.reading.runs import RUN


def current_versions(root: Path) -> Versions:
    """VERSIONS of this process and of the project in `root`; BLAS with the kernels that it takes for this machine's."""
    with open(root / "pyproject.toml", "rb") as file:
        version = tomllib.load(file)["project"]["version"]
    every = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    pools = [pool for pool in every if "numpy" in pool["filepath"]] or every  # SciPy brings one of its own
    blas = ", ".join(sorted(map(_blas, pools))) or "not recognised"
    return {"python": platform.python_version(), "numpy": np.__version__, "blas": blas, "modes": str(version)}


def record_versions(folder: Path, machine: str, env: str, commit: str, versions: Versions, engines: Engines) -> None:
    """Record what one run is measured with. The first record of a run stands; engines installed since are added.

    Raises AnalysisError where the run was begun with other versions: its cells would not be comparable.
    """
    known = read_record(folder, machine, env, commit)
    today = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    where = {"machine": machine, "env": env, "commit": commit}
    record = {**where, **versions, "measured": today, "engines": engines, "faults": {}}
    changed = [f"{name} {before} (now {now})" for name, before, now in changes(known, record)] if known else []
    if changed:
        raise AnalysisError(
            f"{folder}: this commit was measured here with {', '.join(changed)}, and the two do not mix; measure into "
            "a folder of its own: python -m analysis run --results DIR"
        )
    _store(folder, joined(known, record) if known else record)


def record_faults(folder: Path, machine: str, env: str, commit: str, faults: Mapping[str, str]) -> None:
    """Add `faults` to the record of a run, which was begun by `record_versions`."""
    record = read_record(folder, machine, env, commit)
    _store(folder, {**record, "faults": {**record["faults"], **faults}})


def _store(folder: Path, record: Record) -> None:
    """Write a run's record, in place of the one there is; nothing where it is the same."""
    records = {tuple(known[name] for name in RUN): known for known in read_records(folder)}
    where = tuple(record[name] for name in RUN)
    if records.get(where) != record:
        write_whole(folder / FILE, json.dumps([*{**records, where: record}.values()], indent=1).encode())


def _blas(pool: Mapping[str, Any]) -> str:
    """openblas 0.3.31, Haswell kernels."""
    kernel = pool.get("architecture")
    return f"{pool['internal_api']} {pool['version']}{f', {kernel} kernels' if kernel else ''}"

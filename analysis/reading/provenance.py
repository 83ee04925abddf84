"""What asv does not record of a run, its provenance: versions, the state of each engine, and why cells failed.

Contract: one JSON file `facts` in the results folder (without a suffix: asv takes every .json file for a result), a
list of records with FIELDS, one a run. Only this module opens it; what is to be written there it returns, and writes
nothing. A record's `engines` are those of the suite as `python -m benchmarks engines` describes them, by name; its
`faults` say why cells failed, by the cell's name: `benchmark(parameter, parameter)`; its `kernels` are the machine's
BLAS kernels and the rates of each, in the form that `benchmarks.apparatus.kernels` explains, empty where nobody looked;
its `rates` are the line that `python -m modes.calibrate --json` printed when the run began, "" where it did not.
"""

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from analysis.errors import AnalysisError
from analysis.reading import schema
from analysis.reading.load import read_machines
from analysis.reading.runs import RUN
from analysis.reading.schema import DamagedError, checked, opened

FILE = "facts"
VERSIONS = ("python", "numpy", "blas", "modes")
FURTHER = ("engines", "faults", "kernels")
FIELDS = (*RUN, *VERSIONS, "measured", *FURTHER, "rates")
OWN = ["numpy"]
"""What an engine requires that is code of this project; its version is the project's."""

Versions = dict[str, str]
Engines = dict[str, dict[str, Any]]
Record = dict[str, Any]


@dataclass(frozen=True)
class Provenance:
    """What is known of one run beside its measurements.

    `known`: the machine's MACHINE_TRAITS, VERSIONS, `measured` (the day), and the version of each installed engine by
    the engine's name, as text, as far as they are recorded. `engines`, `faults`, `kernels` and `rates` are those of the
    run's record.
    """

    known: Versions = field(default_factory=dict)
    engines: Engines = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    kernels: dict[str, Any] = field(default_factory=dict)
    rates: str = ""


def read_provenance(folder: Path, machine: str, env: str, commit: str) -> Provenance:
    """What is recorded of one run and of its machine."""
    machines = read_machines(folder).set_index("machine")
    traits = machines.loc[machine].dropna().to_dict() if machine in machines.index else {}
    record = _record(folder, machine, env, commit)
    known = {str(name): str(value) for name, value in traits.items()} | _versions(record)
    return Provenance(known, **{name: record.get(name, {}) for name in FURTHER}, rates=record.get("rates", ""))


def with_versions(
    folder: Path,
    machine: str,
    env: str,
    commit: str,
    versions: Versions,
    engines: Engines,
    kernels: Mapping[str, Any] | None = None,
    rates: str = "",
) -> bytes:
    """FILE with a record of what one run is measured with. The first record of a run stands; engines installed since
    are added, and so are rates where it has none.

    Raises AnalysisError where the run was begun with other versions, BLAS kernels among them: its cells would not be
    comparable.
    """
    known = _record(folder, machine, env, commit)
    today = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    where = {"machine": machine, "env": env, "commit": commit}
    further = {"engines": engines, "faults": {}, "kernels": dict(kernels or {}), "rates": rates}
    record = {**where, **versions, "measured": today, **further}
    changed = [f"{name} {before} (now {now})" for name, before, now in changes(known, record)] if known else []
    if changed:
        by_name = ", or name the BLAS kernels, which makes it a run of its own: --blas-kernel NAME"
        raise AnalysisError(
            f"{folder}: this commit was measured here with {', '.join(changed)}, and the two do not mix; measure into "
            "a folder of its own: python -m analysis run --results DIR"
            + (by_name if any("kernels" in text for text in changed) else "")
        )
    return _with(folder, joined(known, record) if known else record)


def with_faults(folder: Path, machine: str, env: str, commit: str, faults: Mapping[str, str]) -> bytes:
    """FILE with further `faults` of a run, whose record is there (`with_versions`)."""
    record = _record(folder, machine, env, commit)
    return _with(folder, {**record, "faults": {**record["faults"], **faults}})


def engine_version(engine: Mapping[str, Any], project: str) -> str:
    """The version of an engine, that of the `project` where it is code of its own; nothing where it cannot compute.

    That of the first package it requires; another package's only where that is a different number; and the device,
    where it needs one.
    """
    if list(engine["requires"]) == OWN:
        return project
    if not computes(engine):
        return ""
    if list(engine["requires"][:1]) == OWN:  # of this project's own, with a package of its own
        with_packages = [f"{package} {engine['versions'][package]}" for package in engine["requires"][1:]]
        return f"{project} ({', '.join(with_packages)})"
    first, *others = (engine["versions"][package] for package in engine["requires"])
    further = [f"{package} {version}" for package, version in zip(engine["requires"][1:], others, strict=True)]
    differing = [text for text, version in zip(further, others, strict=True) if version != first]
    text = f"{first} ({', '.join(differing)})" if differing else str(first)
    return f"{text} on {engine['versions'].get('device', 'a device not recorded')}" if engine.get("device") else text


def computes(engine: Mapping[str, Any]) -> bool:
    """Whether an engine could compute where it was described: its packages were there, and the device it needs."""
    return not (engine["missing"] or engine.get("absent"))


def changes(known: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What two records of a run do not agree on: the name of a version or package, and what each has.

    A package that only one of them had is no disagreement.
    """
    versions, others = _packages(known), _packages(other)
    found = ((name, versions[name], others[name]) for name in versions if name in others)
    return [change for change in found if change[1] != change[2]]


def joined(known: Mapping[str, Any], other: Mapping[str, Any]) -> Record:
    """One record of two that agree (`changes`): `known`, with the engines, faults and rates that only `other` has."""
    kept = {name: state for name, state in known["engines"].items() if computes(state)}
    engines = {**known["engines"], **other["engines"], **kept}
    looked = [record["kernels"] for record in (known, other) if record.get("kernels")]
    kernels = next((each for each in looked if each.get("rates")), looked[0] if looked else {})
    faults, rates = {**known["faults"], **other["faults"]}, known.get("rates") or other.get("rates", "")
    return {**known, "engines": engines, "faults": faults, "kernels": kernels, "rates": rates}


def complete(record: Mapping[str, Any]) -> Record:
    """A record with all FIELDS: one of before there were engines and faults has none of them."""
    return {**{name: {} for name in FURTHER}, "rates": "", **record}


def _versions(record: Mapping[str, Any]) -> Versions:
    """The texts of a record: RUN, VERSIONS, measured, and the version of each installed engine by the engine's name."""
    if not record:
        return {}
    versions = {name: engine_version(state, record["modes"]) for name, state in record["engines"].items()}
    installed = {name: version for name, version in versions.items() if version}
    return installed | {name: record[name] for name in (*RUN, *VERSIONS, "measured")}


def _packages(record: Mapping[str, Any]) -> dict[str, str]:
    """VERSIONS, and the versions of all packages that the record's engines require."""
    versions = {name: record[name] for name in VERSIONS if name in record}
    packages = (item for state in record["engines"].values() for item in state["versions"].items())
    return versions | {name: version for name, version in packages if name not in versions}


def _record(folder: Path, machine: str, env: str, commit: str) -> Record:
    where = {"machine": machine, "env": env, "commit": commit}
    return next((record for record in _records(folder) if _where(record) == where), {})


def _where(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in RUN}


def _with(folder: Path, record: Record) -> bytes:
    """FILE with a run's record in place of the one there is; as it is where that is the same."""
    records = {tuple(_where(known).values()): known for known in _records(folder)}
    where = tuple(_where(record).values())
    if records.get(where) == record:
        return (folder / FILE).read_bytes()
    return json.dumps([*{**records, where: record}.values()], indent=1).encode()


def _records(folder: Path) -> list[Record]:
    path = folder / FILE
    if not path.exists():
        return []
    try:
        records = records_of(opened(path))
        if not all(set(record) == set(FIELDS) for record in records):
            raise DamagedError(f"a record lacks one of {', '.join(FIELDS)}")
    except DamagedError as error:
        raise AnalysisError(f"{path} is damaged ({error}); delete it: rm '{path}'") from None
    return records


def records_of(content: bytes) -> list[Record]:
    """The records in the contents of FILE, each with FURTHER. Raises DamagedError where they are none."""
    data, _ = checked(content, list[schema.Record])
    return [complete(record) for record in data]

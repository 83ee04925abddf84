"""How the results of a group come into a results folder: filed under one name, in place of what was there of it.

Contract: pure functions of folders as bytes (`analysis.reading.folder`). The result is a results folder as any other:
what `analysis.reading.merge` makes. asv names an environment that it did not make by the path of its Python, which is
another on each machine: here it is named by its versions, as `publish` does.
"""

import itertools
import json
import math
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from analysis.cluster.groups import Key, key_of
from analysis.reading.folder import Folder
from analysis.reading.load import MACHINE, NOT_RESULTS
from analysis.reading.merge import REFINED, merge
from analysis.reading.provenance import FILE as PROVENANCE

SHARED = (PROVENANCE, REFINED, "benchmarks.json")
"""The files of a results folder that are not of one machine alone."""


def environment(python: str, numpy: str) -> str:
    """What the environment of these versions is called: py3.11-numpy2.4.6."""
    return f"py{'.'.join(python.split('.')[:2])}-numpy{numpy}"


def filed(folder: Folder, machine: str, env: str) -> dict[str, bytes]:
    """The results of one run, filed under these names."""
    found: dict[str, bytes] = {}
    for path, content in folder.items():
        name = PurePosixPath(path).name
        if path == PROVENANCE:
            records = [{**record, "env": env} for record in json.loads(content)]
            found[path] = json.dumps(records).encode()
        elif path.endswith(".json") and name not in NOT_RESULTS:
            data = json.loads(content)
            python = env.partition("-")[0].removeprefix("py")
            data = {**data, "env_name": env, "python": python, "params": {**data["params"], "python": python}}
            found[f"{machine}/{data['commit_hash'][:8]}-{env}.json"] = json.dumps(data).encode()
        elif path in SHARED or name == MACHINE:
            found[path] = content
    return merge({"results": found}, machine)


def replaced(stored: Folder, new: Folder, keys: Collection[Key], machine: str) -> dict[str, bytes]:
    """`stored` with the groups `keys` as they are in `new`, both filed under `machine`: a group is of one of the two.

    The group stays that has more cells with a number; of two alike the new one.
    """
    before, after = numbers(stored, keys), numbers(new, keys)
    kept = {key for key in keys if before.get(key, 0) > after.get(key, 0)}
    folders = {"stored": without(stored, set(keys) - kept), "new": without(new, kept)}
    # A folder without results is none to merge; what is filed under another machine's name is none of this.
    return merge({place: folder for place, folder in folders.items() if result_files(folder)}, machine)


def numbers(folder: Folder, keys: Collection[Key]) -> dict[Key, int]:
    """How many cells with a number each of the groups has."""
    found = dict.fromkeys(keys, 0)
    for path in result_files(folder):
        data = json.loads(folder[path])
        for benchmark, row in rows_of(data):
            for result, key in zip(row["result"] or [], keys_of(benchmark, row), strict=False):
                if key in found and result is not None and not math.isnan(result):
                    found[key] += 1
    return found


def without(folder: Folder, keys: Collection[Key]) -> dict[str, bytes]:
    """The folder with the cells of the groups `keys` as asv writes what was not selected: NaN."""
    found = dict(folder)
    for path in result_files(folder) if keys else []:
        data = json.loads(folder[path])
        for benchmark, row in rows_of(data):
            gone = [key in keys for key in keys_of(benchmark, row)]
            columns = data["result_columns"]
            for place, values in enumerate(data["results"][benchmark]):
                name = columns[place]
                if values is not None and (name in ("result", "samples") or name.startswith("stats_")):
                    nothing = math.nan if name == "result" else None
                    data["results"][benchmark][place] = [
                        nothing if out else value for value, out in zip(values, gone, strict=True)
                    ]
        found[path] = json.dumps(data).encode()
    return found


def result_files(folder: Folder) -> list[str]:
    """The paths of asv's result files."""
    return [path for path in folder if path.endswith(".json") and PurePosixPath(path).name not in NOT_RESULTS]


def rows_of(data: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The benchmarks of a result file with their columns by name."""
    for benchmark, values in data["results"].items():
        row = dict(zip(data["result_columns"], values, strict=False))
        yield benchmark, {"result": None, "params": [], **row}


def keys_of(benchmark: str, row: Mapping[str, Any]) -> list[Key]:
    """The group of each cell of a benchmark, in asv's order: the last parameter fastest."""
    return [key_of(benchmark, parameters) for parameters in itertools.product(*(row["params"] or []))]

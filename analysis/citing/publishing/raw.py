"""The raw results of one run as they are published, and the folder that they go to."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from msgspec.structs import fields

from analysis.errors import MEASURE, AnalysisError
from analysis.names import LONGEST, component, inside
from analysis.reading.folder import Folder
from analysis.reading.load import NOT_RESULTS
from analysis.reading.merge import REFINED, merge
from analysis.reading.provenance import FILE as PROVENANCE
from analysis.reading.runs import RUN
from analysis.reading.schema import Description
from benchmarks.catalogue.presets import KERNEL

RAW, RUNS, PAGE, MANIFEST = "raw", "runs", "index.md", "published"
"""In the published folder: asv's results; those of further runs, a folder each; the page; and the list of all that was
written there, a path a line."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*")
ABSOLUTE = re.compile(r"(?<![\w.:/])(?:/[^\s/:]+){2,}|(?<!\w)[A-Za-z]:[\\/]|(?<!\w)~/")
"""A path of a machine, anywhere in a text: /home/somebody, C:\\Users, ~/somewhere."""

CHOSEN = re.compile(rf"-(?:{KERNEL}[A-Za-z0-9_]+|OMP_NUM_THREADS(?!1\b)\d+)(?=-|$)")
"""What the name of asv's environment has of conditions that were chosen: BLAS kernels, and more threads than one."""

# --- the raw results ---


def conditions(env: str) -> str:
    """The part of an environment's name that says under which conditions was measured; "" for the usual ones."""
    return "".join(CHOSEN.findall(env))


def raw_files(folder: Folder, run: Mapping[str, str], name: str, place: str, slim: bool = False) -> dict[str, bytes]:
    """The results of one run (RUN) as a folder of their own, filed under machine `name`; `place` names it in errors.

    asv names an environment that it did not make by the path of its Python: here it is named by its versions, and by
    the conditions chosen for it (CHOSEN), without which two runs would have one name. With `slim` what no fact is made
    of is left out: the benchmarks' code, and the cases to measure again. Raises AnalysisError where the versions are
    not recorded, where a path of the machine would be left, and what `merge` raises.
    """
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise AnalysisError(f"--machine-name {name!r}: expected letters, digits, and any of _.+- after the first")
    whole = {path: json.loads(content) for path, content in merge({place: folder}).items()}
    versions = next((each for each in whole.get(PROVENANCE, []) if all(each[key] == run[key] for key in RUN)), None)
    if versions is None or not all(versions.get(name) for name in ("python", "numpy")):
        raise AnalysisError(
            f"{place}: the versions of Python and NumPy that were measured are not recorded; measure by: {MEASURE}"
        )
    env = f"py{'.'.join(versions['python'].split('.')[:2])}-numpy{versions['numpy']}{conditions(run['env'])}"
    try:
        file = component(f"{run['commit'][:8]}-{env}.json")
    except ValueError as error:
        raise AnalysisError(f"{place}/{PROVENANCE}: the versions of Python and NumPy: {env!r} {error}") from None
    kept: dict[str, Any] = {PROVENANCE: [{**versions, "env": env}]}
    for path, data in whole.items():
        if path in (REFINED, "benchmarks.json") or path == f"{run['machine']}/machine.json":
            kept[path] = data
        elif PurePosixPath(path).name not in (*NOT_RESULTS, PROVENANCE) and _is_of(data, run):
            params = {**data["params"], "python": versions["python"]}
            kept[file] = {
                **data,
                "env_name": env,
                "python": versions["python"],
                "params": params,
            }
    if slim:
        kept.pop(REFINED, None)
        kept["benchmarks.json"] = _described(kept["benchmarks.json"])
    for path, data in kept.items():
        _check_no_path(data, f"{place}/{path}")
    return merge({place: {path: json.dumps(data).encode() for path, data in kept.items()}}, name)


def _described(suite: Mapping[str, Any]) -> dict[str, Any]:
    """asv's descriptions of the benchmarks with what is needed to read their results."""
    needed = [field.name for field in fields(Description)]
    return {
        name: {key: each[key] for key in needed if key in each} if isinstance(each, dict) else each
        for name, each in suite.items()
    }


def _is_of(data: Mapping[str, Any], run: Mapping[str, str]) -> bool:
    return (data["params"]["machine"], data["env_name"], data["commit_hash"]) == tuple(run[key] for key in RUN)


def _check_no_path(data: Any, place: str) -> None:
    """Raise AnalysisError where a text in it holds a path of the machine. The suite's own code is public anyway."""
    if isinstance(data, str) and ABSOLUTE.search(data):
        raise AnalysisError(
            f"{place}: {data!r} holds a path of the machine, which is not published; measure without it: {MEASURE}"
        )
    if isinstance(data, dict):
        for key, value in data.items():
            if key != "code":
                _check_no_path(key, place)
                _check_no_path(value, f"{place}: {key}")
    elif isinstance(data, list):
        for value in data:
            _check_no_path(value, place)


# --- the folder that it goes to ---


def outdated(there: Collection[str], before: Sequence[str], files: Collection[str], place: str) -> list[str]:
    """Of the files that are `there`, those of the run published `before` that the new `files` do not replace.

    Raises AnalysisError where a file is in the way that was not published: one that would be replaced, or any in RAW
    or RUNS, whose results would be mixed.
    """
    for path in before:
        try:
            inside(path)
        except ValueError as error:
            raise AnalysisError(
                f"{place}/{MANIFEST}: {path[:80]!r} {error}, or lies outside the folder; delete the line"
            ) from None
    foreign = sorted(
        path for path in there if path not in before and (path in files or path.startswith((f"{RAW}/", f"{RUNS}/")))
    )
    if foreign:
        raise AnalysisError(
            f"{place}/{foreign[0]}: in the way, and not listed in {place}/{MANIFEST} as published before, so that it "
            "may be somebody's own; move it away, or delete it"
        )
    return sorted(path for path in before if path in there and path not in files)

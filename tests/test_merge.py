"""Shards and merged results folders: nothing lost, nothing twice, nothing mixed that does not belong together."""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.errors import AnalysisError
from analysis.reading.load import PARAMETERS, read_results
from analysis.reading.merge import EVERYWHERE, merge, parse_shard, shard
from analysis.reading.tidy import tidy
from benchmarks.__main__ import cells
from tests.test_cite import RECORDED, run

Folder = dict[str, bytes]
FILE = "recorded/e55ab1d2-existing-py.json"
LACKS = "damaged (Object missing required field"
MAP = "crossover.Map.track_log_ratio"


def files(folder: Path) -> Folder:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def recorded() -> Folder:
    return files(RECORDED)


def write(folder: Folder, target: Path) -> Path:
    for path, content in folder.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_bytes(content)
    return target


def read(folder: Folder, target: Path) -> pd.DataFrame:
    """The raw table of a folder, in one order."""
    raw = read_results(write(folder, target))
    return raw.sort_values(["machine", "commit", "benchmark", "parameters"], ignore_index=True)


def changed(folder: Folder, change: Callable[[Any], Any], path: str = FILE) -> Folder:
    data = json.loads(folder[path])
    change(data)
    return {**folder, path: json.dumps(data).encode()}


def part(folder: Folder, which: int) -> Folder:
    """A folder with every second cell: the others are NaN, which asv writes for what was not selected."""

    def keep(data: Any) -> None:
        for row in data["results"].values():
            named = dict(zip(data["result_columns"], row, strict=False))
            for name, values in named.items():
                if (name in ("result", "samples") or name.startswith("stats_")) and values is not None:
                    nothing = float("nan") if name == "result" else None
                    named[name] = [x if i % 2 == which else nothing for i, x in enumerate(values)]
            row[:] = list(named.values())

    return changed(folder, keep)


# --- shards ---

QUICK = cells("quick")


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_the_shards_are_all_cells_and_no_cell_twice(count: int) -> None:
    parts = [shard(QUICK, index, count) for index in range(1, count + 1)]
    for benchmark, wanted in QUICK.items():
        found = [tuple(cell) for each in parts for cell in each.get(benchmark, [])]
        if benchmark in EVERYWHERE:
            assert found == [tuple(cell) for cell in wanted] * count
        else:
            assert sorted(found) == sorted(map(tuple, wanted))
            assert len(set(found)) == len(found)


def test_what_belongs_together_is_measured_on_one_machine() -> None:
    """All n of a crossover, and both modes of a cell."""
    homes: dict[Any, set[int]] = {}
    for index in range(1, 4):
        for benchmark, found in shard(QUICK, index, 3).items():
            for cell in found:
                values = cell if len(cell) > 1 else ast.literal_eval(cell[0]).split()
                named = dict(zip(PARAMETERS, values, strict=True)) | {"n": "", "mode": ""}
                homes.setdefault((benchmark, *named.values()), set()).add(index)
    assert all(len(home) == 1 for key, home in homes.items() if key[0] not in EVERYWHERE)


def test_the_shards_are_of_like_size() -> None:
    sizes = [sum(map(len, shard(QUICK, index, 4).values())) for index in range(1, 5)]
    assert max(sizes) < 1.6 * min(sizes)


def test_the_benchmarks_measured_everywhere_exist() -> None:
    assert set(EVERYWHERE) <= set(QUICK)


def test_a_shard_as_text() -> None:
    assert parse_shard("2/8") == (2, 8)
    assert parse_shard("1/1") == (1, 1)
    for text in ("0/8", "9/8", "2", "2/", "/8", "-1/8", "a/b", "1/2/3", "1.0/2", ""):
        with pytest.raises(AnalysisError, match="expected I/K"):
            parse_shard(text)


# --- merging ---


def test_two_halves_make_the_whole(recorded: Folder, tmp_path: Path) -> None:
    halves = {"a": part(recorded, 0), "b": part(recorded, 1)}
    merged = merge(halves)
    assert set(merged) == set(recorded)
    whole = read(recorded, tmp_path / "whole")
    pd.testing.assert_frame_equal(read(merged, tmp_path / "merged"), whole)
    pd.testing.assert_frame_equal(read(merge(dict(reversed(halves.items()))), tmp_path / "other"), whole)


def test_merging_again_changes_nothing(recorded: Folder, tmp_path: Path) -> None:
    once = merge({"a": recorded})
    assert merge({"a": recorded, "b": recorded}) == once
    assert merge({"a": once, "b": part(recorded, 1)}) == once
    pd.testing.assert_frame_equal(read(once, tmp_path / "once"), read(recorded, tmp_path / "whole"))


def test_machines_and_commits_stay_apart(recorded: Folder, tmp_path: Path) -> None:
    renamed = changed(recorded, lambda data: data["params"].update(machine="other"))
    renamed = changed(renamed, lambda data: data.update(machine="other"), "recorded/machine.json")
    later = changed(recorded, lambda data: data.update(commit_hash="abcdef0123"))
    later["recorded/abcdef01-existing-py.json"] = later.pop(FILE)
    raw = read(merge({"a": recorded, "b": renamed, "c": later}), tmp_path / "merged")
    assert {*zip(raw["machine"], raw["commit"].str[:4], strict=True)} == {
        ("recorded", "e55a"),
        ("other", "e55a"),
        ("recorded", "abcd"),
    }
    assert len(raw) == 3 * len(read_results(RECORDED))


def first(folder: Folder, column: str, benchmark: str = MAP) -> Any:
    data = json.loads(folder[FILE])
    return data["results"][benchmark][data["result_columns"].index(column)]


def test_of_two_measurements_that_with_more_samples_counts_then_the_later(recorded: Folder) -> None:
    def slower(data: Any) -> None:
        row = data["results"][MAP]
        row[0] = [x + 100 for x in row[0]]

    def shorter(data: Any) -> None:
        slower(data)
        column = data["result_columns"].index("samples")
        data["results"][MAP][column] = [cell[:3] for cell in data["results"][MAP][column]]

    def later(data: Any) -> None:
        slower(data)
        data["results"][MAP][data["result_columns"].index("started_at")] += 1

    before, other = first(recorded, "result"), changed(recorded, later)
    for folders in ([recorded, changed(recorded, shorter)], [changed(recorded, shorter), recorded]):
        assert first(merge(dict(zip("ab", folders, strict=True))), "result") == before
    for folders in ([recorded, other], [other, recorded]):
        assert first(merge(dict(zip("ab", folders, strict=True))), "result") == [x + 100 for x in before]


def test_a_measured_cell_counts_more_than_a_failed_one(recorded: Folder) -> None:
    def fail(data: Any) -> None:
        data["results"][MAP] = [None, *data["results"][MAP][1:4]]

    failed = changed(recorded, fail)
    for folders in ([recorded, failed], [failed, recorded]):
        assert first(merge(dict(zip("ab", folders, strict=True))), "result") == first(recorded, "result")


def test_refinements_of_two_shards_are_joined(recorded: Folder, tmp_path: Path) -> None:
    name = "crossover.Refine.track_log_ratio"

    def other(data: Any) -> None:
        params = data["results"][name][data["result_columns"].index("params")]
        params[0] = [case.replace("n=11 ", "n=12 ") for case in params[0]]

    cases = [b'["x", "y"]', b'["y", "z"]']
    folders = [recorded, changed(recorded, other)]
    folders = [{**folder, "refine-cases": case} for folder, case in zip(folders, cases, strict=True)]
    merged = merge(dict(zip("ab", folders, strict=True)))
    assert json.loads(merged["refine-cases"]) == ["x", "y", "z"]
    raw = read(merged, tmp_path / "merged")
    rows = tidy(raw[raw["benchmark"] == name])
    assert sorted(rows["n"]) == [8, 11, 12]
    assert (rows["status"] == "ok").all()


def test_machines_of_one_kind_are_filed_under_one_name(recorded: Folder, tmp_path: Path) -> None:
    halves = []
    for which, name in enumerate(("node1", "node2")):
        half = part(recorded, which)

        def in_results(data: Any, name: str = name) -> None:
            data["params"].update(machine=name)

        def in_machine(data: Any, name: str = name) -> None:
            data.update(machine=name)

        half = changed(half, in_results)
        half = changed(half, in_machine, "recorded/machine.json")
        record = {"machine": name, "env": "py", "commit": "e5", "python": "3.12", "measured": f"2026-11-0{which + 1}"}
        halves.append({path.replace("recorded/", f"{name}/"): content for path, content in half.items()})
        halves[-1]["facts"] = json.dumps([record]).encode()
    folders = dict(zip("ab", halves, strict=True))
    raw = read(merge(folders, machine="node"), tmp_path / "merged")
    whole = read(recorded, tmp_path / "whole").assign(machine="node").astype({"machine": object})
    pd.testing.assert_frame_equal(raw, whole)
    (record,) = json.loads(merge(folders, machine="node")["facts"])
    assert (record["machine"], record["measured"]) == ("node", "2026-11-02")
    assert len(json.loads(merge(folders)["facts"])) == 2
    for path in ("node2/machine.json", FILE.replace("recorded", "node2")):
        another = changed(halves[1], lambda data: (data.get("params") or data).update(cpu="Another"), path)
        with pytest.raises(AnalysisError, match=rf"^b/{path}: cpu 'Another', but the other .* 'node' have 'A test"):
            merge({"a": halves[0], "b": another}, machine="node")


def test_what_was_given_is_not_changed(recorded: Folder) -> None:
    folders = {"a": part(recorded, 0), "b": part(recorded, 1)}
    before = copy.deepcopy(folders)
    merge(folders, machine="x")
    assert folders == before


# --- what does not belong together ---


def bump(data: Any) -> None:
    data["results"][MAP][data["result_columns"].index("version")] = "2"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: {**folder, "dirty": b"digest"}, "b: results of a changed work tree"),
        (lambda folder: {**folder, "kept/dirty": b"digest"}, "b: results of a changed work tree"),
        (lambda folder: {**folder, FILE: folder[FILE][:50]}, f"b/{FILE}: damaged (no JSON: "),
        (
            lambda folder: changed(folder, lambda data: data.update(version=3)),
            f"b/{FILE}: asv's format 3, expected 2",
        ),
        (
            lambda folder: changed(folder, lambda data: data.pop("params")),
            f"b/{FILE}: damaged (Object missing required field `params`)",
        ),
        (
            lambda folder: changed(folder, lambda data: data.pop("results")),
            f"b/{FILE}: damaged (Object missing required field `results`)",
        ),
        (lambda folder: changed(folder, bump), f"b/{FILE}: {MAP} is of another version"),
        (lambda folder: {FILE: b"[]"}, f"b/{FILE}: damaged (no version of asv's format is named in it)"),
        (lambda folder: {}, "b: no asv results here"),
        (lambda folder: {"benchmarks.json": b"{}"}, "b: no asv results here"),
        (
            lambda folder: changed(folder, lambda data: data.update(commit_hash="e55ab1d2ff")),
            f"b/{FILE}: commit_hash 'e55ab1d2ff', another file of this name has",
        ),
    ],
)
def test_what_cannot_be_merged(recorded: Folder, change: Callable[[Folder], Folder], said: str) -> None:
    with pytest.raises(AnalysisError) as caught:
        merge({"a": recorded, "b": change(recorded)})
    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)


def test_one_run_with_two_versions_of_numpy_is_refused(recorded: Folder) -> None:
    record = {"machine": "recorded", "env": "py", "commit": "e55ab1d2", "numpy": "2.0", "measured": "2026-11-01"}
    folders = {
        name: {**recorded, "facts": json.dumps([{**record, "numpy": version}]).encode()}
        for name, version in (("a", "2.0"), ("b", "2.1"))
    }
    with pytest.raises(
        AnalysisError, match=r"b/facts: commit e55ab1d2 was measured with numpy 2.1, elsewhere with 2.0"
    ):
        merge(folders)


# --- the command ---


def test_the_command_merges_into_what_is_there(
    recorded: Folder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = write(part(recorded, 0), tmp_path / "one"), write(part(recorded, 1), tmp_path / "two")
    target = tmp_path / "deep" / "all"
    assert run("merge", str(one), "--into", str(target)) == 0
    assert run("merge", str(two), "--into", str(target)) == 0
    assert capsys.readouterr().out.splitlines()[0] == f"1 folder merged into {target}: 3 files."
    assert len(read_results(target)) == len(read_results(RECORDED))
    before = files(target)
    (two / FILE).write_bytes(b"spoilt")
    with pytest.raises(AnalysisError, match="damaged"):
        run("merge", str(two), "--into", str(target))
    assert files(target) == before
    with pytest.raises(AnalysisError, match="no such folder"):
        run("merge", str(tmp_path / "none"), "--into", str(target))


def test_one_run_under_two_names_of_a_file_is_one(recorded: Folder, tmp_path: Path) -> None:
    """A copy beside the file, or in a folder of its own, adds nothing and loses nothing."""
    halves = part(recorded, 0)[FILE], part(recorded, 1)[FILE]
    for other in ("recorded/e55ab1d2 (copy).json", "old/e55.json", ".kept/recorded/e55ab1d2-existing-py.json"):
        merged = merge({"a": {**recorded, FILE: halves[0], other: halves[1]}})
        assert len([path for path in merged if path.startswith("recorded/")]) == 2
        raw = read(merged, tmp_path / other)
        assert len(raw) == len(read_results(RECORDED))


@pytest.mark.parametrize("deeper", [".", "inside", "recorded"])
def test_a_folder_is_not_merged_into_itself_but_by_its_name(recorded: Folder, tmp_path: Path, deeper: str) -> None:
    folder = write(recorded, tmp_path / "results")
    before = files(folder)
    if deeper == ".":
        assert run("merge", str(folder), "--into", str(folder / deeper)) == 0
        assert set(files(folder)) == set(before)
        return
    with pytest.raises(AnalysisError, match="is in the results folder"):
        run("merge", str(folder), "--into", str(folder / deeper))
    assert files(folder) == before

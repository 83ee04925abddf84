"""The reader of asv's results, on a recorded folder and on every way in which such a folder is spoilt."""

import json
import os
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.errors import AnalysisError, AnalysisWarning, NoResultsError
from analysis.reading.load import COLUMNS, MACHINE_TRAITS, PARAMETERS, read_machines, read_results

RECORDED = Path(__file__).parent / "data" / "recorded"
FILE = "recorded/e55ab1d2-existing-py.json"
REFINE = "crossover.Refine.track_log_ratio"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RECORDED, tmp_path / "results"))


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    data = json.loads(path.read_text())
    changed = change(data)
    path.write_text(json.dumps(data if changed is None else changed))


def read_with_warnings(folder: Path) -> tuple[pd.DataFrame, list[str]]:
    """What was read, and the warnings, each of which has to be one line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        raw = read_results(folder)
    assert all(warning.category is AnalysisWarning for warning in caught)
    texts = [str(warning.message) for warning in caught]
    assert all("\n" not in text for text in texts)
    return raw, texts


def test_recorded_results_are_read_without_a_warning() -> None:
    raw = read_results(RECORDED)
    assert tuple(raw.columns) == COLUMNS
    counts = raw.groupby("benchmark")["status"].value_counts().to_dict()
    assert counts == {
        ("aspect.Aspect.time_jacobian", "ok"): 8,
        ("aspect.Aspect.time_jacobian", "failed"): 2,
        ("crossover.Control.track_log_ratio", "ok"): 1,
        ("crossover.Map.track_log_ratio", "ok"): 3,
        (REFINE, "ok"): 2,
        ("memory.Memory.track_peak_bytes", "ok"): 6,
    }
    assert set(raw["commit"]) == {"e55ab1d2a47971d230615318d92cc4b23db1f9ce"}
    assert set(raw["machine"]) == {"recorded"}
    assert set(raw["date"]) == {pd.Timestamp("2026-11-01T12:00:00Z")}


def test_a_cell_carries_parsed_parameters_samples_and_unit() -> None:
    raw = read_results(RECORDED)
    cell = raw[(raw["benchmark"] == "crossover.Map.track_log_ratio") & (raw["n"] == 4)].iloc[0]
    values = ("modes", "dense", "uniform", "tanh", 4, 8, 8, 4, "float64", None, "forward/reverse")
    assert tuple(cell[name] for name in PARAMETERS) == values
    assert cell["parameters"] == tuple(map(repr, values))
    assert cell["value"] == -0.5731
    assert len(cell["samples"]) == 15
    assert cell["samples"][:2] == [-0.5642, -0.5636]
    assert cell["number"] == 1
    assert cell["unit"] == "ln(forward / reverse)"
    assert cell["stats"]["ci_99_a"] == -0.5986
    assert cell["case"] is None


def test_a_failed_cell_has_no_value_and_the_refinement_its_case() -> None:
    raw = read_results(RECORDED)
    failed = raw[raw["status"] == "failed"]
    assert set(failed["n"]) == {16}
    assert set(failed["mode"]) == {"reverse"}
    assert failed["value"].isna().all()
    refined = raw[raw["benchmark"] == REFINE]
    assert refined["case"].str.startswith("engine=modes layer=dense").all()
    assert refined["unit"].isna().all()


def test_cells_that_are_not_a_number_are_rows_on_request() -> None:
    skipped = read_results(RECORDED, skipped=True).query("status == 'skipped'")
    assert len(skipped) == 2
    assert set(skipped["n"]) == {4}
    assert set(skipped["chunk_size"]) == {1}


def test_machines() -> None:
    machines = read_machines(RECORDED)
    assert tuple(machines.columns) == MACHINE_TRAITS
    assert machines.iloc[0].to_list() == [
        "recorded",
        "A test processor",
        "2",
        "4000000000",
        "Linux",
        "x86_64",
    ]


@pytest.mark.parametrize("make", [False, True])
def test_no_results_yet(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "results"
    if make:
        folder.mkdir()
    with pytest.raises(NoResultsError, match=r"results: no asv results here; .*python -m analysis run"):
        read_results(folder)
    assert read_machines(folder).empty
    assert issubclass(NoResultsError, AnalysisError)


SPOILT = {
    "truncated": '{"commit_hash": "e55ab1d2", "results": {"a.B.ti',
    "empty": "",
    "not text": b"\xff\xfe\x00",
    "a list": "[1, 2]",
    "a number": "3",
    "foreign": '{"name": "some package", "version": 2}',
    "without a version": '{"commit_hash": "e55ab1d2"}',
    "results that are a list": json.dumps(
        dict.fromkeys(("requirements", "python", "env_name"))
        | {"version": 2, "params": {"machine": "recorded"}, "commit_hash": "a", "date": 0}
        | {"results": [], "result_columns": []}
    ),
}


@pytest.mark.parametrize("content", SPOILT.values(), ids=SPOILT.keys())
def test_a_spoilt_file_is_named_and_every_good_one_used(folder: Path, content: str | bytes) -> None:
    spoilt = folder / "recorded" / "0-spoilt.json"
    spoilt.write_bytes(content if isinstance(content, bytes) else content.encode())
    raw, (text,) = read_with_warnings(folder)
    assert text.startswith(f"{spoilt}: skipped, not a readable asv result file")
    assert text.endswith(f"mend it: mv {spoilt} {spoilt}.spoilt && python -m analysis run")
    assert len(raw) == len(read_results(RECORDED))


@pytest.mark.parametrize(
    ("version", "remedy"), [(1, "mend it: asv update"), (3, "mend it: python -m pip install --upgrade asv")]
)
def test_a_file_of_another_asv_is_never_to_be_put_away(folder: Path, version: int, remedy: str) -> None:
    other = folder / "recorded" / "0-other.json"
    other.write_text(json.dumps({"version": version}))
    raw, (text,) = read_with_warnings(folder)
    assert text.startswith(f"{other}: skipped")
    assert text.endswith(remedy)
    assert len(raw) == len(read_results(RECORDED))


def change_date(data: Any) -> None:
    data["date"] = "yesterday"


def change_value(data: Any) -> None:
    data["results"][REFINE][0][0] = "fast"


def change_parameters(data: Any) -> None:
    data["results"][REFINE][1][0] = [1, 2]


def change_commit(data: Any) -> None:
    data["commit_hash"] = None


@pytest.mark.parametrize("change", [change_date, change_value, change_parameters, change_commit])
def test_contents_that_asv_does_not_write_are_a_spoilt_file(folder: Path, change: Callable[[Any], Any]) -> None:
    shutil.copy(folder / FILE, folder / "recorded" / "good.json")
    edit(folder / FILE, change)
    raw, (text,) = read_with_warnings(folder)
    assert str(folder / FILE) in text
    assert len(raw) == len(read_results(RECORDED))


def test_nothing_readable_is_an_error(folder: Path) -> None:
    (folder / FILE).write_text("{")
    with (
        pytest.warns(AnalysisWarning, match="not a readable asv result file"),
        pytest.raises(NoResultsError, match=r"none of its 1 result files .* python -m analysis run"),
    ):
        read_results(folder)


@pytest.mark.parametrize("content", [None, "", "[]", '{"version": 1}'])
def test_results_are_used_though_the_machine_file_is_missing(folder: Path, content: str | None) -> None:
    path = folder / "recorded" / "machine.json"
    path.unlink() if content is None else path.write_text(content)
    raw, (text,) = read_with_warnings(folder)
    assert text.startswith(f"{path}: missing or unreadable")
    assert text.endswith("mend it: asv machine --yes && python -m analysis run")
    assert len(raw) == len(read_results(RECORDED))
    pd.testing.assert_frame_equal(read_machines(folder), read_machines(RECORDED))


def test_a_file_in_another_machines_folder_is_left_out(folder: Path) -> None:
    shutil.copytree(folder / "recorded", folder / "other")
    edit(folder / "other" / "machine.json", lambda facts: facts.update(machine="other"))
    raw, (text,) = read_with_warnings(folder)
    assert text.startswith(f"{folder / 'other' / Path(FILE).name}: skipped, measured on machine 'recorded'")
    assert "mend it: mkdir -p" in text
    assert len(raw) == len(read_results(RECORDED))


def test_machines_are_kept_apart(folder: Path) -> None:
    shutil.copytree(folder / "recorded", folder / "other")
    edit(folder / "other" / "machine.json", lambda facts: facts.update(machine="other"))
    edit(folder / "other" / Path(FILE).name, lambda data: data["params"].update(machine="other"))
    assert read_results(folder).groupby("machine").size().to_dict() == {"other": 22, "recorded": 22}
    assert read_machines(folder)["machine"].to_list() == ["other", "recorded"]


@pytest.mark.parametrize("content", [None, "{", "[]", "3", '{"a": 1, "version": 2}'])
def test_results_are_used_though_the_suite_is_unknown(folder: Path, content: str | None) -> None:
    path = folder / "benchmarks.json"
    path.unlink() if content is None else path.write_text(content)
    raw, (text,) = read_with_warnings(folder)
    assert text.startswith(f"{path}: missing or unreadable")
    assert text.endswith("mend it: asv run --bench just-discover --python=same")
    expected = read_results(RECORDED)
    assert raw["unit"].isna().all()
    pd.testing.assert_frame_equal(raw.drop(columns="unit"), expected.drop(columns="unit"))


def test_results_of_another_version_are_left_out(folder: Path) -> None:
    edit(folder / "benchmarks.json", lambda suite: suite["crossover.Map.track_log_ratio"].update(version="2"))
    raw, (text,) = read_with_warnings(folder)
    assert text.startswith(f"{folder / FILE}: left out crossover.Map.track_log_ratio: results of another version")
    assert "crossover.Map.track_log_ratio" not in set(raw["benchmark"])
    assert len(raw) == 19


def test_benchmarks_that_the_suite_does_not_have_are_left_out(folder: Path) -> None:
    edit(folder / "benchmarks.json", lambda suite: suite.pop("memory.Memory.track_peak_bytes") and None)
    raw, (text,) = read_with_warnings(folder)
    assert "left out memory.Memory.track_peak_bytes: results not of this suite's benchmarks" in text
    assert len(raw) == 16


def test_of_an_unlisted_benchmark_the_latest_version_counts(folder: Path) -> None:
    later = folder / "recorded" / "ffffffff-existing-py.json"
    shutil.copy(folder / FILE, later)

    def renew(data: Any) -> None:
        data["results"] = {REFINE: data["results"][REFINE]}
        data["results"][REFINE][2:4] = ["2", data["results"][REFINE][3] + 1000]
        data["commit_hash"] = "f" * 40

    edit(later, renew)
    raw, (text,) = read_with_warnings(folder)
    assert text.startswith(f"{folder / FILE}: left out {REFINE}: results of another version")
    assert set(raw.loc[raw["benchmark"] == REFINE, "commit"]) == {"f" * 40}


def test_a_dirty_folder_is_never_passed_off_as_the_commit(folder: Path) -> None:
    (folder / "dirty").write_text("0123abcd\n")
    assert set(read_results(folder)["commit"]) == {"e55ab1d2a47971d230615318d92cc4b23db1f9ce+dirty"}


@pytest.mark.parametrize("place", ["kept", "recorded-dirty", ".hidden"])
def test_a_dirty_folder_inside_is_none_of_the_commit_either(folder: Path, place: str) -> None:
    shutil.copytree(folder / "recorded", folder / place / "recorded")
    (folder / place / "dirty").write_text("0123abcd\n")
    raw, texts = read_with_warnings(folder)
    assert texts == []
    assert raw.groupby("commit").size().to_list() == [22, 22]
    assert {text.endswith("+dirty") for text in set(raw["commit"])} == {False, True}


# --- what is there twice ---


def test_of_two_files_of_a_run_each_cell_counts_once_and_both_are_named(folder: Path) -> None:
    copy = folder / "backup" / FILE
    shutil.copytree(folder / "recorded", folder / "backup" / "recorded")
    raw, (text,) = read_with_warnings(folder)
    assert text.startswith(
        f"{copy}: 22 cells of it are in {folder / FILE} as well (with the same numbers), and counted"
    )
    assert text.endswith(
        f"move the copy out of {folder}, or make one of the two: python -m analysis merge {folder} --into OTHER"
    )
    pd.testing.assert_frame_equal(raw, read_results(RECORDED))


def test_where_they_differ_the_cell_that_merge_would_take_counts(folder: Path) -> None:
    """The one with more samples, wherever it lies; a measured one before a failed one."""
    copy = folder / ".backup" / FILE
    shutil.copytree(folder / "recorded", folder / ".backup" / "recorded")

    def fewer(data: Any) -> None:
        column = data["result_columns"].index("samples")
        row = data["results"]["crossover.Map.track_log_ratio"]
        row[column] = [cell and cell[:9] for cell in row[column]]

    def fail(data: Any) -> None:
        data["results"][REFINE] = [None, *data["results"][REFINE][1:4]]

    for path, change in ((folder / FILE, fewer), (copy, fail)):
        edit(path, change)
    raw, (text,) = read_with_warnings(folder)
    assert "22 cells of it" in text
    assert "(5 of them with other numbers, of which that with more samples counts, then the later)" in text
    key = ["benchmark", "parameters"]
    expected = read_results(RECORDED).sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(raw.sort_values(key, ignore_index=True), expected)


def test_two_parts_of_a_run_in_one_folder_are_no_copies(folder: Path) -> None:
    """Cells that only one of them measured; what was not selected is NaN."""
    shutil.copytree(folder / "recorded", folder / "part" / "recorded")
    name = "crossover.Map.track_log_ratio"

    def keep(data: Any, map_too: bool) -> None:
        data["results"] = {each: row for each, row in data["results"].items() if (each == name) == map_too}

    edit(folder / FILE, lambda data: keep(data, False))
    edit(folder / "part" / FILE, lambda data: keep(data, True))
    raw, texts = read_with_warnings(folder)
    assert texts == []
    assert len(raw) == len(read_results(RECORDED))


# --- what another program left there ---


def foreign(folder: Path, *lists: list[str]) -> None:
    """The recorded results as those of another project: no benchmarks.json, its own parameters."""
    (folder / "benchmarks.json").unlink()
    count = 1
    for choices in lists:
        count *= len(choices)
    row = [[1.0] * count, list(lists), "1"]
    edit(folder / FILE, lambda data: data.update(results={"theirs.Suite.time_it": row}))


@pytest.mark.parametrize(
    "lists", [[["1", "2"]], [["'a'"]], [["[1]"]], [["4"] * 1] * 11, [["'x'", "("]], [["'" + "n=1 " * 11 + "'"]]]
)
def test_another_projects_results_are_named_and_left_out(folder: Path, lists: list[list[str]]) -> None:
    foreign(folder, *lists)
    recorded = warnings.catch_warnings(record=True, action="always")
    with recorded as caught, pytest.raises(NoResultsError, match="holds a usable cell"):
        read_results(folder)
    assert caught is not None
    texts = [str(warning.message) for warning in caught]
    assert texts[0].startswith(f"{folder / 'benchmarks.json'}: missing or unreadable")
    assert texts[1].startswith(
        f"{folder / FILE}: left out theirs.Suite.time_it: results not of this suite's benchmarks"
    )
    assert len(texts) == 2


def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    for path in (folder / "recorded" / "0.json", folder / "recorded" / "machine.json"):
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    raw, texts = read_with_warnings(folder)
    assert [text.partition(" (")[0].partition(", so")[0] for text in texts] == [
        f"{folder / 'recorded' / 'machine.json'}: missing or unreadable",
        f"{folder / 'recorded' / '0.json'}: skipped, not a readable asv result file",
    ][::-1]
    assert len(raw) == len(read_results(RECORDED))


# --- profiles with a waist ---


@pytest.mark.parametrize(("profile", "known"), [("waist4", True), ("waist4-after3", True), ("waist4-after4", False)])
def test_a_waist_is_read_where_its_chain_has_a_layer_for_it(folder: Path, profile: str, known: bool) -> None:
    name = "crossover.Map.track_log_ratio"

    def change(data: Any) -> None:
        data["results"][name][1][PARAMETERS.index("profile")] = [repr(profile)]

    edit(folder / FILE, change)
    raw, texts = read_with_warnings(folder)
    assert (profile in set(raw["profile"])) == known
    assert any(name in text for text in texts) != known

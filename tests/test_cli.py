"""The command line: what it prints and writes, and that each fault is one line and exit status 2."""

import io
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis import commands
from analysis.__main__ import main
from analysis.commands import COMMANDS
from analysis.commands import run as run_command
from analysis.errors import AnalysisError
from analysis.reading.load import read_results
from analysis.reading.tidy import COLUMNS as TIDY_COLUMNS
from analysis.running import Measured
from analysis.tables.crossover import COLUMNS as CROSSOVER_COLUMNS

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "tests" / "data" / "recorded"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A copy of the recorded results."""
    return Path(shutil.copytree(RECORDED, tmp_path / "results"))


def fails(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that has to fail as every fault does; returns its line."""
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    errors = [line for line in said.err.splitlines() if not line.startswith("warning: ")]
    assert len(errors) == 1
    assert errors[0].startswith("error: ")
    return errors[0]


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


# --- what works ---


def test_without_a_command_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    assert all(command in said for command in ("run", "table", "figures", "report"))


def test_every_module_of_the_room_is_a_command_of_its_name_or_serves_them() -> None:
    folder = Path(commands.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - {
        "__init__",
        "options",
        "inputs",
        "write",
        "working",
        "holding",
        "clustered",
    }
    assert set(COMMANDS) == modules
    for name, command in COMMANDS.items():
        assert getattr(commands, name) is command


def test_the_report_is_written_and_the_finding_printed(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "deep" / "report"
    assert main(["report", "--results", str(results), "--report", str(report)]) == 0
    said = capsys.readouterr()
    finding, where = said.out.splitlines()
    assert finding.startswith(
        "On A test processor, forward mode stops being the cheaper way to a full Jacobian at n* = 8"
    )
    assert where == f"The report is {report / 'report.html'}"
    assert finding in (report / "report.html").read_text()
    assert {"report.html", "tables/tidy.csv", "tables/crossovers.csv", "figures/cost-against-n.svg"} <= files(report)
    assert not [name for name in files(report) if Path(name).name.startswith(".")]  # no temporary file is left


@pytest.mark.slow
def test_the_figures_alone(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["figures", "--results", str(results), "--report", str(tmp_path / "r")]) == 0
    assert all(name.startswith("figures/") for name in files(tmp_path / "r"))
    assert "figures" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "columns"),
    [([], CROSSOVER_COLUMNS), (["crossover"], CROSSOVER_COLUMNS), (["tidy"], TIDY_COLUMNS)],
)
def test_the_tables_are_printed_as_csv(
    arguments: list[str], columns: tuple[str, ...], results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["table", *arguments, "--results", str(results)]) == 0
    printed = capsys.readouterr().out
    assert tuple(pd.read_csv(io.StringIO(printed)).columns) == columns
    assert main(["table", *arguments, "--results", str(results), "--output", str(tmp_path / "t.csv")]) == 0
    assert (tmp_path / "t.csv").read_text() == printed


@pytest.mark.slow
def test_of_several_runs_one_is_chosen_and_named(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (stored,) = (results / "recorded").glob("*-existing-py.json")
    text = stored.read_text()
    commit = read_results(results)["commit"].iloc[0]
    (results / "recorded" / "ffffffff-existing-py.json").write_text(text.replace(commit, "f" * 40))
    options = ["--results", str(results), "--report", str(tmp_path / "r")]
    assert main(["report", *options, "--commit", "ffff"]) == 0
    assert "Of 2 runs: recorded, commit ffffffff" in capsys.readouterr().out
    assert "ffffffff" in (tmp_path / "r" / "report.html").read_text()
    assert commit[:8] in fails(["report", *options, "--commit", "0000"], capsys)


# --- faults: one line that names the place and the remedy ---


def test_no_results(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = fails(["report", "--results", str(tmp_path / "none")], capsys)
    assert str(tmp_path / "none") in line
    assert "python -m analysis run" in line


def test_no_results_but_those_of_a_changed_work_tree(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    results.rename(tmp_path / "other-dirty")
    line = fails(["figures", "--results", str(tmp_path / "other")], capsys)
    assert f"--results {tmp_path / 'other-dirty'}" in line


@pytest.mark.slow
def test_a_truncated_file_is_named_and_the_others_are_used(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = results / "recorded" / "00000000-existing-py.json"
    bad.write_text('{"commit_hash": "0000')
    assert main(["report", "--results", str(results), "--report", str(tmp_path / "r")]) == 0
    (warning,) = capsys.readouterr().err.splitlines()
    assert warning.startswith(f"warning: {bad}")
    assert "python -m analysis run" in warning


def test_only_a_truncated_file(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (stored,) = (results / "recorded").glob("*-existing-py.json")
    stored.write_text("{")
    assert "python -m analysis run" in fails(["report", "--results", str(results)], capsys)


@pytest.mark.slow
def test_a_missing_machine_file_is_named_and_the_results_are_used(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / "recorded" / "machine.json").unlink()
    assert main(["report", "--results", str(results), "--report", str(tmp_path / "r")]) == 0
    (warning,) = capsys.readouterr().err.splitlines()
    assert str(results / "recorded" / "machine.json") in warning
    assert "asv machine --yes" in warning


def test_a_machine_that_was_not_measured(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = fails(["report", "--results", str(results), "--machine", "elsewhere"], capsys)
    assert "elsewhere" in line
    assert "there are: recorded" in line


@pytest.mark.slow
def test_a_report_folder_that_cannot_be_written(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    line = fails(["report", "--results", str(results), "--report", str(tmp_path / "file" / "r")], capsys)
    assert str(tmp_path / "file" / "r") in line
    assert "cannot be written" in line


@pytest.mark.slow
def test_the_real_command_prints_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "analysis", "report", "--results", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("error: ")


def test_an_unknown_preset_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["run", "--preset", "huge"])
    assert caught.value.code == 2
    assert "quick" in capsys.readouterr().err


# --- run, without measuring ---


@pytest.mark.slow
@pytest.mark.parametrize(("option", "said"), [("--preset", 0), ("--profile", 1)])
def test_a_preset_is_chosen_by_its_name_and_by_its_former_name_which_says_so(
    option: str,
    said: int,
    results: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen: list[Any] = []

    def measuring(*given: Any, **_: Any) -> Measured:
        seen.extend(given)
        return measured(results)

    monkeypatch.setattr(run_command, "measure", measuring)
    assert main(["run", option, "standard", "--report", str(tmp_path / "r")]) == 0
    assert seen[1] == "standard"
    lines = [line for line in capsys.readouterr().err.splitlines() if "--preset" in line]
    assert len(lines) == said


def measured(results: Path, **other: Any) -> Measured:
    first = read_results(results).iloc[0]
    run = {key: str(first[key]) for key in ("machine", "env", "commit")}
    return Measured(**{"results": results, "run": run, "failed": (), "left_out": (), **other})


@pytest.mark.slow
def test_a_run_ends_with_the_finding(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run_command, "measure", lambda *_, **__: measured(results))
    assert main(["run", "--report", str(tmp_path / "r")]) == 0
    finding, where = capsys.readouterr().out.splitlines()[-2:]
    assert "n* = 8" in finding
    assert str(tmp_path / "r" / "report.html") in where


@pytest.mark.slow
def test_failed_cells_are_named_and_the_report_is_written(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = ("a.A.time_x('modes', 3)", "a.A.time_x('modes', 4)")
    monkeypatch.setattr(run_command, "measure", lambda *_, **__: measured(results, failed=cells, left_out=("case",)))
    assert main(["run", "--report", str(tmp_path / "r")]) == 1
    said = capsys.readouterr().err
    assert "2 cells failed" in said
    assert all(cell in said for cell in cells)
    assert "1 ratio not taken as often" in (tmp_path / "r" / "report.html").read_text()


def test_an_interrupted_run_says_how_to_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> Measured:
        raise KeyboardInterrupt

    monkeypatch.setattr(run_command, "measure", interrupted)
    assert main(["run"]) == 130
    (line,) = capsys.readouterr().err.splitlines()
    assert "the same command goes on from there" in line


def test_a_run_that_fails_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def failing(*_: object, **__: object) -> Measured:
        raise AnalysisError("asv failed")

    monkeypatch.setattr(run_command, "measure", failing)
    assert fails(["run"], capsys) == "error: asv failed"


@pytest.mark.slow
def test_a_run_hands_on_engines_and_part(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def measure(*_: object, **options: Any) -> Measured:
        seen.update(options)
        return measured(results)

    monkeypatch.setattr(run_command, "measure", measure)
    asked = ["run", "--engines", "modes,floor", "--shard", "2/3", "--report", str(tmp_path / "report")]
    assert main(asked) == 0
    assert callable(seen.pop("status"))
    assert seen == {"engines": "modes,floor", "part": (2, 3), "only": None, "kernel": None, "threads": 1}
    assert main(["run", "--shard", "4/3"]) == 2


# --- what is said of the system ---


def test_no_engine_at_all_is_refused_before_anything_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_command, "measure", lambda *_, **__: pytest.fail("measured"))
    for text, said in (
        ("", "no engine is named in ''"),
        (" , ", "no engine is named"),
        ("modes,jux", "unknown engine 'jux'"),
    ):
        line = fails(["run", "--engines", text, "--results", str(tmp_path / "results")], capsys)
        assert line.startswith(f"error: --engines: {said}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="the system has no such device")
def test_a_full_disk_behind_the_standard_output_is_said_in_a_line() -> None:
    command = [sys.executable, "-m", "analysis", "table", "tidy", "--results", str(RECORDED)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        2,
        "error: the standard output: the disk is full: No space left on device\n",
    )


def test_a_device_named_as_output_stays_one(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("table", "history"):
        assert "is a device, and is not replaced" in fails(
            [command, "--results", str(results), "--output", "/dev/null"], capsys
        )
    assert Path("/dev/null").is_char_device()


def test_an_error_of_several_lines_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert "a\\nb" in fails(["table", "--results", "a\nb"], capsys)

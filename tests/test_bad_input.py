"""Bad input, case by case, through the command line: each is one line that names its place and the remedy, and the exit
status is 2 for input that cannot be used, 1 for docs that are wrong, 0 only when all is right."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analysis.__main__ import main
from analysis.citing import Fact, parse_facts
from analysis.reading.provenance import with_versions

ROOT = Path(__file__).parent.parent
RECORDED = ROOT / "tests" / "data" / "recorded"
KEY = "modes.crossover-time.m8.width8.depth4.dense.uniform.float64"
RATIOS = "crossover.Map.track_log_ratio"
CONTROLS = "crossover.Control.track_log_ratio"


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A copy of the recorded results."""
    return Path(shutil.copytree(RECORDED, tmp_path / "results"))


@pytest.fixture
def docs(tmp_path: Path, results: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """A page that cites facts.json beside it, both right."""
    folder = tmp_path / "docs"
    assert main(["cite", "--results", str(results), "--facts", str(folder / "facts.json")]) == 0
    digest = json.loads((folder / "facts.json").read_text())["digest"][:12]
    (folder / "facts.md").unlink()
    text = facts(folder)[KEY]["text"]
    (folder / "page.md").write_text(
        f"<!-- facts: facts.json {digest} -->\nat <!-- fact:{KEY} -->{text}<!-- /fact -->.\n"
    )
    capsys.readouterr()
    return folder


def facts(docs: Path) -> dict[str, Fact]:
    return parse_facts((docs / "facts.json").read_bytes(), "facts.json")


def stored(results: Path) -> Path:
    return next(results.glob("*/e55ab1d2-*.json"))


def change(path: Path, edit: Callable[[Any], None], name: str | None = None) -> None:
    """Edit a JSON file; under another `name`, keep the first."""
    data = json.loads(path.read_text())
    edit(data)
    (path.parent / (name or path.name)).write_text(json.dumps(data))


def samples(data: Any, benchmark: str = RATIOS) -> list[Any]:
    return data["results"][benchmark][data["result_columns"].index("samples")]


def unusable(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that is said of input that cannot be used; nothing is written then."""
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("error: ")
    return line


def wrong(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """What is said of docs that are wrong, but for the sum at the end."""
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert said.err == ""
    return said.out.splitlines()[:-1]


def test_all_is_right(docs: Path, results: Path) -> None:
    assert main(["check", str(docs)]) == 0
    assert main(["check", str(docs), "--results", str(results)]) == 0


# --- a facts file from other results than the docs cite ---


def test_the_page_cites_other_facts_than_the_file_has(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The number happens to be the same; the digest tells the files apart."""
    page = docs / "page.md"
    page.write_text(page.read_text().replace("facts.json ", "facts.json 0000"))
    (line,) = wrong(capsys, "check", str(docs))
    assert line.startswith(f"{page}:1: cites the facts of digest 0000")
    assert main(["check", str(docs), "--update"]) == 0
    assert main(["check", str(docs)]) == 0


def test_the_facts_are_not_those_of_the_results(docs: Path, results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(stored(results), lambda data: next(cell for cell in samples(data) if cell).__setitem__(0, -9.0))
    line = unusable(capsys, "check", str(docs), "--results", str(results))
    assert f"{docs / 'facts.json'}: not what the results in {results} give: fact " in line
    assert f"python -m analysis cite --results {results} --facts {docs / 'facts.json'}" in line


def test_facts_without_a_page_are_held_against_results_too(
    docs: Path, results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (docs / "page.md").write_text("No mark here.")
    arguments = ("check", str(docs), "--facts", str(docs / "facts.json"), "--results", str(results))
    assert main(arguments) == 0
    capsys.readouterr()
    change(stored(results), lambda data: next(cell for cell in samples(data) if cell).__setitem__(0, -9.0))
    assert "not what the results" in unusable(capsys, *arguments)


# --- an edited digest ---


@pytest.mark.parametrize("field", ["digest", "seal", "value", "text"])
def test_an_edited_fact(docs: Path, capsys: pytest.CaptureFixture[str], field: str) -> None:
    def edit(data: Any) -> None:
        fact = next(fact for fact in data["facts"] if fact["key"] == KEY)
        fact[field] = (
            fact[field] + 1 if field == "value" else f"{fact[field][:-1]}{'1' if fact[field][-1] != '1' else '2'}"
        )

    change(docs / "facts.json", edit)
    line = unusable(capsys, "check", str(docs))
    assert f"{docs / 'facts.json'}: fact {KEY} was edited" in line
    assert "python -m analysis cite" in line


def test_an_edited_digest_of_the_file(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change(docs / "facts.json", lambda data: data.update(digest="0" * 64))
    line = unusable(capsys, "check", str(docs))
    assert f"{docs / 'facts.json'}: facts were added or removed, its digest does not match" in line
    assert "python -m analysis cite" in line


@pytest.mark.parametrize("content", ["", "[]", '{"format": 1, "facts": []}', "{"])
def test_a_file_of_no_facts(docs: Path, results: Path, capsys: pytest.CaptureFixture[str], content: str) -> None:
    (docs / "facts.json").write_text(content)
    line = unusable(capsys, "check", str(docs), "--results", str(results))
    assert f"{docs / 'facts.json'}: not a file of facts" in line


# --- a results folder with mixed or dirty commits ---


def twin(results: Path, edit: Callable[[Any], None], name: str) -> None:
    change(stored(results), edit, name)


def test_mixed_commits(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twin(results, lambda data: data.update(commit_hash="abcdef0123"), "abcdef01-existing-py.json")
    target = tmp_path / "facts.json"
    arguments = ("cite", "--results", str(results), "--facts", str(target))
    line = unusable(capsys, *arguments)
    assert f"{results}: 2 runs are mixed here" in line
    assert "choose by --commit: recorded abcdef01; recorded e55ab1d2" in line
    assert not target.exists()
    assert main([*arguments, "--commit", "abcdef"]) == 0


def test_mixed_machines(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = results / "there"
    shutil.copytree(stored(results).parent, other)
    change(other / "machine.json", lambda data: data.update(machine="there"))
    change(next(other.glob("e55*.json")), lambda data: data["params"].update(machine="there"))
    arguments = ("cite", "--results", str(results), "--facts", str(tmp_path / "facts.json"))
    assert "choose by --machine: recorded e55ab1d2; there e55ab1d2" in unusable(capsys, *arguments)
    assert main([*arguments, "--machine", "there"]) == 0


def test_of_environments_of_one_commit_the_one_whose_versions_are_recorded_is_cited(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it is after `python -m analysis run` and a plain `asv run`, which records none."""
    twin(results, lambda data: data.update(env_name="virtualenv-py"), "e55ab1d2-virtualenv-py.json")
    run = {
        "machine": "recorded",
        "env": "existing-py",
        "commit": json.loads(stored(results).read_text())["commit_hash"],
    }
    versions = dict.fromkeys(("python", "numpy", "blas", "modes"), "1")
    (results / "facts").write_bytes(with_versions(results, **run, versions=versions, engines={}))
    target = tmp_path / "facts.json"
    assert main(["cite", "--results", str(results), "--facts", str(target)]) == 0
    said = capsys.readouterr().err
    assert "of 2 runs the one whose versions are recorded, existing-py; others by --env" in said
    assert {fact["numpy"] for fact in parse_facts(target.read_bytes(), "").values()} == {"1"}
    assert main(["cite", "--results", str(results), "--facts", str(target), "--env", "virtualenv"]) == 0
    assert {fact["numpy"] for fact in parse_facts(target.read_bytes(), "").values()} == {"not recorded"}


@pytest.mark.slow
def test_mixed_environments_of_one_commit(
    docs: Path, results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    twin(results, lambda data: data.update(env_name="existing-py-numpy2"), "e55ab1d2-existing-py-numpy2.json")
    arguments = ("cite", "--results", str(results), "--facts", str(tmp_path / "facts.json"))
    line = unusable(capsys, *arguments)
    assert "choose by --env: recorded e55ab1d2 existing-py; recorded e55ab1d2 existing-py-numpy2" in line
    assert main([*arguments, "--env", "existing-py"]) == 0  # a whole name, though it is a part of the other
    assert main([*arguments, "--env", "numpy2"]) == 0
    capsys.readouterr()
    assert "no results of environment numpy3" in unusable(capsys, *arguments, "--env", "numpy3")
    check = ("check", str(docs), "--results", str(results))
    assert "choose by --env" in unusable(capsys, *check)
    assert "of other measurements" in (line := unusable(capsys, *check, "--env", "numpy2"))
    assert line.endswith(f"--facts {docs / 'facts.json'} --env numpy2")
    assert main([*check, "--env", "existing-py"]) == 0
    capsys.readouterr()
    report = ("report", "--results", str(results), "--report", str(tmp_path / "report"))
    assert main([*report, "--env", "numpy2"]) == 0
    said = capsys.readouterr().out
    assert "Of 2 runs: recorded, commit e55ab1d2, existing-py-numpy2; choose another by --env." in said
    assert "environment numpy3; there are: " in unusable(capsys, *report, "--env", "numpy3")
    assert main(["table", "--results", str(results), "--env", "numpy2"]) == 0
    assert "existing-py," not in capsys.readouterr().out


def test_a_changed_work_tree(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (results / "dirty").write_text("digest\n")
    line = unusable(capsys, "cite", "--results", str(results), "--facts", str(tmp_path / "facts.json"))
    assert f"{results}: commit e55ab1d2+dirty: measured on a changed work tree" in line
    assert "commit the changes, then python -m analysis run" in line


# --- too few pairs, NaN and infinity, a control that fails ---


def test_too_few_pairs(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def thin(data: Any) -> None:
        cells = samples(data)
        cells[:] = [cell and cell[:5] for cell in cells]

    change(stored(results), thin)
    line = unusable(capsys, "cite", "--results", str(results), "--facts", str(tmp_path / "facts.json"))
    assert f"{results}: commit e55ab1d2: " in line
    assert "rest on too few pairs for an interval (fewer than 6), one of them at n = " in line
    assert "python -m analysis run" in line


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_samples_that_are_not_finite(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: float
) -> None:
    change(stored(results), lambda data: next(cell for cell in samples(data) if cell).__setitem__(3, bad))
    line = unusable(capsys, "cite", "--results", str(results), "--facts", str(tmp_path / "facts.json"))
    assert f"{results}: recorded, commit e55ab1d2" in line
    assert RATIOS in line
    assert "NaN or infinity among its samples" in line
    assert "python -m analysis run" in line


@pytest.mark.slow
def test_a_control_that_fails(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def bias(data: Any) -> None:
        cells = samples(data, CONTROLS)
        cells[:] = [cell and [abs(x) + 0.05 for x in cell] for cell in cells]

    change(stored(results), bias)
    line = unusable(capsys, "cite", "--results", str(results), "--facts", str(tmp_path / "facts.json"))
    assert "found forward mode different from itself" in line
    assert "python -m analysis run --results DIR" in line
    assert main(["report", "--results", str(results), "--report", str(tmp_path / "report")]) == 0
    finding = capsys.readouterr().out.splitlines()[0]
    assert "these measurements cannot tell" in finding
    assert "n*" not in finding


# --- marks ---


def test_a_mark_that_is_not_closed(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = docs / "page.md"
    page.write_text(page.read_text().replace("<!-- /fact -->", ""))
    before = page.read_bytes()
    line = unusable(capsys, "check", str(docs), "--update")
    assert f"{page}:2: mark 'fact:{KEY}' is not closed; write <!-- /fact --> after the number" in line
    assert page.read_bytes() == before


def test_a_stale_number(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, text = docs / "page.md", facts(docs)[KEY]["text"]
    page.write_text(page.read_text().replace(f"-->{text}<", "-->99<"))
    assert wrong(capsys, "check", str(docs)) == [f"{page}:2: {KEY}: '99' stands there, '{text}' should"]


@pytest.mark.slow
def test_the_check_needs_nothing_but_the_files_named(docs: Path, results: Path, tmp_path: Path) -> None:
    """In a folder without asv's configuration or results, as a clean clone is."""
    empty = tmp_path / "empty"
    empty.mkdir()
    command = [sys.executable, "-m", "analysis", "check", str(docs), "--results", str(results)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=empty, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(empty.iterdir())

"""Damaged folders and documents through every command that reads: a line at most, a status that is meant, and no number
that is surer than what was measured. Seeded, so that a failure names the seed that shows it again."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

import analysis.commands.publish as publishing
import analysis.commands.report as reporting
from analysis.__main__ import main
from analysis.citing import measured_facts
from analysis.errors import AnalysisError
from analysis.figures import FIGURES
from analysis.reading.load import read_results
from tests.fuzzing import VALUES, changed, copied, flipped, spoilt

ROOT = Path(__file__).parent.parent
RECORDED, PUBLISHED = ROOT / "tests" / "data" / "recorded", ROOT / "docs" / "results" / "raw"
RESULT = "recorded/e55ab1d2-existing-py.json"
STATUSES = (0, 1, 2)


class Said(NamedTuple):
    status: int
    out: str
    err: list[str]


def command(*arguments: str | Path) -> Said:
    """Run a command as the command line does; what it says is one line of error where it fails, and warnings."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main([str(argument) for argument in arguments])
    lines = err.getvalue().splitlines()
    assert status in STATUSES
    assert all(line.startswith(("error: ", "warning: ")) for line in lines)
    assert sum(line.startswith("error: ") for line in lines) == (status == 2)
    return Said(status, out.getvalue(), lines)


def engine(*missing: str, **versions: str) -> dict[str, object]:
    return {"requires": [*versions, *missing], "versions": versions, "missing": list(missing), "memory": "traced"}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recorded results with all files that a run leaves beside them."""
    folder = Path(shutil.copytree(RECORDED, tmp_path_factory.mktemp("whole") / "results"))
    data = json.loads((folder / RESULT).read_bytes())
    record = {"machine": "recorded", "env": data["env_name"], "commit": data["commit_hash"], "python": "3.12.1"}
    record |= {"numpy": "2.1.0", "blas": "openblas 0.3", "modes": "0.1.0", "measured": "2026-11-02"}
    engines = {"modes": engine(numpy="2.1.0"), "jax": engine(jax="0.10"), "casadi": engine("casadi")}
    faults = {"aspect.Aspect.time_jacobian('modes', 3)": "ValueError: planted failure"}
    (folder / "facts").write_text(json.dumps([{**record, "engines": engines, "faults": faults}]))
    (folder / "refine-cases").write_text(json.dumps(["a", "b"]))
    return folder


@pytest.fixture(autouse=True)
def _pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes seconds: only what asks for it draws."""
    if "drawn" not in request.fixturenames:
        pictures = {f"figures/{name}.{suffix}": suffix.encode() for name in FIGURES for suffix in ("png", "svg")}
        monkeypatch.setattr(publishing, "figure_files", lambda found: pictures)
        monkeypatch.setattr(reporting, "report_files", lambda found, left_out: {"report.html": b""})


@pytest.fixture
def drawn() -> None:
    """For a test of the pictures themselves."""


def commands(results: Path, here: Path) -> Iterator[tuple[str | Path, ...]]:
    """Every command that reads results, writing into `here`."""
    at = ("--results", results)
    yield "table", "tidy", *at
    yield "table", *at
    yield "growth", *at
    yield "history", *at, "--output", here / "written" / "history.csv"
    yield "report", *at, "--report", here / "written" / "report"
    yield "cite", *at, "--facts", here / "written" / "facts.json"
    yield "check", here / "page.md", *at, "--facts", here / "cited.json"
    yield "merge", results, "--into", here / "written" / "merged"
    yield "publish", *at, "--into", here / "written" / "published", "--machine-name", "box"


def read_all(results: Path, here: Path, cited: Path) -> None:
    """Every command, on results that may be damaged; nothing may be written elsewhere than it was told to."""
    shutil.copy(cited, here / "cited.json")
    (here / "page.md").write_text("No mark.")
    before = {path.name for path in here.iterdir()}
    for arguments in commands(results, here):
        command(*arguments)
    assert {path.name for path in here.iterdir()} - before <= {"written"}


@pytest.fixture(scope="module")
def cited(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The facts of the whole results."""
    path = tmp_path_factory.mktemp("cited") / "facts.json"
    assert main(["cite", "--results", str(whole), "--facts", str(path)]) == 0
    return path


@pytest.mark.slow
def test_undamaged_results_are_read_by_all_without_a_word(whole: Path, cited: Path, tmp_path: Path) -> None:
    shutil.copy(cited, tmp_path / "cited.json")
    fact = json.loads(cited.read_text())["facts"][0]
    (tmp_path / "page.md").write_text(f"<!-- fact:{fact['key']} -->{fact['text']}<!-- /fact -->")
    for arguments in commands(whole, tmp_path):
        said = command(*arguments)
        assert (said.status, said.err) == (0, [])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
def test_damaged_results(whole: Path, cited: Path, tmp_path: Path, seed: int) -> None:
    random, results = Random(seed), Path(shutil.copytree(whole, tmp_path / "results"))
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        spoilt(random, results)
    read_all(results, tmp_path, cited)


@pytest.mark.parametrize("seed", range(60))
def test_damaged_results_are_read_or_refused(whole: Path, tmp_path: Path, seed: int) -> None:
    """As above, by the two commands that read a folder each in a way of its own, and take no time."""
    random, results = Random(1000 + seed), Path(shutil.copytree(whole, tmp_path / "results"))
    spoilt(random, results)
    command("table", "tidy", "--results", results)
    command("merge", results, "--into", tmp_path / "merged")
    assert {path.name for path in tmp_path.iterdir()} <= {"results", "merged"}


@pytest.mark.parametrize("place", ["date", "commit_hash", "env_name", "params", "results", "result_columns", "version"])
def test_every_value_in_every_field(whole: Path, tmp_path: Path, place: str) -> None:
    """Each of the values that broke something once, in each field of a result file."""
    results = Path(shutil.copytree(whole, tmp_path / "results"))
    data = json.loads((results / RESULT).read_bytes())
    for value in VALUES:
        (results / RESULT).write_text(json.dumps({**data, place: value}))
        command("merge", results, "--into", tmp_path / "merged")
        shutil.rmtree(tmp_path / "merged", ignore_errors=True)
        with warnings.catch_warnings(), contextlib.suppress(AnalysisError):
            warnings.simplefilter("ignore")
            read_results(results)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_damage_in_a_published_run(tmp_path: Path, seed: int) -> None:
    """A standard run of all libraries has more kinds of rows than the recorded results."""
    random, results = Random(seed), Path(shutil.copytree(PUBLISHED, tmp_path / "results"))
    spoilt(random, results)
    command("merge", results, "--into", tmp_path / "merged")
    with warnings.catch_warnings(), contextlib.suppress(AnalysisError):
        warnings.simplefilter("ignore")
        read_results(results)  # the tables of the whole run take ten seconds more


@pytest.mark.slow
@pytest.mark.usefixtures("drawn")
@pytest.mark.parametrize("seed", range(2))
def test_a_report_on_damaged_results(whole: Path, tmp_path: Path, seed: int) -> None:
    random, results = Random(seed), Path(shutil.copytree(whole, tmp_path / "results"))
    data = json.loads((results / RESULT).read_bytes())
    changed(random, data["results"])
    (results / RESULT).write_text(json.dumps(data))
    command("report", "--results", results, "--report", tmp_path / "report")


# --- what is there twice ---


@pytest.mark.parametrize("seed", range(12))
def test_what_is_there_twice_counts_once(whole: Path, tmp_path: Path, seed: int) -> None:
    """The same table, sample by sample, and the same facts; and every file that is there twice is named."""
    results = Path(shutil.copytree(whole, tmp_path / "results"))
    done = copied(Random(seed), results)
    once, twice = (command("table", "tidy", "--results", folder) for folder in (whole, results))
    assert twice.out == once.out, done
    assert once.err == []
    assert any("counted once" in line and "with the same numbers" in line for line in twice.err), (done, twice.err)
    command("merge", results, "--into", tmp_path / "merged")
    merged = command("table", "tidy", "--results", tmp_path / "merged")
    assert (sorted(merged.out.splitlines()), merged.err) == (sorted(once.out.splitlines()), [])


@pytest.mark.slow
def test_a_copy_narrows_no_interval_that_is_cited(whole: Path, tmp_path: Path) -> None:
    results = Path(shutil.copytree(whole, tmp_path / "results"))
    shutil.copytree(results / "recorded", results / ".backup" / "recorded")
    with pytest.warns(UserWarning, match="counted once"):
        twice = measured_facts(results, None, None)
    assert twice == measured_facts(whole, None, None)


# --- facts and pages ---


@pytest.mark.parametrize("seed", range(60))
def test_damaged_facts(cited: Path, tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    data = json.loads(cited.read_bytes())
    key = data["facts"][0]["key"]
    (tmp_path / "page.md").write_text(f"<!-- fact:{key} -->1<!-- /fact -->")
    content = cited.read_bytes()
    if random.random() < 0.4:
        content = flipped(random, content[: random.randrange(len(content))])
    else:
        changed(random, data)
        content = json.dumps(data).encode()
    (tmp_path / "facts.json").write_bytes(content)
    for more in ((), ("--update",)):
        said = command("check", tmp_path, "--facts", tmp_path / "facts.json", *more)
        assert said.status != 0 or more or json.loads(content)["facts"] == json.loads(cited.read_bytes())["facts"]
    command("cite", "--facts", tmp_path / "facts.json", "--key", key)


MARKS = (
    "<!--",
    "-->",
    "fact:",
    "facts:",
    "/fact",
    " ",
    "\n",
    "```",
    "`",
    "\0",
    "é",
    "../../x",
    "/dev/zero",
    "\r\n",
    "KEY",
)


@pytest.mark.parametrize("seed", range(200))
def test_pages_of_broken_marks(cited: Path, tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    key = json.loads(cited.read_bytes())["facts"][0]["key"]
    kinds = [
        *MARKS,
        key,
        f"<!-- fact:{key} -->1<!-- /fact -->",
        f".. |fact:{key}| replace:: 1",
        f"<!-- facts: {cited} -->",
    ]
    text = "".join(random.choice(kinds) for _ in range(random.randrange(30)))
    page = tmp_path / random.choice(["page.md", "page.rst"])
    page.write_bytes(flipped(random, text.encode()) if random.random() < 0.2 else text.encode())
    command("check", tmp_path, "--facts", cited)
    said = command("check", tmp_path)
    assert said.status != 1 or said.out

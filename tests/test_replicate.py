"""The command `replicate`, what may be cited as general, and a run published with others beside it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import analysis.commands.publish as publishing
from analysis.citing import Fact, facts_bytes, parse_facts, runs_of
from analysis.errors import AnalysisError
from analysis.figures import FIGURES
from analysis.reading.folder import read_folder
from modes.facts import record
from modes.facts.command import main as elsewhere
from modes.facts.errors import FactsError
from modes.facts.ranges import GENERAL, RANGE, RUN, check_field, ranged
from tests.test_bad_input import KEY as STAR
from tests.test_bad_input import unusable
from tests.test_cite import RECORDED, run
from tests.test_marks import FACTS

COMMIT = "e55ab1d2"
FILE = f"{COMMIT}-existing-py.json"
RATIO = "crossover.Map.track_log_ratio"


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    data = json.loads(path.read_bytes())
    change(data)
    path.write_text(json.dumps(data))


def another(folder: Path, shift: float, blas: str = "openblas 0.3, Haswell kernels") -> Path:
    """The recorded results as another run under a BLAS kernel would have given them, its ratios off by `shift`."""
    Path(shutil.copytree(RECORDED, folder))

    def shifted(data: Any) -> None:
        at = {name: data["result_columns"].index(name) for name in ("result", "samples")}
        for name, values in data["results"].items():
            if name == RATIO:
                values[at["result"]] = [value and value + shift for value in values[at["result"]]]
                kept = [cell and [each + shift for each in cell] for cell in values[at["samples"]]]
                values[at["samples"]] = kept

    edit(folder / "recorded" / FILE, shifted)
    commit = json.loads((folder / "recorded" / FILE).read_bytes())["commit_hash"]
    about = {"machine": "recorded", "env": "existing-py", "commit": commit, "python": "3.12.1", "numpy": "2.1.0"}
    (folder / "facts").write_text(json.dumps([{**about, "blas": blas, "modes": "0.1.0", "measured": "2026-11-02"}]))
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Three runs: the first two under one kernel and nearly the same, the third under another and far off."""
    place = tmp_path_factory.mktemp("runs")
    first, second = another(place / "first", 0.0), another(place / "second", 1e-4)
    return [first, second, another(place / "third", 0.3, "openblas 0.3, SkylakeX kernels")]


@pytest.fixture(autouse=True)
def _pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes a second, and is tested elsewhere."""
    pictures = {f"figures/{name}.{suffix}": suffix.encode() for name in FIGURES for suffix in ("png", "svg")}
    monkeypatch.setattr(publishing, "figure_files", lambda found: pictures)


def replicate(*arguments: Path | str) -> int:
    return run("replicate", *map(str, arguments))


# --- the command ---


@pytest.mark.slow
def test_everything_is_written(runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replicate(*runs, "--into", tmp_path / "out") == 0
    names = ["replication-agreement.csv", "replication-values.csv", "replication.csv", "replication.json"]
    assert sorted(read_folder(tmp_path / "out")) == sorted([*names, "replication.png", "replication.svg"])
    data = json.loads((tmp_path / "out" / "replication.json").read_bytes())
    assert [each["name"] for each in data["runs"]] == ["first", "second", "third"]
    star = next(each for each in data["facts"] if each["key"] == STAR)
    assert (star["runs"], star["holds"], star["verdict"]) == (3, 2, "depends on the BLAS kernel")
    assert "tau" in star["heterogeneity"]
    out = capsys.readouterr().out
    assert "first and second, under the same conditions" in out
    assert "first and third differ in BLAS kernel" in out
    assert "bar: at least 97.0%: met" in out


@pytest.mark.slow
def test_runs_of_one_folder_are_named_by_their_parts(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(runs[0], tmp_path / "results"))
    other = Path(shutil.copytree(runs[2] / "recorded", folder / "quiet"))
    edit(other / FILE, lambda data: data["params"].update(machine="quiet"))
    edit(other / "machine.json", lambda data: data.update(machine="quiet"))
    records = json.loads((folder / "facts").read_bytes())
    (folder / "facts").write_text(json.dumps([*records, {**records[0], "machine": "quiet"}]))
    assert replicate("recorded", f"quiet/{COMMIT[:6]}", "--results", folder) == 0
    assert "quiet and recorded" in (out := capsys.readouterr().out) or "recorded and quiet" in out
    assert "depends on the machine" in out
    for name, words in (("nobody", "no folder, and no run in"), (COMMIT, "2 runs in")):
        with pytest.raises(AnalysisError, match=words) as caught:
            replicate("recorded", name, "--results", folder)
        assert "quiet/e55ab1d2/existing-py; recorded/e55ab1d2/existing-py" in str(caught.value)
    with pytest.raises(AnalysisError, match="2 runs are in this folder, and it takes one"):
        replicate(folder, runs[0])


@pytest.fixture
def page(tmp_path: Path) -> Callable[..., Path]:
    def written(*marks: str) -> Path:
        (tmp_path / "page.md").write_text("\n".join(f"<!-- fact:{mark} -->x<!-- /fact -->" for mark in marks))
        return tmp_path / "page.md"

    return written


@pytest.mark.slow
def test_what_is_cited_as_general_and_does_not_hold_is_an_error(
    runs: list[Path], page: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert replicate(*runs, "--cited", page(f"{STAR} {GENERAL}")) == 1
    out = capsys.readouterr().out
    assert f"page.md:1: cited as general, {STAR}: " in out
    assert "1 fact cited as general: 0 held, 1 did not" in out
    assert replicate(*runs[:2], "--cited", page(f"{STAR} {GENERAL}", f"{STAR} range", "modes.unknown.x general")) == 0
    out = capsys.readouterr().out
    assert "2 facts cited as general: 1 held, 0 did not, 1 not told by these." in out
    assert "modes.unknown.x: not measured by these runs" in out


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_runs(runs: list[Path], capsys: pytest.CaptureFixture[str], count: int) -> None:
    line = unusable(capsys, "replicate", *map(str, runs[:count]))
    assert line.startswith(f"error: {count} run{'' if count == 1 else 's'} to compare, and it takes two: python -m")


def test_the_same_run_twice(runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "are the same run" in unusable(capsys, "replicate", str(runs[0]), str(runs[0]))
    copy = Path(shutil.copytree(runs[0], tmp_path / "copy"))
    line = unusable(capsys, "replicate", str(runs[0]), str(copy))
    assert f"{copy} is a copy of {runs[0]}" in line


@pytest.mark.slow
def test_results_of_different_commits(runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = Path(shutil.copytree(runs[1], tmp_path / "other"))
    edit(other / "recorded" / FILE, lambda data: data.update(commit_hash="f" * 40))
    line = unusable(capsys, "replicate", str(runs[0]), str(other))
    assert f"({runs[0]}: e55ab1d2; {other}: ffffffff)" in line
    assert "--any-commit" in line
    assert replicate(runs[0], other, "--any-commit") == 0


def test_folders_that_hold_no_results(runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert "no asv results here" in unusable(capsys, "replicate", str(runs[0]), str(tmp_path / "empty"))
    nowhere = ("replicate", str(runs[0]), str(tmp_path / "nowhere"), "--results", str(tmp_path / "neither"))
    assert "no such folder, and no results folder" in unusable(capsys, *nowhere)
    damaged = Path(shutil.copytree(runs[1], tmp_path / "damaged"))
    (damaged / "recorded" / FILE).write_text("{")
    line = unusable(capsys, "replicate", str(runs[0]), str(damaged))
    assert "none of its 1 result files holds a usable cell" in line
    (damaged / "facts").write_text("[")
    shutil.copy(runs[1] / "recorded" / FILE, damaged / "recorded" / FILE)
    with pytest.raises(AnalysisError, match="is damaged"):
        replicate(runs[0], damaged)


def test_nothing_is_written_among_results(runs: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    line = unusable(capsys, "replicate", str(runs[0]), str(runs[1]), "--into", str(runs[1] / "out"))
    assert "where results alone are kept" in line


# --- ranges in a file of facts ---

HOLDING = {
    **dict.fromkeys(RANGE, ""),
    "runs": 4,
    "holds": 4,
    "range": "80 to 82",
    "general": "81",
    "replicated": "holds",
    "over_runs": "80 to 82 over 4 runs, on all of which it holds",
    "range_low": 80.0,
    "range_high": 82.0,
    "tau2": 0.0,
    "i2": 0.0,
}
DEPENDING = HOLDING | {"holds": 2, "range": "0.9 to 1.6", "general": "", "replicated": "depends on the BLAS kernel"}
DEPENDING |= {"over_runs": "0.9 to 1.6 over 4 runs (depends on the BLAS kernel; at most 2 agree)", "tau2": float("nan")}
LISTED = [{name: f"{name} of run {i}" for name in RUN} for i in (1, 2, 3, 4)]
RANGED = [ranged(FACTS["a.b"], HOLDING), ranged(FACTS["c"], DEPENDING)]


def test_what_runs_say_is_read_as_it_was_written() -> None:
    content = facts_bytes(RANGED, LISTED)
    assert list(parse_facts(content, "here").values()) == RANGED
    assert runs_of(content, "here") == LISTED
    assert runs_of(facts_bytes(FACTS.values()), "here") == []


def test_who_reads_one_run_alone_reads_what_they_always_read() -> None:
    """The reader that every wheel so far has: it knows no ranges."""
    assert record.parse_facts(facts_bytes(RANGED, LISTED), "here") == FACTS
    assert record.file_digest(RANGED) == record.file_digest(FACTS.values())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda section: section["facts"][0].update(general="82"), "was edited"),
        (lambda section: section["runs"].pop(), "was edited"),
        (lambda section: section["facts"].pop(), "was edited"),
        (lambda section: section["facts"][0].update(holds="4"), "not in our form"),
        (lambda section: section["facts"][0].pop("holds"), "not in our form"),
        (lambda section: section.update(runs={}), "not in our form"),
        (lambda section: section.pop("digest"), "not in our form"),
    ],
)
def test_an_edited_range_is_noticed(change: Callable[[Any], Any], words: str) -> None:
    data = json.loads(facts_bytes(RANGED, LISTED))
    change(data["over_runs"])
    with pytest.raises(FactsError, match=words):
        parse_facts(json.dumps(data).encode(), "here")


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's repository, whose facts are over four runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "facts.json").write_bytes(facts_bytes(RANGED, LISTED))
    return tmp_path / "page.md"


def test_a_range_is_cited_checked_and_mended(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docs.write_text(
        "n*/m is <!-- fact:c range -->0.9 to 1.5<!-- /fact -->, on all <!-- fact:a.b general -->81<!-- /fact -->\n"
    )
    assert elsewhere(["check", str(docs)]) == 1
    assert "c range: '0.9 to 1.5' stands there, '0.9 to 1.6' should" in capsys.readouterr().out
    assert elsewhere(["check", str(docs), "--update"]) == 0
    assert "0.9 to 1.6" in docs.read_text()
    assert elsewhere(["check", str(docs)]) == 0


def test_what_is_not_general_cannot_be_cited_so(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No --update mends it: what is to be said instead is for a person to say."""
    text = "on all machines <!-- fact:c general -->1.25<!-- /fact -->\n"
    docs.write_text(text)
    assert elsewhere(["check", str(docs), "--update"]) == 1
    assert docs.read_text() == text
    out = capsys.readouterr().out
    assert "c: cited as general, which it is not: 0.9 to 1.6 over 4 runs (depends on the BLAS kernel" in out
    assert elsewhere(["cite", "--key", "c general"]) == 2
    assert elsewhere(["cite", "--key", "c over_runs"]) == 0
    assert "0.9 to 1.6 over 4 runs" in capsys.readouterr().out


def test_a_range_of_one_run_is_not_known(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (docs.parent / "facts.json").write_bytes(facts_bytes(FACTS.values()))
    docs.write_text("<!-- fact:c range -->0.9 to 1.6<!-- /fact -->\n")
    assert elsewhere(["check", str(docs)]) == 1
    assert "c: no range of it is known: the facts are of one run" in capsys.readouterr().out
    with pytest.raises(FactsError, match="a fact has no 'colour'"):
        check_field(FACTS["c"], "colour")


# --- publishing several runs ---


@pytest.fixture(scope="module")
def published(runs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    into = tmp_path_factory.mktemp("docs") / "results"
    with pytest.MonkeyPatch.context() as patch:
        pictures = {f"figures/{name}.{suffix}": suffix.encode() for name in FIGURES for suffix in ("png", "svg")}
        patch.setattr(publishing, "figure_files", lambda found: pictures)
        patch.setattr(publishing, "over_runs", lambda runs: {"figures/replication.png": b"png"})
        assert publish(runs[0], into, "--runs", *runs[1:]) == 0
    return into


def publish(results: Path, into: Path, *more: Path | str) -> int:
    options = ["--results", results, "--into", into, "--machine-name", "quiet-box", *more]
    return run("publish", *map(str, options))


@pytest.mark.slow
def test_the_facts_of_a_published_run_say_on_how_many_they_hold(published: Path) -> None:
    content = (published / "facts.json").read_bytes()
    star: Fact = parse_facts(content, "here")[STAR]
    assert (star["runs"], star["holds"], star["depends"]) == (3, 2, "the BLAS kernel")
    assert star["over_runs"].endswith("over 3 runs (depends on the BLAS kernel; at most 2 agree)")
    listed = runs_of(content, "here")
    assert [(each["name"], each["folder"]) for each in listed] == [
        ("first", "raw"),
        ("second", "runs/second"),
        ("third", "runs/third"),
    ]
    assert listed[2]["blas"] == "openblas 0.3, SkylakeX kernels"


@pytest.mark.slow
def test_of_further_runs_only_what_facts_are_made_of_is_published(published: Path, runs: list[Path]) -> None:
    files = read_folder(published)
    assert "runs/second/quiet-box/e55ab1d2-py3.12-numpy2.1.0.json" in files
    assert b'"code"' not in files["runs/second/benchmarks.json"]
    assert b'"code"' in files["raw/benchmarks.json"]
    assert len(files["runs/second/benchmarks.json"]) < 0.5 * len(files["raw/benchmarks.json"])
    assert not [path for path in files if "refine-cases" in path and path.startswith("runs/")]


@pytest.mark.slow
def test_the_page_says_what_the_runs_say(published: Path) -> None:
    text = (published / "index.md").read_text()
    assert "## What 3 runs say" in text
    assert f"<!-- fact:{STAR.replace('crossover', 'aspect')} range -->" in text
    assert "runs/third" in text
    assert "python -m analysis replicate " in text
    assert "](figures/replication.png)" in text


@pytest.mark.slow
def test_check_computes_the_ranges_anew(published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = Path(shutil.copytree(published, tmp_path / "copy"))
    arguments = ("check", str(copy / "index.md"), "--results", str(copy / "raw"))
    assert run(*arguments) == 0
    assert "0 wrong" in capsys.readouterr().out
    shutil.copytree(another(tmp_path / "other", 0.1) / "recorded", tmp_path / "there")
    stored = next(copy.glob("runs/second/quiet-box/e55*.json"))
    changed = json.loads((tmp_path / "there" / FILE).read_bytes())["results"][RATIO]
    edit(stored, lambda data: data["results"].update({RATIO: changed}))
    line = unusable(capsys, *arguments)
    assert "of the same measurements, but with another" in line
    shutil.rmtree(copy / "runs" / "second")
    assert "the results of second are not in" in unusable(capsys, *arguments)


@pytest.mark.slow
def test_runs_that_do_not_belong_together_are_not_published(
    runs: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    into = ("--into", str(tmp_path / "into"), "--machine-name", "quiet-box")
    base = ("publish", "--results", str(runs[0]), *into, "--runs")
    other = Path(shutil.copytree(runs[1], tmp_path / "other"))
    edit(other / "recorded" / FILE, lambda data: data.update(commit_hash="f" * 40))
    assert "facts are of one commit" in unusable(capsys, *base, str(other))
    double = Path(shutil.copytree(runs[1], tmp_path / "deep" / "first"))
    assert "two runs would be called 'first'" in unusable(capsys, *base, str(double))
    assert not (tmp_path / "into").exists()

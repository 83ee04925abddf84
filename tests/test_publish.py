"""Published runs: nothing changed but names, no path of the machine, every number marked, nobody's files touched."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import analysis.commands.publish as command
from analysis.citing import collect
from analysis.citing.publishing import MANIFEST, measured_sections, outdated, page, picked, raw_files
from analysis.citing.publishing.raw import conditions
from analysis.errors import AnalysisError
from analysis.figures import FIGURES
from analysis.reading.folder import read_folder
from analysis.reading.load import read_results
from analysis.reading.tidy import tidy
from analysis.tables.findings import Findings
from tests.tables import frame, full_table, row
from tests.test_cite import ABOUT, RECORDED, run

FILE = "e55ab1d2-existing-py.json"
MAP = "crossover.Map.track_log_ratio"
SECRET = "somebody"
ENV = f"existing-py_home_{SECRET}_bin_python"
PYTHON = f"/home/{SECRET}/bin/python"


def edit(path: Path, change: Callable[[Any], Any]) -> None:
    data = json.loads(path.read_bytes())
    change(data)
    path.write_text(json.dumps(data))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """The recorded results as asv files them for a Python that it did not make, and their versions."""
    folder = Path(shutil.copytree(RECORDED, tmp_path / "results"))
    old = folder / "recorded" / FILE
    edit(old, lambda data: (data.update(env_name=ENV, python=PYTHON), data["params"].update(python=PYTHON)))
    old.rename(old.with_name(f"e55ab1d2-{ENV}.json"))
    commit = json.loads((folder / "recorded" / f"e55ab1d2-{ENV}.json").read_bytes())["commit_hash"]
    record = {"machine": "recorded", "env": ENV, "commit": commit, "python": "3.12.1", "numpy": "2.1.0"}
    record |= {"blas": "openblas 0.3", "modes": "0.1.0", "measured": "2026-11-02"}
    (folder / "facts").write_text(json.dumps([record]))
    return folder


@pytest.fixture(autouse=True)
def _pictures(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes a second: only the test that asks for it draws."""
    if "drawn" not in request.fixturenames:
        pictures = {f"figures/{name}.{suffix}": suffix.encode() for name in FIGURES for suffix in ("png", "svg")}
        monkeypatch.setattr(command, "figure_files", lambda found: pictures)


@pytest.fixture
def drawn() -> None:
    """For a test of the pictures themselves."""


def publish(results: Path, into: Path, *more: str) -> int:
    return run("publish", "--results", str(results), "--into", str(into), "--machine-name", "quiet-box", *more)


def files(folder: Path) -> dict[str, bytes]:
    return read_folder(folder) if folder.exists() else {}


def fails(results: Path, into: Path, *more: str) -> str:
    """What a publication that has to be refused says; nothing may have been written."""
    before = files(into)
    with pytest.raises(AnalysisError) as caught:
        publish(results, into, *more)
    assert files(into) == before
    assert "\n" not in str(caught.value)
    return str(caught.value)


# --- the raw results ---


def test_the_published_results_are_those_measured(results: Path, tmp_path: Path) -> None:
    assert publish(results, tmp_path / "into") == 0
    was, published = tidy(read_results(results)), tidy(read_results(tmp_path / "into" / "raw"))
    assert set(published["machine"]) == {"quiet-box"}
    assert set(published["env"]) == {"py3.12-numpy2.1.0"}
    names = {"machine": "quiet-box", "env": "py3.12-numpy2.1.0"}
    pd.testing.assert_frame_equal(published, was.assign(**names).astype(published.dtypes), check_exact=True)


@pytest.mark.parametrize(
    ("chosen", "named"),
    [
        ("-OMP_NUM_THREADS1-OPENBLAS_CORETYPEHaswell-VECLIB_MAXIMUM_THREADS1", "-OPENBLAS_CORETYPEHaswell"),
        ("-OMP_NUM_THREADS12-VECLIB_MAXIMUM_THREADS12", "-OMP_NUM_THREADS12"),
        ("-OMP_NUM_THREADS1-VECLIB_MAXIMUM_THREADS1", ""),
    ],
)
def test_conditions_that_were_chosen_stay_in_the_name(results: Path, tmp_path: Path, chosen: str, named: str) -> None:
    env = ENV + chosen
    edit(stored := results / "recorded" / f"e55ab1d2-{ENV}.json", lambda data: data.update(env_name=env))
    stored.rename(stored.with_name(f"e55ab1d2-{env}.json"))
    edit(results / "facts", lambda records: records[0].update(env=env))
    assert publish(results, tmp_path / "into") == 0
    raw = tmp_path / "into" / "raw"
    assert set(read_results(raw)["env"]) == {f"py3.12-numpy2.1.0{named}"}
    (again,) = json.loads((raw / "facts").read_bytes())  # a published run is published again under the same name
    assert conditions(again["env"]) == named


@pytest.mark.slow
@pytest.mark.usefixtures("drawn")
def test_nothing_says_where_it_was_measured(results: Path, tmp_path: Path) -> None:
    publish(results, tmp_path / "into")
    found = files(tmp_path / "into")
    assert "raw/quiet-box/e55ab1d2-py3.12-numpy2.1.0.json" in found
    assert not [path for path in found if SECRET in path]
    assert not [path for path, content in found.items() if SECRET.encode() in content or b'"recorded"' in content]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda data: data.update(env_vars={"LIBRARY": f"/home/{SECRET}/lib"}), "env_vars: LIBRARY"),
        (lambda data: data["params"].update(os=f"Linux in C:\\Users\\{SECRET}"), "params: os"),
        (lambda data: data.update(requirements={f"~/{SECRET}": ""}), "requirements"),
    ],
)
def test_a_path_that_would_be_left_is_named(
    results: Path, tmp_path: Path, change: Callable[[Any], Any], where: str
) -> None:
    edit(results / "recorded" / f"e55ab1d2-{ENV}.json", change)
    said = fails(results, tmp_path / "into")
    assert where in said
    assert "holds a path of the machine" in said


@pytest.mark.parametrize("text", ["forward/reverse", "Linux 6.1/x86", "https://asv.readthedocs.io/en", "ln(a / b)"])
def test_what_only_looks_like_a_path_is_none(results: Path, tmp_path: Path, text: str) -> None:
    edit(results / "recorded" / f"e55ab1d2-{ENV}.json", lambda data: data.update(env_vars={"X": text}))
    assert publish(results, tmp_path / "into") == 0


def test_of_several_runs_one_is_chosen(results: Path, tmp_path: Path) -> None:
    was = tidy(read_results(results))
    other = Path(shutil.copytree(results / "recorded", results / "shared"))
    (stored,) = (path for path in other.iterdir() if path.name != "machine.json")
    edit(stored, lambda data: (data["params"].update(machine="shared"), data["results"].pop(MAP)))
    edit(other / "machine.json", lambda data: data.update(machine="shared"))
    said = fails(results, tmp_path / "into")
    assert "2 runs are mixed here" in said
    assert "shared e55ab1d2" in said
    assert "no results of environment another" in fails(results, tmp_path / "into", "--env", "another")
    assert "not recorded" in fails(results, tmp_path / "into", "--machine", "shared")  # its versions
    choice = ("--machine", "recorded", "--env", ENV, "--commit", "e55ab1")
    assert publish(results, tmp_path / "into", *choice) == 0
    assert sorted(path for path in files(tmp_path / "into") if path.startswith("raw/")) == [
        "raw/benchmarks.json",
        "raw/facts",
        "raw/quiet-box/e55ab1d2-py3.12-numpy2.1.0.json",
        "raw/quiet-box/machine.json",
    ]
    published = tidy(read_results(tmp_path / "into" / "raw"))
    pd.testing.assert_series_equal(published["value"], was["value"], check_exact=True)


def test_what_is_not_fit_to_be_published(results: Path, tmp_path: Path) -> None:
    into = tmp_path / "into"
    for name in ("a b", "../up", "", "/root"):
        with pytest.raises(AnalysisError, match="--machine-name"):
            raw_files(read_folder(results), {}, name, "results")
    (results / "dirty").write_text("digest")
    assert "changed work tree" in fails(results, into)
    (results / "dirty").unlink()
    (results / "facts").unlink()
    assert "the versions of Python and NumPy that were measured are not recorded" in fails(results, into)


def test_what_cannot_be_cited_is_said_of_the_folder_that_it_came_from(results: Path, tmp_path: Path) -> None:
    def spoil(data: Any) -> None:
        line, place = data["results"][MAP], data["result_columns"].index("samples")
        line[place] = [cell and [math.nan, *cell[1:]] for cell in line[place]]

    edit(results / "recorded" / f"e55ab1d2-{ENV}.json", spoil)
    said = fails(results, tmp_path / "into")
    assert said.startswith(f"{results}: ")
    assert "NaN or infinity" in said


# --- the folder ---


def test_publishing_again_replaces_its_own_files_and_touches_no_others(results: Path, tmp_path: Path) -> None:
    into = tmp_path / "into"
    publish(results, into)
    first = files(into)
    assert sorted(first[MANIFEST].decode().splitlines()) == sorted(set(first) - {MANIFEST})
    (into / "figures/deep").mkdir()
    (into / "figures/deep/outdated.png").write_bytes(b"old")
    (into / MANIFEST).write_text((into / MANIFEST).read_text() + "figures/deep/outdated.png\nfigures/gone.png\n")
    (into / "notes.md").write_text("Somebody's own.")
    (into / "index.md").write_text("An old page.")
    assert publish(results, into) == 0
    assert files(into) == {**first, "notes.md": b"Somebody's own."}
    assert not (into / "figures/deep").exists()


@pytest.mark.parametrize("path", ["raw/other.json", "raw/other/notes.txt", "index.md", "facts.json"])
def test_a_file_that_was_not_published_is_never_replaced_or_mixed_in(results: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "into" / path).parent.mkdir(parents=True)
    (tmp_path / "into" / path).write_text("Somebody's own.")
    assert f"into/{path}: in the way" in fails(results, tmp_path / "into")


@pytest.mark.parametrize("path", ["../outside.txt", "/outside.txt", "raw/../../outside.txt"])
def test_the_manifest_reaches_no_file_outside(results: Path, tmp_path: Path, path: str) -> None:
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / MANIFEST).write_text(f"{path}\n")
    assert "lies outside the folder" in fails(results, tmp_path / "into")


@pytest.mark.slow
@pytest.mark.parametrize("before", [False, True])
def test_a_publication_that_was_cut_short_is_done_again(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    publish(results, whole)
    if before:
        publish(results, cut)
        (cut / "tables/outdated.csv").write_bytes(b"old")
        (cut / MANIFEST).write_text((cut / MANIFEST).read_text() + "tables/outdated.csv\n")
    replace = os.replace
    written: list[Path] = []

    def stopping(temporary: str, path: Path) -> None:
        if cut in path.parents and len(written) > 5:
            raise KeyboardInterrupt
        written.append(path)
        replace(temporary, path)

    monkeypatch.setattr(os, "replace", stopping)
    with pytest.raises(KeyboardInterrupt):
        publish(results, cut)
    monkeypatch.setattr(os, "replace", replace)
    publish(results, cut)
    assert {path: content for path, content in files(cut).items() if path != "index.md"} == {
        path: content for path, content in files(whole).items() if path != "index.md"
    }


def test_what_is_outdated() -> None:
    there = ["index.md", "figures/a.png", "figures/b.png", "notes.md"]
    before = ["index.md", "figures/a.png", "figures/b.png", "figures/c.png"]
    assert outdated(there, before, ["index.md", "figures/a.png"], "into") == ["figures/b.png"]
    assert outdated([], [], ["index.md"], "into") == []


# --- the page ---


def test_every_number_on_the_page_is_checked(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    into = tmp_path / "into"
    publish(results, into)
    check = ("check", str(into / "index.md"), "--results", str(into / "raw"))
    assert run(*check) == 0
    text = (into / "index.md").read_text()
    assert text.count("<!-- fact:") > 20
    facts = json.loads((into / "facts.json").read_bytes())["facts"]
    crossing = [fact["key"] for fact in facts if ".crossover-" in fact["key"]]
    assert crossing
    assert all(f"<!-- fact:{key} -->" in text for key in crossing)
    capsys.readouterr()
    (into / "index.md").write_text(text.replace("<!-- fact:", "<!-- fact:", 1).replace("-->", "-->9", 1))
    assert run(*check) == 1
    assert "index.md:3: modes.crossover-time." in capsys.readouterr().out


def test_the_page_names_what_is_beside_it_and_no_other_place(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    publish(results, Path("docs/results"))
    text = Path("docs/results/index.md").read_text()
    assert "python -m analysis check docs/results/index.md --results docs/results/raw" in text
    linked = {part.split(")")[0] for part in text.split("](")[1:]}
    beside = {path for path in linked if not path.startswith("..")}
    assert beside <= set(files(Path("docs/results")))
    assert {path for path in beside if path.endswith(".png")} == {
        path for path in files(Path("docs/results")) if path.endswith(".png")
    }
    publish(results, tmp_path / "into")
    assert str(tmp_path) not in (tmp_path / "into/index.md").read_text()
    assert not [line for line in text.splitlines() if line.startswith("<!-- fact:")]  # Markdown takes it for HTML


def test_a_page_without_the_headline_s_setting() -> None:
    table = full_table()
    rest = table[
        (table["profile"] != "uniform") | (table["metric"] != "log_ratio") | (table["mode"] == "forward/forward")
    ]
    found = Findings(rest, ABOUT)
    text = page(collect(found), found, [], "docs/results")
    assert "This run gives no crossover of a dense chain that could be cited." in text
    assert "| dense | funnel |" in text


@pytest.mark.slow
def test_doubts_stand_on_the_page() -> None:
    measured: list[Any] = full_table().to_dict("records")
    found = Findings(frame([*measured, row("blas_threads", 4.0, mode="forward/reverse", n=1)]), ABOUT)
    text = page(collect(found), found, [], "docs/results")
    assert "> **Doubt.** BLAS ran on 4 threads, not on one." in text


def test_pictures_of_what_was_measured_alone() -> None:
    table = full_table()
    sections = measured_sections(Findings(table))
    names = [name for section in sections for name in section.figures]
    pictures = {f"figures/{name}.{suffix}": b"12" for name in names for suffix in ("png", "svg")}
    pictures[f"figures/{names[0]}.svg"] = b"1"
    found = picked({**pictures, "figures/other.png": b"", "figures/other.svg": b""}, sections)
    assert set(found) == {*(f"figures/{name}.png" for name in names), f"figures/{names[0]}.svg"}
    little = Findings(table[table["metric"] == "blas_threads"])
    assert [section.title for section in measured_sections(little)] == [
        section.title for section in sections if section.measured(little)
    ]


@pytest.mark.parametrize("inside", [".", "published", "recorded"])
def test_nothing_is_published_into_the_results(results: Path, inside: str) -> None:
    assert "is in the results folder" in fails(results, results / inside)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\0", b"a//b\n", b"/etc\n"])
def test_a_damaged_manifest_is_named(results: Path, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "into").mkdir()
    (tmp_path / "into" / MANIFEST).write_bytes(content)
    assert f"into/{MANIFEST}: " in fails(results, tmp_path / "into")


def test_foreign_files_behind_a_link_stay(results: Path, tmp_path: Path) -> None:
    """Seen before the first byte is written."""
    foreign, into = tmp_path / "foreign", tmp_path / "into"
    foreign.mkdir()
    (foreign / "tidy.csv").write_text("Somebody's own.")
    into.mkdir()
    (into / "tables").symlink_to(foreign)
    assert "into/tables is a link" in fails(results, into)
    assert [path.name for path in into.iterdir()] == ["tables"]
    assert (foreign / "tidy.csv").read_text() == "Somebody's own."


@pytest.mark.parametrize("version", ["../../x", "", "2.1\n"])
def test_versions_that_are_no_part_of_a_name_are_refused(results: Path, tmp_path: Path, version: str) -> None:
    edit(results / "facts", lambda data: data[0].update(numpy=version))
    fails(results, tmp_path / "into")

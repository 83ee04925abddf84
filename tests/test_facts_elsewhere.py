"""Facts in somebody else's repository: the wheel's command, copies of what `cite` wrote, and the Sphinx extension."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from modes.facts import command, pages
from modes.facts.errors import FactsError
from modes.facts.formats import SUFFIXES, bibtex, one, whole_file
from modes.facts.marks import BIBTEX, LATEX, MARKDOWN, MYST, mend, problems, read_page
from modes.facts.printing import listed
from modes.facts.record import facts_bytes, file_digest
from tests.test_marks import DIGEST, FACTS, fact

ROOT = Path(__file__).parent.parent
KEY = "modes.crossover-time.m64"
THEIRS = {
    KEY: fact(KEY, "69", interval="[67, 69]", sentence="On X, n* = 69.", date="2026-11-20", engine_version="0.1.0"),
    "jax.aspect-time.m64": fact("jax.aspect-time.m64", "1.4", interval="[1.3, 1.5]", date="2026-11-20"),
}


@pytest.fixture
def docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with facts and every file that `cite` writes beside them."""
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "facts.json").write_bytes(facts_bytes(THEIRS.values()))
    for format, suffix in SUFFIXES.items():
        (folder / f"facts{suffix}").write_bytes(whole_file(THEIRS.values(), format))
    (folder / "page.md").write_text(f"At <!-- fact:{KEY} -->69<!-- /fact --> inputs.\n")
    monkeypatch.chdir(tmp_path)
    return folder


def check(*arguments: str) -> int:
    return command.main(["check", *arguments])


# --- what was made of facts, and edited since ---


def test_what_cite_wrote_is_right_and_its_facts_are_found(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("docs") == 0
    assert capsys.readouterr().out == "5 cited numbers in 2 pages: 0 wrong, 0 mended.\n"


@pytest.mark.parametrize("suffix", SUFFIXES.values())
def test_an_edited_copy_of_what_cite_wrote_is_noticed_and_mended(
    docs: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    file = docs / f"facts{suffix}"
    right = file.read_text()
    assert "69" in right
    file.write_text(right.replace("69", "71", 1))
    assert check("docs") == 1
    assert f"{Path('docs') / file.name}:" in capsys.readouterr().out
    assert check("docs", "--update") == 0
    assert file.read_text() == right


@pytest.mark.parametrize("suffix", [".inc", ".myst.yaml", ".tex", ".md"])
def test_a_copy_of_other_facts_is_noticed(docs: Path, capsys: pytest.CaptureFixture[str], suffix: str) -> None:
    other = docs / "old" / f"facts{suffix}"
    other.parent.mkdir()
    format = next(name for name, end in SUFFIXES.items() if end == suffix)
    before = {**THEIRS, "gone.m64": fact("gone.m64", "7")}
    other.write_bytes(whole_file(before.values(), format, "../facts.json"))
    assert check("docs") == 1
    said = capsys.readouterr().out
    assert f"cites the facts of digest {file_digest(before.values())[:12]}" in said
    assert "gone" in said
    assert "unknown fact" in said


def test_substitutions_of_a_page_s_front_matter_are_marks_where_they_are_facts() -> None:
    name = "modes_crossover_time_m64"
    page = f'---\nmyst:\n  substitutions:\n    {name}: "70"  # a comment\n    mine: "x"\n    3: 4\ntitle: {name}\n---\n'
    found = problems(read_page(page, MARKDOWN, "page"), THEIRS, "")
    assert [(problem.line, problem.text) for problem in found] == [(4, f"{KEY}: '\"70\"' stands there, '69' should")]
    assert mend(page, found) == page.replace('"70"', '"69"')
    for right in ("'69'", "69", '"\\u0036\\u0039"'):
        assert not problems(read_page(page.replace('"70"', right), MARKDOWN, "page"), THEIRS, "")
    assert not read_page(f"text\n---\nmyst:\n  substitutions:\n    {name}: 70\n---\n", MARKDOWN, "page").marks


def test_a_yaml_of_somebody_else_is_nobody_s_business(docs: Path) -> None:
    (docs / "config.yml").write_text("myst:\n  substitutions:\n    version: 3\nfact: 4\n")
    (docs / "facts.php.inc").write_text("<?php echo 'fact'; ?>")
    assert check("docs") == 0


def test_definitions_for_latex_and_entries_for_bibtex_are_marks() -> None:
    text = whole_file(FACTS.values(), "latex").decode()
    assert len(read_page(text, LATEX, "t").marks) == 3 * len(FACTS)
    assert not problems(read_page(text, LATEX, "t"), FACTS, DIGEST)
    wrong = problems(read_page(text.replace("endcsname{81}", "endcsname{82}"), LATEX, "t"), FACTS, DIGEST)
    assert [problem.text for problem in wrong] == ["a.b: '82' stands there, '81' should"]
    entry = bibtex(THEIRS[KEY])
    assert not problems(read_page(f"@book{{x,\n}}\n{entry}\n", BIBTEX, "b"), THEIRS, "")
    (problem,) = problems(read_page(entry.replace("n$*$ = 69", "n$*$ = 70"), BIBTEX, "b"), THEIRS, "")
    assert "says something else" in problem.text
    assert not read_page("@misc{a,\n  title = {other},\n}\n", BIBTEX, "b").marks


def test_what_is_indented_below_substitutions_and_nothing_else_is_one() -> None:
    page = "a:\n  substitutions:\n    # note\n\n    b: 1\n    c: 'd # e'\n  f: 2\n  substitutions:\n    g: [h]\n"
    marks = read_page(page, MYST, "y").marks
    assert [(mark.key, mark.text) for mark in marks] == [("b", "1"), ("c", "'d # e'"), ("g", "[h]")]
    assert [page[mark.start : mark.end] for mark in marks] == [mark.text for mark in marks]


# --- reStructuredText: the include, and what is pasted beside it ---


def test_the_include_defines_intervals_too() -> None:
    text = whole_file(THEIRS.values(), "rst").decode()
    assert f".. |fact:{KEY}| replace:: 69\n" in text
    assert f".. |fact:{KEY} interval| replace:: [67, 69]\n" in text


def test_a_fact_pasted_beside_the_include_is_said_to_be_one_too_many(
    docs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = docs / "page.rst"
    page.write_text(f"At |fact:{KEY}|.\n\n.. include:: facts.inc\n\n{one(THEIRS[KEY], 'rst')}\n")
    assert check("docs") == 1
    assert f"page.rst:5: {KEY}: facts.inc, included in line 3, defines it already" in capsys.readouterr().out
    page.write_text(f"{one(THEIRS[KEY], 'rst')}\n{one(THEIRS[KEY], 'rst')}\n")
    assert check("docs") == 1
    assert f"page.rst:2: {KEY}: defined in line 1 already" in capsys.readouterr().out


# --- a check that checks nothing ---


def test_a_folder_without_a_mark_is_a_warning_or_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.md").write_text("At 69 inputs.\n")
    monkeypatch.chdir(tmp_path)
    assert check(".") == 0
    said = capsys.readouterr()
    assert said.out == "0 cited numbers in 1 page: 0 wrong, 0 mended.\n"
    assert said.err.startswith("warning: no number is marked in ., so that nothing was checked (--require-marks")
    assert check(".", "--require-marks") == 1
    assert capsys.readouterr().err.startswith("error: no number is marked")


def test_a_page_whose_facts_nobody_knows_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "page.md").write_text(f"<!-- fact:{KEY} -->69<!-- /fact -->")
    monkeypatch.chdir(tmp_path)
    assert check("page.md") == 2
    assert "names no file of facts, and none is near" in capsys.readouterr().err
    (tmp_path / "facts.json").write_bytes(facts_bytes(THEIRS.values()))
    assert pages.nearest(tmp_path / "page.md") == tmp_path / "facts.json"
    assert check("page.md") == 0


# --- the command ---


def test_facts_are_listed_and_printed(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = ["cite", "--facts", "docs/facts.json"]
    assert command.main([*facts, "--list"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(THEIRS)
    assert command.main([*facts, "--list", "modes.*m64"]) == 0
    assert capsys.readouterr().out.split() == [KEY, "69", "[67,", "69]"]
    assert command.main([*facts, "--key", f"{KEY} interval", "--format", "rst"]) == 0
    assert capsys.readouterr().out == f".. |fact:{KEY} interval| replace:: [67, 69]\n"
    assert command.main([*facts, "--key", KEY, "--format", "myst"]) == 0
    assert capsys.readouterr().out == 'modes_crossover_time_m64: "69"\n'
    assert command.main([*facts, "--key", f"{KEY} size"]) == 2
    assert "a fact has no 'size'" in capsys.readouterr().err
    assert command.main([*facts, "--key", "modes.crosover"]) == 2
    assert f"nearest: {KEY}" in capsys.readouterr().err
    with pytest.raises(FactsError, match="no key of 2 has 'zz' in it"):
        listed(THEIRS, "zz")


def test_it_needs_nothing_of_the_suite(docs: Path) -> None:
    """In a process that finds neither the analysis nor what it stands on."""
    script = (
        "import sys\n"
        "for name in ('analysis', 'benchmarks', 'pandas', 'scipy', 'matplotlib', 'asv', 'msgspec', 'sphinx'):\n"
        "    sys.modules[name] = None\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from modes.facts.command import main\n"
        "sys.exit(main(['check', 'docs']))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=docs.parent, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# --- the Sphinx extension ---

CONF = """
import sys
sys.path.insert(0, {root!r})
extensions = ["modes.facts.sphinx"]
html_theme = "basic"
"""


def built(folder: Path, *options: str) -> tuple[int, str, str]:
    """The status, what was complained of, and the text of the page."""
    command = [sys.executable, "-m", "sphinx", "-q", "-b", "text", *options, str(folder), str(folder / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    page = folder / "out" / "index.txt"
    return done.returncode, done.stderr, page.read_text(encoding="utf-8") if page.exists() else ""


@pytest.mark.slow
def test_the_role_writes_what_the_facts_say_at_every_build(tmp_path: Path) -> None:
    pytest.importorskip("sphinx")
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "conf.py").write_text(CONF.format(root=str(ROOT)))
    (folder / "index.rst").write_text(f"Page\n====\n\nAt :fact:`{KEY}` inputs, :fact:`{KEY} interval`.\n")
    facts = folder / "facts.json"
    facts.write_bytes(facts_bytes(THEIRS.values()))
    status, said, page = built(folder, "-W")
    assert (status, said) == (0, "")
    assert "At 69 inputs, [67, 69]." in page
    facts.write_bytes(facts_bytes([fact(KEY, "71", interval="[70, 72]")]))
    assert "At 71 inputs, [70, 72]." in built(folder, "-W")[2]  # built anew, though the page is as it was

    facts.write_bytes(facts.read_bytes().replace(b'"71"', b'"72"'))
    status, said, _ = built(folder, "-E")
    assert status != 0
    assert f"fact {KEY} was edited" in said
    facts.write_bytes(facts_bytes(THEIRS.values()))
    (folder / "index.rst").write_text("Page\n====\n\n:fact:`modes.crosover-time.m64`\n")
    status, said, _ = built(folder)
    assert status == 0
    assert f"no fact 'modes.crosover-time.m64' among 2; nearest: {KEY}" in said
    assert built(folder, "-W", "-E")[0] != 0

"""Marks: finding them in Markdown and reStructuredText, what is wrong with them, and mending nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.citing import Fact, facts_bytes, file_digest
from analysis.errors import AnalysisError
from modes.facts import marks
from modes.facts.errors import FactsError
from modes.facts.marks import MARKDOWN, RST, mend, problems, read_page
from modes.facts.record import FIELDS, NUMBERS, sealed
from tests.test_cite import RECORDED, run


def fact(key: str, text: str, **other: Any) -> Fact:
    fields = {name: "" for name in FIELDS if name not in NUMBERS}
    return sealed({**fields, "value": 1.0, "low": 0.5, "high": float("inf"), "key": key, "text": text, **other})


FACTS = {
    "a.b": fact("a.b", "81", interval="[77, 85]", sentence="It is at n* = 81 for a_b."),
    "c": fact("c", "1.25"),
}
DIGEST = file_digest(FACTS.values())
PIN = DIGEST[:12]


def wrong(page: str, kind: str = MARKDOWN) -> list[tuple[int, str]]:
    return [(problem.line, problem.text) for problem in problems(read_page(page, kind, "page"), FACTS, DIGEST)]


def mended(page: str, kind: str = MARKDOWN) -> str:
    return mend(page, problems(read_page(page, kind, "page"), FACTS, DIGEST))


# --- Markdown ---


@pytest.mark.parametrize(
    "page",
    [
        "",
        "no marks <!-- a comment --> <!-- factory --> <!-- fact check this -->",
        "<!-- fact:a.b -->81<!-- /fact -->",
        "at <!--fact:a.b--> 81 <!--/fact--> inputs",
        "<!-- fact:a.b interval -->[77, 85]<!-- /fact --> and <!-- fact:c -->1.25<!-- /fact -->",
        "<!-- fact:a.b sentence -->It is at\nn* = 81 for\n  a_b.<!-- /fact -->",
        "<!-- fact:a.b\n   low -->0.5<!-- /fact -->, <!-- fact:a.b high -->none<!-- /fact -->",
        f"<!-- facts: results/facts.json {PIN} -->",
        f"<!-- facts: results/facts.json {DIGEST} -->",
        "| <!-- fact:c -->1.25<!-- /fact --> |\r\n",
    ],
)
def test_a_page_that_is_right(page: str) -> None:
    assert wrong(page) == []
    assert mended(page) == page


@pytest.mark.parametrize(
    ("page", "line", "said"),
    [
        ("x\n<!-- fact:a.b -->80<!-- /fact -->", 2, "a.b: '80' stands there, '81' should"),
        ("<!-- fact:a.b -->81.0<!-- /fact -->", 1, "a.b: '81.0' stands there, '81' should"),
        ("<!-- fact:a.b --><!-- /fact -->", 1, "a.b: nothing stands there, '81' should"),
        ("<!-- fact:a.b interval -->\n81<!-- /fact -->", 1, "a.b interval: '81' stands there, '[77, 85]' should"),
        ("<!-- fact:c interval -->81<!-- /fact -->", 1, "c interval: '81' stands there, 'none' should"),
        ("\r\n\r\n<!-- fact:d -->81<!-- /fact -->", 3, "d: unknown fact; '81' stands there"),
        (
            f"<!-- facts: f.json 123456789abc -->{'' if PIN != '123456789abc' else '!'}",
            1,
            f"cites the facts of digest 123456789abc, f.json has {PIN}",
        ),
        ("<!-- facts: f.json -->", 1, f"names no digest, f.json has {PIN}"),
    ],
)
def test_a_page_that_is_wrong(page: str, line: int, said: str) -> None:
    assert wrong(page) == [(line, said)]


def test_an_unknown_field_is_named_with_those_that_there_are() -> None:
    ((line, said),) = wrong("<!-- fact:c size -->81<!-- /fact -->")
    assert said.startswith("c: a fact has no 'size', but key, value")
    assert line == 1


def test_swapped_numbers_are_called_swapped() -> None:
    page = "<!-- fact:a.b -->1.25<!-- /fact -->\n<!-- fact:c -->81<!-- /fact -->"
    assert [said for _, said in wrong(page)] == [
        "a.b: '1.25' stands there, '81' should (swapped with line 2)",
        "c: '81' stands there, '1.25' should (swapped with line 1)",
    ]
    assert mended(page) == "<!-- fact:a.b -->81<!-- /fact -->\n<!-- fact:c -->1.25<!-- /fact -->"


@pytest.mark.parametrize(
    "page",
    [
        "`<!-- fact:d -->81<!-- /fact -->`",
        "``<!-- fact:KEY -->` ``",
        "```\n<!-- fact:d -->\n```",
        "```md\n<!-- fact:d -->\n```\n",
        "~~~~\n```\n~~~\n<!-- fact:d -->\n~~~~",
        "- item\n\n  ```sh\n  <!-- fact:d -->\n  ```",
        "> ```\n> <!-- fact:d -->\n> ```",
        "```{code-block} md\n<!-- fact:d -->\n```",
        "````{note}\n```\n<!-- fact:d -->\n```\n````",
        "```\n<!-- fact:d -->",
    ],
)
def test_code_is_an_example(page: str) -> None:
    assert wrong(page) == []


@pytest.mark.parametrize(
    "page",
    [
        "```\ncode\n```\n<!-- fact:d -->81<!-- /fact -->",
        "```{note}\n<!-- fact:d -->81<!-- /fact -->\n```",
        "```{note}\n```\n<!-- fact:d -->81<!-- /fact -->",
        "````{note}\n```{tip}\n<!-- fact:d -->81<!-- /fact -->\n```\n````",
        "a ` alone\n\n<!-- fact:d -->81<!-- /fact --> and another `",
        "`code` <!-- fact:d -->81<!-- /fact --> `code`",
    ],
)
def test_what_stands_beside_code_is_no_example(page: str) -> None:
    assert [said for _, said in wrong(page)] == ["d: unknown fact; '81' stands there"]


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("a\n<!-- fact:a.b -->81", r"page:2: mark 'fact:a.b' is not closed; write <!-- /fact -->"),
        ("<!-- fact:a.b -->81\n<!-- fact:c -->1.25<!-- /fact -->", r"page:1: mark 'fact:a.b' is not closed"),
        ("\n81<!-- /fact -->", r"page:2: <!-- /fact --> closes no mark"),
        ("<!-- fact:a.b 81<!-- /fact -->", r"page:1: a comment that begins with 'fact:a.b' is not closed"),
        ("<!-- fact:a.b -->81<!-- /fact", r"page:1: a comment that begins with '/fact' is not closed"),
        ("<!-- fact: -->81<!-- /fact -->", r"page:1: a mark that cannot be read, 'fact:'; write <!-- fact:KEY -->"),
        ("<!-- fact:a b c -->81<!-- /fact -->", r"page:1: a mark that cannot be read, 'fact:a b c'"),
        ("<!-- facts: -->", r"page:1: a mark that cannot be read, 'facts:'; write facts: PATH DIGEST"),
        ("<!-- facts: f xyz -->", r"page:1: a mark that cannot be read"),
        ("<!-- facts: f 12 -->\n<!-- facts: g 12 -->", r"page:2: a page cites one file of facts, and line 1 names f"),
    ],
)
def test_what_is_not_closed_or_cannot_be_read(page: str, said: str) -> None:
    with pytest.raises(FactsError, match=f"^{said}"):
        read_page(page, MARKDOWN, "page")


# --- reStructuredText ---

RIGHT_RST = f"""Title
=====

.. |fact:a.b| replace:: 81
.. |fact:a.b interval| replace:: [77, 85]
..  |fact:a.b sentence|  replace::  It is at n\\* = 81 for a\\_b.
.. facts: ../facts.json {PIN}

It is at |fact:a.b|, says |fact:d|::

    .. |fact:d| replace:: 9
    .. |fact:a.b|
"""


def test_rst_substitutions_are_marks() -> None:
    page = read_page(RIGHT_RST, RST, "page")
    assert [(mark.key, mark.field, mark.line) for mark in page.marks] == [
        ("a.b", "text", 4),
        ("a.b", "interval", 5),
        ("a.b", "sentence", 6),
    ]
    assert page.pin is not None
    assert (page.pin.path, page.pin.digest, page.pin.line) == ("../facts.json", PIN, 7)
    assert wrong(RIGHT_RST, RST) == []


def test_rst_marks_are_mended_and_escaped() -> None:
    stale = RIGHT_RST.replace(":: 81\n", ":: 80\n").replace("n\\* = 81", "n\\* = 80").replace(PIN, "0" * 12)
    assert [line for line, _ in wrong(stale, RST)] == [7, 4, 6]
    assert mended(stale, RST) == RIGHT_RST


@pytest.mark.parametrize("line", [".. |fact:a.b|", ".. |fact:a.b| image:: a.png", ".. |fact:| replace:: 81"])
def test_an_rst_mark_that_cannot_be_read(line: str) -> None:
    with pytest.raises(FactsError, match=r"^page:2: a mark that cannot be read"):
        read_page(f"\n{line}\n", RST, "page")


# --- mending ---

PROSE = st.text(st.characters(exclude_characters="`<>!~", exclude_categories=["Cs"]), max_size=30)


@given(st.lists(st.tuples(PROSE, st.sampled_from(["a.b", "c"]), PROSE), max_size=5), PROSE)
def test_mending_changes_what_is_between_the_marks_and_nothing_else(
    pieces: list[tuple[str, str, str]], end: str
) -> None:
    def page(texts: list[str]) -> str:
        parts = (f"{b}<!-- fact:{key} -->{t}<!-- /fact -->" for (b, key, _), t in zip(pieces, texts, strict=True))
        return "".join(parts) + end

    stale = page([text for _, _, text in pieces])
    fresh = mended(stale)
    right = [FACTS[key]["text"] for _, key, _ in pieces]
    kept = [text if text.split() == [want] else want for (_, _, text), want in zip(pieces, right, strict=True)]
    assert fresh == page(kept)
    assert wrong(fresh) == []
    assert mended(fresh) == fresh


# --- the command ---


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with facts, a right page, and a page in a hidden folder that nobody asked about."""
    (tmp_path / "docs" / ".hidden").mkdir(parents=True)
    (tmp_path / "facts.json").write_bytes(facts_bytes(FACTS.values()))
    (tmp_path / "docs" / "right.md").write_bytes(f"<!-- facts: ../facts.json {PIN} -->\r\n".encode())
    (tmp_path / "docs" / ".hidden" / "page.md").write_text("<!-- fact:d -->")
    return tmp_path / "docs"


STALE = b"\xef\xbb\xbfA\r\n<!-- fact:a.b -->80<!-- /fact --> \xc3\xa4\n\ttail \n"


def test_check_says_where_and_what(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = ("--facts", str(docs.parent / "facts.json"))
    assert run("check", str(docs)) == 0  # the page itself names its facts
    assert capsys.readouterr().out == "0 cited numbers in 1 page: 0 wrong, 0 mended.\n"
    page = docs / "sub" / "page.md"
    page.parent.mkdir()
    page.write_bytes(STALE)
    assert run("check", str(docs), *facts) == 1
    said = capsys.readouterr().out.splitlines()
    assert said == [f"{page}:2: a.b: '80' stands there, '81' should", "1 cited number in 2 pages: 1 wrong, 0 mended."]
    assert page.read_bytes() == STALE


def test_update_mends_byte_for_byte(docs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    facts = ("--facts", str(docs.parent / "facts.json"))
    page = docs / "page.md"
    page.write_bytes(STALE)
    untouched = (docs / "right.md").stat().st_mtime_ns
    assert run("check", str(docs), "--update", *facts) == 0
    assert "(mended)" in capsys.readouterr().out
    assert page.read_bytes() == STALE.replace(b"-->80<", b"-->81<")
    assert (docs / "right.md").stat().st_mtime_ns == untouched
    assert run("check", str(docs), *facts) == 0
    page.write_bytes(STALE + b"<!-- fact:d -->9<!-- /fact -->")
    assert run("check", str(docs), "--update", *facts) == 1  # an unknown fact is for a person to mend
    assert page.read_bytes() == STALE.replace(b"-->80<", b"-->81<") + b"<!-- fact:d -->9<!-- /fact -->"


def test_a_link_stays_a_link(docs: Path) -> None:
    real = docs.parent / "real.txt"
    real.write_bytes(STALE)
    (docs / "link.md").symlink_to(real)
    assert run("check", str(docs / "link.md"), "--update", "--facts", str(docs.parent / "facts.json")) == 0
    assert (docs / "link.md").is_symlink()
    assert b"-->81<" in real.read_bytes()


def unusable(*arguments: str) -> str:
    with pytest.raises(AnalysisError) as caught:
        run("check", *arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_nothing_is_mended_where_anything_cannot_be_used(docs: Path) -> None:
    facts = ("--facts", str(docs.parent / "facts.json"))
    (docs / "a.md").write_bytes(STALE)
    (docs / "z.md").write_text("one\n<!-- fact:c -->1")
    said = unusable(str(docs), "--update", *facts)
    assert said.startswith(f"{docs / 'z.md'}:2: mark 'fact:c' is not closed")
    assert (docs / "a.md").read_bytes() == STALE


def test_input_that_cannot_be_used(docs: Path) -> None:
    facts = docs.parent / "facts.json"
    (docs / "latin.md").write_bytes(b"\xff")
    assert "not UTF-8" in unusable(str(docs / "latin.md"), "--facts", str(facts))
    assert "is its name right?" in unusable(str(docs / "none.md"))
    assert "expected a folder, or a page" in unusable(str(facts))
    (docs / "empty").mkdir()
    assert "no page in this folder" in unusable(str(docs / "empty"))
    page = docs / "page.md"
    page.write_bytes(STALE)
    assert "write the facts: python -m analysis cite" in unusable(str(page), "--facts", str(docs / "none.json"))
    facts.write_bytes(facts.read_bytes().replace(b'"81"', b'"82"'))
    assert "fact a.b was edited" in unusable(str(page), "--facts", str(facts))


def test_facts_are_held_against_results(tmp_path: Path) -> None:
    facts, page = tmp_path / "facts.json", tmp_path / "page.md"
    page.write_text(
        "<!-- fact:modes.crossover-memory.m8.width8.depth4.dense.uniform.float64 verdict -->crosses<!-- /fact -->"
    )
    assert run("cite", "--results", str(RECORDED), "--facts", str(facts)) == 0
    assert run("check", str(page), "--facts", str(facts), "--results", str(RECORDED)) == 0
    facts.write_bytes(facts_bytes(FACTS.values()))
    assert "there are: recorded e55ab1d2" in unusable(str(page), "--facts", str(facts), "--results", str(RECORDED))


def test_only_pages_are_read() -> None:
    assert set(marks.KINDS) == {".md", ".markdown", ".rst"}

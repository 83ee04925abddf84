"""Cited numbers in documents: finding their marks, comparing them with the facts, mending them. Pure functions.

A mark names a fact by its key, and may name a field of it after a space (`interval`, `sentence`, `commit`, any of a
fact's fields); without one it stands for the number as text. `range` is the numbers of several runs, and `general` what
may be said of all of them: a mark that asks for it is wrong where nothing may. In Markdown (and MyST) it is a pair of
comments, which no reader sees, around what is cited; it may span lines. In reStructuredText it is the definition of a
substitution, alone on a line that is not indented, used as `|fact:KEY|` in the text. A page may say once which facts it
cites: their file, relative to the page, and the beginning of that file's digest.

    Markdown   <!-- fact:KEY -->81<!-- /fact -->                 <!-- facts: results/facts.json 0123456789ab -->
    rst        .. |fact:KEY interval| replace:: [77, 85]         .. facts: results/facts.json 0123456789ab

What `modes.facts.formats` writes for other tools is a mark as well, wherever it was copied to: a MyST substitution, in
YAML and in a page's front matter; a LaTeX definition; an entry of BibTeX. A name among MyST's substitutions holds
underscores for what is dot or hyphen in a key: which key it is, is known with the facts. Where the file says which
facts it was made of, each of its substitutions has to be one; elsewhere those that are none are nobody's business here.

    YAML       modes_crossover_...: "81"                         # facts: facts.json 0123456789ab
    LaTeX      \\expandafter\\def\\csname fact@text@KEY\\endcsname{81}    % facts: facts.json 0123456789ab
    BibTeX     @misc{KEY, ...}                                      % facts: facts.json 0123456789ab

What stands in inline code and in fenced code is an example, not a mark; a MyST directive's fence is no code. A page is
a str with its line ends as they are in the file; only what is between marks, and the digest, is ever replaced.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .errors import FactsError
from .formats import bibtex, bibtex_entries, latex_text, myst_name, rst_text
from .ranges import RANGE, unsaid
from .record import DIGITS, FIELDS, written

MARKDOWN, RST, MYST, LATEX, BIBTEX = "markdown", "rst", "myst", "latex", "bibtex"
KINDS = {".md": MARKDOWN, ".markdown": MARKDOWN, ".rst": RST}
"""What is a page, by its file's suffix."""
INCLUDED = {".inc": RST, ".yaml": MYST, ".yml": MYST, ".tex": LATEX, ".sty": LATEX, ".bib": BIBTEX}
"""What may hold marks for pages, by its file's suffix."""

# Where a comment's end is missing, it runs into the next one.
COMMENT = re.compile(r"<!--\s*(/fact\b.*?|facts?:.*?)\s*(?:-->|\Z)", re.DOTALL)
OPENING = re.compile(r"fact:\s*(\S+)(?:\s+(\w+))?")
PINNED = re.compile(r"facts:\s*(\S+)(?:\s+([0-9a-f]+))?")
FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*(`{3,}(?=[^`]*$)|~{3,})[ \t]*(.*?)[ \t]*$")
DIRECTIVE = re.compile(r"\{(?!code|sourcecode|literalinclude|eval-rst|math|raw)[^}]*\}")
CODE = re.compile(r"(?<!`)(`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)\1(?!`)", re.DOTALL)
RST_MARK = re.compile(r"^\.\. +\|fact:([^|\r\n]*)\|[ \t]*(.*?)[ \t]*$", re.MULTILINE)
RST_PIN = re.compile(r"^\.\. +(facts:[^\r\n]*?)[ \t]*$", re.MULTILINE)
RST_VALUE = re.compile(r"replace::[ \t]*(.*)")
MYST_BLOCK = re.compile(r"([ \t]+)substitutions:[ \t]*(?:#.*)?")
MYST_MARK = re.compile(r"[ \t]+([A-Za-z_]\w*):[ \t]+(\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s#\"'].*?)[ \t]*(?:#.*)?")
MYST_PIN = re.compile(r"^[ \t]*#[ \t]*(facts:[^\r\n]*?)[ \t]*$", re.MULTILINE)
LATEX_MARK = re.compile(r"^\\expandafter\\def\\csname fact@(\w+)@([^\\\s]+)\\endcsname\{(.*)\}[ \t]*$", re.MULTILINE)
LATEX_PIN = re.compile(r"^%[ \t]*(facts:[^\r\n]*?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Mark:
    """A cited number: the fact's key and field, what stands there, and where (offsets into the page; line from 1)."""

    key: str
    field: str
    text: str
    start: int
    end: int
    line: int
    kind: str = MARKDOWN


@dataclass(frozen=True)
class Pin:
    """What a page says of the facts that it cites: their file, and the beginning of its digest ("" if not named)."""

    path: str
    digest: str
    start: int
    end: int
    line: int


@dataclass(frozen=True)
class Page:
    """A page's marks in order, and its pin."""

    kind: str
    marks: tuple[Mark, ...]
    pin: Pin | None


@dataclass(frozen=True)
class Problem:
    """What is wrong at a line: what stands there and what should. `mended` is None where only a person can tell."""

    line: int
    text: str
    start: int = 0
    end: int = 0
    mended: str | None = None


def read_page(page: str, kind: str, place: str) -> Page:
    """The marks of a page of one of the kinds above.

    The key of a MyST substitution is its name, until the facts are known. Raises FactsError, naming `place` and the
    line, for a mark that is not closed, or that cannot be read.
    """
    return READERS[kind](page, place)


def resolved(page: Page, facts: Mapping[str, Mapping[str, Any]]) -> Page:
    """The page with the keys of its MyST substitutions, without those of them that are no facts' and need not be."""
    keys = {myst_name(key): key for key in facts}
    strict = page.kind == MYST and page.pin is not None
    kept = [mark for mark in page.marks if mark.kind != MYST or strict or mark.key in keys]
    marks = (replace(mark, key=keys.get(mark.key, mark.key)) if mark.kind == MYST else mark for mark in kept)
    return replace(page, marks=tuple(marks))


def problems(page: Page, facts: Mapping[str, Mapping[str, Any]], digest: str) -> list[Problem]:
    """Every mark that does not say what the facts say, in order of lines. `digest` is that of the facts' file."""
    found = []
    pin = page.pin
    if pin is not None and not (pin.digest and digest.startswith(pin.digest)):
        stands = f"cites the facts of digest {pin.digest}" if pin.digest else "names no digest"
        text = f"{stands}, {pin.path} has {digest[:DIGITS]}"
        found.append(Problem(pin.line, text, pin.start, pin.end, f"{pin.path} {digest[:DIGITS]}"))
    page = resolved(page, facts)
    first: dict[tuple[str, str], int] = {}
    for mark in page.marks:
        fact = facts.get(mark.key)
        before = first.setdefault((mark.key.lower(), mark.field), mark.line)
        if mark.kind == RST and before != mark.line:  # docutils takes no substitution twice, and names in either case
            found.append(Problem(mark.line, f"{_name(mark)}: defined in line {before} already; take one of them away"))
        if fact is None:
            found.append(Problem(mark.line, f"{mark.key}: unknown fact; {_words(mark.text)} stands there"))
        elif mark.kind == BIBTEX:
            if _normal(mark.text) != _normal(bibtex(fact)):
                text = f"{mark.key}: the entry says something else than the fact"
                found.append(Problem(mark.line, text, mark.start, mark.end, bibtex(fact)))
        elif mark.field not in (*FIELDS, *RANGE):
            every = ", ".join((*FIELDS, *RANGE))
            found.append(Problem(mark.line, f"{mark.key}: a fact has no {mark.field!r}, but {every}"))
        elif why := unsaid(fact, mark.field):
            found.append(Problem(mark.line, f"{mark.key}: {why}"))
        else:
            wanted = written(fact, mark.field)
            if not _says(mark, wanted):
                other = _swapped(mark, wanted, page, facts)
                text = f"{_name(mark)}: {_words(mark.text)} stands there, {_words(wanted)} should{other}"
                found.append(Problem(mark.line, text, mark.start, mark.end, FORMS[mark.kind](wanted)))
    return found


def mend(page: str, found: Sequence[Problem]) -> str:
    """The page with every problem mended that can be; all else stays as it is, character by character."""
    for problem in sorted(found, key=lambda problem: problem.start, reverse=True):
        if problem.mended is not None:
            page = page[: problem.start] + problem.mended + page[problem.end :]
    return page


# --- Markdown ---


def _read_markdown(page: str, place: str) -> Page:
    marks: list[Mark] = []
    pin = None
    opened: re.Match[str] | None = None
    for comment in COMMENT.finditer(_without_code(page)):
        body, line = comment[1], _line(page, comment.start())
        here = f"{place}:{line}"
        if not comment[0].endswith("-->") or "<!--" in body:
            raise FactsError(f"{here}: a comment that begins with {body.split()[0]!r} is not closed; end it by -->")
        if body == "/fact":
            if opened is None:
                raise FactsError(f"{here}: <!-- /fact --> closes no mark; write <!-- fact:KEY --> before the number")
            key, field = _named(OPENING, opened[1], f"{place}:{_line(page, opened.start())}", "<!-- fact:KEY -->")
            start, end = opened.end(), comment.start()
            marks.append(Mark(key, field or "text", page[start:end], start, end, _line(page, opened.start())))
            opened = None
        elif opened is not None:
            line = _line(page, opened.start())
            raise FactsError(f"{place}:{line}: mark {opened[1]!r} is not closed; write <!-- /fact --> after the number")
        elif body.startswith("facts"):
            pin = _pin(page, comment, here, pin)
        else:
            _named(OPENING, body, here, "<!-- fact:KEY -->")
            opened = comment
    if opened is not None:
        line = _line(page, opened.start())
        raise FactsError(f"{place}:{line}: mark {opened[1]!r} is not closed; write <!-- /fact --> after the number")
    return Page(MARKDOWN, (*_substitutions(page, *_front(page)), *marks), pin)


def _without_code(page: str) -> str:
    """The page with code blanked out, every other character where it was."""
    code: str | None = None  # the fence that code began with
    directives: list[str] = []
    lines = []
    for line in page.splitlines(keepends=True):
        found = FENCE.match(line.rstrip("\r\n"))
        fence, info = found.groups() if found is not None else ("", "")
        if code is not None:
            lines.append(_blank(line))
            if fence.startswith(code) and not info:
                code = None
        elif fence and not info and directives and fence.startswith(directives[-1]):
            directives.pop()
            lines.append(_blank(line))
        elif fence and DIRECTIVE.match(info):
            directives.append(fence)
            lines.append(_blank(line))
        else:
            code = fence or None
            lines.append(_blank(line) if fence else line)
    return CODE.sub(lambda span: _blank(span[0]), "".join(lines))


def _blank(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)


# --- reStructuredText ---


def _read_rst(page: str, place: str) -> Page:
    marks = []
    for found in RST_MARK.finditer(page):
        line = _line(page, found.start())
        here, example = f"{place}:{line}", ".. |fact:KEY| replace:: 81"
        key, field = _named(OPENING, f"fact:{found[1]}", here, example)
        value = RST_VALUE.fullmatch(found[2])
        if value is None:
            raise FactsError(f"{here}: a mark that cannot be read, {found[0].strip()!r}; write {example}")
        start = found.start(2) + value.start(1)
        marks.append(Mark(key, field or "text", value[1], start, start + len(value[1]), line, RST))
    return Page(RST, tuple(marks), _only_pin(RST_PIN, page, place))


# --- what is made for MyST, LaTeX and BibTeX ---


def _substitutions(page: str, start: int, end: int) -> list[Mark]:
    """The substitutions of MyST in the YAML between two offsets: the lines that are indented below `substitutions:`."""
    found = []
    outer: str | None = None
    for line in page[start:end].splitlines(keepends=True):
        text = line.rstrip("\r\n")
        if (block := MYST_BLOCK.fullmatch(text)) is not None:
            outer = block[1]
        elif outer is not None and text.strip() and not text.lstrip().startswith("#"):
            entry = MYST_MARK.fullmatch(text)
            if not text.startswith(outer) or not text[len(outer) :][:1].isspace():
                outer = None
            elif entry is not None:
                place = start + entry.start(2), start + entry.end(2)
                found.append(Mark(entry[1], "text", entry[2], *place, _line(page, start), MYST))
        start += len(line)
    return found


def _front(page: str) -> tuple[int, int]:
    """Where a page's front matter begins and ends: the YAML between two lines of ---, at its very beginning."""
    lines = page.splitlines(keepends=True)
    if lines and lines[0].rstrip() == "---":
        for count, line in enumerate(lines[1:], 1):
            if line.rstrip() == "---":
                return len(lines[0]), len("".join(lines[:count]))
    return 0, 0


def _read_myst(page: str, place: str) -> Page:
    return Page(MYST, tuple(_substitutions(page, 0, len(page))), _only_pin(MYST_PIN, page, place))


def _read_latex(page: str, place: str) -> Page:
    marks = (
        Mark(each[2], each[1], each[3], each.start(3), each.end(3), _line(page, each.start()), LATEX)
        for each in LATEX_MARK.finditer(page)
    )
    return Page(LATEX, tuple(marks), _only_pin(LATEX_PIN, page, place))


def _read_bibtex(page: str, place: str) -> Page:
    marks = (
        Mark(each[1], "entry", each[0], each.start(), each.end(), _line(page, each.start()), BIBTEX)
        for each in bibtex_entries(page)
    )
    return Page(BIBTEX, tuple(marks), _only_pin(LATEX_PIN, page, place))


def _only_pin(pattern: re.Pattern[str], page: str, place: str) -> Pin | None:
    pin = None
    for comment in pattern.finditer(page):
        pin = _pin(page, comment, f"{place}:{_line(page, comment.start())}", pin)
    return pin


READERS: dict[str, Callable[[str, str], Page]] = {
    MARKDOWN: _read_markdown,
    RST: _read_rst,
    MYST: _read_myst,
    LATEX: _read_latex,
    BIBTEX: _read_bibtex,
}
FORMS: dict[str, Callable[[str], str]] = {
    MARKDOWN: str,
    RST: rst_text,
    MYST: lambda text: json.dumps(text, ensure_ascii=False),
    LATEX: latex_text,
}
"""How a text is written, by the kind of its mark."""


# --- all ---


def _pin(page: str, comment: re.Match[str], here: str, before: Pin | None) -> Pin:
    path, digest = _named(PINNED, comment[1], here, "facts: PATH DIGEST")
    if before is not None:
        raise FactsError(f"{here}: a page cites one file of facts, and line {before.line} names {before.path}")
    start = comment.start(1) + comment[1].index(path, len("facts:"))
    return Pin(path, digest, start, comment.end(1), _line(page, comment.start()))


def _named(pattern: re.Pattern[str], text: str, here: str, example: str) -> tuple[str, str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise FactsError(f"{here}: a mark that cannot be read, {' '.join(text.split())!r}; write {example}")
    return found[1], found[2] or ""


def _swapped(mark: Mark, wanted: str, page: Page, facts: Mapping[str, Mapping[str, Any]]) -> str:
    """Says so where another mark has this one's number, and this one that one's."""
    for other in page.marks:
        fact = facts.get(other.key)
        if other is mark or fact is None or other.field not in fact:
            continue
        if _says(mark, written(fact, other.field)) and _says(other, wanted):
            return f" (swapped with line {other.line})"
    return ""


def _name(mark: Mark) -> str:
    return mark.key if mark.field == "text" else f"{mark.key} {mark.field}"


def _words(text: str) -> str:
    """What stands somewhere, in one line."""
    return repr(_normal(text)) if text.strip() else "nothing"


def _normal(text: str) -> str:
    """Text without its line breaks: where a page wraps its lines says nothing."""
    return " ".join(text.split())


def _says(mark: Mark, wanted: str) -> bool:
    """Whether what stands between a mark is this text, however it is written there."""
    if mark.kind == LATEX:
        return _normal(mark.text) == _normal(latex_text(wanted))
    text = re.sub(r"\\(.)", r"\1", mark.text) if mark.kind == RST else mark.text
    if mark.kind == MYST and text[:1] in ("'", '"'):
        text = _unquoted(text)
    return _normal(text) == _normal(wanted)


def _unquoted(text: str) -> str:
    """A quoted scalar of YAML; one in double quotes is read as JSON, which it nearly is."""
    if text[0] == "'":
        return text[1:-1]
    try:
        return str(json.loads(text))
    except ValueError:
        return text[1:-1]


def _line(page: str, position: int) -> int:
    return page.count("\n", 0, position) + 1

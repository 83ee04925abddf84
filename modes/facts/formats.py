"""Facts as other documents use them: Markdown, reStructuredText, MyST, LaTeX, BibTeX.

FORMATS gives, for each format, how one fact is written; `whole_file` all facts as a file to include, which names the
facts that it was made of, so that a copy of it is checked like any page (`modes.facts.marks`).

- markdown: the sentence, marked;
- rst: a substitution `|fact:KEY|`, marked in the same way, since its name is the key; the file of all facts has their
  intervals as well, `|fact:KEY interval|`;
- myst: a substitution for the `myst` part of a page's front matter. Its names may hold no dot and no hyphen: both are
  underscores there;
- latex: what `\\fact{KEY}` prints; the file defines `\\fact`, `\\factinterval` and `\\factsentence`, and a key that it
  does not know is an error;
- bibtex: an entry that names commit, machine, BLAS kernel and date.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from .record import DIGITS, FILE, Fact, file_digest, written

PROJECT = "mode-crossover: where forward mode stops being the cheaper way to a Jacobian"
AUTHORS = "The mode-crossover developers"
TITLE = "# Facts"
SPECIAL = {
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "*": "$*$",
    "<": "$<$",
    ">": "$>$",
}

ENTRY = re.compile(r"^@misc\{([^,\s]+),\n(?:  .*\n)*\}", re.MULTILINE)
LATEX = (
    r"\def\factfield#1#2{\ifcsname fact@#1@#2\endcsname\csname fact@#1@#2\endcsname\else",
    r"  \errmessage{Unknown fact #2; write the file anew: python -m analysis cite}\fi}",
    r"\def\fact{\factfield{text}}",
    r"\def\factinterval{\factfield{interval}}",
    r"\def\factsentence{\factfield{sentence}}",
)


def markdown(fact: Fact) -> str:
    return _marked(fact, "sentence")


def rst(fact: Fact, field: str = "text") -> str:
    return f".. |fact:{_name(fact, field)}| replace:: {rst_text(written(fact, field))}"


def myst(fact: Fact) -> str:
    """One line of YAML, a JSON string being one in YAML."""
    return f"{myst_name(fact['key'])}: {json.dumps(fact['text'], ensure_ascii=False)}"


def latex(fact: Fact) -> str:
    """One definition a field: a name that \\csname accepts, so that keys can hold digits and dots."""
    lines = (
        rf"\expandafter\def\csname fact@{field}@{fact['key']}\endcsname{{{latex_text(written(fact, field))}}}"
        for field in ("text", "interval", "sentence")
    )
    return "\n".join(lines)


def bibtex(fact: Mapping[str, Any]) -> str:
    year, month = fact["date"].split("-")[:2]
    return "\n".join(
        (
            f"@misc{{{fact['key']},",
            f"  author = {{{{{AUTHORS}}}}},",
            f"  title = {{{{{PROJECT}}}}},",
            f"  year = {{{year}}},",
            f"  month = {{{int(month)}}},",
            f"  version = {{{latex_text(fact['engine_version'])}}},",
            f"  note = {{{latex_text(fact['sentence'])} Digest {fact['digest'][:12]}.}},",
            "}",
        )
    )


def as_json(fact: Fact) -> str:
    return json.dumps(fact, indent=1)


FORMATS: dict[str, Callable[[Fact], str]] = {
    "markdown": markdown,
    "rst": rst,
    "myst": myst,
    "latex": latex,
    "bibtex": bibtex,
    "json": as_json,
}
SUFFIXES = {"markdown": ".md", "rst": ".inc", "myst": ".myst.yaml", "latex": ".tex", "bibtex": ".bib"}
"""The formats that have a file of all facts, beside `facts.json`."""


def one(fact: Fact, format: str, field: str = "") -> str:
    """One fact in one of FORMATS, without a line's end; of markdown and rst one field of it, if it is named."""
    if field and format == "markdown":
        return _marked(fact, field)
    if field and format == "rst":
        return rst(fact, field)
    return FORMATS[format](fact)


def whole_file(facts: Iterable[Fact], format: str, source: str = FILE) -> bytes:
    """All facts in a format that SUFFIXES names, as a file beside `source`, the name of the file of facts.

    It names it, as any page may, so that `check` holds the one to the other wherever they lie.
    """
    facts = list(facts)
    pin = f"facts: {source} {file_digest(facts)[:DIGITS]}"
    if format == "markdown":
        lines = [TITLE, "", f"<!-- {pin} -->", ""]
        lines += ["| key | value | 95 % interval | unit | verdict |", "|---|---|---|---|---|"]
        for fact in facts:
            marks = f"{_marked(fact, 'text')} | {_marked(fact, 'interval')}"
            lines.append(f"| `{fact['key']}` | {marks} | {fact['unit']} | {fact['verdict']} |")
    elif format == "myst":
        lines = ["myst:", "  substitutions:", f"    # {pin}", *(f"    {myst(fact)}" for fact in facts)]
    elif format == "latex":
        lines = [*LATEX, f"% {pin}", *map(latex, facts)]
    elif format == "rst":
        lines = [f".. {pin}", "", *(rst(fact, field) for fact in facts for field in ("text", "interval"))]
    else:
        lines = [f"% {pin}", *(FORMATS[format](fact) for fact in facts)]
    return ("\n".join(lines) + "\n").encode()


def is_whole_file(text: str, format: str) -> bool:
    """Whether a text is one that `whole_file` wrote, of whatever facts and by whatever version."""
    begins = {
        "markdown": (f"{TITLE}\n\n",),
        "rst": (".. facts:", ".. |fact:"),
        "myst": ("myst:\n  substitutions:\n",),
        "latex": (LATEX[0],),
    }
    return not text or (PROJECT in text if format == "bibtex" else text.startswith(begins[format]))


def bibtex_entries(text: str) -> Iterator[re.Match[str]]:
    """The entries of facts in a bibliography, as `bibtex` writes them: the whole of each, and its key as group 1."""
    for entry in ENTRY.finditer(text):
        if PROJECT in entry[0]:
            yield entry


def myst_name(key: str) -> str:
    """A key as a name that Jinja accepts."""
    return re.sub(r"[^A-Za-z0-9_]", "_", key)


def latex_text(text: str) -> str:
    """Plain text as LaTeX prints it."""
    return "".join(SPECIAL.get(character, character) for character in text)


def _name(fact: Fact, field: str) -> str:
    return fact["key"] if field == "text" else f"{fact['key']} {field}"


def _marked(fact: Fact, field: str) -> str:
    return f"<!-- fact:{_name(fact, field)} -->{written(fact, field)}<!-- /fact -->"


def rst_text(text: str) -> str:
    """Plain text in reStructuredText."""
    return re.sub(r"([\\*`|_])", r"\\\1", text)

"""How Sphinx builds these pages: `python -m sphinx -W --keep-going -b html docs build/docs`.

Pages are Markdown (MyST). M and C numbers, wherever they stand, link to the fact of the mathematics that they name. The
theme is Alabaster, which comes with Sphinx: no further package, and pages that ask nothing of the network. Formulas are
plain text, so that they read the same on any screen and need no script.
"""

import re
import sys
from pathlib import Path
from typing import Any

from docutils import nodes

HERE = Path(__file__).resolve().parent
RESULTS = "results/index"
"""The page that `python -m analysis publish` writes: not there before a run has been published."""

sys.path.insert(0, str(HERE.parent))
import modes  # noqa: E402 (found by the line above)

project = "mode-crossover"
author = "The mode-crossover developers"
copyright = author
release = version = modes.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
autodoc_typehints = "none"  # the docstrings say more than the annotations
autodoc_member_order = "bysource"
default_role = "code"
highlight_language = "none"

html_theme = "alabaster"
html_theme_options = {
    "description": "Forward or reverse mode? Where the cheaper way to a Jacobian changes.",
    "font_family": "system-ui, sans-serif",
    "head_font_family": "system-ui, sans-serif",
    "font_size": "16px",
    "fixed_sidebar": True,
    "sidebar_width": "245px",
    "page_width": "68rem",
    "body_max_width": "none",
    "show_powered_by": False,
}
html_static_path = ["static"]
html_css_files = ["wide.css"]
html_show_sourcelink = False
html_copy_source = False


def plain(text: str) -> str:
    """A docstring, which is plain text with code in backquotes, as reStructuredText, paragraph by paragraph.

    An underlined heading becomes bold, what follows "Parameters" a list with the names as code; sessions and indented
    lines (formulas) stay as they are. Nothing else in it is markup.
    """
    return "\n\n".join(map(paragraph, re.split(r"\n\s*\n", text.strip("\n"))))


def paragraph(text: str) -> str:
    first, _, rest = text.partition("\n")
    if first.startswith(">>>"):
        return text
    if first.startswith(" "):
        return f"::\n\n{text}"
    underline, _, below = rest.partition("\n")
    if not re.fullmatch(r"-{3,}", underline):
        return escaped(text)
    if first == "Parameters":
        entries = (" ".join(entry.split()).partition(" : ") for entry in re.split(r"\n(?! )", below))
        below = "\n".join(f"- ``{name}``: {escaped(meaning)}" for name, _, meaning in entries)
    else:
        below = escaped(below)
    return f"**{first}**\n\n{below}"


def escaped(text: str) -> str:
    """Text without markup but for code in backquotes."""
    parts = re.split(r"`([^`]+)`", text)
    return "".join(f"``{part}``" if i % 2 else re.sub(r"([\\*|_])", r"\\\1", part) for i, part in enumerate(parts))


def docstring(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    lines[:] = plain("\n".join(lines)).splitlines()


NUMBERED = re.compile(r"\b[MC][1-9]\d?\b")
"""What names a fact of the mathematics: M1 to M23, C1 to C8."""


def numbered(app: Any, doctree: nodes.document) -> None:
    """Make each numbered fact of the mathematics a place that can be linked to: mathematics.html#c2."""
    if app.env.docname == "mathematics":
        for term in doctree.findall(nodes.term):
            numbers = term.astext().split(", ")
            if all(NUMBERED.fullmatch(number) for number in numbers):
                term["ids"] += [number.lower() for number in numbers]


def linked(app: Any, doctree: nodes.document, name: str) -> None:
    """Make each mention of a numbered fact a link to it, in pages and docstrings alike, but for code and headings."""
    skipped = (nodes.literal, nodes.literal_block, nodes.reference, nodes.title, nodes.term, nodes.image)
    place = "" if name == "mathematics" else app.builder.get_relative_uri(name, "mathematics")
    for text in list(doctree.findall(nodes.Text)):
        parent, inside = text.parent, text.parent
        while inside is not None and not isinstance(inside, skipped):
            inside = inside.parent
        if inside is not None or not NUMBERED.search(text):
            continue
        parts: list[nodes.Node] = []
        end = 0
        for number in NUMBERED.finditer(text):
            link = nodes.reference("", number[0], internal=True, refuri=f"{place}#{number[0].lower()}")
            parts += [nodes.Text(text[end : number.start()]), link]
            end = number.end()
        parent.replace(text, [*parts, nodes.Text(text[end:])])


def contents(app: Any, name: str, source: list[str]) -> None:
    if name == "index" and not (HERE / f"{RESULTS}.md").exists():
        source[0] = source[0].replace(f"\n{RESULTS}\n", "\n")


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", docstring)
    app.connect("source-read", contents)
    app.connect("doctree-read", numbered)
    app.connect("doctree-resolved", linked)

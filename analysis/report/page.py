"""The page itself: one HTML file that needs nothing else; no scripts, no network, readable on a phone and on paper."""

import base64
import html
from collections.abc import Mapping, Sequence
from string import Template

import pandas as pd

from analysis.report.cells import Columns
from analysis.report.section import Section, Table, Words

PAGE = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
:root { color-scheme: light dark; --ink: #1a1a1a; --paper: #ffffff; --line: #d0d0d0; --soft: #f3f5f7; --warn: #8a3b00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --paper: #16181b; --line: #3c4046; --soft: #22262b; --warn: #ffb27a; }
}
body { margin: 0 auto; max-width: 62rem; padding: 1rem; color: var(--ink); background: var(--paper);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.3; }
h2 { font-size: 1.3rem; margin-top: 3rem; border-bottom: 2px solid var(--line); }
h3 { font-size: 1.05rem; margin-top: 2rem; }
a { color: inherit; }
.finding { font-size: 1.15rem; padding: .8rem 1rem; background: var(--soft); border-left: .3rem solid #0072b2; }
.doubt { padding: .5rem 1rem; background: var(--soft); border-left: .3rem solid #d55e00; color: var(--warn); }
figure { margin: 1rem 0; }
figure img { width: 100%; height: auto; background: #ffffff; border-radius: .3rem; }
figcaption, .caption { font-size: .92rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; margin: .8rem 0; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
th { background: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .6rem; overflow-x: auto; }
@media print {
  :root { --ink: #000000; --paper: #ffffff; --line: #999999; --soft: #ffffff; --warn: #000000; }
  body { max-width: none; font-size: 10pt; }
  h2, h3 { break-after: avoid; }
  figure, tr { break-inside: avoid; }
  .scroll { overflow: visible; }
  table { font-size: 7pt; }
}
</style>
</head>
<body>
<h1>$title</h1>
<p class="finding">$finding</p>
$doubts
<p>$elsewhere</p>
<h2>What was measured</h2>
$about
<nav>$contents</nav>
$sections
<h2>How to do it again</h2>
<p>With the same commit on your own machine:</p>
<pre>$commands</pre>
<p>Every ratio rests on pairs of the two modes timed in turn (A B B A) in one process; its interval is a 95 % bootstrap
of their median. The pairs themselves are in the column <code>samples</code> of <code>tables/tidy.csv</code> beside this
page, and every figure is in <code>figures/</code> as PNG and SVG.</p>
</body>
</html>
"""
)
TITLE = "Forward or reverse mode? Where the cheaper way to a Jacobian changes"


def page(
    finding: str,
    doubts: Sequence[str],
    elsewhere: str,
    about: Mapping[str, str],
    sections: Sequence[Section],
    figures: Mapping[str, bytes],
    tables: Mapping[str, pd.DataFrame],
    commands: Sequence[str],
) -> str:
    """The whole page. `figures`: SVG by name; `tables`: numbers by name. Whatever is text is escaped here."""
    return PAGE.substitute(
        title=html.escape(TITLE),
        finding=html.escape(finding),
        doubts="\n".join(f'<p class="doubt">{html.escape(doubt)}</p>' for doubt in doubts),
        elsewhere=html.escape(elsewhere),
        about=definition_list(about),
        contents=contents(sections),
        sections="\n".join(one_section(section, figures, tables) for section in sections),
        commands=html.escape("\n".join(commands)),
    )


def anchor(title: str) -> str:
    """A section's place on the page."""
    return title.lower().replace(" ", "-")


def contents(sections: Sequence[Section]) -> str:
    """Links to the sections."""
    links = (f'<a href="#{html.escape(anchor(title))}">{html.escape(title)}</a>' for title, *_ in sections)
    return " \N{MIDDLE DOT} ".join(links)


def one_section(section: Section, figures: Mapping[str, bytes], tables: Mapping[str, pd.DataFrame]) -> str:
    """A section: its figures, then its tables; a table without rows is left out."""
    title = html.escape(section.title)
    parts = [f'<h2 id="{html.escape(anchor(section.title))}">{title}</h2>\n<p>{html.escape(section.introduction)}</p>']
    parts += [figure_part(words, figures[name]) for name, words in section.figures.items()]
    parts += [table_part(table, tables[name]) for name, table in section.tables.items() if len(tables[name])]
    return "\n".join(parts)


def figure_part(words: Words, svg: bytes) -> str:
    """A figure with its heading and caption; the SVG is embedded as an image, so that its names stay its own."""
    title, caption = map(html.escape, words)
    data = base64.b64encode(svg).decode()
    image = f'<img alt="{title}" src="data:image/svg+xml;base64,{data}">'
    return f"<h3>{title}</h3>\n<figure>{image}\n<figcaption>{caption}</figcaption></figure>"


def table_part(words: Table, table: pd.DataFrame) -> str:
    """A table with its heading and explanation."""
    title, caption = html.escape(words.title), html.escape(words.caption)
    body = html_table(table, words.columns)
    return f"<h3>{title}</h3>\n<p class='caption'>{caption}</p>\n<div class=\"scroll\">{body}</div>"


def html_table(table: pd.DataFrame, columns: Columns) -> str:
    """The table as HTML, one column an entry of `columns`."""
    rows = table.to_dict("records")
    texts = {
        head: [show({str(key): value for key, value in row.items()}) for row in rows] for head, show in columns.items()
    }
    return pd.DataFrame(texts).to_html(index=False, border=0, escape=True, justify="left")


def definition_list(facts: Mapping[str, str]) -> str:
    """Names and values, one a line."""
    lines = [f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items()]
    return "<dl>" + "\n".join(lines) + "</dl>"

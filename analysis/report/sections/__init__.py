"""The sections of the report, in the order of the page: those that are read, then those that are folded.

Contract: each module has a SECTION, which names figures of `analysis.figures` and tables of
`analysis.tables.findings`; `first` has those of the page that is read. A further figure or table is a line there;
nothing else in the report knows them by name.
"""

from analysis.report.section import Section, Table, Words
from analysis.report.sections import (
    appendix,
    choosing,
    crossing,
    device,
    first,
    libraries,
    limits,
    mixed,
    problems,
    trust,
)

SECTIONS: tuple[Section, ...] = (
    first.MAP,
    first.ENGINES,
    first.RULES,
    first.ELSEWHERE,
    crossing.SECTION,
    limits.SECTION,
    libraries.SECTION,
    device.SECTION,
    choosing.SECTION,
    mixed.SECTION,
    problems.SECTION,
    trust.SECTION,
    appendix.SECTION,
)
FIGURE_WORDS: dict[str, Words] = {name: words for section in SECTIONS for name, words in section.figures.items()}
TABLES: dict[str, Table] = {name: table for section in SECTIONS for name, table in section.tables.items()}

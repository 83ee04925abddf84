"""The sections of the report, in the order of the page: a module a question.

Contract: each module has a SECTION, which names figures of `analysis.figures` and tables of
`analysis.tables.findings`. A further figure or table is a line there; nothing else in the report knows them by name.
"""

from analysis.report.section import Section, Table, Words
from analysis.report.sections import choosing, crossing, device, libraries, limits, mixed, trust

SECTIONS: tuple[Section, ...] = (
    crossing.SECTION,
    limits.SECTION,
    libraries.SECTION,
    device.SECTION,
    choosing.SECTION,
    mixed.SECTION,
    trust.SECTION,
)
FIGURE_WORDS: dict[str, Words] = {name: words for section in SECTIONS for name, words in section.figures.items()}
TABLES: dict[str, Table] = {name: table for section in SECTIONS for name, table in section.tables.items()}

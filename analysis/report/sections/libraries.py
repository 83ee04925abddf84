"""How do the libraries that people use compare?"""

from analysis.report.section import Section

SECTION = Section(
    "Beside the libraries people use",
    "",
    {},
    {},
)

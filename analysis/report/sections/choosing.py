"""How good are the rules by which software chooses a mode, and does a model predict the crossover?"""

from analysis.report.section import Section

SECTION = Section(
    "Choosing without measuring",
    "",
    {},
    {},
)

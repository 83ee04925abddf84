"""The libraries side by side: pure functions of the tidy and the crossover table of one run.

Contract: only full Jacobians of dense chains of uniform width count, taken in one pass over all seeds. `noted` comes
first: it adds to the tidy table what is known of cells without a number, one row each, and a column `note` that says
why. The other functions take the tidy table with or without it. Ratios are ratios here, not their logarithms; times
in seconds, memory in bytes.

    rows -> notes, comparison        (a -> b: b imports a)
"""

from analysis.tables.libraries.comparison import (
    cost,
    crossing,
    fastest,
    harness,
    memory,
    published,
    setup,
)
from analysis.tables.libraries.notes import lacking, noted
from analysis.tables.libraries.rows import libraries

__all__ = [
    "cost",
    "crossing",
    "fastest",
    "harness",
    "lacking",
    "libraries",
    "memory",
    "noted",
    "published",
    "setup",
]

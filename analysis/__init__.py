"""From asv's results to a tidy table, crossovers, figures, a report and citable facts: ``python -m analysis``.

What a run found can be had in Python as well, by three functions, each the input of the next:

    from analysis import crossovers, read_results, tidy

    table = tidy(read_results(".asv/results"))
    crossovers(table)

- ``read_results(folder)``: one row a measured cell, as asv stored it. The only one that opens files.
- ``tidy(raw)``: one row a measurement, whatever benchmark it came from, with its 95 % interval.
- ``crossovers(table)``: where the cheaper mode changes, one row a setting.

For a function of one's own, ``advise(f, x)`` measures which mode to take (``python -m analysis advise``).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.commands.advise import advise
    from analysis.reading.load import read_results
    from analysis.reading.tidy import tidy
    from analysis.tables.crossover import crossovers

__all__ = ["advise", "crossovers", "read_results", "tidy"]

PLACES = {
    "advise": "analysis.commands.advise",
    "crossovers": "analysis.tables.crossover",
    "read_results": "analysis.reading.load",
    "tidy": "analysis.reading.tidy",
}


def __getattr__(name: str) -> Any:
    """The public names when they are asked for: the command line has to catch Ctrl-C before pandas is there."""
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(PLACES[name]), name)

"""From asv's results to a tidy table, crossovers, figures, a report and citable facts: ``python -m analysis``.

What a run found can be had in Python as well, by three functions, each the input of the next:

    from analysis import crossovers, read_results, tidy

    table = tidy(read_results(".asv/results"))
    crossovers(table)

- ``read_results(folder)``: one row a measured cell, as asv stored it. The only one that opens files.
- ``tidy(raw)``: one row a measurement, whatever benchmark it came from, with its 95 % interval.
- ``crossovers(table)``: where the cheaper mode changes, one row a setting.
"""

from analysis.reading.load import read_results
from analysis.reading.tidy import tidy
from analysis.tables.crossover import crossovers

__all__ = ["crossovers", "read_results", "tidy"]

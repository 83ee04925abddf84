"""Replication: on how many runs each fact holds, over what range, and what it depends on where it does not.

Contract: pure functions of facts and tables, but for `sources`, which reads; the command line writes. The order in
which runs are given changes nothing but the order in which they are shown.

A fact is compared over the runs that tell it: with a number, or with a verdict such as "reverse throughout". Each of
them says that the truth lies in its 95 % interval. Two runs agree where their intervals have a value in common, the
two being taken for one where they are less apart than a reader of the fact would care about (`judging.CARE`).

- "holds": all the runs' intervals have a value in common;
- "depends on the machine", "on the BLAS kernel", ...: they have not, but those of runs under the same conditions
  have. Where two conditions explain it equally well, both are named: "the machine or the BLAS kernel";
- "changes from run to run": not even runs under the same conditions agree;
- "not enough runs": fewer than two runs tell it.

"On k of N runs": k is the most runs whose intervals have one value in common. How much the truths differ is estimated
beside that, and decides nothing: tau squared of a random-effects mean (`pooling`).

    sources, pooling -> judging -> agreement; citing; shown -> words; records        (a -> b: b imports a)
"""

from analysis.replicating.agreement import AGREEMENT_COLUMNS, BARS, agreements
from analysis.replicating.citing import listed, with_ranges
from analysis.replicating.judging import CARE, DEPENDS, HOLDS, TOO_FEW, judged, values
from analysis.replicating.sources import Run, published_run, read_runs, run_found

__all__ = [
    "AGREEMENT_COLUMNS",
    "BARS",
    "CARE",
    "DEPENDS",
    "HOLDS",
    "TOO_FEW",
    "Run",
    "agreements",
    "judged",
    "listed",
    "published_run",
    "read_runs",
    "run_found",
    "values",
    "with_ranges",
]

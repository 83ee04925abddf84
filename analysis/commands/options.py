"""The options that several commands have, each stated once."""

import argparse
from pathlib import Path
from typing import TypeAlias

from analysis.citing import FILE

RESULTS, REPORT = Path(".asv/results"), Path("report")
FACTS = REPORT / FILE

Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
"""What a command adds its own parser to."""

CHOICES = {
    "machine": "of several machines' results, those of this one",
    "commit": "of several commits' results, those of this one",
    "env": "of several environments' results, those of this one (a part of its name will do)",
}


def add_results(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="DIR", help="asv's results (%(default)s)")


def add_report(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--report", type=Path, default=REPORT, metavar="DIR", help="where to write (%(default)s)")


def add_choice(parser: argparse.ArgumentParser, *names: str) -> None:
    """What chooses a run (`analysis.reading.runs`): --machine, --commit and --env, or those named."""
    for name in names or CHOICES:
        parser.add_argument(f"--{name}", help=CHOICES[name])


def add_conditions(parser: argparse.ArgumentParser) -> None:
    """What a run is measured under (`analysis.running.conditions`)."""
    parser.add_argument(
        "--blas-kernel",
        metavar="NAME",
        help="whose kernels OpenBLAS takes, e.g. Haswell (OPENBLAS_CORETYPE, or else its own choice); a run of its own",
    )
    parser.add_argument(
        "--threads", default="1", metavar="N", help="threads of BLAS, a core each (%(default)s); a run of its own"
    )

"""The commands of `python -m analysis`, a module each, and the only room that writes.

Contract: each module of COMMANDS has `add_parser(commands)`, which adds it to the command line's subparsers, and
`run(options)`, which returns the exit status: 0 all is right, 1 some cells failed (of `run`) or documents are wrong (of
`check`). Input that cannot be used raises AnalysisError, for which the command line prints one line and exits with 2.
Files are replaced whole or not at all, by `write` alone: all that is to be written is complete before the first byte
is.

    write; options; inputs -> every command; report -> run        (a -> b: b imports a)
"""

import argparse
from typing import Protocol

from analysis.commands import (
    advise,
    check,
    cite,
    figures,
    growth,
    history,
    merge,
    publish,
    replicate,
    report,
    run,
    table,
)
from analysis.commands.options import Subparsers


class Command(Protocol):
    """What a module has to have to be a command."""

    def add_parser(self, commands: Subparsers) -> None: ...

    def run(self, options: argparse.Namespace) -> int: ...


COMMANDS: dict[str, Command] = {
    "run": run,
    "table": table,
    "figures": figures,
    "report": report,
    "cite": cite,
    "check": check,
    "history": history,
    "growth": growth,
    "merge": merge,
    "publish": publish,
    "replicate": replicate,
    "advise": advise,
}

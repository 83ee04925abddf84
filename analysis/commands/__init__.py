"""The commands `cite`, `check`, `history`, `merge` and `publish`: what reads and writes for them, a module each.

Contract: each module has `add_parser(commands)`, which adds it to the command line's subparsers, and `run(options)`,
which returns the exit status: 0 all is right, 1 (of `check`) documents are wrong. Input that cannot be used raises
AnalysisError, for which the command line prints one line and exits with 2. Files are replaced whole or not at all: all
that is to be written is complete before the first byte is.

    cite -> check; history; cite, merge -> publish        (a -> b: b imports a)
"""

from analysis.commands import check, cite, history, merge, publish

COMMANDS = {"cite": cite, "check": check, "history": history, "merge": merge, "publish": publish}

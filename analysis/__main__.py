"""The command line: python -m analysis COMMAND.

The commands are the modules of `analysis.commands`. Exit status: 0 done, and all is right; 1 done, but some cells
failed, or documents are wrong; 2 an error, said in one line; 130 interrupted.
"""

import argparse
import sys
import warnings
from collections.abc import Sequence

from analysis.commands import COMMANDS
from analysis.errors import AnalysisError, AnalysisWarning

DESCRIPTION = "Measure, and make of the results tables, figures, a report, and facts to cite."
DONE, ERROR, INTERRUPTED = 0, 2, 130


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="python -m analysis",
        description="Measure, and make the results into tables, figures, a report, and facts to cite.",
    )
    commands = top.add_subparsers(dest="command", metavar="command")
    for command in COMMANDS.values():
        command.add_parser(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = parser().parse_args(arguments)
    if options.command is None:
        parser().print_help()
        return DONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", AnalysisWarning)
        warnings.showwarning = OneLine()
        try:
            return COMMANDS[options.command].run(options)
        except AnalysisError as error:
            print(f"error: {error}", file=sys.stderr)
            return ERROR
        except KeyboardInterrupt:
            print("Interrupted. What had been measured is kept; the same command goes on from there.", file=sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:
            sys.stderr.close()  # the reader of a pipe has left; there is nobody to tell
            return DONE


class OneLine:
    """Shows a warning as a line of its own, without the place in the code that gave it, and only once."""

    def __init__(self) -> None:
        self.shown: set[str] = set()

    def __call__(self, message: Warning | str, *_: object, **__: object) -> None:
        if str(message) not in self.shown:
            self.shown.add(str(message))
            print(f"warning: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())

"""The command line: python -m analysis COMMAND.

The commands are the modules of `analysis.commands`. Exit status: 0 done, and all is right; 1 done, but some cells
failed, or documents are wrong; 2 an error, said in one line; 130 interrupted.
"""

import argparse
import contextlib
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from analysis.errors import FULL, AnalysisError, AnalysisWarning
from analysis.interruption import GONE, SAID, STATUS, Interruption
from analysis.text import one_line

if TYPE_CHECKING:
    from analysis.commands import Command

DESCRIPTION = "Measure, and make of the results tables, figures, a report, and facts to cite."
DONE, ERROR, INTERRUPTED = 0, 2, STATUS


def commands() -> "Mapping[str, Command]":
    """The commands; the first call takes a second, in which Ctrl-C is to be caught already."""
    from analysis.commands import COMMANDS

    return COMMANDS


def parser() -> argparse.ArgumentParser:
    """The commands and their options."""
    top = argparse.ArgumentParser(
        prog="python -m analysis",
        description="Measure, and make the results into tables, figures, a report, and facts to cite.",
    )
    places = top.add_subparsers(dest="command", metavar="command")
    for command in commands().values():
        command.add_parser(places)
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
            status = commands()[options.command].run(options)
            sys.stdout.flush()  # a full disk behind it shows here, and not when nobody can say it any more
            return status
        except AnalysisError as error:
            print(f"error: {one_line(str(error))}", file=sys.stderr)
            return ERROR
        except KeyboardInterrupt:
            print(GONE if options.command == "advise" else SAID, file=sys.stderr)
            return INTERRUPTED
        except BrokenPipeError:
            sys.stderr.close()  # the reader of a pipe has left; there is nobody to tell
            return DONE
        except OSError as error:
            # What a path is opened for is known where it is opened; this is what no such place foresaw.
            place = "the standard output" if error.filename is None else error.filename
            full = "the disk is full: " if error.errno in FULL else ""
            print(f"error: {one_line(str(place))}: {full}{error.strerror or error}", file=sys.stderr)
            give_up_output()
            return ERROR


def give_up_output() -> None:
    """Let go of what the standard output has not taken: Python would try again at its end, and say so by itself."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.close()


class OneLine:
    """Shows a warning as a line of its own, without the place in the code that gave it, and only once."""

    def __init__(self) -> None:
        self.shown: set[str] = set()

    def __call__(self, message: Warning | str, *_: object, **__: object) -> None:
        if str(message) not in self.shown:
            self.shown.add(str(message))
            from analysis.commands.working import clear

            clear()
            print(f"warning: {one_line(str(message))}", file=sys.stderr)


def enter() -> None:
    """Run the command of the command line, and end this process with its exit status."""
    interruption = Interruption()
    interruption.watch()
    commands()
    try:
        interruption.imported()
        status = main()
        try:
            sys.stdout.flush()
        except (BrokenPipeError, ValueError):  # nobody reads it any more, or it was given up
            pass
        except OSError as error:
            print(f"error: standard output cannot be written ({error.strerror})", file=sys.stderr)
            status = ERROR
        interruption.too_late()
    except KeyboardInterrupt:  # before the command began, or after it had ended
        print(SAID, file=sys.stderr)
        status = INTERRUPTED
    except SystemExit as asked:  # of argparse, which has said why
        status = asked.code if isinstance(asked.code, int) else ERROR
        sys.stdout.flush()
    os._exit(status)  # what Python does at its end, it would do with Ctrl-C in its default again


if __name__ == "__main__":
    enter()

"""Ctrl-C, however often and at whatever moment: one KeyboardInterrupt, and then a way out that nothing interrupts.

Contract: from :meth:`Interruption.watch` on, the first signal that asks the process to end (SIGINT, SIGTERM, and SIGHUP
of a closed terminal) raises KeyboardInterrupt in the main thread, and those after it do nothing: what tidies up is left
alone. While modules are being imported nothing is there to be tidied, and an exception would be lost or shown by one of
them: the process says its line and ends at once. A signal that this process was told to ignore stays ignored (nohup).

Python itself, before the first line of this project, takes some ten milliseconds in which Ctrl-C shows its traceback.
This module imports next to nothing, so that it does not add to them.
"""

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

SAID = "Interrupted. What had been measured is kept; the same command goes on from there."
GONE = "Interrupted. Nothing was kept; the same command begins anew."
"""Of a command that keeps nothing before it has ended."""
STATUS = 130
SIGNALS = ("SIGINT", "SIGHUP", "SIGTERM")  # the last one last: whoever sees it caught knows that all are
AGAIN = 0.02  # seconds after which an exception that was lost is raised once more


class Interruption:
    """What this process does when it is asked to end."""

    def __init__(self) -> None:
        self.importing = True
        self.told = False

    def watch(self) -> None:
        """Take the signals over, for the rest of this process."""
        sys.unraisablehook = self.lost
        for name in SIGNALS:
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self.asked)

    def asked(self, number: int, frame: FrameType | None) -> None:
        if self.told:
            return
        self.told = True
        if not self.importing:
            raise KeyboardInterrupt
        os.write(2, f"{SAID}\n".encode())
        os._exit(STATUS)

    def imported(self) -> None:
        """From here on there may be something to tidy up."""
        self.importing = False

    def too_late(self) -> None:
        """From here on everything is done, and the exit status is that of what was done."""
        self.told = True
        self.importing = False

    def lost(self, what: Any) -> None:
        """Called where an exception cannot be raised, in a destructor for one: this one is raised again, elsewhere."""
        if what.exc_type is not KeyboardInterrupt:
            sys.__unraisablehook__(what)
            return
        threading.Timer(AGAIN, self.ask_again).start()

    def ask_again(self) -> None:
        """To the main thread and no other: what it waits for in the system has to come back."""
        self.told = False  # not before: `lost` must not be interrupted either
        if hasattr(signal, "pthread_kill"):
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        else:
            signal.raise_signal(signal.SIGINT)

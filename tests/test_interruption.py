"""Ctrl-C: one KeyboardInterrupt, whatever it hits, and nothing after it."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no signals that a process can send itself")

SETUP = """
import os, signal, sys, time
from analysis.interruption import Interruption
ctrl_c = lambda: os.kill(os.getpid(), signal.SIGINT)
for name in ("SIGINT", "SIGTERM", "SIGHUP"):  # as in a terminal, wherever the tests are run
    signal.signal(getattr(signal, name), signal.SIG_DFL)
interruption = Interruption()
interruption.watch()
"""


def said(script: str) -> tuple[int, str, str]:
    """The status of a script that watches, its output and its errors."""
    done = subprocess.run(
        [sys.executable, "-c", SETUP + script], capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_while_modules_are_imported_it_ends_at_once_with_its_line() -> None:
    slow = "write = os.write\ndef twice(*what):\n    write(*what); ctrl_c(); time.sleep(0.01)\nos.write = twice\n"
    status, output, errors = said(slow + "try:\n    ctrl_c(); time.sleep(1)\nfinally:\n    print('never')")
    assert (status, output) == (130, "")
    assert errors == "Interrupted. What had been measured is kept; the same command goes on from there.\n"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_raises_and_those_after_it_leave_the_tidying_alone(name: str) -> None:
    script = (
        "interruption.imported()\n"
        f"try:\n    os.kill(os.getpid(), signal.{name}); time.sleep(5)\n"
        "except KeyboardInterrupt:\n    [ctrl_c() for _ in range(5)]; time.sleep(0.01); print('tidied')"
    )
    assert said(script) == (0, "tidied\n", "")


def test_one_that_a_destructor_swallows_is_raised_again() -> None:
    script = (
        "class Swallows:\n    def __del__(self):\n        ctrl_c()\n        time.sleep(0.01)\n"
        "interruption.imported()\n"
        "try:\n    Swallows(); time.sleep(5)\nexcept KeyboardInterrupt:\n    print('raised')"
    )
    assert said(script) == (0, "raised\n", "")


def test_other_errors_in_destructors_are_shown_as_ever() -> None:
    script = "class Wrong:\n    def __del__(self):\n        1 / 0\nWrong()"
    assert "ZeroDivisionError" in said(script)[2]


def test_once_all_is_done_the_status_is_that_of_what_was_done() -> None:
    assert said("interruption.too_late()\nctrl_c()\ntime.sleep(0.01)\nprint('done')") == (0, "done\n", "")


def test_a_signal_that_was_ignored_before_stays_ignored() -> None:
    """nohup, and whatever a shell starts in the background."""
    script = "signal.signal(signal.SIGHUP, signal.SIG_IGN)\nInterruption().watch()\nos.kill(os.getpid(), signal.SIGHUP)"
    status, _, errors = said(script + "\ntime.sleep(0.01)\nprint('on')")
    assert (status, errors) == (0, "")


def test_the_command_line_listens_before_the_second_that_its_imports_take() -> None:
    script = "import sys, analysis.__main__\nprint(sorted({'pandas', 'numpy', 'asv', 'matplotlib'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

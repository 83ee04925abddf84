"""Running a command, asv's for the most part: what of its output is shown, and what is said where it fails."""

import os
import re
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PATIENCE = 15.0  # seconds that an interrupted asv gets to stop its own children


def stream(
    command: Sequence[str], root: Path, environment: Mapping[str, str], show: Callable[[str], None]
) -> tuple[int, list[str]]:
    """Run a command, showing its output line by line; returns its exit status and its output's lines.

    The command runs in a process group of its own and is interrupted from here alone: asv, told twice, would not
    stop its own children.
    """
    said: list[str] = []
    with subprocess.Popen(
        command,
        cwd=root,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        process_group=0,
    ) as child:
        assert child.stdout is not None  # because of PIPE
        try:
            for line in child.stdout:
                said.append(line.rstrip())
                if worth_showing(line):
                    show(line.rstrip())
        except BaseException:
            child.send_signal(signal.SIGINT)
            try:
                child.communicate(timeout=PATIENCE)
            except (subprocess.TimeoutExpired, KeyboardInterrupt):  # or the user insists
                os.killpg(child.pid, signal.SIGKILL)
            raise
    return child.returncode, said


def worth_showing(line: str) -> bool:
    """Whether a line of asv's output is progress or an error, and not a row of its table of every cell there is."""
    if line.startswith("["):
        return " ··· " in line and "====" not in line
    if line.startswith("·"):
        return not line.startswith(("· Discovering", "· Running"))
    return re.match(r"\s*(For parameters:|asv:|[\w.]*(Error|Exception|MissingRule)\b)", line) is not None


def failure(command: Sequence[str], code: int, said: Sequence[str]) -> str:
    """One line that says which command failed, how, and what its last lines were."""
    tail = " | ".join([line.strip() for line in said if line.strip()][-3:]) or "no output"
    return f"`{' '.join(command)}` failed with exit status {code}: {tail}"


def quiet(line: str) -> None:
    """Shows nothing."""

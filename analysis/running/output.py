"""What asv prints: which lines of it are shown, and what is said where it fails. Pure functions of lines."""

import re
from collections.abc import Sequence


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

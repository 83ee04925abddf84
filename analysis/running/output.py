"""What asv prints: which lines of it are shown, and what they say of cells that failed. Pure functions of lines."""

import re
from collections.abc import Iterable, Sequence

CELL = "For parameters: "
TRACEBACK = "Traceback (most recent call last):"


def worth_showing(line: str) -> bool:
    """Whether a line of asv's output is progress or an error, and not a row of its table of every cell there is."""
    if line.startswith("["):
        return " ··· " in line and "====" not in line
    if line.startswith("·"):
        return not line.startswith(("· Discovering", "· Running"))
    return re.match(r"\s*(For parameters:|asv:|[\w.]*(Error|Exception|MissingRule)\b)", line) is not None


def last_words(lines: Iterable[str]) -> dict[str, str]:
    """Why cells of one benchmark failed, by their parameters as asv writes them: "'modes', 3, None".

    Below a cell's name stands what its process wrote, by the same margin. The first line of the last exception in it
    counts, or what asv itself says of a cell past its time limit. A cell whose process was killed has no words, nor
    has one that was skipped or succeeded.
    """
    words: dict[str, str] = {}
    cell, margin, raised = "", 0, False
    for line in lines:
        text = line.strip()
        if text.startswith(CELL):
            cell, margin, raised = text.removeprefix(CELL), line.index(CELL), False
        elif text == TRACEBACK:
            raised = True
        elif raised and text and line[: margin + 1].strip():
            words[cell], raised = text, False
        elif text.startswith("asv: ") and not text.startswith("asv: skipped"):
            words[cell] = text.removeprefix("asv: ")
    words.pop("", None)
    return words


def failure(command: Sequence[str], code: int, said: Sequence[str]) -> str:
    """One line that says which command failed, how, and what its last lines were."""
    tail = " | ".join([line.strip() for line in said if line.strip()][-3:]) or "no output"
    return f"`{' '.join(command)}` failed with exit status {code}: {tail}"


def quiet(line: str) -> None:
    """Shows nothing."""

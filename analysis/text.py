"""Numbers and names as short text, for figures, report and command line alike."""

import math
from collections.abc import Callable


def number(value: float) -> str:
    """A plain number of at most three significant digits: 0.25, 2, 128, 20000."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    exponent = int(f"{value:.2e}".partition("e")[2])
    text = f"{value:.{max(0, 2 - exponent)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def size(value: float) -> str:
    """A number of inputs, which is no more exact than an integer: 81, 1250; below 10 with one decimal."""
    return f"{value:.0f}" if value >= 9.95 or value == round(value) else f"{value:.1f}"


def interval(
    low: float,
    high: float,
    smallest: float = math.nan,
    largest: float = math.nan,
    written: Callable[[float], str] = size,
) -> str:
    """An interval: [76, 83]; open where an end lies beyond the sizes measured, [<8, 83] or [76, >512]; "" where nothing
    is known. The one notation of report, figures, facts and docs."""
    if math.isnan(low) or math.isnan(high):
        return ""
    start = f"<{written(smallest)}" if low <= 0 else written(low)
    return f"[{start}, {f'>{written(largest)}' if math.isinf(high) else written(high)}]"


def short_commit(commit: str) -> str:
    """The first eight digits of a commit's hash; a dirty work tree keeps its mark."""
    digits, dirty, _ = str(commit).partition("+dirty")
    return digits[:8] + dirty


def counted(number: int, thing: str) -> str:
    """A number of things: 1 cell, 2 cells."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def clock(seconds: float) -> str:
    """Seconds as minutes and seconds: 1:05."""
    minutes, rest = divmod(round(max(seconds, 0.0)), 60)
    return f"{minutes}:{rest:02d}"


def one_line(text: str) -> str:
    """A text as one line that any terminal takes: what cannot be printed is escaped."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)


def gigabytes(ram: str) -> str:
    """asv's figure for the memory, in GB of 10^9 bytes; as it stands where it is no number of bytes."""
    return f"{int(ram) / 1e9:.1f} GB" if ram.isascii() and ram.isdecimal() and len(ram) < 20 else ram

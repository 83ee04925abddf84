"""Times, sizes and ratios as short text, for people."""

from collections.abc import Sequence

from analysis.text import number


def duration(seconds: float) -> str:
    """12.3 us, 4.56 ms, 7.89 s: three digits."""
    for factor, unit in ((1e6, "us"), (1e3, "ms"), (1.0, "s")):
        if factor * seconds < 999.5 or unit == "s":
            break
    return f"{number(factor * seconds)} {unit}"


def volume(size: float) -> str:
    """Bytes: 512 B, 12.3 kB, 4.56 MB, of powers of ten."""
    for factor, unit in ((1.0, "B"), (1e-3, "kB"), (1e-6, "MB"), (1e-9, "GB")):
        if factor * size < 999.5 or unit == "GB":
            break
    return f"{number(factor * size)} {unit}"


def ratio(value: float) -> str:
    """1.024, 2.31, 14.4, 1240."""
    return f"{value:.3f}".rstrip("0").rstrip(".") if value < 1.1 else number(value)


def span(ends: Sequence[float | None]) -> str:
    """An interval of ratios; "" where it is missing."""
    low, high = ends
    return "" if low is None or high is None else f"{ratio(low)} to {ratio(high)}"


def times(ends: Sequence[float | None]) -> str:
    """An interval of durations; "" where it is missing."""
    low, high = ends
    return "" if low is None or high is None else f"{duration(low)} to {duration(high)}"


def listed(names: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)

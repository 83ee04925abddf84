"""A bar on a terminal that says how far a short measurement is; elsewhere nothing is shown."""

import sys
import time
from typing import TextIO

from analysis.text import clock

WIDTH = 28


class Bar:
    """One line, written over and over, and gone when it ends. A context manager; nothing is printed where the stream
    is no terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = sys.stderr if stream is None else stream
        self.live = self.stream.isatty()
        self.started = time.monotonic()
        self.longest = 0

    def at(self, share: float, doing: str) -> None:
        """A share of the way is behind; what is being done."""
        if not self.live:
            return
        full = round(WIDTH * min(max(share, 0.0), 1.0))
        text = f"[{'#' * full}{'.' * (WIDTH - full)}] {clock(time.monotonic() - self.started)}  {doing}"
        self.longest = max(self.longest, len(text))
        self.stream.write(f"\r{text:<{self.longest}}")
        self.stream.flush()

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None:
        if self.live and self.longest:
            self.stream.write(f"\r{'':<{self.longest}}\r")
            self.stream.flush()

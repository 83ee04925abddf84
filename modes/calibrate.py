"""`python -m modes.calibrate`: measure this machine's rates by shape, and keep them for mode="auto" to choose by.

Contract: what was measured is kept in one file a machine, BLAS kernel, number of threads and NumPy (modes.kept), in
place of what was kept there before; nothing else is changed. `--show` and `--forget` measure nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from . import kept
from .measuring import SECONDS, measure
from .rates import DEFAULT, VARIABLE, as_text, from_environment
from .shapes import ShapedRates

DESCRIPTION = (
    "Measure for ten seconds what products of few and of many rows, passes over blocks and single steps take on this "
    'machine, and keep it where the platform keeps caches: mode="auto" chooses by it from then on, with the same '
    "processor, BLAS kernel, BLAS threads and NumPy."
)
SHOWN = (1, 8, 64, 256)
WIDTH = 28


class Bar:
    """A bar on a terminal, gone when it ends; elsewhere nothing is shown."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream if stream.isatty() else None
        self.started = time.monotonic()
        self.longest = 0

    def at(self, share: float, doing: str) -> None:
        if self.stream is not None:
            full = round(WIDTH * min(max(share, 0.0), 1.0))
            text = f"[{'#' * full}{'.' * (WIDTH - full)}] {time.monotonic() - self.started:3.0f} s  {doing}"
            self.longest = max(self.longest, len(text))
            self.stream.write(f"\r{text:<{self.longest}}")
            self.stream.flush()

    def end(self) -> None:
        if self.stream is not None:
            self.stream.write(f"\r{'':<{self.longest}}\r")
            self.stream.flush()


def described(rates: ShapedRates) -> str:
    """The rates in brief: products by rows and orientation, and what a step takes."""
    lines = ["multiply-adds in float64, 10^9 a second, of k seeds through a matrix of 64 x 64 and of 256 x 256:"]
    lines.append(f"  {'seeds':>5}{'forward':>18}{'reverse':>18}")
    for k in SHOWN:
        numbers = [
            [1e-9 * k * size**2 / rates.products["float64"][kind].at(k, size, size) for size in (64, 256)]
            for kind in ("push", "pull")
        ]
        lines.append(f"  {k:>5}" + "".join(f"{small:>10.3g}{large:>8.3g}" for small, large in numbers))
    pulled = [write + back for write, back in zip(rates.record, rates.pull, strict=True)]
    lines.append("microseconds that a step takes beyond NumPy's own work:")
    for name, forward, reverse in zip(("a product", "slopes", "a part of a sum"), rates.push, pulled, strict=True):
        lines.append(f"  {name:<16}{1e6 * forward:>7.2f} forward{1e6 * reverse:>7.2f} reverse, tape included")
    return "\n".join(lines)


def named(here: Mapping[str, Any]) -> str:
    """Conditions in words."""
    threads = "1 thread" if here["threads"] == 1 else f"{here['threads']} threads"
    return f"{here['processor']}, {here['kernel']} kernels, {threads}, NumPy {here['numpy']}"


def shown(here: Mapping[str, Any]) -> str:
    """What mode="auto" chooses by under these conditions, and where that is from."""
    given, found = from_environment(), kept.load(here)
    there = f"{kept.path_for(here)}, for {named(here)}"
    if given is not None:
        return f'mode="auto" chooses by {VARIABLE}={as_text(given)}, which wins over what is kept; unset it for that.'
    if found is None:
        return (
            f'mode="auto" chooses by the rates that ship, {as_text(DEFAULT)} (seconds an operation, a multiply-add, a '
            f"number): none are kept in {there}. Measure them: python -m modes.calibrate"
        )
    return f'{described(found)}\nmode="auto" chooses by these, of {there}.'


def measured(seconds: float) -> ShapedRates:
    """Rates measured now, with a bar on stderr."""
    bar = Bar(sys.stderr)
    try:
        return measure(seconds, bar.at)
    finally:
        bar.end()


def keep(rates: ShapedRates, here: Mapping[str, Any]) -> bool:
    """Whether the rates could be kept; where not, stderr says why, and the remedy."""
    try:
        kept.save(rates, here)
    except (OSError, RuntimeError) as error:
        print(
            f"measured, but not kept: {kept.path_for(here)} cannot be written ({error}); name another folder: "
            f"{kept.VARIABLE}=DIR python -m modes.calibrate",
            file=sys.stderr,
        )
        return False
    return True


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 1 <= seconds <= 600:
        raise argparse.ArgumentTypeError(f"{text}: expected 1 to 600 seconds")
    return seconds


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, keep and say so; or show, or forget."""
    parser = argparse.ArgumentParser(prog="python -m modes.calibrate", description=DESCRIPTION)
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--show", action="store_true", help='say what mode="auto" chooses by, and measure nothing')
    what.add_argument("--forget", action="store_true", help="remove all that is kept, of other conditions too")
    what.add_argument(
        "--if-needed", action="store_true", help="measure only where nothing is kept for these conditions"
    )
    parser.add_argument("--seconds", type=_seconds, default=SECONDS, help="how long to measure (default %(default)g)")
    parser.add_argument("--json", action="store_true", help="print conditions and rates as JSON")
    options = parser.parse_args(arguments)
    if options.forget:
        for path in kept.forget():
            print(f"removed {path}")
        return
    here = kept.conditions()
    if options.show and not options.json:
        print(shown(here))
        return
    rates = kept.load(here) if options.show or options.if_needed else None
    there = True
    if rates is None and not options.show:
        rates = measured(options.seconds)
        there = keep(rates, here)
    if options.json:
        print(json.dumps({"conditions": here, "rates": None if rates is None else rates.as_plain()}))
    elif there:
        print(shown(here))
    if not there:
        raise SystemExit(1)


if __name__ == "__main__":
    main()

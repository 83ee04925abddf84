"""What the suite measures, as JSON.

``python -m benchmarks cells --preset quick --engines modes,jax``: the cells of a preset that the chosen
engines can take, {benchmark name as asv spells it: [[repr of each parameter], ...]}, in asv's order. Without
--engines MODES_ENGINES chooses, or else the preset: the project's own engines in quick, what is installed in
the others. An engine that is named is listed even if it is missing: asv then shows its cells as skipped.

``python -m benchmarks engines``: the engines, {name: {"modes", "layers", "dtypes", "chunks", "memory",
"most_fma", "requires", "versions", "missing"}}; an engine is installed where "missing" is empty.

``python -m benchmarks take --cells FILE``: reads cells as [[benchmark, [repr of each parameter]], ...], from its input
where no file is named, and measures one after the other in this process, ratios alone; a line each, as soon as it is
there (catalogue.taken).

``python -m benchmarks quietness``: an A/A control on each core, in a few seconds, [{"core", "share", "samples"}]: the
share of its time that the core gave, and the log ratios of forward mode over itself (apparatus.quietness).

``python -m benchmarks kernels``: which BLAS kernels this machine has, and what each gives, in a second or two
(apparatus.kernels); with ``--seconds 0`` only which there are. ``--kernel NAME`` tries that name as well.
"""

import argparse
import ast
import gc
import json
import os
import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from pathlib import Path

from .apparatus.benchmark import Benchmark
from .apparatus.kernels import measured, tried
from .apparatus.processes import take
from .apparatus.quietness import probed
from .catalogue.engines import ENGINES, listed
from .catalogue.option import add_preset


def questions() -> list[str]:
    """The names of the modules that ask: all that stand beside this one."""
    found = pkgutil.iter_modules([str(Path(__file__).parent)])
    return sorted(module.name for module in found if not module.ispkg and not module.name.startswith("_"))


def benchmarks() -> Iterator[tuple[str, type[Benchmark]]]:
    """(asv's name, class) of every benchmark, one a class."""
    for question in questions():
        yield from ((name, cls) for name, cls in asked_by(question) if hasattr(cls, "grid"))


def asked_by(question: str) -> Iterator[tuple[str, type[Benchmark]]]:
    """Those of one module, and the refinements, whose cases no grid lists."""
    module = import_module(f".{question}", __package__)
    for member in vars(module).values():
        if isinstance(member, type) and issubclass(member, Benchmark) and hasattr(member, "params"):
            yield member.asv_name(), member


def cells(preset: str) -> dict[str, list[list[str]]]:
    return {
        name: [[repr(value) for value in cls.grid.parameters(case)] for case in cls.grid.cells(preset)]
        for name, cls in benchmarks()
    }


def take_all(listed: Iterable[tuple[str, list[str]]], say: Callable[[str], object]) -> None:
    """Measure cells of ratios one after the other, and say of each what there is to say."""
    cells = list(listed)
    classes = {
        name: cls for question in {name.partition(".")[0] for name, _ in cells} for name, cls in asked_by(question)
    }
    gc.collect()
    gc.freeze()  # or each measurement would begin by looking through all lists of cases, for a tenth of a second
    for name, parameters in cells:
        say(take(classes[name], [ast.literal_eval(value) for value in parameters]).line)


def engines() -> dict[str, dict[str, object]]:
    return {name: row.described() for name, row in ENGINES.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["cells", "engines", "take", "quietness", "kernels"])
    add_preset(parser, "whose cells are listed (%(default)s)")
    parser.add_argument("--engines", metavar="A,B", help="the engines that take part (MODES_ENGINES)")
    parser.add_argument("--cells", metavar="FILE", type=argparse.FileType(), default=sys.stdin, help="what to take")
    parser.add_argument("--kernel", default="", metavar="NAME", help="a name of BLAS kernels to try besides")
    parser.add_argument("--seconds", type=float, default=1.2, help="for kernels: how long to measure (%(default)s)")
    options = parser.parse_args()
    if options.command == "take":
        lines = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a library prints is no line of ours
        take_all(json.load(options.cells), lines.write)
        return
    asked: dict[str, Callable[[], object]] = {
        "cells": lambda: cells(options.preset),
        "engines": engines,
        "quietness": probed,
        "kernels": lambda: measured(options.kernel, options.seconds) if options.seconds else tried(options.kernel),
    }
    try:
        if options.engines is not None:
            os.environ["MODES_ENGINES"] = ",".join(listed(options.engines))
        described = asked[options.command]()
    except ValueError as error:
        parser.error(str(error))
    json.dump(described, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()

"""What the suite measures, as JSON.

``python -m benchmarks cells --profile quick --engines modes,jax``: the cells of a profile that the chosen
engines can take, {benchmark name as asv spells it: [[repr of each parameter], ...]}, in asv's order. Without
--engines MODES_ENGINES chooses, or else the profile: the project's own engines in quick, what is installed in
the others. An engine that is named is listed even if it is missing: asv then shows its cells as skipped.

``python -m benchmarks engines``: the engines, {name: {"modes", "layers", "dtypes", "chunks", "memory",
"most_fma", "requires", "versions", "missing"}}; an engine is installed where "missing" is empty.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from importlib import import_module

from . import peers
from .apparatus.cases import PROFILES, Prepared

QUESTIONS = (
    "accuracy",
    "aspect",
    "backpropagation",
    "chunks",
    "crossover",
    "depth",
    "elementwise",
    "engines",
    "environment",
    "floor",
    "growth",
    "harness",
    "hessian",
    "imports",
    "limit",
    "memory",
    "products",
    "profile",
    "published",
    "tensors",
)


def benchmarks() -> Iterator[tuple[str, type[Prepared]]]:
    """(asv's name, class) of every benchmark that has a grid, one a class."""
    for question in QUESTIONS:
        module = import_module(f".{question}", __package__)
        for name, member in vars(module).items():
            if isinstance(member, type) and issubclass(member, Prepared) and hasattr(member, "grid"):
                (method,) = (attribute for attribute in dir(member) if attribute.startswith(("time_", "track_")))
                yield f"{question}.{name}.{method}", member


def cells(profile: str) -> dict[str, list[list[str]]]:
    return {
        name: [[repr(value) for value in cls.grid.parameters(case)] for case in cls.grid.cells(profile)]
        for name, cls in benchmarks()
    }


def engines() -> dict[str, dict[str, object]]:
    return {name: row.described() for name, row in peers.ENGINES.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["cells", "engines"])
    parser.add_argument("--profile", choices=PROFILES, default="quick")
    parser.add_argument("--engines", metavar="A,B", help="the engines that take part (MODES_ENGINES)")
    options = parser.parse_args()
    if options.engines is not None:
        os.environ["MODES_ENGINES"] = options.engines
    try:
        listed = cells(options.profile) if options.command == "cells" else engines()
    except ValueError as error:
        parser.error(str(error))
    json.dump(listed, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()

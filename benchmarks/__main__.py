"""``python -m benchmarks cells --profile quick``: the cells that a profile measures, as JSON.

An object {benchmark name as asv spells it: [[repr of each parameter], ...]}; the order is asv's.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from importlib import import_module

from .cases import PROFILES, Prepared

QUESTIONS = (
    "accuracy",
    "aspect",
    "chunks",
    "crossover",
    "depth",
    "elementwise",
    "environment",
    "floor",
    "memory",
    "products",
    "profile",
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
    return {name: [[repr(value) for value in case] for case in cls.grid.cells(profile)] for name, cls in benchmarks()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("command", choices=["cells"])
    parser.add_argument("--profile", choices=PROFILES, default="quick")
    json.dump(cells(parser.parse_args().profile), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()

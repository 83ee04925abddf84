"""The option of both command lines that chooses a preset: --preset, or --profile, as it was called before."""

import argparse
import sys
from typing import Any

from .presets import PRESETS


class Former(argparse.Action):
    """An option under the name that it had before; one line says what it is called now."""

    def __call__(
        self, parser: argparse.ArgumentParser, options: argparse.Namespace, value: Any, name: Any = ""
    ) -> None:
        setattr(options, self.dest, value)
        print(f"{parser.prog}: {name} is now called --{self.dest}", file=sys.stderr)


def add_preset(parser: argparse.ArgumentParser, help: str) -> None:
    """The option, quick where it is not given; its value is `preset`."""
    parser.add_argument("--preset", choices=PRESETS, default="quick", help=help)
    parser.add_argument(
        "--profile",
        choices=PRESETS,
        action=Former,
        dest="preset",
        default=argparse.SUPPRESS,
        help="former name of --preset",
    )

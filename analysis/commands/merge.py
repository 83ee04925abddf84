"""`python -m analysis merge DIR... --into DIR`: make one results folder of several, those of a run's shards for one."""

import argparse
from pathlib import Path
from typing import Any

from analysis.commands.write import write_whole
from analysis.reading.merge import contents, merge
from analysis.text import counted


def add_parser(commands: Any) -> None:
    parser = commands.add_parser("merge", help="make one results folder of several, those of a run's shards for one")
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="a folder of asv's results, oldest first")
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="where to; what is there is kept")
    parser.add_argument("--machine", help="file all results under this name, which is right for machines of one kind")


def run(options: argparse.Namespace) -> int:
    """Merge the folders, what is in the target included."""
    there = options.into.is_dir() and any(options.into.iterdir())
    sources = list(dict.fromkeys([*([options.into] if there else []), *options.folders]))
    merged = merge({str(path): contents(path) for path in sources}, options.machine)
    for path, content in merged.items():
        write_whole(options.into / path, content)
    print(f"{counted(len(options.folders), 'folder')} merged into {options.into}: {counted(len(merged), 'file')}.")
    return 0

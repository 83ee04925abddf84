"""`python -m analysis merge DIR... --into DIR`: make one results folder of several, those of a run's shards for one."""

import argparse
from pathlib import Path

from analysis.commands.holding import alone_if_measured
from analysis.commands.options import Subparsers
from analysis.commands.write import check_apart, write_all
from analysis.reading.folder import read_folder
from analysis.reading.merge import merge
from analysis.text import counted


def add_parser(commands: Subparsers) -> None:
    parser = commands.add_parser("merge", help="make one results folder of several, those of a run's shards for one")
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="a folder of asv's results, oldest first")
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="where to; what is there is kept")
    parser.add_argument("--machine", help="file all results under this name, which is right for machines of one kind")


def run(options: argparse.Namespace) -> int:
    """Merge the folders, what is in the target included; refused while a run measures into the target."""
    for folder in options.folders:
        if folder.resolve() != options.into.resolve():
            check_apart(options.into, folder)
    with alone_if_measured(options.into):  # or a run there would take what it merged away again
        there = options.into.is_dir() and any(options.into.iterdir())
        sources = list(dict.fromkeys([*([options.into] if there else []), *options.folders]))
        merged = merge({str(path): read_folder(path) for path in sources}, options.machine)
        write_all(options.into, merged)
    print(f"{counted(len(options.folders), 'folder')} merged into {options.into}: {counted(len(merged), 'file')}.")
    return 0

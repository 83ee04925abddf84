"""Which cells stay together on one machine. Pure functions of cells.

Contract: a group is all cells of one setting, those that differ in n, mode, engine and chunk size alone, of whatever
benchmark: a curve over n with the refinements that belong to it, both modes of a pair, the engines that a table sets
beside each other. It is measured whole on one machine, and replaced whole. What every machine measures
(`analysis.reading.merge.EVERYWHERE`: the controls) is a group by itself.

A shard (`--shard`) deals out finer: there the parts are made beforehand, and should be of like size. Here who is free
takes the next.
"""

import ast
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from analysis.reading.merge import EVERYWHERE
from analysis.text import counted
from benchmarks.catalogue.case import Case

Key = tuple[str, ...]
Cells = dict[str, list[list[str]]]
SETTING = ("layer", "profile", "activation", "m", "width", "depth", "dtype")
"""The parameters that are the same in all cells of a group."""
CONTROLS: Key = ("controls",)


@lru_cache(maxsize=2**15)
def key_of(benchmark: str, parameters: tuple[str, ...]) -> Key:
    """The group of a cell: the values of SETTING as texts, or CONTROLS."""
    if benchmark in EVERYWHERE:
        return CONTROLS
    case = Case.of(*map(ast.literal_eval, parameters))._asdict()
    return tuple(str(case[name]) for name in SETTING)


def groups(cells: Mapping[str, Sequence[Sequence[str]]]) -> dict[Key, Cells]:
    """The groups of a preset's cells: the controls first, then the largest, so that the last ones are short."""
    found: dict[Key, Cells] = {}
    for benchmark, combinations in cells.items():
        for parameters in combinations:
            group = found.setdefault(key_of(benchmark, tuple(parameters)), {})
            group.setdefault(benchmark, []).append(list(parameters))
    return dict(sorted(found.items(), key=lambda item: (item[0] != CONTROLS, -size([item[1]]))))


def joined(several: Iterable[Cells]) -> Cells:
    """The cells of several groups."""
    found: Cells = {}
    for cells in several:
        for benchmark, combinations in cells.items():
            found.setdefault(benchmark, []).extend(combinations)
    return found


def size(several: Iterable[Cells]) -> int:
    """How many cells there are in several groups."""
    return sum(len(combinations) for cells in several for combinations in cells.values())


def title(keys: Sequence[Key]) -> str:
    """Groups in words: the setting of one, the number of several."""
    if len(keys) != 1:
        return counted(len(keys), "group")
    (key,) = keys
    if key == CONTROLS:
        return "the controls"
    named = dict(zip(SETTING, key, strict=True))
    sizes = ", ".join(f"{name} {named[name]}" for name in ("m", "width", "depth"))
    return f"{named['layer']} {named['profile']}, {sizes}"

"""The rooms of the three packages and the arrows between them: what each is for, and what it may import.

import-linter reads the imports and judges them, by contracts made of the tables below: a room imports what its row
names and nothing else, a row names rows above it, and every module is in a room. To add a module to a room that is a
folder, or a question to benchmarks/, nothing is to be done here; a new room is a new row.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import grimp
import pytest

ROOT = Path(__file__).parent.parent


class Room(NamedTuple):
    """A module, or a folder and all in it. Arrows name rooms of its own package by their last word, others in full."""

    purpose: str
    arrows: str = ""


MODES = {
    # what everything stands on
    "errors": Room("What the engines raise, and the line of the user's code that it is about."),
    "dispatch": Room("Functions of our own that NumPy's dispatch reaches as it reaches NumPy's."),
    "ownership": Room("Who owns a result: what is handed out is nobody else's array."),
    "instead": Room("What to write instead of an in-place write, in the user's words.", "errors"),
    "operands": Room("What is taken as an operand beside a traced array, and what is refused.", "errors"),
    "references": Room("What an object refers to."),
    "residuals": Room("Arrays of the caller's that are read later: copied, or compared.", "errors operands references"),
    "collector": Room("Python's garbage collector, asked for patience while much is written down."),
    # derivatives, and what carries them
    "blocks": Room("Blocks of seeds: rows of an identity, diagonal, dense; what each must do.", "dispatch residuals"),
    "partials": Room("The local Jacobian of an operation, as a linear map in both directions.", "blocks"),
    "rules": Room(
        "The table: a row a function, both modes from it.", "blocks dispatch errors instead operands partials"
    ),
    "operators": Room(
        "Python's operators and an array's methods, as NumPy's functions.", "errors instead operands rules"
    ),
    "array": Room(
        "The traced array: NumPy's protocols, answered by the rules.",
        "errors instead operands operators partials rules",
    ),
    "at": Room("Arrays with some entries changed, in a copy.", "instead operands rules"),
    # a call of the user's function
    "trees": Room("Nested arguments as leaves, and back.", "array operands"),
    "call": Room(
        "The user's function with its arguments: which are traced, what may come out.",
        "array errors operands references rules trees",
    ),
    # how many seeds, and a Jacobian of them
    "chunking": Room("How many seeds go at once, decided here for every mode.", "blocks partials"),
    "assembly": Room("A full Jacobian put together of the blocks of a sweep.", "blocks chunking ownership"),
    # the twins
    "dual": Room("What forward mode carries along.", "array blocks call chunking partials residuals"),
    "tape": Room(
        "What reverse mode writes down; it can be swept either way.",
        "array blocks call chunking collector partials residuals rules",
    ),
    "still": Room("A forward pass in which what is not seeded is traced.", "array blocks call dual errors partials"),
    "agreement": Room(
        "What the other mode says where a Jacobian has NaN.", "assembly blocks call chunking dual still tape"
    ),
    "forward": Room(
        "Forward mode: tangents pushed.", "agreement assembly blocks call chunking dual ownership still trees"
    ),
    "reverse": Room("Reverse mode: cotangents pulled back.", "agreement assembly blocks call ownership tape"),
    "gradient": Room("One cotangent of a scalar.", "blocks call ownership reverse tape"),
    # what is made of them
    "shapes": Room("What the parts of a sweep take by their shapes: tables, and between their entries.", "blocks"),
    "machine": Room("What measured rates hold for: processor, BLAS kernel, threads."),
    "kept": Room("Where measured rates are kept.", "machine shapes"),
    "rates": Room("What the parts of a sweep take: as shipped, or as measured on this machine.", "kept shapes"),
    "sized": Room("A tape that knows the shapes of its values.", "array blocks call partials tape"),
    "dominators": Room("Where a recorded function can be cut in two.", "tape"),
    "counting": Room("What sweeps along a tape take, before they are made.", "partials shapes sized"),
    "planning": Room(
        "In which order, and which mode: the dynamic programme.", "chunking counting dominators rates shapes sized"
    ),
    "mixed": Room(
        "Sweeps from narrow values, and their products.", "assembly blocks call chunking ownership planning sized"
    ),
    "remembered": Room("Which mode was chosen for a function before.", "call rates references"),
    "choice": Room(
        "Of the three modes, the one that takes the least.",
        "agreement call forward mixed planning rates remembered reverse sized",
    ),
    "plan": Room("What would be done, and why, as a value.", "blocks call chunking planning sized"),
    "jacobian": Room("Jacobians in the mode of one's choice.", "call choice forward reverse trees"),
    "batch": Room("One block a row of a batch, in one pass.", "blocks call chunking dual ownership still tape"),
    "hessian": Room("A mode of a mode.", "call jacobian trees"),
    "prepared": Room(
        "Functions recorded once and replayed.",
        "agreement array blocks call errors forward instead jacobian operands operators partials residuals reverse "
        "rules trees",
    ),
    "check": Room("Derivatives against each other and against differences.", "call forward reverse trees"),
    # commands
    "measuring": Room("Measures the rates by shape.", "blocks call chunking forward rates reverse shapes tape"),
    "calibrate": Room("Measures the rates and keeps them.", "kept measuring rates shapes"),
    "facts": Room("Facts and the marks that cite them, for any repository: nothing of the engines."),
    "functions_page": Room("Writes the page that lists the functions with rules.", "array errors rules"),
    # what the suite measures: plain NumPy, no engine
    "chains": Room("Generated chains of layers."),
    "cost": Room("Exact counts of a chain's operations and bytes."),
    "": Room(
        "The public names.",
        "at batch chains check choice chunking errors forward gradient hessian jacobian plan prepared reverse rules",
    ),
}
BENCHMARKS = {
    "catalogue": Room("What suite and analysis both know: plain data and pure functions.", "modes.chains"),
    "problems": Room("Functions that the field compares on, a module each: plain NumPy.", "catalogue"),
    "peers": Room("The engines that are measured, a module each.", "catalogue problems modes modes.chains"),
    "apparatus": Room("What the questions are asked with.", "catalogue peers problems modes.chains modes.cost"),
    "advising": Room("A user's own function, measured.", "apparatus catalogue peers modes"),
    "*": Room("The questions, a module each.", "apparatus catalogue peers problems modes modes.chains"),
    "__main__": Room("What the suite measures, as JSON.", "apparatus catalogue"),
    "": Room("The place, and nothing in it."),
}
ANALYSIS = {
    # what everything stands on
    "errors": Room("What goes wrong, each in a line with the remedy."),
    "interruption": Room("Ctrl-C, once and in a line."),
    "text": Room("Numbers and names as short text."),
    "names": Room("Names that become paths: one component each."),
    "intervals": Room("How sure medians, means and shares of samples are."),
    # the way of a row of results
    "reading": Room(
        "Results opened and joined: nothing else opens them.", "errors intervals names text benchmarks.catalogue"
    ),
    "tables": Room(
        "What is found in them, computed once, purely.",
        "errors intervals reading text benchmarks.catalogue modes.chains modes.chunking modes.cost modes.rates "
        "modes.shapes",
    ),
    "figures": Room("Pictures of what they are given.", "errors tables text benchmarks.catalogue modes.cost"),
    "report": Room("The page: figures, tables and words.", "errors figures tables text benchmarks.catalogue"),
    "citing": Room(
        "Facts, the marks that cite them, a run for others to read.",
        "errors intervals names reading report tables text benchmarks.catalogue modes.facts",
    ),
    "replicating": Room(
        "Facts over several runs: which hold, and what the others depend on.",
        "citing errors figures intervals reading report tables text benchmarks.catalogue",
    ),
    "advice": Room(
        "A user's own function: what was measured of it, judged and said.",
        "errors figures intervals tables text benchmarks.catalogue",
    ),
    "running": Room(
        "asv driven, and what it does not record; a user's own function measured, elsewhere or here.",
        "errors intervals reading tables text benchmarks.advising benchmarks.catalogue",
    ),
    "cluster": Room(
        "A run over the machines of a Dask cluster: dealt out, measured there, filed here.",
        "errors names reading running text benchmarks.catalogue",
    ),
    "commands": Room(
        "Every command, and the only writer.",
        "advice citing cluster errors names reading replicating report running tables text benchmarks.catalogue "
        "modes.facts",
    ),
    "__main__": Room("The entrance.", "commands errors interruption text"),
    "": Room("The public names.", "commands reading tables"),
}
ROOMS = {
    f"{package}.{name}".removesuffix("."): room
    for package, rooms in (("modes", MODES), ("benchmarks", BENCHMARKS), ("analysis", ANALYSIS))
    for name, room in rooms.items()
}
PACKAGES = ("modes", "benchmarks", "analysis")
QUESTIONS = "benchmarks.*"


def arrows(name: str) -> set[str]:
    """The rooms that a room may import, by their full names."""
    own = name.split(".")[0]
    words = ROOMS[name].arrows.split()
    return {word if word.split(".")[0] in PACKAGES else f"{own}.{word}" for word in words}


def room_of(module: str) -> str | None:
    """The room a module is in. A package's own room is its __init__ alone: what is inside has rooms of its own."""
    parts = module.split(".")
    if len(parts) == 1 and module in PACKAGES:
        return module
    stem = ".".join(parts[:2])
    if stem in ROOMS:
        return stem
    return QUESTIONS if parts[0] == "benchmarks" and len(parts) == 2 else None


def modules(root: Path) -> list[str]:
    found = []
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def inhabitants(root: Path) -> dict[str, list[str]]:
    found = defaultdict(list)
    for module in modules(root):
        if (name := room_of(module)) is not None:
            found[name].append(module)
    return found


def contracts(root: Path) -> list[dict[str, Any]]:
    """A room must not import what its row does not name, nor a question another question."""
    inside = inhabitants(root)
    found: list[dict[str, Any]] = [
        {
            "name": f"{name}: {ROOMS[name].purpose}",
            "type": "forbidden",
            "source_modules": sources,
            "forbidden_modules": [
                module for other in inside if other not in {name, *arrows(name)} for module in inside[other]
            ],
            "allow_indirect_imports": True,
            "as_packages": False,
        }
        for name, sources in inside.items()
    ]
    return [*found, {"name": "one question a module", "type": "independence", "modules": inside[QUESTIONS]}]


def judged(root: Path, scratch: Path) -> tuple[int, str]:
    """import-linter's verdict on the packages in a folder: its exit status and what it says."""
    lines = ["[tool.importlinter]", f"root_packages = {json.dumps(PACKAGES)}"]
    for contract in contracts(root):
        lines += [
            "[[tool.importlinter.contracts]]",
            *(f"{key} = {json.dumps(value)}" for key, value in contract.items()),
        ]
    config = scratch / "contracts.toml"
    config.write_text("\n".join(lines), encoding="utf-8")
    linted = "import sys; from importlinter.cli import lint_imports; "
    linted += "sys.exit(lint_imports(sys.argv[1], no_cache=True, no_logo=True))"
    command = [sys.executable, "-c", linted, str(config)]  # in a process that has imported none of the packages
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@cache
def imports() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


# --- the rooms and arrows ---


@pytest.mark.parametrize("name", modules(ROOT))
def test_every_module_is_in_a_room(name: str) -> None:
    assert room_of(name) is not None, f"{name} is in no room: add one to the tables above, with its purpose and arrows"


def test_rooms_import_what_their_rows_name_and_nothing_else(tmp_path: Path) -> None:
    status, said = judged(ROOT, tmp_path)
    assert status == 0, said


@pytest.mark.parametrize("name", ROOMS)
def test_rooms_and_their_arrows_are_there(name: str) -> None:
    """The tables say what is, not what once was."""
    graph, inside = imports(), inhabitants(ROOT)
    assert inside[name], f"{name} has a row and no module"
    taken = {room_of(to) for module in inside[name] for to in graph.find_modules_directly_imported_by(module)}
    unused = arrows(name) - taken
    assert not unused, f"{name} imports nothing of {sorted(unused)}: take the arrow out of its row"


@pytest.mark.parametrize("name", ROOMS)
def test_every_arrow_points_to_a_row_above(name: str) -> None:
    """The tables are in the order of reading, and what they allow has no way back."""
    above = list(ROOMS)[: list(ROOMS).index(name)]
    assert arrows(name) <= set(above), (
        f"{name} may import {sorted(arrows(name) - set(above))}: put their rows above its own"
    )


# --- the contracts can fail ---

PLANTED = {
    "modes/cost.py": ("from . import forward", "modes.cost is not allowed to import modes.forward"),
    "modes/array.py": ("import benchmarks", "modes.array is not allowed to import benchmarks"),
    "modes/forward.py": ("import modes", "modes.forward is not allowed to import modes"),
    "modes/rules/shape.py": ("from ..array import Trace", "modes.rules.shape is not allowed to import modes.array"),
    "benchmarks/depth.py": (
        "from .aspect import Aspect",
        "benchmarks.depth is not allowed to import benchmarks.aspect",
    ),
    "benchmarks/peers/layers.py": (
        "from ..apparatus import grids",
        "benchmarks.peers.layers is not allowed to import benchmarks.apparatus.grids",
    ),
    "benchmarks/catalogue/case.py": (
        "from modes.forward import jvp",
        "benchmarks.catalogue.case is not allowed to import modes.forward",
    ),
    "analysis/reading/load.py": (
        "def late():\n    from analysis.figures import style",
        "analysis.reading.load is not allowed to import analysis.figures.style",
    ),
    "analysis/tables/work.py": (
        "import benchmarks.apparatus.grids",
        "analysis.tables.work is not allowed to import benchmarks.apparatus.grids",
    ),
}


def test_wrong_imports_are_caught(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for path, (line, _) in PLANTED.items():
        with (copy / path).open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")
    status, said = judged(copy, tmp_path)
    flat = " ".join(said.split())
    assert status != 0
    missed = [expected for _, expected in PLANTED.values() if expected not in flat]
    assert not missed, said


def test_a_module_in_no_room_is_noticed() -> None:
    assert room_of("modes.surprise") is None
    assert room_of("analysis.surprise.inner") is None
    assert room_of("benchmarks.surprise.inner") is None
    assert room_of("benchmarks.surprise") == QUESTIONS
    assert room_of("modes.rules.surprise") == "modes.rules"


# --- what comes from elsewhere ---


def imported_from_outside(inside: str) -> Iterator[tuple[str, set[str]]]:
    """Of each module of a package or a folder the other packages that it imports, by their first name."""
    for name in modules(ROOT):
        if name == inside or name.startswith(f"{inside}."):
            tops = {to.split(".")[0] for to in imports().find_modules_directly_imported_by(name)}
            yield name, tops - set(PACKAGES)


def test_the_engines_need_nothing_but_numpy() -> None:
    standard = {
        "__future__", "argparse", "array", "ast", "bisect", "collections", "contextlib", "dataclasses", "functools",
        "gc", "inspect", "itertools", "linecache", "math", "numbers", "opcode", "operator", "os", "string", "sys",
        "threading", "time", "types", "typing", "weakref",
    }  # fmt: skip
    later = {  # imported where they are called for, never with modes
        "modes.calibrate": {"json"},
        "modes.kept": {"json", "pathlib", "tempfile", "warnings"},
        "modes.machine": {"platform", "threadpoolctl"},  # which may be missing
    }
    for name, outside in imported_from_outside("modes"):
        if room_of(name) != "modes.facts" and not name.startswith("modes.prepared.compiled"):
            assert outside <= {*standard, *later.get(name, ()), "numpy"}, f"{name} imports {sorted(outside)}"


def test_facts_need_the_standard_library_alone_and_the_extension_sphinx() -> None:
    for name, outside in imported_from_outside("modes.facts"):
        allowed = {"sphinx", "docutils"} if name == "modes.facts.sphinx" else set()
        assert outside <= {*sys.stdlib_module_names, *allowed}, f"{name} imports {sorted(outside)}"


def test_numba_is_the_compiled_replays_alone_and_imported_for_those_who_ask() -> None:
    for name, outside in imported_from_outside("modes.prepared.compiled"):
        assert outside <= {*sys.stdlib_module_names, "numpy", "numba", "llvmlite"}, f"{name} imports {sorted(outside)}"
    code = "import modes, sys; sys.exit(any(name in sys.modules for name in ('numba', 'llvmlite')))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_the_catalogue_needs_the_standard_library_alone() -> None:
    for name, outside in imported_from_outside("benchmarks.catalogue"):
        assert outside <= sys.stdlib_module_names, f"{name} imports {sorted(outside)}"


def test_problems_need_nothing_but_numpy() -> None:
    """Their users' functions are plain NumPy, and no engine is behind them."""
    for name, outside in imported_from_outside("benchmarks.problems"):
        assert outside <= {*sys.stdlib_module_names, "numpy"}, f"{name} imports {sorted(outside)}"

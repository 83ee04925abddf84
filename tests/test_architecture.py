"""The arrows between modules: what may import what, read off the source. An arrow that is not listed is an error."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("modes", "benchmarks", "analysis")

# For each module of modes, the modules of modes that it may import. A folder stands for all its modules; inside a
# folder, and from a folder's __init__, everything goes.
ENGINES: dict[str, set[str]] = {
    "modes.errors": set(),
    "modes.structure": set(),
    "modes.chains": set(),
    "modes.cost": set(),
    "modes.partials": {"modes.structure"},
    "modes.rules": {"modes.errors", "modes.partials", "modes.structure"},
    "modes.array": {"modes.errors", "modes.partials", "modes.rules"},
    "modes.arguments": {"modes.array", "modes.errors"},
    "modes.chunking": {"modes.partials"},
    "modes.rates": set(),
    "modes.calibrate": {"modes.rates"},
    "modes.forward": {"modes.arguments", "modes.array", "modes.chunking", "modes.partials", "modes.structure"},
    "modes.reverse": {"modes.arguments", "modes.array", "modes.chunking", "modes.partials", "modes.structure"},
    "modes.choice": {
        *("modes.arguments", "modes.array", "modes.chunking", "modes.forward", "modes.partials", "modes.rates"),
        *("modes.reverse", "modes.structure"),
    },
    "modes.prepared": {
        *("modes.arguments", "modes.array", "modes.errors", "modes.forward", "modes.partials", "modes.reverse"),
        *("modes.rules", "modes.structure"),
    },
    "modes.jacobian": {"modes.arguments", "modes.choice", "modes.forward", "modes.reverse"},
    "modes.hessian": {"modes.arguments", "modes.jacobian"},
    "modes.functions": {"modes.array", "modes.errors", "modes.rules"},
    "modes.check": {"modes.arguments", "modes.forward", "modes.reverse"},
}
# What one package may import of another.
ACROSS: dict[str, set[str]] = {
    "modes": set(),
    "benchmarks": {"modes"},
    "analysis": {"modes.cost", "modes.chains"},
}
# The order of analysis: a module may import those before it.
ANALYSIS = (
    *("errors", "text", "profiles", "tables.intervals", "commands.write", "reading", "tables", "figures", "report"),
    *("citing", "running", "commands", "__main__"),
)


def modules(package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(name: str, path: Path) -> set[str]:
    """The project's modules that a file imports, anywhere in it, by their full names."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    known = {module for other in PACKAGES for module, _ in modules(other)}
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *(node.module or "").split(".")] if node.module else base
            stem = ".".join(base)
            for alias in node.names:
                inner = f"{stem}.{alias.name}"
                found.add(inner if inner in known else stem)
    return {target for target in found if target.split(".")[0] in PACKAGES}


def room(module: str, rooms: dict[str, set[str]]) -> str | None:
    return next((r for r in rooms if module == r or module.startswith(r + ".")), None)


def placed(module: str) -> int | None:
    """The place of a module of analysis in its order; one that is named by itself is in its own place."""
    parts = module.split(".")[1:]
    for length in range(len(parts), 0, -1):
        if (stem := ".".join(parts[:length])) in ANALYSIS:
            return ANALYSIS.index(stem)
    return None if parts else -1


ALL = [(name, path) for package in PACKAGES for name, path in modules(package)]


def test_the_reader_of_imports_reads() -> None:
    assert "modes.rules" in imports("modes.array", ROOT / "modes" / "array.py")
    assert "modes.rules.table" in imports("modes.array", ROOT / "modes" / "array.py")
    assert "modes.partials" in imports("modes.rules.products", ROOT / "modes" / "rules" / "products.py")


@pytest.mark.parametrize(("name", "path"), ALL, ids=[name for name, _ in ALL])
def test_arrows(name: str, path: Path) -> None:
    own = name.split(".")[0]
    for target in sorted(imports(name, path)):
        other = target.split(".")[0]
        if other != own:
            allowed = ACROSS[own]
            assert any(target == a or target.startswith(a + ".") for a in allowed), f"{name} must not import {target}"
        elif own == "modes" and name != "modes":
            here, there = room(name, ENGINES), room(target, ENGINES)
            assert here is not None, f"{name} is in no room: add it to ENGINES with its arrows"
            assert there == here or there in ENGINES[here], f"{name} must not import {target}"
        elif own == "analysis" and name != "analysis":
            here, there = (placed(module) for module in (name, target))
            assert here is not None, f"{name} is in no room: add it to ANALYSIS"
            assert there is not None, f"{target} is in no room: add it to ANALYSIS"
            assert there <= here, f"{name} must not import {target}"


def test_the_engines_need_nothing_but_numpy() -> None:
    standard = {
        "__future__", "collections", "contextlib", "dataclasses", "functools", "inspect", "itertools", "math",
        "operator", "os", "string", "sys", "time", "types", "typing", "weakref",
    }  # fmt: skip
    for name, path in modules("modes"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            for target in names:
                assert target.split(".")[0] in {*standard, "numpy"}, f"{name} imports {target}"

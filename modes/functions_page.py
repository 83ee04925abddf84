"""The page that lists what has a derivative: ``python -m modes.functions_page > docs/functions.md``.

Contract: :func:`page` is Markdown, made of the rows of the rule table that are in force, in alphabetical order; nothing
in it is kept by hand but the words around the lists. tests/test_functions_page.py compares it with the file.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .array import TracedArray
from .errors import name_of
from .rules import RULES
from .rules.special import INSTEAD, NAMES
from .rules.table import COMPOSITE, CONSTANT, REFUSED, SEQUENCE, Rule

__all__ = ["COMMAND", "page"]

COMMAND = "python -m modes.functions_page > docs/functions.md"

Function = Callable[..., Any]

HEAD = f"""\
# Functions with derivatives

What plain NumPy code may call on arrays that are differentiated. Each row works in forward and in reverse mode, and its
derivative may be differentiated again. This page is generated from the rule table; after a change to that:

    {COMMAND}

*Operands with a derivative* are the arguments that may be traced arrays, by position. "Through its parts" marks a
function that is evaluated in terms of others of this page. An argument that a row does not cover, such as `out=`, is
refused by name, and so is a function without a row; `modes.rules` says how to add one.
"""
METHODS = """\
Python's operators stand for NumPy's functions of that name (`+` for `np.add`, `@` for `np.matmul`, `<` for `np.less`),
and `x[index]` takes basic slices, ellipsis, newaxis, and integer and boolean arrays. Further attributes and methods:
"""
CONSTANTS = """\
Shapes, comparisons, positions and piecewise constant functions: their derivative is zero or has no meaning, so they are
evaluated on the plain value and the trace ends there.
"""
SPECIAL = """\
Where SciPy is there, its ufuncs of these names, by every argument for which there is a closed form (gammainc,
gammaincc, jv and iv by their 2nd, betainc by its 3rd).
"""
IN_PYTHON = """\
Its functions in Python convert what they are given to plain arrays, and cannot be followed. Write instead:
"""
REFUSALS = """\
Functions that get no row, on purpose: the error says what to write instead.
"""
HEADER = "| Function | Also called | Operands with a derivative |\n|---|---|---|"
ORDINALS = ("1st", "2nd", "3rd", "4th", "5th")


def page() -> str:
    """The whole page, ending in a newline."""
    rows = {func: rule for func, rule in RULES.items() if not _is_internal(func)}
    constants = [func for func, rule in rows.items() if rule.kind == CONSTANT]
    sections = [HEAD]
    for title, belongs in SECTIONS.items():
        chosen = [func for func, rule in rows.items() if rule.kind != CONSTANT and belongs(func)]
        if chosen:
            lines = [
                f"| `{_name(func)}` | {_aliases(func)} | {_operands(rows[func])} |"
                for func in sorted(chosen, key=_name)
            ]
            sections.append(f"## {title}\n\n{HEADER}\n" + "\n".join(lines) + "\n")
    names = _listed(f"scipy.special.{name}" for name in NAMES)
    sections.append(f"## scipy.special\n\n{SPECIAL}\n{names}.\n\n{IN_PYTHON}\n" + "\n".join(_instead()) + "\n")
    sections.append(f"## Operators, attributes and methods\n\n{METHODS}\n{_listed(_methods())}.\n")
    sections.append(f"## Evaluated on the plain value\n\n{CONSTANTS}\n{_listed(map(_name, constants))}.\n")
    sections.append(f"## Refused\n\n{REFUSALS}\n" + "\n".join(_refusals()) + "\n")
    return "\n".join(sections)


def _is_internal(func: Function) -> bool:
    """The table's own primitives, which derivatives are made of, indexing, which has no name, and SciPy's, which are
    there if it is."""
    return func is operator.getitem or name_of(func).startswith(("modes.", "scipy."))


def _is_element_wise(func: Function) -> bool:
    return isinstance(func, np.ufunc) and func.signature is None


SECTIONS: dict[str, Callable[[Function], bool]] = {
    "Element by element": _is_element_wise,
    "Arrays": lambda func: not _is_element_wise(func) and _name(func).count(".") == 1,
    "Linear algebra": lambda func: _name(func).startswith("np.linalg."),
    "Fourier transforms": lambda func: _name(func).startswith("np.fft."),
    "Other functions": lambda func: not _name(func).startswith("np."),
}


def _name(func: Function) -> str:
    return name_of(func).replace("numpy.", "np.", 1)


def _aliases(func: Function) -> str:
    """Other names of the same object in the same namespace of NumPy."""
    space = np.linalg if _name(func).startswith("np.linalg.") else np
    names = sorted(name for name, member in vars(space).items() if member is func and not name.startswith("_"))
    return ", ".join(f"`{name}`" for name in names if name != _name(func).rsplit(".", 1)[1])


def _operands(rule: Rule) -> str:
    if rule.kind == COMPOSITE:
        return "through its parts"
    if rule.kind == SEQUENCE:
        return "every item of the 1st"
    return ", ".join(ORDINALS[i] for i, make in enumerate(rule.makers) if make is not None)


def _methods() -> Iterator[str]:
    """What a traced array has of an ndarray's public attributes, but for those that only raise."""
    for name in dir(TracedArray):
        member = inspect.getattr_static(TracedArray, name)
        raises = getattr(getattr(member, "fget", member), "__annotations__", {}).get("return") == "NoReturn"
        if not name.startswith("_") and hasattr(np.ndarray, name) and not raises:
            yield name


def _refusals() -> Iterator[str]:
    """One item a remedy, with the functions that it is for."""
    functions: dict[str, list[str]] = {}
    for func, remedy in REFUSED.items():
        if func not in RULES:
            functions.setdefault(remedy, []).append(_name(func))
    for remedy, names in sorted(functions.items(), key=lambda item: min(item[1])):
        if "\n" in remedy:  # with code in it
            remedy = f"\n\n```text\n{remedy}\n```".replace("\n", "\n  ").replace("\n  \n", "\n\n")
        else:
            remedy = " " + remedy
        yield f"- {_listed(names)}:{remedy}"


def _instead() -> Iterator[str]:
    return (f"- `scipy.special.{name}`: `{remedy}`" for name, remedy in sorted(INSTEAD.items()))


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


if __name__ == "__main__":
    print(page(), end="")

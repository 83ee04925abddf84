"""The twins are twins: with the words of the modes exchanged, the same names in the same order on either side."""

from __future__ import annotations

import ast
import inspect
import re
from types import ModuleType

import pytest

from modes import dual, forward, reverse, tape

# Reverse mode's words, and forward mode's for the same.
WORDS = {
    "vjp": "jvp",
    "jacrev": "jacfwd",
    "cotangent": "tangent",
    "rows": "columns",
    "pull": "push",
    "Node": "Dual",
    "Tape": "Forward",
    "index": "tangent",  # what a traced array carries: where it stands on the tape, or its tangents
}


def forward_words(text: str) -> str:
    return re.sub("|".join(WORDS), lambda match: WORDS[match.group()], text)


def defined(module: ModuleType) -> list[str]:
    """The functions and classes of a module, in order; methods as Class.method."""
    names = []
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.append(node.name)
        if isinstance(node, ast.ClassDef):
            names += [f"{node.name}.{method.name}" for method in node.body if isinstance(method, ast.FunctionDef)]
    return names


def test_forward_and_reverse_have_the_same_functions_in_the_same_order() -> None:
    assert defined(forward) == [forward_words(name) for name in defined(reverse)]


def test_what_they_share_of_their_traces_is_in_the_same_order() -> None:
    """A tape can do more, since it is there when the function has run: write entries, and carry blocks either way."""
    ours, theirs = defined(dual), [forward_words(name) for name in defined(tape)]
    assert [name for name in ours if name in theirs] == [name for name in theirs if name in ours]
    assert {name for name in ours if name.startswith("Dual")} == {name for name in theirs if name.startswith("Dual")}
    assert {name.split(".")[0] for name in ours if name not in theirs} <= {"Bounded", "BoundedForward", "Forward"}
    only = {name for name in defined(tape) if forward_words(name) not in ours}
    # It reads arrays after the function has run: modes.residuals.
    keeping = {"Tape.keep", "Tape.primal", "Tape.make", "Tape.check"}
    assert (
        only == {"Tape.add", "Tape.edges", "Tape.widest", "Tape.push", "Tape.pull", "Tape.last_uses", "added"} | keeping
    )


@pytest.mark.parametrize(("ours", "theirs"), [(forward.jacfwd, reverse.jacrev), (dual.Dual.extend, tape.Node.extend)])
def test_they_take_the_same_arguments(ours: object, theirs: object) -> None:
    assert callable(ours)
    assert callable(theirs)
    assert [forward_words(str(p)) for p in inspect.signature(theirs).parameters.values()] == [
        str(p) for p in inspect.signature(ours).parameters.values()
    ]


def test_a_twin_that_drifts_is_caught() -> None:
    names = defined(reverse)
    assert defined(forward) != [forward_words(name) for name in [*names[1:], names[0]]]
    assert defined(forward) != [forward_words(name) for name in names[:-1]]

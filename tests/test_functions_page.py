"""docs/functions.md is what the rule table says, and nothing is on it that does not work."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import modes
from modes.errors import name_of
from modes.functions_page import COMMAND, page
from modes.rules import RULES
from modes.rules.table import CONSTANT, REFUSED

PAGE = Path(__file__).parent.parent / "docs" / "functions.md"


def rows(text: str) -> dict[str, str]:
    """The lines of the tables, by the function that each is about."""
    return {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}


def exists(name: str) -> bool:
    found: Any = np
    for part in name.split(".")[1:]:
        found = getattr(found, part, None)
    return found is not None


def test_the_page_is_what_the_table_says() -> None:
    """Compared row by row: a function that this version of NumPy does not have may be on the page all the same."""
    expected, came = page(), PAGE.read_text(encoding="utf-8")
    missing = {name for name in rows(came).keys() - rows(expected).keys() if not exists(name)}
    kept = [line for line in came.splitlines() if not (line.startswith("| `") and line.split("`")[1] in missing)]
    assert kept == expected.splitlines(), f"docs/functions.md is not what the rule table says; mend it: {COMMAND}"


def test_a_new_row_changes_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail: with a row more, and with a row less."""
    before = page()
    monkeypatch.setitem(RULES, exists, RULES[np.tanh])
    assert rows(page()).keys() - rows(before).keys() == {name_of(exists)}
    monkeypatch.undo()
    assert page() == before
    tanh: Any = np.tanh
    monkeypatch.delitem(RULES, tanh)
    assert rows(before).keys() - rows(page()).keys() == {"np.tanh"}


def test_every_public_row_is_on_the_page() -> None:
    text = page()
    table = rows(text)
    for func, rule in RULES.items():
        name = name_of(func).replace("numpy.", "np.", 1)
        if name.startswith("np."):
            assert (name in table) == (rule.kind != CONSTANT)
            assert f"`{name}`" in text
    assert not any(name.startswith("modes.") for name in table)


@pytest.mark.parametrize(
    ("name", "operands"),
    [
        ("np.tanh", "1st"),
        ("np.multiply", "1st, 2nd"),
        ("np.where", "2nd, 3rd"),
        ("np.concatenate", "every item of the 1st"),
        ("np.stack", "through its parts"),
        ("np.sum", "1st"),
        ("np.linalg.inv", "1st"),
    ],
)
def test_operands_with_a_derivative(name: str, operands: str) -> None:
    assert rows(page())[name].endswith(f"| {operands} |")


def test_what_is_refused_is_refused() -> None:
    for func in REFUSED:
        assert func not in RULES, f"{name_of(func)} is in the table and refused"
    with pytest.raises(modes.MissingRule):
        modes.jacfwd(lambda x: np.unique(x))(np.ones(3))


def test_listed_methods_work_and_refused_ones_are_not_listed() -> None:
    text = page()
    for name in ("sum", "reshape", "T", "dot", "mean", "shape", "ndim", "size", "dtype"):
        assert f"`{name}`" in text
    for name in ("tolist", "item", "extend", "primal"):
        assert f"`{name}`" not in text

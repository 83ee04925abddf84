"""Each table of a run is computed once, and figures, report and facts compute none."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import analysis
from analysis.citing import collect
from analysis.reading.load import read_results
from analysis.reading.tidy import tidy
from analysis.report import report_files
from analysis.tables import crossover, findings, growth, libraries, limits, model, noise, rules, summary
from analysis.tables.findings import Findings
from analysis.tables.shown import choosing, crossing, trust
from analysis.tables.shown import libraries as beside
from analysis.tables.shown import limits as costs
from tests.tables import curve, frame, pair
from tests.test_architecture import ROOT

MODULES = (crossover, growth, libraries, limits, model, noise, rules, summary, choosing, crossing, trust, beside, costs)
TWICE = {"scores": 3, "together": 2}
"""Of different things: by engine, by engine and width profile, and against three ways; all controls, and those of the
one engine here."""


def small() -> pd.DataFrame:
    return frame([*curve(80), *(pair(0.0, n=n, mode="forward/forward") for n in (16, 64))])


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each function that findings.py calls was called."""
    counts: Counter[str] = Counter()

    def counting(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            counts[name] += 1
            return function(*arguments, **options)

        return counted

    tree = ast.parse(Path(findings.__file__).read_text(encoding="utf-8"))
    asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for module in MODULES:
        for name in asked & set(vars(module)):
            if callable(function := getattr(module, name)):
                monkeypatch.setattr(module, name, counting(f"{module.__name__}.{name}", function))
    return counts


@pytest.mark.slow
def test_a_report_and_the_facts_compute_each_table_once(calls: Counter[str]) -> None:
    found = Findings(small())
    report_files(found)
    collect(found)
    assert len(calls) > 40
    more = {name: count for name, count in calls.items() if count > TWICE.get(name.rsplit(".", 1)[1], 1)}
    assert not more


def test_what_nobody_asks_for_is_not_computed(calls: Counter[str]) -> None:
    found = Findings(small())
    assert not calls
    assert len(found.crossovers) == 1
    assert found.crossovers is found.crossovers
    assert {name.rsplit(".", 1)[1] for name in calls} == {"curves", "located"}


def test_findings_do_not_change() -> None:
    found = Findings(small())
    with pytest.raises(FrozenInstanceError):
        found.tidy = found.tidy  # type: ignore[misc]


def test_every_table_can_be_empty() -> None:
    found = Findings(frame([]))
    names = [name for name, kind in vars(Findings).items() if isinstance(kind, cached_property)]
    for name in set(names) - {"summary"}:  # which speaks of a run that there is
        getattr(found, name)


def test_figures_report_and_facts_take_what_is_found_and_compute_nothing() -> None:
    """What Findings calls to make its tables is called there and nowhere else."""
    tree = ast.parse(Path(findings.__file__).read_text(encoding="utf-8"))
    made = {
        (module.__name__, node.func.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        for module in MODULES
        if hasattr(module, node.func.attr)
    }
    assert ("analysis.tables.crossover", "controls") in made
    for room in ("figures", "report", "citing"):
        for path in sorted((ROOT / "analysis" / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom):
                    taken = {(node.module, alias.name) for alias in node.names}
                    assert not taken & made, f"{path.relative_to(ROOT)} computes {taken & made}"


def test_the_public_names_are_the_three_tables_and_the_advice() -> None:
    assert analysis.__all__ == ["advise", "crossovers", "read_results", "tidy"]
    assert (analysis.read_results, analysis.tidy, analysis.crossovers) == (read_results, tidy, crossover.crossovers)


def test_the_example_of_the_page_runs(recorded: Path) -> None:
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    code = page.partition("```python\n")[2].partition("```")[0]
    assert "from analysis import" in code
    names: dict[str, Any] = {}
    exec(code.replace(".asv/results", str(recorded)), names)
    pd.testing.assert_frame_equal(names["table"], tidy(read_results(recorded)))


@pytest.fixture
def recorded() -> Path:
    return Path(__file__).parent / "data" / "recorded"

"""What the documentation shows is run: the docstrings' examples, the README's Python, the examples of docs/adding.md.

What it names exists: the tests of the mathematics, the commands and their options, the figures and tables. The pages
build without a warning, and ask nothing of the network.
"""

from __future__ import annotations

import argparse
import ast
import doctest
import importlib.util
import re
import runpy
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import modes
from analysis.__main__ import parser
from analysis.figures import FIGURES, Picture, drawn
from analysis.report.section import Words
from analysis.report.sections import FIGURE_WORDS, SECTIONS, TABLES
from analysis.tables.findings import Findings
from benchmarks.catalogue.case import Case
from benchmarks.catalogue.engines import ENGINES
from modes import chains
from tests.tables import curve, frame

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


@pytest.mark.parametrize("module", [modes, modes.rules], ids=lambda m: m.__name__)
def test_examples_in_docstrings(module: ModuleType) -> None:
    kept = dict(modes.rules.RULES)
    try:
        result = doctest.testmod(module)
    finally:
        modes.rules.RULES.clear()
        modes.rules.RULES.update(kept)
    assert result.attempted > 2
    assert result.failed == 0


@pytest.mark.parametrize("name", ["tutorial", "api"])
def test_the_sessions_on_a_page_are_what_python_says(name: str) -> None:
    """All of a page is one session."""
    page = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    text = "\n".join(re.findall(r"^```python\n(>>> .+?)^```", page, re.DOTALL | re.MULTILINE))
    test = doctest.DocTestParser().get_doctest(text, {}, name, f"{name}.md", 0)
    said: list[str] = []
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=said.append)
    assert result.attempted > 5
    assert not result.failed, "".join(said)


def test_every_number_of_the_mathematics_is_a_link(tmp_path: Path) -> None:
    """As docs/conf.py makes them: each M and C number of the page is a place, and each mention leads there."""
    conf = runpy.run_path(str(DOCS / "conf.py"))
    assert all(
        conf["NUMBERED"].fullmatch(f"{kind}{i}") for kind, last in (("M", 23), ("C", 8)) for i in range(1, last + 1)
    )
    assert not conf["NUMBERED"].search("RFC1 C99x M0 MC1")


def test_the_readme_s_python_runs_and_says_the_truth() -> None:
    (code,) = re.findall(r"```python\n(.+?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    exec(code, names)
    f, x = names["f"], names["x"]
    forward, reverse, auto = (modes.jacobian(f, mode=mode)(x) for mode in ("forward", "reverse", "auto"))  # type: ignore[arg-type]
    assert forward.shape == (3, 2)
    np.testing.assert_allclose(forward, reverse, rtol=1e-15)
    np.testing.assert_allclose(auto, reverse, rtol=1e-15)


def test_the_page_on_writing_functions_says_what_comes() -> None:
    """Every line with an arrow gives what stands behind it."""
    page = (DOCS / "writing.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    checked = 0
    for block in re.findall(r"^```python\n(.+?)^```", page, re.DOTALL | re.MULTILINE):
        before: list[str] = []
        for line in block.splitlines():
            code, arrow, expected = line.partition("  # -> ")
            if not arrow:
                before.append(line)
                continue
            exec("\n".join(before), names)
            before = []
            assert repr(eval(code, names)) == expected, line
            checked += 1
        exec("\n".join(before), names)
    assert checked > 12


# --- docs/adding.md ---


def examples(heading: str) -> list[str]:
    """The Python under a heading of docs/adding.md, block by block."""
    page = (DOCS / "adding.md").read_text(encoding="utf-8")
    part = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return [
        textwrap.dedent(block) for block in re.findall(r"^ *```python\n(.+?)^ *```", part, re.DOTALL | re.MULTILINE)
    ]


def row_of(text: str, names: dict[str, Any]) -> dict[str, Any]:
    """A row of a dict, as it is shown."""
    found: dict[str, Any] = eval("{" + text + "}", names)
    return found


@pytest.fixture
def weighted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The layer of the example, added to modes.chains step by step."""
    function, row, method, branch = examples("A layer")
    names = vars(chains)
    added: dict[str, Any] = {}
    exec(function, names, added)
    for name, compute in row_of(row, {**names, **added}).items():
        monkeypatch.setitem(chains._LAYERS, name, compute)
        monkeypatch.setattr(chains, "LAYERS", (*chains.LAYERS, name))
    exec(method, names, added)
    monkeypatch.setattr(chains._Walk, "weighted", added["weighted"], raising=False)
    others = chains._draw
    head = "def drawn(walk, layer, widths):\n    hidden, last = widths[1:-1], widths[-1]\n"
    exec(head + textwrap.indent(branch, "    ") + "    return others(walk, layer, widths)", {"others": others}, added)
    monkeypatch.setattr(chains, "_draw", added["drawn"])


@pytest.mark.usefixtures("weighted")
def test_the_layer_of_the_example() -> None:
    chain = modes.layer_chain(5, 3, 4, 6, layer="weighted")
    assert [tuple(p.shape for p in parameters) for parameters in chain.parameters] == [
        ((before,), (after, before), (after,)) for before, after in ((5, 6), (6, 6), (6, 6), (6, 3))
    ]
    x = chain.x
    for s, W, b in chain.parameters:
        x = np.tanh(W @ np.diag(s) @ x + b)
    np.testing.assert_allclose(chain(chain.x), x, rtol=1e-13)
    modes.check_derivatives(chain, chain.x)
    deep = modes.layer_chain(8, 8, 64, 8, layer="weighted")
    assert 1e-2 < np.linalg.norm(modes.jacfwd(deep)(deep.x)) < 1e2
    np.testing.assert_array_equal(
        deep.x.astype(np.float32), modes.layer_chain(8, 8, 64, 8, "weighted", dtype="float32").x
    )


@pytest.mark.usefixtures("weighted")
def test_the_benchmark_of_the_example(monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = examples("A benchmark")
    names = {"__name__": "benchmarks.weighted", "__package__": "benchmarks"}
    exec(code, names)
    benchmark: Any = names["Weighted"]
    for layer in ("dense", "weighted"):
        case = Case(layer=layer, n=8, m=8, width=8, depth=2, mode="forward/reverse")
        measured = benchmark()
        measured.case, measured.chain = case, case.chain()
        monkeypatch.setenv("MODES_PAIRS", "2")
        assert len(measured.track_log_ratio()["samples"]) == 1  # of this process: the median of its two pairs
    assert "weighted" not in ENGINES["modes"].layers
    assert len(benchmark.grid.cells("quick")) == 6  # those of "dense": the engines' rows were made without the layer
    assert benchmark.params[1] == ["dense", "weighted"]


def test_the_figure_of_the_example() -> None:
    picker, line, code, row, words = examples("A figure")
    names: dict[str, Any] = {"Words": Words, "Picture": Picture, "cached_property": cached_property}
    for text in (picker, code):
        exec(text, names)
    names["crossing"] = SimpleNamespace(layer_panels=names["layer_panels"])
    added: dict[str, Any] = {}
    exec(line, names, added)
    more = type("More", (Findings,), added)
    (name,) = row_of(row, names)
    assert list(row_of(words, names)) == [name]
    picture = row_of(row, names)[name]
    table = frame([*curve(80), *curve(40, layer="residual")])
    axes = drawn(picture, more(table)).axes[0]
    assert [line.get_label() for line in axes.get_lines()][:2] == ["dense", "residual"]
    assert drawn(picture, more(table[:0])).axes  # says that it was not measured


@pytest.fixture
def _rules() -> Iterator[None]:
    kept = dict(modes.rules.RULES)
    yield
    modes.rules.RULES.clear()
    modes.rules.RULES.update(kept)


@pytest.mark.usefixtures("_rules")
def test_the_rules_of_the_examples() -> None:
    first, second = examples("A rule")
    names: dict[str, Any] = {}
    exec(first, names)
    exec(second, names)
    T = np.diag(names["diagonal"]) + np.diag(names["lower"][1:], -1) + np.diag(names["upper"][:-1], 1)
    b = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(names["solve"](b), np.linalg.solve(T, b), rtol=1e-14)
    for jacobian in (modes.jacfwd, modes.jacrev):
        np.testing.assert_allclose(jacobian(names["solve"])(b), np.linalg.inv(T), rtol=1e-13)
    H = modes.hessian(lambda x: np.sum(names["gaussian"](x)))(np.array([0.3, -1.2]))
    assert H[0, 0] == pytest.approx((0.3**2 - 1) * np.exp(-0.5 * 0.3**2))
    prepared = modes.prepare(names["gaussian"], b)
    np.testing.assert_allclose(prepared.jacrev(b), np.diag(-b * np.exp(-0.5 * b * b)), rtol=1e-14)


# --- what the pages name ---


def test_every_fact_of_the_mathematics_has_a_test_that_exists() -> None:
    page = (DOCS / "mathematics.md").read_text(encoding="utf-8")
    stated = re.findall(r"^([MC]\d+(?:, [MC]\d+)*)\n: (.+?)(?=\n\n(?! )|\Z)", page, re.DOTALL | re.MULTILINE)
    numbers = [number for names, _ in stated for number in names.split(", ")]
    assert numbers == [f"M{i}" for i in range(1, 24)] + [f"C{i}" for i in range(1, 9)]
    for names, text in stated:
        tests = re.findall(r"`(test_\w+)\.(test_\w+)`", text)
        assert tests, f"{names} names no test"
        for file, test in tests:
            tree = ast.parse((ROOT / "tests" / f"{file}.py").read_text(encoding="utf-8"))
            functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert test in functions, f"{names}: no {test} in {file}.py"
            assert any(f"_{number.lower()}_" in test for number in names.split(", "))


def subcommands(top: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (actions,) = (action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    return dict(actions.choices)


def test_every_command_and_option_is_on_its_page() -> None:
    page = (DOCS / "commands.md").read_text(encoding="utf-8") + (DOCS / "citing.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    commands = subcommands(parser())
    assert set(commands) <= set(listed)
    for name, command in commands.items():
        options = {option for action in command._actions for option in action.option_strings} - {"-h", "--help"}
        assert not [option for option in options if f"{option}" not in page], name


def test_every_figure_and_table_is_on_the_page_about_reading_them() -> None:
    page = " ".join((DOCS / "reading.md").read_text(encoding="utf-8").split())
    titles = [words.title for words in FIGURE_WORDS.values()] + [table.title for table in TABLES.values()]
    assert set(FIGURE_WORDS) == set(FIGURES)
    missing = [title for title in titles if f"**{title}" not in page]
    missing += [section.title for section in SECTIONS if f"## {section.title} " not in f"{page} "]
    assert not missing, f"docs/reading.md does not say how to read {missing}"


# --- the pages themselves ---


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("myst_parser") is None, reason="Sphinx and MyST are not installed")
def test_the_pages_build_without_a_warning_and_need_no_network(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "-d", str(tmp_path / "cache")]
    done = subprocess.run([*command, str(DOCS), str(tmp_path / "html")], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    pages = sorted((tmp_path / "html").rglob("*.html"))
    assert {page.stem for page in DOCS.glob("*.md")} <= {page.stem for page in pages}
    there = (tmp_path / "html" / "mathematics.html").read_text(encoding="utf-8")
    for number in (*(f"m{i}" for i in range(1, 24)), *(f"c{i}" for i in range(1, 9))):
        assert f'id="{number}"' in there, number
    assert 'href="mathematics.html#c2"' in (tmp_path / "html" / "questions.html").read_text(encoding="utf-8")
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert not re.findall(r"<(?:script|link|img|iframe)[^>]*(?:src|href)=\"(?:https?:)?//[^>]*>", text), page.name
        assert "fact:modes" not in re.sub(r"<!--.*?-->|<code.*?</code>|<pre>.*?</pre>", "", text, flags=re.DOTALL), (
            page.name
        )

"""What a release says of itself, said once: the version, the Pythons, and the marks that tests and hooks go by."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import modes

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_the_version_has_one_source() -> None:
    assert "version" not in PROJECT["project"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "modes.__version__"}


def test_the_citation_is_of_this_version() -> None:
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.findall(r"^version: (.*)$", citation, re.MULTILINE) == [modes.__version__]


def test_the_changelog_has_this_version_below_what_is_unreleased() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", heading) for heading in headings[1:])
    assert headings[1].split(" - ")[0] == modes.__version__


def test_the_hosted_workflow_begins_with_the_oldest_python_that_is_promised() -> None:
    workflow = (ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    lists = re.findall(r'^ +python: \["(.*)"\]$', workflow, re.MULTILINE)
    assert len(lists) == 2
    assert lists[0] == lists[1]
    assert PROJECT["project"]["requires-python"] == ">=" + lists[0].split('"')[0]

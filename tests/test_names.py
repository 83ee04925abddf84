"""Names that become paths: one component, whoever gave them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from analysis.__main__ import main
from analysis.names import LONGEST, component, inside

RECORDED = Path(__file__).parent / "data" / "recorded"
FILE = "e55ab1d2-existing-py.json"
WRONG = [
    "",
    ".",
    "..",
    "/",
    "/x",
    "../../x",
    "a/b",
    "a\\b",
    "a\0",
    "a\nb",
    "\x1b[31m",
    "\ud800",
    "x" * (LONGEST + 1),
    "é" * LONGEST,
]


@pytest.mark.parametrize(
    "name", ["a", "a.json", ".hidden", "a b", "é", "x" * LONGEST, "existing-py_usr_bin_python3.11", "..."]
)
def test_one_component(name: str) -> None:
    assert component(name) == inside(name) == name
    assert inside(f"{name}/{name}") == f"{name}/{name}"


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_component(name: str) -> None:
    with pytest.raises(ValueError, match=r"^is "):
        component(name)
    for path in (f"a/{name}", f"{name}/a"):
        if "/" not in name.strip("/") or ".." in name:
            with pytest.raises(ValueError, match=r"^is "):
                inside(path)


@pytest.mark.parametrize("name", ["../../x", "..", "/x", "a/b", "a\\b", "\0", ""])
def test_no_command_makes_a_path_of_a_wrong_name(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As an option, in a result file, in machine.json, in what is recorded of the run."""
    here = tmp_path / "here"
    results = Path(shutil.copytree(RECORDED, here / "deep" / "results"))
    into = here / "deep" / "into"
    assert main(["merge", str(results), "--into", str(into), "--machine", name]) == 2
    assert "--machine: machine " in capsys.readouterr().err
    assert main(["publish", "--results", str(results), "--into", str(into), "--machine-name", name]) == 2
    for path, change in (
        (results / "recorded" / FILE, lambda data: data["params"].update(machine=name)),
        (results / "recorded" / "machine.json", lambda data: data.update(machine=name)),
        (results / "recorded" / FILE, lambda data: data.update(commit_hash=name)),
        (results / "recorded" / FILE, lambda data: data.update(env_name=name)),
    ):
        content = path.read_bytes()
        data = json.loads(content)
        change(data)
        path.write_text(json.dumps(data))
        assert main(["merge", str(results), "--into", str(into)]) == 2
        said = capsys.readouterr().err.splitlines()
        assert f"{path}: damaged (" in said[-1]
        path.write_bytes(content)
    assert sorted(path.name for path in tmp_path.rglob("*") if results not in path.parents) == [
        "deep",
        "here",
        "results",
    ]

"""Writing: whole or not at all, and by one module alone."""

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.commands.write import delete_file, delete_folder, make_folder, write_all, write_whole
from analysis.errors import AnalysisError

ROOT = Path(__file__).parent.parent


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "new" / "file"
    write_whole(path, b"old")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(AnalysisError, match="No space left"):
        write_whole(path, b"newer")
    assert path.read_bytes() == b"new"
    assert files(tmp_path) == {"new/file"}


def test_what_is_to_be_written_last_is_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replaced: list[str] = []
    replace = os.replace

    def noted(old: Path, new: Path) -> None:
        replaced.append(Path(new).name)
        replace(old, new)

    monkeypatch.setattr(os, "replace", noted)
    write_all(tmp_path, {"a": b"1", "page": b"2", "z": b"3"}, last="page")
    assert replaced == ["a", "z", "page"]


def test_a_deleted_file_takes_the_folders_with_it_that_are_empty_without_it(tmp_path: Path) -> None:
    write_all(tmp_path, {"keep/a": b"", "keep/deep/er/b": b"", "c": b""})
    delete_file(tmp_path, "keep/deep/er/b")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "c", "keep"]
    delete_folder(tmp_path / "keep")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["c"]
    for path in ("c/d", "none"):
        with pytest.raises(AnalysisError, match="cannot be deleted"):
            delete_file(tmp_path, path)
    with pytest.raises(AnalysisError, match="cannot be deleted"):
        delete_folder(tmp_path / "keep")


def test_a_folder_is_made_and_nothing_left_in_it(tmp_path: Path) -> None:
    make_folder(tmp_path / "new" / "folder")
    assert list((tmp_path / "new" / "folder").iterdir()) == []


# --- the only writer ---

WRITER = ROOT / "analysis" / "commands" / "write.py"
METHODS = {
    *("write_text", "write_bytes", "mkdir", "touch", "unlink", "rmdir", "chmod", "symlink_to", "hardlink_to"),
    *("makedirs", "mkstemp", "mkdtemp", "fdopen", "rmtree", "copytree", "copyfile", "copy2", "NamedTemporaryFile"),
    *("dump", "extractall", "to_parquet", "to_pickle", "tofile", "savez"),
}
"""Names that write, whatever they are called on. A temporary folder (`TemporaryDirectory`) is nothing that users keep;
what goes into it is written by `write` like everything else."""
OF_MODULE = {
    "os": {"replace", "rename", "remove", "open", "link"},
    "shutil": {"copy", "move"},
    "np": {"save", "savetxt"},
}
"""Names that write if they are a module's."""
TO_PATH = {"to_csv", "to_json", "to_html"}
"""Methods of tables that write if they are given a place, and return a text else."""


def writing(tree: ast.AST) -> Iterator[str]:
    """The calls in a module that write to the disk, as source."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and writes(node):
            yield ast.unparse(node)


def writes(call: ast.Call) -> bool:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    on = function.value.id if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) else ""
    if name == "open" and on != "os":
        modes = [*call.args[0 if on else 1 :], *(word.value for word in call.keywords if word.arg == "mode")]
        return any(isinstance(mode, ast.Constant) and set(str(mode.value)) & set("wax+") for mode in modes[:1])
    return name in METHODS or name in OF_MODULE.get(on, set()) or (name in TO_PATH and bool(call.args))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("open(path)", False),
        ("open(path, 'rb')", False),
        ("open(path, 'w')", True),
        ("open(path, mode='ab')", True),
        ("path.open('x')", True),
        ("path.open()", False),
        ("path.write_text(text)", True),
        ("text.replace('a', 'b')", False),
        ("os.replace(old, new)", True),
        ("table.to_csv(index=False)", False),
        ("table.to_csv(path)", True),
        ("json.dump(data, file)", True),
        ("json.dumps(data)", False),
        ("shutil.rmtree(folder)", True),
    ],
)
def test_writing_is_recognised(source: str, found: bool) -> None:
    assert bool(list(writing(ast.parse(source)))) == found


def test_one_module_of_the_analysis_writes_and_no_other() -> None:
    found = {
        path: calls
        for path in sorted((ROOT / "analysis").rglob("*.py"))
        if (calls := list(writing(ast.parse(path.read_text()))))
    }
    assert set(found) == {WRITER}, found

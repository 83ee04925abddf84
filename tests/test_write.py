"""Writing: whole or not at all, and by one module alone."""

import ast
import errno
import io
import itertools
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis.commands.write import (
    check_apart,
    delete_file,
    delete_folder,
    make_folder,
    temporary_folder,
    write_all,
    write_whole,
)
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


# --- what is not replaced ---


def link(path: Path) -> None:
    (path.parent / "foreign").write_bytes(b"foreign")
    path.symlink_to("foreign")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "file is a pipe, and is not replaced"),
        (Path.mkdir, "file is a folder, and is not replaced"),
        (link, "file is a link, and what it leads to may be somebody's own; remove it: rm '"),
        (lambda path: path.symlink_to("nowhere"), "file is a link"),
        (lambda path: path.symlink_to(path.name), "file is a link"),
    ],
)
def test_what_is_no_regular_file_is_not_replaced(tmp_path: Path, make: Callable[[Path], None], said: str) -> None:
    path = tmp_path / "file"
    make(path)
    before = path.lstat()
    with pytest.raises(AnalysisError) as caught:
        write_whole(path, b"new")
    assert f"{tmp_path}/{said}" in str(caught.value)
    assert path.lstat() == before
    if make is link:
        assert (tmp_path / "foreign").read_bytes() == b"foreign"


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="the system has no such device")
def test_a_device_is_not_replaced() -> None:
    with pytest.raises(AnalysisError, match=r"^/dev/full is a device, and is not replaced"):
        write_whole(Path("/dev/full"), b"new")
    assert Path("/dev/full").is_char_device()


def test_no_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    """The folder itself may be one: the user named it."""
    write_all(tmp_path / "foreign", {"a": b"foreign"})
    (tmp_path / "there").mkdir()
    (tmp_path / "named").symlink_to("there")
    (tmp_path / "there" / "inside").symlink_to("../foreign")
    with pytest.raises(AnalysisError, match=r"named/inside is a link"):
        write_all(tmp_path / "named", {"first": b"1", "inside/a": b"2"})
    with pytest.raises(AnalysisError, match=r"named/inside is a link"):
        delete_file(tmp_path / "named", "inside/a")
    assert files(tmp_path) == {"foreign/a"}
    assert (tmp_path / "foreign" / "a").read_bytes() == b"foreign"
    write_all(tmp_path / "named", {"deep/er/a": b"1"})
    assert (tmp_path / "there" / "deep" / "er" / "a").read_bytes() == b"1"


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out", "a//b", "", ".", "a/.", "a\0b", "a\\b", "x" * 300])
def test_a_path_that_leads_out_of_the_folder_is_not_written(tmp_path: Path, name: str) -> None:
    for act in (
        lambda: write_all(tmp_path / "in", {"good": b"", name: b""}),
        lambda: delete_file(tmp_path / "in", name),
    ):
        with pytest.raises(AnalysisError, match="and is not written"):
            act()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("when", [1, 2, 3])
def test_a_full_disk_is_called_so_and_nothing_is_left_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, when: int
) -> None:
    """At any of the files: the old ones stay, and no temporary one, nor a folder that was made for it."""
    write_all(tmp_path, {"a": b"old", "b/c": b"old"})
    count = itertools.count(1)
    fdopen = os.fdopen

    class Full(io.BytesIO):
        def write(self, content: Any) -> int:
            raise OSError(number, os.strerror(number))

    def opened(handle: int, mode: str) -> Any:
        if next(count) < when:
            return fdopen(handle, mode)
        os.close(handle)
        return Full()

    monkeypatch.setattr(os, "fdopen", opened)
    with pytest.raises(AnalysisError, match=r"cannot be written: the disk is full \(.*\); make room"):
        write_all(tmp_path, {"a": b"new", "b/c": b"new", "new/d": b"new"})
    assert files(tmp_path) == {"a", "b/c"}
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b" / "c").read_bytes() == b"old"
    assert not (tmp_path / "new").exists()


def test_an_interruption_leaves_no_temporary_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(old: object, new: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_all(tmp_path, {"a": b"", "b/c": b""})
    assert list(tmp_path.iterdir()) == []


def test_a_full_place_for_temporary_files_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with pytest.raises(AnalysisError, match=r"the disk is full .*TMPDIR=DIR"), temporary_folder():
        pass


def test_what_is_made_of_results_is_kept_apart_from_them(tmp_path: Path) -> None:
    results = tmp_path / "results"
    results.mkdir()
    (tmp_path / "link").symlink_to("results")
    for path in (
        results,
        results / "a",
        results / "deep" / "a",
        tmp_path / "link" / "a",
        tmp_path / "x" / ".." / "results",
    ):
        with pytest.raises(AnalysisError, match="is in the results folder"):
            check_apart(path, results)
    for path in (tmp_path, tmp_path / "results2", tmp_path / "report" / "a"):
        check_apart(path, results)


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


def test_one_module_of_the_analysis_writes_here_and_one_on_a_cluster_s_machines() -> None:
    elsewhere = ROOT / "analysis" / "cluster" / "remote.py"  # sent to workers, which have none of the other modules
    found = {
        path: calls
        for path in sorted((ROOT / "analysis").rglob("*.py"))
        if (calls := list(writing(ast.parse(path.read_text()))))
    }
    assert set(found) == {WRITER, elsewhere}, found

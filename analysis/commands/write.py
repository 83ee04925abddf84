"""The only module that writes: files whole or not at all, and the folders that they lie in.

Whoever reads a path finds the old content or the new, never a part. Other rooms make contents and write none;
`analysis.running`, which has to keep what was measured while it goes on measuring, is handed this module as its
`Writer`. asv, a program of its own, writes in a temporary folder, from which its results are taken over by this module;
beside that it keeps its description of the machine in the user's home.

What stands at a path is replaced where it is a regular file, and left alone where it is anything else: a device, a
pipe, a folder, a link. Inside a folder that is written to, no link is followed. The folder itself may be one: the user
named it.

Every function raises AnalysisError, naming the path, where the system does not let it write; a full disk is called so,
and nothing of what was to be written is left on it.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from analysis.errors import FULL, AnalysisError
from analysis.names import inside

PARTIAL = ".partial"  # what is still being written, or was when its writer was killed
STAGE = "mode-crossover-"
"""How the names of temporary folders begin."""


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file at `path` by `content`, making its folder if need be."""
    write_all(path.parent, {path.name: content})


def write_all(folder: Path, files: Mapping[str, bytes], last: str = "") -> None:
    """Write files by their path inside `folder`; the one named `last` when all others are there.

    All contents go to temporary names in the folders where they belong first, and take the places of the old files when
    the last of them is complete; where that fails, the old files are untouched.
    """
    check_all(folder, files)
    made: list[Path] = []
    waiting: list[tuple[str, Path]] = []
    names = sorted(files, key=lambda name: name == last)
    path = folder
    try:
        for name in names:
            path = folder / name
            made += _make_folders(path.parent)
            handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:50]}-", suffix=PARTIAL, dir=path.parent)
            waiting.append((temporary, path))
            with os.fdopen(handle, "wb") as file:
                file.write(files[name])
            os.chmod(temporary, 0o644)  # mkstemp makes files that their owner alone can read
        while waiting:
            temporary, path = waiting[0]
            os.replace(temporary, path)
            del waiting[0]
        made = []
    except OSError as error:
        raise AnalysisError(cannot_be_written(path, error)) from None
    finally:
        for temporary, _ in waiting:
            with suppress(OSError):  # what went wrong is being told
                os.unlink(temporary)
        for each in reversed(made):
            with suppress(OSError):
                each.rmdir()


def check_all(folder: Path, paths: Sequence[str] | Mapping[str, bytes]) -> None:
    """Raises AnalysisError where one of the paths inside `folder` leads out of it, or is taken by what is no file."""
    for name in paths:
        path = folder / name
        try:
            inside(name)
        except ValueError as error:
            raise AnalysisError(f"{folder}: {name!r} {error}, and is not written") from None
        try:
            links = [each for each in (path, *path.parents) if folder in each.parents and each.is_symlink()]
            taken = not links and path.exists() and not path.is_file()
        except OSError as error:
            raise AnalysisError(cannot_be_written(path, error)) from None
        if links:
            raise AnalysisError(
                f"{links[-1]} is a link, and what it leads to may be somebody's own; remove it: rm '{links[-1]}', or "
                "choose another place"
            )
        if taken:
            raise AnalysisError(f"{path} is {_kind(path)}, and is not replaced; choose another place")


def check_apart(path: Path, results: Path) -> None:
    """Raises AnalysisError where `path` is in the folder of results that is read, or is that folder itself: what is
    made of results would be taken for results, or take their place."""
    there = results.resolve()
    if there in (path.resolve(), *path.resolve().parents):
        raise AnalysisError(f"{path} is in the results folder {results}, where results alone are kept; choose another")


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder that is gone afterwards, where the system has such folders (TMPDIR)."""
    try:
        folder = tempfile.TemporaryDirectory(prefix=STAGE)
    except OSError as error:
        raise AnalysisError(f"no temporary folder can be had: {cannot_be_written(temporary_place(), error)}") from None
    with folder as path:
        yield Path(path)


def make_folder(folder: Path) -> None:
    """Make the folder if need be, and make sure that files can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise AnalysisError(cannot_be_written(folder, error)) from None


def make_own_folder(folder: Path) -> None:
    """Make the folder, which must not be there yet, for this user's eyes alone."""
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise AnalysisError(cannot_be_written(folder, error)) from None


def delete_folder(folder: Path) -> None:
    """Delete the folder with all that is in it."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise AnalysisError(f"{folder} cannot be deleted ({error.strerror}); delete it: rm -r '{folder}'") from None


def delete_file(folder: Path, path: str) -> None:
    """Delete the file at `path` inside `folder`, and the folders inside it that are empty without it."""
    check_all(folder, [path])
    try:
        (folder / path).unlink()
        for parent in (folder / path).parents:
            if parent == folder or any(parent.iterdir()):
                break
            parent.rmdir()
    except OSError as error:
        raise AnalysisError(f"{folder / path} cannot be deleted ({error.strerror}); mend its permissions") from None


def cannot_be_written(path: Path, error: OSError) -> str:
    """Why the system does not let it write, and what to do: a line for the user. A full disk is named by its place."""
    staged = path.absolute().is_relative_to(temporary_place()) or path.resolve().is_relative_to(temporary_place())
    other = "set TMPDIR=DIR to have temporary files elsewhere" if staged else "choose another folder"
    said = os.strerror(error.errno or errno.EIO)
    if error.errno in FULL or disk_is_full(path):
        return f"{path} cannot be written: the disk is full ({disk(path)}: {said}); make room there, or {other}"
    return f"{path} cannot be written ({said}); mend the folder's permissions or {other}"


def disk(path: Path) -> str:
    """The disk that a path is on, there or not, by the place where it begins."""
    place = path.absolute()
    while not os.path.ismount(place) and place != place.parent:
        place = place.parent
    return f"the disk at {place}"


def disk_is_full(path: Path) -> bool:
    """Whether not a block is left where a path is, or would be."""
    place = path.absolute()
    while not place.exists():
        place = place.parent
    return shutil.disk_usage(place).free == 0


def temporary_place() -> Path:
    """Where temporary folders are, even where none can be made any more."""
    return Path(tempfile.tempdir or os.environ.get("TMPDIR", "/tmp")).resolve()


def _make_folders(folder: Path) -> list[Path]:
    """Make the folder and those that it lies in; returns those that were not there."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _kind(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    return "a pipe" if path.is_fifo() else "a device" if path.is_block_device() or path.is_char_device() else "no file"

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

from analysis.errors import AnalysisError
from analysis.names import inside

FULL = (errno.ENOSPC, errno.EDQUOT)
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
            handle, temporary = tempfile.mkstemp(prefix=f".{path.name[:50]}-", dir=path.parent)
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
        raise AnalysisError(f"{path} cannot be written: {why(error, path)}") from None
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
            raise AnalysisError(f"{path} cannot be written: {why(error, path)}") from None
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
        place = Path(os.environ.get("TMPDIR", "/tmp")) / STAGE
        raise AnalysisError(f"no temporary folder can be made: {why(error, place)}") from None
    with folder as path:
        yield Path(path)


def make_folder(folder: Path) -> None:
    """Make the folder if need be, and make sure that files can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise AnalysisError(f"{folder} cannot be written: {why(error, folder)} with --results") from None


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


def why(error: OSError, path: Path) -> str:
    """What the system says of writing at `path`, and the remedy."""
    staged = any(part.startswith(STAGE) for part in path.parts)
    other = "have temporary files elsewhere: TMPDIR=DIR" if staged else "choose another folder"
    if error.errno in FULL:
        return f"the disk is full ({error.strerror}); make room, or {other}"
    return f"{error.strerror or error}; mend the folder's permissions, or {other}"


def _make_folders(folder: Path) -> list[Path]:
    """Make the folder and those that it lies in; returns those that were not there."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _kind(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    return "a pipe" if path.is_fifo() else "a device" if path.is_block_device() or path.is_char_device() else "no file"

"""The only module that writes: files whole or not at all, and the folders that they lie in.

Whoever reads a path finds the old content or the new, never a part. Other rooms make contents and write none;
`analysis.running`, which has to keep what was measured while it goes on measuring, is handed this module as its
`Writer`. asv, a program of its own, writes in a temporary folder, from which its results are taken over by this module;
beside that it keeps its description of the machine in the user's home.

Every function raises AnalysisError, naming the path, where the system does not let it write.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from analysis.errors import AnalysisError

PARTIAL = ".partial"  # what is still being written, or was when its writer was killed
FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file at `path` by `content`, making its folder if need be.

    The content goes to a temporary name in the same folder first and takes the place of the old file in one step; where
    that fails, the old file is untouched.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", suffix=PARTIAL, dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)  # mkstemp makes files that their owner alone can read
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise AnalysisError(cannot_be_written(path, error)) from None


def write_all(folder: Path, files: Mapping[str, bytes], last: str = "") -> None:
    """Write files by their path inside `folder`; the one named `last` when all others are there."""
    for name, content in sorted(files.items(), key=lambda item: item[0] == last):
        write_whole(folder / name, content)


def make_folder(folder: Path) -> None:
    """Make the folder if need be, and make sure that files can be written in it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise AnalysisError(cannot_be_written(folder, error)) from None


def make_own_folder(folder: Path) -> None:
    """Make the folder, which must not be there yet, for this user's eyes alone."""
    try:
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise AnalysisError(cannot_be_written(folder, error)) from None


def cannot_be_written(path: Path, error: OSError) -> str:
    """Why the system does not let it write, and what to do: a line for the user. A full disk is named by its place."""
    why = f"{path} cannot be written ({os.strerror(error.errno or errno.EIO)})"
    if error.errno not in FULL and not disk_is_full(path):
        return f"{why}; mend the folder's permissions or choose another folder"
    other = "set TMPDIR to" if path.resolve().is_relative_to(temporary_place()) else "choose a folder on"
    return f"{why}: {disk(path)} is full; free some space there, or {other} another disk"


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


def delete_folder(folder: Path) -> None:
    """Delete the folder with all that is in it."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise AnalysisError(f"{folder} cannot be deleted ({error.strerror}); delete it: rm -r '{folder}'") from None


def delete_file(folder: Path, path: str) -> None:
    """Delete the file at `path` inside `folder`, and the folders inside it that are empty without it."""
    try:
        (folder / path).unlink()
        for parent in (folder / path).parents:
            if parent == folder or any(parent.iterdir()):
                break
            parent.rmdir()
    except OSError as error:
        raise AnalysisError(f"{folder / path} cannot be deleted ({error.strerror}); mend its permissions") from None

"""The only module that writes: files whole or not at all, and the folders that they lie in.

Whoever reads a path finds the old content or the new, never a part. Other rooms make contents and write none;
`analysis.running`, which has to keep what was measured while it goes on measuring, is handed this module as its
`Writer`. asv, a program of its own, writes in a temporary folder, from which its results are taken over by this module;
beside that it keeps its description of the machine in the user's home.

Every function raises AnalysisError, naming the path, where the system does not let it write.
"""

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from analysis.errors import AnalysisError


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file at `path` by `content`, making its folder if need be.

    The content goes to a temporary name in the same folder first and takes the place of the old file in one step; where
    that fails, the old file is untouched.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)  # mkstemp makes files that their owner alone can read
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        raise AnalysisError(
            f"{path} cannot be written ({error.strerror}); mend the folder's permissions or choose another folder"
        ) from None


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
        raise AnalysisError(
            f"{folder} cannot be written ({error.strerror}); choose another folder with --results, or mend its "
            "permissions"
        ) from None


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

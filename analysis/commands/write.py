"""Writing files whole or not at all: whoever reads a path finds the old content or the new, never a part."""

import os
import tempfile
from pathlib import Path

from analysis.errors import AnalysisError


def write_whole(path: Path, content: bytes) -> None:
    """Replace the file at `path` by `content`, making its folder if need be.

    The content goes to a temporary name in the same folder first and takes the place of the old file in one step.
    Raises AnalysisError, naming the file, where it cannot be written; the old file is then untouched.
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

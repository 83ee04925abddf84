"""A folder as a dict from the paths inside it to contents: what `merge` joins, and `publish` makes fit to be seen."""

from collections.abc import Mapping
from pathlib import Path

from analysis.errors import AnalysisError
from analysis.reading.schema import DamagedError, opened

Folder = Mapping[str, bytes]


def read_folder(folder: Path) -> dict[str, bytes]:
    """Every file below `folder` by its path inside it, with forward slashes."""
    if not folder.is_dir():
        raise AnalysisError(f"{folder}: no such folder; expected one of asv's results")
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            try:
                found[path.relative_to(folder).as_posix()] = opened(path)
            except DamagedError as error:
                raise AnalysisError(f"{path}: {error}; mend its permissions, or remove it: rm '{path}'") from None
    return found

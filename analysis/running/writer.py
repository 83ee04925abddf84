"""Who writes for this room, which writes nothing itself: `analysis.commands.write`, handed to it by the command."""

from pathlib import Path
from typing import Protocol


class Writer(Protocol):
    """What is needed of it; each raises AnalysisError, naming the path, where the system does not let it write."""

    def write_whole(self, path: Path, content: bytes) -> None:
        """Replace the file by `content` in one step, making its folder if need be."""

    def make_folder(self, folder: Path) -> None:
        """Make the folder if need be, and make sure that files can be written in it."""

    def delete_folder(self, folder: Path) -> None:
        """Delete the folder with all that is in it."""

    def cannot_be_written(self, path: Path, error: OSError) -> str:
        """Why the system does not let it write there, and what to do: a line for the user."""

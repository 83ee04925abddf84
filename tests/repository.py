"""A git repository of a file or two, for the tests of what is checked out and of a whole run."""

import subprocess
from pathlib import Path


def git(root: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *identity, *arguments], cwd=root, check=True, capture_output=True)


def new_repository(root: Path) -> Path:
    """A folder with one commit, which has `code.py` and ignores the file `ignored`."""
    root.mkdir()
    git(root, "init")
    (root / "code.py").write_text("one = 1\n")
    (root / ".gitignore").write_text("ignored\n")
    git(root, "add", "-A")
    git(root, "commit", "-m", "first")
    return root

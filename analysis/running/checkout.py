"""Which code is measured: the commit checked out, and whether the work tree differs from it.

asv files its results under a commit and never looks at the work tree. Measuring a changed tree as if it were the commit
would be a lie that nobody could find later: such results go to a folder of their own, with a digest of the change.
"""

import hashlib
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from analysis.errors import AnalysisError
from analysis.reading.load import DIRTY
from analysis.running.writer import Writer


@dataclass(frozen=True)
class Checkout:
    """A commit's full hash, and the digest of what the work tree changes in it (None: nothing)."""

    commit: str
    digest: str | None


def git(root: Path, *arguments: str) -> bytes:
    """The standard output of a git command run in `root`; AnalysisError with git's last line where it fails."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    except FileNotFoundError:
        raise AnalysisError("git was not found; install it: results are filed under the commit measured") from None
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise AnalysisError(
            f"{root} is not a git checkout with a commit (git {arguments[0]}: {said[-1]}); results are filed under the "
            "commit measured: clone the project with git and run it there"
        )
    return done.stdout


def read_checkout(root: Path, generated: Iterable[Path] = ()) -> Checkout:
    """What is checked out in `root`. The `generated` folders (results, report) are not part of the code.

    A file that git does not track counts as a change unless it is ignored: an import may find it.
    """
    top = Path(git(root, "rev-parse", "--show-toplevel").decode().strip())
    if top.resolve() != root.resolve():
        raise AnalysisError(
            f"{root} is not a git checkout of its own, but a folder of {top}; clone the project with git"
        )
    commit = git(root, "rev-parse", "HEAD^{commit}").decode().strip()
    inside = [path.resolve().relative_to(root.resolve()) for path in generated if is_inside(path, root)]
    scope = ["--", ".", *(f":(exclude,literal){path.as_posix()}" for path in inside)]
    difference = git(root, "diff", "HEAD", "--binary", *scope)
    untracked = git(root, "ls-files", "--others", "--exclude-standard", "-z", *scope).split(b"\0")
    names = sorted(name for name in untracked if name)
    if not difference and not names:
        return Checkout(commit, None)
    digest = hashlib.sha256(commit.encode() + b"\0" + difference)
    for name in names:
        content = (root / name.decode(errors="surrogateescape")).read_bytes()
        digest.update(b"\0" + name + b"\0" + hashlib.sha256(content).digest())
    return Checkout(commit, digest.hexdigest())


def is_inside(path: Path, root: Path) -> bool:
    """Whether `path` lies in the folder `root`, and is not that folder itself."""
    return root.resolve() in path.resolve().parents


def results_folder(results: Path, checkout: Checkout, writer: Writer) -> Path:
    """The folder that results of `checkout` belong in, made if need be: `results`, or `<results>-dirty`.

    Results of another change in the dirty folder are removed first: they describe code that no longer exists. A
    folder of that name without the marker file is somebody's own, and is left alone with an AnalysisError.
    """
    if checkout.digest is None:
        if (results / DIRTY).exists():
            raise AnalysisError(
                f"{results} holds results of a changed work tree (it has a file `{DIRTY}`), and this one is clean: "
                "choose another folder with --results"
            )
        writer.make_folder(results)
        return results
    folder = results.with_name(results.name + "-dirty")
    marker = folder / DIRTY
    if folder.exists() and not marker.is_file() and any(folder.iterdir()):
        raise AnalysisError(
            f"{folder} is needed for the results of a changed work tree, but has no file `{DIRTY}`, so that it may "
            "hold something else; move it away, or choose another folder with --results"
        )
    if marker.is_file() and marker.read_text().strip() != checkout.digest:
        writer.delete_folder(folder)
    writer.make_folder(folder)
    writer.write_whole(marker, f"{checkout.digest}\n".encode())
    return folder

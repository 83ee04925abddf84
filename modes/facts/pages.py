"""Pages on disk held against facts: which files are read, where the facts of each are, and what is wrong in them.

Contract: everything is read before anything is concluded, and nothing is written here: :func:`mended` returns what a
page should be. Whoever cannot use a thing gets FactsError, in one line.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import marks
from .errors import FactsError
from .ranges import stored_facts
from .record import FILE, Fact, file_digest, opened

Facts = Mapping[str, Fact]
INCLUDE = re.compile(r"^[ \t]*\.\. +include:: +(\S+)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True)
class Document:
    """A file that cites facts, or may: its text with the line ends that it has, and the marks in it."""

    path: Path
    text: str
    page: marks.Page

    @property
    def kind(self) -> str:
        return self.page.kind

    @property
    def is_page(self) -> bool:
        """Whether people read it; other files hold definitions for pages."""
        return self.path.suffix in marks.KINDS

    @property
    def cites(self) -> bool:
        """Whether it cannot do without facts: a substitution of MyST may be anybody's, a bibliography was once made."""
        return self.page.pin is not None or any(mark.kind not in (marks.MYST, marks.BIBTEX) for mark in self.page.marks)


def documents(paths: Sequence[Path]) -> list[Document]:
    """The pages named and those in the folders named, read; each once.

    Of other files in a folder, those that hold marks for its pages. Raises FactsError for one that cannot be read, or
    whose marks cannot.
    """
    found = []
    for path in _files(paths):
        text = _text(path)
        kind = {**marks.KINDS, **marks.INCLUDED}[path.suffix]
        found.append(Document(path, text, marks.read_page(text, kind, str(path))))
    return [each for each in found if each.is_page or each.page.marks or each.page.pin is not None]


def sources(
    found: Iterable[Document], given: Path | None, otherwise: Callable[[Path], Path | None]
) -> dict[Path, Path]:
    """The file of facts of each document that cites some, by the document's path.

    `given` is that of all; without it a page's own word counts, and then what `otherwise` says of the page, or
    FactsError. One that can do without facts is left out where there is no such file.
    """
    files = {}
    for document in found:
        pin, path = document.page.pin, document.path
        source = given or (otherwise(path) if pin is None else path.parent / pin.path)
        if source is not None and (document.cites or (document.page.marks and (given or source.is_file()))):
            files[path] = source
        elif document.cites:
            raise FactsError(
                f"{path}: names no file of facts, and none is near; write <!-- facts: PATH DIGEST --> into it (in "
                "reStructuredText .. facts: PATH DIGEST), or give it by --facts FILE"
            )
    return files


def nearest(path: Path) -> Path | None:
    """The file FILE in the page's folder, or in the nearest one above it that has one, up to the working folder."""
    here = Path.cwd().resolve()
    for folder in path.resolve().parents:
        if (folder / FILE).is_file():
            return folder / FILE
        if folder == here:
            break
    return None


def stored(files: Iterable[Path]) -> dict[Path, Facts]:
    """The facts in files, each read once."""
    return {path: stored_facts(path) for path in dict.fromkeys(files)}


def wrong(
    found: Iterable[Document], files: Mapping[Path, Path], facts: Mapping[Path, Facts]
) -> dict[Path, list[marks.Problem]]:
    """What is wrong in each document, by its path; every one that cites facts is there."""
    return {
        each.path: [
            *marks.problems(each.page, facts[files[each.path]], file_digest(facts[files[each.path]].values())),
            *_twice(each),
        ]
        for each in found
        if each.path in files
    }


def count(found: Iterable[Document], files: Mapping[Path, Path], facts: Mapping[Path, Facts]) -> int:
    """How many numbers are cited by these documents."""
    return sum(len(marks.resolved(each.page, facts[files[each.path]]).marks) for each in found if each.path in files)


def mended(document: Document, problems: Sequence[marks.Problem]) -> str:
    """The document's text as it should be, as far as that is for no person to say."""
    return marks.mend(document.text, problems)


def _twice(document: Document) -> list[marks.Problem]:
    """Substitutions of reStructuredText that a file which the page includes defines too: docutils takes none twice."""
    if document.kind != marks.RST:
        return []
    own = {(mark.key.lower(), mark.field): mark for mark in document.page.marks}
    found = []
    for include in INCLUDE.finditer(document.text):
        path = document.path.parent / include[1]
        if path.suffix not in (".inc", ".rst") or not path.is_file():
            continue
        there = marks.read_page(_text(path), marks.RST, str(path))
        line = document.text.count("\n", 0, include.start()) + 1
        for mark in there.marks:
            if (here := own.get((mark.key.lower(), mark.field))) is not None:
                said = f"{here.key}: {include[1]}, included in line {line}, defines it already; take this line away"
                found.append(marks.Problem(here.line, said))
    return found


def _files(paths: Sequence[Path]) -> list[Path]:
    """The pages named, and all those in the folders named but for hidden ones; each once."""
    found: dict[Path, None] = {}
    kinds = ", ".join(marks.KINDS)
    for path in paths:
        if path.is_dir():
            every = [each for each in sorted(path.rglob("*")) if not _hidden(each.relative_to(path))]
            inside = [each for each in every if each.suffix in marks.KINDS and each.is_file()]
            if not inside:
                raise FactsError(f"{path}: no page in this folder; pages end in {kinds}")
            beside = [each for each in every if each.suffix in marks.INCLUDED and each.is_file() and _holds(each)]
            found |= dict.fromkeys([*inside, *beside])
        elif path.suffix in marks.KINDS or path.suffix in marks.INCLUDED:
            found[path] = None
        else:
            raise FactsError(f"{path}: expected a folder, or a page, which ends in {kinds}")
    return list(found)


def _hidden(path: Path) -> bool:
    return any(part[0] == "." for part in path.parts)


def _holds(path: Path) -> bool:
    """Whether a file that is no page may hold marks: it is read only then, whatever it is."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return any(word in content for word in (b"fact", b"substitutions:", b"mode-crossover"))


def _text(path: Path) -> str:
    """A page's text with its line ends as they are."""
    try:
        return opened(path, "is its name right?").decode()
    except UnicodeDecodeError as error:
        raise FactsError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from None

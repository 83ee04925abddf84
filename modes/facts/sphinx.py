"""A Sphinx extension: the role `fact` writes a number from facts.json when the pages are built, so that none is typed.

    extensions = ["modes.facts.sphinx"]
    facts_file = "facts.json"         # relative to conf.py; this is the default

    :fact:`modes.crossover-time.m64.width64.depth4.dense.uniform.float64`             reStructuredText
    {fact}`modes.crossover-time.m64.width64.depth4.dense.uniform.float64 interval`    MyST

After the key the role may name any field of the fact; without one it stands for the number. A key that there is not, or
a field, is a warning with the nearest keys, which `-W` makes an error; a file of facts that was edited ends the build.
Pages that use the role are built anew when the file changes. The words carry the class `fact`.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst.states import Inliner
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

from .errors import FactsError
from .ranges import check_field, stored_facts
from .record import FILE, Fact, found, written

logger = logging.getLogger(__name__)


class FactRole(SphinxRole):
    """A field of a fact, by its key."""

    inliner: Inliner

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        path = place(self.env)
        self.env.note_dependency(str(path))
        key, _, field = " ".join(self.text.split()).partition(" ")
        try:
            fact = found(facts_of(self.env), key, path.name)
            check_field(fact, field)
        except FactsError as error:
            logger.warning("%s", error, location=self.get_location(), type="fact")
            return [nodes.inline(self.rawtext, self.text, classes=["fact", "unknown"])], []
        text = written(fact, field or "text")
        return [nodes.inline(self.rawtext, text, classes=["fact"])], []


def place(env: BuildEnvironment) -> Path:
    """The file of facts."""
    return Path(env.srcdir) / env.config.facts_file


def facts_of(env: BuildEnvironment) -> dict[str, Fact]:
    """The facts as they are in the file now."""
    path = place(env)
    try:
        return _read(path, path.stat().st_mtime_ns if path.is_file() else None)
    except FactsError as error:
        raise ExtensionError(str(error)) from None


@lru_cache(maxsize=4)
def _read(path: Path, changed: int | None) -> dict[str, Fact]:
    """Once a build, and not once a role."""
    return stored_facts(path)


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_config_value("facts_file", FILE, "env", [str])
    app.add_role("fact", FactRole())
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""A run made fit to be published: its raw results without the machine's paths, its figures, and the page about it.

Contract: pure functions; a results folder is a dict from paths inside it to contents, as in
:mod:`analysis.reading.merge`. What asv measured stays as it is, so that the tidy table of the published results equals
that of the original, but for the names of machine and environment. The page's numbers are facts, marked by key
(:mod:`analysis.citing.marks`).

    raw -> page        (a -> b: b imports a)
"""

from analysis.citing.publishing.page import measured_sections, page, picked
from analysis.citing.publishing.raw import MANIFEST, PAGE, RAW, RUNS, outdated, raw_files

__all__ = ["MANIFEST", "PAGE", "RAW", "RUNS", "measured_sections", "outdated", "page", "picked", "raw_files"]

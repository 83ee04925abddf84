"""What goes wrong in the analysis, each said in one line that names the place and the remedy.

An error stops: there is nothing to go on with. A warning is for what was left out while the rest is used. The
command line prints either without a traceback and decides the exit status.
"""

import errno

FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
"""What the system says of a disk, or of one's share of it, that is full. Windows has no shares."""
MEASURE = "python -m analysis run"
"""The command that mends most of it: it measures what is missing."""


class AnalysisError(Exception):
    """The input cannot be used. Its text is one line: the place, what is wrong, and the command that mends
    it."""


class NoResultsError(AnalysisError):
    """A folder holds no asv results, or none that can be read."""


class AnalysisWarning(UserWarning):
    """Something was left out, and every good part is used. Its text is one line, as an error's."""

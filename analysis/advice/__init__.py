"""A user's own function: which way to its Jacobian, by how much, how sure; judged of what was measured, and said.

Contract: pure functions of plain data. :func:`judged` makes of measurements an :class:`Advice`, whose text is what the
command prints; :func:`files` are its tables and figure where several sizes were measured.

    advice -> judging, crossing -> this; advice -> text, html        (a -> b: b imports a)
"""

from analysis.advice.advice import Advice
from analysis.advice.crossing import files
from analysis.advice.judging import judged

__all__ = ["Advice", "files", "judged"]

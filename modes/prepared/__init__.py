"""A prepared function: its operations recorded once, its derivatives replayed into buffers that are reused.

Reading order: `templates` and `recording` note NumPy calls; `function` lets the engines run on what was noted, so that
their own calls are noted; `schedule` and `program` turn these into calls without dispatch, rules or tapes; `inputs`
checks arguments; `prepared` is what the user sees.
"""

from .prepared import Prepared, prepare

__all__ = ["Prepared", "prepare"]

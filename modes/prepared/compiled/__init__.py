"""Prepared functions replayed by an interpreter that numba compiles, once for all functions.

Reading order: `opcodes` are its instructions, `kernels` their inner loops and `interpreter` the loop over them;
`machine` loads it, or has it compiled. `loops` finds NumPy's own inner loops. `table` writes instructions for arrays,
`lowering` for recorded operations, `memory` says where values lie, and `program` puts a program together of these and
of calls of NumPy.

Contract: nothing here is imported before it is asked for; `import modes` needs NumPy alone.
"""

from __future__ import annotations

from typing import Any

from . import machine

__all__ = ["compiled_program"]


def compiled_program() -> Any:
    """The class `Compiled`, in place of modes.prepared.program.Program.

    Raises ModuleNotFoundError without numba, with the remedy.
    """
    machine.interpreter()
    from .program import Compiled

    return Compiled

"""The presets of a run, from a first look to a night's measurement: how many pairs it takes and how long it may last.

Which cells belong to a preset is said where a question lists them. The environment chooses a preset by VARIABLE, or by
FORMER, its name before presets were called so.
"""

PRESETS = ("first", "quick", "standard", "full")
"""Each measures what the one before it does, and more. The first answers one question alone, the headline's."""
PAIRS = {"first": 15, "quick": 5, "standard": 9, "full": 25}
"""Interleaved pairs that a process takes of a ratio, by preset; fewer of what takes long (apparatus.pairs). Odd, so
that a median is one of them. Of 5, 15 and 41 pairs the numbers of ten processes scattered by 2.5, 2.0 and 1.5 %
(forward over reverse mode, n 16 to 256), for 0.03, 0.08 and 0.2 s: what is left is the process's, and only further
ones tell it."""
LEAST = {"first": 5, "quick": 3, "standard": 4, "full": 8}
MOST = {"first": 10, "quick": 8, "standard": 12, "full": 30}
"""Processes that a ratio rests on: the least, and how many at most where it decides, near a crossover."""
TIME_LIMIT = {"first": 20.0, "quick": 180.0, "standard": 1500.0, "full": 4 * 3600.0}
"""Seconds a whole run should take at most on two cores with every library installed; refinement stops in time."""

VARIABLE = "MODES_PRESET"
FORMER = "MODES_PROFILE"
CORE = "MODES_CORE"
"""The variable that names the core to measure on; the one that the process happens to be on where it is not set."""
THREADS = "MODES_THREADS"
"""The variable that names how many threads BLAS may have; 1 where it is not set."""
KERNEL = "OPENBLAS_CORETYPE"
"""The variable by which OpenBLAS is told whose kernels to take; it reads it once, when it is loaded."""


def known_preset(preset: str) -> str:
    """The preset itself; ValueError for an unknown one."""
    if preset not in PRESETS:
        raise ValueError(f"unknown preset {preset!r} ({VARIABLE}); the known ones are {', '.join(PRESETS)}")
    return preset

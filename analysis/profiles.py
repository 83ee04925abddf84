"""The profiles that a run can have, from a first look to a night's measurement.

Which cells belong to a profile is the suite's affair; here is what the analysis asks of each.
"""

PAIRS = {"quick": 15, "standard": 41, "full": 101}
"""Interleaved pairs that a ratio rests on, by profile."""
TIME_LIMIT = {"quick": 180.0, "standard": 1800.0, "full": 4 * 3600.0}
"""Seconds a whole run should take at most on two cores with every library installed; refinement stops in time."""

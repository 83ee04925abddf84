"""Reading and joining data: the only room that opens results; asv's files, a run's provenance, many folders as one.

load, runs -> provenance; load -> tidy; tidy, provenance -> merge        (a -> b: b imports a)
"""

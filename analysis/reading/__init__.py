"""Reading and joining data: the only room that opens results; asv's files, a run's provenance, many folders as one.

schema -> folder, load; load, runs -> provenance; load -> tidy; folder, provenance -> merge        (a -> b: b imports a)
"""

"""Reading and joining data: the only room that looks into results (`analysis.running` moves their files about, whole).

Contract: tables come out of it, or the contents of a folder; nothing is written.

    schema -> folder, load; load, runs -> provenance, tidy; folder, provenance -> merge        (a -> b: b imports a)
"""

"""Reading and joining data: asv's results, the versions they were measured with, the tidy table, merged folders."""

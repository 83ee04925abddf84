"""From asv's results to a tidy table, crossovers, figures and a report. Its command: `python -m analysis`."""

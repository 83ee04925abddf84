"""What the report shows, picked and put in order from the other tables: a module a section of the report.

Contract: a table is as it goes to its CSV file: ratios are ratios here, not their logarithms. What a figure draws is a
:class:`analysis.tables.shown.panels.Shown`. Nothing is fitted, bootstrapped or located here.
"""

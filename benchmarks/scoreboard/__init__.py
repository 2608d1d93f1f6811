"""The fault catalogue over ours and the field, by the same code for each: `python -m benchmarks.faults`.

columns.py   who: a small class for each library, which says how it is used at its best
rows.py      what a row is, and what is checked in every one of them
rows_*.py    what is done to them: a function for each fault, injected as in tests/faults
cell.py      the process in which one row is run on one column
judge.py     the other side: starts it, does to it what the row says, bounds it, and gives the verdict
page.py      the table for the docs
"""

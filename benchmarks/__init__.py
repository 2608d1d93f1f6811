"""Ours beside the libraries of the field, on the same work: `python -m benchmarks --help`.

    command.py   the command line                 cases/   what is measured: a file for each section
    harness.py   what a case is, and its rounds   peers/   who is measured: a small function for each library
    booth.py     a process for each contender     work.py  the functions that are run
    report.py    tables, targets, the docs        faults.py, scoreboard/   what breaks whom

To add a peer, write one function in `peers/` and name it in a case; to add a case, yield one more from a section.
"""

"""How good the advice is: the time with the advised strategy / the time with the best one, over an open corpus.

    command.py    the command line; each workload in an interpreter of its own
    measuring.py  ... which is this: truth, advice, then rounds of everything that is compared
    truth.py      what one item really costs       cells.py   what is run: strategies in sizes, and who is compared
    score.py      arithmetic on what was measured  page.py, picture.py   the same as a page
    ../corpus/    the workloads

`python -m benchmarks.regret --rounds 5 --json regret.json --docs`; see `docs/advice.md` for how to add a workload.
"""

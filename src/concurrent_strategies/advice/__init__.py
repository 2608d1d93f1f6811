"""Advice on which strategy suits a piece of work: what is in this folder. Nothing is imported before it is needed.

advising.py   `advise`
profile.py    what the user says          fields.py     ... and how each field is checked
demands.py    what it comes to in numbers
constants.py  what the strategies cost
model.py      how long each would take    plan.py       ... a strategy with its size
sizing.py     how many workers each gets
obstacles.py  what speaks against each
rules.py      the choice                doubts.py     what a measured profile could also be
reasons.py    why                         cautions.py   what to look out for
terms.py      the formulas with numbers   words.py      how numbers are said
answer.py     the advice as a value     picture.py    ... and as a picture

calibration.py  measures the constants  gauges.py     ... each of them
measuring.py  runs real items, and makes a profile of what is seen; the files it is made of are named there
auto.py       the strategy that chooses for itself
autoport.py   its run                   thinking.py   ... and all that it takes to choose, once that is needed
autothreads.py  ... of a plain function autoloop.py   ... of coroutines
scout.py      ... its first items       stall.py      ... whether its loop stands still
eager.py      ... which wait, evidently
course.py     ... what it goes on with  sharing.py    ... what may not go to processes
"""

"""The formulas with their numbers, line by line, for whoever wants to check the advice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .constants import DEFAULTS
from .words import say_seconds

if TYPE_CHECKING:
    from .rules import Candidate, Choice


def terms(choice: Choice) -> tuple[str, ...]:
    """Return the numbers that went in, then what each possible plan comes to, the fastest first."""
    it, machine = choice.model.demands, choice.model.machine
    count = f"n = {it.items:,}" if it.finite else "n unknown: per item"
    numbers = (("g", it.gil), ("f", it.free), ("w", it.wait), ("longest", it.longest))
    given = ", ".join(f"{name} = {say_seconds(seconds)}" for name, seconds in numbers)
    lock = "GIL" if machine.gil else "no GIL"
    load = f", R = {machine.load:g}" if machine.load else ""
    head = f"{count}, {given}; P = {machine.cores:g}{load}, {lock}, {machine.start_method}"
    note = [] if it.timed else ["durations not declared: the seconds below are good for comparing only"]
    if choice.model.constants != DEFAULTS:
        note.append("what the strategies cost was measured on this machine")
    return (head, *note, *(line for candidate in choice.sensible for line in _plan(candidate, choice)))


def _plan(candidate: Candidate, choice: Choice) -> list[str]:
    it, cost = choice.model.demands, candidate.cost
    each = 1 if it.finite else it.items
    mark = "  <- advised" if candidate is choice.chosen else ""
    lines = [f"{choice.spec(candidate)}: {say_seconds(choice.time(candidate) / each)}{mark}"]
    if cost.start and not it.steady:
        lines.append(f"    start-up {say_seconds(cost.start)}, plus the largest of")
    width = max(len(bound.formula) for bound in cost.bounds)
    for bound in cost.bounds:
        decides = " *" if bound is cost.bottleneck else ""
        lines.append(f"    {bound.station:10} {bound.formula:{width}} {say_seconds(bound.seconds / each)}{decides}")
    return lines

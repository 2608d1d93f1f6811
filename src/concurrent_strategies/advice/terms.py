"""The formulas with their numbers, line by line, for whoever wants to check the advice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .constants import DEFAULTS
from .words import say_seconds

if TYPE_CHECKING:
    from .rules import Candidate, Choice

_SYMBOL: Final = re.compile(r"[a-zA-Z_]+")


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
    plans = [line for candidate in choice.sensible for line in _plan(candidate, choice)]
    return (head, *note, *plans, *_constants(choice))


def _plan(candidate: Candidate, choice: Choice) -> list[str]:
    it, cost = choice.model.demands, candidate.cost
    each = 1 if it.finite else it.items
    mark = "  <- advised" if candidate is choice.chosen else ""
    low, high = choice.range(candidate)
    span = f" ({say_seconds(low / each)} to {say_seconds(high / each)})" if high > low else ""
    lines = [f"{choice.spec(candidate)}: {say_seconds(choice.time(candidate) / each)}{span}{mark}"]
    if cost.start and not it.steady:
        lines.append(f"    start-up {say_seconds(cost.start)}, plus the largest of")
    width = max(len(bound.formula) for bound in cost.bounds)
    for bound in cost.bounds:
        decides = " *" if bound is cost.bottleneck else ""
        lines.append(f"    {bound.station:10} {bound.formula:{width}} {say_seconds(bound.seconds / each)}{decides}")
    return lines


def _constants(choice: Choice) -> list[str]:
    """Return what the symbols of the formulas above stand for, those that were used."""
    model, of = choice.model, choice.model.constants
    workers = {c.plan.workers for c in choice.sensible if any("Pe" in bound.formula for bound in c.cost.bounds)}
    used = {symbol for c in choice.sensible for bound in c.cost.bounds for symbol in _SYMBOL.findall(bound.formula)}
    values = {
        "kappa": f"{of.thrash:.3g}",
        "d_t": say_seconds(of.thread_item),
        "d_a": say_seconds(of.task_item),
        "d_g": say_seconds(of.greenlet_item),
        "d_b": say_seconds(of.chunk_trip),
        "x": say_seconds(model.pickling),
        "a_c": say_seconds(model.demands.loop_cpu),
        "a_b": say_seconds(model.demands.loop_block),
    }
    said = [f"{symbol} = {value}" for symbol, value in values.items() if symbol in used]
    if "b" in used:
        most = max(c.plan.workers for c in choice.sensible if c.plan.strategy == "process")
        said.append(f"b = {model.chunk(most):.3g}")
    if "Pe" in used:
        said += [f"Pe({k}) = {model.speedup(k):.3g}" for k in sorted(workers) if k > 1 or workers == {1}][:3]
    return [f"with {', '.join(said)}"] if said else []
